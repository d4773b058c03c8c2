//! Items of a list, and things that are recommended: instructions without a verb, told by what
//! they name and when it is due.

use super::{
    act::Found,
    begins::{begins_dose, begins_drug, begins_measure, begins_test, begins_visit},
    frame,
    verbs::{self, Verb},
};
use crate::{
    drugs::{is_drug, is_strength},
    lexicon::Class,
    timing,
    token::{Shape, Token},
};
use aftercare_core::{
    step::{Category, Kind},
    timing::{Start, Timing},
};

/// A thing that is recommended, ordered or needed.
pub(super) fn thing(rest: &[Token], has_drug: bool) -> Found {
    for at in 0..rest.len().min(7) {
        let tail = &rest[at..];
        if begins_drug(tail) || has_drug && begins_dose(tail) {
            return Found::Drug;
        }
        if begins_measure(tail) {
            return Found::Measure;
        }
        if tail[0].is_a(Class::VISIT) || begins_visit(tail) {
            return Found::Visit;
        }
        if tail[0].is_a(Class::TEST) || begins_test(tail) {
            return Found::Test;
        }
        if tail[0].is_a(Class::HABIT) {
            return Found::Habit;
        }
    }
    Found::Object(Verb::Live, Kind::Plan, Category::Lifestyle)
}

/// "Steer clear of", "offer small sips": a verb that no list knows, told by what follows it.
pub(super) fn is_bare_order(words: &[Token]) -> bool {
    const BEHIND: &[&str] = &[
        "the", "your", "his", "her", "both", "any", "it", "them", "clear", "at", "up", "down", "off", "away",
        "between", "out", "small", "all", "old", "current", "nothing", "slowly", "gently", "well", "plenty",
        "some", "good",
    ];
    const NOUNS: &[&str] =
        &["pain", "pressure", "rate", "history", "exam", "father", "mother", "skin", "lungs", "heart"];
    let first = &words[0];
    let plain = first.shape == Shape::Word && first.text.len() >= 3;
    let inflected = ["ed", "ing", "s", "tion", "al", "ic", "ly", "ous", "ness"]
        .iter()
        .any(|end| first.text.ends_with(end));
    plain
        && !inflected
        && verbs::verb(&first.text).is_none()
        && !first.is_a(Class::LEAD)
        && !first.is(NOUNS)
        && !first.is_a(Class::TEST)
        && !first.is_a(Class::VISIT)
        && !first.is_a(Class::HABIT)
        && !is_drug(first)
        && words.get(1).is_some_and(|t| t.is(BEHIND))
}

/// "Headache diary", "second rabies dose 12/09", "less salt".
pub(super) fn item(words: &[Token]) -> Option<Found> {
    if words.len() > 9 {
        return None;
    }
    let early = |set: &[&str]| words.iter().take(4).any(|t| t.is(set));
    let early_a = |class| words.iter().take(4).any(|t| t.is_a(class));
    if early(&["diary", "log", "journal"]) && words.len() <= 6 {
        return Some(Found::Measure);
    }
    if words[0].is(&["less", "more", "plenty", "lots", "incr", "increased", "reduced"])
        && words
            .iter()
            .skip(1)
            .take(4)
            .any(|t| t.is_a(Class::HABIT) || t.is(&["fluids", "fibre", "veg", "fruit"]))
    {
        return Some(Found::Habit);
    }
    if frame::orders(words) {
        return None;
    }
    // "2 g Na diet", "1.5 L fluid restriction"
    if words[0].number().is_some() && words.len() <= 6 && words.iter().any(|t| t.is_a(Class::HABIT)) {
        return Some(Found::Habit);
    }
    let timing = timing::of_words(words);
    let due = timing.period.is_none() && (timing::due_of_words(words).is_some() || timing.duration.is_some());
    let done = words.iter().any(|t| {
        t.is(&[
            "settles", "settle", "resolves", "usually", "ago", "last", "was", "were", "since", "old",
            "history", "hx", "note",
        ])
    });
    if due && !done && early_a(Class::TEST) && !words.iter().any(is_strength) {
        return Some(Found::Test);
    }
    // "Hip ultrasound requested"
    let ordered = words.last().is_some_and(|t| t.is(&["ordered", "requested"]));
    if ordered && (early_a(Class::TEST) || early(&["study", "scan", "tape", "test"])) {
        return Some(Found::Test);
    }
    let by = words.iter().any(|t| t.is(&["nurse", "pn", "hca", "gp", "pharmacist"]));
    if due
        && !done
        && (early_a(Class::VISIT)
            || by && early(&["check", "bp"])
            || early(&[
                "exam", "removal", "staples", "stitches", "sutures", "gp", "scan", "collection", "f2f",
                "appt", "session", "call",
            ]))
    {
        return Some(Found::Visit);
    }
    // "Gastroscopy in 3 weeks", "pain clinic in 2 months"
    if matches!(timing.start, Some(Start::After(after)) if after.value > 0)
        && timing.period.is_none()
        && !done
        && words.len() <= 8
        && words[0].shape == Shape::Word
        && words.iter().any(|t| t.is(&["in", "within", "tomorrow", "dans", "en"]))
        && !words[0].is(&["in", "within", "then", "no", "tomorrow", "improving"])
        && !words.iter().any(is_strength)
        && !words.get(1).is_some_and(|t| t.is(&["restart", "resume"]))
    {
        let test = words[0].is(&["hba"])
            || words.iter().take(3).any(|t| {
                ["scopy", "gram", "graphy", "metry", "test"].iter().any(|end| t.text.ends_with(end))
            });
        return Some(if test { Found::Test } else { Found::Visit });
    }
    let nth = words[0].is(&["second", "third", "fourth", "2nd", "3rd", "next", "final", "last", "first"]);
    let given = early(&[
        "dose", "booster", "infusion", "application", "capsule", "injection", "jab", "vaccine", "vaccination",
    ]);
    (given && (nth || early(&["booster"]))).then_some(Found::Object(
        Verb::Once,
        Kind::Checklist,
        Category::Medication,
    ))
}

