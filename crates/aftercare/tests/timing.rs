//! Whether the time of an answer tells who has an account: a two-sample test (Mann–Whitney) over 500
//! sign-ins, half of them for addresses that have none.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it found"
)]

mod common;

use aftercare_store::testing::On;
use common::{TestApp, email};
use serde_json::{Value, json};
use std::time::Instant;

const EACH: usize = 250;

/// The probability of samples as far apart as these, were they from one distribution.
fn mann_whitney(one: &[u128], other: &[u128]) -> f64 {
    let mut all: Vec<(u128, bool)> =
        one.iter().map(|t| (*t, true)).chain(other.iter().map(|t| (*t, false))).collect();
    all.sort_unstable();
    // Nanoseconds hardly ever tie.
    let ranks: f64 =
        all.iter().zip(1_u32..).filter(|((_, first), _)| *first).map(|(_, rank)| f64::from(rank)).sum();
    let count = |samples: &[u128]| f64::from(u32::try_from(samples.len()).unwrap());
    let (first, second) = (count(one), count(other));
    let u = ranks - first * (first + 1.0) / 2.0;
    let z = (u - first * second / 2.0) / (first * second * (first + second + 1.0) / 12.0).sqrt();
    // The complementary error function (Abramowitz and Stegun 7.1.26).
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    poly * (-x * x).exp()
}

/// One in a thousand is chance once; twice it is not.
async fn compare(app: &TestApp, what: &str, path: &str, body: impl Fn(String) -> Value, expected: u16) {
    // A few first, so that both find the same warmth.
    for n in 0..20 {
        app.anon().post(path, body(email(&format!("Warm {n}")))).await;
    }
    let mut p = sample(app, what, path, &body, expected).await;
    if p <= 0.001 {
        p = sample(app, what, path, &body, expected).await;
    }
    assert!(p > 0.001, "{what}: p = {p}: the time tells who has an account");
}

async fn sample(app: &TestApp, what: &str, path: &str, body: impl Fn(String) -> Value, expected: u16) -> f64 {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..EACH {
        for there in [n % 2 == 0, n % 2 == 1] {
            let name = if there { format!("Known {}", n % 50) } else { format!("Nobody {}", n % 50) };
            let body = body(email(&name));
            let begun = Instant::now();
            let answer = app.anon().post(path, body).await;
            let took = begun.elapsed().as_nanos();
            assert_eq!(answer.status, expected, "{name}");
            if there { known.push(took) } else { unknown.push(took) }
        }
    }
    let p = mann_whitney(&known, &unknown);
    let median = |samples: &mut Vec<u128>| {
        samples.sort_unstable();
        samples[samples.len() / 2] / 1_000
    };
    println!("{what}: p = {p:.3}, medians {} µs and {} µs", median(&mut known), median(&mut unknown));
    p
}

#[tokio::test]
async fn the_time_of_an_answer_tells_nobody_who_has_an_account() {
    let settings = [
        ("AFTERCARE_LIMITS__FAILURES_PER_ACCOUNT", "1000000"),
        ("AFTERCARE_LIMITS__FAILURES_PER_ADDRESS", "1000000"),
    ];
    let app = TestApp::with(On::Sqlite, &settings).await;
    for n in 0..50 {
        app.patient(&format!("Known {n}")).await;
    }
    let auth_key = |email: String| json!({ "email": email, "auth_key": "A".repeat(43) });
    compare(&app, "sign-in with auth_key", "/api/login/", auth_key, 401).await;
    compare(&app, "parameters", "/api/auth/params/", |email| json!({ "email": email }), 200).await;
    // Ten failures each so far; a hundred would lock.
    let password = |email: String| json!({ "email": email, "password": "not the password" });
    compare(&app, "sign-in with a password", "/api/login/", password, 401).await;
    let recover = |email: String| json!({ "email": email, "auth": "A".repeat(43) });
    compare(&app, "recovery", "/api/recovery/", recover, 401).await;
}

#[test]
fn the_test_finds_a_difference() {
    let one: Vec<u128> = (0..250).map(|n| 1_000 + n * 7 % 500).collect();
    let slower: Vec<u128> = one.iter().map(|time| time + 60).collect();
    assert!(mann_whitney(&one, &slower) < 0.001);
    let same: Vec<u128> = (0..250).map(|n| 1_003 + n * 7 % 500).collect();
    assert!(mann_whitney(&one, &same) > 0.2);
}
