//! Overlays: help, prompts, lists and questions.

pub(super) mod help;
pub(super) mod listing;
pub(super) mod prompt;
