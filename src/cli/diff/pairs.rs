//! Which policy of the old version is which of the new.

use super::contents::{Form, Site};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A policy in both versions, or in one.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Before; `None` for a policy that was added.
    pub old: Option<&'a Site>,
    /// After; `None` for a policy that was removed.
    pub new: Option<&'a Site>,
}

impl<'a> Pair<'a> {
    /// The policy to name the pair by.
    pub fn site(&self) -> Option<&'a Site> {
        self.new.or(self.old)
    }
}

/// Pair the policies of two versions: by file, address and kind; what is left by what only one policy on each side has.
pub fn pairs<'a>(old: &'a [Site], new: &'a [Site]) -> Vec<Pair<'a>> {
    let waiting = |sites: &'a [Site]| sites.iter().map(|site| Some((site, words(site)))).collect();
    let mut matching = Matching { old: waiting(old), new: waiting(new), pairs: Vec::new() };
    let place = |site: &'a Site| (site.key.as_str(), site.address.as_str(), site.kind);
    // Where a file has several policies of one address, those that did not change are no part of the question.
    matching.take(|site, words| (place(site), words), same_text, false);
    matching.take(|site, _| place(site), |_, _| true, false);
    // A file was renamed, or a resource moved to another file. A file that is one policy is known by its text alone.
    let name = |site: &'a Site, words| (&site.address, site.kind, site.address.is_empty().then_some(words));
    matching.take(name, |a, b| !a.address.is_empty() || same_text(a, b), true);
    let Matching { old, new, mut pairs } = matching;
    pairs.extend(old.into_iter().flatten().map(|(site, _)| Pair { old: Some(site), new: None }));
    pairs.extend(new.into_iter().flatten().map(|(site, _)| Pair { old: None, new: Some(site) }));
    pairs.sort_by_key(|pair| pair.site().map(|site| (&site.key, site.span, &site.address)));
    pairs
}

/// Whether two policies are written alike, wherever they stand.
pub fn same_text(old: &Site, new: &Site) -> bool {
    let form = |a: &Form, b: &Form| a.branch == b.branch && a.wording == b.wording;
    old.forms.len() == new.forms.len() && old.forms.iter().zip(&new.forms).all(|(a, b)| form(a, b))
}

/// A number that policies have in common which are written alike.
fn words(site: &Site) -> u64 {
    let mut hasher = DefaultHasher::new();
    for form in &site.forms {
        form.branch.hash(&mut hasher);
        form.wording.hash(&mut hasher);
    }
    hasher.finish()
}

