//! What holds for listings, whatever the bytes.
//!
//! The input begins with one byte that chooses the form; the rest is the text.

use ftpscope::base::Text;
use ftpscope::ftp::listing::{self, EntryTime, Form, Line, Moment};

/// Every line comes out once; what an entry tells stands in the text, and its time is one of the calendar.
pub(crate) fn hold(input: &[u8]) {
    let Some((&settings, bytes)) = input.split_first() else { return };
    let form = [Form::People, Form::Facts, Form::Names][usize::from(settings) % 3];
    let text = Text::from_wire(bytes);
    let text = text.raw();
    let lines: Vec<Line<'_>> = listing::read(text, form).collect();
    assert_eq!(lines.len(), text.split_terminator('\n').count());
    for line in lines {
        match line {
            Line::Entry(entry) => {
                assert!(!entry.name.is_empty() && !entry.name.contains('\n'));
                assert!(text.contains(entry.name));
                assert!(entry.target.is_none_or(|target| text.contains(target)));
                entry.time.into_iter().for_each(|time| is_of_calendar(time, text));
            }
            Line::Directory(name) => assert!(!name.is_empty() && text.contains(name)),
            Line::Continued | Line::Heading | Line::Unknown => {}
        }
    }
    assert!(listing::within_reply(text).len() <= text.len());
}

fn is_of_calendar(time: EntryTime<'_>, text: &str) {
    assert!(!time.told.is_empty() && text.contains(time.told));
    let Some(Moment { month, day, clock, .. }) = time.moment else { return };
    assert!((1..=12).contains(&month) && (1..=31).contains(&day));
    if let Some(clock) = clock {
        assert!(clock.hour < 24 && clock.minute < 60 && clock.second.is_none_or(|second| second <= 60));
    }
}
