//! What keys and sealing cost on one core: the median of many runs, in microseconds.

use crate::{config::Config, random::Random};
use aftercare_seal::{
    Bytes, Secret,
    ark::{self, Ark},
    bundle::Bundle,
    envelope::ItemType,
    jws::TokenKey,
    password::{Kdf, derive},
    reader::{open_items, open_key},
    writer::{Draft, Plain, seal},
};
use serde::Serialize;
use std::time::Instant as Stopwatch;

/// The words of the note, and of each of its steps.
const NOTE: usize = 2_000;
const STEP: usize = 300;
const STEPS: u8 = 10;

/// What each costs, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// A password, as new ones are hashed here: memory in KiB, passes.
    pub argon2id: (u32, u32),
    /// One of these.
    pub argon2id_us: f64,
    /// A note of 2,000 bytes with ten steps, for its patient and its doctor: sealed and signed.
    pub seal_note_us: f64,
    /// The same opened by its patient: the author verified, every word out.
    pub open_note_us: f64,
    /// Its words when sealed, in bytes.
    pub note_bytes: usize,
    /// A signature (Ed25519).
    pub sign_us: f64,
    /// One looked at.
    pub verify_us: f64,
    /// An access token looked at.
    pub token_us: f64,
}

/// The median time of some runs.
fn median<T>(runs: usize, mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begun = Stopwatch::now();
        std::hint::black_box(work()?);
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let middle = times.get(runs / 2).copied().unwrap_or_default();
    Ok((middle * 10.0).round() / 10.0)
}

/// Measures all of it.
pub fn run(config: &Config) -> anyhow::Result<Figures> {
    let mut rng = Random::seeded(1).rng();
    let kdf = Kdf { m: config.password.memory_kib, t: config.password.passes, p: 1 };
    let (author, reader) =
        (Ark::random(&mut rng).keys(Bytes([1; 16])), Ark::random(&mut rng).keys(Bytes([2; 16])));
    let (by, to) = (Bundle::of(&author, 1), Bundle::of(&reader, 1));
    let item = |item_type, id: u8, size| Plain {
        item_type,
        id: Bytes([id; 16]),
        rev: 1,
        text: vec![b'x'; size],
        clear: Vec::new(),
    };
    let draft = || Draft {
        note_id: Bytes([3; 16]),
        patient_id: Bytes([2; 16]),
        seq: 1,
        prev: Bytes([0; 32]),
        created_at: 1_772_000_000,
        items: std::iter::once(item(ItemType::Note, 3, NOTE))
            .chain((0..STEPS).map(|n| item(ItemType::Checklist, 10 + n, STEP)))
            .collect(),
    };
    let (envelope, _) = seal(draft(), &author, &by, &[&by, &to], &mut rng)?;
    let message = [7; 200];
    let sig = author.sign(&message);
    let key = TokenKey::from_seed(&Secret::random(&mut rng));
    let token = key.sign(&message);
    Ok(Figures {
        argon2id: (kdf.m, kdf.t),
        argon2id_us: median(9, || Ok(derive("correct horse battery", "ada@people.example", &[4; 16], kdf)?))?,
        seal_note_us: median(301, || Ok(seal(draft(), &author, &by, &[&by, &to], &mut rng)?))?,
        open_note_us: median(301, || {
            let key = open_key(&envelope, &[], &by, &reader, &to)?;
            Ok(open_items(&envelope, &key)?)
        })?,
        note_bytes: envelope.items.iter().map(|item| item.ct.len()).sum(),
        sign_us: median(2_001, || Ok(author.sign(&message)))?,
        verify_us: median(2_001, || Ok(ark::verify(&by.sign_pk, &message, &sig)?))?,
        token_us: median(2_001, || Ok(key.open(&token)?))?,
    })
}
