//! From the doctor's words to proposed steps.
//!
//! - [`note`]: the parts of a note; [`token`]: words, numbers and marks with their places;
//! - [`timing`]: the timing parser, which alone reads schedules;
//! - [`shield`]: what in a note is not said to the patient, and is read by nobody;
//! - [`rules`]: the proposer that needs no model; [`drugs`]: what names a medicine;
//! - [`model`]: live models as proposers;
//! - [`extraction`]: proof, timing and checks over whatever was proposed, and the result.

mod courtesy;
#[cfg(feature = "models")]
pub mod deidentify;
pub mod drugs;
pub mod extraction;
pub mod lexicon;
#[cfg(feature = "models")]
pub mod model;
pub mod note;
mod plain;
pub mod rules;
pub mod shield;
mod stages;
pub mod timing;
pub mod token;
