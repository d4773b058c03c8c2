//! The `aftercare` binary: reads the command line and runs what it names.

fn main() -> std::process::ExitCode {
    aftercare::cli::run()
}
