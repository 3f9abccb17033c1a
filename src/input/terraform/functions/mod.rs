//! Terraform's functions, as far as policies are made with them. What is not here has a result that is not known.

mod collections;
mod encoding;
mod format;
mod network;
mod patterns;
mod text;

use super::collection::{self, Sequence};
use super::eval::{Evaluator, Scope};
use super::marked;
use super::number::{self, Operation};
use super::types::{self, Type};
use super::unknown::{MAX_ITEMS, MAX_SIZE, failed, fails};
use super::val::{Piece, Val, ValKind, from_tree, quoted};
use crate::span::Span;
use crate::syntax::hcl;
use crate::value::Domain;
use collections::{convert, known};
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

/// Functions that leave what they are given as it is, so that an error in it is one in the result.
const KEEPING: [&str; 9] = [
    "concat",
    "flatten",
    "jsonencode",
    "merge",
    "nonsensitive",
    "sensitive",
    "templatefile",
    "templatestring",
    "values",
];

/// Functions that take null for one of their arguments. All others refuse it.
const TAKING_NULL: [&str; 24] = [
    "alltrue",
    "anytrue",
    "can",
    "coalesce",
    "coalescelist",
    "concat",
    "contains",
    "ephemeralasnull",
    "format",
    "formatlist",
    "index",
    "jsonencode",
    "lookup",
    "merge",
    "nonsensitive",
    "one",
    "sensitive",
    "tobool",
    "tolist",
    "tomap",
    "tonumber",
    "toset",
    "tostring",
    "try",
];

/// The result of a call; `None` where it is not known.
pub(super) fn call(
    evaluator: &Evaluator<'_>,
    name: &str,
    arguments: &[Val],
    span: Span,
    scope: &Rc<Scope>,
) -> Option<Val> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    if !KEEPING.contains(&name) && arguments.iter().any(fails) {
        return Some(failed(span));
    }
    if !TAKING_NULL.contains(&name) && arguments.iter().any(Val::is_null) {
        return Some(failed(span));
    }
    documents(evaluator, name, arguments, span, scope)
        .or_else(|| strings(evaluator, name, arguments, span))
        .or_else(|| numbers(evaluator, name, arguments, span))
        .or_else(|| lists(evaluator, name, arguments, span))
}

/// Documents, files and texts that hold values.
fn documents(evaluator: &Evaluator<'_>, name: &str, arguments: &[Val], span: Span, scope: &Rc<Scope>) -> Option<Val> {
    let text = |at: usize| arguments.get(at).and_then(Val::known);
    let make_text = |text: &str| Val::text(text, span);
    match (name, arguments) {
        ("jsonencode", [value]) => Some(Val::new(ValKind::Json(Rc::new(value.clone())), span)),
        ("jsondecode", [value]) => decode(evaluator, value),
        ("yamldecode", [value]) => encoding::from_yaml(value),
        ("csvdecode", [_]) => encoding::from_csv(evaluator, &text(0)?, span),
        ("base64decode", [_]) => Some(encoding::from_base64(&text(0)?, span)),
        ("base64encode", [_]) => Some(encoding::to_base64(&text(0)?, span)),
        ("urlencode", [_]) => Some(make_text(&text::url_encoded(&text(0)?))),
        ("file", [_]) => file(evaluator, &text(0)?, span, scope),
        ("fileset", [_, _]) => file_set(evaluator, &text(0)?, &text(1)?, span, scope),
        ("templatefile", [_, variables]) => template_file(evaluator, &text(0)?, variables, span, scope),
        ("templatestring", [template, variables]) => render(evaluator, template, variables, span, scope),
        ("fileexists", [_]) => {
            let path = evaluator.loader.text(&resolve(&text(0)?, scope));
            Some(Val::new(ValKind::Bool(path.is_ok()), span))
        }
        ("abspath" | "pathexpand", [path]) => Some(path.clone()),
        ("basename", [_]) => text(0).map(|path| make_text(path.rsplit('/').next().unwrap_or_default())),
        ("dirname", [_]) => text(0).map(|path| make_text(path.rsplit_once('/').map_or(".", |(folder, _)| folder))),
        // What changes nothing of the value.
        ("sensitive" | "nonsensitive" | "ephemeralasnull", [value]) => Some(value.clone()),
        ("tostring" | "tonumber" | "tobool" | "tolist" | "toset" | "tomap", [value]) => convert(name, value),
        _ => None,
    }
}

