//! Panics without their words: a message may hold words of a note.

/// From now on a panic is logged by its place alone.
pub fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic");
        // Before a log is set up, or where it is off, the place is still told.
        if !tracing::enabled!(tracing::Level::ERROR) {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "aftercare: a panic at {place}");
        }
    }));
}
