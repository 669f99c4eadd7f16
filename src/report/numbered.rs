//! Lists whose items carry members before their own, their position for one.

use serde::ser::{Impossible, SerializeSeq as _, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::base::{refuse_other_values, refuse_values};

/// A list, by what gives the item at each position.
pub(super) struct List<F>(pub(super) F);

impl<T: Serialize, F: Fn(usize) -> Option<T>> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in (0..).map_while(&self.0) {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

/// The items with their position as `"index"`; whoever reads them back can count.
pub(super) fn numbered<'a, T: Serialize>(
    items: &'a [T],
) -> List<impl Fn(usize) -> Option<Led<'a, Position, T>>> {
    List(move |index| Some(Led { by: Position(index), item: items.get(index)? }))
}

/// Members that come before those of an item itself.
pub(super) trait Lead {
    /// How many.
    const LENGTH: usize;

    fn write<M: SerializeStruct>(&self, members: &mut M) -> Result<(), M::Error>;
}

pub(super) struct Position(usize);

impl Lead for Position {
    const LENGTH: usize = 1;

    fn write<M: SerializeStruct>(&self, members: &mut M) -> Result<(), M::Error> {
        members.serialize_field("index", &self.0)
    }
}

/// A struct and the members before its own. Flattening would do the same through a map, in twice the time.
pub(super) struct Led<'a, L, T> {
    pub(super) by: L,
    pub(super) item: &'a T,
}

impl<L: Lead, T: Serialize> Serialize for Led<'_, L, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.item.serialize(Before { by: &self.by, serializer })
    }
}

/// Takes a struct alone, and hands it on with the members that come before.
struct Before<'a, L, S> {
    by: &'a L,
    serializer: S,
}

impl<L: Lead, S: Serializer> Serializer for Before<'_, L, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<S::SerializeStruct, S::Error> {
        let mut members = self.serializer.serialize_struct(name, length.saturating_add(L::LENGTH))?;
        self.by.write(&mut members)?;
        Ok(members)
    }

    refuse_values! { serialize_i64(i64) -> Self::Ok; }
    refuse_other_values!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_carry_their_position_and_nothing_but_structs_can() {
        #[derive(Serialize)]
        struct Item {
            name: char,
        }
        let json = |items: &[Item]| serde_json::to_string(&numbered(items)).unwrap();
        assert_eq!(
            json(&[Item { name: 'a' }, Item { name: 'b' }]),
            r#"[{"index":0,"name":"a"},{"index":1,"name":"b"}]"#
        );
        assert_eq!(json(&[]), "[]");
        assert!(serde_json::to_string(&numbered(&["a"])).is_err());
    }
}
