//! Indented JSON, in which nothing is that must not reach a terminal.

use std::io::{self, Write};

use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::serializer::escape;

/// Serializes as indented JSON.
pub(super) fn serializer<W: Write>(out: W) -> Serializer<W, Indented> {
    Serializer::with_formatter(out, Indented(PrettyFormatter::new()))
}

/// What serde_json makes of it, but for text.
pub(super) struct Indented(PrettyFormatter<'static>);

macro_rules! as_pretty {
    ($($name:ident($($argument:ident: $type:ty)?),)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, out: &mut W $(, $argument: $type)?) -> io::Result<()> {
            self.0.$name(out $(, $argument)?)
        })*
    };
}

impl Formatter for Indented {
    as_pretty! {
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        begin_object_value(),
        end_object_value(),
    }

    /// What JSON itself wants escaped comes another way.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(fragment.len());
        escape(&mut bytes, fragment);
        out.write_all(&bytes)
    }
}
