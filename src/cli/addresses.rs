//! Addresses of policies on the command line: patterns of them, and the ones that somebody may have meant.

use crate::policy::pattern::glob;
use crate::site::stable_address;

/// How many addresses are listed.
const MANY: usize = 10;

/// Whether a policy has this address. `*` and `?` stand for any characters; what is said for people only may be left out.
pub fn is_named(address: &str, wanted: &str) -> bool {
    let stable = stable_address(address);
    address == wanted || stable == wanted || glob(wanted, address) || glob(wanted, stable)
}

/// The addresses nearest to one that there is not, a line for each, after what they are: "there are" all of them, or "the
/// nearest are" some.
pub fn near(wanted: &str, addresses: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for address in addresses {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let what = if all.len() > MANY { "the nearest are" } else { "there are" };
    if all.len() > MANY {
        // Whole names in common tell more than letters: `module.a["x"].aws_iam_role.ci` is near to `aws_iam_role.ci`.
        let far = |address: &String| (!address.contains(wanted), strsim::damerau_levenshtein(wanted, address));
        all.sort_by_cached_key(far);
        all.truncate(MANY);
    }
    let lines: String = all.iter().map(|address| format!("\n  {address}")).collect();
    format!("{what}{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_what_is_for_people() {
        assert!(is_named("module.n[\"a\"].aws_iam_role.b", "module.n[\"a\"].aws_iam_role.b"));
        assert!(is_named("module.n[\"a\"].aws_iam_role.b", "module.n*.aws_iam_role.b"));
        assert!(is_named("Resources.Role1A (App/Role)", "Resources.Role1A"));
        assert!(!is_named("aws_iam_role.ab", "aws_iam_role.a"));
    }

    #[test]
    fn the_nearest_come_first() {
        let few = near("b", ["a", "b2", "a"].map(str::to_owned).into_iter());
        assert_eq!(few, "there are\n  a\n  b2");
        let many = (0..20).map(|n| format!("role-{n}")).chain(["module.x.deploy".to_owned()]);
        assert!(near("deploy", many).starts_with("the nearest are\n  module.x.deploy\n  role-"));
    }
}
