//! The frames in which doctors tell patients what to do: who is told, by whom, and where the act
//! begins.
//!
//! "She should avoid overhead reaching", "I asked him to rest", "We will obtain a Holter monitor",
//! "The ointment should be applied twice daily", "I have put in a referral". What stands outside
//! every frame is an instruction only as an imperative or as a bare item of a list.

use super::verbs;
use crate::token::{Shape, Token};

/// What follows the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A verb: "avoid overhead reaching", "wearing the CPAP".
    Act,
    /// A thing: "tamsulosin 0.4 mg once daily", "a referral to nephrology".
    Thing,
    /// A thing with what is to be done to it: "the ointment should be applied".
    Passive,
}

/// An instruction in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where the act begins.
    pub(super) at: usize,
    pub(super) way: Way,
    /// "Should not", "advised against".
    pub(super) not: bool,
    /// The word that says what is to be done; the act itself but for the passive.
    pub(super) verb: usize,
}

pub(super) const PATIENT: &[&str] = &[
    "patient", "pt", "pts", "she", "he", "they", "you", "mom", "mum", "mother", "dad", "father", "parents",
    "family", "child", "daughter", "son", "wife", "husband", "partner", "gf", "carer", "caregiver", "client",
];
pub(super) const CLINIC: &[&str] = &["i", "we", "i'll", "we'll", "i've", "we've"];
const STAFF: &[&str] = &[
    "nurse", "nurses", "office", "team", "staff", "clinic", "hospital", "hosp", "pharmacy", "secretary",
    "rn", "md", "gp", "pcp", "surgeon", "dr", "department", "surgery", "practice", "ward", "receptionist",
    "ambulance", "physio", "registrar",
];
pub(super) const ADVERBS: &[&str] = &[
    "also", "then", "now", "just", "still", "simply", "only", "again", "always", "first", "otherwise",
    "strongly", "gently", "please", "therefore", "both", "all", "each", "definitely", "certainly", "really",
];
pub(super) const NOT: &[&str] = &["not", "never", "no"];
/// Verbs that nobody is told to do.
pub(super) const NO_ACTS: &[&str] = &[
    "feel", "experience", "notice", "develop", "improve", "understand", "know", "benefit", "tolerate",
    "likely", "want", "like", "help", "resolve", "heal", "persist", "seem", "become", "expect", "include",
    "depend", "happen", "occur", "think", "appear", "require", "probably", "possibly", "hopefully",
    "present", "worsen", "recover", "receive", "undergo", "lead", "cause", "result", "consider", "reassess",
    "discuss", "determine", "decide", "believe", "agree", "make", "fail", "prove", "suffer", "pass",
    "progress", "look", "ensure",
];
/// What a clinic does that the patient has to attend, take or leave.
const ORDERS: &[&str] = &[
    "obtain", "order", "check", "repeat", "recheck", "schedule", "refer", "arrange", "book", "get", "start",
    "begin", "add", "increase", "decrease", "reduce", "switch", "change", "continue", "prescribe", "draw",
    "see", "stop", "discontinue", "hold", "taper", "titrate", "place", "request", "rpt", "restart", "resume",
    "have", "keep", "put", "treat", "cover", "use", "supply", "send", "discharge", "trial", "try",
    "initiate", "wean", "repeat", "recommend", "advise", "set",
];

/// The leftmost frame of a clause.
pub(super) fn find(words: &[Token]) -> Option<Frame> {
    let reader = Reader { words };
    (0..words.len()).find_map(|at| {
        reader
            .advice(at)
            .or_else(|| reader.modal(at))
            .or_else(|| reader.ordered(at))
            .or_else(|| reader.visit(at))
            // A frame that the clause ends with frames nothing.
            .filter(|frame| frame.at < words.len())
    })
}

/// "I will telephone her": what the clinic does itself.
pub(super) fn staff_work(words: &[Token]) -> bool {
    words.windows(2).enumerate().any(|(at, pair)| {
        let clinic = pair[0].is(CLINIC) || pair[0].is(STAFF);
        let next = words[at + 2..].iter().find(|t| !t.is(ADVERBS));
        clinic
            && pair[1].is(&["will", "'ll"])
            && next.is_some_and(|verb| !verb.is(ORDERS) && !verb.is(&["be", "follow"]))
    })
}

