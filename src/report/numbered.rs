//! Structs serialized with additional members in front of their own, such as their index in a list.

use serde::ser::{Impossible, SerializeSeq as _, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::base::{refuse_other_values, refuse_values};

/// A sequence whose items are made one by one from their index; it ends at the first `None`.
pub(super) struct SequenceOf<F>(pub(super) F);

impl<T: Serialize, F: Fn(usize) -> Option<T>> Serialize for SequenceOf<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        for item in (0..).map_while(&self.0) {
            sequence.serialize_element(&item)?;
        }
        sequence.end()
    }
}

/// The items, each with its position as `"index"`. Reading back ignores the index: the order implies it.
pub(super) fn numbered<'a, T: Serialize>(
    items: &'a [T],
) -> SequenceOf<impl Fn(usize) -> Option<Prefixed<'a, Index, T>>> {
    SequenceOf(move |index| Some(Prefixed { prefix: Index(index), item: items.get(index)? }))
}

/// The additional members.
pub(super) trait Prefix {
    const COUNT: usize;

    fn serialize_members<M: SerializeStruct>(&self, members: &mut M) -> Result<(), M::Error>;
}

pub(super) struct Index(usize);

impl Prefix for Index {
    const COUNT: usize = 1;

    fn serialize_members<M: SerializeStruct>(&self, members: &mut M) -> Result<(), M::Error> {
        members.serialize_field("index", &self.0)
    }
}

/// A struct behind its additional members. `#[serde(flatten)]` does the same through a map and takes twice
/// the time.
pub(super) struct Prefixed<'a, P, T> {
    pub(super) prefix: P,
    pub(super) item: &'a T,
}

impl<P: Prefix, T: Serialize> Serialize for Prefixed<'_, P, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.item.serialize(PrefixSerializer { prefix: &self.prefix, serializer })
    }
}

/// Passes a struct on with its additional members, and refuses everything that is not a struct.
struct PrefixSerializer<'a, P, S> {
    prefix: &'a P,
    serializer: S,
}

impl<P: Prefix, S: Serializer> Serializer for PrefixSerializer<'_, P, S> {
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
        let mut members = self.serializer.serialize_struct(name, length.saturating_add(P::COUNT))?;
        self.prefix.serialize_members(&mut members)?;
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
