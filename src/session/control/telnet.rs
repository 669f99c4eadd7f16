//! What may stand before the first line.

/// The length of the telnet negotiation (RFC 854) with which a stream begins.
pub(super) fn prefix(bytes: &[u8]) -> usize {
    const IAC: u8 = 255;
    const OPTIONS: std::ops::RangeInclusive<u8> = 251..=254;
    let mut at = 0_usize;
    while let Some([IAC, command]) = bytes.get(at..at.saturating_add(2)) {
        at = at.saturating_add(if OPTIONS.contains(command) { 3 } else { 2 });
    }
    at
}
