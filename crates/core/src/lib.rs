//! The pure rules of Aftercare.
//!
//! Everything a clinician, a patient or an auditor would ask "what is the rule?" about stands
//! here, without I/O, clock, randomness or async, so that server, browser and tests run the same:
//!
//! - [`timing`]: when a step is to be done, as FHIR R4 writes it; [`anchors`]: a person's times of day;
//! - [`pattern`]: the instants a timing stands for in the patient's zone;
//! - [`course`]: what happened and what is due, given the answers; the missed-check-in rule; [`as_needed`]: what has no course;
//! - [`supersede`]: what a newer note does to it; [`adherence`]: how well it was followed;
//! - [`attention`]: why its doctor should look; [`announce`]: whether its patient is told something now;
//! - [`people`]: who there is, [`password`]: what a new one must be, [`access`]: who may do what;
//! - [`wording`]: schedules in plain words;
//! - [`step`]: one thing to do; [`quote`]: the proof that it stands in the note;
//! - [`recurrence`]: instants as rules of a calendar;
//! - [`replay`]: the published JSON form of a course, in and out.

pub mod access;
pub mod adherence;
pub mod anchors;
pub mod announce;
pub mod as_needed;
pub mod attention;
pub mod clock;
pub mod course;
pub mod id;
pub mod instant;
pub mod password;
pub mod pattern;
pub mod people;
pub mod quote;
pub mod recurrence;
pub mod replay;
pub mod step;
pub mod supersede;
pub mod timing;
pub mod wording;
