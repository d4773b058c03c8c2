//! The vocabulary of instructions: what each verb asks for, in its forms.

use aftercare_core::step::{Category, Kind};

/// What a verb asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Take, use, continue: over time.
    Take,
    /// Stop a medicine: once.
    Stop,
    /// Buy, collect: once.
    Get,
    /// Avoid, limit: over time.
    Avoid,
    /// Live so: over time.
    Live,
    /// Measure, record.
    Measure,
    /// Go to somebody.
    Attend,
    /// Have a test.
    Test,
    /// Tell somebody.
    Tell,
    /// Some other thing, once.
    Once,
}

impl Verb {
    /// Whether it may be a permission too: "she can take", "he may resume".
    pub(super) fn treats(self) -> bool {
        matches!(self, Self::Take | Self::Stop | Self::Live | Self::Avoid)
    }
}

/// A verb in its base form, or in a form that doctors write for it.
pub(super) fn verb(word: &str) -> Option<Verb> {
    use Verb::{Attend, Avoid, Get, Live, Measure, Once, Stop, Take, Tell, Test};
    Some(match word {
        "take" | "start" | "begin" | "continue" | "continued" | "use" | "apply" | "inject" | "inhale"
        | "resume" | "restart" | "increase" | "increased" | "incr" | "decrease" | "switch" | "change"
        | "titrate" | "initiate" | "finish" | "complete" | "tomar" | "nehmen" | "einnehmen" | "insert"
        | "instill" | "instil" | "trial" | "prescribe" | "prescribed" | "rx" | "add" | "further"
        | "reduce" | "taper" | "administer" | "regular" | "weiter" | "swallow" | "chew" | "keep" | "try"
        | "replace" | "repeat" | "give" | "wean" | "rub" | "spray" | "dissolve" | "drop" | "lower"
        | "raise" | "step" | "cont" | "prendre" | "poursuivre" | "double" | "halve" | "commence"
        | "commencer" | "continuar" | "fortführen" | "weiterführen" | "beginnen" | "auftragen"
        | "aplicar" | "appliquer" | "mix" => Take,
        "stop" | "hold" | "pause" | "pausieren" | "discontinue" | "absetzen" | "cease" | "stopped"
        | "suspender" | "stoppen" | "arrêter" | "omit" | "withhold" | "dejar" => Stop,
        "buy" | "collect" | "purchase" | "comprar" | "kaufen" | "besorgen" | "pick" | "fill" | "obtain"
        | "get" | "acheter" | "recoger" | "abholen" | "borrow" | "order-in" => Get,
        "avoid" | "limit" | "refrain" | "abstain" | "vermeiden" | "meiden" | "evitar" | "éviter"
        | "restrict" | "minimize" | "minimise" | "skip" | "spare" => Avoid,
        "drink" | "rest" | "walk" | "exercise" | "eat" | "elevate" | "ice" | "wear" | "push" | "sleep"
        | "follow" | "shower" | "practice" | "practise" | "maintain" | "stretch" | "hydrate" | "lose"
        | "quit" | "cut" | "encourage" | "consume" | "gargle" | "soak" | "rinse" | "bathe" | "swim"
        | "stay" | "wash" | "access" | "perform" | "do" | "gently" | "massage" | "steam" | "clean"
        | "brush" | "floss" | "trinken" | "gehen" | "sit" | "lie" | "breathe" | "protect" | "moisturise"
        | "moisturize" | "cover" | "leave" | "modify" | "remain" | "aim" | "swap" | "separate" | "work"
        | "move" | "tape" | "rotate" | "raise-head" | "dress" | "shampoo" | "comb" | "photograph"
        | "pat-dry" | "splint" | "strap" | "wrap" | "keep-dry" | "air" | "pat" | "warm" | "cool"
        | "kühlen" | "hochlagern" | "schonen" | "ruhen" | "beber" | "caminar" | "boire" | "marcher"
        | "glacer" | "surélever" | "reposer" | "relax" | "meditate" | "reposition" | "turn" | "tilt"
        | "prop" | "patch" | "plan-meals" | "substitute" | "choose" | "include-fibre" | "watch" | "train"
        | "strengthen" | "bear" | "squeeze" | "carry" | "attend-school" | "feed" | "bend" | "stand"
        | "sip" | "offer" | "look" | "steer" | "ditch" | "dry" | "scrub" | "trim-nails" | "share"
        | "lift" | "kneel" | "drive" | "fly" | "scratch" | "pick-at" | "stoop" | "climb" | "breastfeed"
        | "burp" | "pump" | "wait" => Live,
        "measure" | "monitor" | "record" | "log" | "weigh" | "track" | "messen" | "self-monitor"
        | "write" | "medir" | "mesurer" | "note" | "chart" | "wiegen" | "count" => Measure,
        "attend" | "meet" | "see" | "return" | "visit" | "refer" | "referred" | "come" | "consult"
        | "review" | "seen" | "present" | "recheck" | "rtc" | "acudir" | "volver" | "revoir"
        | "consulter" | "vorstellen" | "reattend" => Attend,
        "have" | "provide" | "test" | "order" | "ordered" | "undergo" | "rpt" | "realizar" | "draw" => Test,
        "call" | "contact" | "phone" | "ring" | "send" | "tell" | "notify" | "inform" | "email"
        | "message" | "bring" | "ask" | "txt" | "text" | "llamar" | "appeler" | "anrufen" => Tell,
        "mark" | "book" | "schedule" | "arrange" | "make" | "read" | "register" | "submit" | "remove"
        | "prepare" | "self-refer" | "fast" | "check" | "sign" | "pay" | "throw" | "enter" | "install"
        | "encase" | "drop-in" | "hand" | "upload" | "enroll" | "enrol" | "join" | "cancel" | "download"
        | "entregar" | "vereinbaren" | "pedir" | "trim" | "discard" | "deliver" | "freeze" | "vacuum"
        | "bin" | "request" | "set" | "accept" | "fill-in" => Once,
        _ => return None,
    })
}

