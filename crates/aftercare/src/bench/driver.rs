//! Asks one address over and over on kept connections, and says how fast it was answered. As little of its own as can be:
//! what it does beside sending bytes and reading them is time that whoever is measured does not get.

use super::cpu_micros;
use anyhow::{Context, bail, ensure};
use serde::Serialize;
use std::time::{Duration, Instant as Stopwatch};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
};

/// What is asked, and how.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `127.0.0.1:8080`.
    pub host: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// For `Authorization: Bearer`.
    pub token: String,
    /// JSON; empty: none.
    pub body: String,
}

/// How it was answered.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// In a second.
    pub requests_per_second: u64,
    /// Half of them were answered within so many microseconds, ...
    pub p50_us: u64,
    /// ... and 99 in a hundred.
    pub p99_us: u64,
    /// Processor time of this process for one, which asks, and answers where it serves: in microseconds.
    pub cpu_us: u64,
    /// How long an answer's body was.
    pub bytes: usize,
}

/// What is asked first warms up both sides for so long, and is not counted.
pub const WARM: Duration = Duration::from_secs(1);

/// Asks for so long on so many connections, which take what is asked in turn. Anything but 2xx is an error.
pub async fn drive(asked: &[Asked], connections: u32, lasts: Duration) -> anyhow::Result<Answered> {
    let mut run = Run::default();
    run.go_on(asked, connections, WARM, lasts).await?;
    run.answered()
}

/// What was answered so far: what is compared is asked by turns, since a machine is faster now and then.
#[derive(Debug, Default)]
pub struct Run {
    times: Vec<u64>,
    lasted: Duration,
    cpu_us: u64,
    sent: u64,
    bytes: usize,
}

impl Run {
    /// Asks for some time more; what is asked before it is warm is not counted.
    pub async fn go_on(
        &mut self,
        asked: &[Asked],
        connections: u32,
        warm: Duration,
        lasts: Duration,
    ) -> anyhow::Result<()> {
        let (begun, cpu) = (Stopwatch::now(), cpu_micros());
        let mut all = JoinSet::new();
        for asked in asked.iter().cycle().take(connections.max(1) as usize) {
            let (host, request) = (asked.host.clone(), asked.request());
            all.spawn(async move {
                let mut connection = Connection::open(&host).await?;
                let (mut times, mut bytes, mut sent) = (Vec::new(), 0, 0);
                while begun.elapsed() < warm + lasts {
                    let at = Stopwatch::now();
                    bytes = connection.ask(&request).await?;
                    sent += 1;
                    if begun.elapsed() >= warm {
                        times.push(u64::try_from(at.elapsed().as_micros())?);
                    }
                }
                anyhow::Ok((times, bytes, sent))
            });
        }
        while let Some(done) = all.join_next().await {
            let (times, bytes, sent) = done??;
            self.times.extend(times);
            self.bytes = bytes;
            self.sent += sent;
        }
        self.lasted += begun.elapsed().saturating_sub(warm);
        self.cpu_us += cpu_micros() - cpu;
        Ok(())
    }

    /// What it comes to.
    pub fn answered(mut self) -> anyhow::Result<Answered> {
        ensure!(!self.times.is_empty(), "nothing was answered in time");
        self.times.sort_unstable();
        let many = self.times.len();
        let at = |percent: usize| self.times[(many * percent / 100).min(many - 1)];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rate = (many as f64 / self.lasted.as_secs_f64()) as u64;
        Ok(Answered {
            requests_per_second: rate,
            p50_us: at(50),
            p99_us: at(99),
            cpu_us: self.cpu_us / self.sent,
            bytes: self.bytes,
        })
    }
}

impl Asked {
    /// A page, with a token or an empty text.
    pub fn get(host: &str, path: &str, token: &str) -> Self {
        let (host, path, token) = (host.to_owned(), path.to_owned(), token.to_owned());
        Self { host, method: "GET", path, token, body: String::new() }
    }

    /// Asks once; anything but 2xx is an error.
    pub async fn once(&self) -> anyhow::Result<()> {
        Connection::open(&self.host).await?.ask(&self.request()).await?;
        Ok(())
    }

    fn request(&self) -> Vec<u8> {
        let Self { host, method, path, token, body } = self;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        if !token.is_empty() {
            text += &format!("Authorization: Bearer {token}\r\n");
        }
        if !body.is_empty() {
            text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        (text + "\r\n" + body).into_bytes()
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await.with_context(|| format!("nobody listens on {host}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream), head: Vec::new(), body: Vec::new() })
    }

    /// Sends, and reads the whole answer: how long its body was.
    async fn ask(&mut self, request: &[u8]) -> anyhow::Result<usize> {
        self.stream.get_mut().write_all(request).await?;
        self.head.clear();
        while !self.head.ends_with(b"\r\n\r\n") {
            let read =
                tokio::io::AsyncBufReadExt::read_until(&mut self.stream, b'\n', &mut self.head).await?;
            ensure!(read > 0, "the connection was closed");
        }
        let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap_or_default();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let Some(length) = length.and_then(|text| text.trim().parse().ok()) else {
            bail!("an answer without its length: {head}");
        };
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        ensure!(status.starts_with('2'), "{status}: {}", String::from_utf8_lossy(&self.body));
        Ok(length)
    }
}
