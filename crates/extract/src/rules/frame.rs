//! The frames in which doctors tell patients what to do: who is told, by whom, and where the act
//! begins.
//!
//! "She should avoid overhead reaching", "I asked him to rest", "We will obtain a Holter monitor",
//! "The ointment should be applied twice daily", "I have put in a referral". What stands outside
//! every frame is an instruction only as an imperative or as a bare item of a list.

use super::{nouns, verbs};
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

const PATIENT: &[&str] = &[
    "patient",
    "pt",
    "pts",
    "she",
    "he",
    "they",
    "you",
    "mom",
    "mum",
    "mother",
    "dad",
    "father",
    "parents",
    "family",
    "child",
    "daughter",
    "son",
    "wife",
    "husband",
    "partner",
    "gf",
    "carer",
    "caregiver",
    "client",
];
const CLINIC: &[&str] = &["i", "we", "i'll", "we'll", "i've", "we've"];
const STAFF: &[&str] = &[
    "nurse",
    "nurses",
    "office",
    "team",
    "staff",
    "clinic",
    "hospital",
    "hosp",
    "pharmacy",
    "secretary",
    "rn",
    "md",
    "gp",
    "pcp",
    "surgeon",
    "dr",
    "department",
    "surgery",
    "ward",
    "receptionist",
    "ambulance",
    "physio",
    "registrar",
];
const ADVERBS: &[&str] = &[
    "also",
    "then",
    "now",
    "just",
    "still",
    "simply",
    "only",
    "again",
    "always",
    "first",
    "otherwise",
    "strongly",
    "gently",
    "please",
    "therefore",
    "both",
    "all",
    "each",
    "definitely",
    "certainly",
    "really",
];
const NOT: &[&str] = &["not", "never", "no"];
/// Verbs that nobody is told to do.
const NO_ACTS: &[&str] = &[
    "feel",
    "experience",
    "notice",
    "develop",
    "improve",
    "understand",
    "know",
    "benefit",
    "tolerate",
    "likely",
    "want",
    "like",
    "help",
    "resolve",
    "heal",
    "persist",
    "seem",
    "become",
    "expect",
    "include",
    "depend",
    "happen",
    "occur",
    "think",
    "appear",
    "require",
    "probably",
    "possibly",
    "hopefully",
    "present",
    "worsen",
    "recover",
    "receive",
    "undergo",
    "lead",
    "cause",
    "result",
    "consider",
    "reassess",
    "discuss",
    "determine",
    "decide",
    "believe",
    "agree",
    "make",
    "fail",
    "prove",
    "suffer",
    "pass",
    "progress",
    "look",
    "ensure",
];
/// What a clinic does that the patient has to attend, take or leave.
const ORDERS: &[&str] = &[
    "obtain",
    "order",
    "check",
    "repeat",
    "recheck",
    "schedule",
    "refer",
    "arrange",
    "book",
    "get",
    "start",
    "begin",
    "add",
    "increase",
    "decrease",
    "reduce",
    "switch",
    "change",
    "continue",
    "prescribe",
    "draw",
    "see",
    "stop",
    "discontinue",
    "hold",
    "taper",
    "titrate",
    "place",
    "request",
    "rpt",
    "restart",
    "resume",
    "have",
    "keep",
    "put",
    "trial",
    "try",
    "initiate",
    "wean",
    "repeat",
    "recommend",
    "advise",
    "set",
];
const ORDERED: &[&str] = &[
    "ordered",
    "prescribed",
    "requested",
    "scheduled",
    "booked",
    "arranged",
    "referred",
    "recommended",
    "started",
    "reqd",
    "reqested",
    "advised",
    "placed",
    "called",
    "sent",
    "provided",
    "given",
    "gave",
    "put",
    "increased",
    "decreased",
    "reduced",
    "changed",
    "switched",
    "written",
    "resumed",
    "continued",
    "added",
    "dispensed",
    "issued",
];