/// A line that names a problem: "Iron deficiency", "Dry eye, both eyes".
pub(super) fn is_diagnosis(words: &[Token]) -> bool {
    const PROBLEMS: &[&str] = &[
        "deficiency", "apnea", "obstructive", "mechanical", "overuse", "disease", "disorder", "syndrome",
        "infection", "injury", "insufficiency", "failure", "cessation", "intolerance", "dependence",
        "dependency", "abuse", "obesity", "diabetes", "hypertension", "asthma", "cancer", "fracture",
        "sprain", "strain", "prediabetes", "pregnancy", "status", "maintenance", "monitoring", "edema",
        "oedema", "low", "use", "allergy", "bronchospasm", "elevated", "chronic", "acute", "dry",
        "recurrent", "suspected", "likely", "post-op",
    ];
    const ENDS: &[&str] =
        &["itis", "emia", "aemia", "osis", "opathy", "algia", "uria", "oma", "pnea", "plasia", "cele"];
    if frame::orders(words) {
        return false;
    }
    let problem = words
        .iter()
        .any(|t| t.is(PROBLEMS) || t.text.len() > 6 && ENDS.iter().any(|end| t.text.ends_with(end)));
    problem
        && !words.iter().any(|t| t.is(&["diet", "fluid", "fluids"]))
        && words.len() <= 8
        && verbs::verb(&words[0].text).is_none()
        && !words.iter().any(is_strength)
        && !words
            .iter()
            .any(|t| t.is_a(Class::VISIT) || t.is_a(Class::TEST) || t.is(&["for", "continue", "otc"]))
        && timing::of_words(words) == Timing::default()
}

/// Whether a medicine's bare name is an order and not a word of a diagnosis: "iron deficiency",
/// "allopurinol discussed".
pub(super) fn is_order(words: &[Token], rest: &[Token], in_plan: bool) -> bool {
    const TALK: &[&str] = &[
        "deficiency", "overuse", "allergy", "intolerance", "toxicity", "induced", "level", "levels",
        "discussed", "possibility", "resistant", "resistance", "dependence", "abuse", "use", "misuse",
        "sensitivity", "eye", "overdose", "declined", "option", "considered", "failed", "naive", "reaction",
        "contraindicated", "candidate", "stable",
    ];
    let dosed = rest.iter().any(is_strength)
        || words.iter().any(|t| t.is(&["continue", "start", "otc", "prn", "rx", "prescription", "course"]));
    let timed = || timing::of_words(rest) != Timing::default();
    let talk = words.iter().any(|t| t.is(TALK));
    if talk { dosed && timed() } else { in_plan || dosed || rest.len() <= 6 || timed() }
}

/// "Crotamiton TDS for three weeks", "ankle pumps every waking hour": whatever it is, it is to be
/// done so often.
pub(super) fn is_timed_item(words: &[Token]) -> bool {
    let timing = timing::of_words(words);
    let story = words.iter().any(|t| {
        t.is(&[
            "history", "pain", "episodes", "symptoms", "smoker", "smokes", "drinks", "days", "since", "ago",
            "age", "will", "worse", "better", "cough", "who", "which", "reports", "works", "lives", "sleeps",
            "uses", "takes", "walks", "average", "averages", "usually",
        ])
    });
    (timing.is_scheduled() || timing.as_needed || timing.frequency_max.is_some())
        && words[0].shape == Shape::Word
        && !(words[0].is(&["back"]) && words[1..].first().is_some_and(|t| t.is(&["at", "in"])))
        && !story
}

pub(super) fn timed_item(words: &[Token]) -> Found {
    const CODES: &[&str] = &[
        "bd", "bid", "tds", "tid", "qds", "qid", "od", "om", "prn", "nocte", "mane", "qhs", "qam", "qd",
        "sos", "po",
    ];
    const FORMS: &[&str] = &[
        "cream", "ointment", "gel", "drops", "spray", "patch", "lotion", "tears", "syrup", "tablets",
        "inhaler", "solution",
    ];
    if words.iter().take(6).any(|t| t.is_a(Class::TEST)) {
        return Found::Test;
    }
    if words.iter().take(6).any(|t| t.is_a(Class::VISIT)) {
        return Found::Visit;
    }
    if words.iter().any(|t| t.is_a(Class::MEASURE)) {
        return Found::Measure;
    }
    if words.iter().any(|t| t.is(CODES) || t.is(FORMS) || is_strength(t))
        && !words.iter().any(|t| t.is_a(Class::HABIT))
    {
        return Found::Drug;
    }
    Found::Habit
}

/// A visit or test, whose time may stand behind a comma.
pub(super) fn awaits_time(words: &[Token]) -> bool {
    words.iter().any(|t| t.is_a(Class::VISIT) || t.is_a(Class::TEST)) || begins_visit(words)
}

/// "10 mg daily for 2 weeks": an amount and a time of its own, without a name.
pub(super) fn is_stage(words: &[Token]) -> bool {
    let number = words.first().is_some_and(|t| t.number().is_some() || t.is(&["one", "two", "half"]));
    // "TDS 1/52"
    if words.len() <= 6
        && words
            .first()
            .is_some_and(|t| t.is(&["qds", "qid", "tds", "tid", "bd", "bid", "od", "qd", "nocte", "daily"]))
    {
        return true;
    }
    number && words.iter().take(4).any(is_strength) && !words.iter().any(is_drug)
}
