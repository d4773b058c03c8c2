//! What is ended, held, refused or changed is never scheduled by a guess.

use aftercare_core::step::Kind;
use aftercare_extract::extraction::{About, Extraction, by_rules};

fn read(note: &str) -> Extraction {
    by_rules(note, "2024-05-06".parse().ok())
}

fn actions(read: &Extraction) -> Vec<&str> {
    read.steps.iter().map(|(step, _)| step.action.as_str()).collect()
}

/// What ends a medicine stands before its name or behind it, over a list or in short.
#[test]
fn what_is_ended_is_a_stop_without_times() {
    for (note, expected) in [
        (
            "Plan: Stop aspirin and clopidogrel 75 mg daily.",
            ["Stop aspirin", "Stop clopidogrel 75 mg daily"].as_slice(),
        ),
        (
            "Plan: Stop lisinopril, ibuprofen and naproxen.",
            &["Stop lisinopril", "Stop ibuprofen", "Stop naproxen"],
        ),
        (
            "Plan: Do not take ibuprofen, naproxen or aspirin.",
            &["Do not take ibuprofen", "Do not take naproxen or aspirin"],
        ),
        (
            "Plan:\nSTOP taking:\n- naproxen 500 mg twice daily\n- lisinopril 10 mg daily",
            &["Stop naproxen 500 mg twice daily", "Stop lisinopril 10 mg daily"],
        ),
        (
            "Plan:\nSTOP taking:\n- Garlic capsules daily\n- St John's wort",
            &["Stop Garlic capsules daily", "Stop St John's wort"],
        ),
        ("Plan:\nHold the following:\n- metformin 500 mg BID", &["Hold metformin 500 mg BID"]),
        ("Plan: Ramipril 2.5 mg od - stop.", &["Stop Ramipril 2.5 mg od"]),
        ("Plan: Amlodipine 5 mg od - stopped.", &["Stop Amlodipine 5 mg od"]),
        ("Plan: Ramipril 2.5 mg od (stop)", &["Stop Ramipril 2.5 mg od"]),
        ("Plan: Aspirin 75 mg od on hold.", &["Hold Aspirin 75 mg od"]),
        ("Plan: Digoxin - stop.", &["Stop Digoxin"]),
        ("Plan: Spironolactone - hold until Friday.", &["Hold Spironolactone until Friday"]),
        ("Plan: d/c digoxin.", &["Stop digoxin"]),
        ("Plan: DC digoxin 125 mcg daily.", &["Stop digoxin 125 mcg daily"]),
        ("Plan: Stop apixaban 2 days before colonoscopy.", &["Stop apixaban 2 days before colonoscopy"]),
        (
            "Plan: Hold metformin for 48 hours after contrast.",
            &["Hold metformin for 48 hours after contrast"],
        ),
        ("Plan: Do not restart naproxen until seen.", &["Do not restart naproxen until seen"]),
        (
            "STOP taking:\n- ibuprofen\n- naproxen\n- aspirin",
            &["Stop ibuprofen", "Stop naproxen", "Stop aspirin"],
        ),
        ("Plan: Take aspirin 75 mg daily. Hold.", &["Hold aspirin 75 mg daily"]),
        ("Plan: Hold warfarin 2 days.", &["Hold warfarin 2 days"]),
        ("Plan: Stop sertraline over 4 weeks.", &["Stop sertraline over 4 weeks"]),
        ("Plan: Skip Friday dose of warfarin.", &["Skip Friday dose of warfarin"]),
        ("Plan: Ibuprofen 400 mg TDS. Stop this.", &["Stop Ibuprofen 400 mg TDS"]),
        ("Plan: Aspirin 75 mg - withheld due to GI bleed", &["Hold Aspirin 75 mg due to GI bleed"]),
        (
            "Plan: Do not take iron at the same time as levothyroxine.",
            &["Do not take iron at the same time as levothyroxine"],
        ),
    ] {
        let read = read(note);
        assert_eq!(actions(&read), expected);
        assert!(read.steps.iter().all(|(step, _)| step.timing.is_none()), "{note}");
        assert_eq!(read.questions, [], "{note}");
    }
}

