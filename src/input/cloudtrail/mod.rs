//! Events of CloudTrail that set policies: log files, `lookup-events`, EventBridge and CloudWatch Logs.
//!
//! What an event shows is the document of the request. Of a call that failed nothing came, so it is passed over.

mod calls;

use super::history::{self, Moment, State, Versions};
use super::record::{Record, account_of, get, inline, is_account, items, seconds, text};
use super::{Found, Input, nested, record};
use crate::site::PolicyKind;
use crate::syntax::Document;
use crate::value::{Kind, Value};
use calls::{Call, Effect, call};
use std::collections::HashMap;

/// The format.
#[derive(Debug)]
pub struct CloudTrail;

/// How many strings around an event are opened: the body of a queue's message, a topic's message, a result.
const MAX_WRAPS: usize = 3;
/// Strings that hold an event, or what a topic or a queue was told of one.
const MESSAGES: [&str; 4] = ["CloudTrailEvent", "message", "Message", "body"];

impl Input for CloudTrail {
    fn name(&self) -> &'static str {
        "cloudtrail"
    }

    fn detect(&self, document: &Document<'_>) -> Option<&'static str> {
        let mut failed = false;
        if has_event(document, MAX_WRAPS, &mut failed) {
            return Some("has CloudTrail events that set policies");
        }
        failed.then_some("has CloudTrail events that should have set policies, and failed")
    }

    fn extract<'s>(&self, document: &'s Document<'s>, found: &mut Found<'s>) {
        let mut log = Log::default();
        log.events(document, MAX_WRAPS, found);
        log.address(found);
    }

    fn versions<'s>(&self, documents: &'s [Document<'s>], mut found: Found<'s>) -> Option<Versions<'s>> {
        let mut log = Log::default();
        for document in documents {
            log.events(document, MAX_WRAPS, &mut found);
        }
        log.address(&mut found);
        Some(history::versions(found, log.moments))
    }
}

/// Something in a document that is an event, or a string in which there may be some.
enum Part<'v, 's> {
    Event(&'v Value<'s>),
    Wrapped(&'v Value<'s>),
}

fn parts<'v, 's>(root: &'v Value<'s>) -> impl Iterator<Item = Part<'v, 's>> {
    let lists = root.as_list().unwrap_or_default().iter().chain(items(root, "Records")).chain(items(root, "Events"));
    std::iter::once(root).chain(lists).flat_map(|value| {
        let detail = get(value, "detail");
        let sns = get(value, "Sns").and_then(|message| get(message, "Message"));
        let messages = MESSAGES.iter().filter_map(|key| value.get(key)).chain(sns);
        let wrapped = messages.filter(|node| nested::is_json(node)).map(Part::Wrapped);
        [Some(value), detail].into_iter().flatten().filter(|value| is_event(value)).map(Part::Event).chain(wrapped)
    })
}

fn is_event(value: &Value<'_>) -> bool {
    value.get("eventName").is_some_and(|name| name.as_str().is_some())
        && value.get("eventSource").is_some_and(|source| source.as_str().is_some())
        && value.get("requestParameters").is_some()
}

/// The call that an event tells of, if it is about a policy.
fn call_of(event: &Value<'_>) -> Option<Call> {
    let call = call(text(event, "eventSource")?, text(event, "eventName")?)?;
    let about_policy = match call.effect {
        Effect::MaySet(path) => parameter(event, path).is_some() && !is_other_attribute(event),
        Effect::Create(_) | Effect::Set(_) | Effect::Version(_) | Effect::Remove | Effect::Replace => true,
    };
    about_policy.then_some(call)
}

/// Whether a call sets one attribute by name, and another than the policy.
fn is_other_attribute(event: &Value<'_>) -> bool {
    parameter(event, "attributeName").is_some_and(|name| name.as_str() != Some("Policy"))
}

/// The parameter at a path.
fn parameter<'v, 's>(event: &'v Value<'s>, path: &str) -> Option<&'v Value<'s>> {
    let parameters = event.get("requestParameters")?;
    path.split('.').try_fold(parameters, |value, key| get(value, key)).filter(|value| !matches!(value.kind, Kind::Null))
}

fn has_failed(event: &Value<'_>) -> bool {
    event.get("errorCode").is_some_and(|code| code.as_str().is_some_and(|code| !code.is_empty()))
}

fn has_event(document: &Document<'_>, wraps: usize, failed: &mut bool) -> bool {
    parts(&document.root).any(|part| match part {
        Part::Event(event) => {
            let sets = call_of(event).is_some_and(|call| !matches!(call.effect, Effect::Remove | Effect::Replace));
            *failed |= sets && has_failed(event);
            sets && !has_failed(event)
        }
        Part::Wrapped(node) => {
            wraps > 0
                && nested::look(document, node, |inner| has_event(inner, wraps - 1, failed).then_some(())).is_some()
        }
    })
}

/// What the events of a file say, in their order.
#[derive(Default)]
struct Log {
    moments: Vec<Moment>,
    /// ARNs of owners that an event shows: the request of a call names a role without its path.
    arns: HashMap<String, String>,
}

