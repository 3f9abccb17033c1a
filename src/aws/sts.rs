//! The actions of AWS STS, and the callers for whom a trust policy makes each of them live.
//!
//! Source: *Actions, resources, and condition keys for AWS STS* (Service Authorization Reference) and *Mismatched
//! action for principal* (Access Analyzer policy check reference).

use super::{Table, nearest};

/// Actions and callers.
const ACTIONS: Table = Table(include_str!("data/sts-actions.tsv"));
/// The column of callers.
const CALLERS: usize = 1;

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

    /// The word in the table.
    fn word(self) -> &'static str {
        match self {
            Caller::Aws => "aws",
            Caller::Service => "service",
            Caller::Saml => "saml",
            Caller::Oidc => "oidc",
        }
    }
}

/// Every action of STS, without the `sts:` before it, in the spelling of AWS.
pub fn actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.rows().map(|row| row.field(0))
}

/// The action with this name, written without `sts:` and in whatever case, in the spelling of AWS.
pub fn action(name: &str) -> Option<&'static str> {
    ACTIONS.find_ignoring_case(name).map(|row| row.field(0))
}

/// Whether STS has this action. The name comes without `sts:`; case does not matter.
pub fn is_sts_action(name: &str) -> bool {
    action(name).is_some()
}

/// Whether allowing this action to this kind of caller, in a trust policy, allows anything at all.
pub fn live(action: &str, caller: Caller) -> bool {
    ACTIONS.find_ignoring_case(action).is_some_and(|row| row.list(CALLERS).contains(caller.word()))
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
    use crate::aws::tests::well_formed;

    #[test]
    fn table_is_well_formed() {
        well_formed(ACTIONS, 3, true);
        for row in ACTIONS.rows() {
            for word in row.list(CALLERS).iter() {
                assert!(Caller::ALL.iter().any(|caller| caller.word() == word), "{word}");
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
        assert_eq!(actions().count(), 16);
        assert_eq!(action("ASSUMEROLE"), Some("AssumeRole"));
        assert!(!is_sts_action("TagSessions") && !is_sts_action("sts:AssumeRole") && !is_sts_action("*"));
        assert_eq!(suggest("TagSessions"), Some("TagSession"));
        assert_eq!(suggest("AssumeRoleWithWebIdentiy"), Some("AssumeRoleWithWebIdentity"));
        assert_eq!(suggest("PutObject"), None);
    }
}
