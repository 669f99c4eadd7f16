//! Transfers of the whole capture: what was moved, and how it ended.

mod list;

use ratatui::layout::Rect;

use super::{View, of_list};
use crate::base::{Bytes, FrameNumber};
use crate::export::What;
use crate::picture::channels::Summary;
use crate::picture::events;
use crate::report::{Session, Status, Transfer};
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::evidence;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height};
use crate::tui::message::ScreenAction;
use crate::tui::rows::{Digest, TransferRow};
use crate::tui::sorting::Progress;
use crate::tui::state::{OpenedListing, Overlay, State, Target};
use crate::tui::theme::Role;
use crate::tui::words;
pub(in crate::tui) use list::Transfers;
use list::{TransferRef, TransferSort};

impl View for Transfers {
    fn table(&self) -> What {
        What::Transfers
    }

    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes) {
        layout::with_detail(panes, rest, by_height(state.size.1, [5, 9, 9, 14]), self.rows.len());
    }

    fn renew(&mut self, state: &mut State, data: &Data) {
        let version = state.list_version(data);
        self.make(data, state.row_filter.rows(), version);
    }

    fn settle(&mut self, _state: &mut State, panes: &Panes) {
        self.cursor.settle(self.rows.len(), panes.rows.height);
    }

    fn progress(&self) -> Option<Progress> {
        self.progress()
    }

    fn give_up(&mut self) -> bool {
        self.give_up()
    }

    fn rest(&mut self) {
        if self.progress().is_some() {
            self.stale();
        }
    }

    fn draw(&self, _state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw(self, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: ScreenAction) {
        match action {
            ScreenAction::NextProblem | ScreenAction::PreviousProblem => {
                let failed = |row: &TransferRef| {
                    list::of(data, *row).is_some_and(|transfer| transfer.status != Status::Complete)
                };
                if !self.cursor.seek(&self.rows, action == ScreenAction::NextProblem, failed) {
                    state.say("no further problem");
                }
            }
            ScreenAction::Sort => {
                self.wanted.sort = self.wanted.sort.next();
                self.stale();
            }
            ScreenAction::Reverse => {
                self.wanted.reversed = !self.wanted.reversed;
                self.stale();
            }
            ScreenAction::Order => {
                state.toggle_scope(&mut self.wanted.only);
                self.stale();
            }
            ScreenAction::View => self.view(state, data),
            ScreenAction::Mark | ScreenAction::Ignore | ScreenAction::Pan(_) | ScreenAction::Jump(_) => {}
            ScreenAction::Move(motion) => {
                self.cursor.step(motion, self.rows.len(), panes.rows.height);
                state.selected = self.selected().map(|(session, _)| session).or(state.selected);
            }
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        let Some(row) = self.selected() else { return };
        let frame = list::of(data, row).and_then(|transfer| transfer.frame);
        state.go(data, row.0, frame.map_or(Target::Start, Target::Frame));
    }

    fn find(&mut self, _state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        self.cursor.seek(&self.rows, forward, |row| {
            list::of(data, *row)
                .is_some_and(|transfer| list::path_of(transfer).to_lowercase().contains(wanted))
        })
    }

    fn current(&self, _state: &State) -> Option<u32> {
        self.selected().map(|(session, _)| session)
    }

    fn only(&self, _state: &State) -> Option<u32> {
        self.wanted.only
    }

    fn evidence(&self, _state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        let (index, transfer) = self.selected()?;
        let session = data.session(index)?;
        let transfer = session.transfer(transfer)?;
        let frame = session.command(transfer.command)?.frame;
        let of_channel = transfer.data_channel.and_then(|channel| evidence::of_channel(&session, channel));
        Some((frame, of_channel.map_or_else(|| evidence::filter_of_list(&[frame]), |(_, filter)| filter)))
    }

    fn click(&mut self, _state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        of_list::click(&mut self.cursor, self.rows.len(), panes, spot)
    }
}

impl Transfers {
    /// Opens the listing that the selected transfer moved.
    fn view(&self, state: &mut State, data: &Data) {
        let Some((index, at)) = self.selected() else { return };
        let session = data.session(index);
        let told = session.as_ref().and_then(|session| {
            let transfer = session.transfer(at)?;
            let command = session.command(transfer.command)?;
            let title = transfer.path.as_ref().map_or_else(|| events::command_text(command), words::wire);
            Some(OpenedListing::new(title, transfer.told(at, command)?))
        });
        match told {
            Some(listing) => state.overlay = Overlay::Listing(Box::new(listing)),
            None => state.say("this transfer moved no listing that could be read"),
        }
    }
}

fn draw(list: &Transfers, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let arrow = if list.wanted.reversed { glyphs::DESCENDING } else { glyphs::ASCENDING };
    let scope = of_list::scope(list.wanted.only, data);
    let title = [
        span("Transfers", Role::Title),
        span(format!("{scope} by {} {arrow} ", list.wanted.sort.name()), Role::Dim),
        span(of_list::place(list.cursor, list.rows.len()), Role::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let columns = Columns::of(panes.rows);
    heads(list.wanted.sort, canvas, panes.head, &columns);
    if list.rows.is_empty() {
        let text = if list.progress().is_some() {
            "reading"
        } else if list.wanted.only.is_some() {
            "no transfer in this session (o: all sessions)"
        } else {
            "no transfers"
        };
        of_list::empty(canvas, panes, text, Role::Dim);
    }
    of_list::rows(canvas, panes, list.cursor, &list.rows, |canvas, area, &row, _| {
        draw_row(data, canvas, &columns, area, row);
    });
    detail(data, canvas, panes.detail, list.selected());
}

/// Offsets of the columns after the verb and the mode. Narrow screens have room for fewer of them.
struct Columns {
    path: u16,
    bytes: u16,
    rate: Option<u16>,
    duration: u16,
    reply: u16,
    hash: Option<u16>,
    /// Media type.
    mime: Option<u16>,
}

impl Columns {
    fn of(area: Rect) -> Self {
        let path = 21;
        let mut from_right = 0;
        // Columns from the right: where each begins, with its width and the gap before the next one.
        let mut take = |width: u16, is_shown: bool| {
            from_right += if is_shown { width } else { 0 };
            is_shown.then_some(from_right)
        };
        let mime = take(22, area.width >= 114);
        let hash = take(11, area.width >= 84);
        let reply = take(4, true);
        let duration = take(7, true);
        let rate = take(12, area.width >= 70);
        let bytes = take(10, true);
        let place = |from_right: u16| area.width.saturating_sub(from_right).max(path + 8);
        let placed = |from_right: Option<u16>| from_right.map_or(0, place);
        Self {
            path,
            bytes: placed(bytes),
            rate: rate.map(place),
            duration: placed(duration),
            reply: placed(reply),
            hash: hash.map(place),
            mime: mime.map(place),
        }
    }

    const fn path_width(&self) -> u16 {
        self.bytes - self.path - 1
    }
}

fn heads(sort: TransferSort, canvas: &mut Canvas<'_>, area: Rect, columns: &Columns) {
    let mut head = |x: u16, text: &str, of: Option<TransferSort>| {
        let role = if of == Some(sort) { Role::Strong } else { Role::Dim };
        canvas.put(area.x + x, area.y, text, 12, role);
    };
    head(4, "sess", None);
    head(9, "verb", None);
    head(14, "mode", None);
    head(columns.path, "path", Some(TransferSort::Path));
    head(columns.bytes + 4, "bytes", Some(TransferSort::Bytes));
    if let Some(rate) = columns.rate {
        head(rate + 7, "rate", Some(TransferSort::Rate));
    }
    head(columns.duration + 3, "dur", None);
    head(columns.reply, "rep", Some(TransferSort::Status));
    if let Some(hash) = columns.hash {
        head(hash, "sha256", None);
    }
    if let Some(mime) = columns.mime {
        head(mime, "type", None);
    }
}

fn draw_row(data: &Data, canvas: &mut Canvas<'_>, columns: &Columns, area: Rect, row: TransferRef) {
    let Some(transfer) = list::of(data, row) else { return };
    let y = area.y;
    canvas.put_right(area.x + 2, y, &data.number(row.0).to_string(), 6, Role::Text);
    let verb = transfer.verb.as_ref().map(|verb| words::raw_wire(verb.name())).unwrap_or_default();
    canvas.put(area.x + 9, y, &verb, 4, Role::Strong);
    if transfer.has_channel {
        let name = format!("{} {}", glyphs::letter(transfer.mode), glyphs::mode_name(transfer.mode));
        canvas.put(area.x + 14, y, &name, 6, Role::Mode(transfer.mode));
    } else {
        canvas.put(area.x + 14, y, glyphs::DOT, 1, Role::Dim);
    }
    let path = list::path_of(transfer);
    let width = columns.path_width();
    canvas.put(area.x + columns.path, y, &words::clip_start(&path, usize::from(width)), width, Role::Text);
    let x = area.x + columns.bytes;
    match transfer.bytes {
        Some(count) => canvas.put_right(x, y, &Bytes(count).to_string(), 9, Role::Text),
        None => canvas.put_right(x, y, glyphs::NEVER, 9, Role::Dim),
    }
    let rate = transfer.bytes.zip(transfer.took).and_then(|(bytes, took)| words::rate(bytes, took));
    if let Some(column) = columns.rate {
        canvas.put_right(area.x + column, y, rate.as_deref().unwrap_or(glyphs::DOT), 11, Role::Text);
    }
    let duration = transfer.took.map(words::duration);
    let duration = duration.as_deref().unwrap_or(glyphs::DOT);
    canvas.put_right(area.x + columns.duration, y, duration, 6, Role::Dim);
    let (code, role) = reply(transfer);
    canvas.put(area.x + columns.reply, y, &code, 4, role);
    if let Some(column) = columns.hash {
        let (hash, role) = digest(transfer.digest);
        canvas.put(area.x + column, y, &hash, 9, role);
    }
    if let Some(mime) = columns.mime {
        canvas.put(
            area.x + mime,
            y,
            transfer.mime.as_deref().unwrap_or_default(),
            area.width.saturating_sub(mime),
            Role::Dim,
        );
    }
}

fn reply(transfer: &TransferRow) -> (String, Role) {
    let role = match transfer.status {
        Status::Complete => Role::Good,
        Status::Aborted | Status::Failed => Role::Bad,
        Status::Unfinished => Role::Never,
    };
    (transfer.reply_code.map_or_else(|| glyphs::NEVER.to_owned(), |code| code.to_string()), role)
}

fn digest(digest: Digest) -> (String, Role) {
    match digest {
        Digest::Whole([first, second, last]) => (format!("{first:02x}{second:02x}…{last:02x}"), Role::Dim),
        Digest::Empty => (String::new(), Role::Dim),
        Digest::Hidden => ("TLS".into(), Role::Dim),
        Digest::Partial => ("partial".into(), Role::Reused),
    }
}

fn detail(data: &Data, canvas: &mut Canvas<'_>, area: Rect, row: Option<TransferRef>) {
    let session = row.and_then(|(index, _)| data.session(index));
    let found = row.zip(session.as_ref());
    let found = found.and_then(|((index, at), session)| Some((index, session, session.transfer(at)?)));
    let Some((index, session, transfer)) = found else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let sent = session.command(transfer.command).map(events::command_text).unwrap_or_default();
    let way = transfer.direction.phrase();
    let title = [
        span(format!("#{} ", data.number(index)), Role::Text),
        span(sent, Role::Title),
        span(format!("  {way}, {}", details::status(transfer)), Role::Dim),
    ];
    canvas::detail_panel(canvas, area, &title, &detail_lines(session, transfer));
}

fn detail_lines(session: &Session, transfer: &Transfer) -> Vec<details::DetailLine> {
    let mut lines = match transfer.data_channel {
        Some(channel) => details::channel(session, &Summary::of(session), channel),
        None => Vec::new(),
    };
    lines.push(details::content(transfer));
    lines
}
