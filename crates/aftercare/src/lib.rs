//! Aftercare: the service and its command line.
//!
//! - [`app`]: the running service; [`config`], [`clock`], [`random`]: what it is given;
//! - [`http`]: one file an endpoint; [`token`]: who is asking; [`limits`]: how often;
//! - [`keyring`]: public keys; [`audit`]: what happened to whose data;
//! - [`reader`]: who reads notes, [`reading`]: what was read; [`extractor`]: what sealed texts are read
//!   under; [`notebook`]: notes sealed and opened; [`outline`]: what is known
//!   of them without their words;
//! - [`plan`]: a patient's plan as it stands, [`record`]: what is stored of it; [`engine`]: what happens by itself;
//! - [`announce`]: who is told; [`delivery`]: how it reaches them;
//! - [`opened`]: keys of notes that live sessions have opened;
//! - [`quiet`]: panics without their words; [`metrics`], [`traces`]: what operators see;
//! - [`client`]: a device with keys of its own, as a browser is one;
//! - [`start`]: from a configuration to a service; [`cli`]: the command line.

pub mod agenda;
pub mod announce;
pub mod app;
pub mod audit;
pub mod bench;
pub mod calendar;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod draft;
pub mod engine;
pub mod extractor;
pub mod http;
pub mod keyring;
pub mod limits;
pub mod metrics;
pub mod opened;
pub mod operator;
pub mod plan;
pub mod provider;
pub mod quiet;
pub mod reader;
pub mod record;
pub mod simulate;
pub mod start;
pub mod token;
pub mod traces;

pub use aftercare_device::{notebook, outline, random, reading, review};
