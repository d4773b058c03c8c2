//! The vocabulary of the contract, line by line.

use super::*;

fn json(text: &str, kind: Kind) -> String {
    let date = "2024-05-06".parse().ok();
    serde_json::to_string(&read(text, kind, date).timing).unwrap()
}

#[test]
fn plans() {
    for (text, expected) in [
        (
            "daily for 7 days",
            r#"{"frequency":1,"period":1,"periodUnit":"d","duration":{"value":7,"unit":"d"}}"#,
        ),
        (
            "500 mg PO TID x 10d with food",
            r#"{"frequency":3,"period":1,"periodUnit":"d","duration":{"value":10,"unit":"d"}}"#,
        ),
        ("400 mg q6h PRN pain", r#"{"frequency":1,"period":6,"periodUnit":"h","asNeeded":true}"#),
        (
            "1-2 tabs PO q4-6h PRN pain",
            r#"{"frequency":1,"period":4,"periodMax":6,"periodUnit":"h","asNeeded":true}"#,
        ),
        ("20mg PO qHS", r#"{"frequency":1,"period":1,"periodUnit":"d","when":["HS"]}"#),
        (
            "1000 mg 1-0-1 für 3 Monate",
            r#"{"frequency":2,"period":1,"periodUnit":"d","when":["MORN","EVE"],"duration":{"value":3,"unit":"mo"}}"#,
        ),
        (
            "2x täglich für 7 Tage",
            r#"{"frequency":2,"period":1,"periodUnit":"d","duration":{"value":7,"unit":"d"}}"#,
        ),
        ("bei Bedarf", r#"{"asNeeded":true}"#),
        ("morgens und abends", r#"{"when":["MORN","EVE"]}"#),
        (
            "cada 8 horas durante 7 días",
            r#"{"frequency":1,"period":8,"periodUnit":"h","duration":{"value":7,"unit":"d"}}"#,
        ),
        ("5 mg Mon/Wed/Fri", r#"{"dayOfWeek":["mon","wed","fri"]}"#),
        ("every second Tuesday", r#"{"frequency":1,"period":2,"periodUnit":"wk","dayOfWeek":["tue"]}"#),
        ("3 times per week", r#"{"frequency":3,"period":1,"periodUnit":"wk"}"#),
        ("3-4 times a day", r#"{"frequency":3,"frequencyMax":4,"period":1,"periodUnit":"d"}"#),
        (
            "up to four times a day if needed",
            r#"{"frequencyMax":4,"period":1,"periodUnit":"d","asNeeded":true}"#,
        ),
        ("20 mg q2pm", r#"{"frequency":1,"period":1,"periodUnit":"d","timeOfDay":["14:00"]}"#),
        ("at 22:00", r#"{"timeOfDay":["22:00"]}"#),
        ("abx for 3/7", r#"{"duration":{"value":3,"unit":"d"}}"#),
        ("QOD", r#"{"frequency":1,"period":2,"periodUnit":"d"}"#),
        ("2-4 puffs 4hrly", r#"{"frequency":1,"period":4,"periodUnit":"h"}"#),
        ("15 mg once a day, dispense 14", r#"{"frequency":1,"period":1,"periodUnit":"d","count":14}"#),
        ("once daily x 3 doses", r#"{"frequency":1,"period":1,"periodUnit":"d","count":3}"#),
        ("for a fortnight", r#"{"duration":{"value":2,"unit":"wk"}}"#),
        ("for the next couple of weeks", r#"{"duration":{"value":2,"unit":"wk"}}"#),
        (
            "thrice daily for three days",
            r#"{"frequency":3,"period":1,"periodUnit":"d","duration":{"value":3,"unit":"d"}}"#,
        ),
        (
            "twice daily from 13 March until 2 April 2024",
            r#"{"frequency":2,"period":1,"periodUnit":"d","until":"2024-04-02","start":{"date":"2025-03-13"}}"#,
        ),
        ("before each meal", r#"{"when":["AC"]}"#),
        ("each morning", r#"{"frequency":1,"period":1,"periodUnit":"d","when":["MORN"]}"#),
        ("weekly until stable", r#"{"frequency":1,"period":1,"periodUnit":"wk"}"#),
        ("ice for 20 minutes, 3 times daily", r#"{"frequency":3,"period":1,"periodUnit":"d"}"#),
        ("4-6 weeks", r#"{"duration":{"value":4,"max":6,"unit":"wk"}}"#),
        ("regular paracetamol", "{}"),
    ] {
        assert_eq!(json(text, Kind::Plan), expected, "{text}");
    }
}

#[test]
fn tasks_have_only_a_due_time() {
    for (text, expected) in [
        ("f/u 3mo", r#"{"start":{"value":3,"unit":"mo"}}"#),
        ("BP recheck in 2/52", r#"{"start":{"value":2,"unit":"wk"}}"#),
        ("Clinic in six weeks", r#"{"start":{"value":6,"unit":"wk"}}"#),
        ("within a week", r#"{"start":{"value":1,"unit":"wk"}}"#),
        ("next week", r#"{"start":{"value":1,"unit":"wk"}}"#),
        ("tomorrow", r#"{"start":{"value":1,"unit":"d"}}"#),
        ("Appointment 3 June 2024 at 10:30", r#"{"start":{"date":"2024-06-03"}}"#),
        ("in about one week's time", r#"{"start":{"value":1,"unit":"wk"}}"#),
        ("after forty-eight hours", r#"{"start":{"value":48,"unit":"h"}}"#),
        ("review on Friday", r#"{"start":{"date":"2024-05-10"}}"#),
        ("CBC in 1 wk", r#"{"start":{"value":1,"unit":"wk"}}"#),
        ("buy drug A", "{}"),
    ] {
        assert_eq!(json(text, Kind::Checklist), expected, "{text}");
    }
}

#[test]
fn what_is_not_read_is_left_over() {
    for text in ["take 12 3 weekly-ish 9", "every so often", "2 or 3 blorps times"] {
        assert!(!read(text, Kind::Plan, None).leftovers.is_empty(), "{text}");
    }
    for text in ["500 mg PO TID x 10d", "type 2 diabetes", "2.5 ml twice daily"] {
        assert_eq!(read(text, Kind::Plan, None).leftovers, [], "{text}");
    }
}

/// Words that turn a reading around. The note's date, 6 May 2024, is a Monday.
#[test]
fn weekdays_as_exceptions_and_as_dates() {
    for (text, expected) in [
        (
            "daily except Sunday",
            r#"{"frequency":1,"period":1,"periodUnit":"d","dayOfWeek":["mon","tue","wed","thu","fri","sat"]}"#,
        ),
        (
            "daily, but not on Saturday and Sunday",
            r#"{"frequency":1,"period":1,"periodUnit":"d","dayOfWeek":["mon","tue","wed","thu","fri"]}"#,
        ),
        ("daily until Friday", r#"{"frequency":1,"period":1,"periodUnit":"d","until":"2024-05-10"}"#),
        (
            "daily for 5 days starting next Monday",
            r#"{"frequency":1,"period":1,"periodUnit":"d","duration":{"value":5,"unit":"d"},"start":{"date":"2024-05-13"}}"#,
        ),
        ("on Monday and Thursday", r#"{"dayOfWeek":["mon","thu"]}"#),
    ] {
        assert_eq!(json(text, Kind::Plan), expected, "{text}");
    }
    // Without the note's date nobody knows which Friday: a question, never every Friday.
    let undated = read("daily until Friday", Kind::Plan, None);
    assert!(undated.timing.day_of_week.is_empty() && !undated.leftovers.is_empty());
    // Dates with slashes are read differently in different countries.
    let slashed = read("on 3/12/2026", Kind::Checklist, "2026-11-25".parse().ok());
    assert!(slashed.timing.start.is_none() && !slashed.leftovers.is_empty());
}
