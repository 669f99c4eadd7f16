//! Rows as JSON objects, whose members are the columns: a table for programs that read JSON Lines.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::Cell;
use super::columns::Column;
use crate::base::hex::Hex;

/// A row on its way into an object.
pub(super) struct Object<'a, R> {
    pub(super) columns: &'a [Column<R>],
    pub(super) row: &'a R,
}

impl<R> Serialize for Object<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("", self.columns.len())?;
        for column in self.columns {
            members.serialize_field(column.name, &(column.cell)(self.row))?;
        }
        members.end()
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Wire(text) | Self::Name(text) => serializer.serialize_str(text),
            Self::Sentence(text) | Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Seconds(delta) => delta.serialize(serializer),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Time(time) => time.serialize(serializer),
            Self::Address(ip) => ip.serialize(serializer),
            Self::Hash(hash) => serializer.serialize_str(Hex(hash).text().as_str()),
        }
    }
}
