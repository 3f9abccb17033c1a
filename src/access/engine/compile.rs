//! From the words of a policy to tests: what a value, an action or a principal surely and possibly matches.
//!
//! A part that is not known (a hole of a template, a policy variable) widens what is possibly matched and leaves what is
//! surely matched empty; nothing is put in its place.

use super::callers::{Derived, Kind, Who};
use super::domain::{Order, Range, Test, instant, number};
use super::pattern::{Class, Compiler, Pattern, Syntax};
use crate::access::undocumented;
use crate::policy::condition::Family;
use crate::policy::pattern::Missing;
use crate::policy::{BaseOperator, Condition, Patterns, Principal, PrincipalKind, Truth};
use crate::site::PolicyKind;
use crate::value::{Domain as HoleDomain, PartRef, Text};

/// A text as a pattern.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What it matches at most; `None` for nothing.
    pub pattern: Option<Pattern>,
    /// Whether it matches all of that.
    pub exact: bool,
    /// Whether a policy variable is the reason for not being exact.
    pub variable: bool,
}

/// A test with what it surely matches.
#[derive(Clone, Debug)]
pub struct Bounds<T> {
    /// What the policy's words match at most; `None` for every value.
    pub most: Option<T>,
    /// What they match at least; not given where both are the same.
    pub least: Option<T>,
    /// Whether both are the same.
    pub exact: bool,
    /// Whether a policy variable is a reason for not being exact.
    pub variable: bool,
}

/// Read a text as a pattern. `variables` says whether `${…}` is a variable or letters: the policy's `Version` decides.
pub fn text(text: &Text, syntax: Syntax, variables: bool) -> Compiled {
    ended(text, "", syntax, variables)
}

/// Read a text with this after it as a pattern.
fn ended(text: &Text, ending: &str, syntax: Syntax, variables: bool) -> Compiled {
    let mut compiler = Compiler::new(syntax);
    let (mut exact, mut variable) = (true, false);
    for part in text.parts() {
        match part {
            PartRef::Literal(literal) if variables && literal.contains("${") => {
                let plain = with_variables(&mut compiler, literal);
                exact &= plain;
                variable |= !plain;
            }
            PartRef::Literal(literal) => compiler.text(literal),
            PartRef::Hole(hole) => {
                exact = false;
                match hole.domain {
                    HoleDomain::OwnAccount | HoleDomain::AccountId => compiler.run(Class::Digit, 12),
                    _ => compiler.anything(),
                }
            }
        }
    }
    compiler.text(ending);
    Compiled { pattern: compiler.finish(), exact, variable }
}

/// Read text with `${…}`; `${*}`, `${?}` and `${$}` are those characters. Whether there was no true variable.
fn with_variables(compiler: &mut Compiler, mut text: &str) -> bool {
    let mut plain = true;
    while let Some((before, rest)) = text.split_once("${") {
        compiler.text(before);
        let Some((name, after)) = rest.split_once('}') else {
            compiler.literals("${");
            text = rest;
            continue;
        };
        match name {
            "*" | "?" | "$" => compiler.literals(name),
            _ => {
                compiler.anything();
                plain = false;
            }
        }
        text = after;
    }
    compiler.text(text);
    plain
}

/// Several texts, any of which may match.
pub fn texts<'a>(
    items: impl Iterator<Item = &'a Text>,
    open: bool,
    syntax: Syntax,
    vars: bool,
) -> Bounds<Vec<Pattern>> {
    let (mut most, mut widened) = (Vec::with_capacity(items.size_hint().0), Vec::new());
    let (mut exact, mut variable) = (!open, false);
    for item in items {
        let compiled = text(item, syntax, vars);
        exact &= compiled.exact;
        variable |= compiled.variable;
        if let Some(pattern) = compiled.pattern {
            if !compiled.exact {
                widened.push(most.len());
            }
            most.push(pattern);
        }
    }
    let surely = || {
        let known = most.iter().enumerate().filter(|(at, _)| !widened.contains(at));
        known.map(|(_, pattern)| pattern.clone()).collect()
    };
    let least = (!exact).then(surely);
    Bounds { most: (!open).then_some(most), least, exact, variable }
}

