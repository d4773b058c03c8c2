//! What is not a step: words to software, history, staff work, what is done, declined or denied.

use crate::drugs::{is_drug, is_strength};
use crate::lexicon::Class;
use crate::token::Token;

/// A clause that tells what was or is, what others do, or what will not be.
pub(super) fn whole(tokens: &[Token]) -> bool {
    story(tokens) || result(tokens) || staff(tokens) || done(tokens) || not_started(tokens) || others(tokens)
}

/// The same, but for what stands in brackets: "home BP twice a day (has own machine)".
pub(super) fn tells(tokens: &[Token]) -> bool {
    whole(&outside_brackets(tokens))
}

/// The words that do not stand in brackets, or all where none do.
pub(super) fn outside_brackets(tokens: &[Token]) -> Vec<Token> {
    let mut depth = 0_usize;
    let mut out = Vec::new();
    for token in tokens {
        depth += usize::from(token.is_mark('('));
        if depth == 0 {
            out.push(token.clone());
        }
        depth = depth.saturating_sub(usize::from(token.is_mark(')')));
    }
    if out.is_empty() { tokens.to_vec() } else { out }
}

/// What is no instruction though it stands in a frame: another person's, declined, the clinic's.
pub(super) fn framed(tokens: &[Token]) -> bool {
    others(tokens)
        || asks_staff(tokens)
        || any(tokens, &["declined", "declines", "refused", "refuses", "pending", "might"])
        || is_nil(tokens)
        || pair(tokens, &["hold"], &["off"])
        || pair(tokens, &["will"], &["consider", "likely", "not"]) && !any(tokens, &["should", "must"])
}

/// What was said elsewhere, or before.
pub(super) fn elsewhere(tokens: &[Token]) -> bool {
    let then = any(tokens, &["ago", "previously", "coworker", "friend", "internet", "elsewhere"])
        || pair(tokens, &["urgent", "emergency"], &["care", "room", "department"])
            && any(tokens, &["was", "were", "told"]);
    then && !any(tokens, &["i", "we", "recommend", "advise"])
        && pair(
            tokens,
            &["was", "were", "him", "her", "been"],
            &["told", "advised", "given", "prescribed", "seen", "to", "asked"],
        )
}

/// "Labs reviewed, all within normal limits": what a test has shown, not a test to have.
fn result(tokens: &[Token]) -> bool {
    let test = tokens
        .iter()
        .position(|token| token.is(&["labs", "lab", "bloods", "results", "ecg", "x-ray", "exam"]));
    // "A CT was ordered and read as negative", "scheduled for August but cancelled".
    if pair(tokens, &["read"], &["as"])
        || pair(tokens, &["all"], &["normal", "negative", "fine", "ok"])
        || any(tokens, &["cancelled", "canceled"])
            && pair(tokens, &["but", "and", "was", "she", "he"], &["cancelled", "canceled"])
    {
        return true;
    }
    // "FBC, U+E, TFT normal"
    let all_well = tokens.first().is_some_and(|t| t.is_a(Class::TEST) || t.is_a(Class::MEASURE))
        && tokens.last().is_some_and(|t| {
            t.is(&[
                "normal", "nrml", "clear", "fine", "ok", "nad", "neg", "negative", "stable", "unremarkable",
            ])
        });
    if all_well && !any(tokens, &["until", "till", "til", "check", "repeat", "recheck", "monitor"]) {
        return true;
    }
    let shown = |token: &Token| token.is(&["reviewed", "normal", "unremarkable", "negative", "reassuring"]);
    // "BP 120/80, pulse 72"
    let sign = |token: &Token| token.is(&["bp", "pulse", "hr", "rr", "temp", "temperature", "spo2", "sats"]);
    let measured = tokens.windows(2).any(|pair| sign(&pair[0]) && pair[1].number().is_some());
    let wanted = &["check", "measure", "monitor", "keep", "target", "goal", "below", "above", "if", "until"];
    measured && !any(tokens, wanted) && !super::frame::orders(tokens)
        || test.is_some_and(|at| tokens[at..].iter().any(shown))
            && !any(tokens, &["repeat", "recheck", "if", "until"])
}

/// "His mother …", "Her father …": of whom a clause speaks.
pub(super) fn of_a_relative(tokens: &[Token]) -> bool {
    let subject = tokens.iter().position(|token| !token.is(&["his", "her", "the", "patient's", "a", "and"]));
    subject.is_some_and(|at| {
        at > 0
            && tokens[at].is(&[
                "mother", "father", "brother", "sister", "uncle", "aunt", "cousin", "grandmother",
                "grandfather", "husband", "wife", "parents", "daughter", "son", "partner", "neighbor",
                "neighbour",
            ])
    })
}

