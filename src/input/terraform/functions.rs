//! Terraform's functions, as far as policies are made with them. What is not here has a result that is not known.

use super::collection;
use super::eval::{Evaluator, FAILED, MAX_ITEMS, MAX_SIZE, REST, Scope};
use super::marked;
use super::val::{Entry, Piece, Val, ValKind, quoted};
use crate::span::Span;
use crate::syntax::hcl;
use crate::value::{Domain, Kind, Value};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

/// What is known of the result of a function whose value is not.
pub(super) fn result(name: &str) -> Domain {
    const TEXTS: [&str; 16] = [
        "abspath",
        "base64encode",
        "format",
        "join",
        "jsonencode",
        "lower",
        "md5",
        "replace",
        "sha1",
        "sha256",
        "substr",
        "templatefile",
        "title",
        "tostring",
        "trimspace",
        "upper",
    ];
    if TEXTS.contains(&name) { Domain::Text } else { Domain::Any }
}

/// The result of a call; `None` where it is not known.
pub(super) fn call(
    evaluator: &Evaluator<'_>,
    name: &str,
    arguments: &[Val],
    span: Span,
    scope: &Rc<Scope>,
) -> Option<Val> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let text = |at: usize| arguments.get(at).and_then(Val::known);
    let list = |at: usize| arguments.get(at).and_then(known_list);
    let make_text = |text: &str| Val::text(text, span);
    let make_bool = |value: bool| Val::new(ValKind::Bool(value), span);
    match (name, arguments) {
        // Documents and files.
        ("jsonencode", [value]) => Some(Val::new(ValKind::Json(Rc::new(value.clone())), span)),
        ("jsondecode", [value]) => decode(evaluator, value),
        ("file", [_]) => file(evaluator, &text(0)?, span, scope),
        ("templatefile", [_, variables]) => template_file(evaluator, &text(0)?, variables, span, scope),
        ("fileexists", [_]) => {
            let path = evaluator.loader.text(&resolve(&text(0)?, scope));
            Some(make_bool(path.is_ok()))
        }
        ("abspath" | "pathexpand", [path]) => Some(path.clone()),
        ("basename", [_]) => text(0).map(|path| make_text(path.rsplit('/').next().unwrap_or_default())),
        ("dirname", [_]) => text(0).map(|path| make_text(path.rsplit_once('/').map_or(".", |(folder, _)| folder))),
        // What changes the type and not the value.
        (
            "tostring" | "sensitive" | "nonsensitive" | "ephemeralasnull" | "tolist" | "tomap" | "toset" | "tobool"
            | "tonumber" | "distinct",
            [value],
        ) => convert(name, value),
        // Strings. A hole in one stays a hole in the result where the function leaves its surroundings alone.
        ("format", [_, ..]) => format(&text(0)?, &arguments[1..], span),
        ("formatlist", [_, values]) => {
            let values = known_list(values)?;
            let pattern = text(0)?;
            let items: Option<Vec<Val>> =
                values.iter().map(|value| format(&pattern, std::slice::from_ref(value), value.span)).collect();
            Some(Val::list(items?, span))
        }
        ("join", [_, _]) => join(evaluator, &text(0)?, list(1)?, span),
        ("split", [_, value]) => split(&text(0)?, value, span),
        ("replace", [value, _, _]) => replace(value, &text(1)?, &text(2)?, span),
        ("lower", [_]) => text(0).map(|text| make_text(&text.to_lowercase())),
        ("upper", [_]) => text(0).map(|text| make_text(&text.to_uppercase())),
        ("trimspace" | "chomp", [value]) => match text(0) {
            Some(text) => Some(literal_part(value, text.trim(), span)),
            // White space around a document decides nothing.
            None => matches!(value.kind, ValKind::Text(_)).then(|| value.clone()),
        },
        ("trim", [_, _]) => {
            let set = text(1)?;
            text(0).map(|text| make_text(text.trim_matches(|c| set.contains(c))))
        }
        ("trimprefix", [value, _]) => trim_prefix(value, &text(1)?, span),
        ("trimsuffix", [_, _]) => {
            let (text, end) = (text(0)?, text(1)?);
            Some(make_text(text.strip_suffix(&*end).unwrap_or(&text)))
        }
        ("startswith", [_, _]) => Some(make_bool(text(0)?.starts_with(&*text(1)?))),
        ("endswith", [_, _]) => Some(make_bool(text(0)?.ends_with(&*text(1)?))),
        ("strcontains", [_, _]) => Some(make_bool(text(0)?.contains(&*text(1)?))),
        ("substr", [_, _, _]) => {
            let (text, from, length) = (text(0)?, text(1)?.parse::<usize>().ok()?, text(2)?.parse::<i64>().ok()?);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            Some(make_text(&text.chars().skip(from).take(length).collect::<String>()))
        }
        ("title", [_]) => None,
        // Collections.
        ("concat", [_, ..]) => Some(concat(evaluator, arguments, span)),
        ("flatten", [value]) => {
            let mut items = Vec::new();
            if !flatten(value, 0, &mut items) {
                items.push(left_out(evaluator, span));
            }
            Some(Val::list(items, span))
        }
        ("compact", [_]) => {
            let keeps = |item: &&Val| !item.is_null() && item.known().is_none_or(|text| !text.is_empty());
            Some(Val::list(list(0)?.iter().filter(keeps).cloned().collect(), span))
        }
        ("merge", [_, ..]) => merge(evaluator, arguments, span),
        ("keys", [value]) => {
            let keys = value.as_map()?.iter().map(|entry| Val::text(&entry.key, entry.key_span));
            Some(Val::list(keys.collect(), span))
        }
        ("values", [value]) => Some(Val::list(value.as_map()?.iter().map(|entry| entry.value.clone()).collect(), span)),
        ("lookup", [map, _, rest @ ..]) => {
            let key = text(1)?;
            let found = map.as_map()?.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone());
            found.or_else(|| rest.first().cloned())
        }
        ("element", [_, _]) => {
            let (items, at) = (list(0)?, text(1)?.parse::<usize>().ok()?);
            items.get(at.checked_rem(items.len())?).cloned()
        }
        ("length", [value]) => length(value, span),
        ("contains", [_, wanted]) => {
            let equal: Vec<Option<bool>> = list(0)?.iter().map(|item| item.equals(wanted)).collect();
            match (equal.contains(&Some(true)), equal.contains(&None)) {
                (true, _) => Some(make_bool(true)),
                (false, false) => Some(make_bool(false)),
                (false, true) => None,
            }
        }
        ("coalesce" | "coalescelist", [_, ..]) => coalesce(arguments),
        ("one", [value]) => match value.as_list()? {
            [] => Some(Val::null(span)),
            [only] => Some(only.clone()),
            _ => None,
        },
        ("setunion", [_, ..]) => convert("distinct", &concat(evaluator, arguments, span)),
        ("setsubtract", [_, _]) => {
            let out = list(1)?;
            let items = list(0)?.iter().filter(|item| !out.iter().any(|other| item.equals(other) == Some(true)));
            Some(Val::list(items.cloned().collect(), span))
        }
        ("setintersection", [_, _]) => {
            let other = list(1)?;
            let items = list(0)?.iter().filter(|item| other.iter().any(|other| item.equals(other) == Some(true)));
            Some(Val::list(items.cloned().collect(), span))
        }
        ("setproduct", [_, _]) => {
            let (left, right) = (list(0)?, list(1)?);
            if left.len().saturating_mul(right.len()) > MAX_ITEMS {
                evaluator.too_many(span);
                return None;
            }
            let pairs = left
                .iter()
                .flat_map(|left| right.iter().map(move |right| Val::list(vec![left.clone(), right.clone()], span)));
            Some(Val::list(pairs.collect(), span))
        }
        ("sort", [_]) => {
            let mut items = list(0)?.to_vec();
            if items.iter().any(|item| item.known().is_none()) {
                return Some(Val::list(items, span));
            }
            items.sort_by_key(Val::known);
            Some(Val::list(items, span))
        }
        ("reverse", [_]) => Some(Val::list(list(0)?.iter().rev().cloned().collect(), span)),
        ("slice", [_, _, _]) => {
            let items = list(0)?;
            let (from, to) = (text(1)?.parse::<usize>().ok()?, text(2)?.parse::<usize>().ok()?);
            Some(Val::list(items.get(from..to)?.to_vec(), span))
        }
        ("range", [_]) => {
            let count = text(0)?.parse::<usize>().ok()?;
            if count > MAX_ITEMS {
                evaluator.too_many(span);
                return None;
            }
            let number = |at: usize| Val::new(ValKind::Number(at.to_string().into()), span);
            Some(Val::list((0..count).map(number).collect(), span))
        }
        ("zipmap", [_, _]) => {
            let (keys, values) = (list(0)?, list(1)?);
            let entry = |(key, value): (&Val, &Val)| {
                Some(Entry { key: key.known()?, key_span: key.span, value: value.clone() })
            };
            let entries: Option<Vec<Entry>> = keys.iter().zip(values).map(entry).collect();
            Some(Val::map(entries?, span))
        }
        ("alltrue" | "anytrue", [_]) => {
            let values: Option<Vec<bool>> = list(0)?.iter().map(Val::as_bool).collect();
            let values = values?;
            let any = name == "anytrue";
            Some(make_bool(if any { values.contains(&true) } else { !values.contains(&false) }))
        }
        _ => None,
    }
}

