//! Recognising that a word names a medicine, and the units of its amounts.

use crate::{lexicon::Class, token::Token};

/// Whether a token names a medicine.
pub fn is_drug(token: &Token) -> bool {
    token.is_a(Class::DRUG)
}

/// Strength units: behind a word and a number they make the word a medicine.
pub fn is_strength(token: &Token) -> bool {
    token.is(&[
        "mg", "mcg", "µg", "ug", "g", "ml", "iu", "units", "unit", "meq", "puffs", "puff", "tablet",
        "tablets", "tab", "tabs", "capsule", "capsules", "drops", "drop", "gtt", "gtts", "mmol", "u",
        "patch", "patches", "sachet", "sachets", "spray", "sprays",
    ]) || token.is_mark('%')
}

/// Units of mass and volume: a strength, not a count of pieces.
pub fn is_measure(token: &Token) -> bool {
    token.is(&["mg", "mcg", "µg", "ug", "g", "gm", "iu", "units", "meq", "mmol", "milligrams", "micrograms"])
        || token.is_mark('%')
}
