//! Aftercare: the service and its command line.

pub mod cli;
