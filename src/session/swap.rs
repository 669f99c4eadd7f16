//! Where the state of idle sessions is put aside, so that there is room for others.

/// Takes states of sessions that are idle, and gives them back when those wake.
pub trait Swap: Send {
    /// Keeps a state; none where there is no room.
    fn put(&mut self, state: &[u8]) -> Option<SwapPlace>;

    /// Reads what was put there into `state`, and returns whether it could be read.
    fn get(&mut self, place: SwapPlace, state: &mut Vec<u8>) -> bool;

    /// What was put there is needed no more.
    fn forget(&mut self, place: SwapPlace);
}

/// Where a state was put; it means something to the [`Swap`] that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwapPlace {
    /// Where.
    pub at: u64,
    /// How long it is, as it was written.
    pub length: u32,
    /// Its number: no two states have the same.
    pub number: u64,
}
