//! The `aftercare` binary: reads the command line and runs what it names.

/// Memory is wiped when it is given back: words of notes and passwords pass through many hands (the HTTP
/// library's, the JSON parser's, the model client's), and none of them leaves them behind.
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    aftercare::cli::run()
}