fn strings(evaluator: &Evaluator<'_>, name: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let text = |at: usize| arguments.get(at).and_then(Val::known);
    let make_text = |text: &str| Val::text(text, span);
    let make_bool = |value: bool| Val::new(ValKind::Bool(value), span);
    match (name, arguments) {
        ("format", [_, ..]) => format::format(&text(0)?, &arguments[1..], span),
        ("formatlist", [_, ..]) => {
            let items = format::format_list(&text(0)?, &arguments[1..], span)?;
            let ordered = arguments.iter().all(collection::has_order);
            Some(Val::sequence(items, if ordered { Sequence::List } else { Sequence::Bag }, span))
        }
        ("join", [_, _, ..]) => {
            let mut items = Vec::new();
            for list in &arguments[1..] {
                let (more, sequence) = known(list)?;
                if !collection::is_ordered(more, sequence) {
                    return None;
                }
                items.extend(more.iter().cloned());
            }
            text::join(evaluator, &text(0)?, &items, span)
        }
        // A hole may hold the separator.
        ("split", [_, _]) => Some(Val::sequence(text::split(&text(0)?, &text(1)?, span), Sequence::List, span)),
        ("replace", [value, _, _]) => text::replace(evaluator, value, &text(1)?, &text(2)?, span),
        ("regex", [_, _]) => patterns::first(evaluator, &text(0)?, &text(1)?, span),
        ("regexall", [_, _]) => patterns::all(evaluator, &text(0)?, &text(1)?, span),
        ("lower", [_]) => text(0).map(|text| make_text(&text.to_lowercase())),
        ("upper", [_]) => text(0).map(|text| make_text(&text.to_uppercase())),
        ("title", [_]) => text::title(&text(0)?).map(|text| make_text(&text)),
        ("strrev", [_]) => {
            let text = text(0)?;
            text::length(&text).map(|_| make_text(&text.chars().rev().collect::<String>()))
        }
        ("trimspace", [value]) => match text(0) {
            Some(text) => Some(text::literal_part(value, text.trim(), span)),
            // White space around a document decides nothing.
            None => matches!(value.kind, ValKind::Text(_)).then(|| value.clone()),
        },
        ("chomp", [value]) => match text(0) {
            Some(text) => Some(text::literal_part(value, text.trim_end_matches(['\n', '\r']), span)),
            None => matches!(value.kind, ValKind::Text(_)).then(|| value.clone()),
        },
        ("trim", [_, _]) => {
            let set = text(1)?;
            text(0).map(|text| make_text(text.trim_matches(|c| set.contains(c))))
        }
        ("trimprefix", [value, _]) => text::trim_prefix(value, &text(1)?, span),
        ("trimsuffix", [_, _]) => {
            let (text, end) = (text(0)?, text(1)?);
            Some(make_text(text.strip_suffix(&*end).unwrap_or(&text)))
        }
        ("indent", [_, _]) => {
            let (count, text) = (text(0)?.parse::<usize>().ok()?, text(1)?);
            let lines = text.matches('\n').count();
            let fits = count.saturating_mul(lines).saturating_add(text.len()) <= MAX_SIZE;
            fits.then(|| make_text(&text.replace('\n', &format!("\n{}", " ".repeat(count)))))
        }
        ("startswith", [_, _]) => Some(make_bool(text(0)?.starts_with(&*text(1)?))),
        ("endswith", [_, _]) => Some(make_bool(text(0)?.ends_with(&*text(1)?))),
        ("strcontains", [_, _]) => Some(make_bool(text(0)?.contains(&*text(1)?))),
        ("substr", [_, _, _]) => text::substr(&text(0)?, text(1)?.parse().ok()?, text(2)?.parse().ok()?, span),
        _ => None,
    }
}

