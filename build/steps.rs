//! RFC 9535 queries taken apart into the steps that `src/rules/steps.rs` walks, so that a run parses none of them
//! unless it finds something.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, Literal, Segment, Selector, SingularQuery, SingularQuerySegment,
    Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;

/// The steps of a query as an expression, `Some(&[…])`, or `None` where it has a part that no step stands for: such a
/// query is run on every policy. The error is the parser's.
pub fn of(query: &str) -> Result<String, String> {
    let parsed = parse_json_path(query).map_err(|error| error.to_string())?;
    let steps = segments(&parsed.segments);
    Ok(steps.map_or_else(|| "None".to_owned(), |steps| format!("Some({steps})")))
}

/// Queries with the parts that have steps and with some that have none, for a test to hold against the library that
/// runs them. What the rules ask is among them in spirit; these ask more.
const SAMPLES: [&str; 16] = [
    "$",
    "$.Policy",
    "$.Other",
    "$.Policy.*",
    "$.Policy[*]['Effect']",
    "$[?@.Version]",
    "$.Policy[?!@.AWS]",
    "$.Policy.Statement[?@.Effect != 'Allow']",
    "$.Policy.Statement[?!(@.Sid == 'a' || @.Effect == 'Allow') && @.Action]",
    "$.Policy.Statement[*].Principal.AWS[?@ == '*' || @ == '']",
    "$.Policy.Statement[*].Condition.*[?length(@) == 0 || length(@) > 1]",
    "$.Policy.Statement[?length(@.Principal.AWS) >= 1 && length(@.Action) < 2]",
    "$.Policy.Statement[?@.*[?@ == 'a' || @.k]]",
    "$.Policy.Statement[?@.Sid <= 'a' && @.Sid > '']",
    "$..Action",
    "$.Policy.Statement[0]",
];

/// [`SAMPLES`] with their steps, as the source of an array.
pub fn samples() -> String {
    let items: Vec<String> =
        SAMPLES.iter().map(|query| format!("({query:?}, {})", of(query).unwrap_or_default())).collect();
    format!("const SAMPLES: [(&str, Option<&[Step]>); {}] = [{}];\n", items.len(), items.join(", "))
}

fn segments(segments: &[Segment]) -> Option<String> {
    let steps: Vec<String> = segments.iter().map(step).collect::<Option<_>>()?;
    Some(format!("&[{}]", steps.join(", ")))
}

fn step(segment: &Segment) -> Option<String> {
    let Segment::Selector(selector) = segment else { return None };
    Some(match selector {
        Selector::Name(name) => format!("Step::Member({name:?})"),
        Selector::Wildcard => "Step::Each".to_owned(),
        Selector::Filter(filter) => format!("Step::Where({})", test(filter)?),
        Selector::Index(_) | Selector::Slice(..) => return None,
    })
}

fn test(filter: &Filter) -> Option<String> {
    let all = |filters: &[Filter]| Some(filters.iter().map(test).collect::<Option<Vec<_>>>()?.join(", "));
    Some(match filter {
        Filter::Or(filters) => format!("Test::Any(&[{}])", all(filters)?),
        Filter::And(filters) => format!("Test::All(&[{}])", all(filters)?),
        Filter::Atom(FilterAtom::Filter { expr, not }) => negated(test(expr)?, *not),
        Filter::Atom(FilterAtom::Test { expr, not }) => negated(format!("Test::Exists({})", relative(expr)?), *not),
        Filter::Atom(FilterAtom::Comparison(comparison)) => compared(comparison)?,
    })
}

fn negated(test: String, not: bool) -> String {
    if not { format!("Test::Not(&{test})") } else { test }
}

/// The steps from the node at hand. The library reads a filter right on that node in a way of its own.
fn relative(test: &Test) -> Option<String> {
    match test {
        Test::RelQuery(steps) if !matches!(steps.first(), Some(Segment::Selector(Selector::Filter(_)))) => {
            segments(steps)
        }
        Test::RelQuery(_) | Test::AbsQuery(_) | Test::Function(_) => None,
    }
}

fn compared(comparison: &Comparison) -> Option<String> {
    let is = match comparison {
        Comparison::Eq(..) => "Equal",
        Comparison::Ne(..) => "NotEqual",
        Comparison::Gt(..) => "Greater",
        Comparison::Gte(..) => "GreaterOrEqual",
        Comparison::Lt(..) => "Less",
        Comparison::Lte(..) => "LessOrEqual",
    };
    match comparison.vals() {
        (Comparable::SingularQuery(SingularQuery::Current(path)), Comparable::Literal(Literal::String(text))) => {
            let name = |step: &SingularQuerySegment| match step {
                SingularQuerySegment::Name(name) => Some(name.clone()),
                SingularQuerySegment::Index(_) => None,
            };
            let path: Vec<String> = path.iter().map(name).collect::<Option<_>>()?;
            Some(format!("Test::Text(&{path:?}, Is::{is}, {text:?})"))
        }
        (Comparable::Function(TestFunction::Length(of)), Comparable::Literal(Literal::Int(count))) => {
            let FnArg::Test(of) = &**of else { return None };
            let Test::RelQuery(path) = &**of else { return None };
            let name = |segment: &Segment| match segment {
                Segment::Selector(Selector::Name(name)) => Some(name.clone()),
                _ => None,
            };
            let path: Vec<String> = path.iter().map(name).collect::<Option<_>>()?;
            let count = usize::try_from(*count).ok()?;
            Some(format!("Test::Length(&{path:?}, Is::{is}, {count})"))
        }
        _ => None,
    }
}
