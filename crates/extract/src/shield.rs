//! What in a note is not said by the doctor to the patient: words to software, forged marks and
//! tags, code, and messages of others that are only quoted.
//!
//! Such text is data. It makes no step, changes none and removes none: it is blanked out before
//! anybody reads, so that what stands around it is read as if it were not there, and it is never
//! sent to a model. The doctor sees it among what was not used.

mod machine;

use crate::{note, plain::Plain};
use machine::{addresses_software, carries_its_order, continues_order, is_foreign_order, overrides_the_past};
use std::ops::Range;

/// A note with what is not for the patient blanked out, byte for byte.
pub struct Shielded {
    /// The text; every range of it that is not blank stands at the same place in the note.
    pub text: String,
    /// What was blanked out, as bytes of the note.
    pub closed: Vec<Range<usize>>,
    /// Whether it holds letters that no reader sees but software does.
    pub hidden: bool,
}

impl Shielded {
    /// Some of it as a reader sees it: without what is blanked out, and without what is invisible.
    pub fn seen(&self, range: Range<usize>) -> String {
        self.text[range].chars().filter(|c| is_seen(*c)).collect()
    }
}

/// Blanks out what is not for the patient.
pub fn shield(text: &str) -> Shielded {
    let looks = plain(text);
    let mut closed = looks.marks();
    closed.extend(looks.quotes());
    let text = blank(text, &closed);
    let orders = plain(&text).orders(&text);
    let text = blank(&text, &orders);
    closed.extend(orders);
    // Tags of Unicode spell what no font draws.
    let hidden = text.contains(|c| matches!(c, '\u{e0000}'..='\u{e007f}'));
    Shielded { text, closed: merged(closed), hidden }
}

/// The text with a full stop and spaces in place of some of it.
fn blank(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        // A quotation is part of its sentence, unless it ends one.
        let inner = text[range.clone()].trim_end_matches(['"', '\'', '\u{201d}', '\u{2019}', '\u{bb}']);
        let ends = (inner.len() < range.len()).then(|| inner.ends_with(['.', '!', '?']));
        for (place, byte) in bytes[range.clone()].iter_mut().enumerate() {
            *byte = if place == 0 && ends.is_none_or(|ends| ends) { b';' } else { b' ' };
        }
    }
    // Whole characters were replaced, each byte by one of ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// A text as it looks: without invisible characters, full-width and foreign letters that look like
/// Latin ones as those, in small letters.
fn plain(source: &str) -> Plain {
    Plain::of(source, |c| looks_like(c).into_iter().flat_map(char::to_lowercase))
}

