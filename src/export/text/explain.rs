//! What a finding's code means, for people.

use std::io::{self, Write};

use super::page::{Look, Page, Style};
use super::session::style_of;
use crate::diagnose::{Explanation, explain};
use crate::report::Code;

/// Writes what one code means, how it is decided, and what to do.
pub fn write_explanation(code: Code, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let Explanation { code, severity, means, decided, advice } = explain(code);
    let mut page = Page::new(out, look);
    let heading = [
        page.piece(Style::Heading, code.name()),
        page.shown(style_of(severity), format_args!("({severity})")),
    ];
    page.paragraph(0, 0, &heading)?;
    for (question, answer) in [("means", means), ("decided", decided), ("to do", advice)] {
        let answer = [page.piece(Style::Faint, format!("{question:7}")), page.piece(Style::Plain, answer)];
        page.paragraph(2, 10, &answer)?;
    }
    Ok(())
}

/// Writes all codes, in the order of the contract, with what each means.
pub fn write_codes(look: Look, out: &mut dyn Write) -> io::Result<()> {
    let widest = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or(0);
    let mut page = Page::new(out, look);
    for &code in Code::ALL {
        let Explanation { severity, means, .. } = explain(code);
        let line = [
            page.piece(Style::Heading, format!("{:widest$}", code.name())),
            page.piece(style_of(severity), format!(" {:7}", severity.name())),
            page.piece(Style::Plain, format!(" {means}")),
        ];
        page.paragraph(0, widest + 12, &line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_explanation_answers_three_questions() {
        let look = Look { width: Some(60), ..Look::default() };
        for &code in Code::ALL {
            let text = text(|out| write_explanation(code, look, out));
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some(format!("{code} ({})", explain(code).severity).as_str()));
            let questions = lines.clone().filter(|line| !line.starts_with("          "));
            let labels: Vec<&str> = questions.filter_map(|line| line.get(2..9)).collect();
            assert_eq!(labels, ["means  ", "decided", "to do  "], "{text}");
            assert!(lines.all(|line| line.chars().count() <= 60), "{text}");
        }
    }

    #[test]
    fn the_list_names_every_code_once_a_line() {
        let text = text(|out| write_codes(Look::default(), out));
        let names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>());
    }
}