fn numbers(evaluator: &Evaluator<'_>, name: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let make = |text: String| Val::number(&text, span);
    let numbers = |values: &[Val]| -> Option<Vec<Rc<str>>> {
        let number = |value: &Val| match types::convert(value.clone(), &Type::Number).kind {
            ValKind::Number(text) => Some(text),
            _ => None,
        };
        values.iter().map(number).collect()
    };
    match (name, arguments) {
        ("max", [_, ..]) => {
            numbers(arguments)?.into_iter().max_by(|a, b| number::compare(a, b)).map(|text| make(text.to_string()))
        }
        ("min", [_, ..]) => {
            numbers(arguments)?.into_iter().min_by(|a, b| number::compare(a, b)).map(|text| make(text.to_string()))
        }
        ("sum", [list]) => {
            let numbers = numbers(known(list)?.0)?;
            let add = |sum: String, more: &Rc<str>| number::compute(Operation::Add, &sum, more);
            if numbers.is_empty() {
                return Some(failed(span));
            }
            numbers.iter().try_fold("0".to_owned(), add).map(make)
        }
        ("abs", [_]) => numbers(arguments)?.first().map(|text| make(text.trim_start_matches('-').to_owned())),
        ("ceil" | "floor", [_]) => number::whole(numbers(arguments)?.first()?, name == "ceil").map(make),
        ("parseint", [_, _]) => text::parse_int(&arguments[0].known()?, &arguments[1].known()?, span),
        ("range", [_] | [_, _] | [_, _, _]) => {
            let whole: Option<Vec<i64>> = numbers(arguments)?.iter().map(|text| text.parse().ok()).collect();
            let (from, to, step) = match whole?.as_slice() {
                [to] => (0, *to, if *to < 0 { -1 } else { 1 }),
                [from, to] => (*from, *to, if to < from { -1 } else { 1 }),
                [from, to, step] => (*from, *to, *step),
                _ => return None,
            };
            if step == 0 || step > 0 && to < from || step < 0 && to > from {
                return if from == to { None } else { Some(failed(span)) };
            }
            let mut items = Vec::new();
            let mut at = from;
            while step > 0 && at < to || step < 0 && at > to {
                if items.len() >= MAX_ITEMS {
                    evaluator.too_many(span);
                    return None;
                }
                items.push(make(at.to_string()));
                at = at.checked_add(step)?;
            }
            Some(Val::sequence(items, Sequence::List, span))
        }
        ("cidrhost" | "cidrsubnet" | "cidrnetmask", _) => network::call(name, arguments, span),
        _ => None,
    }
}

fn lists(evaluator: &Evaluator<'_>, name: &str, arguments: &[Val], span: Span) -> Option<Val> {
    let text = |at: usize| arguments.get(at).and_then(Val::known);
    let make_bool = |value: bool| Val::new(ValKind::Bool(value), span);
    match (name, arguments) {
        ("concat", [_, ..]) => Some(collections::concat(evaluator, arguments, span)),
        ("flatten", [value]) => Some(collections::flatten(evaluator, value, span)),
        ("distinct", [value]) => collections::distinct(value),
        ("compact", [value]) => {
            let (items, sequence) = known(value)?;
            let keeps = |item: &&Val| !item.is_null() && item.known().is_none_or(|text| !text.is_empty());
            let kept: Vec<Val> = items.iter().filter(keeps).cloned().collect();
            // What is not known may be empty.
            let certain = !kept.iter().any(|item| item.as_hole().is_some());
            let sequence = collection::listed(&kept, sequence, Sequence::List);
            Some(Val::sequence(kept, if certain { sequence } else { Sequence::Bag }, span))
        }
        ("merge", [_, ..]) => collections::merge(evaluator, arguments, span),
        ("keys", [value]) => collections::parts(value, &collection::key, span),
        ("values", [value]) => collections::parts(value, &|entry| entry.value.clone(), span),
        ("lookup", [map, _]) => collections::lookup(map, &text(1)?, None, span),
        ("lookup", [map, _, otherwise]) => collections::lookup(map, &text(1)?, Some(otherwise), span),
        ("element", [list, _]) => collections::element(list, text(1)?.parse().ok()?, span),
        ("length", [value]) => collections::length(value, span),
        ("contains", [list, wanted]) => collections::find(list, wanted).map(|found| make_bool(found.is_some())),
        ("index", [list, wanted]) => {
            let (items, sequence) = known(list)?;
            let found = collections::find(list, wanted)?;
            // One before it that is not known may be equal, too.
            let sure = collection::is_ordered(items, sequence)
                && found.is_none_or(|at| !items[..at].iter().any(Val::has_hole));
            sure.then(|| found.map_or_else(|| failed(span), |at| Val::count(at, span)))
        }
        ("coalesce" | "coalescelist", [_, ..]) => collections::coalesce(arguments, span),
        ("one", [value]) => match (known(value)?, &value.kind) {
            (([], _), _) => Some(Val::null(span)),
            (([only], _), _) => Some(only.clone()),
            ((items, Sequence::Set), _) if items.iter().any(Val::has_hole) => None,
            _ => Some(failed(span)),
        },
        ("setunion" | "setsubtract" | "setintersection", [_, ..]) => collections::sets(name, arguments, span),
        ("setproduct", [_, _, ..]) => collections::product(evaluator, arguments, span),
        ("sort", [value]) => collections::sort(value, span),
        ("reverse", [value]) => {
            let (items, sequence) = known(value)?;
            let otherwise = if sequence == Sequence::Set { Sequence::List } else { sequence };
            let sequence = collection::listed(items, sequence, otherwise);
            Some(Val::sequence(items.iter().rev().cloned().collect(), sequence, span))
        }
        ("slice", [value, _, _]) => {
            let (items, sequence) = known(value)?;
            let (from, to) = (text(1)?.parse::<usize>().ok()?, text(2)?.parse::<usize>().ok()?);
            if !collection::is_ordered(items, sequence) {
                return None;
            }
            Some(match items.get(from..to) {
                Some(part) => Val::sequence(part.to_vec(), sequence, span),
                None => failed(span),
            })
        }
        ("chunklist", [value, _]) => collections::chunks(value, text(1)?.parse().ok()?, span),
        ("matchkeys", [values, keys, wanted]) => collections::matching(values, keys, wanted, span),
        ("transpose", [map]) => collections::transpose(map, span),
        ("zipmap", [keys, values]) => collections::zip(keys, values, span),
        ("alltrue" | "anytrue", [value]) => collections::truths(name == "anytrue", value).map(make_bool),
        _ => None,
    }
}