/// The leftmost frame of a clause.
pub(super) fn find(words: &[Token]) -> Option<Frame> {
    (0..words.len()).find_map(|at| {
        let reader = Reader { words };
        reader
            .advice(at)
            .or_else(|| reader.modal(at))
            .or_else(|| reader.ordered(at))
            .or_else(|| reader.visit(at))
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
        "is",
        "are",
        "was",
        "were",
        "has",
        "had",
        "did",
        "does",
        "isn't",
        "wasn't",
        "hasn't",
        "hadn't",
        "didn't",
        "doesn't",
        "showed",
        "shows",
        "received",
        "came",
        "says",
        "said",
        "knows",
        "wants",
        "continues",
        "remains",
        "failed",
        "quit",
        "smokes",
        "drinks",
        "lives",
        "works",
        "tried",
        "finished",
        "used",
        "uses",
        "takes",
        "took",
        "reports",
        "denies",
        "describes",
        "established",
        "noted",
        "underwent",
        "tolerated",
        "would",
        "made",
        "averaged",
        "declined",
        "walks",
        "follows",
        "sleeps",
        "eats",
        "complains",
        "states",
        "feels",
        "thought",
        "misses",
        "forgot",
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
        let low = first.is(&["lower"]) && !words.get(skip + 1).is_some_and(|t| t.is(&["the", "your", "his", "her"]));
        verbs::verb(&first.text).is_some() && !first.text.ends_with("ed") && !low
            || first.is(&["don't", "dont", "do", "no", "avoid", "nil", "off"])
    })
}

struct Reader<'a> {
    words: &'a [Token],
}