#[test]
fn what_stands_beside_an_end_goes_on() {
    for (note, expected) in [
        (
            "Plan: c/w carvedilol 6.25 mg bid, d/c digoxin 125 mcg daily.",
            ["Continue carvedilol 6.25 mg bid", "Stop digoxin 125 mcg daily"],
        ),
        (
            "Plan: Enalapril 5 mg bd instead of lisinopril 10 mg od.",
            ["Take Enalapril 5 mg", "Stop lisinopril 10 mg od"],
        ),
        (
            "Plan:\nSTOP:\n- naproxen 500 mg BD\n\nContinue metformin 500 mg BD.",
            ["Stop naproxen 500 mg BD", "Continue metformin 500 mg"],
        ),
        (
            "Plan:\nCONTINUE:\n- metformin 500 mg BD\nSTOP:\n- naproxen 500 mg BD",
            ["Continue metformin 500 mg", "Stop naproxen 500 mg BD"],
        ),
    ] {
        let read = read(note);
        assert_eq!(actions(&read), expected);
        for (step, _) in &read.steps {
            assert_eq!(step.timing.is_some(), step.kind == Kind::Plan, "{note}: {step:?}");
        }
    }
}

/// Refused, another person's, a colleague's or done: no step, and the doctor sees it.
#[test]
fn what_is_not_the_patients_to_take_is_shown_as_unused() {
    for note in [
        "Would not start aspirin 81 mg daily",
        "Not for aspirin 75 mg od",
        "Would hold off on statin 20 mg daily",
        "Consider adding spironolactone 25 mg daily at next visit",
        "His wife will take doxycycline 100 mg BID x 7 days",
        "Wife to take azithromycin 1 g once as well",
        "Partner should take metronidazole 2 g once",
        "Mum to continue her own sertraline 100 mg daily",
        "GP please increase bisoprolol to 5mg od in 2/52",
        "GP to stop amlodipine",
        "Amoxicillin 500 mg TID for 7 days - already completed",
    ] {
        let read = read(&format!("Plan: {note}."));
        assert_eq!(actions(&read), [""; 0], "{note}");
        assert_eq!(read.unused.iter().map(|unused| unused.quote.as_str()).collect::<Vec<_>>(), [note]);
    }
    let read = read("Plan: Gabapentin 100 mg TID, may increase to 300 mg TID after 3 days.");
    assert_eq!(actions(&read), ["Take Gabapentin 100 mg"]);
    assert_eq!(read.unused[0].quote, "may increase to 300 mg TID after 3 days");
}

/// The words beside a schedule change it: nothing is left of it but a question.
#[test]
fn a_schedule_that_is_changed_is_asked_about() {
    for note in [
        "Prednisolone reducing by 5 mg every 3 days",
        "Reduce prednisone by 5 mg weekly",
        "Prednisone 60/50/40/30/20/10 mg daily, one day each",
        "Amitriptyline 10mg nocte increasing by 10mg weekly",
        "Folic acid 1 mg daily except the day of methotrexate",
        "Losartan 50 mg daily was stopped in hospital and should not be restarted",
        "Not to take with levothyroxine 50 mcg od",
    ] {
        let read = read(&format!("Plan: {note}."));
        assert!(read.steps.iter().all(|(step, _)| step.timing.is_none()), "{note}: {:?}", read.steps);
        assert!(read.questions.iter().any(|asked| asked.about == About::Timing), "{note}");
    }
}

