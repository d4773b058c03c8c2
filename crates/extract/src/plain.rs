//! A text as it is looked at: some characters left out, others written plainly. Remembers where
//! each byte came from.

use std::ops::Range;

pub(crate) struct Plain {
    pub(crate) text: String,
    origin: Vec<Range<usize>>,
    /// How long the source is.
    length: usize,
}

impl Plain {
    /// Each character of the source as `fold` writes it.
    pub(crate) fn of<C: IntoIterator<Item = char>>(source: &str, fold: impl Fn(char) -> C) -> Self {
        let mut plain =
            Self { text: String::with_capacity(source.len()), origin: Vec::new(), length: source.len() };
        for (at, c) in source.char_indices() {
            let place = at..at + c.len_utf8();
            for c in fold(c) {
                plain.text.push(c);
                plain.origin.extend(std::iter::repeat_n(place.clone(), c.len_utf8()));
            }
        }
        plain
    }

    /// A range of it as bytes of the source, with what was left out behind it; `None` for nothing.
    pub(crate) fn source(&self, range: Range<usize>) -> Option<Range<usize>> {
        let last = self.origin.get(range.end.checked_sub(1)?)?.end;
        let next = self.origin.get(range.end).map_or(self.length, |next| next.start);
        Some(self.origin.get(range.start)?.start..next.max(last))
    }
}
