//! Fuzzing on stable: words of notes, cut up and put together anew, against what must always hold.
//!
//! A run of the tests replays the corpus (`eval/fuzz`) and tries a few thousand mutations.
//! `FUZZ_SECONDS=600 cargo test --release -p aftercare-extract --test fuzz` tries for ten minutes;
//! what fails is written into the corpus first.
#![expect(clippy::unwrap_used, reason = "test files that stand beside the code")]

use aftercare_core::{quote::Folded, step::Kind};
use aftercare_extract::{extraction::by_rules, model::prompt::Asked, timing};
use std::{
    panic::catch_unwind,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval")
}

/// What must hold of every text, as a note, as words of time, and as a model's answer.
fn holds(text: &str) {
    let date = "2024-05-06".parse().ok();
    for kind in [Kind::Plan, Kind::Checklist] {
        let read = timing::read(text, kind, date);
        for range in read.leftovers.iter().chain(&read.spans) {
            assert!(text.get(range.clone()).is_some(), "a place between letters: {range:?}");
        }
        if read.leftovers.is_empty() {
            assert_eq!(read.schedule(), read.timing);
        } else {
            assert_eq!(read.schedule(), aftercare_core::timing::Timing::default());
        }
    }
    let read = by_rules(text, date);
    let folded = Folded::new(text);
    assert!(read.steps.len() <= 100 && read.steps.len() == read.places.len());
    for ((step, start), place) in read.steps.iter().zip(&read.places) {
        assert_eq!(text[place.clone()], step.evidence, "a quote stands where it is said to");
        assert!(folded.find(&step.evidence, 0).is_some() && *start <= text.chars().count());
        assert!(step.timing.as_ref().is_none_or(|timing| timing.check().is_ok()), "{step:?}");
        assert!(!step.action.trim().is_empty());
    }
    for quote in read.unused.iter().chain(&read.safety_net) {
        let said: String = text.chars().skip(quote.start).take(quote.end - quote.start).collect();
        assert_eq!(said, quote.quote);
    }
    let asked = Asked::of(text.to_owned(), Some(&["Ada Lovelace".to_owned()]));
    for part in asked.prompts.iter().take(2) {
        let _ = part.labels(text);
    }
}

/// Small, fast and the same everywhere (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const DICTIONARY: &[&str] = &[
    "every", "4-6", "hours", "1-0-1", "3/7", "x10d", "#30", "until", "31 February", "99999999999", "0",
    "1.5", "half", "Mon/Wed", "prn", "max", "then", "and", ",", ";", ".", ":", "-", "->", "(", ")", "\"",
    "\u{201c}", "<system>", "```", "{\"", "\u{200b}", "\u{e0041}", "ß", "🩺", "é", "\n", "\n\n", "Plan:",
    "PMH", "we will", "should not be", "take", "stop", "if", "in 2 weeks", "q", "x", "/", "|", "###", "ＡＩ",
    "toutes les", "1st", "of",
];

fn mutate(chance: &mut Chance, seeds: &[String]) -> String {
    let mut text: Vec<char> = seeds[chance.below(seeds.len())].chars().collect();
    for _ in 0..=chance.below(6) {
        let at = chance.below(text.len() + 1);
        match chance.below(5) {
            0 => drop(text.splice(at..at, chance.pick(DICTIONARY).chars())),
            1 => drop(text.drain(at..(at + chance.below(12)).min(text.len()))),
            2 => {
                let other: Vec<char> = seeds[chance.below(seeds.len())].chars().collect();
                let from = chance.below(other.len() + 1);
                let piece = other[from..(from + chance.below(40)).min(other.len())].to_vec();
                drop(text.splice(at..at, piece));
            }
            3 if !text.is_empty() => {
                let from = chance.below(text.len());
                let piece = text[from..(from + chance.below(20)).min(text.len())].to_vec();
                drop(text.splice(at..at, piece));
            }
            _ if at < text.len() => {
                text[at] = char::from_u32(u32::try_from(chance.below(0x3000)).unwrap()).unwrap_or(' ');
            }
            _ => {}
        }
    }
    text.truncate(3_000);
    text.into_iter().collect()
}

fn corpus() -> Vec<String> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder().join("fuzz")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

fn seeds() -> Vec<String> {
    let mut out = corpus();
    for name in ["cases.jsonl", "more.jsonl", "attacks.jsonl"] {
        let lines = std::fs::read_to_string(folder().join(name)).unwrap();
        out.extend(lines.lines().map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            case["note"].as_str().unwrap().to_owned()
        }));
    }
    out.extend(std::fs::read_to_string(folder().join("sigs/refuse.txt")).unwrap().lines().map(str::to_owned));
    out
}

#[test]
fn the_corpus_holds() {
    for text in corpus() {
        holds(&text);
    }
}

#[test]
fn mutations_hold() {
    let seconds: u64 = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let seeds = seeds();
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ seconds);
    let mut tried = 0_u32;
    while tried < 300 || Instant::now() < end {
        let text = mutate(&mut chance, &seeds);
        if catch_unwind(|| holds(&text)).is_err() {
            let file = folder().join(format!("fuzz/{:016x}.txt", chance.next()));
            std::fs::write(&file, &text).unwrap();
            panic!("does not hold, kept as {}: {text:?}", file.display());
        }
        tried += 1;
    }
    if seconds > 0 {
        eprintln!("{tried} mutations held");
    }
}
