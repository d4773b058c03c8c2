//! What a new password must be (NIST SP 800-63B): long, not among the commonest, not the person.

use crate::people::Invalid;

/// The 10,000 commonest passwords of eight and more characters, one a line. A browser fetches it when it is needed.
pub const COMMON: &str = include_str!("../words/common-passwords.txt");

/// What is asked of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// The fewest characters.
    pub least: usize,
    /// Those that are refused as too common, one a line.
    pub refused: &'a str,
}

/// Whether a password is among common ones, in any case.
pub fn is_common(password: &str, common: &str) -> bool {
    let password = password.to_lowercase();
    common.lines().any(|line| line == password)
}

impl Rule<'_> {
    /// Checks a new password of somebody.
    pub fn check(self, password: &str, name: &str, email: &str) -> Result<(), Invalid> {
        let refuse = |text: String| Err(Invalid(text));
        if password.chars().count() < self.least {
            return refuse(format!("must have at least {} characters", self.least));
        }
        if password.len() > 1024 {
            return refuse("must have at most 1024 bytes".to_owned());
        }
        if is_common(password, self.refused) {
            return refuse("is among the 10,000 commonest passwords; take three words at random".to_owned());
        }
        let own = [name, email, email.split('@').next().unwrap_or_default(), "aftercare"];
        if own.into_iter().map(letters).any(|own| !own.is_empty() && own == letters(password)) {
            return refuse("must not be your name, your address or this product's name".to_owned());
        }
        Ok(())
    }
}

/// What is left without numbers, marks and case: "Aftercare2026!" is "aftercare".
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule<'_> = Rule { least: 8, refused: COMMON };

    #[test]
    fn passwords_are_long_rare_and_not_the_person() {
        let check = |password: &str| RULE.check(password, "Ada Lovelace", "ada.king@b.example");
        for bad in [
            "1234567", "Password", "QWERTYUIOP", "ada.king@b.example", "Ada Lovelace", "adalovelace1815",
            "ADA-king!", "Aftercare2026!",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&"x".repeat(1025)).is_err());
        for good in ["correct horse", "ada loves trains", "14159265358979"] {
            assert!(check(good).is_ok(), "{good}");
        }
        assert!(Rule { refused: "", ..RULE }.check("password", "Ada", "a@b.example").is_ok());
    }

    #[test]
    fn ten_thousand_are_refused() {
        assert_eq!(COMMON.lines().count(), 10_000);
        assert!(COMMON.lines().step_by(97).all(|word| is_common(&word.to_uppercase(), COMMON)));
    }
}
