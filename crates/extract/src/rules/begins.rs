//! What a run of words begins with: a verb, a medicine, a dose, a test, a visit.

use super::verbs;
use crate::{
    drugs::{is_drug, is_strength},
    lexicon::Class,
    token::{Shape, Token},
};

pub(super) fn begins_verb(rest: &[Token]) -> bool {
    let skip = rest
        .iter()
        .take_while(|t| {
            t.is(&[
                "to", "please", "will", "she", "he", "you", "advised", "also", "patient", "refer", "should",
                "instead",
            ])
        })
        .count();
    rest.get(skip).is_some_and(|t| {
        verbs::act_of(&t.text).is_some()
            && !t.is(&[
                "rest", "test", "present", "order", "review", "log", "complete", "have", "see", "fast",
                "record", "provide", "message", "change", "exercise", "increase", "further", "regular",
                "leave", "cut", "do", "be", "ice",
            ])
            || t.is(&[
                "refer", "rest", "see", "arrange", "record", "ice", "increase", "have", "review", "complete",
            ]) && rest.len() > 1
                && (skip > 0 || !t.is(&["have"]))
    })
}

/// A medicine's name, or a name with a strength behind it.
pub(super) fn begins_drug(rest: &[Token]) -> bool {
    let Some(first) = rest.first() else { return false };
    if is_drug(first) {
        return true;
    }
    if first.shape != Shape::Word
        || first.text.len() < 3
        || verbs::verb(&first.text).is_some()
        || first.is_a(Class::LEAD)
        || first.is(&["weight"])
        || first
            .is(&["including", "like", "such", "eg", "or", "especially", "low", "high", "received", "takes"])
    {
        return false;
    }
    // "Xyzal 5 mg", "Mefenamic acid 500 mg", "moisturizing sunscreen" is none.
    (1..=3).any(|i| {
        let (number, unit) = (rest.get(i), rest.get(i + 1));
        rest[..i.min(rest.len())].iter().all(|t| t.shape == Shape::Word)
            && number.is_some_and(|t| t.number().is_some())
            && unit.is_some_and(is_strength)
    }) || rest.get(1).is_some_and(is_drug) && !first.is_a(Class::TEST)
}

/// "20 mg daily": an amount of the medicine named before.
pub(super) fn begins_dose(rest: &[Token]) -> bool {
    let skip = rest.iter().take_while(|t| t.is(&["then", "reduce", "to"])).count();
    // "Then weekly", "then 1 OD", "then back to SOS": a stage of what was named before.
    if rest.len() <= 12
        && rest
            .first()
            .is_some_and(|t| t.is(&["then", "thereafter", "dann", "danach", "puis", "luego", "followed"]))
        && !rest.iter().any(|t| verbs::verb(&t.text).is_some_and(|v| v != verbs::Verb::Take) || is_drug(t))
    {
        return true;
    }
    if super::item::is_stage(rest) && rest[0].number().is_none() && !rest[0].is(&["one", "two", "half"]) {
        return true;
    }
    let number = rest.get(skip).is_some_and(|t| t.number().is_some());
    number && rest.get(skip + 1).is_some_and(is_strength)
        || rest.first().is_some_and(|t| t.is(&["then"]))
            && rest.iter().any(|t| t.is(&["required", "needed", "prn", "stop"]))
}

/// "No straws": in a list of what to do, whatever is not a finding is forbidden.
pub(super) fn forbids(rest: &[Token]) -> bool {
    let most = if rest.iter().any(|t| t.is(&["after", "before", "until"])) { 8 } else { 5 };
    (2..=most).contains(&rest.len())
        && rest[0].is(&["no", "pas"])
        && rest[1].shape == Shape::Word
        && !rest.iter().any(|t| {
            t.is(FOUND) || t.is_a(Class::VISIT) || t.is(&["needed", "required", "indicated", "necessary"])
        })
}

/// What is not there, or not needed, rather than forbidden: "no fever", "no red flags".
const FOUND: &[&str] = &[
    "flags", "fever", "complications", "change", "changes", "concerns", "allergies", "evidence", "sign",
    "signs", "pain", "red", "symptoms", "issues", "problems", "history", "restrictions", "contraindications",
    "refills", "refill", "distress", "acute", "infection", "masses", "fracture", "bleeding", "vomiting",
    "swelling", "wheezing", "coughing", "itching", "burning", "cramping", "tingling", "longer", "known",
    "one", "urgent", "need", "indication", "medication", "abnormality", "murmur", "present", "previous",
    "prior", "similar", "recent", "family", "further", "other", "episodes", "now", "currently", "for",
    "allergy", "cough", "rash", "response", "improvement", "effect", "side", "problem", "visits",
    "appointment", "results", "antibiotics", "abx", "treatment", "referral", "imaging", "workup", "labs",
    "tests",
];