fn any(tokens: &[Token], set: &[&str]) -> bool {
    tokens.iter().any(|token| token.is(set))
}

fn pair(tokens: &[Token], a: &[&str], b: &[&str]) -> bool {
    tokens.windows(2).any(|pair| pair[0].is(a) && pair[1].is(b))
}

/// Descriptions of the past and of how things stand.
fn story(tokens: &[Token]) -> bool {
    any(
        tokens,
        &[
            "denies", "denied", "reports", "reported", "states", "stated", "complains", "presents",
            "presented", "noted", "endorses", "admits", "revealed", "resolved", "history", "hx", "likely",
            "remains", "understands", "agrees", "appears", "diagnosed", "notes",
        ],
    ) && !any(
        tokens,
        &[
            "advised", "recommend", "recommended", "continue", "start", "take", "follow", "prescribed",
            "prescription", "refer", "referral", "ordered", "discharged", "instructed",
        ],
    ) || any(tokens, &["symptoms"]) && !tokens.iter().any(is_strength)
        || pair(tokens, &["explained", "explain"], &["that"]) && !any(tokens, &["should", "must"])
        || pair(tokens, &["has", "had"], &["been", "a", "had", "taken", "not"])
            && !any(tokens, &["advised", "recommended", "recommend", "will", "prescribed", "provided"])
        || pair(
            tokens,
            &["is", "was", "are", "were", "currently", "still"],
            &["on", "taking", "currently", "stable", "still", "doing", "using", "here"],
        ) && !any(tokens, &["will", "continue", "should", "discharged"])
        || pair(
            tokens,
            &["patient", "she", "he", "pt"],
            &["feels", "has", "used", "usually", "wears", "takes", "did"],
        ) && !any(tokens, &["will", "should", "advised", "to"])
        || any(tokens, &["s/e", "allergic"])
        || tokens.first().is_some_and(|t| t.is(&["currently", "presently"]))
            && !any(tokens, &["continue", "take", "start", "increase", "reduce"])
}

/// "GP please increase bisoprolol", "GP to stop amlodipine": what a colleague is asked for.
fn asks_staff(tokens: &[Token]) -> bool {
    tokens
        .first()
        .is_some_and(|t| t.is(&["gp", "pcp", "gps", "surgeon", "cardiology", "nurse", "rn", "midwife", "hv"]))
        && tokens.get(1).is_some_and(|t| t.is(&["please", "pls", "to", "kindly", "will", "can", "could"]))
        && (tokens.iter().any(is_drug)
            || tokens.get(2).is_some_and(|t| {
                t.is(&[
                    "phone", "call", "ring", "contact", "email", "text", "write", "chase", "refer", "inform",
                ])
            }))
}

/// What the clinic does itself.
fn staff(tokens: &[Token]) -> bool {
    const WORK: &[&str] = &[
        "call", "fax", "send", "write", "contact", "discuss", "refill", "review", "consider", "reassess",
        "decide", "phone", "email", "notify", "determine", "monitor", "follow",
    ];
    let who = |token: &Token| {
        token.is(&[
            "we", "i", "rn", "nurse", "staff", "hospital", "office", "clinic", "las", "team", "md",
            "secretary",
        ])
    };
    let will = tokens.windows(3).any(|w| who(&w[0]) && w[1].is(&["will", "to", "can"]) && w[2].is(WORK));
    let bare = tokens.windows(2).any(|w| w[0].is(&["will", "to"]) && w[1].is(&["fax", "refill", "chase"]))
        || tokens.first().is_some_and(|t| t.is(&["rn", "consider", "may", "refilled"]));
    let might = pair(
        tokens,
        &["we", "i", "will", "could", "may", "might"],
        &["consider", "need", "also", "refilled"],
    ) && !any(tokens, &["will", "take", "use"]);
    super::frame::staff_work(tokens)
        || asks_staff(tokens)
        || will
        || bare
        || might
        || pair(tokens, &["will"], &["consider"])
        || any(tokens, &["pending"])
}