/// The patterns of a `Resource` element, and whether it is open for want of a document if they match to a lesser and a
/// greater extent. ARNs of fewer than six fields are read as the kind of policy asks for.
pub fn resources(resources: &Patterns, kind: PolicyKind, variables: bool) -> (Bounds<Vec<Pattern>>, bool) {
    let open = resources.open_ended;
    let (mut most, mut least) = (Vec::new(), Vec::new());
    let (mut exact, mut variable, mut undocumented) = (!open, false, false);
    for item in &resources.items {
        let missing = Missing::of(item, variables);
        let as_written = text(item, Syntax::Glob, variables);
        let completed = ended(item, missing.ending(), Syntax::Glob, variables);
        let ends_open = item.known().is_some_and(|known| known.ends_with('*'));
        exact &= as_written.exact;
        variable |= as_written.variable;
        let whole = missing == Missing::Fields(0);
        let readings = match undocumented::completes_arns(kind) {
            _ if whole => [Some(as_written), None],
            _ if missing == Missing::Unknown => [Some(as_written), Some(completed)],
            Truth::Yes => [Some(completed), None],
            Truth::No => [Some(as_written), None],
            Truth::Maybe => {
                (exact, undocumented) = (false, true);
                // A pattern that ends in `*` matches whatever it matches when it is completed.
                least.extend(completed.pattern.clone().filter(|_| completed.exact && ends_open));
                most.extend(as_written.pattern.into_iter().chain(completed.pattern));
                continue;
            }
        };
        for reading in readings.into_iter().flatten() {
            least.extend(reading.pattern.clone().filter(|_| reading.exact));
            most.extend(reading.pattern);
        }
    }
    (Bounds { most: (!open).then_some(most), least: Some(least), exact, variable }, undocumented)
}

/// The test of a condition's values, without negation; `None` for an operator that does not exist or that asks only for
/// presence.
pub fn condition(condition: &Condition, variables: bool) -> Option<Bounds<Test>> {
    let base = condition.operator.base?;
    let syntax = match base.family() {
        Family::String => match base {
            BaseOperator::StringLike | BaseOperator::StringNotLike => Syntax::Glob,
            BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase => Syntax::IgnoreCase,
            _ => Syntax::Exact,
        },
        Family::Arn => Syntax::Arn,
        Family::Bool => Syntax::IgnoreCase,
        // Bytes have more than one spelling in base64.
        Family::Binary => {
            return Some(Bounds { most: None, least: Some(Test::Text(Vec::new())), exact: false, variable: false });
        }
        Family::Numeric => {
            return Some(parsed(condition, number, |bounds| Test::Number(order(base), bounds)));
        }
        Family::Date => return Some(parsed(condition, instant, |bounds| Test::Date(order(base), bounds))),
        Family::Ip => return Some(parsed(condition, Range::parse, Test::Ip)),
        Family::Null => return None,
    };
    let variables = variables && matches!(base.family(), Family::String | Family::Arn);
    // Words other than `true` and `false` are no booleans and match nothing.
    let is_bool = |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    let fits = |value: &&Text| base.family() != Family::Bool || value.known().is_none_or(is_bool);
    let mut bounds = texts(condition.values.iter().filter(fits), condition.open_ended, syntax, variables);
    // Letters beyond ASCII have no agreed lower case: such a value is only possibly matched.
    let odd = |text: &Text| text.known().is_some_and(|text| !text.is_ascii());
    if syntax == Syntax::IgnoreCase && condition.values.iter().any(odd) {
        bounds = Bounds { most: None, least: Some(Vec::new()), exact: false, variable: bounds.variable };
    }
    Some(Bounds {
        most: bounds.most.map(Test::Text),
        least: bounds.least.map(Test::Text),
        exact: bounds.exact,
        variable: bounds.variable,
    })
}

/// A test of parsed values. A known value that does not parse matches nothing; one that is not known may match anything.
fn parsed<V>(condition: &Condition, parse: fn(&str) -> Option<V>, test: impl Fn(Vec<V>) -> Test) -> Bounds<Test> {
    let known = || condition.values.iter().filter_map(|value| value.known()).filter_map(parse).collect::<Vec<V>>();
    let exact = !condition.open_ended && condition.values.iter().all(|value| value.known().is_some());
    let test = test(known());
    let (most, least) = if exact { (Some(test), None) } else { (None, Some(test)) };
    Bounds { most, least, exact, variable: false }
}

fn order(base: BaseOperator) -> Order {
    match base {
        BaseOperator::NumericLessThan | BaseOperator::DateLessThan => Order::Less,
        BaseOperator::NumericLessThanEquals | BaseOperator::DateLessThanEquals => Order::LessOrEqual,
        BaseOperator::NumericGreaterThan | BaseOperator::DateGreaterThan => Order::Greater,
        BaseOperator::NumericGreaterThanEquals | BaseOperator::DateGreaterThanEquals => Order::GreaterOrEqual,
        _ => Order::Equal,
    }
}

