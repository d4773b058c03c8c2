//! The binary as a process of its own.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::FileExt,
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

/// Everything a process holds in memory that it could have written.
pub fn memory_of(pid: u32) -> Option<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut all = Vec::new();
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (range, rights) = (parts.next()?, parts.next()?);
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut region = vec![0; usize::try_from(to - from).ok()?];
        // Some are not backed by anything.
        if memory.read_exact_at(&mut region, from).is_ok() {
            all.push(b'\n');
            all.extend(region);
        }
    }
    Some(all)
}
