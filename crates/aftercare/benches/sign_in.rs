//! `make figures`: what signing in costs the server, and what a rush of it does to others. The real
//! binary on loopback with its own settings: 64 MiB and three passes a password, two at once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it fails by panicking, prints, and looks at the real time"
)]

use aftercare::{
    client::{Client, Derived, NewAccount, Service, Transport},
    clock::ServiceClock,
    random::Random,
};
use aftercare_core::clock::Clock;
use aftercare_seal::password::Kdf;
use axum::http::Method;
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const PASSWORD: &str = "correct horse battery";
/// Sealed sign-ins, one after another.
const SEALED: u32 = 3_000;
/// Sign-ins of the rush.
const SIGN_INS: u32 = 200;
/// So many people are in the rush, ten times each.
const CROWD: u32 = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (mut child, base) = serve(folder.path());
        let to = Transport::There(base.clone(), reqwest::Client::builder().build().unwrap());
        // The cheapest derivation: it is the client's cost, not the server's.
        let kdf = Kdf { m: 19_456, t: 2, p: 1 };
        let now = ServiceClock::default().now();
        let random = Random::seeded(1);
        let who = NewAccount { role: "patient", name: "Ada", email: "ada@people.example", password: PASSWORD, time_zone: "UTC", specialty: None };
        Client::sign_up(&to, &random, now, kdf, &who).await.unwrap();
        for n in 0..CROWD {
            let email = format!("ben{n}@people.example");
            let body = json!({ "role": "patient", "name": "Ben", "email": email, "password": PASSWORD });
            to.send(None, Method::POST, "/api/signup/", Some(&body)).await.unwrap();
        }

        let sealed = sealed_cpu_ms(&to, child.id()).await;
        let assisted = assisted_cpu_ms(&to, child.id()).await;
        let (rush, alone, peak, answered) = rush(&base, &to, child.id()).await;
        let figures = json!({
            "sealed_sign_in_cpu_ms": sealed,
            "assisted_sign_in_cpu_ms": assisted,
            "rush_of_200": { "others_p99_ms": rush, "others_p99_ms_alone": alone, "peak_resident_mib": peak, "answered_200": answered.0, "answered_503": answered.1 },
        });
        println!("{}", serde_json::to_string_pretty(&figures).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

/// User and system time of a process, in milliseconds (100 ticks a second).
fn cpu_ms(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() * 10.0
}

/// Three requests each: parameters, both legs. The device's own derivation is done once, before: on the
/// server's machine it would only empty the server's caches.
async fn sealed_cpu_ms(to: &Transport, pid: u32) -> f64 {
    let random = Arc::new(Random::seeded(2));
    let derived = Derived::new(to, "ada@people.example", PASSWORD).await.unwrap();
    let parameters = json!({ "email": "ada@people.example" });
    let before = cpu_ms(pid);
    for _ in 0..SEALED {
        to.send(None, Method::POST, "/api/auth/params/", Some(&parameters)).await.unwrap();
        Client::sign_in_with(to, Arc::clone(&random), &derived, json!({})).await.unwrap();
    }
    round((cpu_ms(pid) - before) / f64::from(SEALED))
}

async fn assisted_cpu_ms(to: &Transport, pid: u32) -> f64 {
    let body = json!({ "email": "ben0@people.example", "password": PASSWORD });
    let before = cpu_ms(pid);
    for _ in 0..20 {
        to.send(None, Method::POST, "/api/login/", Some(&body)).await.unwrap();
    }
    round((cpu_ms(pid) - before) / 20.0)
}

/// 200 sign-ins at once, while somebody else reads: their 99th percentile in and without the rush, the
/// most memory, and how the 200 were answered.
async fn rush(base: &str, to: &Transport, pid: u32) -> (f64, f64, f64, (usize, usize)) {
    let random = Arc::new(Random::seeded(3));
    let ada = Client::sign_in(to, random, "ada@people.example", PASSWORD, json!({})).await.unwrap();
    let alone = p99(&ada, Duration::from_secs(3)).await;
    let http = reqwest::Client::builder().build().unwrap();
    let crowd: Vec<_> = (0..SIGN_INS)
        .map(|n| {
            let (http, url) = (http.clone(), format!("{base}/api/login/"));
            tokio::spawn(async move {
                let body =
                    json!({ "email": format!("ben{}@people.example", n % CROWD), "password": PASSWORD })
                        .to_string();
                let request = http.post(url).header("content-type", "application/json").body(body);
                request.send().await.unwrap().status().as_u16()
            })
        })
        .collect();
    let during = p99(&ada, Duration::from_secs(3)).await;
    let mut answers = Vec::new();
    for one in crowd {
        answers.push(one.await.unwrap());
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let peak = peak.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    (during, alone, round(peak), (count(200), count(503)))
}

async fn p99(client: &Client, time: Duration) -> f64 {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        let one = Instant::now();
        client.get("/api/reminders/").await.unwrap();
        times.push(one.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times.sort_by(f64::total_cmp);
    round(times[times.len() * 99 / 100])
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn serve(folder: &Path) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(env!("CARGO_BIN_EXE_aftercare"))
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(folder.join("data"))
        .env("AFTERCARE_LIMITS__FAILURES_PER_ACCOUNT", "1000")
        .env("AFTERCARE_LIMITS__FAILURES_PER_ADDRESS", "1000")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("is ready"), "{line}");
    (child, format!("http://127.0.0.1:{port}"))
}
