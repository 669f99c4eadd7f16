//! Writes the packets of chosen sessions from the terminal interface.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::message_of;
use crate::base::{Endpoint, Limits, Printable};
use crate::capture::{self, PcapngWriter, Ring};
use crate::cli::options::Target;
use crate::cli::output::Output;
use crate::decode::{Decoded, Decoder, Frame};
use crate::report::FrameSpan;
use crate::tui::{SaveRequest, Saver};

/// Saves packets by reading the captures again. Addresses and frame numbers identify them, so that decoding is
/// enough: a `Pump` would analyze everything a second time.
pub(super) struct FileSaver {
    pub(super) files: Vec<PathBuf>,
    pub(super) limits: Limits,
}

impl Saver for FileSaver {
    fn save(&self, request: &SaveRequest) -> Result<String, String> {
        let mut frames = capture::open(&self.files, &self.limits).map_err(|error| error.to_string())?;
        frames.decode_ahead();
        let mut wanted = Wanted::new(request, &self.limits);
        let written = write(&request.path, &self.files, |writer| {
            let mut written = 0_u64;
            while let Some(frame) = frames.next() {
                if wanted.has(&frame) {
                    writer.packet(&frame, None)?;
                    written = written.saturating_add(1);
                }
            }
            Ok(written)
        })?;
        Ok(saved(written, &request.path))
    }
}

/// Saves packets from those kept in memory.
pub(super) struct RingSaver {
    pub(super) ring: Arc<Mutex<Ring>>,
    pub(super) limits: Limits,
}

impl Saver for RingSaver {
    fn save(&self, request: &SaveRequest) -> Result<String, String> {
        // Locked only briefly: packets keep coming.
        let chunks = self.ring.lock().unwrap_or_else(PoisonError::into_inner).chunks();
        let frames = || chunks.iter().flat_map(|chunk| chunk.frames());
        let oldest = frames().next().map(|frame| frame.packet.frame);
        let mut wanted = Wanted::new(request, &self.limits);
        let written = write(&request.path, &[], |writer| {
            let mut written = 0_u64;
            for frame in frames() {
                if wanted.has(&frame) {
                    writer.packet(&frame, None)?;
                    written = written.saturating_add(1);
                }
            }
            Ok(written)
        })?;
        let is_kept = |span: FrameSpan| oldest.is_some_and(|oldest| span.first >= oldest);
        let text = saved(written, &request.path);
        Ok(if request.flows.iter().all(|flow| is_kept(flow.frames)) {
            text
        } else {
            format!("{text}; earlier ones of these sessions are no longer kept (--keep-packets)")
        })
    }
}

/// Which packets to write.
struct Wanted {
    flows: HashMap<(Endpoint, Endpoint), Vec<FrameSpan>>,
    decoder: Decoder,
}

impl Wanted {
    fn new(request: &SaveRequest, limits: &Limits) -> Self {
        let mut flows: HashMap<_, Vec<FrameSpan>> = HashMap::new();
        for flow in &request.flows {
            flows.entry(pair(flow.a, flow.b)).or_default().push(flow.frames);
        }
        Self { flows, decoder: Decoder::new(limits) }
    }

    fn has(&mut self, frame: &Frame<'_>) -> bool {
        let number = frame.packet.frame;
        match self.decoder.decode(frame) {
            Decoded::Segment(segment) => self
                .flows
                .get(&pair(segment.source, segment.destination))
                .is_some_and(|spans| spans.iter().any(|span| (span.first..=span.last).contains(&number))),
            Decoded::SegmentError(_)
            | Decoded::NameQuery(_)
            | Decoded::Other
            | Decoded::Ignored(_)
            | Decoded::Fragment => false,
        }
    }
}

/// Two endpoints, in an order that does not depend on the direction.
fn pair(one: Endpoint, other: Endpoint) -> (Endpoint, Endpoint) {
    if one <= other { (one, other) } else { (other, one) }
}

/// Creates a file with what `each` writes; returns the number of packets.
fn write(
    path: &Path,
    read: &[PathBuf],
    each: impl FnOnce(&mut PcapngWriter<BufWriter<&mut dyn io::Write>>) -> io::Result<u64>,
) -> Result<u64, String> {
    let mut written = 0;
    let done = Output::open_distinct_from(&Target::File(path.to_owned()), read).and_then(|mut output| {
        output.write(|sink| {
            let mut writer = PcapngWriter::new(BufWriter::new(sink))?;
            written = each(&mut writer)?;
            writer.finish()?.flush()
        })?;
        output.finish()
    });
    done.map_err(message_of)?;
    Ok(written)
}

fn saved(packets: u64, path: &Path) -> String {
    format!("saved {packets} packets to {}", Printable(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::analyzer;
    use crate::tui::Flow;

    const FILE: &str = "samples/pasv-and-port.pcap";

    /// The last packets of the sample, of which so many bytes are kept.
    fn ring(room: usize) -> RingSaver {
        let limits = Limits::default();
        let mut ring = Ring::new(room);
        let mut frames = capture::open(&[FILE.into()], &limits).unwrap();
        while let Some(frame) = frames.next() {
            ring.push(&frame);
        }
        RingSaver { ring: Arc::new(Mutex::new(ring)), limits }
    }

    /// A request for the sample's first session.
    fn request(path: PathBuf) -> SaveRequest {
        let report = crate::analyze([FILE], &analyzer::Options::default()).unwrap();
        let session = &report.sessions[0];
        let mut flows = vec![Flow { a: session.client, b: session.server, frames: session.frames }];
        flows.extend(session.data_channels.iter().filter_map(|channel| channel.connection()).map(
            |connection| Flow {
                a: connection.originator,
                b: connection.responder,
                frames: connection.frames,
            },
        ));
        assert!(flows.len() > 1);
        SaveRequest { path, flows, sessions: vec![session.uid.clone()], replace: false }
    }

    #[test]
    fn packets_are_the_same_from_the_capture_and_from_the_last_ones_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one.pcapng"), folder.path().join("other.pcapng"));
        let from_file = FileSaver { files: vec![FILE.into()], limits: Limits::default() };
        // All frames up to the second session's first one are the first session's.
        let said = from_file.save(&request(one.clone())).unwrap();
        assert_eq!(said, format!("saved 53 packets to {}", one.display()));
        let said = ring(1 << 20).save(&request(other.clone())).unwrap();
        assert_eq!(said, format!("saved 53 packets to {}", other.display()));
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }

    #[test]
    fn where_the_first_packets_are_gone_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rest.pcapng");
        let said = ring(3000).save(&request(path)).unwrap();
        assert!(said.contains("earlier ones of these sessions are no longer kept"), "{said}");
    }
}
