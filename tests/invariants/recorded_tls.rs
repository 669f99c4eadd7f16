//! The sessions of `tests/tls/sessions/` as inputs for the check of TLS.

/// Pieces as they were recorded, and at last the lines of the key log.
pub(crate) fn input(recorded: &str) -> Vec<u8> {
    let mut input = vec![16];
    let mut add = |kind: u8, bytes: &[u8]| {
        for part in bytes.chunks(255) {
            input.extend([kind, u8::try_from(part.len()).unwrap_or(u8::MAX)]);
            input.extend(part);
        }
    };
    for line in recorded.lines() {
        let Some((sender @ (">" | "<"), digits)) = line.split_once(' ') else { continue };
        let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        let bytes: Vec<u8> = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
        add(u8::from(sender == "<"), &bytes);
    }
    for line in recorded.lines().filter(|line| !line.starts_with(['>', '<'])) {
        add(0, format!("\n{line}\n").as_bytes());
    }
    input
}