/// Whether a clause only tells how things are, were, or are thought to be: outside every frame.
pub(super) fn tells(words: &[Token]) -> bool {
    const FINITE: &[&str] = &[
        "is", "are", "was", "were", "has", "had", "did", "does", "isn't", "wasn't", "hasn't", "hadn't",
        "didn't", "doesn't", "showed", "shows", "received", "came", "says", "said", "knows", "wants",
        "continues", "remains", "failed", "quit", "smokes", "drinks", "lives", "works", "tried", "finished",
        "used", "uses", "takes", "took", "reports", "denies", "describes", "established", "noted",
        "underwent", "tolerated", "would", "made", "averaged", "declined", "walks", "follows", "sleeps",
        "eats", "complains", "states", "feels", "thought", "misses", "forgot",
    ];
    let bare = words.first().is_some_and(|first| {
        first.is(&[
            "takes", "uses", "smokes", "drinks", "lives", "works", "walks", "follows", "quit", "tried",
            "who", "which", "given", "received", "took", "had", "made", "admitted", "accepted",
        ])
    });
    let subject = bare
        || words.first().is_some_and(|first| {
            first.is(PATIENT) && !first.is(&["mom", "mum", "patient", "pt"])
                || first.is(CLINIC)
                || first.is(&["it", "this", "these", "there", "her", "his", "their", "that"])
        });
    let told = words.first().is_some_and(|first| first.is(&["patient", "pt", "because", "although"]))
        || words.first().is_some_and(|first| first.is(&["the"]))
            && words.iter().take(4).any(|token| token.is(FINITE));
    if words.first().is_some_and(|first| first.is(&["is", "are", "was", "were", "isn't"])) {
        return true;
    }
    // "Until finished" tells nothing.
    let finite = |i: usize| {
        words[i].is(FINITE) && !words[i - 1].is(&["until", "till", "til", "as", "when", "if", "once"])
    };
    let clause = words
        .iter()
        .position(|t| t.is(&["until", "till", "once", "while", "as", "because", "since", "when"]));
    let main = clause.filter(|at| *at > 1).unwrap_or(words.len());
    subject || told || (1..main).any(finite)
}

/// Whether a clause begins as an order: with a verb in its base form.
pub(super) fn orders(words: &[Token]) -> bool {
    let skip =
        words.iter().take_while(|t| t.is(ADVERBS) || t.is(&["pls", "to", "bitte", "and", "-"])).count();
    words.get(skip).is_some_and(|first| {
        // "Lower extremity edema" is no order.
        let low = first.is(&["lower"])
            && !words.get(skip + 1).is_some_and(|t| t.is(&["the", "your", "his", "her"]));
        verbs::verb(&first.text).is_some() && !first.text.ends_with("ed") && !low
            || first.is(&["don't", "dont", "do", "no", "avoid", "nil", "off"])
    })
}

pub(super) struct Reader<'a> {
    pub(super) words: &'a [Token],
}

/// Whose doing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Patient,
    Clinic,
    /// Somebody else at the clinic: their own work.
    Staff,
    /// A thing.
    Thing,
    /// Nobody is named.
    None,
    /// "This", "it": says how things are.
    Other,
}

