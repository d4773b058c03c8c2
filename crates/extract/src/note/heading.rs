//! The headings of a note, and what they announce.

use crate::token::tokens;

/// What a heading announces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Before any heading.
    Open,
    /// What to do.
    Plan,
    /// What was, is or is thought.
    Story,
}

const PLAN: &[&str] = &[
    "plan",
    "a/p",
    "a&p",
    "p",
    "assessment and plan",
    "assessment & plan",
    "instructions",
    "discharge",
    "discharge instructions",
    "discharge medications",
    "discharge plan",
    "medical treatment",
    "treatment",
    "treatment plan",
    "recommendations",
    "recommendation",
    "follow-up",
    "follow up",
    "followup",
    "disposition",
    "rx",
    "management",
    "patient education and counseling",
    "patient instructions",
    "therapie",
    "procedere",
    "medikation",
    "mx",
    "advice",
    "plan of care",
    "follow-up instructions",
    "medications on discharge",
    "patient education",
    "todo",
    "additional testing",
    "further testing",
    "orders",
    "investigations",
    "next steps",
    "empfehlung",
    "tratamiento",
    "indicaciones",
];
const STORY: &[&str] = &[
    "history",
    "hx",
    "hpc",
    "hpi",
    "pc",
    "pmh",
    "pmhx",
    "psh",
    "dh",
    "dhx",
    "fh",
    "fhx",
    "sh",
    "shx",
    "medications",
    "medication",
    "meds",
    "allergies",
    "allergy",
    "nkda",
    "ex",
    "o/e",
    "oe",
    "exam",
    "examination",
    "imp",
    "impression",
    "medical reasoning",
    "ice",
    "ed course",
    "patient agreements",
    "patient agreement",
    "subjective",
    "objective",
    "assessment",
    "diagnosis",
    "diagnoses",
    "presenting complaint",
    "chief complaint",
    "cc",
    "past medical history",
    "family history",
    "social history",
    "drug history",
    "review of systems",
    "ros",
    "vitals",
    "labs",
    "results",
    "hospital course",
    "course",
    "risk factors",
    "current medications",
    "home medications",
    "s",
    "o",
    "obs",
    "observations",
    "past surgical history",
    "medical history",
    "family hx",
    "social hx",
    "dx",
    "history of present illness",
    "findings",
    "physical exam",
    "physical examination",
    "background",
    "anamnese",
    "befund",
    "diagnose",
];

/// A heading at the beginning of a text: what it announces and its length in bytes.
pub(super) fn heading(text: &str) -> Option<(Section, usize)> {
    let known = |name: &str| {
        let name = name.trim().trim_end_matches('-').trim().to_lowercase();
        if PLAN.contains(&name.as_str()) {
            Some(Section::Plan)
        } else if STORY.contains(&name.as_str()) {
            Some(Section::Story)
        } else {
            None
        }
    };
    let line = text.split('\n').next().unwrap_or(text);
    // "Plan:", "FH - father …", "Imp- …"
    for mark in [":", " - ", "- ", " – "] {
        if let Some(end) = line.find(mark).filter(|end| *end <= 34 && line.is_char_boundary(*end)) {
            let short = mark == ":" || line[..end].trim().len() > 1;
            if let Some(section) = known(&line[..end]).filter(|_| short) {
                return Some((section, end + mark.len()));
            }
        }
    }
    if let Some(rest) = line.strip_prefix("P/").or_else(|| line.strip_prefix("p/")) {
        return Some((Section::Plan, line.len() - rest.len()));
    }
    // "Plan switch to …", "Imp hayfever"
    for (name, section) in [("Plan ", Section::Plan), ("Imp ", Section::Story)] {
        let rest = line.strip_prefix(name).unwrap_or_default();
        if rest.starts_with(char::is_alphabetic)
            && !["of ", "is ", "was ", "for "].iter().any(|word| rest.starts_with(word))
        {
            return Some((section, name.len()));
        }
    }
    // A line of its own: "PLAN", "Medications".
    let alone = line.trim().trim_end_matches('.');
    let whole = text.trim_end_matches(['\n', '\r']).len() == line.trim_end_matches('\r').len();
    (whole && alone.len() > 1)
        .then(|| known(alone))
        .flatten()
        .map(|section| (section, line.len()))
        .or_else(|| leading_code(line, known))
}

/// "PMH Asthma, Hayfever": a story's abbreviation without a mark.
fn leading_code(line: &str, known: impl Fn(&str) -> Option<Section>) -> Option<(Section, usize)> {
    let word = line.split_whitespace().next()?;
    let code = word.len() >= 2 && word.chars().all(|c| c.is_ascii_uppercase() || c == '/');
    (code && word != "DISCHARGE")
        .then(|| known(word))
        .flatten()
        .filter(|s| *s == Section::Story)
        .map(|section| (section, word.len()))
}

/// Whether a sentence begins as an order for treatment.
pub(super) fn is_order(sentence: &str) -> bool {
    const ORDERS: &[&str] = &[
        "start", "stop", "continue", "increase", "reduce", "decrease", "switch", "change", "restart",
        "resume", "prescribe", "commence", "add", "rpt", "repeat", "recheck", "check", "hold", "book",
        "refer", "rx", "tx",
    ];
    const TOLD: &[&str] =
        &["shows", "showed", "was", "were", "is", "are", "had", "has", "normal", "negative", "of"];
    let words = tokens(sentence);
    words.first().is_some_and(|first| first.is(ORDERS))
        && words.len() > 1
        && !words.iter().take(5).any(|token| token.is(TOLD))
}

/// "Allergies: penicillin." says something of its own and opens no part of the note.
pub(super) fn is_aside(sentence: &str) -> bool {
    let words = sentence.trim_start().to_lowercase();
    ["allergies:", "allergy:", "allergien:", "nkda"].iter().any(|name| words.starts_with(name))
}
