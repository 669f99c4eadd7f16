//! Indices: a type for each kind of list, so that none is used with another list.

/// Makes index types. An index counts from 0, and is a plain number for `Display` and serde.
macro_rules! indices {
    ($($(#[$meta:meta])* $vis:vis struct $index:ident;)+) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(transparent)]
        #[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
        $vis struct $index(pub u32);

        impl $index {
            /// The index of this position; none from 2³² on.
            $vis fn from_position(position: usize) -> Option<Self> {
                u32::try_from(position).ok().map(Self)
            }

            /// The position in a list.
            $vis fn position(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }

            /// The item at this index.
            $vis fn of<T>(self, items: &[T]) -> Option<&T> {
                items.get(self.position())
            }

            /// The item at this index, mutable.
            $vis fn of_mut<T>(self, items: &mut [T]) -> Option<&mut T> {
                items.get_mut(self.position())
            }

            /// All items with their indices.
            $vis fn number<I: IntoIterator>(items: I) -> impl Iterator<Item = (Self, I::Item)> {
                (0..).map(Self).zip(items)
            }
        }

        impl From<$index> for u64 {
            fn from(index: $index) -> Self {
                index.0.into()
            }
        }

        impl ::std::fmt::Display for $index {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

pub(crate) use indices;

#[cfg(test)]
mod tests {
    indices! {
        /// For the tests.
        struct LetterIndex;
    }

    #[test]
    fn an_index_finds_the_item_that_it_numbers_and_none_beyond() {
        let mut letters = ['a', 'b', 'c'];
        for (index, letter) in LetterIndex::number(letters) {
            assert_eq!(index.of(&letters), Some(&letter));
            assert_eq!(LetterIndex::from_position(index.position()), Some(index));
        }
        assert_eq!(LetterIndex(3).of(&letters), None);
        *LetterIndex(1).of_mut(&mut letters).unwrap() = 'x';
        assert_eq!(letters, ['a', 'x', 'c']);
    }

    #[test]
    fn people_and_programs_read_the_plain_number() {
        assert_eq!(format!("{:>3}", LetterIndex(7)), "  7");
        assert_eq!(serde_json::to_string(&LetterIndex(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<LetterIndex>("7").unwrap(), LetterIndex(7));
    }
}