/// The files of a folder whose names match a pattern. Folders in it are not looked into.
fn file_set(evaluator: &Evaluator<'_>, folder: &str, pattern: &str, span: Span, scope: &Rc<Scope>) -> Option<Val> {
    if pattern.contains(['/', '{', '[', '\\']) || pattern.contains("**") {
        return None;
    }
    let matcher = globset::Glob::new(pattern).ok()?.compile_matcher();
    let files = evaluator.loader.list(&resolve(folder, scope));
    let names = files.iter().filter_map(|path| path.file_name()?.to_str());
    let mut names: Vec<Val> = names.filter(|name| matcher.is_match(name)).map(|name| Val::text(name, span)).collect();
    names.truncate(MAX_ITEMS);
    Some(collection::set(names, span))
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
                Some(failed(value.span))
            }
            Err(marked::Unread::Unknown(_)) => None,
        },
        _ => None,
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
    with_variables(evaluator, &template, variables, span, scope)
}

/// The text of a template with the entries of a map as its variables.
fn with_variables(
    evaluator: &Evaluator<'_>,
    template: &hcl::Template,
    variables: &Val,
    span: Span,
    scope: &Rc<Scope>,
) -> Option<Val> {
    let mut env = super::eval::Env::default();
    for entry in collection::entries(variables.as_map()?) {
        env = env.with(&entry.key, entry.value.clone());
    }
    Some(evaluator.in_template(template, span, scope, &env))
}

/// The text that a template in a string gives.
pub(super) fn render(
    evaluator: &Evaluator<'_>,
    template: &Val,
    variables: &Val,
    span: Span,
    scope: &Rc<Scope>,
) -> Option<Val> {
    let text = template.known()?;
    let map = match &template.kind {
        ValKind::Text(pieces) => match &**pieces {
            [Piece::Literal { map: Some(map), .. }] => Some(Rc::clone(map)),
            _ => None,
        },
        _ => None,
    };
    let map = map.unwrap_or_else(|| {
        let mut map = crate::source::OffsetMap::default();
        map.escape(0, template.span.start as usize);
        Rc::new(map)
    });
    match hcl::template_in(&text, &map) {
        Ok(template) => with_variables(evaluator, &template, variables, span, scope),
        Err(problem) => {
            evaluator.problem(problem.span, problem.message);
            Some(Val::unknown("…".to_owned(), "a template that cannot be read", Domain::Text, span))
        }
    }
}
