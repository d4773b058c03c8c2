//! Dosage sentences as pharmacies write them (`eval/sigs`): what is clear is read right, what is
//! not is never given a schedule.
#![expect(clippy::unwrap_used, reason = "test files that stand beside the code")]

use aftercare_core::{
    step::Kind,
    timing::{Timing, Unit},
};
use aftercare_extract::timing;
use std::path::Path;

#[derive(serde::Deserialize)]
struct Sig {
    sig: String,
    timing: Option<Timing>,
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval/sigs").join(name)).unwrap()
}

/// "Every morning" is once a day in the morning, whether the rate is written out or not.
fn plain(mut timing: Timing) -> Timing {
    let times = u32::try_from(timing.when.len()).unwrap();
    let said = (timing.frequency, timing.period, timing.period_unit);
    if said == (Some(times), Some(1), Some(Unit::D)) && !timing.when.iter().any(|when| when.is_meal()) {
        (timing.frequency, timing.period, timing.period_unit) = (None, None, None);
    }
    timing
}

#[test]
fn clear_sentences_are_read_right() {
    let sigs: Vec<Sig> = file("nhs.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(sigs.len(), 95);
    let right = |sig: &Sig| {
        let read = timing::read(&sig.sig, Kind::Plan, None).schedule();
        plain(read) == plain(sig.timing.clone().unwrap_or_default())
    };
    let wrong: Vec<_> = sigs.iter().filter(|sig| !right(sig)).map(|sig| &sig.sig).collect();
    assert_eq!(wrong, ["1 tablet at ntight to help sleep"]);
}

#[test]
fn unclear_sentences_get_no_schedule() {
    let lines = file("refuse.txt");
    let lines: Vec<_> = lines.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 41);
    let schedule = |line: &str| timing::read(line, Kind::Plan, None).schedule();
    let guessed: Vec<_> = lines.iter().filter(|line| schedule(line) != Timing::default()).collect();
    assert!(guessed.is_empty(), "{guessed:#?}");
}
