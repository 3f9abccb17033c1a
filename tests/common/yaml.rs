//! Files of YAML, and of JSON with comments, as JSON, to look at what they say.

use iamlint::syntax::{Syntax, parse};
use iamlint::value::{Kind, Value};
use serde_json::{Map, Value as Json};

/// The one document of a text of YAML.
pub fn read(text: &str) -> Json {
    read_as(text, Syntax::Yaml)
}

/// The one document of a text of JSON with comments.
pub fn read_jsonc(text: &str) -> Json {
    read_as(text, Syntax::Jsonc)
}

fn read_as(text: &str, syntax: Syntax) -> Json {
    let mut parsed = parse(text, syntax);
    assert!(parsed.problems.is_empty() && parsed.documents.len() == 1, "{:?}", parsed.problems);
    json(&parsed.documents.remove(0))
}

fn json(value: &Value<'_>) -> Json {
    match &value.kind {
        Kind::Null => Json::Null,
        Kind::Bool(flag) => Json::Bool(*flag),
        Kind::Number(text) => serde_json::from_str(text).expect("a number of JSON"),
        Kind::String(text) => Json::String(text.clone().into_owned()),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(members) => {
            let members = members.iter().map(|member| (member.key.clone().into_owned(), json(&member.value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Kind::Template(_) | Kind::Tagged(_) | Kind::Unknown(_) => panic!("a plain file has none: {value:?}"),
    }
}
