//! One clause: does it tell the patient to do something, and of what kind is it?

use super::{
    Proposal,
    begins::{begins_dose, begins_drug, begins_measure, begins_prohibition, begins_test, begins_visit},
    frame::{self, Frame, Way},
    nouns::{HABITS, LEADS, MEASURES, TESTS, VISITS},
    verbs::{self, Verb},
};
use crate::{
    drugs::{is_drug, is_strength},
    timing,
    token::Token,
};
use aftercare_core::{
    step::{Category, Kind},
    timing::{Start, Timing},
};
use std::ops::Range;

/// What a clause asks for, if it asks for anything.
pub(super) fn read(
    text: &str,
    range: Range<usize>,
    words: &[Token],
    in_plan: bool,
    drug: Option<&str>,
) -> Option<Proposal> {
    // "…, then stop" only says that nothing follows: the stage before it has its end.
    if words.iter().all(|token| token.is(&["then", "and", "stop", "off"])) {
        return None;
    }
    let (at, class) = match frame::find(words) {
        Some(frame) => framed(words, frame, drug.is_some()),
        None => find(words, in_plan, drug.is_some()),
    }?;
    let start = range.start + words[at].start;
    let range = start..range.end;
    let source = &text[range.clone()];
    let reading = timing::read(source, Kind::Plan, None);
    let (mut kind, category) = class.kind();
    let rated = reading.timing.period.is_some() || reading.timing.frequency_max.is_some();
    let recurs = match category {
        // "On Thursday", "9 August at 11:15" is one visit; "every 2 weeks", "on Mondays" are many.
        Category::Appointment | Category::Test => {
            rated
                || !reading.one_day
                    && !reading.timing.day_of_week.is_empty()
                    && reading.timing.start.is_none()
        }
        _ => {
            (reading.timing.recurs() || reading.timing.frequency_max.is_some())
                && !is_one_date(&reading.timing)
        }
    };
    match (kind, category) {
        // An appointment or a test that recurs is a plan; a task with a frequency too.
        (
            Kind::Checklist,
            Category::Appointment | Category::Test | Category::Measurement | Category::Lifestyle,
        ) if recurs => kind = Kind::Plan,
        (Kind::Plan, Category::Medication) if !recurs && (reading.once || repeats_once(words)) => {
            kind = Kind::Checklist;
        }
        (Kind::Plan, Category::Medication)
            if !recurs
                && reading.timing.duration.is_none()
                && words.iter().any(|t| t.is(&["tonight", "today", "now", "stat"]))
                && reading.timing.start.is_some() =>
        {
            kind = Kind::Checklist;
        }
        (Kind::Plan, Category::Medication) if reading.one_day && !words.iter().any(is_drug) => kind = Kind::Checklist,
        (Kind::Plan, Category::Lifestyle) if !recurs && reading.once => kind = Kind::Checklist,
        (Kind::Plan, category) if reading.one_day && class.is_verb() && category != Category::Medication => kind = Kind::Checklist,
        (Kind::Plan, Category::Lifestyle)
            if !recurs && reading.timing.start.is_some() && reading.timing.duration.is_none() =>
        {
            kind = Kind::Checklist;
        }
        _ => {}
    }
    Some(Proposal { kind, category, action: action(source, class, drug), range, follows: false })
}

/// "12 December at 14:30" is one time, not every day at that hour.
fn is_one_date(timing: &Timing) -> bool {
    matches!(timing.start, Some(Start::On(_)))
        && timing.frequency.is_none()
        && timing.period.is_none()
        && timing.day_of_week.is_empty()
        && timing.duration.is_none()
        && timing.until.is_none()
}

/// What was found at a place of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Verb(Verb),
    /// A verb whose object changes what it is about.
    Object(Verb, Kind, Category),
    Drug,
    /// "20 mg daily" behind a medicine named before.
    Dose,
    Prohibition,
    Test,
    Visit,
    Habit,
    Measure,
}

impl Found {
    fn is_verb(self) -> bool {
        matches!(self, Self::Verb(_) | Self::Object(..))
    }

    fn kind(self) -> (Kind, Category) {
        match self {
            Self::Verb(verb) => verbs::class(verb),
            Self::Object(_, kind, category) => (kind, category),
            Self::Drug | Self::Dose => (Kind::Plan, Category::Medication),
            Self::Prohibition | Self::Habit => (Kind::Plan, Category::Lifestyle),
            Self::Test => (Kind::Checklist, Category::Test),
            Self::Visit => (Kind::Checklist, Category::Appointment),
            Self::Measure => (Kind::Plan, Category::Measurement),
        }
    }
}

