//! Findings with their frames and advice.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::io;

use super::page::{Page, Style};
use super::quantity::Frames;
use crate::report::{Code, Finding, Severity};

/// Pieces of advice that are remembered.
const REMEMBERED: usize = 10_000;

/// The advice given so far: the same advice appears only once in a report.
#[derive(Debug, Default)]
pub(super) struct AdviceGiven(HashSet<Cow<'static, str>>);

impl AdviceGiven {
    /// Whether an advice has not been given yet.
    fn is_due(&mut self, advice: &str) -> bool {
        let is_new = !self.0.contains(advice);
        if is_new && self.0.len() < REMEMBERED {
            self.0.insert(advice.to_owned().into());
        }
        is_new
    }
}

/// Indentation of a finding's text, which leaves room for the severity.
pub(super) const INDENT: usize = 10;
/// Findings of one code that are written in full; any more are only counted.
const IN_FULL: usize = 5;
/// Findings, each cause with what follows from it.
pub(in crate::export) struct Causes<'f> {
    causes: Vec<(usize, &'f Finding)>,
    effects: Vec<Vec<&'f Finding>>,
}

impl<'f> Causes<'f> {
    pub(in crate::export) fn of(findings: &'f [Finding]) -> Self {
        let mut effects: Vec<Vec<&Finding>> = vec![Vec::new(); findings.len()];
        let mut causes: Vec<(usize, &Finding)> = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            match cause(finding, findings).and_then(|cause| effects.get_mut(cause)) {
                Some(effects) => effects.push(finding),
                None => causes.push((index, finding)),
            }
        }
        // What broke something stands before what is a habit.
        causes.sort_by_key(|(_, finding)| {
            (Reverse(finding.severity), !finding.is_trouble(), finding.code, finding.time)
        });
        for effects in &mut effects {
            effects.sort_by_key(|finding| Reverse(finding.severity));
        }
        Self { causes, effects }
    }

    /// Each cause with what follows from it.
    pub(in crate::export) fn each(&self) -> impl Iterator<Item = (&'f Finding, &[&'f Finding])> {
        self.causes
            .iter()
            .map(|&(index, finding)| (finding, self.effects.get(index).map_or(&[][..], Vec::as_slice)))
    }

    /// How many causes there are.
    pub(in crate::export) const fn count(&self) -> usize {
        self.causes.len()
    }

    /// Leaves out what is told elsewhere.
    pub(super) fn without(mut self, code: Code) -> Self {
        self.causes.retain(|(_, finding)| finding.code != code);
        self
    }

    /// Writes the one at this place in the list, told by another sentence, and takes it out.
    pub(super) fn write_first(
        &mut self,
        at: usize,
        sentence: &str,
        advised: &mut AdviceGiven,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let Some(place) = self.causes.iter().position(|&(index, _)| index == at) else { return Ok(()) };
        let (index, finding) = self.causes.remove(place);
        self.one(index, finding, (sentence, Style::Heading), advised, page)
    }

    /// Writes them, the most severe first, grouped by code; what follows from one stands below it.
    pub(super) fn write(&self, advised: &mut AdviceGiven, page: &mut Page<'_>) -> io::Result<()> {
        let alike = |(_, one): &(usize, &Finding), (_, next): &(usize, &Finding)| {
            (one.severity, one.code) == (next.severity, next.code)
        };
        for alike in self.causes.chunk_by(alike) {
            for &(index, finding) in alike.iter().take(IN_FULL) {
                self.one(index, finding, (&finding.summary, Style::Plain), advised, page)?;
            }
            if let (Some((_, one)), more @ 1..) = (alike.first(), alike.len().saturating_sub(IN_FULL)) {
                let more = page.styled(Style::Faint, format!("and {more} more {}", one.code));
                page.line(INDENT, &[more])?;
            }
        }
        Ok(())
    }

    fn one(
        &self,
        index: usize,
        finding: &Finding,
        sentence: (&str, Style),
        advised: &mut AdviceGiven,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        self::finding(finding, sentence, page)?;
        advice(finding.advice.as_ref(), advised, page)?;
        let effects = self.effects.get(index).map_or(&[][..], Vec::as_slice);
        for effect in effects.iter().take(IN_FULL) {
            consequence(effect, page)?;
        }
        if let (Some(_), more @ 1..) = (effects.first(), effects.len().saturating_sub(IN_FULL)) {
            page.line(INDENT, &[page.styled(Style::Faint, format!("and {more} more that follow from it"))])?;
        }
        Ok(())
    }
}

/// Writes findings, the most severe first, grouped by code; what follows from one stands below it.
pub(super) fn write(findings: &[Finding], advised: &mut AdviceGiven, page: &mut Page<'_>) -> io::Result<()> {
    Causes::of(findings).write(advised, page)
}

/// Writes an advice that has not been given yet.
pub(super) fn advice(
    advice: Option<&Cow<'static, str>>,
    advised: &mut AdviceGiven,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let Some(advice) = advice.filter(|advice| advised.is_due(advice)) else { return Ok(()) };
    let pieces = [page.styled(Style::Plain, "→"), page.styled(Style::Plain, advice)];
    page.paragraph(INDENT, INDENT + 2, &pieces)
}

/// The finding at the root of one that others explain.
fn cause(finding: &Finding, findings: &[Finding]) -> Option<usize> {
    let mut cause = finding.explained_by?.position();
    // A chain is no longer than the list, whoever wrote it.
    for _ in 0..findings.len() {
        match findings.get(cause)?.explained_by {
            Some(further) => cause = further.position(),
            None => return Some(cause),
        }
    }
    None
}

/// A finding that follows from the one above it.
fn consequence(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let pieces = [
        page.styled(Style::Faint, "↳"),
        page.styled(style_of(finding.weight()), format!("{}:", finding.code)),
        page.styled(Style::Plain, finding.summary.trim_end_matches('.')),
    ];
    page.paragraph(INDENT, INDENT + 2, &pieces)
}

fn finding(finding: &Finding, (sentence, emphasis): (&str, Style), page: &mut Page<'_>) -> io::Result<()> {
    let style = style_of(finding.severity);
    let mut pieces = vec![
        page.styled(style, format!("{:7}", finding.severity.name())),
        page.styled(style, format!("{}:", finding.code)),
        page.styled(emphasis, sentence.trim_end_matches('.')),
    ];
    if !finding.frames.is_empty() {
        pieces.push(page.styled(Style::Faint, format!("({})", Frames(&finding.frames))));
    }
    page.paragraph(2, INDENT, &pieces)
}

/// The style of a severity.
pub(super) const fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Info => Style::Info,
        Severity::Notice => Style::Notice,
        Severity::Warning => Style::Warning,
        Severity::Alert => Style::Alert,
    }
}
