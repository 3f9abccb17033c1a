//! Identity providers: OIDC issuers with the claims that tell one customer of theirs from another, and SAML audiences.

use super::{List, find, find_exact, partitions};

// LITERAL: issuers of one name, sorted by it. PATTERNS: those in which `*` stands for characters other than a slash.
include!(concat!(env!("OUT_DIR"), "/aws_issuers.rs"));

/// Whom an issuer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssuerKind {
    /// Every customer of a vendor: only a claim tells one from another.
    Shared,
    /// Everybody, and IAM needs no provider for it: `accounts.google.com`.
    Builtin,
    /// One tenant, whom the issuer itself names: a cluster, an organization.
    Private,
}

/// An OIDC issuer that trust policies are known to name. Source: IAM User Guide, *Identity-provider controls for shared
/// OIDC providers*, and for the claims the Service Authorization Reference of STS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The issuer without `https://`, with `*` for the parts that vary.
    pub pattern: &'static str,
    /// Whose it is, for people.
    pub name: &'static str,
    /// Whom it serves.
    pub kind: IssuerKind,
    /// The claim without which IAM refuses a trust policy for it (`sub`), or a whole key (`sts:RoleSessionName`).
    pub required: Option<&'static str>,
    /// Claims that bind a token to one customer, each by itself, when their tenant part is tested against a literal.
    /// A name with a colon is a whole key. Empty for private issuers: there the issuer does it.
    pub tenant_claims: List,
    /// Claims that STS gives to a policy, beside `sub` and `aud`.
    pub claims: List,
    /// Forms of `sub`, with capitals for what varies.
    pub subjects: List,
    /// Forms of `aud`, likewise, where the audience names the customer.
    pub audiences: List,
    /// Whether AWS material says so; otherwise it is general knowledge.
    pub verified: bool,
}

impl Issuer {
    /// The forms of a claim's values that are known: capitals stand for what varies, and the first of them, `REGION`
    /// apart, for the customer.
    pub fn forms(&self, claim: &str) -> List {
        match claim {
            "sub" => self.subjects,
            "aud" => self.audiences,
            _ => List(&[]),
        }
    }
}

/// The issuer with this host and path, written without `https://`. One slash at the end does not matter (Auth0 has one,
/// others do not), nor does case, since IAM does not tell condition keys apart by it.
pub fn issuer(host_and_path: &str) -> Option<Issuer> {
    known(host_and_path).copied()
}

/// [`issuer`] in its place in the table.
pub(super) fn known(host_and_path: &str) -> Option<&'static Issuer> {
    let text = host_and_path.strip_suffix('/').unwrap_or(host_and_path);
    // The most literal pattern wins: Microsoft Sentinel is one tenant of Microsoft Entra ID. One without a `*` is the
    // text itself, and none is more literal.
    let literal = |issuer: &&Issuer| issuer.pattern.bytes().filter(|byte| *byte != b'*').count();
    literal_issuer(text).or_else(|| PATTERNS.iter().filter(|issuer| matches(issuer.pattern, text)).max_by_key(literal))
}

/// The issuers that IAM takes as a principal without a provider. Source: *AWS JSON policy elements: Principal*.
pub fn builtin() -> impl Iterator<Item = Issuer> {
    LITERAL.iter().filter(|issuer| issuer.kind == IssuerKind::Builtin).copied()
}

/// Whether IAM takes this host as a principal without a provider.
pub fn is_builtin(host: &str) -> bool {
    find_exact(&LITERAL, host, |issuer| issuer.pattern).is_some_and(|issuer| issuer.kind == IssuerKind::Builtin)
}

/// [`is_builtin`] as [`issuer`] compares: in whatever case, with a slash at the end or none.
pub(super) fn names_builtin(host: &str) -> bool {
    let text = host.strip_suffix('/').unwrap_or(host);
    literal_issuer(text).is_some_and(|issuer| issuer.kind == IssuerKind::Builtin)
}

fn literal_issuer(text: &str) -> Option<&'static Issuer> {
    find(&LITERAL, text, |issuer| issuer.pattern)
}

/// Whether a text fits a pattern: segment by segment, each with at most one `*`, which takes at least one character.
fn matches(pattern: &str, text: &str) -> bool {
    // Conditions are looked up by the thousand: nearly every pattern goes by one of its ends.
    let ends = |pattern: Option<&u8>, text: Option<&u8>| match (pattern, text) {
        (Some(b'*'), Some(_)) => true,
        (Some(pattern), Some(text)) => pattern.eq_ignore_ascii_case(text),
        _ => false,
    };
    let (bytes, own) = (pattern.as_bytes(), text.as_bytes());
    if !ends(bytes.first(), own.first()) || !ends(bytes.last(), own.last()) {
        return false;
    }
    let mut segments = text.split('/');
    let fits = pattern.split('/').all(|pattern| segments.next().is_some_and(|text| segment_matches(pattern, text)));
    fits && segments.next().is_none()
}

fn segment_matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return text.eq_ignore_ascii_case(pattern);
    };
    let (head, tail, text) = (head.as_bytes(), tail.as_bytes(), text.as_bytes());
    text.len() > head.len() + tail.len()
        && text[..head.len()].eq_ignore_ascii_case(head)
        && text[text.len() - tail.len()..].eq_ignore_ascii_case(tail)
}