/// What an instruction in its frame asks for.
fn framed(words: &[Token], frame: Frame, has_drug: bool) -> Option<(usize, Found)> {
    let rest = &words[frame.at..];
    let found = match frame.way {
        _ if frame.not => prohibition(rest),
        Way::Act => {
            let verb = verb_at(rest, frame.at, true, true).or_else(|| verbs::act_of(&rest[0].text));
            with_object(verb.unwrap_or(Verb::Live), rest)
        }
        Way::Thing => thing(rest, has_drug),
        Way::Passive => passive(words, frame),
    };
    Some((frame.at, found))
}

fn prohibition(rest: &[Token]) -> Found {
    if rest.iter().any(is_drug) {
        Found::Object(Verb::Avoid, Kind::Plan, Category::Medication)
    } else {
        Found::Prohibition
    }
}

/// A thing that is recommended, ordered or needed.
fn thing(rest: &[Token], has_drug: bool) -> Found {
    for at in 0..rest.len().min(7) {
        let tail = &rest[at..];
        if begins_drug(tail) || has_drug && begins_dose(tail) {
            return Found::Drug;
        }
        if begins_measure(tail) {
            return Found::Measure;
        }
        if tail[0].is(VISITS) || begins_visit(tail) {
            return Found::Visit;
        }
        if tail[0].is(TESTS) || begins_test(tail) {
            return Found::Test;
        }
        if tail[0].is(HABITS) {
            return Found::Habit;
        }
    }
    Found::Object(Verb::Live, Kind::Plan, Category::Lifestyle)
}

/// "The ointment should be applied", "CBC will be repeated".
fn passive(words: &[Token], frame: Frame) -> Found {
    let verb = verbs::done_to(&words[frame.verb].text).unwrap_or(Verb::Take);
    let thing = &words[frame.at..frame.verb];
    let has = |set: &[&str]| thing.iter().any(|token| token.is(set));
    let medicine = thing.iter().any(|token| is_drug(token) || is_strength(token));
    match verb {
        _ if frame.not => prohibition(thing),
        Verb::Avoid => {
            Found::Object(verb, Kind::Plan, if medicine { Category::Medication } else { Category::Lifestyle })
        }
        _ if medicine && !has(TESTS) => match verb {
            Verb::Stop | Verb::Get => Found::Verb(verb),
            _ => Found::Drug,
        },
        _ if has(TESTS) => Found::Object(Verb::Test, Kind::Checklist, Category::Test),
        _ if has(VISITS) => Found::Object(Verb::Attend, Kind::Checklist, Category::Appointment),
        Verb::Take => Found::Object(verb, Kind::Plan, Category::Lifestyle),
        verb => Found::Verb(verb),
    }
}

