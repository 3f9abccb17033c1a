//! What a check can ask: the policy, the facts of the user's estate, the rule's options.

use super::options::{OptionValue, OptionValues};
use crate::access::{Access, Estate, Query, Through, Verdict};
use crate::aws;
use crate::aws::roles::{Prescribed, SERVICE_LINKED};
use crate::policy::{Effect, Policy, Principal, PrincipalKind, Statement, normal};
use crate::site::{OwnerAccount, PolicySite};
use crate::value::{Domain, Hole, PartRef, Text, Value};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Facts about the user's estate, `[org]` of the configuration. They turn `likely` into `proved`, or into silence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Org {
    /// Accounts of the own organization.
    pub accounts: Vec<String>,
    /// Foreign accounts that are trusted on purpose, with the reason.
    pub trusted_accounts: BTreeMap<String, String>,
    /// The organization's id.
    pub org_id: Option<String>,
    /// For an OpenID Connect issuer, the patterns of subjects that are the user's own.
    pub oidc: BTreeMap<String, Vec<String>>,
}

impl Org {
    /// The facts as the engine takes them, for a policy that lives in this account.
    pub fn estate(&self, account: Option<&str>) -> Estate {
        Estate {
            account: account.map(str::to_owned),
            accounts: self.accounts.clone(),
            trusted: self.trusted_accounts.keys().cloned().collect(),
            organization: self.org_id.clone(),
            subjects: self.oidc.clone(),
            ..Estate::default()
        }
    }
}

/// How an account stands to the account that a role lives in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the same account.
    Own,
    /// It belongs to the own organization: `[org] accounts`.
    Organization,
    /// It is foreign and trusted on purpose: `[org] trusted-accounts`, with the reason.
    Trusted(String),
    /// A vendor that publishes it as the account it calls from.
    Vendor(&'static str),
    /// AWS itself owns it, for this service.
    Aws(&'static str),
    /// It is neither the role's account nor one of the organization's.
    Foreign,
    /// It is a literal account, and nothing says whose the role is.
    Unknown,
    /// The account itself is not known.
    Hole,
}

/// One policy before one rule.
#[derive(Debug)]
pub struct Context<'a> {
    /// Where the policy was found.
    pub site: &'a PolicySite<'a>,
    /// The policy.
    pub policy: &'a Policy,
    /// The facts of the user's estate.
    pub org: &'a Org,
    /// The rule's options.
    pub options: &'a OptionValues,
    /// The normalized view, made when the first query asks for it and shared by all rules.
    pub view: &'a OnceCell<Value<'a>>,
    /// The policy before the engine, shared by all rules.
    pub access: &'a Access<'a>,
}

