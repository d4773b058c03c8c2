//! Opening an envelope, in the order the contract gives: form, author, stanza, commitment, items.

use crate::{
    Id, SealError, Secret,
    ark::Keys,
    bundle::Bundle,
    envelope::{Envelope, Item, ItemType, Place, Stanza, commitment},
    grant::Grant,
    pae::pae,
    wrap::{decrypt, decrypt_with, encrypt},
    writer::{Plain, seal_cek},
};
use hpke::{Deserializable, Kem, OpModeR, aead::AesGcm256, kdf::HkdfSha256, kem::XWing};
use rand_core::CryptoRng;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The content key of a note a reader has opened. A bounded number of these may be cached;
/// texts never are.
#[derive(Clone, Debug)]
pub struct ContentKey(Secret);

impl ContentKey {
    /// Of its bytes.
    pub fn of(key: Secret) -> Self {
        Self(key)
    }

    /// Seals it to one more reader: a person's new key, or a successor.
    pub(crate) fn seal_to(
        &self,
        envelope: &Envelope,
        reader: &Bundle,
        rng: &mut impl CryptoRng,
    ) -> Result<Stanza, SealError> {
        seal_cek(&self.0, envelope, reader, rng)
    }

    /// Seals a few words that belong to a note after it was signed (why a dose was left out), for
    /// the note's readers.
    pub fn seal_beside(&self, note: Id, id: Id, text: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        encrypt(&self.beside(note, id), text, &beside_info(note, id), rng)
    }

    /// Opens them.
    pub fn open_beside(&self, note: Id, id: Id, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        decrypt(&self.beside(note, id), sealed, &beside_info(note, id)).map(|text| text.to_vec())
    }

    fn beside(&self, note: Id, id: Id) -> Secret {
        crate::pae::hkdf(self.0.expose(), &beside_info(note, id))
    }
}

fn beside_info(note: Id, id: Id) -> Vec<u8> {
    pae(&[b"aftercare/v1/beside", &note.0, &id.0])
}

/// Verifies the author and takes the reader's content key out of its stanza, or out of a grant's.
pub fn open_key(
    envelope: &Envelope,
    grants: &[Grant],
    author: &Bundle,
    reader: &Keys,
    reader_bundle: &Bundle,
) -> Result<ContentKey, SealError> {
    envelope.verify(author)?;
    let (id, kid) = (reader.user_id(), reader_bundle.kid());
    let granted = grants.iter().map(|grant| &grant.stanza).find(|s| s.id == id && s.kid == kid);
    let stanza = envelope.stanza(id, &kid).or(granted).ok_or(SealError::NotForMe)?;
    let info = envelope.stanza_info(id, &kid);
    let cek = open_sealed(reader, &stanza.enc.0, &info, &stanza.ct.0)?;
    let cek = Secret::new(cek.as_slice().try_into().map_err(|_| SealError::Open)?);
    // What a grant gives is bound to the note by this: no other content key fits.
    if commitment(envelope.note_id, cek.expose()) != envelope.commit {
        return Err(SealError::Open);
    }
    Ok(ContentKey(cek))
}

/// Opens what was sealed to a reader's public key (HPKE base mode).
pub(crate) fn open_sealed(
    reader: &Keys,
    enc: &[u8; 1120],
    info: &[u8],
    ct: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError::Open)?;
    let base = OpModeR::Base;
    hpke::single_shot_open::<AesGcm256, HkdfSha256, XWing>(&base, reader.enc(), &enc, info, ct, b"")
        .map(Zeroizing::new)
        .map_err(|_| SealError::Open)
}

/// Opens every item of an envelope whose content key was taken with [`open_key`].
pub fn open_items(envelope: &Envelope, key: &ContentKey) -> Result<Vec<Plain>, SealError> {
    envelope.items.iter().map(|item| open_item(envelope, key, item)).collect()
}

/// Opens one item.
pub fn open_item(envelope: &Envelope, key: &ContentKey, item: &Item) -> Result<Plain, SealError> {
    open_at(envelope.place(), key, item)
}

/// Opens the words of the note alone, out of the JSON of an envelope whose content key was taken with [`open_key`]: of its
/// readers and steps nothing is looked at.
pub fn open_words(envelope: &[u8], key: &ContentKey) -> Result<Plain, SealError> {
    #[derive(Deserialize)]
    struct Sheet<'a> {
        note_id: Id,
        patient_id: Id,
        author_id: Id,
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Form {
        #[serde(rename = "type")]
        item_type: u8,
    }
    let malformed = |_| SealError::Malformed("envelope");
    let sheet: Sheet<'_> = serde_json::from_slice(envelope).map_err(malformed)?;
    let words = sheet.items.iter().rfind(|item| {
        serde_json::from_str::<Form>(item.get()).is_ok_and(|form| form.item_type == ItemType::Note as u8)
    });
    let item = serde_json::from_str(words.ok_or(SealError::Malformed("note"))?.get()).map_err(malformed)?;
    open_at(Place { note: sheet.note_id, patient: sheet.patient_id, author: sheet.author_id }, key, &item)
}

fn open_at(place: Place, key: &ContentKey, item: &Item) -> Result<Plain, SealError> {
    let item_key = place.key(key.0.expose(), item);
    let padded = decrypt_with(&item_key, &item.nonce.0, &item.ct, &place.aad(item))?;
    let (len, rest) = padded.split_first_chunk::<4>().ok_or(SealError::Malformed("padding"))?;
    let len = u32::from_le_bytes(*len) as usize;
    let canonical = padded.len() == (len + 4).next_multiple_of(256)
        && rest.get(len..).is_some_and(|zeros| zeros.iter().all(|z| *z == 0));
    if !canonical {
        return Err(SealError::Malformed("padding"));
    }
    Ok(Plain {
        item_type: ItemType::try_from(item.item_type)?,
        id: item.id,
        rev: item.rev,
        text: rest[..len].to_vec(),
        clear: item.clear.clone(),
    })
}
