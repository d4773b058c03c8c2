//! Making an envelope.

use crate::{
    Bytes, Id, SealError, Secret,
    ark::Keys,
    bundle::Bundle,
    bytes::random,
    envelope::{Envelope, Item, ItemType, MAX_ITEM, MAX_ITEMS, Stanza, commitment, suite_hex},
    reader::ContentKey,
    wrap::encrypt_with,
};
use hpke::{Deserializable, Kem, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha256, kem::XWing};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// What is to be sealed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The note.
    pub note_id: Id,
    /// Whom it is about.
    pub patient_id: Id,
    /// Position in the author's chain for this patient.
    pub seq: u64,
    /// The transcript of the one before; zeros for the first.
    pub prev: Bytes<32>,
    /// Seconds since 1970.
    pub created_at: u64,
    /// The texts.
    pub items: Vec<Plain>,
}

/// One text to seal.
#[derive(Clone)]
pub struct Plain {
    /// What it is.
    pub item_type: ItemType,
    /// The step, or an id of its own.
    pub id: Id,
    /// Revision.
    pub rev: u32,
    /// The text, or a step's JSON.
    pub text: Vec<u8>,
    /// The schedule's JSON for a plan step, else empty.
    pub clear: Vec<u8>,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plain({:?}, {} bytes)", self.item_type, self.text.len())
    }
}

/// Seals and signs a note for its recipients.
pub fn seal(
    draft: Draft,
    author: &Keys,
    author_bundle: &Bundle,
    recipients: &[&Bundle],
    rng: &mut impl CryptoRng,
) -> Result<(Envelope, ContentKey), SealError> {
    if draft.items.len() > MAX_ITEMS || draft.items.iter().any(|item| item.text.len() > MAX_ITEM) {
        return Err(SealError::Malformed("items"));
    }
    let cek = Secret::random(rng);
    let mut envelope = Envelope {
        v: 1,
        suite: suite_hex(),
        note_id: draft.note_id,
        patient_id: draft.patient_id,
        author_id: author.user_id(),
        author_kid: author_bundle.kid(),
        seq: draft.seq,
        prev: draft.prev,
        created_at: draft.created_at,
        commit: commitment(draft.note_id, cek.expose()),
        recipients: Vec::new(),
        items: Vec::new(),
        sig: Bytes([0; 64]),
    };
    let place = envelope.place();
    for plain in draft.items {
        let mut item = Item {
            item_type: plain.item_type as u8,
            id: plain.id,
            rev: plain.rev,
            nonce: Bytes(random(rng)),
            ct: Vec::new(),
            clear: plain.clear,
        };
        let key = place.key(cek.expose(), &item);
        item.ct = encrypt_with(&key, &item.nonce.0, &padded(&plain.text), &place.aad(&item));
        envelope.items.push(item);
    }
    for recipient in recipients {
        let stanza = seal_cek(&cek, &envelope, recipient, rng)?;
        envelope.recipients.push(stanza);
    }
    envelope.recipients.sort_by_key(|stanza| stanza.id);
    envelope.sig = author.sign(&envelope.signed_bytes());
    Ok((envelope, ContentKey::of(cek)))
}

/// A note's content key, sealed to a reader.
pub(crate) fn seal_cek(
    cek: &Secret,
    envelope: &Envelope,
    reader: &Bundle,
    rng: &mut impl CryptoRng,
) -> Result<Stanza, SealError> {
    let kid = reader.kid();
    let info = envelope.stanza_info(reader.user_id, &kid);
    let (enc, ct) = seal_to(reader, &info, cek.expose(), rng)?;
    Ok(Stanza { id: reader.user_id, kid, enc, ct: Bytes::try_from(ct.as_slice())? })
}

/// Seals bytes to a reader's public key (HPKE base mode).
pub(crate) fn seal_to(
    reader: &Bundle,
    info: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<(Bytes<1120>, Vec<u8>), SealError> {
    let malformed = SealError::Malformed("public key");
    let pk = <XWing as Kem>::PublicKey::from_bytes(&reader.enc_pk.0).map_err(|_| malformed)?;
    let base = OpModeS::Base;
    let (enc, ct) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, XWing>(
        &base, &pk, info, plaintext, b"", rng,
    )
    .map_err(|_| malformed)?;
    Ok((Bytes::try_from(enc.to_bytes().as_slice())?, ct))
}

/// `LE32 len ‖ data ‖ zeros` to a multiple of 256: sizes say little about texts.
fn padded(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity((text.len() + 4).next_multiple_of(256)));
    // Callers are bounded by MAX_ITEM, far below 4 GiB.
    padded.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    padded.extend_from_slice(text);
    let full = padded.len().next_multiple_of(256);
    padded.resize(full, 0);
    padded
}
