//! Claims of strangers: what a token of another customer can say that still fits the patterns of a policy.
//!
//! A form such as `repo:ORG/REPO:ref:refs/heads/BRANCH` has capitals for what varies; the first of them names the
//! customer, `REGION` apart, which stands for a Region of AWS. A stranger fills everything freely, but never with the
//! name of somebody else.

use crate::policy::pattern::glob;

/// Parts of a GitHub subject that name the owner of the repository, with what ends the owner in their value.
/// Source: GitHub Docs, "OpenID Connect reference".
const OWNER_PARTS: [(&str, char); 9] = [
    ("repo", '/'),
    ("repository", '/'),
    ("job_workflow_ref", '/'),
    ("workflow_ref", '/'),
    ("repository_owner", ':'),
    ("repository_owner_id", ':'),
    ("repository_id", ':'),
    ("enterprise", ':'),
    ("enterprise_id", ':'),
];

/// Parts of a GitHub subject that any repository can have: its owner chooses the template and these values.
const FREE_PARTS: [&str; 12] = [
    "environment",
    "ref",
    "ref_type",
    "workflow",
    "context",
    "head_ref",
    "base_ref",
    "event_name",
    "actor",
    "actor_id",
    "runner_environment",
    "repository_visibility",
];

/// Further forms of GitHub subjects, which the owner of a repository chooses by a template.
const TEMPLATE_FORMS: [&str; 3] = [
    "repository_owner:ORG",
    "repository:ORG/REPO",
    "job_workflow_ref:ORG/REPO/.github/workflows/FILE@refs/heads/BRANCH",
];

/// Forms of GitHub subjects that the owner of a repository chooses by a template and that name the owner, each with
/// something behind the name.
pub const OWNER_FORMS: [&str; 3] =
    ["repository_owner:ORG:REST", "repository:ORG/REPO", "job_workflow_ref:ORG/REPO/.github/workflows/FILE@REF"];

/// The beginnings of GitHub subjects that any repository can have: `environment:`.
pub fn free_beginnings() -> impl Iterator<Item = String> {
    FREE_PARTS.iter().map(|part| format!("{part}:"))
}

/// What stands for a Region in a form.
const REGION: &str = "REGION";

/// A form and a pattern in the same Region: that of the pattern if it names one, and a usual one otherwise.
pub fn in_region(form: &str, pattern: &str) -> (String, String) {
    let some = "us-east-1";
    let Some((before, _)) = form.split_once(REGION) else { return (form.to_owned(), pattern.to_owned()) };
    let Some((region, rest)) = pattern.strip_prefix(before).and_then(|rest| rest.split_once(':')) else {
        let begun = pattern.strip_prefix(before).unwrap_or_default().split(['*', '?']).next().unwrap_or_default();
        let region = if some.starts_with(begun) { some.to_owned() } else { format!("{begun}x") };
        return (form.replace(REGION, &region), pattern.to_owned());
    };
    let region = match region.contains(['*', '?']) {
        true if glob(region, some) => some.to_owned(),
        true => region.replace(['*', '?'], "x"),
        false => region.to_owned(),
    };
    (form.replace(REGION, &region), format!("{before}{region}:{rest}"))
}

/// A value that a stranger has by a form, with words for what varies: `repo:attacker/repo:ref:refs/heads/branch`.
pub fn instance(form: &str) -> String {
    let (form, _) = in_region(form, "");
    let (prefix, _, rest) = parts(&form);
    format!("{prefix}attacker{}", lower(rest))
}

/// The value of a stranger that fits a pattern, if the pattern leaves the customer's name open.
pub fn fitting(form: &str, pattern: &str) -> Option<String> {
    let (form, pattern) = in_region(form, pattern);
    let (pattern, (prefix, end, rest)) = (pattern.as_str(), parts(&form));
    let star = pattern.find(['*', '?'])?;
    let (head, tail) = pattern.split_at(star);
    let after = tail.trim_start_matches('*');
    let customer = match head.strip_prefix(prefix) {
        Some(name) if name.contains([end, '@']) => return None,
        Some("") => "attacker".to_owned(),
        // One letter more or less is another customer too.
        Some(name) if tail.starts_with('?') => name.to_owned(),
        Some(name) => format!("{name}-attacker"),
        None if prefix.starts_with(head) => "attacker".to_owned(),
        None => return None,
    };
    let rest = lower(rest);
    // An id of the owner, which nobody else has: `repo:*@1234/*`.
    let first = after.split([end, ':']).next().unwrap_or_default();
    if first.rsplit_once('@').is_some_and(|(_, id)| !id.is_empty() && !id.contains(['*', '?'])) {
        return None;
    }
    let plain = format!("{prefix}{customer}{rest}");
    if glob(pattern, &plain) {
        return Some(plain);
    }
    let (short, long) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
    let middle = if after.is_empty() {
        rest.as_str()
    } else if after.split(':').next().is_some_and(|segment| segment.contains(end)) || end == ':' {
        ""
    } else {
        short
    };
    let candidate = format!("{prefix}{customer}{middle}{}", fill(after, long));
    glob(pattern, &candidate).then_some(candidate)
}

