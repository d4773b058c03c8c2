//! Envelopes made by independent implementations open here; what is altered is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_seal::{
    Bytes, Secret,
    ark::Ark,
    bundle::Bundle,
    bytes::decode,
    envelope::Envelope,
    password::{Kdf, derive},
    reader::{self, ContentKey},
    wrap::Slot,
    writer::{self, Draft},
};
use serde_json::Value;

fn vectors() -> [Value; 2] {
    [include_str!("data/envelope_js.json"), include_str!("data/envelope_rust.json")]
        .map(|text| serde_json::from_str(text).unwrap())
}

fn field<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> T {
    serde_json::from_value(value[name].clone()).unwrap()
}

fn ark(value: &Value, name: &str) -> Ark {
    Ark::from_bytes(field::<Bytes<32>>(value, name).0)
}

#[test]
fn envelopes_of_others_open_for_patient_and_author() {
    for vector in vectors() {
        let envelope: Envelope = field(&vector, "envelope");
        let (author, patient): (Bundle, Bundle) = (field(&vector, "author"), field(&vector, "patient"));
        assert_eq!(Bytes(envelope.transcript()), field(&vector, "transcript"));
        assert_eq!(patient.kid(), field(&vector, "bundle_kid_patient"));
        for (who, key) in [(&patient, "patient_ark"), (&author, "author_ark")] {
            let keys = ark(&vector, key).keys(who.user_id);
            assert!(who.matches(&keys));
            assert_eq!(Bundle::of(&keys, who.epoch), *who);
            let content_key = reader::open_key(&envelope, &[], &author, &keys, who).unwrap();
            let texts: Vec<String> = reader::open_items(&envelope, &content_key)
                .unwrap()
                .into_iter()
                .map(|p| String::from_utf8(p.text).unwrap())
                .collect();
            let expected: Vec<String> = field(&vector, "texts");
            assert_eq!(texts[0], expected[0]);
            assert!(texts[1].contains(&expected[1]) && texts[2].contains(&expected[2]));

            let mut json = vector["envelope"].clone();
            let words = |json: &Value, key: &_| reader::open_words(&serde_json::to_vec(json).unwrap(), key);
            assert_eq!(words(&json, &content_key).unwrap().text, expected[0].as_bytes());
            assert!(words(&json, &ContentKey::of(Secret::new([7; 32]))).is_err());
            json["note_id"] = json["author_id"].clone();
            assert!(words(&json, &content_key).is_err(), "it stands in another's place");
        }
    }
}

#[test]
fn wrapped_keys_of_others_open() {
    for vector in vectors() {
        let wrapped = &vector["wrapped"];
        let kdf = Kdf { m: field(wrapped, "m"), t: field(wrapped, "t"), p: field(wrapped, "p") };
        let salt: Bytes<16> = field(wrapped, "srv_salt");
        let keys =
            derive(&field::<String>(wrapped, "password"), &field::<String>(wrapped, "email"), &salt.0, kdf)
                .unwrap();
        assert_eq!(Bytes(*keys.auth_key.expose()), field(wrapped, "auth_key"));
        let patient: Bundle = field(&vector, "patient");
        let slot = Slot::Password(kdf, salt.0);
        let opened = slot.unwrap(&field(wrapped, "blob"), &keys.kek, patient.user_id, 1).unwrap();
        assert!(patient.matches(&opened.keys(patient.user_id)));
        let wrong = Secret::new([7; 32]);
        assert!(slot.unwrap(&field(wrapped, "blob"), &wrong, patient.user_id, 1).is_err());
    }
}