/// The elements of a list of which none stands for any number of others.
fn known_list(value: &Val) -> Option<&[Val]> {
    let items = value.as_list()?;
    let open = items.iter().any(|item| item.as_hole().is_some_and(|hole| hole.why == REST));
    (!open).then_some(items)
}

/// The value of a JSON string.
pub(super) fn decode(evaluator: &Evaluator<'_>, value: &Val) -> Option<Val> {
    match &value.kind {
        ValKind::Json(inner) => Some((**inner).clone()),
        ValKind::Text(pieces) => match marked::open(pieces, value.span) {
            Ok(tree) => Some(from_tree(&tree)),
            Err(marked::Unread::Wrong(problems)) => {
                for problem in problems {
                    evaluator.problem(problem.span, problem.message);
                }
                None
            }
            Err(marked::Unread::Unknown(_)) => None,
        },
        _ => None,
    }
}

/// A parsed tree as a value.
pub(super) fn from_tree(tree: &Value<'_>) -> Val {
    let span = tree.span;
    match &tree.kind {
        Kind::Null => Val::null(span),
        Kind::Bool(value) => Val::new(ValKind::Bool(*value), span),
        Kind::Number(text) => Val::new(ValKind::Number(text.as_ref().into()), span),
        Kind::String(text) => Val::text(text, span),
        Kind::Template(text) => {
            let pieces = text.parts().map(|part| match part {
                crate::value::PartRef::Literal(text) => Piece::Literal { text: text.into(), map: None },
                crate::value::PartRef::Hole(hole) => Piece::Hole { hole: Rc::new(hole.clone()), span },
            });
            Val::pieces(pieces.collect(), span)
        }
        Kind::List(items) => Val::list(items.iter().map(from_tree).collect(), span),
        Kind::Map(members) => {
            let entry = |member: &crate::value::Member<'_>| Entry {
                key: member.key.as_ref().into(),
                key_span: member.key_span,
                value: from_tree(&member.value),
            };
            Val::map(members.iter().map(entry).collect(), span)
        }
        Kind::Tagged(tagged) => from_tree(&tagged.value),
        Kind::Unknown(hole) => Val::new(ValKind::Unknown(Rc::new((**hole).clone())), span),
    }
}

