//! One clause: does it tell the patient to do something, and of what kind is it?

use super::{
    Proposal,
    begins::{self, begins_dose, begins_drug, begins_measure, begins_prohibition, begins_test, begins_visit},
    ends,
    frame::{self, Frame, Way},
    item,
    verbs::{self, Verb},
    wording,
};
use crate::{
    drugs::{is_drug, is_strength},
    lexicon::Class,
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
        Some(frame) => Some(framed(words, frame, drug.is_some())),
        None => find(words, in_plan, drug.is_some()),
    }?;
    let changes = drug.is_some()
        && words[at..].first().is_some_and(|t| !t.is(&["hold", "stop"]))
        && wording::changes_the_drug(&words[at..]);
    let class = if changes && class.is_verb() {
        Found::Object(Verb::Take, Kind::Plan, Category::Medication)
    } else {
        class
    };
    // "Then start venlafaxine": the word that says when stays.
    let at = if at == 1 && words[0].is(&["then", "danach", "dann"]) { 0 } else { at };
    let start = range.start + words[at].start;
    let range = start..range.end;
    let source = &text[range.clone()];
    let reading = timing::read(source, Kind::Plan, None);
    let (mut kind, category) = class.kind();
    // "Return p.r.n." is no visit to be planned.
    if category == Category::Appointment && reading.timing.as_needed && reading.timing.start.is_none() {
        return None;
    }
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
        (Kind::Plan, Category::Medication) if reading.one_day && !words.iter().any(is_drug) => {
            kind = Kind::Checklist;
        }
        (Kind::Plan, Category::Lifestyle) if !recurs && reading.once => kind = Kind::Checklist,
        (Kind::Plan, category) if reading.one_day && class.is_verb() && category != Category::Medication => {
            kind = Kind::Checklist;
        }
        (Kind::Plan, Category::Lifestyle)
            if !recurs && reading.timing.start.is_some() && reading.timing.duration.is_none() =>
        {
            kind = Kind::Checklist;
        }
        _ => {}
    }
    Some(Proposal {
        kind,
        category,
        action: wording::action(source, class, drug),
        range,
        follows: false,
        asks: false,
    })
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
fn framed(words: &[Token], frame: Frame, has_drug: bool) -> (usize, Found) {
    let rest = &words[frame.at..];
    let found = match frame.way {
        _ if frame.not => prohibition(rest),
        Way::Act => {
            let verb = verb_at(rest, frame.at, true, true).or_else(|| verbs::act_of(&rest[0].text));
            with_object(verb.unwrap_or(Verb::Live), rest)
        }
        Way::Thing => item::thing(rest, has_drug),
        Way::Passive => passive(words, frame),
    };
    (frame.at, found)
}

fn prohibition(rest: &[Token]) -> Found {
    if rest.iter().any(is_drug) {
        Found::Object(Verb::Avoid, Kind::Plan, Category::Medication)
    } else {
        Found::Prohibition
    }
}

/// "The ointment should be applied", "CBC will be repeated".
fn passive(words: &[Token], frame: Frame) -> Found {
    let verb = verbs::done_to(&words[frame.verb].text).unwrap_or(Verb::Take);
    let thing = &words[frame.at..frame.verb];
    let has_a = |class| thing.iter().any(|token| token.is_a(class));
    let medicine = thing.iter().any(|token| is_drug(token) || is_strength(token));
    match verb {
        _ if frame.not => prohibition(thing),
        Verb::Avoid => {
            Found::Object(verb, Kind::Plan, if medicine { Category::Medication } else { Category::Lifestyle })
        }
        _ if medicine && !has_a(Class::TEST) => match verb {
            Verb::Stop | Verb::Get => Found::Verb(verb),
            _ => Found::Drug,
        },
        _ if has_a(Class::TEST) => Found::Object(Verb::Test, Kind::Checklist, Category::Test),
        _ if has_a(Class::VISIT) => Found::Object(Verb::Attend, Kind::Checklist, Category::Appointment),
        Verb::Take => Found::Object(verb, Kind::Plan, Category::Lifestyle),
        verb => Found::Verb(verb),
    }
}

