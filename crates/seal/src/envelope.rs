//! A sealed note on the wire: envelope v1.

use crate::{
    Bytes, Id, SealError,
    ark::verify,
    bundle::Bundle,
    bytes::any,
    pae::{SUITE, hash, pae},
};
use serde::{Deserialize, Serialize};

/// At most so many recipients.
pub const MAX_RECIPIENTS: usize = 8;
/// At most so many items.
pub const MAX_ITEMS: usize = 200;
/// At most so long an item, in bytes of plain text.
pub const MAX_ITEM: usize = 256 * 1024;
/// At most so long a schedule.
const MAX_CLEAR: usize = 4 * 1024;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemType {
    /// The words of the note.
    Note = 0,
    /// A step done once.
    Checklist = 1,
    /// A step with a schedule.
    Plan = 2,
    /// Words added later.
    Addendum = 3,
}

impl TryFrom<u8> for ItemType {
    type Error = SealError;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        [Self::Note, Self::Checklist, Self::Plan, Self::Addendum]
            .into_iter()
            .find(|item_type| *item_type as u8 == number)
            .ok_or(SealError::Malformed("item type"))
    }
}

/// The envelope, exactly as signed, stored and served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// 1.
    pub v: u8,
    /// [`SUITE`] in hex.
    pub suite: String,
    /// The note.
    pub note_id: Id,
    /// Whom it is about.
    pub patient_id: Id,
    /// Who wrote it.
    pub author_id: Id,
    /// Under which key.
    pub author_kid: Bytes<32>,
    /// Counts the author's notes for this patient.
    pub seq: u64,
    /// The transcript of the one before; zeros for the first.
    pub prev: Bytes<32>,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Binds the content key to the note.
    pub commit: Bytes<32>,
    /// The content key, once for each reader; sorted by id.
    pub recipients: Vec<Stanza>,
    /// The texts.
    pub items: Vec<Item>,
    /// The author's, over the transcript.
    pub sig: Bytes<64>,
}

/// The content key sealed to one reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stanza {
    /// The reader.
    pub id: Id,
    /// Their key.
    pub kid: Bytes<32>,
    /// HPKE encapsulated key.
    pub enc: Bytes<1120>,
    /// HPKE ciphertext of the content key.
    pub ct: Bytes<48>,
}

/// One sealed text, and its schedule in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// See [`ItemType`].
    #[serde(rename = "type")]
    pub item_type: u8,
    /// The step, or an id of its own.
    pub id: Id,
    /// Counts revisions from 0.
    pub rev: u32,
    /// AES-256-GCM nonce.
    pub nonce: Bytes<12>,
    /// Ciphertext and tag.
    #[serde(with = "any")]
    pub ct: Vec<u8>,
    /// The exact bytes of the schedule's JSON for a plan step, else empty.
    #[serde(with = "any")]
    pub clear: Vec<u8>,
}

impl Stanza {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        pae(&[&self.id.0, &self.kid.0, &self.enc.0, &self.ct.0])
    }
}

impl Item {
    fn bytes(&self) -> Vec<u8> {
        pae(&[
            &[self.item_type],
            &self.id.0,
            &self.rev.to_le_bytes(),
            &self.nonce.0,
            &hash(&self.ct),
            &hash(&self.clear),
        ])
    }
}

impl Envelope {
    /// The transcript: what the author signs and the next note names as `prev`.
    pub fn transcript(&self) -> [u8; 32] {
        let stanzas: Vec<_> = self.recipients.iter().map(Stanza::bytes).collect();
        let items: Vec<_> = self.items.iter().map(Item::bytes).collect();
        hash(&pae(&[
            b"aftercare/v1/note",
            &[self.v],
            &SUITE,
            &self.note_id.0,
            &self.patient_id.0,
            &self.author_id.0,
            &self.author_kid.0,
            &self.seq.to_le_bytes(),
            &self.prev.0,
            &self.created_at.to_le_bytes(),
            &self.commit.0,
            &pae(&stanzas.iter().map(Vec::as_slice).collect::<Vec<_>>()),
            &pae(&items.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        ]))
    }

    pub(crate) fn signed_bytes(&self) -> Vec<u8> {
        pae(&[b"aftercare/v1/note-sig", &self.transcript()])
    }

    /// All that anybody can check without a key: form, sizes, order, and the author's signature.
    pub fn verify(&self, author: &Bundle) -> Result<(), SealError> {
        let fail = |what| Err(SealError::Malformed(what));
        if self.v != 1 || self.suite != suite_hex() {
            return fail("version or suite");
        }
        if self.recipients.is_empty()
            || self.recipients.len() > MAX_RECIPIENTS
            || !self.recipients.is_sorted_by(|a, b| a.id < b.id)
        {
            return fail("recipients");
        }
        if self.items.is_empty() || self.items.len() > MAX_ITEMS {
            return fail("items");
        }
        for item in &self.items {
            let plan = ItemType::try_from(item.item_type)? == ItemType::Plan;
            let padded =
                item.ct.len() >= 272 && (item.ct.len() - 16) % 256 == 0 && item.ct.len() <= MAX_ITEM + 512;
            if !padded || item.clear.len() > MAX_CLEAR || (!plan && !item.clear.is_empty()) {
                return fail("item");
            }
        }
        let mut ids: Vec<_> = self.items.iter().map(|item| (item.item_type, item.id, item.rev)).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return fail("items: one stands twice");
        }
        author.verify()?;
        if author.user_id != self.author_id || author.kid() != self.author_kid {
            return Err(SealError::Signature);
        }
        verify(&author.sign_pk, &self.signed_bytes(), &self.sig)
    }

    /// The content key as it was sealed to a reader's key, if it was.
    pub fn stanza(&self, reader: Id, kid: &Bytes<32>) -> Option<&Stanza> {
        self.recipients.iter().find(|stanza| stanza.id == reader && stanza.kid == *kid)
    }

    pub(crate) fn stanza_info(&self, recipient: Id, kid: &Bytes<32>) -> Vec<u8> {
        pae(&[
            b"aftercare/v1/cek", &SUITE, &self.note_id.0, &self.patient_id.0, &self.author_id.0,
            &recipient.0, &kid.0, &self.commit.0,
        ])
    }

    pub(crate) fn place(&self) -> Place {
        Place { note: self.note_id, patient: self.patient_id, author: self.author_id }
    }
}

/// Where an item stands, and nowhere else: whose note of whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) note: Id,
    pub(crate) patient: Id,
    pub(crate) author: Id,
}

impl Place {
    pub(crate) fn key(&self, cek: &[u8; 32], item: &Item) -> crate::Secret {
        let rev = item.rev.to_le_bytes();
        let info = pae(&[b"aftercare/v1/item-key", &self.note.0, &[item.item_type], &item.id.0, &rev]);
        crate::pae::hkdf(cek, &info)
    }

    pub(crate) fn aad(&self, item: &Item) -> Vec<u8> {
        pae(&[
            b"aftercare/v1/item",
            &self.note.0,
            &self.patient.0,
            &self.author.0,
            &[item.item_type],
            &item.id.0,
            &item.rev.to_le_bytes(),
            &item.clear,
        ])
    }
}

pub(crate) fn suite_hex() -> String {
    SUITE.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) fn commitment(note: Id, cek: &[u8; 32]) -> Bytes<32> {
    Bytes(hash(&pae(&[b"aftercare/v1/commit", &note.0, cek])))
}
