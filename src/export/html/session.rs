//! One session on the page.

use std::io::{self, Write};

use super::super::markup::Markup;
use super::super::svg;
use super::super::text::{Causes, Count, Frames, end_of, facts_of, outcome_of};
use super::words::{Wire, class, sentence};
use crate::base::Bytes;
use crate::base::hex::Hex;
use crate::picture::words;
use crate::report::{Finding, Session, Status, Transfer};

/// Transfers and findings of a session that are listed; those beyond are counted.
const LISTED: usize = 500;

/// Writes a session under its number.
pub(super) fn write(session: &Session, number: u64, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<section class="session" id="n{number}">"#)?;
    heading(session, number, out)?;
    findings(&session.findings, out)?;
    writeln!(out, r#"<div class="figure">"#)?;
    svg::timeline(session).write(out)?;
    writeln!(out, "</div>")?;
    transfers(session, out)?;
    write!(out, "<details><summary>Every step</summary>\n<div class=\"figure\">")?;
    svg::ladder(session).write(out)?;
    writeln!(out, "</div></details>\n</section>")
}

fn heading(session: &Session, number: u64, out: &mut dyn Write) -> io::Result<()> {
    let user = session.user.as_ref().map(|user| format!(" {}", Wire(user.raw()))).unwrap_or_default();
    let (client, server) = (session.client, session.server);
    writeln!(out, "<h2>#{number} {client} → {server}{user}</h2>")?;
    if let Some(headline) = session.headline() {
        writeln!(out, r#"<p class="told">{}</p>"#, sentence(&headline))?;
    }
    let facts = facts_of(session).into_iter().map(|fact| Markup(&words::raw_wire(&fact)).to_string());
    let facts: Vec<String> = facts.collect();
    writeln!(
        out,
        r#"<p class="faint small">{} UTC · {} · frames {}–{} · {} · uid {}<br>{}</p>"#,
        words::date(session.start),
        session.end.elapsed_since(session.start),
        session.frames.first,
        session.frames.last,
        end_of(session),
        Markup(&session.uid.0),
        facts.join(" · ")
    )
}

/// The findings, causes first and the most severe of them on top; what follows from one stands below it.
pub(super) fn findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let causes = Causes::of(findings);
    if causes.count() == 0 {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    for (finding, effects) in causes.each().take(LISTED) {
        write!(
            out,
            r#"<li><span class="{0}">{0}</span> <code>{1}</code>: {2} <span class="faint small">{3}</span>"#,
            class(finding.severity),
            finding.code,
            sentence(&finding.summary),
            Frames(&finding.frames),
        )?;
        if let Some(advice) = &finding.advice {
            write!(out, r#"<br><span class="advice">→ {}</span>"#, sentence(advice))?;
        }
        for effect in effects.iter().take(LISTED) {
            let told = sentence(&effect.summary);
            write!(out, r#"<div class="follows">↳ <code>{}</code>: {told}</div>"#, effect.code)?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")?;
    more(causes.count(), "finding", out)
}

fn more(all: usize, noun: &str, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, r#"<p class="faint">{} more {noun}s</p>"#, Count(more as u64)),
    }
}

fn transfers(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    if session.transfers.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<table><thead><tr><th>frame</th><th></th><th>path</th><th class="num">bytes</th><th class="num">time</th><th class="num">rate</th><th>reply</th><th>SHA-256</th></tr></thead><tbody>"#
    )?;
    for transfer in session.transfers.iter().take(LISTED) {
        self::transfer(session, transfer, out)?;
    }
    writeln!(out, "</tbody></table>")?;
    more(session.transfers.len(), "transfer", out)
}

fn transfer(session: &Session, transfer: &Transfer, out: &mut dyn Write) -> io::Result<()> {
    let command = session.command(transfer.command);
    let frame = command.map(|command| command.frame.to_string()).unwrap_or_default();
    let verb = command.map(|command| command.verb.name()).unwrap_or_default();
    let path = session.name_of(transfer).map(|path| Wire(path.raw()).to_string()).unwrap_or_default();
    let bytes = transfer.bytes.map_or_else(|| "?".to_owned(), |bytes| Count(bytes).to_string());
    let duration = transfer.duration();
    let took = duration.map(|duration| duration.to_string()).unwrap_or_default();
    let rate = duration.zip(transfer.bytes).and_then(|(took, bytes)| Bytes(bytes).per_second(took));
    let rate = rate.map(|rate| format!("{rate}/s")).unwrap_or_default();
    let style = match transfer.status {
        Status::Complete => "good",
        Status::Aborted | Status::Failed | Status::Unfinished => "bad",
    };
    let hash = transfer.sha256.as_ref().map(|hash| Hex(hash).to_string()).unwrap_or_default();
    writeln!(
        out,
        r#"<tr><td class="tight">{frame}</td><td class="tight"><code>{}</code></td><td class="path">{path}</td><td class="num">{bytes}</td><td class="num">{took}</td><td class="num">{rate}</td><td class="{style}">{}</td><td class="hash"><code>{hash}</code></td></tr>"#,
        Markup(verb),
        outcome_of(transfer, command, &|text| Wire(text).to_string()),
    )
}
