//! All sessions of a report, to be read in order of first packets as often as needed.

use std::sync::mpsc::sync_channel;
use std::thread;

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::base::FrameNumber;
use crate::report::{Session, Uid};

/// Keeps all sessions.
#[derive(Debug)]
pub struct Archive {
    codec: Codec,
    index: Vec<Entry>,
    is_sorted: bool,
}

/// What is known of a session without reading it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub uid: Uid,
    /// Its first frame.
    pub first: FrameNumber,
    place: Place,
}

// This much memory for each session, however many there are.
const _: () = assert!(size_of::<Entry>() <= 300);

impl Archive {
    /// An archive without sessions.
    pub const fn new(scratch: Scratch) -> Self {
        Self { codec: Codec::new(Spool::new(scratch)), index: Vec::new(), is_sorted: true }
    }

    /// Adds a session.
    pub fn add(&mut self, session: &Session) -> Result<(), Error> {
        let place = self.codec.put(session)?;
        let first = session.frames.first;
        self.is_sorted &= self.index.last().is_none_or(|last| last.first <= first);
        self.index.push(Entry { uid: session.uid.clone(), first, place });
        Ok(())
    }

    /// What is known of all sessions, in order of first packets.
    pub fn index(&mut self) -> &[Entry] {
        if !std::mem::replace(&mut self.is_sorted, true) {
            self.index.sort_by_key(|entry| entry.first);
        }
        &self.index
    }

    /// Passes all sessions to `each`, in order of first packets; stops at its first error. Another thread reads
    /// them, if one can be started.
    pub fn each<E: From<Error>>(
        &mut self,
        mut each: impl FnMut(Box<Session>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.index();
        let Self { codec, index, .. } = self;
        let thread = thread::Builder::new().name("store".to_owned());
        match read_beside(thread, codec, index, &mut each) {
            Some(all) => all,
            None => index.iter().try_for_each(|entry| each(codec.get(entry.place)?)),
        }
    }
}

/// Sessions that are read at a time.
const AT_A_TIME: usize = 32;
/// Read-ahead, in such batches.
const AHEAD: usize = 4;

/// Passes all sessions to `each` while a thread reads ahead; none if no thread can be started.
fn read_beside<E: From<Error>>(
    thread: thread::Builder,
    codec: &mut Codec,
    index: &[Entry],
    each: &mut impl FnMut(Box<Session>) -> Result<(), E>,
) -> Option<Result<(), E>> {
    thread::scope(|scope| {
        let (read, arrivals) = sync_channel(AHEAD);
        let reader = thread.spawn_scoped(scope, move || {
            for entries in index.chunks(AT_A_TIME) {
                let sessions: Result<Vec<_>, Error> =
                    entries.iter().map(|entry| codec.get(entry.place)).collect();
                let is_last = sessions.is_err();
                if read.send(sessions).is_err() || is_last {
                    return;
                }
            }
        });
        reader.ok()?;
        for sessions in arrivals {
            let all =
                sessions.map_err(E::from).and_then(|sessions| sessions.into_iter().try_for_each(&mut *each));
            if all.is_err() {
                return Some(all);
            }
        }
        Some(Ok(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::report::testing::silent_session;

    #[test]
    fn where_no_thread_can_be_started_this_one_reads() {
        let mut archive = Archive::new(Scratch::open(None));
        for name in ["one", "two", "three"] {
            let start = Timestamp::from_nanos(0);
            archive.add(&silent_session(name, "192.0.2.1:50000", "192.0.2.2:21", start)).unwrap();
        }
        // A stack larger than any address space.
        let refused = thread::Builder::new().stack_size(usize::MAX / 8);
        let Archive { codec, index, .. } = &mut archive;
        let read = read_beside(refused, codec, index, &mut |_| Ok::<_, Error>(()));
        assert!(read.is_none());
        let mut names = Vec::new();
        let keep = |session: Box<Session>| {
            names.push(session.uid.to_string());
            Ok::<_, Error>(())
        };
        archive.each(keep).unwrap();
        assert_eq!(names, ["one", "two", "three"]);
    }

    #[test]
    fn whoever_has_had_enough_gets_no_more() {
        let mut archive = Archive::new(Scratch::open(None));
        for number in 0..1000 {
            let (name, start) = (number.to_string(), Timestamp::from_nanos(0));
            archive.add(&silent_session(&name, "192.0.2.1:50000", "192.0.2.2:21", start)).unwrap();
        }
        let mut left = 300;
        let failed = archive.each(|_| {
            left -= 1;
            if left == 0 {
                Err(Error::Read { folder: "here".into(), source: std::io::ErrorKind::Other.into() })
            } else {
                Ok(())
            }
        });
        assert!(failed.is_err());
        assert_eq!(left, 0);
    }
}
