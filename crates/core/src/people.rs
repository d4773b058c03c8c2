//! People and what they may enter about themselves: parsed once, valid ever after.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Follows plans.
    Patient,
    /// Writes notes.
    Doctor,
}

/// What is wrong with an entry, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    fn because(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A name as a person writes it: 1 to 100 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Trims and checks a name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        line(text, 100, "a name").map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A line of free text about oneself (a specialty): at most 200 characters.
pub fn about(text: &str, most: usize) -> Result<String, Invalid> {
    line(text, most, "this")
}

fn line(text: &str, most: usize, what: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::because(format!("{what} must not be empty")));
    }
    if text.chars().count() > most {
        return Err(Invalid::because(format!("{what} must have at most {most} characters")));
    }
    if let Some((at, c)) = unprintable(text, false) {
        return Err(Invalid::because(format!(
            "remove the invisible character U+{:04X} at position {at}",
            c as u32
        )));
    }
    Ok(text.to_owned())
}

/// The first character that no honest text holds, with its place in characters: control
/// characters, and the marks that make text show in another order than it has (CVE-2021-42574).
pub fn unprintable(text: &str, lines: bool) -> Option<(usize, char)> {
    text.chars().enumerate().find(|(_, c)| match c {
        '\n' | '\r' | '\t' => !lines,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    })
}

/// An e-mail address (RFC 5321 sizes): ASCII letters are kept lowered, so that one address is one account.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Trims, lowers and checks an address.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim().to_ascii_lowercase();
        let form = || Invalid::because("must be an e-mail address such as ada@clinic.example");
        let (local, domain) = text.rsplit_once('@').ok_or_else(form)?;
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let odd = |c: char| c.is_whitespace() || c.is_control() || "@,;<>()[]\\\"".contains(c);
        let good = !local.is_empty()
            && local.len() <= 64
            && text.len() <= 254
            && !local.contains(odd)
            && unprintable(local, false).is_none()
            && domain.split('.').all(label);
        if good { Ok(Self(text)) } else { Err(form()) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// The longest note, in bytes: a discharge letter has some 20,000.
pub const MAX_NOTE: usize = 64 * 1024;

/// Checks the text of a note. Nothing is altered: quotes refer to it by place.
pub fn check_note(text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::because("must not be empty"));
    }
    if text.len() > MAX_NOTE {
        return Err(Invalid::because(format!(
            "must have at most {MAX_NOTE} bytes, this has {}; send it in parts",
            text.len()
        )));
    }
    match unprintable(text, true) {
        Some((at, c)) => Err(Invalid::because(format!(
            "holds the invisible character U+{:04X} at position {at}; remove it, nothing is altered for you",
            c as u32
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_account_each() {
        assert_eq!(Email::parse(" Ada@Clinic.Example ").unwrap().as_str(), "ada@clinic.example");
        for text in
            ["", "ada", "@x.example", "ada@", "a b@x.example", "a@x..example", "a@-x.example", "a@b@c"]
        {
            assert!(Email::parse(text).is_err(), "{text}");
        }
        assert!(Email::parse(&format!("{}@x.example", "a".repeat(65))).is_err());
        assert!(Email::parse("ada@b\u{fc}ro.example").is_ok());
    }

    #[test]
    fn names_are_one_visible_line() {
        assert_eq!(Name::parse("  Zo\u{eb} ").unwrap().as_str(), "Zo\u{eb}");
        for text in ["", "   ", "a\nb", "a\u{202e}b", "a\0b", &"x".repeat(101)] {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn notes_are_never_altered_only_refused() {
        assert!(check_note("Take Drug A\r\n\tdaily").is_ok());
        assert!(check_note(" \n").is_err());
        assert_eq!(
            check_note("a\0b").unwrap_err().to_string(),
            "holds the invisible character U+0000 at position 1; remove it, nothing is altered for you"
        );
        assert!(check_note("a\u{202e}b").is_err());
        assert!(check_note(&"x".repeat(MAX_NOTE + 1)).is_err());
    }
}