/// A path in a configuration; relative ones start where Terraform runs, most often the root's folder.
fn resolve(path: &str, scope: &Rc<Scope>) -> std::path::PathBuf {
    let path = Path::new(path);
    let folder = &scope.module.folder;
    // `path.module` is already in the path.
    if path.is_absolute() || path.starts_with(folder) { path.to_owned() } else { folder.join(path) }
}

fn file(evaluator: &Evaluator<'_>, path: &str, span: Span, scope: &Rc<Scope>) -> Option<Val> {
    match evaluator.loader.text(&resolve(path, scope)) {
        Ok((base, source)) => {
            let map = Some(Rc::new(crate::source::OffsetMap::shifted(base as usize)));
            let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
            let map = if text.len() == source.text.len() {
                map
            } else {
                Some(Rc::new(crate::source::OffsetMap::shifted(base as usize + '\u{feff}'.len_utf8())))
            };
            let piece = Piece::Literal { text: text.into(), map };
            Some(Val::new(ValKind::Text(Rc::new([piece])), span))
        }
        Err(_) => {
            Some(Val::unknown(format!("file({})", quoted(path)), "a file that cannot be read", Domain::Text, span))
        }
    }
}

fn template_file(evaluator: &Evaluator<'_>, path: &str, variables: &Val, span: Span, scope: &Rc<Scope>) -> Option<Val> {
    let resolved = resolve(path, scope);
    let name = format!("templatefile({}, …)", quoted(path));
    let Ok((base, source)) = evaluator.loader.text(&resolved) else {
        return Some(Val::unknown(name, "a file that cannot be read", Domain::Text, span));
    };
    let template = match hcl::template(&source.text, base as usize) {
        Ok(template) => template,
        Err(problem) => {
            evaluator.problem(problem.span, problem.message);
            return Some(Val::unknown(name, "a template that cannot be read", Domain::Text, span));
        }
    };
    let entries = variables.as_map()?;
    let mut env = super::eval::Env::default();
    for entry in entries {
        env = env.with(&entry.key, entry.value.clone());
    }
    Some(evaluator.in_template(&template, span, scope, &env))
}

