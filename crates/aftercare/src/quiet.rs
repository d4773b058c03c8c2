//! What a process leaves behind when it breaks: panics without their words, and no core dumps. Both may
//! hold words of a note.

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

/// From now on nobody but the system's owner reads this process's memory, and it is written nowhere
/// when the process breaks.
pub fn memory() -> anyhow::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}
