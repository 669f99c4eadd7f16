//! What people read of lines from the wire.

use super::draft::beginning;
use crate::report::Reply;

/// Characters quoted of a reply: servers put the cause at the end.
const QUOTED: usize = 160;

/// `421 “Timeout.”`: the code and the words of a reply, its lines joined.
pub(super) fn quote(reply: &Reply) -> String {
    let text = joined(reply.text.raw());
    if text.is_empty() {
        reply.code.to_string()
    } else {
        format!("{} “{}”", reply.code, beginning(&text, QUOTED))
    }
}

/// The lines of a text in one, without empty ones.
fn joined(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(4).collect::<Vec<_>>().join(" ")
}

/// `LIST and RETR`, `a, b and c`, `a, b, c, d, e and 3 more`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    const NAMED: usize = 5;
    let named: Vec<&str> = items.iter().take(NAMED).map(AsRef::as_ref).collect();
    match (named.split_last(), items.len().saturating_sub(NAMED)) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => (*last).to_owned(),
        (Some((last, before)), 0) => format!("{} and {last}", before.join(", ")),
        (Some(_), more) => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::report::testing::reply;

    #[test]
    fn a_reply_is_quoted_in_one_line() {
        let quoted = |text| quote(&reply(Timestamp::default(), 1, 500, text));
        assert_eq!(quoted("Illegal PORT command."), "500 “Illegal PORT command.”");
        assert_eq!(quoted("OOPS: \ncannot change directory:/x"), "500 “OOPS: cannot change directory:/x”");
        assert_eq!(quoted(""), "500");
        assert_eq!(quoted("\n \n"), "500");
        assert!(quoted(&"x".repeat(200)).ends_with("x…”"));
    }

    #[test]
    fn lists_end_in_and_and_count_what_they_leave_out() {
        for (count, told) in
            [(0, ""), (1, "1"), (2, "1 and 2"), (3, "1, 2 and 3"), (7, "1, 2, 3, 4, 5 and 2 more")]
        {
            let items: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
            assert_eq!(list(&items), told);
        }
    }
}