fn convert(name: &str, value: &Val) -> Option<Val> {
    let is_collection = matches!(value.kind, ValKind::List(..) | ValKind::Map(..));
    if is_collection && matches!(name, "tostring" | "tonumber" | "tobool") {
        return Some(Val::unknown(format!("{name}(…)"), FAILED, Domain::Any, value.span));
    }
    if !matches!(name, "toset" | "distinct") {
        return Some(value.clone());
    }
    Some(collection::set(known_list(value)?.to_vec(), value.span))
}

/// `%s` and its like, each with the next argument.
fn format(pattern: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next = arguments.iter();
    let mut literal = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        literal.push_str(&rest[..at]);
        let verb = rest[at + 1..].chars().next()?;
        rest = &rest[at + 1 + verb.len_utf8()..];
        match verb {
            '%' => literal.push('%'),
            's' | 'd' | 'v' => {
                let mut value = next.next()?.to_pieces()?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal { text: std::mem::take(&mut literal).into(), map: None });
                }
                pieces.append(&mut value);
            }
            'q' => literal.push_str(&quoted(&next.next()?.known()?)),
            _ => return None,
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal { text: literal.into(), map: None });
    }
    Some(joined(pieces, span))
}

/// Pieces as one string; a wholly known one is one piece.
fn joined(pieces: Vec<Piece>, span: Span) -> Val {
    let value = Val::pieces(pieces, span);
    match (value.known(), &value.kind) {
        (Some(text), ValKind::Text(pieces)) if pieces.len() > 1 => Val::text(&text, span),
        _ => value,
    }
}

fn join(evaluator: &Evaluator<'_>, separator: &str, items: &[Val], span: Span) -> Option<Val> {
    let mut pieces = Vec::new();
    let mut size = 0;
    for (at, item) in items.iter().enumerate() {
        if at > 0 && !separator.is_empty() {
            pieces.push(Piece::Literal { text: separator.into(), map: None });
        }
        pieces.extend(item.to_pieces()?);
        size += separator.len() + item.known().map_or(0, |text| text.len());
        if size > MAX_SIZE {
            evaluator.too_large(span);
            return None;
        }
    }
    Some(if pieces.is_empty() { Val::text("", span) } else { joined(pieces, span) })
}

fn split(separator: &str, value: &Val, span: Span) -> Option<Val> {
    if separator.is_empty() {
        return None;
    }
    // A hole may hold the separator: only its own piece is lost with it.
    let text = value.known()?;
    Some(Val::list(text.split(separator).map(|part| Val::text(part, span)).collect(), span))
}

fn replace(value: &Val, from: &str, to: &str, span: Span) -> Option<Val> {
    // `/…/` is a regular expression.
    if from.len() > 1 && from.starts_with('/') && from.ends_with('/') {
        return None;
    }
    if from.is_empty() {
        return None;
    }
    value.known().map(|text| Val::text(&text.replace(from, to), span))
}