/// The policies that have no partner yet, each with the number of its words.
struct Matching<'a> {
    old: Vec<Option<(&'a Site, u64)>>,
    new: Vec<Option<(&'a Site, u64)>>,
    pairs: Vec<Pair<'a>>,
}

impl<'a> Matching<'a> {
    /// Pair what has the same key and is the same, in order; if `only`, just where there is one on each side.
    fn take<K: Eq + Hash>(
        &mut self,
        key: impl Fn(&'a Site, u64) -> K,
        same: impl Fn(&Site, &Site) -> bool,
        only: bool,
    ) {
        let mut classes: HashMap<K, (usize, VecDeque<usize>)> = HashMap::new();
        for (at, (site, words)) in self.new.iter().enumerate().filter_map(|(at, site)| Some((at, (*site)?))) {
            classes.entry(key(site, words)).or_default().1.push_back(at);
        }
        for (site, words) in self.old.iter().flatten() {
            if let Some((old, _)) = classes.get_mut(&key(site, *words)) {
                *old += 1;
            }
        }
        for slot in &mut self.old {
            let Some((old, words)) = *slot else { continue };
            let Some((count, waiting)) = classes.get_mut(&key(old, words)) else { continue };
            if only && (*count, waiting.len()) != (1, 1) {
                continue;
            }
            let is_same = |at: &usize| self.new[*at].is_some_and(|(new, _)| same(old, new));
            let Some(new) = waiting.iter().position(is_same).and_then(|place| waiting.remove(place)) else { continue };
            self.pairs.push(Pair { old: Some(old), new: self.new[new].take().map(|(new, _)| new) });
            *slot = None;
        }
    }
}

/// A form of the old policy and one of the new that can be in force under the same conditions.
#[derive(Clone, Debug)]
pub struct FormPair<'a> {
    /// Before.
    pub old: Option<&'a Form>,
    /// After.
    pub new: Option<&'a Form>,
    /// The conditions, each with the value that it has.
    pub when: Vec<(String, bool)>,
}

/// Pair the forms of two policies. A form that can be in force with none of the other's stands alone.
pub fn forms<'a>(old: &'a [Form], new: &'a [Form]) -> Vec<FormPair<'a>> {
    let mut pairs = Vec::new();
    for old in old {
        for new in new {
            if let Some(when) = together(&old.branch, &new.branch) {
                pairs.push(FormPair { old: Some(old), new: Some(new), when });
            }
        }
    }
    let alone = |forms: &'a [Form], others: &[Form]| -> Vec<&'a Form> {
        let meets = |form: &Form| others.iter().any(|other| together(&form.branch, &other.branch).is_some());
        forms.iter().filter(|form| !meets(form)).collect()
    };
    let one = |form: &Form| form.branch.clone();
    pairs.extend(alone(old, new).into_iter().map(|form| FormPair { old: Some(form), new: None, when: one(form) }));
    pairs.extend(alone(new, old).into_iter().map(|form| FormPair { old: None, new: Some(form), when: one(form) }));
    pairs
}

/// The choices of both branches, unless they contradict each other.
fn together(a: &[(String, bool)], b: &[(String, bool)]) -> Option<Vec<(String, bool)>> {
    let mut all = a.to_vec();
    for (name, value) in b {
        match all.iter().find(|(known, _)| known == name) {
            Some((_, known)) if known != value => return None,
            Some(_) => {}
            None => all.push((name.clone(), *value)),
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::super::contents::{Site, Version};
    use super::super::versions::contents;
    use super::*;
    use crate::load::How;
    use crate::source::Source;

    fn sites(key: &str, text: &str) -> Vec<Site> {
        let contents = contents(key, Version::Text(Source::new(key, text)), How::default());
        assert!(contents.obstacles.is_empty(), "{:?}", contents.obstacles);
        contents.sites
    }

    fn template(roles: &[(&str, &str)]) -> String {
        let role = |(name, principal): &(&str, &str)| {
            format!(
                "  {name}:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        \
                 Statement: [{{Effect: Allow, Principal: {principal}, Action: 'sts:AssumeRole'}}]\n"
            )
        };
        format!("Resources:\n{}", roles.iter().map(role).collect::<String>())
    }

    fn shown(pairs: &[Pair<'_>]) -> Vec<(String, String)> {
        let name = |site: Option<&Site>| site.map_or("-".into(), |site| format!("{}#{}", site.key, site.address));
        pairs.iter().map(|pair| (name(pair.old), name(pair.new))).collect()
    }

    const EC2: &str = "{Service: ec2.amazonaws.com}";
    const ECS: &str = "{Service: ecs.amazonaws.com}";

    #[test]
    fn policies_are_paired_by_file_and_address() {
        let old = sites("a.yaml", &template(&[("A", EC2), ("B", EC2)]));
        let new = sites("a.yaml", &template(&[("B", ECS), ("C", EC2)]));
        // The same text under another name is another role.
        let expected =
            [("-", "a.yaml#Resources.C"), ("a.yaml#Resources.A", "-"), ("a.yaml#Resources.B", "a.yaml#Resources.B")];
        let mut found = shown(&pairs(&old, &new));
        found.sort();
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_renamed_file_is_followed_if_there_is_one_candidate() {
        let old = sites("a.yaml", &template(&[("A", EC2)]));
        let moved = sites("b.yaml", &template(&[("A", ECS)]));
        assert_eq!(shown(&pairs(&old, &moved)), [("a.yaml#Resources.A".into(), "b.yaml#Resources.A".into())]);
        let two: Vec<Site> = moved.into_iter().chain(sites("c.yaml", &template(&[("A", ECS)]))).collect();
        assert_eq!(pairs(&old, &two).len(), 3);
    }

    #[test]
    fn forms_meet_where_their_conditions_agree() {
        let choice = |principal: &str| {
            let text = template(&[("A", principal)]);
            let conditions =
                "Conditions:\n  Open: !Equals [!Ref AWS::Region, x]\n  Far: !Equals [!Ref AWS::Region, y]\n";
            sites("a.yaml", &format!("{conditions}{text}")).remove(0).forms
        };
        let plain = choice(EC2);
        let open = choice("{Service: !If [Open, ec2.amazonaws.com, ecs.amazonaws.com]}");
        let far = choice("{Service: !If [Far, ec2.amazonaws.com, ecs.amazonaws.com]}");
        assert_eq!((plain.len(), open.len()), (1, 2));
        assert_eq!(forms(&plain, &open).len(), 2);
        assert_eq!(forms(&open, &open).len(), 2);
        assert_eq!(forms(&open, &far).len(), 4);
        let alone = forms(&open[..1], &open[1..]);
        assert_eq!(alone.len(), 2);
        assert!(alone.iter().all(|pair| pair.old.is_none() != pair.new.is_none()));
    }
}
