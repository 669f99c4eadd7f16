//! Overlays: help, prompts, lists and questions.

pub(super) mod help;
pub(super) mod prompt;
