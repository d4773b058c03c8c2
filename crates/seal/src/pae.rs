//! Unambiguous encoding of what is hashed, signed or bound: PAE, hash and key derivation.

use crate::Secret;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

/// `LE64(n) ‖ Σ LE64(len pi) ‖ pi`: two different lists of parts never encode alike.
pub fn pae(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    out.extend_from_slice(&(parts.len() as u64).to_le_bytes());
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// SHA-256.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// HKDF-SHA-256 with empty salt, 32 bytes out.
pub fn hkdf(key: &[u8], info: &[u8]) -> Secret {
    let mut out = [0; 32];
    // 32 bytes are always a valid output length.
    let expanded = Hkdf::<Sha256>::new(None, key).expand(info, &mut out);
    debug_assert!(expanded.is_ok());
    Secret::new(out)
}

/// Suite 1: HPKE X-Wing, HKDF-SHA-256, AES-256-GCM, as the ids of RFC 9180 in a row.
pub const SUITE: [u8; 6] = [0x64, 0x7a, 0x00, 0x01, 0x00, 0x02];
