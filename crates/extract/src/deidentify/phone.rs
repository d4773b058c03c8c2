//! Telephone numbers, beside the dates and the other numbers of a note.

use super::Masked;
use crate::token::{Shape, Token};

/// Whether a date in figures begins here: "12/05/2024", "12.5.24", "2024-05-12".
fn is_date(words: &[Token], at: usize) -> bool {
    let figures =
        |i: usize| words.get(i).filter(|token| token.number().is_some()).map_or(0, |token| token.text.len());
    let mark = |i: usize| match words.get(i) {
        Some(Token { shape: Shape::Mark(mark @ ('/' | '.' | '-')), glued: true, .. }) => Some(*mark),
        _ => None,
    };
    let parts = (figures(at), figures(at + 2), figures(at + 4));
    // "12.5.24" is a decimal number and one more.
    let decimal = words.get(at).is_some_and(|token| token.number().is_some() && token.text.contains('.'));
    mark(at + 1).is_some()
        && mark(at + 1) == mark(at + 3)
        && matches!(parts, (1..=2, 1..=2, 2 | 4) | (4, 1..=2, 1..=2))
        || decimal && mark(at + 1) == Some('.') && matches!(figures(at + 2), 2 | 4)
}

/// `+44 20 7946 0018`, `(555) 014-7788`, `0171/1234567`: seven figures and more, in the groups of a
/// telephone number.
pub(super) fn phone(text: &str, words: &[Token], at: usize) -> Option<(Masked, usize)> {
    let first = &words[at];
    let led = first.is_mark('+') || first.is_mark('(') || first.number().is_some();
    if !led || at > 0 && first.glued && words[at - 1].number().is_some() {
        return None;
    }
    // A date is none, nor part of one.
    if [0, 2, 4].iter().any(|before| at >= *before && is_date(words, at - before)) {
        return None;
    }
    // The longest run of groups that is a number somebody can be rung at.
    let mut next = at;
    let mut groups: Vec<usize> = Vec::new();
    let mut best = None;
    let mut marks = 0;
    while let Some(token) = words.get(next).filter(|_| next == at || !parts(text, words, next)) {
        let figures = token.text.chars().filter(char::is_ascii_digit).count();
        // "30/500 1-2 tabs": but for a leading one, no group is of one figure.
        let group =
            token.number().is_some() && !token.text.contains(',') && (figures > 1 || groups.is_empty());
        if group && !is_date(words, next) {
            groups.push(figures);
            marks = 0;
        } else if marks == MOST_MARKS
            || !matches!(token.shape, Shape::Mark('+' | '(' | ')' | '-' | '/' | '.'))
        {
            break;
        } else {
            marks += 1;
        }
        next += 1;
        if groups.iter().sum::<usize>() > 15 {
            break;
        }
        if group && is_number_to_ring(&text[first.start..words[next - 1].end], &groups) {
            best = Some(next);
        }
    }
    best.map(|next| (Masked::Phone, next))
}

/// So many marks stand between two groups of figures at most: "(0) - 20".
const MOST_MARKS: usize = 4;

/// Whether a number ends before this token: at a line's end, at a stroke between two numbers, at
/// the end of a sentence.
fn parts(text: &str, words: &[Token], at: usize) -> bool {
    let token = &words[at];
    let apart = !token.glued || words.get(at + 1).is_none_or(|next| !next.glued);
    text[words[at - 1].end..token.start].contains('\n')
        || token.is_mark('/') && apart
        || token.is_mark('.') && words.get(at + 1).is_none_or(|next| !next.glued)
}

/// Whether groups of figures are those of a telephone number: seven figures and more.
fn is_number_to_ring(run: &str, groups: &[usize]) -> bool {
    let digits: usize = groups.iter().sum();
    let years =
        || run.split(|c: char| !c.is_ascii_digit()).all(|year| matches!(year.get(..2), Some("19" | "20")));
    let local = groups == [3, 4] && run.contains('-') || groups == [4, 4] && !years();
    let begins = run.starts_with(['+', '(', '0']) || groups.len() >= 3 || digits >= 10 || local;
    begins && (7..=15).contains(&digits)
}