impl Reader<'_> {
    pub(super) fn is(&self, at: usize, words: &[&str]) -> bool {
        self.words.get(at).is_some_and(|token| token.is(words))
    }

    pub(super) fn phrase_end(&self, at: usize, phrase: &[&[&str]]) -> Option<usize> {
        phrase.iter().enumerate().all(|(i, words)| self.is(at + i, words)).then_some(at + phrase.len())
    }

    pub(super) fn skip_while(&self, mut at: usize, words: &[&str]) -> usize {
        while self.is(at, words) {
            at += 1;
        }
        at
    }

    /// Who stands before a verb.
    pub(super) fn subject(&self, at: usize) -> Subject {
        let mut before = at;
        while before > 0 && self.is(before - 1, ADVERBS) {
            before -= 1;
        }
        let Some(last) = before.checked_sub(1).map(|i| &self.words[i]) else { return Subject::None };
        if last.is(PATIENT) {
            Subject::Patient
        } else if last.is(CLINIC) {
            Subject::Clinic
        } else if last.is(&["it", "this", "that", "there", "which", "who", "these", "symptoms", "pain"]) {
            Subject::Other
        } else if last.is(STAFF) {
            Subject::Staff
        } else if last.shape == Shape::Word
            || last.is_mark('%')
            || last.is_mark(')')
            || last.number().is_some()
        {
            Subject::Thing
        } else {
            Subject::None
        }
    }

    /// "Should", "must", "is to", "needs to", "will", "may"; where the verb stands behind it, and
    /// whether it is an order and not a permission or a forecast.
    fn modal_at(&self, at: usize) -> Option<(usize, bool, bool)> {
        if self.is(at, &["should", "must", "shall"]) {
            return Some((at + 1, true, false));
        }
        if self.is(at, &["shouldn't", "mustn't", "cannot", "can't"]) {
            return Some((at + 1, true, true));
        }
        if self.is(at, &["is", "are"]) && self.is(at + 1, &["to"]) {
            return Some((at + 2, true, false));
        }
        if self.is(at, &["is", "are"]) && self.is(at + 1, NOT) && self.is(at + 2, &["to"]) {
            return Some((at + 3, true, true));
        }
        if self.is(at, &["needs", "need", "has", "have", "ought"]) && self.is(at + 1, &["to"]) {
            return Some((at + 2, true, false));
        }
        if self.is(at, &["am", "is", "are"]) && self.is(at + 1, &["going"]) && self.is(at + 2, &["to"]) {
            return Some((at + 3, false, false));
        }
        if self.is(at, &["would"]) && at.checked_sub(1).is_some_and(|i| self.is(i, CLINIC)) {
            return Some((at + 1, false, false));
        }
        if self.is(at, &["will", "can", "may", "plan", "plans", "i'll", "we'll"]) {
            let next = self.skip_while(at + 1, &["to"]);
            return Some((next, false, false));
        }
        // "Pt to fill in the form", "bloods to be taken".
        let named = at.checked_sub(1).is_some_and(|before| self.is(before, PATIENT))
            && self.words.get(at + 1).is_some_and(|t| verbs::verb(&t.text).is_some());
        if self.is(at, &["to"]) && at > 0 && (named || self.is(at + 1, &["be"])) {
            return Some((at + 1, true, false));
        }
        None
    }

    fn modal(&self, at: usize) -> Option<Frame> {
        let (next, order, denied) = self.modal_at(at)?;
        let verb = self.skip_while(next, ADVERBS);
        let not = denied || self.is(verb, NOT);
        let verb = self.skip_while(verb, NOT);
        let verb = self.skip_while(verb, &["also", "longer"]);
        let token = self.words.get(verb).filter(|token| token.shape == Shape::Word)?;
        if token.is(NO_ACTS) {
            return None;
        }
        let contracted = self.is(at, &["i'll", "we'll"]);
        match if contracted { Subject::Clinic } else { self.subject(at) } {
            Subject::Clinic if !not => self.clinic(verb),
            Subject::Patient => self.patient(verb, order, not, self.is(at, &["can", "may"])),
            Subject::None if order => self.patient(verb, order, not, false),
            Subject::None if self.is(at, &["will"]) && !not => self.clinic(verb),
            Subject::Thing | Subject::Staff => self.thing(at, verb, not),
            _ => None,
        }
    }

    /// What a patient is to do.
    fn patient(&self, verb: usize, order: bool, not: bool, permission: bool) -> Option<Frame> {
        let verb = self.phrase_end(verb, &[&["continue"], &["to"]]).unwrap_or(verb);
        let act = Frame { at: verb, way: Way::Act, not, verb };
        if self.is(verb, &["be"]) {
            return self.patient_is(verb, not);
        }
        if self.is(verb, &["need"]) {
            let at = self.skip_while(verb + 1, &["to", "a", "an", "some"]);
            return (!not).then_some(Frame { at, way: Way::Thing, ..act });
        }
        if self.is(verb, &["have"])
            && !order
            && !self.is(verb + 1, &["a", "an", "her", "his", "your", "repeat", "blood"])
        {
            return None;
        }
        let token = &self.words[verb];
        let known = verbs::verb(&token.text).is_some();
        if permission && !not {
            let treats = verbs::verb(&token.text).is_some_and(verbs::Verb::treats);
            return (treats || token.is(&["return", "shower", "bathe"])).then_some(act);
        }
        (order || known || not).then_some(act)
    }

    /// "Be seen in clinic", "be on a soft diet", "be discharged on".
    pub(super) fn patient_is(&self, be: usize, not: bool) -> Option<Frame> {
        let next = self.skip_while(be + 1, ADVERBS);
        let act = |at| Frame { at, way: Way::Act, not, verb: at };
        if self.is(
            next,
            &["seen", "followed", "evaluated", "referred", "reviewed", "reassessed", "re-evaluated"],
        ) {
            return (!not).then_some(act(next));
        }
        if self.is(next, &["on", "off", "non", "non-weight", "weight", "nil", "careful", "kept"]) {
            return Some(Frame { at: be, way: Way::Thing, not, verb: next });
        }
        if self.is(
            next,
            &[
                "discharged", "started", "placed", "switched", "transitioned", "maintained", "continued",
                "sent",
            ],
        ) {
            let at = self.skip_while(next + 1, &["home", "on", "with", "to", "back"]);
            return (!not && at > next + 1).then_some(Frame { at, way: Way::Thing, not, verb: next });
        }
        None
    }

    /// What a clinic will do with the patient.
    fn clinic(&self, verb: usize) -> Option<Frame> {
        let verb = self.phrase_end(verb, &[&["go"], &["ahead"], &["and"]]).unwrap_or(verb);
        if !self.is(verb, ORDERS) {
            return None;
        }
        if let Some(at) = self.means(verb) {
            return Some(Frame { at, way: Way::Thing, not: false, verb });
        }
        if self.is(verb, &["treat", "cover", "supply", "send", "discharge"]) {
            return None;
        }
        let next = verb + 1;
        let person = self.is(next, &["him", "her", "them", "you", "patient", "the", "back", "pt"]);
        let others = self.words[next..].iter().take(4).any(|t| t.is(STAFF));
        if self.is(verb, &["see"]) && !person || self.is(verb, &["have", "get"]) && others {
            return None;
        }
        let at = if self.is(verb, &["place", "put", "set"]) {
            self.skip_while(next, &["in", "up", "a", "an", "the"])
        } else {
            verb
        };
        let way = if at == verb { Way::Act } else { Way::Thing };
        Some(Frame { at, way, not: false, verb })
    }

    /// "Treat her with Macrobid", "get him started on", "place her in a boot": with what.
    fn means(&self, verb: usize) -> Option<usize> {
        if !self.is(verb, &["treat", "cover", "put", "place", "get", "set", "supply", "discharge", "send"]) {
            return None;
        }
        let whom = self.skip_while(
            verb + 1,
            &["this", "him", "her", "them", "it", "the", "patient", "up", "started", "home", "back", "to"],
        );
        let with = self.skip_while(whom, &["with", "on", "in"]);
        let at = self.skip_while(with, &["a", "an", "the", "some"]);
        (whom > verb + 1 && with > whom && at < self.words.len()).then_some(at)
    }

    /// "The ointment should be applied", "alcohol should be limited", "CBC will be repeated".
    fn thing(&self, at: usize, verb: usize, not: bool) -> Option<Frame> {
        if !self.is(verb, &["be"]) {
            return None;
        }
        let next = self.skip_while(verb + 1, ADVERBS);
        let start = self.thing_start(at);
        let asked = self.words.get(next).is_some_and(|token| verbs::done_to(&token.text).is_some());
        // "No anticonvulsant will be started", "arranged by the team".
        let denied = self.is(start, &["no"])
            || self.is(next + 1, &["by"]) && self.words[next..].iter().any(|t| t.is(STAFF));
        (asked && !denied).then_some(Frame { at: start, way: Way::Passive, not, verb: next })
    }

    /// Where the thing begins that stands before a verb: behind the last comma, "and" being part
    /// of it.
    pub(super) fn thing_start(&self, verb: usize) -> usize {
        let border =
            self.words[..verb].iter().rposition(|t| t.is_mark(',') || t.is_mark(':') || t.is(&["that"]));
        border.map_or(0, |at| at + 1)
    }
}