/// A verb, or its gerund: "wearing".
pub(super) fn act_of(word: &str) -> Option<Verb> {
    verb(word).or_else(|| gerund(word))
}

/// What a gerund asks for: "taking", "stopping", "using".
pub(super) fn gerund(word: &str) -> Option<Verb> {
    let stem = word.strip_suffix("ing").filter(|stem| stem.len() > 1)?;
    let mut letters = stem.chars().rev();
    let doubled = letters.next() == letters.next();
    verb(stem).or_else(|| verb(&format!("{stem}e"))).or_else(|| {
        stem.char_indices().next_back().filter(|_| doubled).and_then(|(last, _)| verb(&stem[..last]))
    })
}

/// What a participle asks for, of a thing that is to be so: "applied", "taken", "drawn".
pub(super) fn done_to(word: &str) -> Option<Verb> {
    use Verb::{Attend, Avoid, Get, Live, Measure, Once, Stop, Take, Test};
    Some(match word {
        "applied" | "taken" | "used" | "given" | "continued" | "started" | "resumed" | "increased"
        | "decreased" | "reduced" | "administered" | "inhaled" | "injected" | "tapered" | "titrated"
        | "added" | "prescribed" | "restarted" | "inserted" | "instilled" | "finished" | "completed"
        | "sent" | "called" | "recommended" => Take,
        "stopped" | "held" | "discontinued" | "paused" | "omitted" => Stop,
        "collected" | "bought" | "purchased" | "filled" => Get,
        "avoided" | "limited" | "restricted" | "minimized" | "minimised" => Avoid,
        "worn" | "performed" | "done" | "kept" | "elevated" | "washed" | "cleaned" | "covered"
        | "changed" | "soaked" | "rested" | "maintained" | "practiced" | "practised" | "iced"
        | "replaced" | "rinsed" | "eaten" | "left" => Live,
        "measured" | "monitored" | "recorded" | "checked" | "logged" => Measure,
        "drawn" | "obtained" | "repeated" | "rechecked" | "ordered" | "requested" | "tested" | "turned" => {
            Test
        }
        "scheduled" | "booked" | "arranged" | "seen" | "reviewed" | "evaluated" => Attend,
        "removed" | "submitted" | "read" | "signed" => Once,
        _ => return None,
    })
}

/// What a verb asks for, as a step.
pub(super) fn class(verb: Verb) -> (Kind, Category) {
    match verb {
        Verb::Take => (Kind::Plan, Category::Medication),
        Verb::Stop | Verb::Get => (Kind::Checklist, Category::Medication),
        Verb::Avoid | Verb::Live => (Kind::Plan, Category::Lifestyle),
        Verb::Measure => (Kind::Plan, Category::Measurement),
        Verb::Attend => (Kind::Checklist, Category::Appointment),
        Verb::Test => (Kind::Checklist, Category::Test),
        Verb::Tell | Verb::Once => (Kind::Checklist, Category::Other),
    }
}
