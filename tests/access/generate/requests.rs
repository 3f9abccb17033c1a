//! Random requests that can come about, with values that a policy's own literals suggest.
//!
//! Which keys a request holds follows from how it is made: IAM User Guide, "AWS global condition context keys" and "IAM
//! and AWS STS condition context keys". Keys that follow from the caller alone are not set: whoever evaluates knows them.

use super::hints::{
    Hints, is_account, is_external_id, is_github_subject, is_organization, is_session_name, well_formed_name,
};
use super::{OWN_ACCOUNT, Rng};
use iamlint::access::{Caller, Context, Request};
use serde_json::Value;

/// How the request is made.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    /// By a user with long-term keys.
    User,
    /// By a user with temporary credentials.
    UserSession,
    Role,
    Service,
    Saml,
    Oidc,
}

/// A request that can come about. Half of its values are taken from the policy.
pub fn request(rng: &mut Rng, policy_json: &str) -> Request {
    let policy: Value = serde_json::from_str(policy_json).expect("a generated policy");
    let mut hints = Hints::default();
    let statements = match &policy["Statement"] {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    for statement in statements {
        hints.collect(statement);
    }
    let caller = caller(rng, &hints);
    let flow = match &caller {
        Caller::User { .. } if rng.chance(50) => Flow::UserSession,
        Caller::User { .. } => Flow::User,
        Caller::Role { .. } | Caller::Root { .. } | Caller::FederatedUser { .. } => Flow::Role,
        Caller::Service(_) => Flow::Service,
        Caller::Saml(_) => Flow::Saml,
        Caller::Oidc(_) | Caller::Anonymous => Flow::Oidc,
    };
    let main = match flow {
        Flow::User | Flow::UserSession | Flow::Role | Flow::Service => "sts:AssumeRole",
        Flow::Saml => "sts:AssumeRoleWithSAML",
        Flow::Oidc => "sts:AssumeRoleWithWebIdentity",
    };
    let mut build = Build { rng, hints: &hints, flow, context: Context::default() };
    build.common(&caller);
    let tagged = build.tags(&caller);
    let identified = build.source_identity();
    let context = build.context;
    // The companions of a call are asked with the context of that call.
    let action = match rng.below(10) {
        0 | 1 if tagged => "sts:TagSession",
        2 if identified => "sts:SetSourceIdentity",
        _ => main,
    };
    Request { action: action.to_owned(), caller, resource: None, context }
}

const ACCOUNTS: [&str; 4] = [OWN_ACCOUNT, "444455556666", "777788889999", "999999999999"];
const NAMES: [&str; 5] = ["alice", "team/bob", "Deploy", "app-1", "evil"];

fn caller(rng: &mut Rng, hints: &Hints) -> Caller {
    if let Some(text) = hints.principals.get(rng.below(hints.principals.len() * 5 / 3)) {
        let account = text.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
        match Caller::parse(text) {
            // An account stands for its users and roles; the root user cannot assume a role.
            _ if account.is_some() => return member(rng, account.unwrap_or_default()),
            Some(Caller::User { account, name, .. }) if name == "someone" => return member(rng, &account),
            Some(Caller::Role { partition, account, name, session }) => {
                let session = if rng.chance(60) { session } else { "s1".to_owned() };
                return Caller::Role { partition, account, name, session };
            }
            Some(known) => return known,
            None => {}
        }
    }
    match rng.below(10) {
        0 => Caller::Service(
            rng.pick(&[
                "ec2.amazonaws.com",
                "lambda.amazonaws.com",
                "cloudtrail.amazonaws.com",
                "scheduler.amazonaws.com",
            ])
            .to_owned(),
        ),
        1 => Caller::Oidc(
            rng.pick(&[
                "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
                "arn:aws:iam::111122223333:oidc-provider/gitlab.com",
                "cognito-identity.amazonaws.com",
            ])
            .to_owned(),
        ),
        2 => Caller::Saml("arn:aws:iam::111122223333:saml-provider/Okta".to_owned()),
        _ => {
            // `aws:PrincipalArn` suggests callers as well.
            let arn = hints.value(rng, &["aws:PrincipalArn"]).filter(|_| rng.chance(50));
            match arn.as_deref().and_then(Caller::parse) {
                Some(Caller::User { partition, account, name }) if well_formed_name(&account, &name) => {
                    Caller::User { partition, account, name }
                }
                Some(Caller::Role { partition, account, name, session }) if well_formed_name(&account, &name) => {
                    Caller::Role { partition, account, name, session }
                }
                _ => {
                    let account = hints.value(rng, &["aws:PrincipalAccount"]).filter(|_| rng.chance(50));
                    let account = account.filter(|account| is_account(account));
                    let stranger = rng.pick(&ACCOUNTS).to_owned();
                    member(rng, &account.unwrap_or(stranger))
                }
            }
        }
    }
}

/// A user or a role of an account.
fn member(rng: &mut Rng, account: &str) -> Caller {
    let name = rng.pick(&NAMES);
    // Names are unique in an account whatever their path, so each has one: that which the policies give it.
    let name = if name == "Deploy" && account == OWN_ACCOUNT { "team/Deploy" } else { name };
    let (partition, account, name) = ("aws".to_owned(), account.to_owned(), name.to_owned());
    if rng.chance(50) {
        Caller::User { partition, account, name }
    } else {
        Caller::Role { partition, account, name, session: rng.pick(&["ci", "s1", "alice"]).to_owned() }
    }
}

struct Build<'a> {
    rng: &'a mut Rng,
    hints: &'a Hints,
    flow: Flow,
    context: Context,
}

