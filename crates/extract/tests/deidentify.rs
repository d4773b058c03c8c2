//! De-identification over 200 made-up headers: what is masked, what gets through, and that nothing a
//! model needs is lost.
#![expect(clippy::unwrap_used, reason = "test files that stand beside the code")]

use aftercare_extract::{
    deidentify::{Identifiers, Masked},
    shield::shield,
};
use std::collections::BTreeMap;

const FIRST: [&str; 10] =
    ["Adaeze", "Björn", "Chloe", "Dmitri", "Élodie", "Fatima", "Giulia", "Hiro", "Imogen", "Jürgen"];
const LAST: [&str; 10] = [
    "Achterberg", "O'Connell", "Nguyen", "Müller", "Silva-Santos", "Okonkwo", "Yamamoto", "Grey", "Price",
    "Weiss",
];
const EMAIL: [&str; 4] =
    ["a.b@example.org", "first_last99@mail.example.com", "x@clinic.example", "büro@praxis.example"];
const PHONE: [&str; 8] = [
    "+44 20 7946 0018", "(555) 014-7788", "555-014-7788", "0171 123 4567", "07700 900123", "+49 30 901820",
    "0171/1234567", "+1 (555) 014-7788",
];
const BORN: [&str; 6] = ["03/04/1950", "1950-04-03", "3 April 1950", "03.04.1950", "April 3, 1950", "4/3/50"];
const RECORD: [&str; 6] = [
    "MRN: 00123456", "MRN 4471-882", "NHS no. 943 476 5919", "Hospital number H1234567",
    "Insurance ID 99812345", "Case #4471882",
];
const STREET: [&str; 6] = [
    "12 Acacia Avenue", "221B Baker Street", "9 St Mary's Close", "Hauptstraße 5", "1600 Elm St",
    "Flat 3, 14 Mill Lane",
];
const CODE: [&str; 4] = ["SW1A 1AA", "M1 1AE", "EH99 1SP", "12345"];

/// The text, the two names, and what must not get through, by class.
type Header = (String, [String; 2], Vec<(Masked, String)>);

/// 200 headers.
fn headers() -> Vec<Header> {
    (0..200)
        .map(|n| {
            let (first, last) = (FIRST[n % 10], LAST[(n / 10 + n) % 10]);
            let doctor = LAST[(n + 3) % 10];
            let at = |list: &[&str]| list[n % list.len()].to_owned();
            let (email, phone, born) = (at(&EMAIL), at(&PHONE), at(&BORN));
            let (record, street, code) = (at(&RECORD), at(&STREET), at(&CODE));
            let text = match n % 4 {
                0 => format!("Patient: {first} {last}, DOB {born}, {record}\nTel {phone}, {email}\n{street}, {code}\nDr. {doctor}\n"),
                1 => format!("{last}, {first} (born {born}); {record}; lives at {street}; phone {phone}; mail {email}. Seen by Dr {doctor}.\n"),
                2 => format!("RE: {first} {last} - date of birth: {born} - {street} {code} - {phone} - {email} - {record}, your ref Prof. {doctor}\n"),
                _ => format!("I saw Ms. {last} today. {first} can be reached on {phone} or {email}. DOB: {born}. {record}. Address {street}. {doctor}, MD\n"),
            };
            let number = record.split(|c: char| !c.is_ascii_digit()).max_by_key(|part| part.len()).unwrap().to_owned();
            let must = vec![
                (Masked::Name, first.to_owned()),
                (Masked::Name, last.to_owned()),
                (Masked::Name, doctor.to_owned()),
                (Masked::Email, email),
                (Masked::Phone, phone),
                (Masked::BirthDate, born),
                (Masked::RecordNumber, number),
                (Masked::Address, street),
            ];
            (text, [format!("{first} {last}"), format!("Dr. {doctor}")], must)
        })
        .collect()
}

fn mask(text: &str, names: &[String]) -> String {
    Identifiers::find(text, names).mask(&shield(text), 0..text.len()).0
}

#[test]
fn what_gets_through_is_known() {
    let mut through: BTreeMap<Masked, Vec<String>> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for (text, names, must) in headers() {
        let masked = mask(&text, &names);
        for (class, words) in must {
            *all.entry(class).or_insert(0_usize) += 1;
            if masked.contains(&words) {
                through.entry(class).or_default().push(words);
            }
        }
    }
    let counts: BTreeMap<_, _> = through.iter().map(|(class, words)| (*class, words.len())).collect();
    for words in through.values_mut() {
        words.sort();
        words.dedup();
    }
    // As published in docs/EXTRACTION.md.
    assert_eq!(
        (counts, all[&Masked::Name], all[&Masked::Address]),
        (BTreeMap::new(), 600, 200),
        "{through:#?}"
    );
}