impl Plain {
    fn end_of_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |end| at + end)
    }

    fn end_of_paragraph(&self, at: usize) -> usize {
        let mut end = at;
        loop {
            end = self.end_of_line(end);
            let rest = &self.text[end..];
            let blank = rest
                .strip_prefix('\n')
                .is_none_or(|rest| rest.lines().next().is_none_or(|line| line.trim().is_empty()));
            if blank {
                return end;
            }
            end += 1;
        }
    }

    /// Forged marks, tags, code and data.
    fn marks(&self) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.text.len() {
            let Some(end) = self.mark_at(at) else {
                at += self.text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            };
            let end = end.clamp(at + 1, self.text.len());
            out.extend(self.source(at..end));
            at = end;
        }
        out
    }

    /// Behind the mark, tag or piece of data that begins here.
    fn mark_at(&self, at: usize) -> Option<usize> {
        const WORDS: &[&str] = &[
            "system", "inst", "assistant", "user", "admin", "developer", "override", "prompt", "hidden",
            "sys", "human", "instruction", "instructions", "bot", "ai", "model", "note",
        ];
        let rest = &self.text[at..];
        let behind = |closing: &str| rest.find(closing).map(|end| at + end + closing.len());
        if rest.starts_with("<!--") {
            return Some(behind("-->").unwrap_or_else(|| self.end_of_paragraph(at)));
        }
        if rest.starts_with("<|") {
            let ends = ["<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<|end_of_turn|>"];
            let end = ends.iter().filter_map(|end| behind(end)).min();
            return Some(end.unwrap_or_else(|| self.end_of_paragraph(at)));
        }
        if let Some(name) = tag_name(rest, '<', '>') {
            return Some(
                self.closing_tag(at + 1, name.trim_start_matches('/'))
                    .unwrap_or_else(|| self.end_of_paragraph(at)),
            );
        }
        if let Some(name) =
            tag_name(rest, '[', ']').filter(|name| WORDS.contains(&name.trim_start_matches('/')))
        {
            return Some(behind(&format!("[/{name}]")).unwrap_or_else(|| self.end_of_line(at)));
        }
        if rest.starts_with("<<") {
            return Some(self.end_of_paragraph(at));
        }
        if rest.starts_with("/*") {
            return Some(behind("*/").unwrap_or_else(|| self.end_of_line(at)));
        }
        if let Some(code) = rest.strip_prefix("```") {
            let end = code.find("```").map(|end| at + end + 6);
            return Some(end.unwrap_or_else(|| self.end_of_paragraph(at)));
        }
        if let Some(code) = rest.strip_prefix('`') {
            return code.find('`').filter(|end| *end < 200).map(|end| at + end + 2);
        }
        for (opening, closing) in [("${", "}"), ("$(", ")"), ("{{", "}}"), ("{%", "%}")] {
            if rest.starts_with(opening) {
                return Some(behind(closing).unwrap_or_else(|| self.end_of_line(at)));
            }
        }
        if rest.starts_with("[](") || rest.starts_with("![") {
            return behind(")");
        }
        if rest.starts_with("###") {
            let head = rest.lines().next().unwrap_or_default();
            let ends = head.contains("end of") || head.contains("end note");
            return Some(if ends { self.end_of_line(at) } else { self.end_of_paragraph(at) });
        }
        // A table of Markdown.
        let begins = at == 0 || self.text.as_bytes()[at - 1] == b'\n';
        if begins && rest.starts_with('|') && self.text[at..self.end_of_line(at)].matches('|').count() > 2 {
            return Some(self.end_of_line(at));
        }
        if let Some(end) = self.fields_at(at) {
            return Some(end);
        }
        let line_start = at == 0 || self.text[..at].ends_with('\n');
        if line_start && is_forged_end(rest.lines().next().unwrap_or_default()) {
            return Some(self.end_of_line(at));
        }
        self.data_at(at)
    }

    /// Lines of fields, two or more: "kind: plan", "action: Take …".
    fn fields_at(&self, at: usize) -> Option<usize> {
        const KEYS: &[&str] = &[
            "kind", "category", "action", "evidence", "timing", "asneeded", "frequency", "period", "steps",
            "status",
        ];
        if at > 0 && !self.text[..at].ends_with('\n') {
            return None;
        }
        let field = |line: &str| {
            line.split_once([':', '='])
                .is_some_and(|(key, _)| KEYS.contains(&key.trim_matches([' ', '-', '"', '*'])))
        };
        let lines: Vec<&str> = self.text[at..].split('\n').take_while(|line| field(line)).collect();
        let length: usize = lines.iter().map(|line| line.len() + 1).sum();
        (lines.len() >= 2).then(|| (at + length).min(self.text.len()))
    }

    /// Behind the tag that closes another of that name.
    fn closing_tag(&self, from: usize, name: &str) -> Option<usize> {
        let mut at = from;
        loop {
            let open = at + self.text[at..].find("</")?;
            let end = open + self.text[open..].find('>')?;
            let squeezed: String = self.text[open + 2..end].split_whitespace().collect();
            if squeezed == name {
                return Some(end + 1);
            }
            at = open + 2;
        }
    }

    /// JSON and what breaks out of it: from a brace beside a quotation mark to the last one of the
    /// line.
    fn data_at(&self, at: usize) -> Option<usize> {
        const OPENINGS: &[&str] =
            &["{\"", "{ \"", "\"}", "\\\"}", "\"]", "\": ", "\":", "{'", "'}", "{$", "[{"];
        let rest = &self.text[at..];
        if !OPENINGS.iter().any(|opening| rest.starts_with(opening)) {
            return None;
        }
        let line = &self.text[at..self.end_of_line(at)];
        let last = line.rfind(['}', ']']).map_or(0, |end| end + 1);
        // What breaks out and back in again: `{"x": " `.
        let tail = &line[last..];
        let end = if tail.trim_start().starts_with('"') || tail.contains("\":") {
            last + tail.rfind('"').map_or(0, |end| end + 1)
        } else {
            last
        };
        (end > 1).then_some(at + end)
    }

    /// Messages of others, which the doctor only tells of.
    fn quotes(&self) -> Vec<Range<usize>> {
        const TOLD: &[&str] = &[
            "read", "reads", "says", "said", "states", "told", "tells", "wrote", "writes", "message",
            "messages", "email", "e-mail", "mail", "text", "texted", "leaflet", "forum", "website", "app",
            "letter", "advert", "ad", "poster", "video", "shows", "showed", "forwarded", "posted", "chatbot",
            "online", "internet", "blog", "magazine", "label", "printout", "card", "screenshot", "post",
            "shared", "quotes", "quoted", "recommends", "advised", "sms", "note", "voicemail", "flyer",
            "brochure", "sticker", "sign", "page", "site", "saying", "brings", "brought", "found",
        ];
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(open) = self.text[at..].find(['"', '\u{201c}', '\u{201e}', '\u{2018}', '\'', '\u{ab}'])
        {
            let open = at + open;
            let mark = self.text[open..].chars().next().unwrap_or('"');
            at = open + mark.len_utf8();
            let before = &self.text[..open];
            if mark == '\'' && !before.ends_with([' ', ':', '\n', '(']) {
                continue;
            }
            let sentence = before.rfind(['\n', '.', '!', '?']).map_or(0, |end| end + 1);
            let told = before[sentence..]
                .split(|c: char| !c.is_alphanumeric() && c != '-')
                .any(|word| TOLD.contains(&word));
            let closing: &[char] = match mark {
                '\u{201c}' | '\u{201e}' => &['\u{201d}', '\u{201c}', '"'],
                '\u{2018}' => &['\u{2019}'],
                '\u{ab}' => &['\u{bb}'],
                '\'' => &['\''],
                _ => &['"', '\u{201d}'],
            };
            let Some(length) = self.closing(at, closing) else { continue };
            if told {
                out.extend(self.source(open..length));
            }
            at = length;
        }
        out
    }

    /// Behind the closing quotation mark; an apostrophe inside a word is none.
    fn closing(&self, from: usize, marks: &[char]) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = &self.text[at..];
            let near = rest.char_indices().nth(2_000).map_or(rest, |(end, _)| &rest[..end]);
            let found = at + near.find(marks)?;
            let mark = self.text[found..].chars().next()?;
            at = found + mark.len_utf8();
            if !matches!(mark, '\'' | '\u{2019}') || !self.text[at..].starts_with(char::is_alphabetic) {
                return Some(at);
            }
        }
    }

    /// Sentences that speak to software, and what goes with them.
    fn orders(&self, source: &str) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        for (open, close) in self.brackets() {
            if addresses_software(&self.text[open..close]) {
                out.extend(self.source(open..close));
            }
        }
        let covered = |range: &Range<usize>, out: &[Range<usize>]| {
            out.iter().any(|closed| closed.start <= range.start && range.end <= closed.end)
        };
        let text = blank(source, &out);
        let mut until = 0;
        let mut after = false;
        for sentence in note::every_sentence(&text) {
            let words = plain(&text[sentence.range.clone()]).text;
            // Nothing that can be seen is said to nobody who can see.
            let unseen = words.trim().is_empty();
            let addressed =
                unseen || addresses_software(&words) || is_foreign_order(&text[sentence.range.clone()]);
            let goes_on = after && continues_order(&words);
            if !covered(&sentence.range, &out) && (addressed || goes_on || sentence.range.start < until) {
                out.push(sentence.range.clone());
            }
            // An order that carries what it wants ends with itself; what only opens the way for one
            // ("Dear model!", "ignore all of the above") speaks on.
            if addressed
                && !unseen
                && !carries_its_order(&words)
                && !is_foreign_order(&text[sentence.range.clone()])
            {
                let rest = &text[sentence.range.end..];
                let line = rest.find('\n').unwrap_or(rest.len());
                let paragraph = rest.find("\n\n").unwrap_or(rest.len());
                until = sentence.range.end + if overrides_the_past(&words) { paragraph } else { line };
            }
            after = addressed || goes_on;
        }
        out
    }

    /// Pairs of round brackets, innermost first; short ones.
    fn brackets(&self) -> Vec<(usize, usize)> {
        let mut open = Vec::new();
        let mut out = Vec::new();
        for (at, c) in self.text.char_indices() {
            match c {
                '(' => open.push(at),
                ')' => out.extend(open.pop().filter(|from| at - from < 500).map(|from| (from, at + 1))),
                '\n' => open.clear(),
                _ => {}
            }
        }
        out
    }
}

