//! Writing a baseline file: the same bytes for the same entries.

use super::{Entry, VERSION};
use crate::diagnostic::Form;
use std::fmt::Write as _;

/// The file with these entries.
pub fn write(entries: &[Entry]) -> String {
    let mut out = format!(
        "# Findings that were accepted, each with the access that was accepted with it. `iamlint baseline --help` tells how\n\
         # to change this file; in a review, read it as a list of what nobody is told any more.\n\
         version = {VERSION}\n"
    );
    for entry in entries {
        // A string takes everything.
        let _ = write_entry(entry, &mut out);
    }
    out
}

fn write_entry(entry: &Entry, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n[[accepted]]")?;
    writeln!(out, "rule = {}", quoted(&entry.rule))?;
    writeln!(out, "path = {}", quoted(&entry.path))?;
    if let Some(folder) = &entry.folder {
        writeln!(out, "folder = {}", quoted(folder))?;
    }
    if !entry.resource.is_empty() {
        writeln!(out, "resource = {}", quoted(&entry.resource))?;
    }
    if let Some(sid) = &entry.sid {
        writeln!(out, "sid = {}", quoted(sid))?;
    }
    writeln!(out, "subject = {}", quoted(&entry.subject))?;
    writeln!(out, "message = {}", quoted(&entry.message))?;
    writeln!(out, "accepted = {}", entry.accepted)?;
    if let Some(reason) = &entry.reason {
        writeln!(out, "reason = {}", quoted(reason))?;
    }
    writeln!(out, "fingerprint = \"{}\"", entry.fingerprint)?;
    if let Some(kind) = entry.kind {
        writeln!(out, "kind = \"{}\"", kind.name())?;
    }
    if let Some(session) = &entry.session {
        writeln!(out, "session = {}", quoted(session))?;
    }
    match entry.forms.as_slice() {
        [Form { when, text, .. }] if when.is_empty() => writeln!(out, "access = '''\n{text}'''"),
        forms => {
            for form in forms {
                let way = |way: &Vec<(String, bool)>| {
                    let choices = way.iter().map(|(name, holds)| format!("{} = {holds}", quoted(name)));
                    format!("{{ {} }}", choices.collect::<Vec<_>>().join(", "))
                };
                let ways = form.when.iter().map(way).collect::<Vec<_>>().join(", ");
                writeln!(out, "\n[[accepted.form]]\nwhen = [{ways}]\naccess = '''\n{}'''", form.text)?;
            }
            Ok(())
        }
    }
}

/// A text as a TOML string of characters that everybody sees as they are.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            '\0'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}
