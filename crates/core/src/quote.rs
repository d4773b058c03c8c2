//! Verbatim quotes: the proof that a step stands in the doctor's own words.
//!
//! A quote is compared after folding case, runs of white space, typographic quotation marks and
//! dashes, and mapped back to the exact place in the note. Nothing else is forgiven.

use std::ops::Range;

/// A text folded for comparison, remembering where every folded character came from.
#[derive(Clone, Debug)]
pub struct Folded {
    text: String,
    /// For each byte of `text`: the byte range in the original of the character it came from.
    origin: Vec<(u32, u32)>,
}

impl Folded {
    /// Folds a text.
    pub fn new(original: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(original.len()), origin: Vec::with_capacity(original.len()) };
        for (at, c) in original.char_indices() {
            let origin =
                (u32::try_from(at).unwrap_or(u32::MAX), u32::try_from(at + c.len_utf8()).unwrap_or(u32::MAX));
            if c.is_whitespace() {
                if !folded.text.ends_with(' ') && !folded.text.is_empty() {
                    folded.push(' ', origin);
                }
                continue;
            }
            match c {
                '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}' => {}
                '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' => folded.push('\'', origin),
                '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => folded.push('"', origin),
                '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-', origin),
                '\u{2026}' => (0..3).for_each(|_| folded.push('.', origin)),
                c => c.to_lowercase().for_each(|c| folded.push(c, origin)),
            }
        }
        folded
    }

    fn push(&mut self, c: char, origin: (u32, u32)) {
        self.text.push(c);
        self.origin.extend(std::iter::repeat_n(origin, c.len_utf8()));
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The byte range in the original that a byte range of the folded text came from.
    pub fn original(&self, range: Range<usize>) -> Option<Range<usize>> {
        let first = self.origin.get(range.start)?;
        let last = self.origin.get(range.end.checked_sub(1)?)?;
        Some(first.0 as usize..last.1 as usize)
    }

    /// Where a quote stands in the original, in bytes: the first place at or after `from` (a byte
    /// offset of the original), else the first of all.
    pub fn find(&self, quote: &str, from: usize) -> Option<Range<usize>> {
        let quote = Self::new(quote);
        let quote = quote.text.trim();
        if quote.is_empty() {
            return None;
        }
        let places =
            || self.text.match_indices(quote).filter_map(|(at, found)| self.original(at..at + found.len()));
        places().find(|place| place.start >= from).or_else(|| places().next())
    }
}

/// A byte offset as a count of characters (Unicode scalar values), which is what the API tells.
pub fn char_offset(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_what_the_contract_folds_and_nothing_else() {
        let note = "Take  \u{201c}Drug\u{a0}A\u{201d} \u{2014} 5\u{202f}mg daily.";
        let folded = Folded::new(note);
        let place = folded.find("take \"drug a\" - 5 MG", 0).unwrap();
        assert_eq!(&note[place], "Take  \u{201c}Drug\u{a0}A\u{201d} \u{2014} 5\u{202f}mg");
        for invented in ["take drug b", "Take Drug A 5mg", "", "   "] {
            assert!(folded.find(invented, 0).is_none(), "{invented:?}");
        }
    }

    #[test]
    fn a_repeated_quote_is_found_from_where_one_asks() {
        let folded = Folded::new("Rest. Take A. Rest.");
        assert_eq!(folded.find("rest", 0), Some(0..4));
        assert_eq!(folded.find("rest", 5), Some(14..18));
    }

    proptest! {
        #[test]
        fn every_piece_of_a_text_is_found_in_it(text in "\\PC{0,60}", a in 0_usize..60, b in 0_usize..60) {
            let cut: Vec<char> = text.chars().collect();
            let (a, b) = (a.min(cut.len()), b.min(cut.len()));
            let piece: String = cut[a.min(b)..a.max(b)].iter().collect();
            let fold = |text: &str| Folded::new(text).as_str().trim().to_owned();
            let found = Folded::new(&text).find(&piece, 0);
            prop_assert_eq!(found.is_some(), !fold(&piece).is_empty());
            if let Some(place) = found {
                prop_assert!(fold(&text[place]).contains(&fold(&piece)));
            }
        }
    }
}
