//! Drug-safety courtesy: what a doctor may have overlooked, asked and never advised.
//!
//! Deterministic, and listed in `docs/EXTRACTION.md`. Nothing here knows a medicine's doses: it asks
//! about what looks like a slip of the pen.

use crate::{
    drugs,
    extraction::{About, Question},
    timing,
    token::tokens,
};
use aftercare_core::{
    step::{Category, Kind, Step},
    timing::Unit,
};

/// More often a day is asked about.
const MOST_A_DAY: f64 = 6.0;
/// A longer course of a medicine is asked about, in days.
const LONGEST_COURSE: u64 = 180;

/// What to ask about the steps of one note; `follow` names the stages of tapers.
pub(crate) fn questions(steps: &[(Step, usize)], follow: &[usize]) -> Vec<Question> {
    let mut out = Vec::new();
    let mut named: Vec<(String, &Step)> = Vec::new();
    for (index, (step, _)) in steps.iter().enumerate() {
        if step.kind != Kind::Plan || step.category != Category::Medication {
            continue;
        }
        let mut ask = |about| {
            out.push(Question { step: index, about, evidence: step.evidence.clone() });
        };
        if often(step) > MOST_A_DAY {
            ask(About::Often);
        }
        if long(step) {
            ask(About::LongCourse);
        }
        let words = tokens(&step.evidence);
        let name = words.iter().position(drugs::is_drug);
        if name.is_some_and(|at| timing::is_bare_strength(&words, at)) {
            ask(About::Dose);
        }
        // A negated medicine is none that is taken, and a stage is the same one on purpose.
        let Some(name) = drug_of(step).filter(|_| !follow.contains(&index)) else { continue };
        if words.iter().any(|word| word.is(&["no", "not", "avoid", "stop", "don't", "dont", "never"])) {
            continue;
        }
        if named.iter().any(|(other, before)| *other == name && !apart(before, step)) {
            ask(About::Duplicate);
        }
        named.push((name, step));
    }
    out
}

/// The medicine that a step names, in the note's words or in ours.
pub(crate) fn drug_of(step: &Step) -> Option<String> {
    let name = |text: &str| {
        let words = tokens(text);
        let at = words.iter().position(drugs::is_drug)?;
        // "Insulin glargine" and "insulin lispro" are two.
        let kind = words[at].is(&["insulin", "vitamin", "eye", "iron"]);
        let next = words.get(at + 1).filter(|_| kind).map_or("", |next| next.text.as_str());
        Some(format!("{} {next}", words[at].text))
    };
    name(&step.evidence).or_else(|| name(&step.action))
}

/// Whether two doses of one medicine are for other times: "25 mg in the morning", "50 mg at night".
fn apart(a: &Step, b: &Step) -> bool {
    let times = |step: &Step| {
        let timing = step.timing.clone().unwrap_or_default();
        let whens = timing.when.iter().map(|when| format!("{when:?}"));
        let clocks = timing.time_of_day.iter().map(ToString::to_string);
        (whens.chain(clocks).collect::<Vec<_>>(), timing.day_of_week)
    };
    let ((a_times, a_days), (b_times, b_days)) = (times(a), times(b));
    let none_shared =
        |a: &[String], b: &[String]| !a.is_empty() && !b.is_empty() && a.iter().all(|time| !b.contains(time));
    let days = !a_days.is_empty() && !b_days.is_empty() && a_days.iter().all(|day| !b_days.contains(day));
    none_shared(&a_times, &b_times) || days || a.timing.as_ref().is_some_and(|timing| timing.as_needed)
}

/// How often a day.
fn often(step: &Step) -> f64 {
    let Some(timing) = &step.timing else { return 0.0 };
    let (frequency, period, unit) = timing.rate();
    let minutes = f64::from(period)
        * match unit {
            Unit::Min => 1.0,
            Unit::H => 60.0,
            _ => 1_440.0,
        };
    let times = f64::from(frequency.max(timing.frequency_max.unwrap_or(0)));
    if timing.recurs() || timing.frequency_max.is_some() { times * 1_440.0 / minutes } else { 0.0 }
}

fn long(step: &Step) -> bool {
    let duration = step.timing.as_ref().and_then(|timing| timing.duration);
    duration.is_some_and(|duration| {
        let value = u64::from(duration.max.unwrap_or(duration.value));
        value.saturating_mul(duration.unit.approximate_minutes()) > LONGEST_COURSE * 1_440
    })
}

#[cfg(test)]
mod tests {
    use crate::extraction::{About, by_rules};

    fn asked(note: &str) -> Vec<About> {
        by_rules(note, None).questions.into_iter().map(|question| question.about).collect()
    }

    #[test]
    fn slips_of_the_pen_are_asked_about() {
        for (note, about) in [
            (
                "Take amoxicillin 500 mg daily for 7 days. Take amoxicillin 250 mg daily for 7 days.",
                About::Duplicate,
            ),
            ("Take metformin 500 twice daily.", About::Dose),
            ("Take prednisone 5 mg daily for 2 years.", About::LongCourse),
            ("Take ibuprofen 400 mg every 2 hours.", About::Often),
            ("Take paracetamol 500 mg eight times a day.", About::Often),
            ("Take paracetamol 1 g.", About::Frequency),
        ] {
            assert_eq!(asked(note), [about], "{note}");
        }
    }

    #[test]
    fn what_is_in_order_is_not() {
        for note in [
            "Take amoxicillin 500 mg three times a day for 7 days.",
            "Prednisone 40 mg daily x 5 days, then 20 mg daily x 5 days, then 10 mg daily x 5 days.",
            "Take paracetamol 1 g every 4 hours, max 4 g in 24 h.",
            "Stop ibuprofen. Take ibuprofen 200 mg daily from now on.",
            "Take warfarin 5 mg daily for 3 months.",
            "Salbutamol 2 puffs every 4 hours as needed.",
        ] {
            assert_eq!(asked(note), [], "{note}");
        }
    }
}
