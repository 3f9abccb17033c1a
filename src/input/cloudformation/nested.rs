//! Templates inside templates: what a stack set deploys stands in its `TemplateBody`.

use super::embedded::{self, Unread};
use super::intrinsics::{Call, Choices};
use super::places::Place;
use super::reader::Reader;
use super::sam;
use crate::diagnostic::Problem;
use crate::input::Found;
use crate::syntax::Document;
use crate::value::{Kind, Value};

/// How deep templates may stand in one another.
const MAX_NESTED: usize = 3;

/// Read a whole template, which stands in a document and has addresses that begin with `prefix`.
pub(super) fn whole<'s>(
    document: &'s Document<'s>,
    root: &'s Value<'s>,
    prefix: &str,
    depth: usize,
    found: &mut Found<'s>,
) {
    if let Some(merged) = sam::with_globals(root, document.text.len(), &mut found.limits) {
        let mut inner = Found::default();
        read(document, &merged, prefix, depth, &mut inner);
        found.adopt(inner);
    } else {
        read(document, root, prefix, depth, found);
    }
}

fn read<'s>(document: &'s Document<'s>, root: &'s Value<'s>, prefix: &str, depth: usize, found: &mut Found<'s>) {
    let mut reader = Reader::new(document, root, found);
    reader.depth = depth;
    reader.globals(root, prefix);
    if let Some(resources) = root.get("Resources") {
        reader.resources(&format!("{prefix}Resources"), resources);
    }
    reader.finish();
}

impl<'s> Reader<'_, 's> {
    /// The template that a stack set deploys.
    pub(super) fn template_body(&mut self, place: &Place<'_, 's>) {
        let address = &place.address;
        if self.depth >= MAX_NESTED {
            let message = format!("{address}: it stands in {MAX_NESTED} other templates, and only so many are read");
            let limit = Problem::new(place.node.span, message);
            self.found.limits.push(limit.with_help("check the inner template as a file of its own"));
            return;
        }
        let choices = Choices::new(place.branch.clone(), &place.scope);
        let root = match &place.node.kind {
            // An object in the place of the text is read as the text of it would be.
            Kind::Map(_) if Call::of(place.node).is_none() => Ok(None),
            _ => {
                let Some(value) = self.template.resolve(place.node, &choices) else { return };
                match (value.as_text(), value.kind) {
                    (Some(text), _) => embedded::template(&self.template, place.node, &text, &choices).map(Some),
                    (None, Kind::Unknown(hole)) => Err(Unread::Unknown(*hole)),
                    (None, _) => return,
                }
            }
        };
        match root {
            Ok(root) => {
                let root = root.as_ref().unwrap_or(place.node);
                let document = Document {
                    text: self.template.document.text,
                    syntax: self.template.document.syntax,
                    root: Value::default(),
                };
                let mut inner = Found::default();
                whole(&document, root, &format!("{address}."), self.depth + 1, &mut inner);
                self.found.adopt(inner);
            }
            Err(Unread::Wrong(problems)) => self.found.problems.extend(problems),
            Err(Unread::Unknown(hole)) => {
                let why = format!("{address}: `{}` is {}", hole.name, hole.why);
                self.found.unresolved.push((place.node.span, why));
            }
        }
    }
}
