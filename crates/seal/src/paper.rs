//! Secrets on paper: Crockford's base 32 in groups of four, with two check characters.

use crate::pae;
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// As people write it. Whole groups of five bytes; the label says what it is of.
pub(crate) fn write(bytes: &[u8], label: &[u8]) -> Zeroizing<String> {
    let mut symbols: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(bytes.len() / 5 * 8 + 2));
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        symbols.extend((0..8).rev().map(|i| ALPHABET[(bits >> (5 * i) & 31) as usize]));
    }
    symbols.extend(check(bytes, label));
    let mut text = Zeroizing::new(String::with_capacity(symbols.len() * 5 / 4 + 1));
    for (n, symbol) in symbols.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(*symbol));
    }
    text
}

/// Reads what a person typed: any case, spaces and dashes anywhere, `O I L` for `0 1 1`.
pub(crate) fn read<const N: usize>(text: &str, label: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(N / 5 * 8 + 2));
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        symbols.push(ALPHABET.iter().position(|symbol| char::from(*symbol) == c)? as u64);
    }
    let (symbols, given) = symbols.split_at_checked(N / 5 * 8)?;
    let mut bytes = Zeroizing::new([0; N]);
    for (chunk, out) in symbols.chunks(8).zip(bytes.chunks_mut(5)) {
        let bits = chunk.iter().fold(0_u64, |bits, symbol| bits << 5 | symbol);
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    let given = given.iter().map(|symbol| ALPHABET[usize::try_from(*symbol).unwrap_or(0)]);
    given.eq(check(bytes.as_slice(), label)).then_some(bytes)
}

fn check(bytes: &[u8], label: &[u8]) -> [u8; 2] {
    let digest = pae::hash(&pae::pae(&[label, bytes]));
    [ALPHABET[usize::from(digest[0] & 31)], ALPHABET[usize::from(digest[1] & 31)]]
}