/// Where the instruction of a clause begins and what it is.
fn find(words: &[Token], in_plan: bool, has_drug: bool) -> Option<(usize, Found)> {
    if item::is_diagnosis(words) {
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
    if ends::misses(words) {
        return Some((0, Found::Object(Verb::Stop, Kind::Checklist, Category::Medication)));
    }
    if let Some((verb, _)) = ends::short(words) {
        let stop = Found::Object(Verb::Stop, Kind::Checklist, Category::Medication);
        return Some((0, if verb == "Stop" { stop } else { Found::Verb(Verb::Take) }));
    }
    // "Once INR <2 start apixaban": the condition stays with what it is a condition of.
    if words[0].is(&["once", "when", "after"])
        && let Some(at) = (2..words.len().min(10)).find(|at| {
            verb_at(&words[*at..], *at, true, in_plan).is_some_and(Verb::treats)
                && words[at + 1..].iter().take(3).any(is_drug)
        })
        && let Some(verb) = verb_at(&words[at..], at, true, in_plan)
    {
        return Some((0, with_object(verb, &words[at..])));
    }
    if let Some(found) = item::item(words) {
        return Some((0, found));
    }
    if words[0].is(&["with", "without"])
        || words[0].is(&["see"]) && words.iter().any(|t| t.is(&["note", "above", "below", "chart"]))
    {
        return None;
    }
    let mut at = 0;
    if words[0].is(&["continue", "continuing"])
        && words.get(1).is_some_and(|t| t.is(&["to"]))
        && words.len() > 2
    {
        at = 2;
    }
    let mut led = false;
    while at < words.len() {
        let rest = &words[at..];
        if begins_prohibition(rest) || in_plan && at == 0 && begins::forbids(rest) {
            let medicine = rest.iter().any(is_drug);
            let found = if medicine {
                Found::Object(Verb::Avoid, Kind::Plan, Category::Medication)
            } else {
                Found::Prohibition
            };
            return Some((at, found));
        }
        if at == 0 && in_plan && item::is_bare_order(rest) {
            return Some((at, with_object(Verb::Live, rest)));
        }
        if let Some(verb) = verb_at(rest, at, led, in_plan) {
            return Some((at, with_object(verb, rest)));
        }
        if begins_drug(rest) && item::is_order(words, rest, in_plan) {
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
        if rest[0].is_a(Class::HABIT) && (led || at == 0 || in_plan && at <= 4)
            || rest.len() <= 6 && rest.iter().any(|t| t.is_a(Class::HABIT)) && at == 0
        {
            return Some((at, Found::Habit));
        }
        if at == 0 && (in_plan || !words[0].is_a(Class::LEAD)) && item::is_timed_item(words) {
            return Some((at, item::timed_item(words)));
        }
        if !(words[at].is_a(Class::LEAD) || in_plan && at < 2 && words.len() > 2 && later(&words[at + 1..])) {
            return None;
        }
        led |= words[at].is(&[
            "advised", "recommended", "recommend", "encouraged", "instructed", "will", "should", "to",
            "prescribed", "provided", "for", "discussed", "importance",
        ]);
        at += 1;
    }
    None
}

/// A visit or test may stand behind its own name: "Cardiology 10 days", "Endocrinology consult".
fn later(rest: &[Token]) -> bool {
    rest.iter()
        .take(4)
        .any(|t| t.is_a(Class::VISIT) || t.is_a(Class::TEST) || t.is(&["prescription", "ordered"]))
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
            if rest.iter().skip(1).take(6).any(|t| t.is_a(Class::TEST)) {
                return Some(Verb::Test);
            }
            if rest.iter().skip(1).take(6).any(|t| t.is_a(Class::VISIT)) {
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
    let has_a = |class| object.iter().any(|t| t.is_a(class));
    let medicine = object.iter().any(is_drug)
        || object.windows(2).any(|pair| pair[0].number().is_some() && is_strength(&pair[1]));
    match verb {
        Verb::Take
            if has(&["monitoring", "monitor", "checking", "checks", "readings"])
                || has_a(Class::MEASURE) && !medicine =>
        {
            Found::Object(verb, Kind::Plan, Category::Measurement)
        }
        Verb::Live | Verb::Take if rest[0].is(&["quit", "stop"]) && has(&["taking", "using"]) && medicine => {
            Found::Object(Verb::Stop, Kind::Checklist, Category::Medication)
        }
        Verb::Take if has_a(Class::VISIT) && !medicine => {
            Found::Object(verb, Kind::Checklist, Category::Appointment)
        }
        Verb::Take if !medicine && has_a(Class::TEST) => Found::Object(verb, Kind::Checklist, Category::Test),
        Verb::Take
            if !medicine
                && !rest[0].is(&["take", "prescribed", "prescribe", "rx", "inhale", "inject", "tomar"]) =>
        {
            Found::Object(verb, Kind::Plan, Category::Lifestyle)
        }
        // "Repeat U&Es 2/52"
        Verb::Take if !medicine && rest[0].is(&["repeat"]) => {
            Found::Object(verb, Kind::Checklist, Category::Test)
        }
        // "Get outside every day", "get up slowly"
        Verb::Get
            if rest[0].is(&["get"])
                && rest
                    .get(1)
                    .is_some_and(|t| t.is(&["up", "out", "outside", "back", "plenty", "enough"])) =>
        {
            Found::Verb(Verb::Live)
        }
        Verb::Get if !medicine && has_a(Class::TEST) => Found::Verb(Verb::Test),
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
        Verb::Live if medicine && !has_a(Class::HABIT) => {
            Found::Object(verb, Kind::Plan, Category::Medication)
        }
        Verb::Measure if has_a(Class::TEST) && !has_a(Class::MEASURE) => Found::Verb(Verb::Test),
        Verb::Tell if has_a(Class::VISIT) => Found::Object(verb, Kind::Checklist, Category::Other),
        verb => Found::Verb(verb),
    }
}

/// Whether what stands before a border is an act of its own and not the beginning of a list.
pub(super) fn is_whole(before: &[Token]) -> bool {
    (before.iter().any(|t| {
        verbs::act_of(&t.text).is_some()
            || is_drug(t)
            || t.is_a(Class::TEST)
            || t.is_a(Class::VISIT)
            || t.is_a(Class::HABIT)
            || t.is_a(Class::MEASURE)
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

/// Whether a sentence speaks of a medicine's dose or of what is done with it.
pub(super) fn treats(words: &[Token]) -> bool {
    words.iter().any(is_drug)
        && words.iter().any(|t| {
            is_strength(t)
                || t.is(&["stop", "restart", "adding", "increasing", "stopping", "off"])
                || matches!(verbs::verb(&t.text), Some(Verb::Take | Verb::Stop))
        })
}
