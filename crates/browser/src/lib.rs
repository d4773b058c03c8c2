//! The device of a browser: what [`aftercare_device`] does, for JavaScript. Keys stay in here.
//!
//! Arguments and answers are JSON texts, of the shapes of the API and of [`aftercare_device::notebook`]; errors are
//! JSON texts `{"code", "status", "detail"}`. It runs in a worker: deriving keys takes a second.

mod account;
#[cfg(feature = "doctor")]
mod doctor;
mod error;
mod notes;
mod web;

pub use account::{Device, Waiting, recover, reset, sign_up};