/// What begins with something that no clock tells is asked about, and nobody is reminded of it
/// until that is answered.
#[test]
fn a_schedule_that_waits_for_something_is_not_begun_unattended() {
    for note in [
        "Once INR <2 start apixaban 5 mg BID",
        "Switch to apixaban 5 mg BID when INR <2",
        "Restart ramipril 1.25mg od once K <5.0",
        "Doxycycline 100 mg daily, start 2 days before travel",
        "Metformin 500 mg TDS, restart 48 h after angiogram",
        "Decrease Lasix from 40 mg BID to 40 mg daily",
        "Metoprolol 25 mg BID increased to 50 mg BID",
        "Take calcium 500 mg daily, not at the same time as iron",
        "Take bisoprolol on the morning of surgery",
        "Restart apixaban 5 mg BID on postop day 2",
        "Naproxen 500 mg BD during periods",
        "Warfarin 4mg/5mg alternate days",
        "Warfarin 5 mg, 2.5 mg on Tuesdays",
        "Continue warfarin 4 mg daily but take 6 mg today",
        "Titrate ramipril up to 10mg od over 4 weeks",
        "Ramipril 2.5 mg od for 2 weeks, if tolerated increase to 5 mg od",
        "Alternate ibuprofen and paracetamol every 3 hours",
    ] {
        let read = read(&format!("Plan: {note}."));
        assert_eq!(read.steps.len(), 1, "{note}: {:?}", read.steps);
        assert!(read.questions.iter().any(|asked| asked.about == About::Timing), "{note}");
        let (step, _) = &read.steps[0];
        assert!(
            step.timing.as_ref().is_some_and(aftercare_core::timing::Timing::is_scheduled),
            "{note}: {step:?}"
        );
        assert_eq!(read.unattended().steps[0].0.timing, None, "{note}");
    }
}

/// An old dose beside the new one is a medicine that stands twice: nobody is reminded of both.
#[test]
fn an_old_dose_beside_the_new_one_is_asked_about() {
    for note in [
        "On metformin 500 mg BD. Increase to 1 g BD",
        "HTN: on lisinopril 10 mg daily, increase to 20 mg daily",
        "Allopurinol 100 mg daily; increase to 200 mg daily in 4 weeks",
        "Lisinopril 10 mg -> 20 mg daily",
        "Warfarin 5 mg daily but 7.5 mg on Mondays",
    ] {
        let read = read(&format!("Plan: {note}."));
        assert!(read.questions.iter().any(|asked| asked.about == About::Duplicate), "{note}");
        let timed = read.unattended().steps.into_iter().find(|(step, _)| step.timing.is_some());
        assert_eq!(timed, None, "{note}");
    }
    // Where the change waits for something, what is taken now goes on.
    let read = read("Plan: Symbicort 2 puffs BD, drop to 1 puff BD when well.").unattended();
    let timed: Vec<_> = read.steps.iter().map(|(step, _)| step.timing.is_some()).collect();
    assert_eq!(timed, [true, false]);
}

/// Where a medicine is not to be taken for once, it is to be taken else.
#[test]
fn a_condition_to_hold_is_no_hold() {
    for note in [
        "Metoprolol 25 mg BID, hold for SBP <100",
        "Carvedilol 6.25 mg BID - hold for HR <60",
        "Ramipril 5mg od, omit if vomiting",
        "Enoxaparin 80 mg SC BID, stop when INR >2 for 24 hours",
    ] {
        let read = read(&format!("Plan: {note}."));
        assert_eq!((read.steps.len(), read.safety_net.len()), (1, 1), "{note}: {:?}", read.steps);
        let (step, _) = &read.steps[0];
        assert!(step.action.starts_with("Take ") && step.timing.is_some(), "{note}: {step:?}");
    }
}

/// An order behind a finding is an order.
#[test]
fn an_order_ends_the_story_that_it_stands_in() {
    for note in [
        "O/E chest clear. Start amoxicillin 500mg tds 5/7.",
        "PMH: HTN. Start amlodipine 5mg od.",
        "Results: TSH 8.2. Increase levothyroxine to 75 mcg od.",
    ] {
        assert_eq!(read(note).steps.len(), 1, "{note}");
    }
}

