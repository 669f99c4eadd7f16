//! What pictures are drawn on: SVG elements in a string.

use std::fmt::{Display, Write as _};

use super::super::markup::Markup;
use crate::picture::words;

/// Width of a character, in pixels: pictures use a fixed-width font of 12 pixels.
pub(super) const CHARACTER: f64 = 7.25;

/// The elements of a picture. Coordinates are in pixels, from the upper left corner.
#[derive(Debug, Default)]
pub(super) struct Paper {
    elements: String,
}

/// Where a text stands from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Paper {
    /// All elements so far.
    pub(super) fn elements(&self) -> &str {
        &self.elements
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        _ = writeln!(
            self.elements,
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }

    /// A rectangle, which says `title` where a pointer rests on it.
    pub(super) fn rectangle(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), title: &str) {
        let ((x, y), (width, height)) = (corner, size);
        _ = writeln!(
            self.elements,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"><title>{}</title></rect>"#,
            Markup(title)
        );
    }

    /// A small mark around a point: a diamond.
    pub(super) fn diamond(&mut self, class: &str, (x, y): (f64, f64), title: &str) {
        let (left, right, top, bottom) = (x - 5.0, x + 5.0, y - 5.0, y + 5.0);
        _ = writeln!(
            self.elements,
            r#"<path class="{class}" d="M{left:.1} {y:.1} L{x:.1} {top:.1} L{right:.1} {y:.1} L{x:.1} {bottom:.1} Z"><title>{}</title></path>"#,
            Markup(title)
        );
    }

    /// The head of an arrow that points to the right or to the left.
    pub(super) fn arrow_head(&mut self, class: &str, (x, y): (f64, f64), to_right: bool) {
        let back = if to_right { x - 7.0 } else { x + 7.0 };
        let (top, bottom) = (y - 3.5, y + 3.5);
        _ = writeln!(
            self.elements,
            r#"<path class="{class} head" d="M{x:.1} {y:.1} L{back:.1} {top:.1} L{back:.1} {bottom:.1} Z"/>"#
        );
    }

    /// Text, which says `title` where a pointer rests on it.
    pub(super) fn text(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        anchor: Anchor,
        text: impl Display,
        title: Option<&str>,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = text.to_string();
        _ = write!(self.elements, r#"<text class="{class}" x="{x:.1}" y="{y:.1}"{anchor}>{}"#, Markup(&text));
        if let Some(title) = title {
            _ = write!(self.elements, "<title>{}</title>", Markup(title));
        }
        self.elements.push_str("</text>\n");
    }

    /// Text that is cut where it would need more than `room`, and then says the whole where a pointer rests on
    /// it.
    pub(super) fn clipped(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str, room: f64) {
        let clipped = words::clip(text, characters(room));
        let title = (clipped != text).then_some(text);
        self.text(class, at, anchor, &clipped, title);
    }
}

/// How many characters fit.
pub(super) fn characters(room: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is small")]
    let characters = (room / CHARACTER).max(0.0) as usize;
    characters
}

/// The width of a text.
pub(super) fn width_of(text: &str) -> f64 {
    words::width(text) as f64 * CHARACTER
}