/// One name, number or date is written in many ways.
#[test]
fn however_it_is_written_it_is_masked() {
    let names = ["Seán O'Brien", "Jos\u{e9} 山田太郎", "Łukasz Groß"].map(str::to_owned);
    for (text, masked) in [
        ("O\u{2019}Brien, O'BRIEN, OBrien, Brien\u{2019}s wife", "[name], [name], [name], [name] wife"),
        ("Sean or Jose\u{301} or JOS\u{c9} or Se\u{ad}\u{e1}n", "[name] or [name] or [name] or [name]"),
        ("Lukasz, ŁUKASZ, Gross and GROSS", "[name], [name], [name] and [name]"),
        ("患者山田太郎さん、山田", "患者[name]さん、[name]"),
        ("Tel 07700900123 / 07700900456", "Tel [phone] / [phone]"),
        ("Tel 07700 900123\n07700 900456", "Tel [phone]\n[phone]"),
        ("Tel 07700 900123 12/05/2024", "Tel [phone] 12/05/2024"),
        ("Tel 07700 900123. 12 tablets", "Tel [phone]. 12 tablets"),
        ("Review 12/05/2024 07700 900123.", "Review 12/05/2024 [phone]."),
        ("Ring \u{ff10}\u{ff12}\u{ff10} 7946 0018", "Ring [phone]"),
        ("ring 555-0147 or 7946 0018", "ring [phone] or [phone]"),
        ("DOB 3rd March 1950", "[date of birth]"),
        ("DOB 21st of June 1948, well", "[date of birth], well"),
        ("born in 1950", "[date of birth]"),
        ("Birth date: 3/4/1950", "[date of birth]"),
        ("nacimiento: 3 de mayo de 1950", "[date of birth]"),
        ("geboren am 3. März 1950", "[date of birth]"),
        ("(https://portal.example/p/8841)", "[link])"),
        ("see HTTPS://portal.example/p/8841.", "see [link]."),
        ("link:https://portal.example/p/8841", "[link]"),
        ("(ada@clinic.example)", "[email])"),
    ] {
        assert_eq!(mask(text, &names), masked);
    }
}

/// Doses, times, readings and dates are what a model needs.
#[test]
fn what_a_model_needs_is_left() {
    assert_eq!(mask("Ms Trujillo and doctor Grey", &[]), "[name] and [name]");
    for words in [
        "Amoxicillin 500 mg three times a day for 7 days",
        "BP 128/76, pulse 72, temp 37.4, SpO2 98%",
        "ramipril 5 mg 1-0-0 until 14/06/2024 or 2024-06-14",
        "Haematology clinic 3 April 2024 at 10:30",
        "Norco 5/325, one or two tablets every 4-6 hours, #30, max 8/24h",
        "f/u 2/52, bloods 3/12, r/v 10/7",
        "HbA1c 58, eGFR 45, U&E, B12 187, L4/L5, C5-6",
        "Vit D 20,000 IU, colecalciferol 50,000iu",
        "prednisone 40 mg x 5 d -> 20 mg x 5 d",
        "Co-codamol 30/500 1-2 tabs up to QDS prn - max 8/24h",
        "Relapsing MS since 2011, sees her own doctor. Quit date chosen: January 15",
        "Booked with the duty dr\nPulm rehab",
        "walk 10 minutes a day, price of bread, grey sputum",
        "born prematurely, 1500 g, seen 2019 2020, 14.6.2024 08:00-12:00",
        "Patient to drink 1.5-2 litres, case discussed, record weights daily",
    ] {
        assert_eq!(mask(words, &["Ada Lovelace".to_owned()]), words);
    }
}

/// Twice the text takes about twice the time, whatever it is made of.
#[test]
fn no_text_takes_long() {
    let names = ["Ada Lovelace".to_owned()];
    for piece in ["(", "+", "id ", "0", "07 ", "12/05/", "born ", "a@", "1 A"] {
        let time = |length: usize| {
            let text = piece.repeat(length / piece.len());
            let begun = std::time::Instant::now();
            Identifiers::find(&text, &names);
            begun.elapsed().as_secs_f64()
        };
        let (short, long) = (time(10_000), time(80_000));
        assert!(long < 40.0 * short.max(0.01), "{piece:?}: {short} s, then {long} s");
    }
}
