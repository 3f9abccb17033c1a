//! The smallest policy that still shows a fault: what a failing test prints.

use serde_json::Value;

/// Take parts away from a document as long as it still shows the fault.
pub fn smallest(json: &str, shows: impl Fn(&str) -> bool) -> String {
    let Ok(mut best) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    if !shows(&best.to_string()) {
        return json.to_owned();
    }
    while let Some(smaller) = steps(&best).into_iter().find(|smaller| shows(&smaller.to_string())) {
        best = smaller;
    }
    best.to_string()
}

/// Every document with one part less: a statement, an operator, a key, a value, an element of a list.
fn steps(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Array(items) => {
            for at in 0..items.len() {
                if items.len() > 1 {
                    let mut less = items.clone();
                    less.remove(at);
                    found.push(Value::Array(less));
                }
                found.extend(steps(&items[at]).into_iter().map(|item| {
                    let mut other = items.clone();
                    other[at] = item;
                    Value::Array(other)
                }));
            }
            if let [one] = items.as_slice()
                && one.is_string()
            {
                found.push(one.clone());
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                // Without these a statement is not one.
                if !["Effect", "Action", "Principal", "Statement"].contains(&name.as_str()) {
                    let mut less = members.clone();
                    less.remove(name);
                    found.push(Value::Object(less));
                }
                found.extend(steps(member).into_iter().map(|smaller| {
                    let mut other = members.clone();
                    other[name] = smaller;
                    Value::Object(other)
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