/// Whose doing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
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
    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.words.get(at).is_some_and(|token| token.is(words))
    }

    fn phrase_end(&self, at: usize, phrase: &[&[&str]]) -> Option<usize> {
        phrase.iter().enumerate().all(|(i, words)| self.is(at + i, words)).then_some(at + phrase.len())
    }

    fn skip_while(&self, mut at: usize, words: &[&str]) -> usize {
        while self.is(at, words) {
            at += 1;
        }
        at
    }

    /// Who stands before a verb.
    fn subject(&self, at: usize) -> Subject {
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
    fn patient_is(&self, be: usize, not: bool) -> Option<Frame> {
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
            &["discharged", "started", "placed", "switched", "transitioned", "maintained", "continued", "sent"],
        ) {
            let at = self.skip_while(next + 1, &["home", "on", "with", "to", "back"]);
            return (!not && at > next + 1).then_some(Frame { at, way: Way::Thing, not, verb: next });
        }
        None
    }

    /// What a clinic will do with the patient.
    fn clinic(&self, verb: usize) -> Option<Frame> {
        if !self.is(verb, ORDERS) {
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
    fn thing_start(&self, verb: usize) -> usize {
        let border =
            self.words[..verb].iter().rposition(|t| t.is_mark(',') || t.is_mark(':') || t.is(&["that"]));
        border.map_or(0, |at| at + 1)
    }

    /// "I recommend", "was advised to", "I would like her to".
    fn advice(&self, at: usize) -> Option<Frame> {
        const WITH_PERSON: &[&str] = &[
            "asked",
            "told",
            "instructed",
            "encouraged",
            "encourage",
            "urged",
            "reminded",
            "want",
            "like",
            "prefer",
            "counseled",
            "counselled",
            "cautioned",
            "warned",
            "directed",
            "wish",
            "ask",
            "tell",
            "instruct",
        ];
        const WITH_THING: &[&str] = &[
            "recommend",
            "recommended",
            "recommending",
            "recommends",
            "suggest",
            "suggested",
            "suggesting",
            "advise",
            "advised",
            "adv",
            "advising",
            "advises",
            "prescribe",
            "prescribing",
            "propose",
        ];
        let person = self.is(at, WITH_PERSON);
        if !person && !self.is(at, WITH_THING) || !self.advises(at) {
            return None;
        }
        let mut next = at + 1;
        let mut that = false;
        loop {
            if self.is(next, &["that"]) {
                that = true;
            } else if !self.is(next, PATIENT)
                && !self.is(
                    next,
                    &["him", "her", "them", "the", "strongly", "also", "both", "his", "again", "today"],
                )
            {
                break;
            }
            next += 1;
        }
        let named = next > at + 1;
        let not = self.is(next, NOT) || self.is(next, &["against"]);
        let next = self.skip_while(next, &["not", "never", "against"]);
        let act = |at: usize| Some(Frame { at, way: Way::Act, not, verb: at });
        if self.is(next, &["to"]) {
            let verb = self.skip_while(next + 1, ADVERBS);
            if self.is(verb, &["be"]) {
                return self.patient_is(verb, not);
            }
            return self
                .words
                .get(verb)
                .filter(|t| t.shape == Shape::Word && !t.is(NO_ACTS))
                .and_then(|_| act(verb));
        }
        let verb =
            self.skip_while(next, &["should", "can", "be", "is", "are", "start", "continue"]).max(next);
        let verb = if verb > next && self.words.get(verb).is_none_or(|t| verbs::verb(&t.text).is_none()) {
            next
        } else {
            verb
        };
        let token = self.words.get(verb)?;
        if that || named || not {
            if token.shape == Shape::Word
                && (verbs::act_of(&token.text).is_some() || not)
                && !token.is(NO_ACTS)
            {
                return act(verb);
            }
        }
        if verbs::gerund(&token.text).is_some() && !self.is(verb + 1, &["of"]) {
            return act(verb);
        }
        if person {
            return None;
        }
        let at = self.skip_while(
            next,
            &["a", "an", "the", "some", "for", "of", "trial", "regular", "using", "re", "on", ":"],
        );
        let at = self.skip_while(at, &["trial", "of"]);
        (at < self.words.len()).then_some(Frame { at, way: Way::Thing, not, verb: at })
    }

    /// Whether the word of advice is the doctor's own, of now.
    fn advises(&self, at: usize) -> bool {
        let mut before = at;
        while before > 0
            && (self.is(before - 1, ADVERBS)
                || self.is(before - 1, &["would", "have", "has", "had", "do", "am"]))
        {
            before -= 1;
        }
        let Some(last) = before.checked_sub(1) else { return true };
        if self.is(last, NOT) || self.is(last, &["don't", "didn't", "did"]) {
            return false;
        }
        self.is(last, CLINIC)
            || self.is(last, &["was", "were", "been", "is", "are", "be", "and", "but", "i'd", "we'd"])
            || !self.words[last].text.is_empty() && self.words[last].shape != Shape::Word
    }

    /// "I have ordered", "we prescribed", "a chest x-ray was ordered".
    fn ordered(&self, at: usize) -> Option<Frame> {
        let now = self.is(at, &["ordering", "referring", "prescribing", "starting", "adding", "increasing", "decreasing", "scheduling", "stopping", "continuing"])
            && at >= 2
            && self.is(at - 1, &["am", "are", "be"])
            && (self.is(at - 2, CLINIC) || self.is(at - 2, &["will"]));
        if now || at >= 1 && self.is(at - 1, &["i'm", "we're"]) && verbs::gerund(&self.words[at].text).is_some() {
            return self.clinic_does(at);
        }
        if !self.is(at, ORDERED) {
            return None;
        }
        let mut before = at;
        while before > 0
            && (self.is(before - 1, ADVERBS) || self.is(before - 1, &["have", "has", "had", "been", "'ve"]))
        {
            before -= 1;
        }
        let clinic = before.checked_sub(1).is_some_and(|i| self.is(i, CLINIC));
        let passive =
            before.checked_sub(1).is_some_and(|i| self.is(i, &["was", "were", "is", "are", "been"]))
                || at.checked_sub(1).is_some_and(|i| self.is(i, &["been"]));
        if clinic {
            return self.what_is_ordered(at);
        }
        if passive {
            let be = before.saturating_sub(1);
            return match self.subject(be) {
                Subject::Patient => self.what_is_ordered(at),
                _ if self.is(at + 1, &["by"]) => None,
                Subject::Thing
                    if self.is(
                        at,
                        &[
                            "ordered",
                            "prescribed",
                            "requested",
                            "scheduled",
                            "booked",
                            "arranged",
                            "recommended",
                        ],
                    ) || self.is(at, &["placed", "made", "provided", "given", "sent"])
                        && self.words[..at].iter().any(|t| t.is(&["referral", "referrals"]))
                        || self.is(at, &["sent", "called"])
                            && self.words[at..].iter().any(|t| t.is(&["pharmacy"])) =>
                {
                    Some(Frame { at: self.thing_start(be), way: Way::Passive, not: false, verb: at })
                }
                _ => None,
            };
        }
        None
    }

    /// "I am ordering an MRI", "we are referring him to physiotherapy".
    fn clinic_does(&self, verb: usize) -> Option<Frame> {
        let orders = self.is(verb, &["ordering", "prescribing", "scheduling"]);
        let at = if orders { self.skip_while(verb + 1, &["a", "an", "the", "him", "her", "them"]) } else { verb };
        let way = if orders { Way::Thing } else { Way::Act };
        (at < self.words.len()).then_some(Frame { at, way, not: false, verb })
    }

    fn what_is_ordered(&self, verb: usize) -> Option<Frame> {
        if self.is(verb, &["referred"]) {
            return Some(Frame { at: verb, way: Way::Act, not: false, verb });
        }
        let rest = &self.words[verb + 1..];
        let script =
            rest.iter().take(8).position(|t| t.is(&["prescription", "script", "rx", "order", "referral"]));
        let mut at = self.skip_while(
            verb + 1,
            &["in", "him", "her", "them", "the", "patient", "with", "a", "an", "on", "for", "to"],
        );
        if let Some(place) = script {
            let place = verb + 1 + place;
            at = if self.is(place, &["referral"]) {
                place
            } else {
                self.skip_while(place + 1, &["for", "of", "to", ":"])
            };
        } else if self
            .is(verb, &["given", "gave", "provided", "sent", "called", "put", "placed", "written", "issued"])
        {
            // What was handed over is done, but for medicines to take home.
            return None;
        }
        (at < self.words.len()).then_some(Frame { at, way: Way::Thing, not: false, verb })
    }

    /// "He has a visit with …", "your next appointment is on …".
    fn visit(&self, at: usize) -> Option<Frame> {
        let has = self.is(at, &["has", "have"]) && matches!(self.subject(at), Subject::Patient);
        if has && self.is(at + 1, &["a", "an", "his", "her", "their", "follow"]) {
            let near =
                self.words[at + 1..].iter().take(5).any(|t| t.is(nouns::VISITS) || t.is(&["scheduled"]));
            return near.then_some(Frame { at: at + 1, way: Way::Thing, not: false, verb: at + 1 });
        }
        if self.is(at, &["prescription", "script"])
            && self.is(at + 1, &["for", "of"])
            && !self.words[..at].iter().any(|t| t.is(&["his", "her", "own", "not"]))
        {
            let next = self.skip_while(at + 2, &["a", "an", "the", "some"]);
            return (next < self.words.len()).then_some(Frame {
                at: next,
                way: Way::Thing,
                not: false,
                verb: next,
            });
        }
        // "She goes home with Lortab 5/325"
        if self.is(at, &["goes", "sent", "going"]) && self.is(at + 1, &["home"]) && self.is(at + 2, &["with", "on"]) {
            let next = self.skip_while(at + 3, &["a", "an", "the", "some"]);
            return (next < self.words.len()).then_some(Frame { at: next, way: Way::Thing, not: false, verb: next });
        }
        // "She is off work", "outpatient PT begins Monday", "stitches come out on April 8".
        if self.is(at, &["is", "are"])
            && self.is(at + 1, &["off"])
            && matches!(self.subject(at), Subject::Patient)
        {
            return Some(Frame { at: at + 1, way: Way::Thing, not: false, verb: at + 1 });
        }
        let starts = self
            .is(at, &["start", "starts", "begin", "begins", "come", "comes", "resume", "resumes"])
            && at > 0
            && matches!(self.subject(at), Subject::Thing);
        let soon = |t: &Token| {
            t.is(&[
                "tomorrow",
                "today",
                "on",
                "in",
                "next",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
            ])
        };
        if starts && self.words[at + 1..].iter().take(7).any(soon) {
            return Some(Frame { at: 0, way: Way::Thing, not: false, verb: at });
        }
        let is = self.is(at, &["is", "are", "begins", "starts"])
            && self.is(at + 1, &["on", "in", "at", "scheduled", "for", "booked"]);
        let appointment =
            self.words[..at].iter().any(|t| t.is(&["appointment", "appt", "visit", "follow-up", "followup"]));
        (is && appointment).then_some(Frame { at: 0, way: Way::Thing, not: false, verb: at })
    }
}
