//! When each of several answers about a role holds: the choices of its template's conditions that tell them apart.

use crate::site::{DEFAULTS, choice_in_words};

/// Conditions with the values that they have.
pub type Branch = Vec<(String, bool)>;

/// How many cases of an answer are listed.
const MANY: usize = 4;

/// The conditions under which one answer holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct When {
    /// What holds in every case.
    pub always: Branch,
    /// The cases, if there are several.
    pub cases: Vec<Branch>,
}

impl When {
    /// To follow the name of the role: ", when condition `A` is true". Empty if it is always so.
    pub fn words(&self) -> String {
        let all = |branch: &Branch| branch.iter().map(choice_in_words).collect::<Vec<_>>().join(" and ");
        let mut cases: Vec<String> = self.cases.iter().take(MANY).map(all).collect();
        if self.cases.len() > MANY {
            cases.push(format!("in {} more cases", self.cases.len() - MANY));
        }
        let parts = [all(&self.always), cases.join(", or ")];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!(", when {}", parts.join(" and ")) }
    }
}

/// When each of `count` answers holds, from the choices under which the forms of a policy are in force, each with the
/// number of its answer.
pub fn of(forms: Vec<(Branch, usize)>, count: usize) -> Vec<When> {
    let common: Branch = forms.first().map_or_else(Vec::new, |(first, _)| {
        let is_common =
            |choice: &&(String, bool)| choice.0 != DEFAULTS && forms.iter().all(|(branch, _)| branch.contains(choice));
        first.iter().filter(is_common).cloned().collect()
    });
    let mut forms = forms;
    forms.iter_mut().for_each(|(branch, _)| branch.retain(|choice| !common.contains(choice)));
    let mut names: Vec<String> = forms.iter().flat_map(|(branch, _)| branch).map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    // A condition without which no two answers meet does not decide.
    for name in names {
        let without = |(branch, answer): &(Branch, usize)| {
            (branch.iter().filter(|(known, _)| *known != name).cloned().collect::<Branch>(), *answer)
        };
        let mut fewer: Vec<(Branch, usize)> = forms.iter().map(without).collect();
        fewer.sort();
        fewer.dedup();
        if !meet(&fewer) {
            forms = fewer;
        }
    }
    let when = |answer: usize| {
        let mut cases: Vec<Branch> =
            forms.iter().filter(|(_, of)| *of == answer).map(|(branch, _)| branch.clone()).collect();
        let mut always = common.clone();
        if cases.len() < 2 {
            always.extend(cases.pop().unwrap_or_default());
        }
        When { always, cases }
    };
    (0..count).map(when).collect()
}

/// Whether two answers hold under the same choices.
fn meet(forms: &[(Branch, usize)]) -> bool {
    let contradict = |a: &Branch, b: &Branch| {
        a.iter().any(|(name, value)| b.iter().any(|(other, against)| name == other && value != against))
    };
    forms.iter().enumerate().any(|(at, (branch, answer))| {
        forms[at + 1..].iter().any(|(other, of)| of != answer && !contradict(branch, other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(forms: &[(&str, usize)], count: usize) -> Vec<String> {
        let branch = |text: &str| text.split(' ').map(|one| (one[1..].to_owned(), one.starts_with('+'))).collect();
        let forms = forms.iter().map(|(text, answer)| (branch(text), *answer)).collect();
        of(forms, count).iter().map(|when| when.words().replace(", when ", "").replace("condition ", "")).collect()
    }

    #[test]
    fn only_what_decides_is_said() {
        assert_eq!(words(&[("+A +B", 0), ("+A -B", 0), ("-A +B", 0), ("-A -B", 0)], 1), [""]);
        assert_eq!(
            words(&[("+A +B", 0), ("+A -B", 0), ("-A +B", 1), ("-A -B", 1)], 2),
            ["`A` is true", "`A` is false"]
        );
        assert_eq!(
            words(&[("+A +B", 0), ("+A -B", 1), ("-A +B", 1), ("-A -B", 0)], 2),
            [
                "`A` is true and `B` is true, or `A` is false and `B` is false",
                "`A` is true and `B` is false, or `A` is false and `B` is true"
            ]
        );
        assert_eq!(words(&[("+A", 0), ("-A +B", 0), ("-A -B", 1)], 2)[1], "`A` is false and `B` is false");
    }

    #[test]
    fn what_a_whole_role_hangs_on_is_said_of_each_answer() {
        assert_eq!(
            words(&[("+Made +A", 0), ("+Made -A", 1)], 2),
            ["`Made` is true and `A` is true", "`Made` is true and `A` is false"]
        );
        assert_eq!(words(&[("+Made", 0)], 1), ["`Made` is true"]);
    }
}
