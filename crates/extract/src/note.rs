//! The parts of a note: which words are the plan, which are history, and where sentences end.

mod heading;

use crate::token::{Token, tokens};
use heading::{Section, heading, is_aside, is_order};
use std::ops::Range;

/// A sentence of a part of the note that may hold instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its bytes in the note, list marks and outer space left out.
    pub range: Range<usize>,
    /// Which paragraph it stands in.
    pub paragraph: usize,
    /// Whether it stands under a heading that announces instructions.
    pub in_plan: bool,
}

/// Cuts a note into the sentences that may hold instructions.
pub fn sentences(note: &str) -> Vec<Sentence> {
    let (mut out, announced) = cut_into_sentences(note);
    out.retain(|(_, section)| *section != Section::Story);
    // Where a plan is announced, what stands before it is the story.
    if announced {
        out.retain(|(_, section)| *section == Section::Plan);
    }
    out.into_iter().map(|(sentence, _)| sentence).collect()
}

/// Cuts a note into all its sentences, whatever part they stand in.
pub(crate) fn every_sentence(note: &str) -> Vec<Sentence> {
    cut_into_sentences(note).0.into_iter().map(|(sentence, _)| sentence).collect()
}

/// All sentences with their parts, and whether a plan is announced.
fn cut_into_sentences(note: &str) -> (Vec<(Sentence, Section)>, bool) {
    let mut out = Vec::new();
    let mut section = Section::Open;
    let mut announced = false;
    let mut alone = false;
    let mut paragraph = 0;
    let mut at = 0;
    for line in note.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.trim().is_empty() {
            paragraph += 1;
            // "Exam: lungs clear." tells of the exam; what stands in the next paragraph is not of it.
            if section == Section::Story && !alone {
                section = Section::Open;
            }
            continue;
        }
        let mut offset = skip_list_mark(line);
        let aside = is_aside(&line[offset..]);
        if let Some((kind, length)) = heading(&line[offset..]).filter(|_| !aside) {
            section = kind;
            announced |= kind == Section::Plan;
            alone = line[offset + length.min(line.len() - offset)..].trim().is_empty();
            offset += length;
        }
        for (place, range) in split_line(&line[offset..]).into_iter().enumerate() {
            let mut range = start + offset + range.start..start + offset + range.end;
            if is_aside(&note[range.clone()]) {
                continue;
            }
            // "DISCHARGE: cefdinir …" in the middle of a line.
            if let Some((kind, length)) = heading(&note[range.clone()]) {
                section = kind;
                announced |= kind == Section::Plan;
                range.start += length;
            }
            range = trimmed(note, range);
            // "O/E chest clear. Start amoxicillin": an order ends the story that it stands in.
            if section == Section::Story && place > 0 && !alone && is_order(&note[range.clone()]) {
                section = Section::Plan;
            }
            if !range.is_empty() {
                out.push((Sentence { range, paragraph, in_plan: section == Section::Plan }, section));
            }
        }
    }
    (out, announced)
}

/// A range without outer space, list marks and closing marks.
pub fn trimmed(note: &str, range: Range<usize>) -> Range<usize> {
    let text = &note[range.clone()];
    let inner = text.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '-' | '–' | '•' | '*' | ':' | '.')
    });
    let start = range.start + (text.len() - inner.len());
    let inner = inner.trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '.' | ':' | '-' | '–' | '!')
    });
    start..start + inner.len()
}

/// `1.`, `2)`, `-`, `•` at the beginning of a line; bytes to skip.
fn skip_list_mark(line: &str) -> usize {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    let mark = if (1..=2).contains(&digits)
        && (rest.starts_with(')')
            || rest.starts_with('.') && !rest[1..].starts_with(|c: char| c.is_ascii_digit()))
    {
        digits + 1
    } else {
        text.chars()
            .next()
            .filter(|c| matches!(c, '-' | '•' | '*' | '–' | '·' | '>'))
            .map_or(0, char::len_utf8)
    };
    let tail = &text[mark..];
    indent + mark + (tail.len() - tail.trim_start_matches([' ', '\t']).len())
}

/// Cuts a line at ends of sentences, semicolons and inline list numbers.
fn split_line(line: &str) -> Vec<Range<usize>> {
    let tokens = tokens(line);
    let mut out = Vec::new();
    let mut start = 0;
    for (i, token) in tokens.iter().enumerate() {
        // "… b.i.d. Measure …": the last dot ends the sentence too.
        if line[token.start..token.end].ends_with('.')
            && token.end - token.start > 2
            && tokens.get(i + 1).is_some_and(|next| {
                // "p.o. BID" goes on; after two spaces another sentence begins.
                (!next.upper || line[token.end..next.start].len() > 1)
                    && line[next.start..].starts_with(char::is_uppercase)
            })
        {
            out.push(start..token.end);
            start = token.end;
            continue;
        }
        let end = match token.text.as_str() {
            "." | "!" | "?" => ends_sentence(line, &tokens, i),
            ";" | "\u{ff0e}" | "\u{3002}" => true,
            _ => false,
        };
        if end {
            out.push(start..token.start);
            start = token.end;
        } else if inline_number(&tokens, i) {
            out.push(start..token.start);
            start = tokens[i + 1].end;
        }
    }
    out.push(start..line.trim_end().len().max(start));
    out.retain(|range| !line[range.clone()].trim().is_empty());
    if out.iter().any(|range| range.len() > LONGEST) {
        out = out.into_iter().flat_map(|range| pieces(line, range)).collect();
    }
    out
}

