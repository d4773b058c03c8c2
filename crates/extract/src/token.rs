//! Words, numbers and marks of a note with their places: what the rules and the timing parser
//! read. Linear in the length of the text.

use crate::lexicon::Class;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Letters.
    Word,
    /// A number.
    Number(f64),
    /// Anything else that is not space, one character.
    Mark(char),
}

/// A token of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub shape: Shape,
    /// Lower case, dots of abbreviations left out: `b.i.d.` is `bid`.
    pub text: String,
    /// First byte in the source.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether it follows the one before without a space.
    pub glued: bool,
    /// Whether the source writes it in capitals only.
    pub upper: bool,
    /// What the word is known for.
    class: Class,
}

impl Token {
    /// Whether it is one of these words.
    pub fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.text.as_str())
    }

    /// Whether it is known for this.
    pub fn is_a(&self, class: Class) -> bool {
        self.class.has(class)
    }

    /// Whether it is this mark.
    pub fn is_mark(&self, mark: char) -> bool {
        self.shape == Shape::Mark(mark)
    }

    /// Its number.
    pub fn number(&self) -> Option<f64> {
        match self.shape {
            Shape::Number(n) => Some(n),
            _ => None,
        }
    }
}

/// Cuts a text into tokens. Letters and digits part: `x10d` is `x`, `10`, `d`.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let class = class(c);
        if class == Letters::Space {
            continue;
        }
        let mut end = start + c.len_utf8();
        if class != Letters::Mark {
            while let Some(&(at, c)) = rest.peek() {
                let next = text[at + c.len_utf8()..].chars().next().map(self::class);
                let inside = match class {
                    Letters::Letter => {
                        self::class(c) == Letters::Letter || (c == '\'' && next == Some(Letters::Letter))
                    }
                    _ => {
                        self::class(c) == Letters::Digit
                            || (matches!(c, '.' | ',')
                                && next == Some(Letters::Digit)
                                && decimal(text, start, at, c))
                    }
                };
                if !inside {
                    break;
                }
                end = at + c.len_utf8();
                rest.next();
            }
        }
        // `b.i.d.` and `p.r.n`: single letters with dots between.
        if class == Letters::Letter && text[start..end].chars().count() == 1 {
            let dotted = dotted(&text[end..]);
            if dotted > 0 {
                end += dotted;
                while rest.peek().is_some_and(|(at, _)| *at < end) {
                    rest.next();
                }
            }
        }
        let source = &text[start..end];
        let lower: String = source
            .chars()
            .filter(|c| class != Letters::Letter || *c != '.')
            .flat_map(char::to_lowercase)
            .collect();
        out.push(Token {
            shape: match class {
                Letters::Letter => Shape::Word,
                Letters::Digit => number(&lower).map_or(Shape::Word, Shape::Number),
                _ => Shape::Mark(fold_mark(c)),
            },
            glued: out.last().is_some_and(|last| last.end == start),
            upper: class == Letters::Letter && source.chars().all(|c| !c.is_lowercase()),
            class: if class == Letters::Letter { Class::of(&lower) } else { Class::default() },
            text: lower,
            start,
            end,
        });
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Space,
    Letter,
    Digit,
    Mark,
}

fn class(c: char) -> Letters {
    if c.is_whitespace() {
        Letters::Space
    } else if c.is_ascii_digit() {
        Letters::Digit
    } else if c.is_alphabetic() {
        Letters::Letter
    } else {
        Letters::Mark
    }
}

/// A comma inside a number: decimal before one or two digits (`2,5`), between thousands before
/// three (`20,000`). Both are one number.
fn decimal(text: &str, start: usize, at: usize, mark: char) -> bool {
    let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
    let thousands = mark == ',' && digits == 3 && !text[start..at].contains('.');
    thousands || !text[start..at].contains(['.', ',']) && (mark == '.' || digits < 3)
}

/// A number as written: a comma before three digits parts thousands.
fn number(text: &str) -> Option<f64> {
    let thousands = text.rsplit_once(',').is_some_and(|(_, digits)| digits.len() == 3);
    text.replace(',', if thousands { "" } else { "." }).parse().ok()
}

/// How many bytes of `.i.d.` follow a single letter.
fn dotted(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'.')
        && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic)
        && !bytes.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
    {
        at += 2;
    }
    if at > 0 && bytes.get(at) == Some(&b'.') { at + 1 } else { at }
}

fn fold_mark(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn letters_and_digits_part_and_abbreviations_stay() {
        assert_eq!(
            words("500mg PO b.i.d. x10d, q8h"),
            ["500", "mg", "po", "bid", "x", "10", "d", ",", "q", "8", "h"]
        );
        assert_eq!(
            words("1-0-1 für 2,5 ml; 1,000"),
            ["1", "-", "0", "-", "1", "für", "2,5", "ml", ";", "1,000"]
        );
        assert_eq!(words("Dr. X's 0.1 % cream."), ["dr", ".", "x's", "0.1", "%", "cream", "."]);
    }
}
