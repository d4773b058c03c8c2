//! HPKE as we use it, against the vectors of RFC 9180 and of the post-quantum draft: what others have
//! sealed opens, and secrets come out the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hpke::{
    Deserializable, Kem, OpModeR,
    aead::{Aead, AesGcm256, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    setup_receiver,
};
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn check<K: Kem, A: Aead>(vector: &Value) {
    let key = K::PrivateKey::from_bytes(&bytes(&vector["skRm"])).unwrap();
    assert_eq!(hpke::Serializable::to_bytes(&K::sk_to_pk(&key)).as_slice(), bytes(&vector["pkRm"]));
    let enc = K::EncappedKey::from_bytes(&bytes(&vector["enc"])).unwrap();
    let info = bytes(&vector["info"]);
    let mut context = setup_receiver::<A, HkdfSha256, K>(&OpModeR::Base, &key, &enc, &info).unwrap();
    let (mut opened, mut exported) = (0, 0);
    for encryption in vector["encryptions"].as_array().unwrap() {
        let (ct, aad) = (bytes(&encryption["ct"]), bytes(&encryption["aad"]));
        let pt = encryption.get("pt").or(vector.get("pt")).unwrap();
        assert_eq!(context.open(&ct, &aad).unwrap(), bytes(pt));
        opened += 1;
    }
    for export in vector["exports"].as_array().unwrap() {
        let mut out = vec![0; usize::try_from(export["L"].as_u64().unwrap()).unwrap()];
        context.export(&bytes(&export["exporter_context"]), &mut out).unwrap();
        assert_eq!(out, bytes(&export["exported_value"]));
        exported += 1;
    }
    assert!(opened >= 3 && exported >= 1, "{opened} opened, {exported} exported");
    // Another sender's key, or other words around it, open nothing.
    let mut other = setup_receiver::<A, HkdfSha256, K>(&OpModeR::Base, &key, &enc, b"other").unwrap();
    let first = &vector["encryptions"][0];
    assert!(other.open(&bytes(&first["ct"]), &bytes(&first["aad"])).is_err());
}

#[test]
fn rfc_9180() {
    check::<X25519HkdfSha256, AesGcm256>(
        &serde_json::from_str(include_str!("data/hpke_rfc9180.json")).unwrap(),
    );
}

#[test]
fn the_post_quantum_draft() {
    check::<XWing, ChaCha20Poly1305>(&serde_json::from_str(include_str!("data/hpke_pq.json")).unwrap());
}
