//! What is ended, held or refused is never scheduled without a question.

use aftercare_extract::extraction::{Extraction, by_rules};

fn read(note: &str) -> Extraction {
    by_rules(note, "2024-05-06".parse().ok())
}

#[test]
fn what_is_ended_first_is_all_ended() {
    for (note, actions) in [
        (
            "Plan: Stop aspirin and clopidogrel 75 mg daily.",
            ["Stop aspirin", "Stop clopidogrel 75 mg"].as_slice(),
        ),
        (
            "Plan: Stop lisinopril, ibuprofen and naproxen.",
            &["Stop lisinopril", "Stop ibuprofen", "Stop naproxen"],
        ),
        (
            "Plan: Do not take ibuprofen, naproxen or aspirin.",
            &["Do not take ibuprofen", "Do not take naproxen or aspirin"],
        ),
    ] {
        let read = read(note);
        let said: Vec<_> = read.steps.iter().map(|(step, _)| step.action.as_str()).collect();
        assert_eq!(said, actions);
        assert!(read.steps.iter().all(|(step, _)| step.timing.is_none()), "{note}");
    }
}

#[test]
fn an_end_said_otherwise_is_asked_about_and_not_scheduled() {
    for note in [
        "Plan: Ramipril 2.5 mg od - stop.",
        "Plan: Amlodipine 5 mg od - stopped.",
        "Plan: Ramipril 2.5 mg od (stop)",
        "Plan: Aspirin 75 mg od stopped.",
        "Plan: Would not start aspirin 81 mg daily.",
        "Plan: Losartan 50 mg daily was stopped in hospital and should not be restarted.",
        "Plan: No longer needs furosemide 40 mg daily.",
        "Plan: DC digoxin 125 mcg daily.",
        "Plan: c/w carvedilol 6.25 mg bid, d/c digoxin 125 mcg daily.",
        "Plan: Spironolactone 25 mg od - hold until Friday.",
    ] {
        let read = read(note);
        let timed = read.steps.iter().enumerate().find(|(_, (step, _))| step.timing.is_some());
        assert!(timed.is_none(), "{note}: {timed:?}");
        let ends = |action: &str| ["Stop", "Hold", "No "].iter().any(|verb| action.starts_with(verb));
        let asked = |at: usize| read.questions.iter().any(|question| question.step == at);
        assert!(
            read.steps.iter().enumerate().all(|(at, (step, _))| ends(&step.action) || asked(at)),
            "{note}: {:?}",
            read.questions
        );
    }
}

#[test]
fn an_end_of_a_course_is_its_end() {
    let read = read(
        "Plan: Amoxicillin 500 mg tds for 7 days then stop. Paracetamol 1 g qds, no more than 4 g a day.",
    );
    assert!(read.steps.iter().all(|(step, _)| step.timing.is_some()), "{:?}", read.steps);
}