impl Build<'_> {
    fn set(&mut self, key: &str, value: impl Into<String>) {
        let value = value.into();
        // Of all keys only tags may be empty.
        let value = if value.is_empty() && !key.contains('/') { "x".to_owned() } else { value };
        self.context.set(key, vec![value]);
    }

    /// Whether to give a key that a request may have or not.
    fn may(&mut self, key: &str) -> bool {
        let percent = if self.hints.reads(key) { 70 } else { 8 };
        self.rng.chance(percent)
    }

    /// A value of the policy in half of the cases, if it is well formed; a fresh one otherwise.
    fn value(&mut self, key: &str, fresh: &[&str], well_formed: fn(&str) -> bool) -> String {
        self.value_of(&[key], fresh, well_formed)
    }

    fn value_of(&mut self, keys: &[&str], fresh: &[&str], well_formed: fn(&str) -> bool) -> String {
        let known = if self.rng.chance(55) { self.hints.value(self.rng, keys) } else { None };
        known.filter(|value| well_formed(value)).unwrap_or_else(|| self.rng.pick(fresh).to_owned())
    }

    fn common(&mut self, caller: &Caller) {
        let signed = matches!(self.flow, Flow::User | Flow::UserSession | Flow::Role);
        self.time();
        self.set("aws:SecureTransport", "true");
        let region =
            self.value("aws:RequestedRegion", &["us-east-1", "eu-west-1", "ap-south-1"], |text| text.len() > 6);
        self.set("aws:RequestedRegion", region);
        let agent = self.value("aws:UserAgent", &["aws-cli/2.17", "console.amazonaws.com", "Boto3/1.40"], |_| true);
        self.set("aws:UserAgent", agent);
        self.set("aws:ResourceAccount", OWN_ACCOUNT);
        for key in self.hints.starting("aws:resourcetag/").into_iter().map(str::to_owned).collect::<Vec<_>>() {
            if self.may(&key) {
                let value = self.value(&key, &["red", "blue", ""], |_| true);
                self.set(&key, value);
            }
        }
        if self.flow != Flow::Service && self.may("aws:referer") {
            self.set("aws:referer", "https://example.com/");
        }
        if matches!(self.flow, Flow::User | Flow::UserSession | Flow::Role) {
            self.set("aws:ViaAWSService", "false");
        }
        let session =
            self.value("sts:RoleSessionName", &["ci", "alice", "alice-1", "evil", "evil-root"], is_session_name);
        self.set("sts:RoleSessionName", session);
        self.network();
        match caller {
            Caller::User { .. } => {
                self.set("aws:userid", self.user_id("AIDAEXAMPLEUSER00000"));
                self.multi_factor();
            }
            Caller::Role { session, .. } => {
                let id = format!("{}:{session}", self.user_id("AROAEXAMPLEROLE00000"));
                self.set("aws:userid", id);
                self.role_session();
            }
            Caller::Service(_) => self.service(),
            Caller::Oidc(provider) => self.oidc(provider),
            Caller::Saml(_) => self.saml(),
            Caller::Root { .. } | Caller::FederatedUser { .. } | Caller::Anonymous => {}
        }
        if signed {
            self.organization("aws:PrincipalOrgID", "aws:PrincipalOrgPaths");
        }
        let external = matches!(self.flow, Flow::User | Flow::UserSession | Flow::Role | Flow::Service);
        if external && self.may("sts:ExternalId") {
            let id = self.value("sts:ExternalId", &["k7Qd-2290", "acme-1", "fresh-id", "acme-"], is_external_id);
            self.set("sts:ExternalId", id);
        }
    }

    fn user_id(&self, stem: &str) -> String {
        format!("{stem}{}", 1 + self.flow as usize)
    }

    /// `CurrentTime` and `EpochTime` are one instant; temporary credentials are older than it.
    fn time(&mut self) {
        let times = [
            ("2025-12-31T23:59:59Z", "1767225599", "2025-12-31T22:00:00Z"),
            ("2026-01-01T00:00:00Z", "1767225600", "2025-12-31T23:59:00Z"),
            ("2026-06-01T12:00:00Z", "1780315200", "2026-06-01T12:00:00Z"),
            ("2026-11-22T00:00:00Z", "1795305600", "2026-11-21T20:15:00Z"),
            ("2027-03-01T08:30:00Z", "1803889800", "2027-03-01T08:00:00Z"),
        ];
        let (now, epoch, issued) = times[self.rng.below(times.len())];
        self.set("aws:CurrentTime", now);
        self.set("aws:EpochTime", epoch);
        if matches!(self.flow, Flow::UserSession | Flow::Role) {
            self.set("aws:TokenIssueTime", issued);
        }
    }

    /// An address, or an endpoint with all that comes with it.
    fn network(&mut self) {
        if matches!(self.flow, Flow::Service | Flow::Saml) {
            if self.flow == Flow::Saml {
                let address = self.address("aws:SourceIp");
                self.set("aws:SourceIp", address);
            }
            return;
        }
        let endpoint = if self.hints.reads("aws:SourceVpce") || self.hints.reads("aws:SourceVpc") { 50 } else { 10 };
        if self.rng.chance(endpoint) {
            let vpce =
                self.value("aws:SourceVpce", &["vpce-0a1b2c3d", "vpce-99999999"], |text| text.starts_with("vpce-"));
            self.set("aws:SourceVpce", vpce);
            let vpc = self.value("aws:SourceVpc", &["vpc-0a1b2c3d", "vpc-99999999"], |text| text.starts_with("vpc-"));
            self.set("aws:SourceVpc", vpc);
            self.set("aws:VpcSourceIp", "10.0.0.7");
        } else {
            let address = self.address("aws:SourceIp");
            self.set("aws:SourceIp", address);
        }
    }

    fn address(&mut self, key: &str) -> String {
        let known = if self.rng.chance(50) { self.hints.value(self.rng, &[key]) } else { None };
        match known {
            // The first address of a range is in it, whatever the length of its prefix.
            Some(range) => range.split('/').next().unwrap_or_default().to_owned(),
            None => self
                .rng
                .pick(&["203.0.113.9", "203.0.113.200", "198.51.100.7", "192.0.2.1", "2001:db8::5", "2001:db9::1"])
                .to_owned(),
        }
    }

    /// Long-term keys have the key with a code or not at all; temporary credentials always have it.
    fn multi_factor(&mut self) {
        let with_code = self.rng.chance(50);
        match (self.flow, with_code) {
            (Flow::User, false) => return,
            (Flow::UserSession, false) => return self.set("aws:MultiFactorAuthPresent", "false"),
            _ => self.set("aws:MultiFactorAuthPresent", "true"),
        }
        let age = self.rng.pick(&["0", "60", "899", "900", "901", "3599", "3600", "7200"]).to_owned();
        self.set("aws:MultiFactorAuthAge", if self.flow == Flow::User { "0".to_owned() } else { age });
    }

    fn role_session(&mut self) {
        if self.rng.chance(40) {
            self.set("aws:MultiFactorAuthPresent", "false");
        }
        if self.may("aws:SourceIdentity") {
            let value = self.value("aws:SourceIdentity", &["alice", "bob"], is_session_name);
            self.set("aws:SourceIdentity", value);
        }
        if self.may("aws:FederatedProvider") {
            let value =
                self.value("aws:FederatedProvider", &["cognito-identity.amazonaws.com"], |text| text.contains('.'));
            self.set("aws:FederatedProvider", value);
        }
    }

    /// An organization, with the one place in it that the account has; both or neither.
    fn organization(&mut self, id_key: &str, paths_key: &str) {
        if !(self.may(id_key) || self.may(paths_key)) {
            return;
        }
        let id = self.value(id_key, &["o-a1b2c3d4e5", "o-z9y8x7w6v5", "o-stranger01"], is_organization);
        let paths = format!(
            "{id}/{}",
            self.rng.pick(&[
                "r-ab12/",
                "r-ab12/ou-ab12-11111111/",
                "r-ab12/ou-ab12-11111111/ou-ab12-22222222/",
                "r-zz99/ou-zz99-33333333/"
            ])
        );
        self.set(id_key, id);
        self.context.set(paths_key, vec![paths]);
    }

    /// Some services name the resource they act for, some its account, some both, some neither.
    fn service(&mut self) {
        if self.rng.chance(20) {
            return;
        }
        let arn = self.value(
            "aws:SourceArn",
            &[
                "arn:aws:cloudtrail:us-east-1:111122223333:trail/t1",
                "arn:aws:cloudtrail:us-east-1:777788889999:trail/t1",
                "arn:aws:s3:::bucket",
            ],
            |text| {
                let fields: Vec<&str> = text.splitn(6, ':').collect();
                fields.len() == 6
                    && fields[0] == "arn"
                    && (fields[4].is_empty() || is_account(fields[4]))
                    && !fields[5].is_empty()
            },
        );
        let of_arn = arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned);
        let account = match of_arn {
            Some(account) => account,
            None => self.value("aws:SourceAccount", &ACCOUNTS, is_account),
        };
        let (with_arn, with_account) = (self.rng.chance(65), self.rng.chance(65));
        if with_arn {
            self.set("aws:SourceArn", arn);
        }
        if with_account {
            self.set("aws:SourceAccount", account);
        }
        if with_arn || with_account {
            self.organization("aws:SourceOrgID", "aws:SourceOrgPaths");
        }
    }

    /// `sub` and `aud` always, other claims only where STS passes them on for this issuer.
    fn oidc(&mut self, provider: &str) {
        let issuer = provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer).to_owned();
        let key = |claim: &str| format!("{issuer}:{claim}");
        let (subjects, audiences, claims): (&[&str], &[&str], &[&str]) = match issuer.as_str() {
            "token.actions.githubusercontent.com" => (
                &[
                    "repo:example-org/app:ref:refs/heads/main",
                    "repo:example-org/app:pull_request",
                    "repo:example-org/app:environment:prod",
                    "repo:example-orgx/app:ref:refs/heads/main",
                    "repo:evil/x:ref:refs/tags/v1",
                    "repo:example-org@123/app@456:ref:refs/heads/main",
                ],
                &["sts.amazonaws.com", "https://github.com/evil"],
                &[
                    "actor",
                    "actor_id",
                    "environment",
                    "job_workflow_ref",
                    "ref",
                    "repository",
                    "repository_id",
                    "repository_owner_id",
                    "workflow",
                ],
            ),
            "gitlab.com" => (
                &[
                    "project_path:grp/app:ref_type:branch:ref:main",
                    "project_path:grp-evil/p:ref_type:branch:ref:main",
                    "project_path:grp/app:ref_type:tag:ref:v1",
                ],
                &["https://gitlab.com", "sts.amazonaws.com"],
                &["namespace_id", "project_id", "ref_protected", "user_login"],
            ),
            "cognito-identity.amazonaws.com" => {
                (&["us-east-1:identity-1"], &["us-east-1:pool", "us-east-1:other"], &[])
            }
            "accounts.google.com" => (&["118", "119"], &["666777888999", "evil-client"], &[]),
            _ => (&["system:serviceaccount:web:api", "system:serviceaccount:evil:api"], &["sts.amazonaws.com"], &[]),
        };
        let github = issuer == "token.actions.githubusercontent.com";
        let sub = self.value(&key("sub"), subjects, if github { is_github_subject } else { |text| !text.is_empty() });
        self.set(&key("sub"), sub);
        let aud = self.value(&key("aud"), audiences, |text| !text.is_empty());
        self.set(&key("aud"), aud);
        for claim in claims {
            if self.may(&key(claim)) {
                let value = self
                    .value(&key(claim), &["123", "prod", "true", "refs/heads/main", "evil"], |text| !text.is_empty());
                self.set(&key(claim), value);
            }
        }
        if issuer == "cognito-identity.amazonaws.com" {
            let amr =
                if self.rng.chance(50) { vec!["unauthenticated"] } else { vec!["authenticated", "graph.facebook.com"] };
            self.context.set(&key("amr"), amr.into_iter().map(str::to_owned).collect());
        }
        if self.may("sts:RoleAuthorizedByIdp") {
            self.set("sts:RoleAuthorizedByIdp", "true");
        }
    }

    fn saml(&mut self) {
        let aud = self.value(
            "saml:aud",
            &["https://signin.aws.amazon.com/saml", "https://eu-west-1.signin.aws.amazon.com/saml"],
            |text| text.starts_with("https://"),
        );
        self.set("saml:aud", aud);
        self.set("saml:iss", "https://idp.example.com");
        self.set("saml:doc", "111122223333/Okta");
        self.set("saml:namequalifier", "q1");
        let sub = self.value("saml:sub", &["alice@example.com", "eve@example.com"], |text| !text.is_empty());
        self.set("saml:sub", sub);
        let kind = self.rng.pick(&["persistent", "transient"]).to_owned();
        self.set("saml:sub_type", kind);
        if self.may("saml:edupersonaffiliation") {
            let mut list =
                vec![self.value("saml:edupersonaffiliation", &["staff", "student"], |text| !text.is_empty())];
            if self.rng.chance(40) {
                list.push("alum".to_owned());
            }
            self.context.set("saml:edupersonaffiliation", list);
        }
    }

    /// Tags of the caller and tags passed with the call; whether there are any of the latter.
    fn tags(&mut self, caller: &Caller) -> bool {
        let anywhere = matches!(caller, Caller::Service(host) if host == "rolesanywhere.amazonaws.com");
        if anywhere || matches!(self.flow, Flow::User | Flow::UserSession | Flow::Role) {
            for key in self.hints.starting("aws:principaltag/").into_iter().map(str::to_owned).collect::<Vec<_>>() {
                if self.may(&key) {
                    let value = self.value_of(
                        &[&key, "aws:ResourceTag/team"],
                        &["red", "blue", "alice", "Red", "other"],
                        |_| true,
                    );
                    self.set(&key, value);
                }
            }
        }
        let mut names: Vec<String> = Vec::new();
        for key in self.hints.starting("aws:requesttag/").into_iter().map(str::to_owned).collect::<Vec<_>>() {
            if self.may(&key) {
                names.push(key["aws:requesttag/".len()..].to_owned());
            }
        }
        if self.hints.reads("aws:TagKeys") && self.rng.chance(60) {
            let more = self.value("aws:TagKeys", &["team", "cost", "admin"], |text| !text.is_empty());
            if !names.iter().any(|name| name.eq_ignore_ascii_case(&more)) {
                names.push(more);
            }
        }
        for name in &names {
            let key = format!("aws:RequestTag/{name}");
            let value = self.value(&key, &["red", "blue", "other", "web", "api"], |_| true);
            self.set(&key, value);
        }
        let tagged = !names.is_empty();
        self.context.set("aws:TagKeys", names);
        tagged
    }

    fn source_identity(&mut self) -> bool {
        let given = self.may("sts:SourceIdentity");
        if given {
            let value = self.value("sts:SourceIdentity", &["alice", "bob", "svc"], is_session_name);
            self.set("sts:SourceIdentity", value);
        }
        given
    }
}
