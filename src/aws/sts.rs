//! The actions of AWS STS, and the callers for whom a trust policy makes each of them live.
//!
//! Source: *Actions, resources, and condition keys for AWS STS* (Service Authorization Reference) and *Mismatched
//! action for principal* (Access Analyzer policy check reference).

use super::nearest;

// ACTIONS: every action, in the order of the alphabet.
include!(concat!(env!("OUT_DIR"), "/aws_sts.rs"));

/// A row of the table.
#[derive(Debug)]
struct Action {
    name: &'static str,
    /// For whom it is live.
    callers: &'static [Caller],
}

/// Who asks STS for the role, by the kind of principal that names him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    /// A principal of an account: `"AWS"`.
    Aws,
    /// A service of AWS: `"Service"`.
    Service,
    /// Someone with an assertion of a SAML provider: `"Federated"`.
    Saml,
    /// Someone with a token of an OIDC issuer: `"Federated"`.
    Oidc,
}

impl Caller {
    /// Every kind of caller.
    pub const ALL: [Caller; 4] = [Caller::Aws, Caller::Service, Caller::Saml, Caller::Oidc];
}

/// Every action of STS, without the `sts:` before it, in the spelling of AWS.
pub fn actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|action| action.name)
}

/// The action with this name, written without `sts:` and in whatever case, in the spelling of AWS.
pub fn action(name: &str) -> Option<&'static str> {
    find(name).map(|action| action.name)
}

/// Whether STS has this action. The name comes without `sts:`; case does not matter.
pub fn is_sts_action(name: &str) -> bool {
    action(name).is_some()
}

/// Whether allowing this action to this kind of caller, in a trust policy, allows anything at all.
pub fn live(action: &str, caller: Caller) -> bool {
    find(action).is_some_and(|action| action.callers.contains(&caller))
}

/// The row of an action: there are so few that the lengths of their names tell nearly all of them apart.
fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name.eq_ignore_ascii_case(name))
}

/// The action nearest to a misspelt name, written without `sts:`.
pub fn suggest(name: &str) -> Option<&'static str> {
    if is_sts_action(name) {
        return None;
    }
    nearest(name, 2, actions())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::rows;

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/sts-actions.tsv"));
        assert_eq!(actions().collect::<Vec<_>>(), rows.iter().map(|row| row[0]).collect::<Vec<_>>());
        for row in rows {
            assert_eq!(action(&row[0].to_ascii_lowercase()), Some(row[0]));
            for caller in Caller::ALL {
                let word = format!("{caller:?}").to_ascii_lowercase();
                assert_eq!(live(row[0], caller), row[1].split(' ').any(|known| known == word), "{} {word}", row[0]);
            }
        }
    }

    #[test]
    fn pairing() {
        let callers = |action| Caller::ALL.into_iter().filter(|caller| live(action, *caller)).collect::<Vec<_>>();
        assert_eq!(callers("AssumeRole"), [Caller::Aws, Caller::Service]);
        assert_eq!(callers("assumerolewithsaml"), [Caller::Saml]);
        assert_eq!(callers("AssumeRoleWithWebIdentity"), [Caller::Oidc]);
        assert_eq!(callers("TagSession"), Caller::ALL);
        assert_eq!(callers("SetSourceIdentity"), Caller::ALL);
        assert_eq!(callers("SetContext"), [Caller::Aws, Caller::Service]);
        assert_eq!(callers("GetCallerIdentity"), []);
        assert_eq!(callers("AssumeRoot"), []);
        assert_eq!(callers("NoSuchAction"), []);
    }

    #[test]
    fn names() {
        assert_eq!(actions().count(), 17);
        assert_eq!(action("ASSUMEROLE"), Some("AssumeRole"));
        assert!(!is_sts_action("TagSessions") && !is_sts_action("sts:AssumeRole") && !is_sts_action("*"));
        assert_eq!(suggest("TagSessions"), Some("TagSession"));
        assert_eq!(suggest("AssumeRoleWithWebIdentiy"), Some("AssumeRoleWithWebIdentity"));
        assert_eq!(suggest("PutObject"), None);
    }
}