/// Callers whom `"*"` names for sure: those who sign their requests, and nobody at all.
const SIGNED: &[Kind] = &[Kind::User, Kind::Role, Kind::Root, Kind::FederatedUser, Kind::Anonymous];

/// Whom a principal of a policy names.
pub fn principal(principal: &Principal) -> Bounds<Who> {
    let nothing = || Bounds { most: Some(Who::Kinds(&[])), least: None, exact: true, variable: false };
    let who = |compiled: Compiled, make: &dyn Fn(Pattern) -> Who| match compiled.pattern {
        Some(pattern) => Bounds {
            most: Some(make(pattern)),
            least: (!compiled.exact).then_some(Who::Kinds(&[])),
            exact: compiled.exact,
            variable: false,
        },
        None => nothing(),
    };
    let whole = || text(&principal.text, Syntax::Exact, false);
    match &principal.kind {
        // Whether `"*"` names services and federated callers is not documented: Q7 and Q15 of
        // `crate::access::undocumented`, both ways of which are kept open here.
        PrincipalKind::Anyone => Bounds {
            most: Some(Who::Kinds(&Kind::ALL)),
            least: Some(Who::Kinds(SIGNED)),
            exact: false,
            variable: false,
        },
        PrincipalKind::Account { account } => who(text(account, Syntax::Exact, false), &Who::Account),
        PrincipalKind::User { .. } => who(whole(), &Who::User),
        PrincipalKind::Role { .. } => who(whole(), &|pattern| {
            // A session's ARN drops the path of its role, so a caller known by session may be of this role.
            let bare = principal.text.known().and_then(|arn| {
                let (start, name) = arn.split_once(":role/")?;
                let (_, bare) = name.rsplit_once('/')?;
                Some(Pattern::exactly(&format!("{start}:role/{bare}")))
            });
            Who::Role(std::iter::once(pattern).chain(bare).collect())
        }),
        PrincipalKind::Session { account, name } => session(account, name),
        PrincipalKind::FederatedUser { .. } => who(whole(), &Who::FederatedUser),
        PrincipalKind::Service { host } => who(text(host, Syntax::Exact, false), &Who::Service),
        PrincipalKind::Saml { .. } => who(whole(), &Who::Saml),
        PrincipalKind::Oidc { .. } | PrincipalKind::WebIdentity { .. } => who(whole(), &Who::Oidc),
        PrincipalKind::UniqueId { .. } | PrincipalKind::CanonicalUser | PrincipalKind::Invalid { .. } => nothing(),
        PrincipalKind::Unknown => Bounds { most: None, least: Some(Who::Kinds(&[])), exact: false, variable: false },
    }
}

fn session(account: &Text, name: &Text) -> Bounds<Who> {
    let account = text(account, Syntax::Exact, false);
    let pieces = name.split('/', 2);
    let (exact, tail) = match pieces.as_slice() {
        [role, session] => {
            let (role, session) = (text(role, Syntax::Exact, false), text(session, Syntax::Exact, false));
            let exact = role.exact && session.exact;
            let tail = role.pattern.unwrap_or_default().then(&Pattern::exactly("#"));
            (exact, tail.then(&session.pattern.unwrap_or_default()))
        }
        _ => (false, Pattern::everything()),
    };
    let exact = exact && account.exact;
    let most = Who::Session { account: account.pattern.unwrap_or_default(), tail };
    Bounds { most: Some(most), least: (!exact).then_some(Who::Kinds(&[])), exact, variable: false }
}

/// The test of a key that follows from the caller.
pub fn derived(key: Derived, test: Test) -> Option<Who> {
    match test {
        Test::Text(patterns) => Some(Who::Key(key, patterns)),
        // Numbers, dates and addresses are never among these values.
        Test::Number(..) | Test::Date(..) | Test::Ip(_) => Some(Who::Kinds(&[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn variables_are_letters_before_2012() {
        let value = Text::literal("x-${aws:username}-${*}", Span::default());
        let open = text(&value, Syntax::Glob, true);
        assert!(!open.exact && open.variable);
        assert!(open.pattern.is_some_and(|pattern| pattern.matches("x-alice-*") && !pattern.matches("x-alice-b")));
        let closed = text(&value, Syntax::Exact, false);
        assert!(closed.exact && closed.pattern.is_some_and(|pattern| pattern.matches("x-${aws:username}-${*}")));
    }
}
