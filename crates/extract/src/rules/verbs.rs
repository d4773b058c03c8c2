//! The vocabulary of instructions: what each verb asks for, and the nouns that stand for one.

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

pub(super) fn verb(word: &str) -> Option<Verb> {
    use Verb::{Attend, Avoid, Get, Live, Measure, Once, Stop, Take, Tell, Test};
    Some(match word {
        "take" | "taking" | "start" | "starting" | "begin" | "continue" | "continuing" | "continued"
        | "use" | "using" | "apply" | "applying" | "inject" | "inhale" | "resume" | "restart"
        | "increase" | "increased" | "decrease" | "switch" | "change" | "titrate" | "initiate" | "finish"
        | "complete" | "tomar" | "nehmen" | "einnehmen" | "insert" | "instill" | "trial" | "prescribe"
        | "prescribed" | "rx" | "add" | "adding" | "further" | "reduce" | "taper" | "administer"
        | "regular" | "weiter" | "swallow" | "chew" | "keep" | "try" | "trying" | "replace" | "repeat"
        | "give" => Take,
        "stop" | "discontinue" | "absetzen" | "cease" | "discontinuing" | "stopping" | "suspender" => Stop,
        "buy" | "collect" | "purchase" | "comprar" | "kaufen" | "pick" | "fill" | "obtain" | "get" => Get,
        "avoid" | "avoiding" | "limit" | "limiting" | "refrain" | "abstain" | "vermeiden" | "evitar"
        | "restrict" | "minimize" | "minimise" => Avoid,
        "drink" | "rest" | "walk" | "exercise" | "eat" | "elevate" | "ice" | "wear" | "wearing" | "push"
        | "sleep" | "follow" | "shower" | "practice" | "maintain" | "stretch" | "hydrate" | "lose"
        | "quit" | "cut" | "encourage" | "consume" | "gargle" | "soak" | "rinse" | "bathe" | "swim"
        | "stay" | "wash" | "washing" | "access" | "perform" | "do" | "icing" | "resting" | "gently"
        | "massage" | "steam" | "clean" | "brush" | "floss" | "trinken" | "gehen" | "eating" | "sit"
        | "lie" | "breathe" | "protect" | "moisturise" | "moisturize" | "cover" | "leave" | "increasing"
        | "reducing" | "modify" => Live,
        "measure" | "monitor" | "monitoring" | "record" | "log" | "weigh" | "track" | "checking"
        | "messen" | "self-monitor" => Measure,
        "attend" | "see" | "return" | "visit" | "refer" | "referred" | "come" | "consult" | "review"
        | "seen" | "present" | "recheck" => Attend,
        "have" | "provide" | "test" | "order" | "ordered" | "obtaining" => Test,
        "call" | "contact" | "phone" | "ring" | "send" | "tell" | "notify" | "inform" | "email"
        | "message" | "bring" | "ask" => Tell,
        "mark" | "book" | "schedule" | "arrange" | "make" | "read" | "register" | "complete-form"
        | "submit" | "remove" | "prepare" | "self-refer" | "fast" | "change-dressing" | "check" | "sign"
        | "pay" | "replace-dressing" => Once,
        _ => return None,
    })
}

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

/// Nouns of tests.
pub(super) const TESTS: &[&str] = &[
    "cbc",
    "fbc",
    "bmp",
    "cmp",
    "labs",
    "lab",
    "bloods",
    "blood",
    "x-ray",
    "xray",
    "xrays",
    "x",
    "mri",
    "ct",
    "echo",
    "echocardiogram",
    "ecg",
    "ekg",
    "ultrasound",
    "uss",
    "us",
    "scan",
    "inr",
    "culture",
    "urinalysis",
    "hba1c",
    "a1c",
    "lipids",
    "tsh",
    "tft",
    "tfts",
    "lft",
    "lfts",
    "u&e",
    "u+es",
    "ues",
    "test",
    "tests",
    "testing",
    "biopsy",
    "colonoscopy",
    "endoscopy",
    "mammogram",
    "dexa",
    "spirometry",
    "urine",
    "stool",
    "swab",
    "swabs",
    "msu",
    "troponin",
    "bnp",
    "esr",
    "crp",
    "ferritin",
    "b12",
    "holter",
    "eeg",
    "emg",
    "angiogram",
    "pft",
    "pfts",
    "cxr",
    "psa",
    "smear",
    "analítica",
    "labor",
    "laborkontrolle",
    "blutbild",
    "radiograph",
    "radiographs",
    "imaging",
    "panel",
    "screening",
    "pregnancy",
    "monitor",
];
/// Nouns of visits.
pub(super) const VISITS: &[&str] = &[
    "f/u",
    "fu",
    "followup",
    "follow-up",
    "appointment",
    "appt",
    "referral",
    "referrals",
    "consult",
    "consultation",
    "review",
    "clinic",
    "pcp",
    "recheck",
    "physio",
    "physiotherapy",
    "therapy",
    "visit",
    "check-up",
    "checkup",
    "control",
    "cardiology",
    "urology",
    "neurology",
    "dermatology",
    "orthopedics",
    "orthopaedics",
    "endocrinology",
    "gastroenterology",
    "nephrology",
    "oncology",
    "rheumatology",
    "psychiatry",
    "haematology",
    "hematology",
    "ent",
    "ophthalmology",
    "gynaecology",
    "gynecology",
    "kontrolle",
    "wiedervorstellung",
    "termin",
    "rtc",
    "dietitian",
    "nutritionist",
    "nutrition",
    "assessment",
    "tia",
    "f2f",
    "ot",
    "pt-ot",
    "counseling",
    "counselling",
    "kontrolltermin",
];
/// Nouns that stand for a way of living.
pub(super) const HABITS: &[&str] = &[
    "rest",
    "fluids",
    "fluid",
    "diet",
    "rice",
    "crutches",
    "splint",
    "brace",
    "sling",
    "stockings",
    "exercise",
    "exercises",
    "hydration",
    "sunscreen",
    "reposo",
    "hidratación",
    "ruhe",
    "bracing",
    "sleep",
    "mask",
    "boot",
    "collar",
    "wrap",
    "restriction",
    "water",
    "walking",
    "smoking",
    "weight",
    "orthotics",
    "cbt",
    "heat",
    "ice",
    "elevation",
    "stretching",
    "activity",
    "intake",
    "caffeine",
    "spacer",
    "crutch",
    "walker",
    "cane",
    "cpap",
    "humidifier",
    "physiotherapy-exercises",
    "saline",
    "spazieren",
    "bewegung",
    "schonung",
    "dieta",
    "ejercicio",
    "hydrate",
    "massage",
    "compression",
];
/// Nouns of what people measure at home.
pub(super) const MEASURES: &[&str] = &[
    "bp",
    "weights",
    "weight",
    "glucose",
    "sugar",
    "sugars",
    "peak",
    "pefr",
    "temperature",
    "temp",
    "pressure",
    "spo2",
    "oxygen",
    "pulse",
    "bsl",
    "fsbg",
    "bm",
    "bms",
    "blutdruck",
    "gewicht",
    "diary",
];
