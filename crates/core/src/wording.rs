//! Schedules in plain words, in the reader's language: "twice a day, 08:00 and 20:00, for 7 days".

use crate::{
    anchors::Anchors,
    timing::{Quantity, Start, Timing, Unit},
};
use jiff::civil::{Date, Time, Weekday};

/// A language the product speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl Language {
    /// The first language of an `Accept-Language` header (RFC 9110 §12.5.4) that is spoken here.
    pub fn accepted(header: &str) -> Self {
        let spoken = header.split(',').find_map(|entry| {
            let tag = entry.split(';').next()?.trim().to_ascii_lowercase();
            match tag.split('-').next()? {
                "en" => Some(Self::En),
                "de" => Some(Self::De),
                _ => None,
            }
        });
        spoken.unwrap_or_default()
    }

    fn pick<'a>(self, en: &'a str, de: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::De => de,
        }
    }
}

/// A timing in words; empty where it says nothing.
pub fn timing_text(timing: &Timing, anchors: &Anchors, language: Language) -> String {
    let mut parts = Vec::new();
    if timing.as_needed {
        parts.push(language.pick("if needed", "bei Bedarf").to_owned());
    }
    parts.extend(rate(timing, language));
    parts.extend(times(timing, anchors, language));
    parts.extend(bound(timing, language));
    parts.extend(start(timing, language));
    parts.join(", ")
}

fn rate(timing: &Timing, language: Language) -> Option<String> {
    let (_, period, unit) = timing.rate();
    let at_most = |n: u32| match language {
        Language::En => format!("at most {n} times {}", per(period, unit, language)),
        Language::De => format!("höchstens {n}-mal {}", per(period, unit, language)),
    };
    if timing.frequency.is_none() && timing.frequency_max.is_some() {
        return timing.frequency_max.map(at_most);
    }
    if !timing.recurs() {
        return None;
    }
    if !timing.day_of_week.is_empty() && period == 1 && matches!(unit, Unit::D | Unit::Wk) {
        return Some(weekdays(&timing.day_of_week, language));
    }
    let frequency = frequency(timing);
    if frequency == (1, 1) && (unit.is_elapsed() || period > 1) {
        return Some(every(timing, language));
    }
    let times = match (frequency, language) {
        ((1, 1), Language::En) => "once".to_owned(),
        ((2, 2), Language::En) => "twice".to_owned(),
        ((n, m), Language::En) if n == m => format!("{n} times"),
        ((n, m), Language::En) => format!("{n} to {m} times"),
        ((n, m), Language::De) if n == m => format!("{n}-mal"),
        ((n, m), Language::De) => format!("{n}- bis {m}-mal"),
    };
    Some(format!("{times} {}", per(period, unit, language)))
}

/// How many times a period; the listed times of day count where no number was said.
fn frequency(timing: &Timing) -> (u32, u32) {
    let listed = timing.time_of_day.len().max(timing.when.len()).max(1);
    let least = timing.frequency.unwrap_or_else(|| u32::try_from(listed).unwrap_or(1));
    (least, timing.frequency_max.unwrap_or(least))
}

fn every(timing: &Timing, language: Language) -> String {
    let (_, period, unit) = timing.rate();
    let least = timing.period.unwrap_or(1);
    let range = if least == period { period.to_string() } else { format!("{least}–{period}") };
    if period == 1 {
        return match language {
            Language::En => format!("every {}", noun(1, unit, language)),
            Language::De => {
                format!("{} {}", if unit == Unit::H { "jede" } else { "alle" }, noun(1, unit, language))
            }
        };
    }
    format!("{} {range} {}", language.pick("every", "alle"), noun(period, unit, language))
}

/// "a day", "every 2 weeks".
fn per(period: u32, unit: Unit, language: Language) -> String {
    if period > 1 {
        return format!("{} {period} {}", language.pick("every", "in"), noun(period, unit, language));
    }
    let (en, de) = match unit {
        Unit::Min => ("a minute", "pro Minute"),
        Unit::H => ("an hour", "pro Stunde"),
        Unit::D => ("a day", "am Tag"),
        Unit::Wk => ("a week", "pro Woche"),
        Unit::Mo => ("a month", "im Monat"),
        Unit::A => ("a year", "im Jahr"),
    };
    language.pick(en, de).to_owned()
}

fn noun(n: u32, unit: Unit, language: Language) -> &'static str {
    let (en, de) = match unit {
        Unit::Min => (["minute", "minutes"], ["Minute", "Minuten"]),
        Unit::H => (["hour", "hours"], ["Stunde", "Stunden"]),
        Unit::D => (["day", "days"], ["Tag", "Tage"]),
        Unit::Wk => (["week", "weeks"], ["Woche", "Wochen"]),
        Unit::Mo => (["month", "months"], ["Monat", "Monate"]),
        Unit::A => (["year", "years"], ["Jahr", "Jahre"]),
    };
    let many = usize::from(n != 1);
    if language == Language::En { en[many] } else { de[many] }
}

fn weekdays(days: &[Weekday], language: Language) -> String {
    const NAMES: [(&str, &str); 7] = [
        ("Monday", "montags"),
        ("Tuesday", "dienstags"),
        ("Wednesday", "mittwochs"),
        ("Thursday", "donnerstags"),
        ("Friday", "freitags"),
        ("Saturday", "samstags"),
        ("Sunday", "sonntags"),
    ];
    let mut offsets: Vec<_> = days.iter().map(|day| day.to_monday_zero_offset()).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let names = offsets.into_iter().filter_map(|offset| NAMES.get(usize::try_from(offset).ok()?));
    let names: Vec<_> = names.map(|(en, de)| language.pick(en, de).to_owned()).collect();
    match language {
        Language::En => format!("every {}", list(&names, language)),
        Language::De => list(&names, language),
    }
}