impl Context<'_> {
    /// The normalized view that queries run over.
    pub fn view(&self) -> &Value<'_> {
        self.view.get_or_init(|| normal::normalize(&self.site.document))
    }

    /// Ask about all requests that pass through one principal of one statement.
    pub fn ask(&self, query: &Query, statement: &Statement, principal: &Principal) -> Verdict {
        self.access.ask(query, through(statement, principal))
    }

    /// Whether a condition of the policy is about a key.
    pub fn reads(&self, key: &str) -> bool {
        self.policy.statements.iter().any(|statement| statement.conditions.iter().any(|one| one.is_about(key)))
    }

    /// The statements that allow something.
    pub fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
    }

    /// Every principal that an Allow statement lists, with the statement.
    pub fn allowed_principals(&self) -> impl Iterator<Item = (&Statement, &Principal)> {
        self.allows()
            .flat_map(|statement| statement.listed_principals().iter().map(move |principal| (statement, principal)))
    }

    /// An integer option of the rule.
    pub fn int(&self, name: &str) -> i64 {
        match self.options.get(name) {
            Some(OptionValue::Int(value)) => *value,
            _ => 0,
        }
    }

    /// The account that the role or resource lives in, where it is known.
    pub fn own_account(&self) -> Option<&str> {
        own_account(self.site, self.policy)
    }

    /// What prescribes the trust policy of the role, by its name, where anything does.
    pub fn prescribed(&self) -> Option<&'static Prescribed> {
        aws::roles::prescribed(&with_any_values(self.site.owner.name.as_ref()?))
    }

    /// Whether the role is one that a service made for itself, so that nobody can change its trust policy. Such a role
    /// trusts services alone; one that trusts anybody else only looks like it.
    pub fn is_service_linked(&self) -> bool {
        let path = self.site.owner.path.as_ref().and_then(Text::known);
        let is_service = |(_, principal): (_, &Principal)| matches!(principal.kind, PrincipalKind::Service { .. });
        path.is_some_and(|path| path.starts_with(SERVICE_LINKED)) && self.allowed_principals().all(is_service)
    }

    /// How an account stands to the role's.
    pub fn relation(&self, account: &Text) -> Relation {
        if account.only_hole().is_some_and(|hole| hole.domain == Domain::OwnAccount) {
            return Relation::Own;
        }
        let Some(id) = account.likely() else { return Relation::Hole };
        if self.own_account() == Some(&id) {
            return Relation::Own;
        }
        if self.org.accounts.iter().any(|known| *known == id) {
            return Relation::Organization;
        }
        if let Some(reason) = self.org.trusted_accounts.get(id.as_ref()) {
            return Relation::Trusted(reason.clone());
        }
        if let Some(vendor) = aws::accounts::vendor(&id) {
            return Relation::Vendor(vendor);
        }
        // A default that is a stand-in, or of a variable that is named after an account of one's own, says nothing.
        let names_own = |hole: &Hole| hole.default.is_some() && is_name_of_own(&hole.name);
        if account.known().is_none() && (aws::accounts::placeholder(&id) || account.only_hole().is_some_and(names_own))
        {
            return Relation::Hole;
        }
        if let Some(service) = aws::accounts::aws_owned(&id) {
            return Relation::Aws(service);
        }
        // With the organization's accounts listed, any other account is somebody else's.
        if self.own_account().is_some() || !self.org.accounts.is_empty() {
            Relation::Foreign
        } else {
            Relation::Unknown
        }
    }
}

/// Whether a parameter or variable is named after an account that an organization has of its own: the one that manages
/// it, or the one that pipelines, logs or security tools live in.
fn is_name_of_own(name: &str) -> bool {
    const OWN: [&str; 17] = [
        "admin",
        "administrator",
        "audit",
        "build",
        "central",
        "ci",
        "deployment",
        "hub",
        "logging",
        "management",
        "master",
        "mgmt",
        "organization",
        "parent",
        "payer",
        "security",
        "tooling",
    ];
    const OTHERS: [&str; 5] = ["customer", "external", "partner", "party", "vendor"];
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&OWN) && !has(&OTHERS)
}

/// The words of a name in lower case: `var.ci_account_id`, `pManagementAccountId`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    words
}

/// A text with some value for each part that is not known.
fn with_any_values(text: &Text) -> String {
    let part = |part: PartRef<'_>| match part {
        PartRef::Literal(text) => text.to_owned(),
        PartRef::Hole(hole) => hole.default.clone().unwrap_or_else(|| "x".to_owned()),
    };
    text.parts().map(part).collect()
}

/// A principal of a statement as the place of a question.
pub fn through(statement: &Statement, principal: &Principal) -> Through {
    let principal = statement.listed_principals().iter().position(|other| std::ptr::eq(other, principal));
    Through { statement: Some(statement.index), principal }
}

/// The account that a role or resource lives in, where it is known: from an ARN beside the policy, or because an
/// identity provider in a trust policy is always of the role's own account
/// (IAM User Guide, "AWS JSON policy elements: Principal").
pub fn own_account<'p>(site: &'p PolicySite<'_>, policy: &'p Policy) -> Option<&'p str> {
    if let OwnerAccount::Id(id) = &site.owner.account {
        return Some(id);
    }
    policy.statements.iter().flat_map(Statement::listed_principals).find_map(|principal| match &principal.kind {
        PrincipalKind::Oidc { account, .. } | PrincipalKind::Saml { account } => {
            account.known().filter(|id| aws::accounts::is_account_id(id))
        }
        _ => None,
    })
}