/// The value of a stranger that fits a pattern of which no form is known, if the pattern may leave the customer's name
/// open: before its first wildcard there is no whole segment behind the first, which is a label.
pub fn fitting_unknown(pattern: &str) -> Option<String> {
    let head = &pattern[..pattern.find(['*', '?'])?];
    let segments = head.split_once("://").map_or(head, |(_, rest)| rest);
    let whole = segments.matches([':', '/']).count();
    (whole < 2).then(|| fill(pattern, ""))
}

/// Whether a value of this form may fit a pattern, as far as what stands before the customer's name tells.
pub fn may_fit(form: &str, pattern: &str) -> bool {
    let (form, pattern) = in_region(form, pattern);
    let (prefix, ..) = parts(&form);
    let head = pattern.split(['*', '?']).next().unwrap_or_default();
    head.starts_with(prefix) || prefix.starts_with(head)
}

/// The subjects with which a stranger's workflow on GitHub may fit a pattern.
pub fn github(forms: impl Iterator<Item = &'static str>, pattern: &str) -> Vec<String> {
    if names_owner(pattern) {
        return Vec::new();
    }
    let mut found: Vec<String> = forms.chain(TEMPLATE_FORMS).filter_map(|form| fitting(form, pattern)).collect();
    if is_free(pattern) {
        found.push(fill(pattern, ""));
    }
    found
}

/// Whether a GitHub subject pattern is of a template that leaves the owner out: `environment:prod`.
pub fn is_free(pattern: &str) -> bool {
    let first = pattern.split(':').next().unwrap_or_default();
    FREE_PARTS.contains(&first) && !names_owner(pattern)
}

/// Whether a GitHub subject pattern says literally whose repository it is.
fn names_owner(pattern: &str) -> bool {
    let owner_in = |(name, end): (&str, char)| {
        pattern.match_indices(name).any(|(at, _)| {
            let begins = pattern[..at].chars().next_back().is_none_or(|c| matches!(c, ':' | '*' | '?'));
            let value = pattern[at + name.len()..].strip_prefix(':');
            begins && value.is_some_and(|value| literal(value, end))
        })
    };
    OWNER_PARTS.into_iter().any(owner_in)
}

/// Whether a value's first part has no wildcard, up to what ends it.
fn literal(value: &str, end: char) -> bool {
    let Some(part) = value.split(end).next().filter(|part| !part.is_empty()) else { return false };
    let ended = end == ':' || value.len() > part.len();
    // `ORG@ID`: either half says who it is.
    let known = |half: &str| !half.is_empty() && !half.contains(['*', '?']);
    ended && (known(part) || part.split_once('@').is_some_and(|(name, id)| known(name) || known(id)))
}

/// What stands before the customer's name, what ends the name, and what follows it, from that end on.
pub fn parts(form: &str) -> (&str, char, &str) {
    let start = form.find(|c: char| c.is_ascii_uppercase()).unwrap_or(form.len());
    let name = form[start..].find(|c: char| !c.is_ascii_uppercase() && c != '_').map_or(form.len(), |end| start + end);
    (&form[..start], form[name..].chars().next().unwrap_or(':'), &form[name..])
}

fn lower(form: &str) -> String {
    form.to_ascii_lowercase()
}