/// Whether this is a sign-in endpoint of AWS, which `saml:aud` is to name: `https://signin.aws.amazon.com/saml`, the
/// form of a Region or another partition, or the form with an id (`/saml/acs/ID`) that encrypted assertions need.
/// Source: IAM User Guide, *Configure SAML assertions for the authentication response*; for other partitions the
/// endpoints of AWS Sign-In in botocore; the form with an id is general knowledge.
pub fn saml_audience(url: &str) -> bool {
    let Some((host, path)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let id = path.strip_prefix("saml/acs/").is_some_and(|id| !id.is_empty() && !id.contains('/'));
    let of = |partition: partitions::Partition, sign_in: &str| match host.strip_suffix(sign_in) {
        Some("") => true,
        Some(start) => {
            start.strip_suffix('.').and_then(partitions::of_region).is_some_and(|home| home.id == partition.id)
        }
        None => false,
    };
    (path == "saml" || id)
        && partitions::all().any(|partition| partition.sign_in_host.is_some_and(|host| of(partition, host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{optional, rows, searchable, words};

    #[test]
    fn every_row_is_found() {
        let rows = rows(include_str!("data/issuers.tsv"));
        assert_eq!(rows.len(), LITERAL.len() + PATTERNS.len());
        searchable(&LITERAL, |issuer| issuer.pattern);
        assert!(PATTERNS.iter().all(|issuer| issuer.pattern.contains('*')));
        for row in rows {
            let sample = row[0].replace('*', "x1");
            let found = issuer(&sample).expect(&sample);
            let kind = match found.kind {
                IssuerKind::Shared => "shared",
                IssuerKind::Builtin => "builtin",
                IssuerKind::Private => "private",
            };
            assert_eq!([found.pattern, found.name, kind], row[..3], "{sample}");
            assert_eq!(found.required, optional(row[3]), "{sample}");
            let lists = [found.tenant_claims, found.claims, found.subjects, found.audiences].map(words);
            assert_eq!(lists, row[4..8], "{sample}");
            assert_eq!(if found.verified { "yes" } else { "no" }, row[8], "{sample}");
            assert_eq!(found.tenant_claims.is_empty(), found.kind == IssuerKind::Private, "{sample}");
            assert!(found.required.is_none_or(|claim| found.tenant_claims.contains(claim)), "{sample}");
            assert_eq!(issuer(&format!("{}/", sample.to_ascii_uppercase())), Some(found), "{sample}");
        }
    }

    #[test]
    fn github() {
        let github = issuer("token.actions.githubusercontent.com").expect("known");
        assert_eq!((github.kind, github.required), (IssuerKind::Shared, Some("sub")));
        assert!(github.tenant_claims.contains("repository_owner_id"));
        assert!(!github.tenant_claims.contains("job_workflow_ref"), "anyone may call a public workflow");
        assert!(!github.tenant_claims.contains("environment") && github.claims.contains("environment"));
        for private in [
            "token.actions.githubusercontent.com/octo-enterprise",
            "token.actions.octocorp.ghe.com",
            "github.example.com/_services/token",
        ] {
            assert_eq!(issuer(private).map(|issuer| issuer.kind), Some(IssuerKind::Private), "{private}");
        }
    }

    #[test]
    fn the_most_literal_pattern_wins() {
        let sentinel = issuer("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/").expect("known");
        assert_eq!(sentinel.required, Some("sts:RoleSessionName"));
        let entra = issuer("sts.windows.net/00000000-0000-0000-0000-000000000000/").expect("known");
        assert_eq!((entra.kind, entra.required), (IssuerKind::Private, None));
    }

    #[test]
    fn patterns() {
        for (text, name) in [
            ("oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123456789", Some("Amazon EKS cluster")),
            ("acme.auth0.com/", Some("Auth0")),
            ("acme.us.auth0.com", Some("Auth0")),
            ("acme.okta.com/oauth2/default", Some("Okta authorization server")),
            ("oidc.circleci.com/org/1b2c", Some("CircleCI")),
            ("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC", Some("Amazon Cognito user pool")),
            ("GitLab.com", Some("GitLab")),
            ("gitlab.com/x", None),
            ("gitlab.example.com", None),
            ("auth0.com", None),
            (".auth0.com", None),
            ("oidc.eks.us-east-1.amazonaws.com/id/", None),
            ("https://gitlab.com", None),
            ("", None),
        ] {
            assert_eq!(issuer(text).map(|issuer| issuer.name), name, "{text}");
        }
    }

    #[test]
    fn builtin_issuers() {
        assert_eq!(builtin().count(), 4);
        assert!(is_builtin("cognito-identity.amazonaws.com") && !is_builtin("gitlab.com"));
        assert!(!is_builtin("Accounts.google.com") && !is_builtin("accounts.google.com/"));
        assert!(names_builtin("Accounts.google.com") && names_builtin("accounts.google.com/"));
        assert!(!names_builtin("gitlab.com") && !names_builtin("acme.okta.com"));
    }

    #[test]
    fn audiences() {
        for url in [
            "https://signin.aws.amazon.com/saml",
            "https://eu-west-1.signin.aws.amazon.com/saml",
            "https://signin.amazonaws.cn/saml",
            "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml",
            "https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml",
            "https://signin.c2shome.ic.gov/saml",
            "https://signin.aws.amazon.com/saml/acs/IDP123",
        ] {
            assert!(saml_audience(url), "{url}");
        }
        for url in [
            "urn:amazon:webservices",
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/",
            "https://signin.aws.amazon.com/SAML",
            "https://evil-signin.aws.amazon.com/saml",
            "https://us-gov-west-1.signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com",
            "",
        ] {
            assert!(!saml_audience(url), "{url}");
        }
    }
}
