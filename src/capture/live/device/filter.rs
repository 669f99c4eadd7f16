//! The kernel's filter of an open interface, changed while packets are read.
//!
//! libpcap itself would block all packets for some microseconds, to drain a queue that its ring buffer does not
//! have. Here the new program replaces the old one in one step.

use std::os::fd::AsFd as _;

use ::pcap::{Active, Capture};

use super::{Error, words};

#[cfg(target_os = "linux")]
pub(in super::super) use linux::Filter;
#[cfg(not(target_os = "linux"))]
pub(in super::super) use other::Filter;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use ::pcap::{Dead, Linktype};
    use socket2::{SockFilter, SockRef};

    use super::*;

    /// The most instructions that the kernel accepts (BPF_MAXINSNS).
    const MOST: usize = 4096;

    /// A handle to the kernel's filter.
    pub(in super::super::super) struct Filter {
        name: String,
        socket: OwnedFd,
        compiler: Capture<Dead>,
        link: Linktype,
        wanted: Option<String>,
    }

    impl Filter {
        pub(in super::super) fn of(
            name: &str,
            capture: &Capture<Active>,
            wanted: Option<String>,
        ) -> Result<Self, Error> {
            let failed = |why| Error::Open { name: name.to_owned(), why };
            let link = capture.get_datalink();
            Ok(Self {
                name: name.to_owned(),
                socket: capture.as_fd().try_clone_to_owned().map_err(|error| failed(error.to_string()))?,
                compiler: Capture::dead(link).map_err(|error| failed(words(error)))?,
                link,
                wanted,
            })
        }

        pub(in super::super::super) fn set(&mut self, expression: &str) -> Result<(), Error> {
            let whole = match &self.wanted {
                Some(wanted) => format!("({wanted}) and ({expression})"),
                None => expression.to_owned(),
            };
            let failed = |why| Error::Filter { filter: expression.to_owned(), why };
            let program = self.compiler.compile(&whole, true).map_err(|error| failed(words(error)))?;
            let program: Vec<SockFilter> = program
                .get_instructions()
                .iter()
                .map(|instruction| {
                    Some(Instruction::read(&instruction.to_string())?.for_kernel(self.link)?.build())
                })
                .collect::<Option<_>>()
                .ok_or_else(|| failed("it can't be handed to the kernel".to_owned()))?;
            if program.len() > MOST {
                return Err(failed(format!(
                    "it has {} instructions, and the kernel takes {MOST}",
                    program.len()
                )));
            }
            SockRef::from(&self.socket)
                .attach_filter(&program)
                .map_err(|error| Error::Open { name: self.name.clone(), why: error.to_string() })
        }
    }

    /// One instruction of the packet filter machine.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Instruction {
        code: u16,
        jump_true: u8,
        jump_false: u8,
        operand: u32,
    }

    impl Instruction {
        /// Reads what the crate prints: its only access to an instruction.
        fn read(text: &str) -> Option<Self> {
            let mut numbers = text.split(' ');
            let instruction = Self {
                code: numbers.next()?.parse().ok()?,
                jump_true: numbers.next()?.parse().ok()?,
                jump_false: numbers.next()?.parse().ok()?,
                operand: numbers.next()?.parse().ok()?,
            };
            numbers.next().is_none().then_some(instruction)
        }

        /// The instruction as the kernel needs it: without the cooked header, which the kernel does not see, and
        /// returning the snap length instead of the packet's length.
        fn for_kernel(mut self, link: Linktype) -> Option<Self> {
            const CLASS: u16 = 0x07;
            const LOAD: u16 = 0x00;
            const LOAD_INDEX: u16 = 0x01;
            const RETURN: u16 = 0x06;
            const MODE: u16 = 0xe0;
            const ABSOLUTE: u16 = 0x20;
            const INDIRECT: u16 = 0x40;
            const SHIFT: u16 = 0xa0;
            const SOURCE: u16 = 0x18;
            match (self.code & CLASS, self.code & MODE) {
                (RETURN, _) if self.code & SOURCE == 0 && self.operand != 0 => {
                    self.operand = super::super::MAX_SNAP_LENGTH;
                }
                (LOAD, ABSOLUTE | INDIRECT) | (LOAD_INDEX, SHIFT) => {
                    self.operand = offset_for_kernel(self.operand, link)?;
                }
                _ => {}
            }
            Some(self)
        }

        const fn build(self) -> SockFilter {
            SockFilter::new(self.code, self.jump_true, self.jump_false, self.operand)
        }
    }

    /// Where the kernel finds what is at `offset` of a packet of this link type (linux/filter.h).
    fn offset_for_kernel(offset: u32, link: Linktype) -> Option<u32> {
        const NETWORK: u32 = 0xfff0_0000;
        const PROTOCOL: u32 = 0xffff_f000;
        const PACKET_TYPE: u32 = 0xffff_f004;
        const INTERFACE: u32 = 0xffff_f008;
        let (header, fields): (u32, &[(u32, u32)]) = match link {
            Linktype::LINUX_SLL => (16, &[(0, PACKET_TYPE), (14, PROTOCOL)]),
            Linktype::LINUX_SLL2 => (20, &[(0, PROTOCOL), (4, INTERFACE), (10, PACKET_TYPE)]),
            _ => return Some(offset),
        };
        match offset.checked_sub(header) {
            Some(rest) => NETWORK.checked_add(rest),
            None => fields.iter().find(|(at, _)| *at == offset).map(|&(_, place)| place),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn instructions_are_read_as_they_are_printed() {
            let read = Instruction { code: 40, jump_true: 0, jump_false: 0, operand: 12 };
            assert_eq!(Instruction::read("40 0 0 12"), Some(read));
            for wrong in ["", "40 0 0", "40 0 0 12 1", "40 0 0 -1", "40 256 0 1", "a b c d"] {
                assert_eq!(Instruction::read(wrong), None, "{wrong}");
            }
        }

        #[test]
        fn the_kernel_finds_cooked_packets_from_their_network_header_on() {
            for (link, offset, place) in [
                (Linktype::ETHERNET, 12, Some(12)),
                (Linktype::LINUX_SLL, 14, Some(0xffff_f000)),
                (Linktype::LINUX_SLL, 16, Some(0xfff0_0000)),
                (Linktype::LINUX_SLL, 25, Some(0xfff0_0009)),
                (Linktype::LINUX_SLL, 6, None),
                (Linktype::LINUX_SLL2, 0, Some(0xffff_f000)),
                (Linktype::LINUX_SLL2, 29, Some(0xfff0_0009)),
            ] {
                assert_eq!(offset_for_kernel(offset, link), place, "{offset} of {link:?}");
            }
        }

        #[test]
        fn what_is_returned_says_pass_whole_or_drop() {
            let returns = |operand| Instruction { code: 6, jump_true: 0, jump_false: 0, operand };
            let for_kernel = |operand| returns(operand).for_kernel(Linktype::ETHERNET);
            assert_eq!(for_kernel(65_535), Some(returns(262_144)));
            assert_eq!(for_kernel(0), Some(returns(0)));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::*;

    /// The kernel's filter can't be changed without losing packets here, so it isn't.
    pub(in super::super::super) enum Filter {}

    impl Filter {
        pub(in super::super) fn of(
            name: &str,
            _capture: &Capture<Active>,
            _wanted: Option<String>,
        ) -> Result<Self, Error> {
            Err(Error::Open {
                name: name.to_owned(),
                why: "the kernel's filter can be changed on Linux only".to_owned(),
            })
        }

        pub(in super::super::super) fn set(&mut self, _expression: &str) -> Result<(), Error> {
            match *self {}
        }
    }
}
