//! A device with keys of its own: it derives, signs, seals and opens, and the service never has a key or a
//! word. Browsers run it as WASM, the demonstration and the tests as it is; both by way of a [`Service`].
//!
//! - [`client`]: somebody signed in; [`account`]: signing up and in; [`passkey`]: without a password;
//!   [`link`]: on a new device, by one there is;
//! - [`contacts`]: whom one knows by which keys;
//! - [`notes`]: choosing doctors, writing and opening notes, answering;
//! - [`notebook`]: notes sealed and opened; [`reading`]: what was read of one; [`review`]: what its doctor
//!   looks at; [`outline`]: what the service knows of it without its words;
//! - [`random`]: where randomness and ids come from.

pub mod account;
pub mod client;
pub mod contacts;
pub mod link;
pub mod notebook;
pub mod notes;
pub mod outline;
pub mod passkey;
pub mod random;
pub mod reading;
pub mod review;
mod service;

pub use client::Client;
pub use service::{Refused, Service};

use aftercare_core::id::UserId;
use aftercare_seal::Bytes;

/// The domain's id as it stands in what is signed.
pub fn raw(id: UserId) -> aftercare_seal::Id {
    Bytes(*id.as_bytes())
}
