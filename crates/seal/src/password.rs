//! What a password becomes: one Argon2id, then a key for proving and a key for wrapping.

use crate::{SealError, Secret, pae};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Cost of Argon2id (RFC 9106), stored with each account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kdf {
    /// Memory in KiB.
    pub m: u32,
    /// Passes.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

impl Default for Kdf {
    /// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106 with one lane.
    fn default() -> Self {
        Self { m: 65_536, t: 3, p: 1 }
    }
}

impl Kdf {
    /// What new passwords cost where nobody says otherwise: 64 MiB, three passes.
    pub const DEFAULT: Self = Self { m: 65_536, t: 3, p: 1 };

    /// Floor (OWASP's smallest) and ceiling of what a client may be asked to compute.
    pub fn check(self) -> Result<Self, SealError> {
        let floor = (self.m >= 19_456 && self.t >= 2) || (self.m >= 47_104 && self.t >= 1);
        let ceiling = self.m <= 1_048_576 && self.t <= 16 && self.p == 1;
        if floor && ceiling { Ok(self) } else { Err(SealError::Parameters) }
    }

    pub(crate) fn bytes(self) -> [[u8; 4]; 3] {
        [self.m.to_le_bytes(), self.t.to_le_bytes(), self.p.to_le_bytes()]
    }
}

/// NFC, trimmed, ASCII letters lowered: the form under which an address is one account.
pub fn normalize_email(email: &str) -> String {
    nfc(email).trim().to_ascii_lowercase()
}

#[cfg(not(target_arch = "wasm32"))]
fn nfc(text: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfc(text).collect()
}

/// A browser has the tables of Unicode: its side of the boundary gives text in this form.
#[cfg(target_arch = "wasm32")]
fn nfc(text: &str) -> String {
    text.to_owned()
}

/// The two keys out of a password.
pub struct PasswordKeys {
    /// Proves knowledge of the password to the server.
    pub auth_key: Secret,
    /// Wraps the account root key.
    pub kek: Secret,
}

/// Argon2id of the password under a salt bound to the address. Takes memory and a tenth of a
/// second by design: never on an async thread.
pub fn derive(password: &str, email: &str, srv_salt: &[u8; 16], kdf: Kdf) -> Result<PasswordKeys, SealError> {
    let kdf = kdf.check()?;
    let password = Zeroizing::new(nfc(password));
    let salt = pae::hash(&pae::pae(&[b"aftercare/v1/salt", srv_salt, normalize_email(email).as_bytes()]));
    let params = Params::new(kdf.m, kdf.t, kdf.p, Some(32)).map_err(|_| SealError::Parameters)?;
    let mut master = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), &salt[..16], master.as_mut())
        .map_err(|_| SealError::Parameters)?;
    Ok(PasswordKeys {
        auth_key: pae::hkdf(master.as_ref(), b"aftercare/v1/auth"),
        kek: pae::hkdf(master.as_ref(), b"aftercare/v1/kek"),
    })
}
