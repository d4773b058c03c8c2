//! An authenticator in memory: ES256, verifies its user, has a PRF, counts.

use aftercare::client::{Authenticator, Ceremony};
use aftercare_seal::{
    Secret,
    bytes::{decode, encode},
};
use anyhow::Context;
use ciborium::Value as Cbor;
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};

pub struct Soft {
    pub origin: String,
    pub key: SigningKey,
    pub id: Vec<u8>,
    pub user: RefCell<String>,
    pub count: Cell<u32>,
    /// Present, verified.
    pub flags: Cell<u8>,
    /// Whether it gives its key when a passkey is made; else when it is shown.
    pub early: bool,
    pub prf: bool,
}

impl Soft {
    pub fn new(seed: u8) -> Self {
        Self {
            origin: "http://localhost:8080".to_owned(),
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            id: vec![seed; 20],
            user: RefCell::default(),
            count: Cell::new(0),
            flags: Cell::new(0x05),
            early: false,
            prf: true,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false, "more": 1 })
            .to_string()
            .into_bytes()
    }

    fn data(&self, rp: &str, flags: u8, rest: &[u8]) -> Vec<u8> {
        self.count.set(self.count.get() + 1);
        let hash = Sha256::digest(rp.as_bytes());
        [hash.as_slice(), &[self.flags.get() | flags], &self.count.get().to_be_bytes(), rest].concat()
    }

    fn secret(&self, options: &Value) -> anyhow::Result<Option<Secret>> {
        let input = options["extensions"]["prf"]["eval"]["first"].as_str().context("no PRF is asked for")?;
        let input = decode(input).context("base64url")?;
        let output = Sha256::digest([self.id.as_slice(), &input].concat());
        Ok(self.prf.then(|| Secret::new(output.into())))
    }
}

impl Authenticator for Soft {
    async fn create(&self, options: &Value) -> anyhow::Result<Ceremony> {
        anyhow::ensure!(options["authenticatorSelection"]["userVerification"] == "required");
        options["user"]["id"].as_str().context("no user")?.clone_into(&mut self.user.borrow_mut());
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |part: Option<&p256::FieldBytes>| Cbor::Bytes(part.unwrap().to_vec());
        let cose = Cbor::Map(vec![
            (1.into(), 2.into()),
            (3.into(), (-7).into()),
            ((-1).into(), 1.into()),
            ((-2).into(), coordinate(point.x())),
            ((-3).into(), coordinate(point.y())),
        ]);
        let mut key = Vec::new();
        ciborium::into_writer(&cose, &mut key)?;
        let length = u16::try_from(self.id.len())?.to_be_bytes();
        let rest = [[0; 16].as_slice(), &length, &self.id, &key].concat();
        let data = self.data(options["rp"]["id"].as_str().context("no rp")?, 0x40, &rest);
        let object = Cbor::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Cbor::Map(Vec::new())),
            ("authData".into(), Cbor::Bytes(data)),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation)?;
        let credential = json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": encode(&self.client_data("webauthn.create", options)),
                "attestationObject": encode(&attestation),
                "transports": ["internal"],
            },
            "clientExtensionResults": { "prf": { "enabled": self.prf } },
        });
        let prf = if self.early { self.secret(options)? } else { None };
        Ok(Ceremony { credential, prf })
    }

    async fn get(&self, options: &Value) -> anyhow::Result<Ceremony> {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().context("no rp")?, 0, &[]);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: DerSignature = self.key.sign(&signed);
        let credential = json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": encode(&client_data),
                "authenticatorData": encode(&data),
                "signature": encode(signature.as_bytes()),
                "userHandle": *self.user.borrow(),
            },
            "clientExtensionResults": {},
        });
        Ok(Ceremony { credential, prf: self.secret(options)? })
    }
}
