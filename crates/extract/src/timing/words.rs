//! The vocabulary of time: numbers, units, codes, in English, with the German and Spanish that
//! clinics of ours write.

use crate::token::{Shape, Token};
use aftercare_core::timing::Unit;

/// A number word, with how many tokens it takes (`forty-eight` is three).
pub(super) fn number(word: &str, next: Option<&Token>, after: Option<&Token>) -> Option<(u32, usize)> {
    let n = match word {
        "one" | "un" | "eine" | "einen" | "uno" => 1,
        "two" | "deux" | "zwei" | "dos" => 2,
        "three" | "trois" | "drei" | "tres" => 3,
        "four" | "vier" | "cuatro" => 4,
        "five" | "fünf" | "cinco" => 5,
        "six" | "sechs" | "seis" => 6,
        "seven" | "sieben" | "siete" => 7,
        "eight" | "acht" | "ocho" => 8,
        "nine" | "neun" | "nueve" => 9,
        "ten" | "zehn" | "diez" => 10,
        "eleven" | "elf" => 11,
        "twelve" | "zwölf" | "doce" => 12,
        "fourteen" | "vierzehn" => 14,
        "twenty" | "zwanzig" => 20,
        "thirty" | "dreißig" => 30,
        "forty" => 40,
        "fifty" => 50,
        "seventy" => 70,
        "eighty" => 80,
        "fifteen" | "quinze" | "quince" => 15,
        "sixty" => 60,
        "ninety" => 90,
        _ => return None,
    };
    if n >= 20
        && next.is_some_and(|token| token.is_mark('-') && token.glued)
        && let Some((ones @ 1..=9, _)) = after.and_then(|token| number(&token.text, None, None))
    {
        return Some((n + ones, 3));
    }
    Some((n, 1))
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "min" | "mins" | "minute" | "minutes" | "minuten" | "minutos" => Unit::Min,
        "h" | "hr" | "hrs" | "hour" | "hours" | "hour's" | "hours'" | "std" | "stunde" | "stunden"
        | "hora" | "horas" | "heure" | "heures" => Unit::H,
        "d" | "nights" | "noches" | "nächte" | "jour" | "jours" | "day" | "days" | "day's" | "days'"
        | "tag" | "tage" | "tagen" | "día" | "dia" | "días" | "dias" => Unit::D,
        "wk" | "wks" | "w" | "week" | "weeks" | "week's" | "weeks'" | "woche" | "wochen" | "semana"
        | "semanas" | "semaine" | "semaines" => Unit::Wk,
        "mo" | "mos" | "month" | "months" | "month's" | "months'" | "monat" | "monate" | "monaten"
        | "mes" | "meses" | "mois" => Unit::Mo,
        "y" | "yr" | "yrs" | "year" | "years" | "year's" | "jahr" | "jahre" | "jahren" | "año" | "años" => {
            Unit::A
        }
        _ => return None,
    })
}

/// Units of amounts, after which a number is no time.
pub(super) const DOSE_UNITS: &[&str] = &[
    "mg", "mcg", "µg", "ug", "g", "gm", "kg", "lb", "lbs", "kilo", "kilos", "ml", "mls", "l", "liter",
    "liters", "litre", "litres", "cc", "iu", "unit", "units", "u", "meq", "mmol", "tab", "tabs", "tablet",
    "tablets", "cap", "caps", "capsule", "capsules", "pill", "pills", "puff", "puffs", "drop", "drops",
    "spray", "sprays", "patch", "patches", "tsp", "tbsp", "teaspoon", "teaspoons", "teaspoonful",
    "tablespoon", "spoonful", "spoonfuls", "sachet", "sachets", "suppository", "lozenge", "lozenges",
    "ampoule", "vial", "minutes", "minute", "min", "mins", "minuten", "hours", "steps", "cm", "mm", "inch",
    "inches", "cups", "glasses", "oz", "cal", "kcal", "tablette", "tabletten", "tropfen", "hub", "stück",
    "comprimido", "comprimidos", "gotas", "applications", "application", "scoop", "scoops", "pump", "pumps",
    "inhalations", "injection", "injections", "ampoules", "needles", "strips", "fingertip", "pads", "gtt",
    "minutos", "inhalation", "visits", "inhalaciones", "dose-pack", "gtts", "sets", "reps", "breaths",
    "repetitions", "squirts", "pieces", "piece", "bottles", "cup", "pounds", "pints", "milligram", "mgs",
    "mcgs", "comprimés", "gouttes", "séances-par", "gélule", "gélules", "kilometres", "miles", "metres",
    "yards", "laps", "degrees", "seconds", "sec", "secs", "percent", "fl", "ounces", "u/kg", "mmhg",
    "kapsel", "kapseln", "beutel", "hübe", "gram", "grams", "milligrams", "micrograms", "millilitre",
    "millilitres", "milliliters", "dose", "doses",
];

/// `ttablet`, `tabelt`: a piece, one slip away from its name.
pub(super) fn misspelt_piece(word: &str) -> bool {
    ["tablet", "tablets", "capsule", "capsules"].iter().any(|name| one_slip(word, name))
}

fn one_slip(word: &str, name: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), name.chars().collect());
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let longest = a.len().max(b.len());
    a.len().abs_diff(b.len()) <= 1 && word.len() >= 5 && head + tail + 1 >= longest
}

/// Words of time that must not go unread.
pub(super) const TIME_WORDS: &[&str] = &[
    "daily", "weekly", "monthly", "hourly", "nightly", "bid", "tid", "qid", "tds", "qds", "bd", "prn",
    "every", "times", "twice", "thrice", "days", "weeks", "months", "hours", "fortnight", "fortnightly",
    "yearly", "täglich", "tage", "wochen", "días", "cada",
];

/// Numbers that name things: "type 2", "2300 mg" is a dose, "1." a list number.
pub(super) fn harmless_number(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| tokens.get(i));
    let every = at.checked_sub(2).is_some_and(|i| tokens[i].is(&["every", "each", "per", "a"]));
    let timed = tokens.get(at + 1).and_then(|next| unit(&next.text));
    let named = before.is_some_and(|token| {
        token.is(&[
            "type", "grade", "stage", "no", "vitamin", "b", "d", "t", "h", "a", "c", "typ", "day", "step",
            "number", "sign", "level", "than", "over", "under",
        ]) || (token.glued || tokens[at].glued) && token.shape == Shape::Word
            // "x10d", "q8h" say when; "coenzyme Q10" is a name.
            && (!token.is(&["x", "q", "for"]) || token.is(&["q"]) && timed.is_none())
            || token.is_mark('>')
            || token.is_mark('<')
    });
    let listed = at == 0 && tokens.get(1).is_some_and(|token| token.is_mark('.') || token.is_mark(')'));
    named && !every || listed
}