/// A text that fits a pattern; a `*` at the end takes the rest of the form where nothing of it stands yet.
fn fill(pattern: &str, rest: &str) -> String {
    let Some(start) = pattern.strip_suffix('*') else { return pattern.replace(['*', '?'], "x") };
    let end = match start.matches(':').count() {
        0 if !rest.is_empty() => rest,
        1 if start.ends_with(':') && !rest.is_empty() => &rest[1..],
        _ => "x",
    };
    start.replace(['*', '?'], "x") + end
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPO: &str = "repo:ORG/REPO:ref:refs/heads/BRANCH";
    const GOOGLE: &str = "PROJECT-CLIENT.apps.googleusercontent.com";

    #[test]
    fn patterns_that_leave_the_owner_open_are_filled() {
        for (pattern, expected) in [
            ("*", "repo:attacker/repo:ref:refs/heads/branch"),
            ("repo:*", "repo:attacker/repo:ref:refs/heads/branch"),
            ("repo:org*", "repo:org-attacker/repo:ref:refs/heads/branch"),
            ("repo:*/name:*", "repo:attacker/name:ref:refs/heads/branch"),
            ("repo:org*/name*", "repo:org-attacker/name:ref:refs/heads/branch"),
            ("repo:*:environment:prod", "repo:attacker/repo:environment:prod"),
            ("*:environment:prod", "repo:attacker/repo:environment:prod"),
            ("repo:o?/r:*", "repo:ox/r:ref:refs/heads/branch"),
            ("environment:prod", "environment:prod"),
            ("ref:refs/heads/*", "ref:refs/heads/x"),
            ("repository_owner:org*", "repository_owner:org-attacker"),
        ] {
            assert_eq!(github([REPO].into_iter(), pattern).first().map(String::as_str), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_name_the_owner_are_not() {
        for pattern in [
            "repo:org/*",
            "repo:org/name:*",
            "repo:org@1234/*",
            "repo:*@1234/*",
            "repo:org@*/name@*",
            "repository_owner:org:environment:*",
            "*:repository_owner_id:12",
            "environment:prod:repo:org/name",
            "job_workflow_ref:org/ci/.github/workflows/d.yml@*",
            "main",
            "repo:org/name:ref:refs/heads/main",
        ] {
            assert_eq!(github([REPO].into_iter(), pattern), Vec::<String>::new(), "{pattern}");
        }
    }

    #[test]
    fn audiences() {
        for (form, pattern, expected) in [
            ("https://vercel.com/TEAM", "https://vercel.com/*", Some("https://vercel.com/attacker")),
            ("https://vercel.com/TEAM", "https://vercel.com/acme*", Some("https://vercel.com/acme-attacker")),
            ("https://vercel.com/TEAM", "https://vercel.com/acme", None),
            ("aws:ORG", "*", Some("aws:attacker")),
            ("ORG", "acme*", Some("acme-attacker")),
            ("ORG", "aws:*", None),
            ("REGION:POOL", "eu-west-1:*", Some("eu-west-1:attacker")),
            ("REGION:POOL", "eu-west-1:1234*", Some("eu-west-1:1234-attacker")),
            ("REGION:POOL", "us-*", Some("us-east-1:attacker")),
            ("REGION:POOL", "eu-*", Some("eu-x:attacker")),
            ("REGION:POOL", "*:1234-5678", None),
            ("REGION:POOL", "us-*:*", Some("us-east-1:attacker")),
            (GOOGLE, "*.apps.googleusercontent.com", Some("attacker-client.apps.googleusercontent.com")),
            (GOOGLE, "407408718192-*", None),
        ] {
            assert_eq!(fitting(form, pattern).as_deref(), expected, "{form} {pattern}");
        }
        assert_eq!(instance("REGION:POOL"), "us-east-1:attacker");
        assert!(may_fit("REGION:POOL", "eu-*") && may_fit("aws:ORG", "a*") && may_fit("ORG", "x*"));
        assert!(!may_fit("aws:ORG", "gcp:*") && !may_fit("https://vercel.com/TEAM", "urn:vercel:*"));
    }

    #[test]
    fn other_issuers() {
        let gitlab = "project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH";
        assert_eq!(
            fitting(gitlab, "project_path:grp*").as_deref(),
            Some("project_path:grp-attacker/project:ref_type:branch:ref:branch")
        );
        assert_eq!(fitting(gitlab, "project_path:grp/*"), None);
        let terraform = "organization:ORG:project:PROJECT:workspace:WORKSPACE:run_phase:PHASE";
        assert_eq!(
            fitting(terraform, "organization:*:project:p:*").as_deref(),
            Some("organization:attacker:project:p:x")
        );
        assert_eq!(instance("system:serviceaccount:NAMESPACE:NAME"), "system:serviceaccount:attacker:name");
    }

    /// Every form in the table of issuers holds strangers out where it names the customer, and lets them in where a wildcard
    /// stands for the name or for its end.
    #[test]
    fn forms_of_the_table_name_a_customer() {
        for row in include_str!("../../aws/data/issuers.tsv").lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = row.split('\t').collect();
            for form in
                [fields[6], fields[7]].into_iter().flat_map(|forms| forms.split(' ')).filter(|form| *form != "-")
            {
                let (form, _) = in_region(form, "");
                let (before, end, rest) = parts(&form);
                assert!(before.len() < form.len(), "{form} has no customer");
                let end = if rest.is_empty() { String::new() } else { end.to_string() };
                let (named, begun, open) =
                    (format!("{before}acme{end}*"), format!("{before}acme*"), format!("{before}*"));
                for pattern in [&begun, &open] {
                    let fit = fitting(&form, pattern).unwrap_or_else(|| panic!("{form} in {pattern}"));
                    assert!(may_fit(&form, pattern) && glob(pattern, &fit), "{form} in {pattern}");
                }
                assert!(rest.is_empty() || fitting(&form, &named).is_none(), "{form} in {named}");
                assert!(fitting(&form, &format!("{before}acme")).is_none(), "{form}");
            }
        }
    }
}
