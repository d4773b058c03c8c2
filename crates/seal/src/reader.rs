//! Opening an envelope, in the order the contract gives: form, author, stanza, commitment, items.

use crate::{
    Id, SealError, Secret,
    ark::Keys,
    bundle::Bundle,
    envelope::{Envelope, Item, ItemType, commitment, item_key},
    pae::pae,
    wrap::{decrypt, decrypt_with, encrypt},
    writer::Plain,
};
use hpke::{Deserializable, Kem, OpModeR, aead::AesGcm256, kdf::HkdfSha256, kem::XWing};
use rand_core::CryptoRng;

/// The content key of a note a reader has opened. A bounded number of these may be cached;
/// texts never are.
#[derive(Clone, Debug)]
pub struct ContentKey(Secret);

impl ContentKey {
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

/// Verifies the author and takes the reader's content key out of its stanza.
pub fn open_key(
    envelope: &Envelope,
    author: &Bundle,
    reader: &Keys,
    reader_bundle: &Bundle,
) -> Result<ContentKey, SealError> {
    envelope.verify(author)?;
    let kid = reader_bundle.kid();
    let stanza = envelope
        .recipients
        .iter()
        .find(|stanza| stanza.id == reader.user_id() && stanza.kid == kid)
        .ok_or(SealError::NotForMe)?;
    let enc = <XWing as Kem>::EncappedKey::from_bytes(&stanza.enc.0).map_err(|_| SealError::Open)?;
    let info = envelope.stanza_info(stanza.id, &kid);
    let cek = zeroize::Zeroizing::new(
        hpke::single_shot_open::<AesGcm256, HkdfSha256, XWing>(
            &OpModeR::Base,
            &reader.enc,
            &enc,
            &info,
            &stanza.ct.0,
            b"",
        )
        .map_err(|_| SealError::Open)?,
    );
    let cek = Secret::new(cek.as_slice().try_into().map_err(|_| SealError::Open)?);
    if commitment(envelope.note_id, cek.expose()) != envelope.commit {
        return Err(SealError::Open);
    }
    Ok(ContentKey(cek))
}

/// Opens every item of an envelope whose content key was taken with [`open_key`].
pub fn open_items(envelope: &Envelope, key: &ContentKey) -> Result<Vec<Plain>, SealError> {
    envelope.items.iter().map(|item| open_item(envelope, key, item)).collect()
}

/// Opens one item.
pub fn open_item(envelope: &Envelope, key: &ContentKey, item: &Item) -> Result<Plain, SealError> {
    let item_key = item_key(key.0.expose(), envelope.note_id, item);
    let padded = decrypt_with(&item_key, &item.nonce.0, &item.ct, &envelope.item_aad(item))?;
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
