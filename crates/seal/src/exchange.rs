//! A text sealed to whoever reads notes, and the reply sealed to whoever asked: neither is stored,
//! and nobody on the way can read them.

use crate::{
    Bytes, Id, SealError, Secret,
    ark::Keys,
    bundle::Bundle,
    pae::{SUITE, pae},
    reader::open_sealed,
    wrap::{decrypt, encrypt},
    writer::seal_to,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// What opens the reply: chosen by the one who asks, and sealed with the question.
pub struct ReplyKey(Secret);

/// A sealed question.
pub struct Sealed {
    /// The reader's key id.
    pub to: Bytes<32>,
    /// HPKE encapsulated key.
    pub enc: Bytes<1120>,
    /// HPKE ciphertext: the reply key, then the question.
    pub ct: Vec<u8>,
}

fn info(to: &Bytes<32>, from: Id) -> Vec<u8> {
    pae(&[b"aftercare/v1/extract", &SUITE, &to.0, &from.0])
}

/// What the service signs of its reader: whose key it is, and who gets the text.
pub fn attested(issuer: &str, kid: &Bytes<32>, provider: &str) -> Vec<u8> {
    pae(&[b"aftercare/v1/extractor", issuer.as_bytes(), &kid.0, provider.as_bytes()])
}

/// Seals a question to a reader of notes.
pub fn ask(
    question: &[u8],
    from: Id,
    reader: &Bundle,
    rng: &mut impl CryptoRng,
) -> Result<(Sealed, ReplyKey), SealError> {
    let reply = Secret::random(rng);
    let to = reader.kid();
    let plaintext = Zeroizing::new([reply.expose().as_slice(), question].concat());
    let (enc, ct) = seal_to(reader, &info(&to, from), &plaintext, rng)?;
    Ok((Sealed { to, enc, ct }, ReplyKey(reply)))
}

/// Opens a question that `from` has asked.
pub fn open(sealed: &Sealed, from: Id, reader: &Keys) -> Result<(Zeroizing<Vec<u8>>, ReplyKey), SealError> {
    let plaintext = open_sealed(reader, &sealed.enc.0, &info(&sealed.to, from), &sealed.ct)?;
    let (key, question) = plaintext.split_first_chunk::<32>().ok_or(SealError::Malformed("question"))?;
    Ok((Zeroizing::new(question.to_vec()), ReplyKey(Secret::new(*key))))
}

impl ReplyKey {
    fn aad(to: &Bytes<32>) -> Vec<u8> {
        pae(&[b"aftercare/v1/extract-reply", &to.0])
    }

    /// Seals the reply of the reader whose key id is `to`.
    pub fn seal(&self, to: &Bytes<32>, reply: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        encrypt(&self.0, reply, &Self::aad(to), rng)
    }

    /// Opens it.
    pub fn open(&self, to: &Bytes<32>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        decrypt(&self.0, sealed, &Self::aad(to))
    }
}