impl Log {
    fn events<'s>(&mut self, document: &'s Document<'s>, wraps: usize, found: &mut Found<'s>) {
        for part in parts(&document.root) {
            match part {
                Part::Event(event) => self.event(document, event, found),
                Part::Wrapped(node) if wraps > 0 => {
                    let is_log = |inner: &Document<'_>| parts(&inner.root).next().map(|_| ());
                    if nested::look(document, node, is_log).is_some() {
                        nested::extract(document, node, found, |inner, found| self.events(inner, wraps - 1, found));
                    }
                }
                Part::Wrapped(_) => {}
            }
        }
    }

    fn event<'s>(&mut self, document: &'s Document<'s>, event: &'s Value<'s>, found: &mut Found<'s>) {
        let Some(call) = call_of(event).filter(|_| !has_failed(event)) else { return };
        let Some(kind) = call.kind.or_else(|| kind_in_organization(event)) else { return };
        let shown = |key: &str| text(event, key).unwrap_or_default().to_owned();
        let account = account(event);
        let mut moment = Moment {
            owner: self.owner(event, &call, account),
            policy: name_of_inline(event, &call),
            kind,
            time: shown("eventTime"),
            id: shown("eventID"),
            state: State::Hidden,
        };
        let path = match call.effect {
            Effect::Create(path) | Effect::Set(path) | Effect::MaySet(path) | Effect::Version(path) => path,
            Effect::Remove | Effect::Replace => {
                moment.state = if call.effect == Effect::Remove { State::Removed } else { State::Hidden };
                return self.moments.push(moment);
            }
        };
        let is_document = |value: &&Value<'_>| matches!(value.kind, Kind::Map(_)) || nested::is_json(value);
        let policy = parameter(event, path);
        if policy.and_then(Value::as_str) == Some("") {
            moment.state = State::Removed;
        } else if let Some(policy) = policy.filter(is_document) {
            let is_trust = kind == PolicyKind::Trust;
            let name = parameter(event, "roleName");
            let record = Record {
                kind,
                address: String::new(),
                anchor: call.owner.iter().find_map(|key| parameter(event, key)).unwrap_or(policy).span,
                account,
                name: name.and_then(Value::as_text),
                max_session_duration: parameter(event, "maxSessionDuration").filter(|_| is_trust).and_then(seconds),
            };
            if record.put(document, policy, found) {
                let signin = parameter(event, "maxSigninSessionDuration").filter(|_| is_trust).and_then(seconds);
                if let Some(site) = found.sites.last_mut() {
                    site.owner.max_signin_duration = signin;
                }
                let in_force = parameter(event, "setAsDefault").is_some_and(|is| is.kind == Kind::Bool(true));
                moment.state = match call.effect {
                    Effect::Create(_) => State::Created,
                    Effect::Version(_) if !in_force => State::Drafted,
                    _ => State::Set,
                };
            }
        } else {
            let name = inline(&moment.owner, moment.policy.as_deref());
            found.unresolved.push((event.span, format!("{name}: the event of {} does not show it", moment.time)));
        }
        self.moments.push(moment);
    }

    /// Who has the policy. A role, user or group is known by its account and name; its ARN may have a path.
    fn owner(&mut self, event: &Value<'_>, call: &Call, account: Option<&str>) -> String {
        let name = call.owner.iter().find_map(|key| parameter(event, key)?.as_str()).unwrap_or_default();
        let mut resources = items(event, "resources").filter_map(|resource| text(resource, "ARN"));
        let only = resources.next().filter(|_| resources.next().is_none());
        match (call.sort, account) {
            _ if name.starts_with("arn:") => name.to_owned(),
            ("", _) => only.unwrap_or(name).to_owned(),
            (sort, account) => {
                let owner =
                    format!("{}{}{sort}/{name}", account.unwrap_or_default(), if account.is_some() { ":" } else { "" });
                let response = get(event, "responseElements").and_then(|response| get(response, sort));
                let arn = response.and_then(|owner| text(owner, "arn")).map(str::to_owned);
                if let Some(arn) = arn {
                    self.arns.insert(owner.clone(), arn);
                }
                owner
            }
        }
    }

    /// Give the sites their addresses: the owner, and the event that tells it from others of the owner.
    fn address(&mut self, found: &mut Found<'_>) {
        for moment in &mut self.moments {
            if let Some(arn) = self.arns.get(&moment.owner) {
                moment.owner.clone_from(arn);
            }
        }
        let shown = self.moments.iter().filter(|moment| moment.state.has_site());
        for (site, moment) in found.sites.iter_mut().zip(shown) {
            let Moment { owner, policy, time, id, .. } = moment;
            site.address = format!("{} at {time} (event {id})", inline(owner, policy.as_deref()));
        }
    }
}

/// The name of an inline policy of a role, user or group.
fn name_of_inline(event: &Value<'_>, call: &Call) -> Option<String> {
    let has_inline = ["role", "user", "group"].contains(&call.sort);
    parameter(event, "policyName").filter(|_| has_inline)?.as_str().map(str::to_owned)
}

/// The account of what a call changed: that of its resource, else the one whose trail has the event.
fn account<'v>(event: &'v Value<'_>) -> Option<&'v str> {
    let resource = items(event, "resources")
        .find_map(|resource| text(resource, "accountId").or_else(|| account_of(text(resource, "ARN")?)));
    let caller = || get(event, "userIdentity").and_then(|caller| text(caller, "accountId"));
    resource.or_else(|| text(event, "recipientAccountId")).or_else(caller).filter(|id| is_account(id))
}

/// The kind of a policy of an organization: the request or the response says its type.
fn kind_in_organization(event: &Value<'_>) -> Option<PolicyKind> {
    let summary = ["policy", "policySummary", "type"].into_iter().try_fold(get(event, "responseElements")?, get);
    record::organization_kind(parameter(event, "type").or(summary)?.as_str()?)
}

#[cfg(test)]
mod tests;