/// Where the instruction of a clause begins and what it is.
fn find(words: &[Token], in_plan: bool, has_drug: bool) -> Option<(usize, Found)> {
    if is_diagnosis(words) {
        return None;
    }
    if words.last().is_some_and(|t| t.is(&["trinken", "schonen", "hochlagern", "kühlen"])) {
        return Some((0, Found::Verb(Verb::Live)));
    }
    if words.last().is_some_and(|t| t.is(&["absetzen", "pausieren", "stoppen"])) {
        return Some((0, Found::Object(Verb::Stop, Kind::Checklist, Category::Medication)));
    }
    if words.last().is_some_and(|t| t.is(&["besorgen", "kaufen", "abholen", "holen", "mitbringen"])) {
        return Some((0, Found::Object(Verb::Get, Kind::Checklist, Category::Medication)));
    }
    if let Some(found) = item(words) {
        return Some((0, found));
    }
    if words[0].is(&["with", "without"]) || words[0].is(&["see"]) && words.iter().any(|t| t.is(&["note", "above", "below", "chart"])) {
        return None;
    }
    let mut at = 0;
    if words[0].is(&["continue", "continuing"]) && words.get(1).is_some_and(|t| t.is(&["to"])) && words.len() > 2 {
        at = 2;
    }
    let mut led = false;
    while at < words.len() {
        let rest = &words[at..];
        if begins_prohibition(rest) {
            let medicine = rest.iter().any(is_drug);
            let found = if medicine {
                Found::Object(Verb::Avoid, Kind::Plan, Category::Medication)
            } else {
                Found::Prohibition
            };
            return Some((at, found));
        }
        if at == 0 && in_plan && is_bare_order(rest) {
            return Some((at, with_object(Verb::Live, rest)));
        }
        if let Some(verb) = verb_at(rest, at, led, in_plan) {
            return Some((at, with_object(verb, rest)));
        }
        if begins_drug(rest) && is_order(words, rest, in_plan) {
            return Some((at, Found::Drug));
        }
        if has_drug && begins_dose(rest) {
            return Some((at, Found::Dose));
        }
        if begins_measure(rest) {
            return Some((at, Found::Measure));
        }
        if begins_visit(rest) {
            return Some((at, Found::Visit));
        }
        if begins_test(rest) && (in_plan || led || at == 0) {
            return Some((at, Found::Test));
        }
        if rest[0].is(HABITS) && (led || at == 0 || in_plan && at <= 4)
            || rest.len() <= 6 && rest.iter().any(|t| t.is(HABITS)) && at == 0
        {
            return Some((at, Found::Habit));
        }
        if at == 0 && (in_plan || !words[0].is(LEADS)) && is_timed_item(words) {
            return Some((at, timed_item(words)));
        }
        if !(words[at].is(LEADS) || in_plan && at < 2 && words.len() > 2 && later(&words[at + 1..])) {
            return None;
        }
        led |= words[at].is(&[
            "advised",
            "recommended",
            "recommend",
            "encouraged",
            "instructed",
            "will",
            "should",
            "to",
            "prescribed",
            "provided",
            "for",
            "discussed",
            "importance",
        ]);
        at += 1;
    }
    None
}

/// "Steer clear of", "offer small sips": a verb that no list knows, told by what follows it.
fn is_bare_order(words: &[Token]) -> bool {
    const BEHIND: &[&str] = &[
        "the", "your", "his", "her", "both", "any", "it", "them", "clear", "at", "up", "down", "off", "away",
        "between", "out", "small", "all", "old", "current", "nothing", "slowly", "gently", "well", "plenty",
        "some", "good",
    ];
    const NOUNS: &[&str] =
        &["pain", "pressure", "rate", "history", "exam", "father", "mother", "skin", "lungs", "heart"];
    let first = &words[0];
    let plain = first.shape == crate::token::Shape::Word && first.text.len() >= 3;
    let inflected = ["ed", "ing", "s", "tion", "al", "ic", "ly", "ous", "ness"]
        .iter()
        .any(|end| first.text.ends_with(end));
    plain
        && !inflected
        && verbs::verb(&first.text).is_none()
        && !first.is(LEADS)
        && !first.is(NOUNS)
        && !first.is(TESTS)
        && !first.is(VISITS)
        && !first.is(HABITS)
        && !is_drug(first)
        && words.get(1).is_some_and(|t| t.is(BEHIND))
}

/// "Headache diary", "second rabies dose 12/09", "less salt".
pub(super) fn item(words: &[Token]) -> Option<Found> {
    if words.len() > 9 {
        return None;
    }
    let early = |set: &[&str]| words.iter().take(4).any(|t| t.is(set));
    if early(&["diary", "log", "journal"]) && words.len() <= 6 {
        return Some(Found::Measure);
    }
    if words[0].is(&["less", "more", "plenty", "lots", "incr", "increased", "reduced"])
        && words.iter().skip(1).take(4).any(|t| t.is(HABITS) || t.is(&["fluids", "fibre", "veg", "fruit"]))
    {
        return Some(Found::Habit);
    }
    if frame::orders(words) {
        return None;
    }
    let timing = timing::of_words(words);
    let due = timing.period.is_none() && (timing::due_of_words(words).is_some() || timing.duration.is_some());
    let done = words
        .iter()
        .any(|t| t.is(&["ago", "last", "was", "were", "since", "old", "history", "hx", "pain", "note"]));
    if due && !done && early(TESTS) {
        return Some(Found::Test);
    }
    if due
        && !done
        && (early(VISITS)
            || early(&["exam", "removal", "staples", "stitches", "sutures", "gp", "scan", "collection", "f2f", "appt", "session", "call"]))
    {
        return Some(Found::Visit);
    }
    // "Gastroscopy in 3 weeks", "pain clinic in 2 months"
    if matches!(timing.start, Some(Start::After(after)) if after.value > 0)
        && timing.period.is_none()
        && !done
        && words.len() <= 8
        && words[0].shape == crate::token::Shape::Word
        && words.iter().any(|t| t.is(&["in", "within", "tomorrow", "dans", "en"]))
        && !words[0].is(&["in", "within", "then", "no", "tomorrow", "improving"])
        && !words.iter().any(is_strength)
    {
        let test = words.iter().take(3).any(|t| {
            ["scopy", "gram", "graphy", "metry", "test"].iter().any(|end| t.text.ends_with(end))
        });
        return Some(if test { Found::Test } else { Found::Visit });
    }
    let nth = words[0].is(&["second", "third", "fourth", "2nd", "3rd", "next", "final", "last", "first"]);
    let dose = early(&[
        "dose",
        "booster",
        "infusion",
        "application",
        "capsule",
        "injection",
        "jab",
        "vaccine",
        "vaccination",
    ]);
    (dose && (nth || early(&["booster"]))).then_some(Found::Object(
        Verb::Once,
        Kind::Checklist,
        Category::Medication,
    ))
}

