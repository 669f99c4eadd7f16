//! The endpoints that servers announced, over all sessions: a client that names one of them to another server
//! means a transfer between the two (FXP), whether or not it comes about.

use crate::base::KeyedSet;
use std::net::IpAddr;

use crate::base::{Endpoint, cost};
use crate::report::{Announcement, Party};

/// Client and endpoint, in two generations: when the young one has grown to half the room, the old one goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced {
    young: KeyedSet<(IpAddr, Endpoint, Party)>,
    old: KeyedSet<(IpAddr, Endpoint, Party)>,
}

const _: () = assert!(cost::in_hash_table(size_of::<(IpAddr, Endpoint, Party)>()) <= cost::ANNOUNCEMENT);

impl Announced {
    /// Adds what a server announced; gives how much of the past was forgotten for it.
    pub(super) fn add(&mut self, announcement: Announcement, room: usize) -> u64 {
        let mut forgotten = 0;
        if self.young.len() >= (room / 2).max(1) {
            forgotten = self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert((announcement.client, announcement.listener, announcement.by));
        forgotten
    }

    /// Whether a server announced this endpoint to this client, or the client named it to another server.
    pub(super) fn contains(&self, client: IpAddr, endpoint: Endpoint, by: Party) -> bool {
        let key = (client, endpoint, by);
        self.young.contains(&key) || self.old.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::session;

    #[test]
    fn the_latest_half_is_always_remembered() {
        let mut announced = Announced::default();
        let listener = |port: u16| Endpoint::new("203.0.113.21".parse().unwrap(), port);
        let client = "198.51.100.10".parse().unwrap();
        let mut forgotten = 0;
        for port in 50_000..50_100 {
            let told = session().pasv(&listener(port).to_string());
            forgotten += told.session.announcements().map(|it| announced.add(it, 10)).sum::<u64>();
            for recent in (50_000..=port).rev().take(5) {
                assert!(announced.contains(client, listener(recent), Party::Server));
            }
        }
        assert!(forgotten >= 90 && !announced.contains(client, listener(50_000), Party::Server));
    }
}
