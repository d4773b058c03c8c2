//! What words are known for: medicines, tests, visits, habits, measurements. The lists stand in
//! `words/`, one file a class, and are looked up once for each word of a note.

use std::{collections::HashMap, sync::LazyLock};

/// What a word is known for; a word may be of several classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    /// A medicine.
    pub const DRUG: Self = Self(1);
    /// A test.
    pub const TEST: Self = Self(2);
    /// A visit, or whom one visits.
    pub const VISIT: Self = Self(4);
    /// A way of living.
    pub const HABIT: Self = Self(8);
    /// What people measure at home.
    pub const MEASURE: Self = Self(16);
    /// Leads to an instruction and is none.
    pub const LEAD: Self = Self(32);
    /// Ends like a medicine and is none.
    const NO_DRUG: Self = Self(64);

    /// What a word in small letters is known for.
    pub fn of(word: &str) -> Self {
        let word = word.trim_end_matches("'s");
        let known = WORDS.get(word).copied().unwrap_or_default();
        let ends_so = word.len() >= 6 && ENDINGS.iter().any(|ending| word.ends_with(ending));
        match () {
            () if known.has(Self::NO_DRUG) => Self(known.0 & !Self::DRUG.0),
            () if ends_so => Self(known.0 | Self::DRUG.0),
            () => known,
        }
    }

    /// Whether it is of a class.
    pub fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }
}

static ENDINGS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| words(include_str!("../words/drug-endings.txt")).collect());

static WORDS: LazyLock<HashMap<&'static str, Class>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Class> = HashMap::new();
    for (class, list) in [
        (Class::DRUG, include_str!("../words/drugs.txt")),
        (Class::NO_DRUG, include_str!("../words/not-drugs.txt")),
        (Class::TEST, include_str!("../words/tests.txt")),
        (Class::VISIT, include_str!("../words/visits.txt")),
        (Class::HABIT, include_str!("../words/habits.txt")),
        (Class::MEASURE, include_str!("../words/measures.txt")),
        (Class::LEAD, include_str!("../words/leads.txt")),
    ] {
        for word in words(list) {
            all.entry(word).or_default().0 |= class.0;
        }
    }
    all
});

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_by_list_and_medicines_by_their_endings() {
        assert!(Class::of("amoxicillin").has(Class::DRUG) && Class::of("lisinopril").has(Class::DRUG));
        assert!(Class::of("mri").has(Class::TEST) && !Class::of("mri").has(Class::DRUG));
        assert!(!Class::of("guideline").has(Class::DRUG) && !Class::of("april").has(Class::DRUG));
        assert_eq!(Class::of("nobody"), Class::default());
    }

    /// A word stands in its list once, in order, and as a token can be: a list is read by people.
    #[test]
    fn lists_are_kept_in_order() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("words");
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let words: Vec<_> = text.lines().skip(1).flat_map(str::split_whitespace).collect();
            assert!(text.starts_with("# ") && words.is_sorted_by(|a, b| a < b), "{words:?}");
        }
    }
}