/// What has been done already.
fn done(tokens: &[Token]) -> bool {
    // "Work note given", "School form faxed", "Repeat reissued".
    let by_us = tokens.iter().skip(1).take(8).position(|t| {
        t.is(&[
            "given", "sent", "emailed", "faxed", "applied", "reissued", "updated", "added", "handed",
            "issued", "provided", "printed", "cleaned", "performed", "txted", "signed", "retubed", "taken",
            "drawn", "changed", "excised", "closed", "texted",
        ])
    });
    let visit = any(
        tokens,
        &["appointment", "appt", "review", "rehab", "prescription", "referral", "ref", "screening"],
    );
    if pair(tokens, &["already", "now", "has", "have"], &["completed", "finished", "done", "taken", "had"]) {
        return true;
    }
    // Into a vein it was given here, but for what people carry for an emergency.
    let infused = any(tokens, &["iv", "im"])
        && !any(
            tokens,
            &["epipen", "auto-injector", "autoinjector", "jext", "emerade", "glucagon", "anaphylaxis"],
        )
        && !any(tokens, &["home", "daily", "every", "days", "weeks", "weekly", "monthly"]);
    if infused && !any(tokens, &["should", "will", "must", "continue"]) {
        return true;
    }
    if by_us.is_some() && !visit && !any(tokens, &["should", "will", "must", "be", "was", "to"]) {
        return true;
    }
    let given = pair(
        tokens,
        &["was", "were", "been", "all"],
        &[
            "given", "administered", "performed", "done", "placed", "submitted", "refilled", "removed",
            "drawn", "obtained", "answered", "reviewed", "discussed", "completed", "updated",
        ],
    );
    let we_did = pair(
        tokens,
        &["we", "i"],
        &[
            "performed", "gave", "reviewed", "refilled", "administered", "removed", "drained", "explained",
            "counseled",
        ],
    ) && !any(tokens, &["recommended", "advised", "prescription", "prescribed"]);
    let alone = any(tokens, &["s/p", "given"]) && any(tokens, &["today", "all", "ed", "iv"]);
    // "Seen for review", "Attended clinic": what this visit was.
    let visit = tokens.first().is_some_and(|t| t.is(&["seen", "attended", "came", "admitted"]));
    let sent = tokens.get(1).is_some_and(|t| t.is(&["sent", "emailed", "texted", "faxed"]));
    visit
        || sent
        || given && !any(tokens, &["prescription", "referral"])
        || we_did
        || alone
        || any(tokens, &["called", "immunizations", "samples", "handed", "stayed"])
}

/// Declined, not begun, not indicated.
fn not_started(tokens: &[Token]) -> bool {
    pair(
        tokens,
        &["not", "never", "no"],
        &[
            "started", "indicated", "using", "needed", "required", "given", "believe", "be", "need",
            "recommended", "prescribed", "further", "complaints", "new", "evidence", "signs",
        ],
    ) || any(tokens, &["declined", "declines", "refused", "refuses"])
        || is_nil(tokens)
        || pair(tokens, &["will", "would"], &["not"])
        || tokens.windows(3).any(|w| w[0].is(&["not"]) && w[1].is(&["for"]) && is_drug(&w[2]))
        || pair(tokens, &["was", "were"], &["considered"])
        || pair(tokens, &["hold"], &["off"])
}

/// "Nil", nothing found or given; "nil by mouth" is an order.
fn is_nil(tokens: &[Token]) -> bool {
    any(tokens, &["nil"]) && !pair(tokens, &["nil"], &["by", "per"])
}

/// Somebody else's.
fn others(tokens: &[Token]) -> bool {
    let kin = tokens.iter().position(|token| {
        token.is(&[
            "mother", "father", "wife", "husband", "brother", "sister", "son", "daughter", "partner",
            "neighbour", "neighbor", "friend", "mum", "dad", "mom", "ehefrau", "ehemann", "mutter", "vater",
            "bruder", "schwester", "tochter", "sohn", "madre", "padre", "hija", "hijo", "esposa", "marido",
            "mère", "père", "femme", "mari", "fils", "fille", "hubby", "gran", "husband's", "wife's",
            "partner's", "mother's", "brother's",
        ])
    });
    let whose = any(tokens, &["partner's", "husband's", "wife's", "mother's", "brother's", "sister's"]);
    if whose && !any(tokens, &["use", "share", "take", "not", "don't"]) {
        return true;
    }
    // "Wife to take azithromycin", but "mum to take his temperature", "mum to give".
    let takes = |at: usize| {
        pair(&tokens[at..], &["to", "will", "should", "must", "also", "can"], &["take", "continue", "start"])
            && (any(&tokens[at..], &["own"])
                || any(&tokens[at..], &["take"]) && tokens.iter().any(|t| is_drug(t) || is_strength(t)))
    };
    kin.is_some_and(|at| {
        takes(at)
            || tokens[at..].iter().any(|t| {
                t.is(&[
                    "takes", "has", "on", "uses", "had", "was", "died", "says", "nimmt", "toma", "está",
                    "prend", "takes", "finished", "is", "used", "gets",
                ])
            })
    })
}
