//! From the doctor's words to proposed steps.
//!
//! - [`token`]: words, numbers and marks with their places;
//! - [`timing`]: the timing parser, which alone reads schedules.

pub mod timing;
pub mod token;