/// Every base64 or number field of an envelope: one bit flipped, dropped, or an entry swapped.
#[test]
fn no_mutation_of_an_envelope_is_accepted() {
    let mut tried = 0;
    for vector in vectors() {
        let (author, patient): (Bundle, Bundle) = (field(&vector, "author"), field(&vector, "patient"));
        let keys = ark(&vector, "patient_ark").keys(patient.user_id);
        let good = vector["envelope"].clone();
        let opens = |value: &Value| {
            serde_json::from_value::<Envelope>(value.clone()).is_ok_and(|e| {
                reader::open_key(&e, &[], &author, &keys, &patient)
                    .is_ok_and(|key| reader::open_items(&e, &key).is_ok())
            })
        };
        assert!(opens(&good));
        let mut pointers = Vec::new();
        leaves(&good, String::new(), &mut pointers);
        for pointer in pointers {
            let leaf = good.pointer(&pointer).unwrap();
            for mutant in mutants(leaf) {
                let mut bad = good.clone();
                *bad.pointer_mut(&pointer).unwrap() = mutant;
                assert!(!opens(&bad), "{pointer}");
                tried += 1;
            }
        }
        for list in ["recipients", "items"] {
            let mut swapped = good.clone();
            swapped[list].as_array_mut().unwrap().swap(0, 1);
            let mut dropped = good.clone();
            dropped[list].as_array_mut().unwrap().pop();
            let mut doubled = good.clone();
            let first = doubled[list][0].clone();
            doubled[list].as_array_mut().unwrap().push(first);
            for bad in [swapped, dropped, doubled] {
                assert!(!opens(&bad), "{list}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                leaves(value, format!("{at}/{key}"), out);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                leaves(value, format!("{at}/{i}"), out);
            }
        }
        _ => out.push(at),
    }
}

fn mutants(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Number(n) => vec![(n.as_u64().unwrap() + 1).into(), Value::Null],
        Value::String(text) => {
            let mut out = vec![Value::Null, format!("{text}A").into()];
            if let Some(bytes) = decode(text).filter(|bytes| !bytes.is_empty()) {
                for at in [0, bytes.len() / 2, bytes.len() - 1] {
                    for bit in [0, 7] {
                        let mut flipped = bytes.clone();
                        flipped[at] ^= 1 << bit;
                        out.push(aftercare_seal::bytes::encode(&flipped).into());
                    }
                }
            }
            out
        }
        _ => vec![Value::Null],
    }
}

#[test]
fn a_note_sealed_here_opens_for_both_and_for_nobody_else() {
    let vector = &vectors()[1];
    let (author, patient): (Bundle, Bundle) = (field(vector, "author"), field(vector, "patient"));
    let author_keys = ark(vector, "author_ark").keys(author.user_id);
    let draft = Draft {
        note_id: Bytes([9; 16]),
        patient_id: patient.user_id,
        seq: 1,
        prev: Bytes([0; 32]),
        created_at: 1_795_000_000,
        items: vec![writer::Plain {
            item_type: aftercare_seal::envelope::ItemType::Note,
            id: Bytes([8; 16]),
            rev: 0,
            text: vec![b'x'; 252],
            clear: Vec::new(),
        }],
    };
    let mut rng = Counter(0);
    let (envelope, _) = writer::seal(draft, &author_keys, &author, &[&patient, &author], &mut rng).unwrap();
    for (who, key) in [(&patient, "patient_ark"), (&author, "author_ark")] {
        let keys = ark(vector, key).keys(who.user_id);
        let key = reader::open_key(&envelope, &[], &author, &keys, who).unwrap();
        assert_eq!(reader::open_items(&envelope, &key).unwrap()[0].text, vec![b'x'; 252]);
    }
    let stranger = Ark::from_bytes([3; 32]).keys(Bytes([3; 16]));
    assert!(reader::open_key(&envelope, &[], &author, &stranger, &Bundle::of(&stranger, 1)).is_err());
}

/// A deterministic source for tests; never anywhere else.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 += 1;
        Ok(u32::from_le_bytes(aftercare_seal::pae::hash(&self.0.to_le_bytes())[..4].try_into().unwrap()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for byte in out {
            *byte = self.try_next_u32()?.to_le_bytes()[0];
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
