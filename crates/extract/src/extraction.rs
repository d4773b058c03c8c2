//! The result of reading a note: every proposal proven against the note, its schedule read by our
//! own parser, checked, and sorted into what is to be done, what to watch for and what is unclear.

use crate::{courtesy, note, rules, shield::shield, stages::Stages, timing, token::tokens};
use aftercare_core::{
    quote::{Folded, char_offset},
    step::{Category, Kind, Step},
    timing::Timing,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::HashSet, ops::Range};

/// A step somebody proposes, by its quote. Schedules are not proposed: they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Checklist or plan.
    pub kind: Kind,
    /// What it is about.
    pub category: Category,
    /// The words of the note, as the proposer gives them.
    pub quote: String,
    /// What the patient is to do.
    pub action: String,
    /// Where the proposer saw the quote, in bytes, if it knows.
    pub at: Option<usize>,
    /// Begins when the one before it ends, though the quote does not say so.
    pub follows: bool,
    /// Whether it is to be taken at all must be asked.
    pub asks: bool,
    /// Who found it.
    pub found_by: FoundBy,
}

impl Proposed {
    /// Of a place in the note.
    pub fn of(text: &str, step: rules::Proposal, found_by: FoundBy) -> Self {
        Self {
            kind: step.kind,
            category: step.category,
            quote: text[step.range.clone()].to_owned(),
            action: step.action,
            at: Some(step.range.start),
            follows: step.follows,
            asks: step.asks,
            found_by,
        }
    }
}

/// Who found a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// The rules, with no model asked or none that agreed.
    Rules,
    /// A model alone.
    Model,
    /// Rules and model: sure.
    Both,
}

/// What a note may leave open about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// How often.
    Frequency,
    /// Words of time that could not be read, or mean several things.
    Timing,
    /// The unit of an amount.
    Dose,
    /// Whether the same medicine is meant twice.
    Duplicate,
    /// Whether the course is to be so long.
    LongCourse,
    /// Whether it is to be taken so often.
    Often,
}

/// Something the note leaves open; only the doctor can answer it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Which of the steps, by its place in the list.
    pub step: usize,
    /// What is unclear.
    pub about: About,
    /// The words it is about.
    pub evidence: String,
}

/// Words of the note with their place, in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The words.
    pub quote: String,
    /// First character.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// A proposal that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// What was proposed.
    pub action: String,
    /// Why it was not taken.
    pub reason: Cow<'static, str>,
}

/// Everything that was read out of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extraction {
    /// What to do, in the order of the note, with the place of the quote in characters.
    pub steps: Vec<(Step, usize)>,
    /// Where each of them stands, in bytes of the note.
    pub places: Vec<Range<usize>>,
    /// Who found each of them, place by place.
    pub found_by: Vec<FoundBy>,
    /// Which of them begin when the one before ends, by their places: stages of a taper.
    pub follow: Vec<usize>,
    /// When to seek help.
    pub safety_net: Vec<Quote>,
    /// What is unclear.
    pub questions: Vec<Question>,
    /// Sentences that look like instructions and gave no step.
    pub unused: Vec<Quote>,
    /// Proposals without proof.
    pub rejected: Vec<Rejected>,
}

/// At most so many steps come of one note; nobody follows more.
const MAX_STEPS: usize = 100;

/// No instruction is longer, in bytes: what is, is not one.
const MAX_QUOTE: usize = 1_000;

impl Extraction {
    /// Whether nothing was found though something seems to be asked for: to be shown to the doctor,
    /// not to be taken for "nothing to do".
    pub fn is_doubtful(&self) -> bool {
        self.steps.is_empty() && !(self.unused.is_empty() && self.rejected.is_empty())
    }

    /// The same for a plan that nobody looks at before it comes into force: a step whose times are
    /// in question has none, so that nobody is reminded by a guess.
    #[must_use]
    pub fn unattended(mut self) -> Self {
        let asked = |about| self.questions.iter().filter(move |question| question.about == about);
        let waits: HashSet<_> = asked(About::Timing).map(|question| question.step).collect();
        // Of a medicine that stands twice neither is reminded of, where both would be.
        let names: Vec<_> = self.steps.iter().map(|(step, _)| courtesy::drug_of(step)).collect();
        let timed: Vec<_> = self.steps.iter().map(|(step, _)| step.timing.is_some()).collect();
        let twice: Vec<_> = asked(About::Duplicate)
            .map(|question| question.step)
            .filter(|at| timed[*at] && !waits.contains(at))
            .collect();
        for (at, (step, _)) in self.steps.iter_mut().enumerate() {
            let unclear = waits.contains(&at) || twice.iter().any(|other| names[*other] == names[at]);
            if unclear && step.timing.take().is_some() && !step.action.ends_with(&step.evidence) {
                // What the schedule said is said by the words again.
                let take = if step.action.starts_with("Take ") { "Take " } else { "" };
                step.action = format!("{take}{}", step.evidence);
            }
        }
        self.follow.retain(|step| self.steps.get(*step).is_some_and(|(step, _)| step.timing.is_some()));
        self
    }

