//! The binary as a process of its own.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// Runs a command of the binary to its end; `typed` is its standard input.
pub fn aftercare(args: &[&str], env: &[(&str, &str)], typed: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    command.args(args).envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever needs nothing typed may be gone already.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `aftercare serve`, until it is dropped.
pub struct Server(pub Child);

impl Server {
    /// Started and ready.
    pub fn start(folder: &Path, port: u16, database: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--data"])
            .arg(folder.join("data"));
        command.env("AFTERCARE_DATABASE_URL", database).env("AFTERCARE_LOG", "error");
        command.env("AFTERCARE_PASSWORD__MEMORY_KIB", "19456").env("AFTERCARE_PASSWORD__PASSES", "2");
        command.envs(settings.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("is ready"), "{line}");
        Self(child)
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