/// No sentence is longer, in bytes: what is, is cut, so that reading takes time in proportion.
const LONGEST: usize = 800;

/// A run of words that never ends, in pieces.
fn pieces(line: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = range.start;
    while range.end - start > LONGEST {
        let limit =
            (start..=start + LONGEST).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(range.end);
        let space = line[start..limit].rfind(' ').map_or(limit, |at| start + at + 1);
        let end = if space > start { space } else { limit };
        out.push(start..end);
        start = end;
    }
    out.push(start..range.end);
    out
}

/// "2) atorva 20mg": a list inside a line.
fn inline_number(tokens: &[Token], i: usize) -> bool {
    tokens[i].number().is_some_and(|n| n.fract() == 0.0 && n < 30.0)
        && tokens.get(i + 1).is_some_and(|t| t.is_mark(')') && t.glued)
        && !tokens[i].glued
        && !tokens[..i].iter().rev().take(6).any(|t| t.is_mark('('))
}

fn ends_sentence(line: &str, tokens: &[Token], i: usize) -> bool {
    const ABBREVIATIONS: &[&str] = &[
        "dr", "mr", "mrs", "ms", "prof", "vs", "approx", "ca", "e.g", "i.e", "eg", "ie", "no", "st", "resp",
        "bzw", "z.b",
    ];
    // "q.6h. p.r.n.": what follows in small letters goes on.
    let small_before = i > 0
        && (tokens[i - 1].text.len() == 1 || tokens[i - 1].is(&["po", "hr", "iv", "im", "sq", "mg", "ml"]))
        && tokens[i - 1].shape == crate::token::Shape::Word
        // "Stop Drug A. amoxicillin 500 mg TID" are two.
        && !tokens[i - 1].upper
        && tokens[i - 1].end == tokens[i].start;
    if small_before
        && tokens.get(i + 1).is_some_and(|next| line[next.start..].starts_with(char::is_lowercase))
    {
        return false;
    }
    let after = &line[tokens[i].end..];
    let next = tokens.get(i + 1);
    let before = i.checked_sub(1).map(|b| &tokens[b]);
    if tokens[i].text != "." {
        return true;
    }
    if before.is_some_and(|token| token.is(ABBREVIATIONS) && token.end == tokens[i].start) {
        return false;
    }
    // "max. 3 x daily", "am 21.03. um 9:15".
    let short = before.is_some_and(|token| {
        token.is(&["max", "min", "approx", "tgl", "inkl", "incl", "exs", "wks", "hrs", "tab", "tabs"])
    });
    let dated = before.is_some_and(|token| token.number().is_some() && token.text.contains('.'));
    let small = next.is_some_and(|next| !line[next.start..].starts_with(char::is_uppercase));
    if (short || dated) && small && next.is_some() {
        return false;
    }
    // A full stop without a space after it ends a sentence only before a capital letter.
    match next {
        None => true,
        Some(next) => {
            after.starts_with(char::is_whitespace) || line[next.start..].starts_with(char::is_uppercase)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(note: &str) -> Vec<&str> {
        sentences(note).into_iter().map(|s| &note[s.range]).collect()
    }

    #[test]
    fn sentences_lists_and_abbreviations() {
        assert_eq!(
            cut("Buy Drug A. Take Drug A daily for 7 days."),
            ["Buy Drug A", "Take Drug A daily for 7 days"]
        );
        assert_eq!(
            cut("See Dr. Harris; take 2.5 mg b.i.d. then stop"),
            ["See Dr. Harris", "take 2.5 mg b.i.d. then stop"]
        );
        assert_eq!(cut("A/P: 58M. 1) metformin 500mg 2) f/u 3mo."), ["58M", "metformin 500mg", "f/u 3mo"]);
        assert_eq!(cut("Stop Drug A. amoxicillin 500 mg TID"), ["Stop Drug A", "amoxicillin 500 mg TID"]);
        assert_eq!(
            cut("amoxicillin 500 mg bd. stop it. aspirin po. daily"),
            ["amoxicillin 500 mg bd", "stop it", "aspirin po. daily"]
        );
        assert_eq!(cut("1.\tRest\n2.\tFluids"), ["Rest", "Fluids"]);
    }

    #[test]
    fn only_the_plan_is_read_where_one_is_announced() {
        assert_eq!(cut("PMH: asthma\nDH: aspirin\n\nPlan:\n1. Rest\nFH: mother takes warfarin"), ["Rest"]);
        assert_eq!(
            cut("ED course: ceftriaxone 1 g IV, given. DISCHARGE: cefdinir 300 mg PO BID."),
            ["cefdinir 300 mg PO BID"]
        );
        assert_eq!(
            cut("- Medical Reasoning: stable on Norvasc\n- Medical Treatment: Continue Norvasc."),
            ["Continue Norvasc"]
        );
    }
}