    /// Keeps what was not used, as far as anybody would read it.
    pub(crate) fn keep_unused(&mut self, note: &str, ranges: Vec<Range<usize>>) {
        self.unused = ranges.into_iter().take(MAX_STEPS).map(|range| quote(note, range)).collect();
    }

    /// Keeps when to seek help, as far as anybody would read it.
    pub(crate) fn keep_safety_net(&mut self, note: &str, ranges: Vec<Range<usize>>) {
        let kept = ranges.into_iter().filter(|range| range.len() <= MAX_QUOTE).take(MAX_STEPS);
        self.safety_net = kept.map(|range| quote(note, range)).collect();
    }
}

/// Reads a note with the rules alone.
pub fn by_rules(text: &str, note_date: Option<Date>) -> Extraction {
    let proposals = rules::propose(text);
    let proposed = proposals.steps.into_iter().map(|step| Proposed::of(text, step, FoundBy::Rules));
    let mut out = prove(text, note_date, proposed.collect());
    out.keep_safety_net(text, proposals.safety_net);
    out.keep_unused(text, proposals.unused);
    out
}

/// Holds proposals to the note: the quote must stand in it, and the schedule is read out of the
/// quoted words.
pub fn prove(text: &str, note_date: Option<Date>, proposed: Vec<Proposed>) -> Extraction {
    let folded = Folded::new(text);
    let shielded = shield(text);
    let readable: Vec<_> =
        note::sentences(&shielded.text).into_iter().map(|sentence| sentence.range).collect();
    let mut out = Extraction::default();
    let mut stages = Stages::default();
    for proposal in proposed {
        if out.steps.len() == MAX_STEPS {
            out.rejected
                .push(Rejected { action: proposal.action, reason: "more than 100 steps in one note".into() });
            continue;
        }
        let Some(range) = folded.find(&proposal.quote, proposal.at.unwrap_or(0)) else {
            out.rejected.push(Rejected {
                action: proposal.action,
                reason: "the quote does not stand in the note".into(),
            });
            continue;
        };
        let overlaps = |other: &Range<usize>| other.start < range.end && range.start < other.end;
        if !readable.iter().any(overlaps) || shielded.closed.iter().any(overlaps) {
            out.rejected
                .push(Rejected { action: proposal.action, reason: "not addressed to the patient".into() });
            continue;
        }
        if range.len() > MAX_QUOTE {
            out.rejected.push(Rejected {
                action: shortened(&proposal.action),
                reason: "longer than an instruction".into(),
            });
            continue;
        }
        let evidence = &text[range.clone()];
        let Scheduled { reading, follows, unclear } = schedule(&proposal, evidence, &mut stages, note_date);
        if let Err(error) = reading.timing.check() {
            out.rejected.push(Rejected { action: proposal.action, reason: reason(error.key).into() });
            continue;
        }
        let index = out.steps.len();
        let timing = unclear.then_some(About::Timing);
        out.questions.extend(about(&proposal, &reading).into_iter().chain(timing).map(|about| Question {
            step: index,
            about,
            evidence: evidence.to_owned(),
        }));
        // Of what is unclear no word is left out.
        let action = if unclear { None } else { without_schedule(&proposal.action, evidence, &reading) };
        let schedule = reading.schedule();
        let timing = (schedule != Timing::default()).then_some(schedule);
        let step = Step {
            kind: proposal.kind,
            action: action.unwrap_or(proposal.action),
            evidence: evidence.to_owned(),
            category: proposal.category,
            timing,
        };
        if follows {
            out.follow.push(index);
        }
        out.steps.push((step, char_offset(text, range.start)));
        out.found_by.push(proposal.found_by);
        out.places.push(range);
    }
    out.questions.extend(courtesy::questions(&out.steps, &out.follow));
    out.questions.sort_by_key(|question| (question.step, question.about));
    out
}

/// A step's schedule as its words give it.
struct Scheduled {
    reading: timing::Reading,
    /// Whether it begins when the step before ends.
    follows: bool,
    /// Whether the doctor must look at it.
    unclear: bool,
}

