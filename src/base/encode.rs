//! Encodings of field types for which borsh has none.

use std::io::{self, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};
use smallvec::{Array, SmallVec};

/// Writes a short list like any list.
pub(crate) fn list<A: Array<Item: BorshSerialize>>(
    list: &SmallVec<A>,
    out: &mut impl Write,
) -> io::Result<()> {
    list.as_slice().serialize(out)
}

/// Reads what [`list()`] wrote.
pub(crate) fn read_list<A: Array<Item: BorshDeserialize>>(from: &mut impl Read) -> io::Result<SmallVec<A>> {
    let count = u32::deserialize_reader(from)?;
    (0..count).map(|_| A::Item::deserialize_reader(from)).collect()
}

/// Writes a short list that is seldom there.
#[expect(clippy::ref_option, reason = "the derive passes each field by reference")]
pub(crate) fn rare_list<A: Array<Item: BorshSerialize>>(
    rare: &Option<Box<SmallVec<A>>>,
    out: &mut impl Write,
) -> io::Result<()> {
    rare.is_some().serialize(out)?;
    rare.as_deref().map_or(Ok(()), |there| list(there, out))
}

/// Reads what [`rare_list`] wrote.
pub(crate) fn read_rare_list<A: Array<Item: BorshDeserialize>>(
    from: &mut impl Read,
) -> io::Result<Option<Box<SmallVec<A>>>> {
    bool::deserialize_reader(from)?.then(|| read_list(from).map(Box::new)).transpose()
}

/// Writes a character as its number.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the derive passes each field by reference")]
pub(crate) fn letter(letter: &char, out: &mut impl Write) -> io::Result<()> {
    u32::from(*letter).serialize(out)
}

/// Reads what [`letter`] wrote.
pub(crate) fn read_letter(from: &mut impl Read) -> io::Result<char> {
    char::from_u32(u32::deserialize_reader(from)?).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Lets the key of a slot map be written and read as its number.
macro_rules! key {
    ($key:ty) => {
        impl borsh::BorshSerialize for $key {
            fn serialize<W: std::io::Write>(&self, out: &mut W) -> std::io::Result<()> {
                slotmap::Key::data(self).as_ffi().serialize(out)
            }
        }

        impl borsh::BorshDeserialize for $key {
            fn deserialize_reader<R: std::io::Read>(from: &mut R) -> std::io::Result<Self> {
                u64::deserialize_reader(from).map(|number| slotmap::KeyData::from_ffi(number).into())
            }
        }
    };
}

pub(crate) use key;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        for items in [vec![], vec![7_u64], vec![1, 2, 3]] {
            let items: SmallVec<[u64; 2]> = items.into();
            let mut bytes = Vec::new();
            list(&items, &mut bytes).unwrap();
            assert_eq!(read_list::<[u64; 2]>(&mut bytes.as_slice()).unwrap(), items);
            bytes.pop();
            assert!(read_list::<[u64; 2]>(&mut bytes.as_slice()).is_err());
        }
        for character in ['F', 'é', '\u{10ffff}'] {
            let mut bytes = Vec::new();
            letter(&character, &mut bytes).unwrap();
            assert_eq!(read_letter(&mut bytes.as_slice()).unwrap(), character);
        }
        assert!(read_letter(&mut [0xff_u8; 4].as_slice()).is_err());
    }
}