/// A line that names a problem: "Iron deficiency", "Dry eye, both eyes".
fn is_diagnosis(words: &[Token]) -> bool {
    if frame::orders(words) {
        return false;
    }
    const PROBLEMS: &[&str] = &[
        "deficiency",
        "apnea",
        "obstructive",
        "mechanical",
        "overuse",
        "disease",
        "disorder",
        "syndrome",
        "infection",
        "injury",
        "insufficiency",
        "failure",
        "cessation",
        "intolerance",
        "dependence",
        "dependency",
        "abuse",
        "obesity",
        "diabetes",
        "hypertension",
        "asthma",
        "cancer",
        "fracture",
        "sprain",
        "strain",
        "prediabetes",
        "pregnancy",
        "status",
        "maintenance",
        "monitoring",
        "edema",
        "oedema",
        "low",
        "use",
        "allergy",
        "bronchospasm",
        "elevated",
        "chronic",
        "acute",
        "dry",
        "recurrent",
        "suspected",
        "likely",
        "post-op",
    ];
    const ENDS: &[&str] =
        &["itis", "emia", "aemia", "osis", "opathy", "algia", "uria", "oma", "pnea", "plasia", "cele"];
    let problem = words
        .iter()
        .any(|t| t.is(PROBLEMS) || t.text.len() > 6 && ENDS.iter().any(|end| t.text.ends_with(end)));
    problem
        && words.len() <= 8
        && verbs::verb(&words[0].text).is_none()
        && !words.iter().any(is_strength)
        && !words.iter().any(|t| t.is(VISITS) || t.is(TESTS) || t.is(&["for", "continue", "otc"]))
        && timing::of_words(words) == Timing::default()
}

/// Whether a medicine's bare name is an order and not a word of a diagnosis: "iron deficiency",
/// "allopurinol discussed".
fn is_order(words: &[Token], rest: &[Token], in_plan: bool) -> bool {
    const TALK: &[&str] = &[
        "deficiency",
        "overuse",
        "allergy",
        "intolerance",
        "toxicity",
        "induced",
        "level",
        "levels",
        "discussed",
        "possibility",
        "resistant",
        "resistance",
        "dependence",
        "abuse",
        "use",
        "misuse",
        "sensitivity",
        "eye",
        "overdose",
        "declined",
        "option",
        "considered",
        "failed",
        "naive",
        "reaction",
        "contraindicated",
        "candidate",
        "stable",
    ];
    let dosed = rest.iter().any(is_strength)
        || words.iter().any(|t| t.is(&["continue", "start", "otc", "prn", "rx", "prescription", "course"]));
    let timed = || timing::of_words(rest) != Timing::default();
    let talk = words.iter().any(|t| t.is(TALK));
    if talk { dosed && timed() } else { in_plan || dosed || rest.len() <= 6 || timed() }
}

/// A visit or test may stand behind its own name: "Cardiology 10 days", "Endocrinology consult".
fn later(rest: &[Token]) -> bool {
    rest.iter().take(4).any(|t| t.is(VISITS) || t.is(TESTS) || t.is(&["prescription", "ordered"]))
}

