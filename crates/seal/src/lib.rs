//! Sealing: how notes stay readable for the two they belong to and for nobody else.
//!
//! This crate knows bytes and what they are bound to, not the domain. It follows the product's
//! sealing contract (envelope v1, suite X-Wing / HKDF-SHA-256 / AES-256-GCM, RFC 9180) and is
//! held to envelopes made by independent implementations (`tests/data`).
//!
//! - [`password`]: what a password becomes (Argon2id), [`ark`]: the account root key and what is
//!   derived from it, [`wrap`]: how it is kept;
//! - [`bundle`]: a person's public keys, and what is signed with them;
//! - [`envelope`]: the sealed note on the wire, [`writer`] and [`reader`]: making and opening it,
//!   [`grant`]: opening it to one more key;
//! - [`emergency`]: a recipient whose key lies in shares; [`credential`]: a doctor's keys vouched for by an
//!   organisation whose key does; [`state`]: what a device remembers, sealed for its owner's other devices;
//! - [`exchange`]: a text sealed to whoever reads notes, and the sealed reply;
//! - [`safety`]: the code two people compare; [`keylog`]: every key there ever was, in one chain;
//! - [`jws`]: signed access tokens; [`challenge`]: what an account signs to sign in; [`passkey`]: what an
//!   authenticator answers;
//! - [`webpush`]: messages to browsers;
//! - [`server`]: what the server derives from its own master key.

pub mod ark;
pub mod bundle;
pub mod bytes;
pub mod challenge;
pub mod credential;
pub mod emergency;
pub mod envelope;
pub mod exchange;
pub mod grant;
pub mod jws;
pub mod keylog;
pub mod link;
pub mod pae;
mod paper;
pub mod passkey;
pub mod password;
pub mod reader;
pub mod recovery;
pub mod safety;
pub mod server;
mod shares;
pub mod state;
pub mod webpush;
pub mod wrap;
pub mod writer;
#[cfg(test)]
mod wycheproof;

pub use bytes::{Bytes, Id, Secret};

/// Why something does not open, verify or parse. Says nothing about the secret involved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Decryption failed: wrong key, or altered bytes.
    #[error("does not open with this key")]
    Open,
    /// A signature does not verify.
    #[error("signature does not verify")]
    Signature,
    /// Not of the form the contract gives.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The reader is not among the recipients, or under another key.
    #[error("not sealed for this key")]
    NotForMe,
    /// Parameters outside the accepted range.
    #[error("key derivation parameters out of range")]
    Parameters,
}
