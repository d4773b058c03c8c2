//! Advice and orders: "I recommend", "she was told to", "I have ordered", "he has a visit with".

use super::{
    frame::{ADVERBS, CLINIC, Frame, NO_ACTS, NOT, PATIENT, Reader, Subject, Way},
    verbs,
};
use crate::{
    lexicon::Class,
    token::{Shape, Token},
};

const ORDERED: &[&str] = &[
    "ordered", "prescribed", "requested", "scheduled", "booked", "arranged", "referred", "recommended",
    "started", "reqd", "reqested", "advised", "placed", "called", "sent", "provided", "given", "gave", "put",
    "increased", "decreased", "reduced", "changed", "switched", "written", "resumed", "continued", "added",
    "dispensed", "issued",
];

impl Reader<'_> {
    /// "I recommend", "was advised to", "I would like her to".
    pub(super) fn advice(&self, at: usize) -> Option<Frame> {
        const WITH_PERSON: &[&str] = &[
            "asked", "told", "instructed", "encouraged", "encourage", "urged", "reminded", "want", "like",
            "prefer", "counseled", "counselled", "cautioned", "warned", "directed", "wish", "ask", "tell",
            "instruct",
        ];
        const WITH_THING: &[&str] = &[
            "recommend", "recommended", "recommending", "recommends", "suggest", "suggested", "suggesting",
            "advise", "advised", "adv", "advising", "advises", "prescribe", "prescribing", "propose",
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
        if (that || named || not)
            && token.shape == Shape::Word
            && (verbs::act_of(&token.text).is_some() || not)
            && !token.is(NO_ACTS)
        {
            return act(verb);
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
    pub(super) fn ordered(&self, at: usize) -> Option<Frame> {
        let now = self.is(
            at,
            &[
                "ordering", "referring", "prescribing", "starting", "adding", "increasing", "decreasing",
                "scheduling", "stopping", "continuing",
            ],
        ) && at >= 2
            && self.is(at - 1, &["am", "are", "be"])
            && (self.is(at - 2, CLINIC) || self.is(at - 2, &["will"]));
        if now
            || at >= 1 && self.is(at - 1, &["i'm", "we're"]) && verbs::gerund(&self.words[at].text).is_some()
        {
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
                            "ordered", "prescribed", "requested", "scheduled", "booked", "arranged",
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
        let at =
            if orders { self.skip_while(verb + 1, &["a", "an", "the", "him", "her", "them"]) } else { verb };
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
    pub(super) fn visit(&self, at: usize) -> Option<Frame> {
        let has = self.is(at, &["has", "have"]) && matches!(self.subject(at), Subject::Patient);
        if has && self.is(at + 1, &["a", "an", "his", "her", "their", "follow"]) {
            let near =
                self.words[at + 1..].iter().take(5).any(|t| t.is_a(Class::VISIT) || t.is(&["scheduled"]));
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
        if self.is(at, &["goes", "sent", "going"])
            && self.is(at + 1, &["home"])
            && self.is(at + 2, &["with", "on"])
        {
            let next = self.skip_while(at + 3, &["a", "an", "the", "some"]);
            return (next < self.words.len()).then_some(Frame {
                at: next,
                way: Way::Thing,
                not: false,
                verb: next,
            });
        }
        // "He is discharged to home on Keflex"
        if self.is(at, &["discharged"]) && at > 0 && self.is(at - 1, &["is", "was", "being", "be"]) {
            let on = self.skip_while(at + 1, &["to", "home", "today"]);
            let next = self.skip_while(on, &["with", "on", "a", "an", "the", "prescription", "for"]);
            let whose = self.is(next, &["his", "her", "their", "family", "parents"]);
            return (next > on && next < self.words.len() && !whose).then_some(Frame {
                at: next,
                way: Way::Thing,
                not: false,
                verb: next,
            });
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
                "tomorrow", "today", "on", "in", "next", "monday", "tuesday", "wednesday", "thursday",
                "friday", "saturday", "sunday",
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
