//! Transmission modes, undone as the bytes stream by (RFC 959 section 3.4).

mod blocks;
mod compressed;
mod deflate;

use super::Plan;

/// A transform cannot read what it was given: the content can't be recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Takes the recovered content, piece by piece. Its error is passed on by the transform.
pub(super) type Output<'a> = dyn FnMut(&[u8]) -> Result<(), Unreadable> + 'a;

/// Undoes one transmission mode.
pub(super) trait Transform: Send {
    /// Takes the next bytes as they were on the wire.
    ///
    /// # Errors
    /// Where they are not of this mode; nothing more may be pushed then.
    fn push(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<(), Unreadable>;

    /// Whether the content is complete if nothing more comes.
    fn is_complete(&self) -> bool;

    /// What it takes, in bytes of memory.
    fn weight(&self) -> usize;
}

/// Makes a transform for a stream that is sent like this.
type Make = fn(Plan) -> Box<dyn Transform>;

/// All transforms, by the argument of MODE: a new one is its module and one line.
const TRANSFORMS: [(char, Make); 3] =
    [('B', blocks::transform), ('C', compressed::transform), ('Z', deflate::transform)];

/// What undoes the transmission mode of a stream; none for MODE S, which needs nothing.
pub(super) fn of(plan: Plan) -> Option<Box<dyn Transform>> {
    TRANSFORMS.iter().find(|&&(mode, _)| mode == plan.mode).map(|(_, make)| make(plan))
}

/// What a transform makes of all this, cut at every place in turn.
#[cfg(test)]
fn undone(plan: Plan, bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let one_run = |cut: usize| {
        let mut transform = of(plan)?;
        let mut content = Vec::new();
        let (head, tail) = bytes.split_at(cut);
        for piece in [head, tail] {
            let mut out = |piece: &[u8]| {
                content.extend_from_slice(piece);
                Ok(())
            };
            transform.push(piece, &mut out).ok()?;
        }
        Some((content, transform.is_complete()))
    };
    let whole = one_run(0);
    for cut in 1..bytes.len() {
        assert_eq!(one_run(cut), whole, "cut at {cut}");
    }
    whole
}