fn verb_at(rest: &[Token], at: usize, led: bool, in_plan: bool) -> Option<Verb> {
    let verb = verbs::act_of(&rest[0].text)?;
    let next = rest.get(1);
    // "No change to", "follow up" and "check with" are told by their second word.
    match rest[0].text.as_str() {
        "follow" if next.is_some_and(|t| t.is(&["up", "-up", "with", "-"])) => return Some(Verb::Attend),
        "check" if next.is_some_and(|t| t.is(&["with", "in"])) => return Some(Verb::Attend),
        "check" => return Some(Verb::Measure),
        "review" | "recheck" => return Some(Verb::Attend),
        "have" if !next.is_some_and(|t| t.is(&["a", "an", "your", "blood"])) => return None,
        "do" if next.is_some_and(|t| t.is(&["not"])) => return None,
        "arrange" | "book" | "schedule" | "obtain" | "order" | "get" | "make" | "repeat" => {
            if rest.iter().skip(1).take(6).any(|t| t.is(TESTS)) {
                return Some(Verb::Test);
            }
            if rest.iter().skip(1).take(6).any(|t| t.is(VISITS)) {
                return Some(Verb::Attend);
            }
        }
        "for" | "present" | "test" | "further" | "regular" if !in_plan && at > 0 => return None,
        "seen" if !led => return None,
        "increased" | "continued" | "prescribed" | "reduced" if !led && !in_plan && at == 0 => return None,
        _ => {}
    }
    Some(verb)
}

/// What the verb is about may change its class: "start daily blood sugar monitoring".
fn with_object(verb: Verb, rest: &[Token]) -> Found {
    let object = &rest[1..rest.len().min(9)];
    let has = |set: &[&str]| object.iter().any(|t| t.is(set));
    let medicine = object.iter().any(is_drug)
        || object.windows(2).any(|pair| pair[0].number().is_some() && is_strength(&pair[1]));
    match verb {
        Verb::Take
            if has(&["monitoring", "monitor", "checking", "checks", "readings"])
                || has(MEASURES) && !medicine =>
        {
            Found::Object(verb, Kind::Plan, Category::Measurement)
        }
        Verb::Live | Verb::Take
            if rest[0].is(&["quit", "stop"]) && has(&["taking", "using"]) && medicine =>
        {
            Found::Object(Verb::Stop, Kind::Checklist, Category::Medication)
        }
        Verb::Take if has(VISITS) && !medicine => Found::Object(verb, Kind::Checklist, Category::Appointment),
        Verb::Take if !medicine && has(TESTS) => Found::Object(verb, Kind::Checklist, Category::Test),
        Verb::Take
            if !medicine
                && !rest[0].is(&["take", "prescribed", "prescribe", "rx", "inhale", "inject", "tomar"]) =>
        {
            Found::Object(verb, Kind::Plan, Category::Lifestyle)
        }
        Verb::Get if !medicine && has(TESTS) => Found::Verb(Verb::Test),
        Verb::Get if !medicine => Found::Object(
            verb,
            Kind::Checklist,
            if has(&["prescription", "script", "medication"]) {
                Category::Medication
            } else {
                Category::Other
            },
        ),
        Verb::Stop if !medicine => Found::Object(verb, Kind::Checklist, Category::Lifestyle),
        Verb::Avoid if medicine => Found::Object(verb, Kind::Plan, Category::Medication),
        Verb::Live if medicine && !has(HABITS) => Found::Object(verb, Kind::Plan, Category::Medication),
        Verb::Measure if has(TESTS) && !has(MEASURES) => Found::Verb(Verb::Test),
        Verb::Tell if has(VISITS) => Found::Object(verb, Kind::Checklist, Category::Other),
        verb => Found::Verb(verb),
    }
}

/// "Crotamiton TDS for three weeks", "ankle pumps every waking hour": whatever it is, it is to be
/// done so often.
fn is_timed_item(words: &[Token]) -> bool {
    let timing = timing::of_words(words);
    let story = words.iter().any(|t| {
        t.is(&[
            "history", "pain", "episodes", "symptoms", "smoker", "smokes", "drinks", "days", "since", "ago",
            "age", "will", "worse", "better", "cough", "who", "which", "reports", "works", "lives", "sleeps", "uses", "takes", "walks",
            "average", "averages", "usually",
        ])
    });
    (timing.is_scheduled() || timing.as_needed || timing.frequency_max.is_some())
        && words[0].shape == crate::token::Shape::Word
        && !story
}

