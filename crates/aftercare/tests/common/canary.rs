//! Words that occur nowhere else, to be searched for.

use aftercare_seal::bytes;

/// Words that occur nowhere else.
pub const CANARIES: [&str; 5] =
    ["Zyxolitamab", "quokkafever", "marzipantherapy", "felt wobblegong", "hunter2 canary"];

/// Whether bytes hold a canary, also as hex or base64, in any case.
pub fn holds_canary(haystack: &[u8]) -> Option<String> {
    let lower = haystack.to_ascii_lowercase();
    // What is not text becomes marks, which no needle holds.
    let lower = String::from_utf8_lossy(&lower);
    let within = |needle: &str| lower.contains(needle);
    CANARIES.iter().find_map(|canary| {
        let plain = canary.to_ascii_lowercase();
        let hex = plain.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        // The middle of a word in base64, whatever stands before it.
        let base64 = bytes::encode(&canary.as_bytes()[..canary.len() / 3 * 3]).to_ascii_lowercase();
        let found = within(&plain) || within(&hex) || within(&base64);
        found.then(|| (*canary).to_owned())
    })
}