/// `<system>`, `[/INST]`: the name in a tag, letters only.
fn tag_name(text: &str, open: char, close: char) -> Option<String> {
    let inner = text.strip_prefix(open)?;
    let near = inner.char_indices().nth(120).map_or(inner, |(at, _)| &inner[..at]);
    let inner = &near[..near.find(close)?];
    // A tag torn over two lines is one.
    let name: String = if inner.contains('\n') && inner.len() < 20 {
        inner.split_whitespace().collect()
    } else {
        inner.split_whitespace().next()?.to_owned()
    };
    let plain = name.trim_start_matches('/').trim_end_matches('/');
    let letters = plain.starts_with(char::is_alphabetic)
        && plain.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    // "<insert name>" of a template is a tag too; "< 5 mg" is none.
    letters.then(|| name.trim_end_matches('/').to_owned())
}

/// "-----END OF NOTE-----", "=== BEGIN SYSTEM ===".
fn is_forged_end(line: &str) -> bool {
    let ruled = line.starts_with("---")
        || line.starts_with("===")
        || line.starts_with("***")
        || line.starts_with("###");
    let words = ["end", "begin", "system", "prompt", "instructions", "note"];
    let said = line.split(|c: char| !c.is_alphanumeric()).filter(|word| words.contains(word)).count();
    ruled && said > 0
        || line.trim_start().starts_with("end of note")
        || line.trim_start().starts_with("begin system")
}

/// Whether a character can be seen.
pub fn is_seen(c: char) -> bool {
    looks_like(c).is_some()
}

/// What a character looks like; `None` for what cannot be seen.
fn looks_like(c: char) -> Option<char> {
    Some(match c {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e007f}'
        | '\u{180e}'
        | '\u{61c}' => return None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => ' ',
        'а' | 'А' | 'ɑ' | 'α' | 'Α' => 'a',
        'в' | 'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' | 'ё' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ı' | 'Ι' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'К' | 'Κ' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'Τ' | 'τ' => 't',
        'у' | 'У' | 'Υ' | 'υ' => 'y',
        'ѵ' | 'ν' => 'v',
        'х' | 'Х' | 'Χ' | 'χ' => 'x',
        'ԝ' => 'w',
        c => c,
    })
}