fn times(timing: &Timing, anchors: &Anchors, language: Language) -> Option<String> {
    let times = wall_clock(timing, anchors);
    let times: Vec<_> = times.iter().map(|time| format!("{:02}:{:02}", time.hour(), time.minute())).collect();
    (!times.is_empty() && times.len() <= 8).then(|| list(&times, language))
}

/// The times of one of its days; none where it follows elapsed time or plans nothing.
fn wall_clock(timing: &Timing, anchors: &Anchors) -> Vec<Time> {
    let (frequency, period, unit) = timing.rate();
    if !timing.is_scheduled() || unit.is_elapsed() {
        return Vec::new();
    }
    let daily = if period == 1 && unit == Unit::D { frequency } else { 1 };
    anchors.times(timing, daily)
}

fn bound(timing: &Timing, language: Language) -> Option<String> {
    if let Some(duration) = timing.duration {
        return Some(format!("{} {}", language.pick("for", "für"), quantity(duration, language)));
    }
    if let Some(count) = timing.count {
        return Some(match language {
            Language::En if count == 1 => "once in all".to_owned(),
            Language::En => format!("{count} times in all"),
            Language::De => format!("insgesamt {count}-mal"),
        });
    }
    timing.until.map(|until| format!("{} {}", language.pick("until", "bis"), date(until, language)))
}

fn start(timing: &Timing, language: Language) -> Option<String> {
    match timing.start? {
        Start::After(delay) if delay.value == 0 => None,
        Start::After(delay) => {
            let dative = |text: String| {
                text.replace("Tage", "Tagen").replace("Monate", "Monaten").replace("Jahre", "Jahren")
            };
            let text = quantity(delay, language);
            Some(match language {
                Language::En => format!("from {text} after the note"),
                Language::De => format!("ab {} nach der Notiz", dative(text)),
            })
        }
        Start::On(on) => Some(format!("{} {}", language.pick("from", "ab"), date(on.date, language))),
    }
}

fn quantity(quantity: Quantity, language: Language) -> String {
    let most = quantity.max.unwrap_or(quantity.value);
    let range =
        if most == quantity.value { most.to_string() } else { format!("{}–{most}", quantity.value) };
    format!("{range} {}", noun(most, quantity.unit, language))
}

fn date(date: Date, language: Language) -> String {
    match language {
        Language::En => date.strftime("%-d %B %Y").to_string(),
        Language::De => date.strftime("%-d.%-m.%Y").to_string(),
    }
}

fn list(words: &[String], language: Language) -> String {
    match words {
        [head @ .., last] if !head.is_empty() => {
            format!("{} {} {last}", head.join(", "), language.pick("and", "und"))
        }
        words => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_in_both_languages() {
        for (json, en, de) in [
            (
                r#"{"frequency":2,"duration":{"value":7,"unit":"d"}}"#,
                "twice a day, 08:00 and 20:00, for 7 days",
                "2-mal am Tag, 08:00 und 20:00, für 7 Tage",
            ),
            (
                r#"{"frequency":1,"duration":{"value":1,"unit":"wk"}}"#,
                "once a day, 08:00, for 1 week",
                "1-mal am Tag, 08:00, für 1 Woche",
            ),
            (
                r#"{"period":8,"periodUnit":"h","count":9}"#,
                "every 8 hours, 9 times in all",
                "alle 8 Stunden, insgesamt 9-mal",
            ),
            (
                r#"{"period":4,"periodMax":6,"periodUnit":"h","asNeeded":true}"#,
                "if needed, every 4–6 hours",
                "bei Bedarf, alle 4–6 Stunden",
            ),
            (
                r#"{"frequencyMax":4,"asNeeded":true}"#,
                "if needed, at most 4 times a day",
                "bei Bedarf, höchstens 4-mal am Tag",
            ),
            (
                r#"{"dayOfWeek":["fri","mon"]}"#,
                "every Monday and Friday, 08:00",
                "montags und freitags, 08:00",
            ),
            (r#"{"when":["HS"]}"#, "once a day, 22:00", "1-mal am Tag, 22:00"),
            (r#"{"frequency":1,"period":2}"#, "every 2 days, 08:00", "alle 2 Tage, 08:00"),
            (
                r#"{"frequency":1,"periodUnit":"mo","until":"2026-03-01"}"#,
                "once a month, 08:00, until 1 March 2026",
                "1-mal im Monat, 08:00, bis 1.3.2026",
            ),
            (
                r#"{"start":{"value":2,"unit":"wk"}}"#,
                "from 2 weeks after the note",
                "ab 2 Wochen nach der Notiz",
            ),
            (r"{}", "", ""),
        ] {
            let timing: Timing = serde_json::from_str(json).unwrap();
            assert_eq!(timing_text(&timing, &Anchors::default(), Language::En), en);
            assert_eq!(timing_text(&timing, &Anchors::default(), Language::De), de);
        }
    }

    #[test]
    fn the_readers_language() {
        assert_eq!(Language::accepted("fr-CH, de-AT;q=0.8, en"), Language::De);
        assert_eq!(Language::accepted("en-GB,de"), Language::En);
        assert_eq!(Language::accepted("*"), Language::En);
    }
}
