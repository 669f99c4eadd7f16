//! Stub.
use super::pen::Pen;
use crate::tui::data::Data;
use crate::tui::layout::Panes;
use crate::tui::state::State;

pub(super) fn draw(_state: &State, _data: &Data, _pen: &mut Pen<'_>, _panes: &Panes) {}