#[test]
fn a_second_stage_needs_no_name() {
    let read = read("Plan: Take half a tablet daily for 2 weeks then one tablet daily.");
    assert_eq!(actions(&read), ["Take half a tablet", "Take one tablet"]);
    assert_eq!(read.follow, [1]);
}

#[test]
fn two_doses_of_a_day_are_two_steps() {
    let read = read("Plan: Risperidone 0.5 mg am and 1 mg nocte.");
    assert_eq!(actions(&read), ["Take Risperidone 0.5 mg", "Take risperidone 1 mg"]);
    assert_eq!(read.questions, []);
}

#[test]
fn a_taper_is_a_step_for_each_stage() {
    let read = read("Plan: Prednisone 40 mg daily x 3d, 30 mg x 3d, 20 mg x 3d then stop.");
    let starts: Vec<_> = read
        .steps
        .iter()
        .map(|(step, _)| {
            let timing = serde_json::to_value(step.timing.as_ref()).expect("a timing");
            (timing["frequency"].as_u64(), timing["start"]["value"].as_u64().unwrap_or(0))
        })
        .collect();
    assert_eq!(starts, [(Some(1), 0), (Some(1), 3), (Some(1), 6)]);
    assert_eq!(read.questions, []);
}

/// A lone "Stop." ends what stands right before it, and nothing farther off.
#[test]
fn a_stop_far_away_ends_nothing() {
    let read = read("Plan: Take aspirin 75 mg daily. Nothing else was said. Stop.");
    assert_eq!(actions(&read), ["Take aspirin 75 mg"]);
}

#[test]
fn a_new_list_is_begun() {
    let read = read("START:\n- ramipril 5 mg daily\n- amlodipine 5 mg daily\n- aspirin 75 mg daily");
    assert_eq!(actions(&read), ["Start ramipril 5 mg", "Start amlodipine 5 mg", "Start aspirin 75 mg"]);
    assert!(read.steps.iter().all(|(step, _)| step.timing.is_some()), "{:?}", read.steps);
}

#[test]
fn an_end_of_a_course_is_its_end() {
    for note in
        ["Prednisolone 30 mg daily for 5 days. Stop.", "Prednisolone 30 mg daily, last dose tomorrow."]
    {
        let read = read(note);
        assert_eq!(actions(&read), ["Take Prednisolone 30 mg"], "{note}");
        let timing = read.steps[0].0.timing.clone().expect("a timing");
        assert!(timing.duration.is_some() || timing.until.is_some(), "{note}: {timing:?}");
    }
    let read = read(
        "Plan: Amoxicillin 500 mg tds for 7 days then stop. Paracetamol 1 g qds, no more than 4 g a day.",
    );
    assert!(read.steps.iter().all(|(step, _)| step.timing.is_some()), "{:?}", read.steps);
}

/// What a medicine for need is for may come first; what else is to be done then stays conditional.
#[test]
fn a_medicine_for_need_is_a_step_though_its_reason_comes_first() {
    for note in [
        "If you have a headache, take paracetamol 500 mg as needed, at most 4 times a day.",
        "If you have pain, take ibuprofen 400 mg every 6 hours as needed.",
    ] {
        let read = read(note);
        assert!(read.steps.len() == 1 && read.steps[0].0.timing.as_ref().unwrap().as_needed, "{note}");
        assert!(read.safety_net.is_empty(), "{note}");
    }
    for note in [
        "If pain gets worse, take tramadol 50 mg prn and call us.",
        "If you vomit, hold metformin as needed.",
        "If you are dizzy, stop the tablets and see a doctor.",
    ] {
        let read = read(note);
        assert!(read.steps.is_empty() && read.safety_net.len() == 1, "{note}: {:?}", read.steps);
    }
}