/// "Do not take", "no sports", "no heavy lifting".
pub(super) fn begins_prohibition(rest: &[Token]) -> bool {
    let at = |i: usize, set: &[&str]| rest.get(i).is_some_and(|t| t.is(set));
    let activity = |t: &Token| {
        t.is_a(Class::HABIT)
            || is_drug(t)
            || t.text.ends_with("ing") && verbs::gerund(&t.text).is_some()
            || t.is(&[
                "vaccines", "syrups", "kneeling", "driving", "running", "squatting", "climbing", "tub",
                "pools", "hot",
            ])
    };
    let needless = rest.iter().any(|t| {
        t.is(&[
            "explained", "today", "discussed", "needed", "required", "indicated", "necessary", "reqd", "req",
            "signs", "evidence", "issues", "time", "change",
        ])
    });
    at(0, &["do"]) && at(1, &["not"])
        || at(0, &["not"]) && at(1, &["to"])
        || at(0, &["don't", "dont", "avoid", "avoiding"])
        || at(0, &["never"]) && rest.get(1).is_some_and(|t| !t.text.ends_with("ed"))
        || at(0, &["nicht", "npo", "nbm"])
        || at(0, &["nil", "nothing"]) && (at(1, &["by", "per"]) || at(1, &["to"]) && at(2, &["eat", "drink"]))
        || at(0, &["off"])
            && at(1, &["work", "school", "nursery", "sport", "sports", "games", "pe", "daycare", "legs"])
        || at(0, &["no", "nil", "zero"])
            && at(1, &["further", "more", "other"])
            && rest.get(2).is_some_and(is_drug)
            && !needless
        || at(0, &["no", "kein", "keine", "keinen", "pas"])
            && rest.iter().skip(1).take(3).any(activity)
            && !needless
        || at(0, &["no", "ne"])
            && rest.get(1).is_some_and(|t| t.is(&["tomar", "conducir", "fumar", "beber", "pas"]))
        || at(0, &["no", "keine", "kein"])
            && !needless
            && rest.iter().skip(1).take(3).any(|t| {
                t.is(&[
                    "sports", "sport", "lifting", "driving", "alcohol", "swimming", "smoking", "nsaids",
                    "exercise", "work", "school", "running", "contact", "strenuous", "weight-bearing",
                    "bearing", "sex", "other", "baths", "caffeine", "gym", "flying", "tampons",
                ])
            })
}

pub(super) fn begins_test(rest: &[Token]) -> bool {
    let Some(first) = rest.first() else { return false };
    let second = rest.get(1).is_some_and(|t| t.is_a(Class::TEST));
    first.is_a(Class::TEST)
        && !first.is(&["us", "x", "monitor", "labs-none", "test", "pregnancy", "screening"])
        || first.is(&[
            "pregnancy", "complete", "repeat", "urgent", "fasting", "full", "chest", "pelvic", "abdominal",
            "brain", "basic", "knee", "obtain",
        ]) && second
        || first.is(&["x"])
            && rest.get(1).is_some_and(|t| t.is_mark('-'))
            && rest.get(2).is_some_and(|t| t.is(&["ray", "rays"]))
}

pub(super) fn begins_visit(rest: &[Token]) -> bool {
    let Some(first) = rest.first() else { return false };
    let at = |i: usize, set: &[&str]| rest.get(i).is_some_and(|t| t.is(set));
    let slash = |i: usize| rest.get(i).is_some_and(|t| t.is_mark('/'));
    first.is(&["f"]) && slash(1) && at(2, &["u", "up"])
        || first.is(&["r"]) && slash(1) && at(2, &["v"])
        || first.is(&["tel", "phone", "telephone", "video", "gp", "nurse"])
            && at(1, &["r", "review", "rv", "appt", "appointment"])
        || first.is(&["rtc"])
        || first.is(&["check"]) && at(1, &["up", "-up"])
        || first.is(&["follow"])
            && (at(1, &["up"]) || rest.get(1).is_some_and(|t| t.is_mark('-')) && at(2, &["up"]))
        || first.is(&["return", "rtc"]) && at(1, &["to", "for", "in"])
        || first.is(&["referred", "refer", "referral", "referrals", "self-referral", "followed", "reviewed"])
        || first.is(&["self"]) && rest.iter().take(4).any(|t| t.is(&["referral", "refer"]))
        || first.is(&["be"]) && at(1, &["seen", "followed", "referred"])
        || first.is_a(Class::VISIT)
            && !first.is(&[
                "therapy", "assessment", "nutrition", "clinic", "counseling", "control", "ent", "ot", "visit",
            ])
        || first.is(&["clinic", "control", "ent"])
            && rest.iter().skip(1).take(3).any(|t| t.is(&["in", "en", "on", "appointment", "follow"]))
        || rest.len() <= 9
            && rest.iter().take(3).any(|t| {
                t.is(&["consult", "appointment", "referral", "recheck", "review", "f/u", "kontrolle"])
            })
            && first.shape == Shape::Word
        || rest.iter().take(2).any(|t| t.is_a(Class::VISIT))
            && rest.iter().skip(1).take(4).any(|t| t.is(&["f"]))
            && rest.iter().any(|t| t.is_mark('/'))
        || first.is(&["physical"]) && at(1, &["therapy"])
        || first.is(&["seen"]) && rest.iter().any(|t| t.is(&["clinic", "in"]))
}

pub(super) fn begins_measure(rest: &[Token]) -> bool {
    let home = rest[0].is(&["home", "daily"]) && rest.get(1).is_some_and(|t| t.is_a(Class::MEASURE));
    home || rest[0].is(&["bp", "weights", "pefr", "glucose"])
        && rest.len() <= 8
        && !rest.iter().any(|t| t.is_a(Class::VISIT) || t.is(&["stable", "controlled"]))
}

/// A habit in a list of habits: "rest, fluids", "Reposo e hidratación".
pub(super) fn begins_lifestyle(rest: &[Token], before: &[Token]) -> bool {
    rest[0].is_a(Class::HABIT)
        && before.iter().any(|t| t.is_a(Class::HABIT))
        && rest.len() <= 4
        && before.len() <= 6
        || (rest[0].is_a(Class::HABIT)
            || rest.get(1).is_some_and(|t| t.is_a(Class::HABIT))
            || rest.iter().take(5).any(|t| t.is(&["restriction", "diet", "sunscreen"])))
            && before.iter().any(|t| t.is_a(Class::HABIT) || is_drug(t) || t.is_mark('%'))
}