/// Reads the schedule of a step, and whether that is all there is to it.
fn schedule(proposal: &Proposed, evidence: &str, stages: &mut Stages, note_date: Option<Date>) -> Scheduled {
    let mut reading = timing::read(evidence, proposal.kind, note_date);
    let said = reading.follows;
    reading.follows |= proposal.follows;
    let words = tokens(evidence);
    let medicine = proposal.category == Category::Medication;
    let ends =
        rules::ends::verb_of(&proposal.action).is_some_and(|verb| medicine || rules::ends::is_pause(verb));
    let taken = medicine && !ends;
    let planned = taken && !reading.timing.as_needed;
    let changed = taken && rules::ends::says(&words)
        || planned && rules::doubt::changes_the_schedule(&words, &reading.spans);
    let differs = planned && (reading.event || rules::doubt::may_differ(&words, &reading.spans));
    if changed || ends && !rules::ends::has_a_day(&words) {
        // What is not to be taken has no times to take it; its words are kept whole.
        reading = timing::Reading::default();
    }
    let alike = stages.at_the_same_times(&reading.timing);
    let follows = !ends && stages.place(&mut reading);
    // "Then", but nobody can tell when: the stage before has no end.
    let lost = (said || reading.follows && alike) && !follows && !ends && reading.timing.start.is_none();
    let unclear = lost || changed || differs || proposal.asks || !reading.leftovers.is_empty();
    Scheduled { reading, follows, unclear }
}

/// An action that ends in its quoted words, without the words of time in them, which the schedule
/// says already: "Take Drug A daily for 7 days" is to take Drug A. `None` where they are needed:
/// in several places ("1 in the morning, 2 at night"), or nothing would be left to do.
fn without_schedule(action: &str, evidence: &str, reading: &timing::Reading) -> Option<String> {
    // "Then 20 mg daily": the action leaves out the word that the schedule's start says.
    let told = evidence.get(..5).filter(|word| word.eq_ignore_ascii_case("then ")).map_or(0, str::len);
    let spans: Vec<_> = reading.spans.iter().filter(|span| span.start >= told).collect();
    let (first, last) = (*spans.first()?, *spans.last()?);
    let apart = |pair: &[&Range<usize>]| {
        evidence[pair[0].end..pair[1].start]
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| !word.is_empty())
    };
    // A task keeps its time of day, which its schedule does not say.
    let clock = reading.timing.start.is_some() && evidence.contains(':');
    if clock || reading.timing.as_needed || !reading.leftovers.is_empty() || spans.windows(2).any(apart) {
        return None;
    }
    let before = action.strip_suffix(&evidence[told..])?;
    let whole = format!("{before}{}", &evidence[told..first.start]);
    let mut head = whole.trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '%');
    // "81 mg p.o. q.d."
    let dotted = head.rsplit(' ').next().is_some_and(|word| word.contains('.') && word.len() <= 4);
    if dotted && whole[head.len()..].starts_with('.') {
        head = &whole[..=head.len()];
    }
    while let Some((rest, "for" | "at" | "on" | "x" | "and" | "the" | "in" | "to" | "-")) =
        head.rsplit_once(' ')
    {
        head = rest;
    }
    let tail = evidence[last.end..].trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(');
    let rest = if tail.is_empty() { head.to_owned() } else { format!("{head} {tail}") };
    let enough =
        rest.split_whitespace().count() >= 2 && rest.matches('(').count() == rest.matches(')').count();
    let rest = rest.trim();
    let mut letters = rest.chars();
    let first = letters.next()?;
    enough.then(|| first.to_uppercase().chain(letters).collect())
}

fn shortened(text: &str) -> String {
    text.chars().take(100).chain(['…']).collect()
}

fn reason(key: &str) -> &'static str {
    match key {
        "frequency" | "frequencyMax" => "impossible frequency",
        "period" | "periodMax" | "periodUnit" => "impossible period",
        "duration" | "count" | "until" => "impossible duration",
        _ => "impossible timing",
    }
}

/// Whether a medicine's frequency must be asked, because it must not be guessed.
fn about(proposal: &Proposed, reading: &timing::Reading) -> Option<About> {
    let timing = &reading.timing;
    let asked = proposal.kind == Kind::Plan
        && proposal.category == Category::Medication
        && rules::ends::verb_of(&proposal.action).is_none()
        && !timing.recurs()
        && !timing.as_needed
        && timing.frequency_max.is_none();
    asked.then_some(About::Frequency)
}

/// Words of a note, by their bytes.
pub(crate) fn quote(note: &str, range: Range<usize>) -> Quote {
    let start = char_offset(note, range.start);
    let text = &note[range];
    Quote { quote: text.to_owned(), start, end: start + text.chars().count() }
}