fn trim_prefix(value: &Val, prefix: &str, span: Span) -> Option<Val> {
    if let Some(text) = value.known() {
        return Some(Val::text(text.strip_prefix(prefix).unwrap_or(&text), span));
    }
    let mut pieces = value.to_pieces()?;
    match pieces.first_mut() {
        Some(Piece::Literal { text, map }) if text.len() >= prefix.len() => {
            *text = text.strip_prefix(prefix).unwrap_or(text).into();
            *map = None;
            Some(Val::new(ValKind::Text(pieces.into()), span))
        }
        _ => None,
    }
}

/// A known part of a string, with its places where the string shows them.
fn literal_part(value: &Val, part: &str, span: Span) -> Val {
    if let ValKind::Text(pieces) = &value.kind
        && let [Piece::Literal { text, map: Some(map) }] = &**pieces
        && let Some(from) = text.find(part)
    {
        let mut shift = crate::source::OffsetMap::default();
        shift.plain(0, from);
        let map = Some(Rc::new(map.compose(&shift)));
        return Val::new(ValKind::Text(Rc::new([Piece::Literal { text: part.into(), map }])), span);
    }
    Val::text(part, span)
}

/// The lists after one another; one that is not known stands for any number of elements.
fn concat(evaluator: &Evaluator<'_>, lists: &[Val], span: Span) -> Val {
    let mut items = Vec::new();
    for list in lists {
        if items.len() > MAX_ITEMS {
            items.push(left_out(evaluator, span));
            break;
        }
        match &list.kind {
            ValKind::List(more, _) => items.extend(more.iter().cloned()),
            ValKind::Null => {}
            ValKind::Unknown(hole) => items.push(Val::unknown(hole.name.clone(), REST, Domain::Any, list.span)),
            _ => items.push(list.clone()),
        }
    }
    Val::list(items, span)
}

/// What stands for the elements that a list has no room for.
fn left_out(evaluator: &Evaluator<'_>, span: Span) -> Val {
    evaluator.too_many(span);
    Val::unknown("…".to_owned(), REST, Domain::Any, span)
}

/// How deep lists may stand in one another to be made one: deeper than evaluation makes them.
const MAX_NESTED: usize = 256;

/// Add the elements of a list and of the lists in it; false where there is no room for all.
fn flatten(value: &Val, depth: usize, items: &mut Vec<Val>) -> bool {
    match &value.kind {
        _ if items.len() > MAX_ITEMS => return false,
        ValKind::List(inner, _) if depth < MAX_NESTED => {
            return inner.iter().all(|item| flatten(item, depth + 1, items));
        }
        // It may be a list.
        ValKind::Unknown(hole) if hole.domain == Domain::Any => {
            items.push(Val::unknown(hole.name.clone(), REST, Domain::Any, value.span));
        }
        _ => items.push(value.clone()),
    }
    true
}

fn merge(evaluator: &Evaluator<'_>, maps: &[Val], span: Span) -> Option<Val> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<Rc<str>, usize> = HashMap::new();
    for map in maps.iter().filter(|map| !map.is_null()) {
        for entry in map.as_map()? {
            match places.get(&entry.key) {
                Some(at) => entries[*at] = entry.clone(),
                None => {
                    places.insert(Rc::clone(&entry.key), entries.len());
                    entries.push(entry.clone());
                }
            }
        }
        if entries.len() > MAX_ITEMS {
            evaluator.too_many(span);
            return None;
        }
    }
    Some(Val::map(entries, span))
}

fn length(value: &Val, span: Span) -> Option<Val> {
    let count = match &value.kind {
        ValKind::List(..) => known_list(value)?.len(),
        ValKind::Map(entries, _) => entries.len(),
        ValKind::Text(_) => value.known()?.chars().count(),
        _ => return None,
    };
    Some(Val::new(ValKind::Number(count.to_string().into()), span))
}

/// The first that is neither null nor empty; an unknown one before it decides.
fn coalesce(values: &[Val]) -> Option<Val> {
    for value in values {
        let empty = match &value.kind {
            ValKind::Null => true,
            ValKind::List(items, _) => items.is_empty(),
            _ => value.known().is_some_and(|text| text.is_empty()),
        };
        match value.as_hole().map(|hole| &hole.domain) {
            // It may be empty.
            Some(Domain::Any | Domain::Text) => return None,
            Some(_) => return Some(value.clone()),
            None => {}
        }
        if !empty {
            return Some(value.clone());
        }
    }
    None
}