fn timed_item(words: &[Token]) -> Found {
    const CODES: &[&str] = &[
        "bd", "bid", "tds", "tid", "qds", "qid", "od", "om", "prn", "nocte", "mane", "qhs", "qam", "qd",
        "sos", "po",
    ];
    const FORMS: &[&str] = &[
        "cream", "ointment", "gel", "drops", "spray", "patch", "lotion", "tears", "syrup", "tablets",
        "inhaler", "solution",
    ];
    if words.iter().take(6).any(|t| t.is(TESTS)) {
        return Found::Test;
    }
    if words.iter().take(6).any(|t| t.is(VISITS)) {
        return Found::Visit;
    }
    if words.iter().any(|t| t.is(MEASURES)) {
        return Found::Measure;
    }
    if words.iter().any(|t| t.is(CODES) || t.is(FORMS) || is_strength(t))
        && !words.iter().any(|t| t.is(HABITS))
    {
        return Found::Drug;
    }
    Found::Habit
}

/// Whether what stands before a border is an act of its own and not the beginning of a list.
pub(super) fn is_whole(before: &[Token]) -> bool {
    (before.iter().any(|t| {
        verbs::act_of(&t.text).is_some()
            || is_drug(t)
            || t.is(TESTS)
            || t.is(VISITS)
            || t.is(HABITS)
            || t.is(MEASURES)
            || is_strength(t)
    }) || frame::find(before).is_some()
        || begins_visit(before)
        || begins_prohibition(before))
        && !before.last().is_some_and(|t| t.is(&["or", "the", "of", "with", "for", "to"]))
}

/// "Repeat in 14 days", a dose that comes once more.
fn repeats_once(words: &[Token]) -> bool {
    words.first().is_some_and(|t| t.is(&["repeat"]))
        || words.iter().any(|t| t.is(&["single"])) && words.iter().any(|t| t.is(&["dose"]))
}

/// A visit or test, whose time may stand behind a comma.
pub(super) fn awaits_time(words: &[Token]) -> bool {
    words.iter().any(|t| t.is(VISITS) || t.is(TESTS)) || begins_visit(words)
}

/// "10 mg daily for 2 weeks": an amount and a time of its own, without a name.
pub(super) fn is_stage(words: &[Token]) -> bool {
    let number = words.first().is_some_and(|t| t.number().is_some() || t.is(&["one", "two", "half"]));
    // "TDS 1/52"
    if words.len() <= 6 && words.first().is_some_and(|t| t.is(&["qds", "qid", "tds", "tid", "bd", "bid", "od", "qd", "nocte", "daily"])) {
        return true;
    }
    number && words.iter().take(4).any(is_strength) && !words.iter().any(is_drug)
}

/// The medicine a clause names, for the amounts that follow without a name.
pub(super) fn drug_name(words: &[Token]) -> Option<String> {
    words
        .iter()
        .find(|t| is_drug(t))
        .or_else(|| words.first().filter(|_| begins_drug(words)))
        .map(|t| t.text.clone())
}

/// Whether a sentence has the look of an instruction, for the list of what gave no step.
pub(super) fn looks_like_one(words: &[Token]) -> bool {
    words.first().is_some_and(|t| verbs::verb(&t.text).is_some())
        || words.iter().any(|t| t.is(&["should", "must", "advised", "recommend", "recommended"]))
        || words.iter().any(is_drug) && words.iter().any(|t| t.number().is_some())
}

/// The imperative for the patient: the words themselves, led by a verb where they have none.
fn action(source: &str, found: Found, drug: Option<&str>) -> String {
    let words = source.trim().trim_end_matches(['.', ',', ';', ':']);
    match found {
        Found::Drug => format!("Take {words}"),
        Found::Dose => format!(
            "Take {} {}",
            drug.unwrap_or_default(),
            words.trim_start_matches("then ").trim_start_matches("Then ")
        ),
        Found::Test => format!("Have {words}"),
        Found::Visit => format!("Attend {words}"),
        Found::Measure => format!("Measure {words}"),
        Found::Habit => format!("Keep to {words}"),
        Found::Verb(_) | Found::Object(..) | Found::Prohibition => {
            let mut chars = words.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    }
}
