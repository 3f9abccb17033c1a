//! Which combinations of conditions are looked at where there are too many to look at all of them.
//!
//! A policy is a different one for every combination of the conditions in it. What makes a statement dangerous hangs on
//! few of them: the branch with the star, the guard that is left out, the `Deny` that takes it back. So the combinations
//! are chosen such that every few conditions have all of their values together in some combination, whatever the number
//! of conditions is.

/// Up to so many conditions, any three of them have each combination of their values in some row; above it any two.
const FEW: usize = 15;

/// Values for so many conditions, a row for each combination that is looked at: all true, all false, and others.
///
/// Up to [`FEW`] conditions these are the rows with at most one value that is not like the rest: of three values two are
/// alike. Above it, conditions are numbered, and there is a row for each bit of the numbers and one for its opposite: two
/// numbers differ in some bit. There are at most 32 rows, or twice as many as the number of conditions has bits.
pub(super) fn rows(count: usize) -> Vec<Vec<bool>> {
    let mut rows = vec![vec![true; count], vec![false; count]];
    if count <= FEW {
        for odd in (0..count).filter(|_| count > 2) {
            for rest in [true, false] {
                rows.push((0..count).map(|at| (at == odd) != rest).collect());
            }
        }
        if count == 2 {
            rows.extend([vec![true, false], vec![false, true]]);
        }
        return rows;
    }
    for bit in 0..usize::BITS - (count - 1).leading_zeros() {
        for opposite in [true, false] {
            rows.push((0..count).map(|at| (at >> bit & 1 == 1) == opposite).collect());
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn combinations(rows: &[Vec<bool>], of: &[usize]) -> usize {
        rows.iter().map(|row| of.iter().map(|at| row[*at]).collect::<Vec<bool>>()).collect::<HashSet<_>>().len()
    }

    #[test]
    fn any_three_of_few_have_every_combination() {
        for count in 3..=FEW {
            let rows = rows(count);
            assert!(rows.len() <= 32, "{count}: {}", rows.len());
            for a in 0..count {
                for b in 0..a {
                    for c in 0..b {
                        assert_eq!(combinations(&rows, &[a, b, c]), 8, "{a}, {b} and {c} of {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn any_two_of_many_have_every_combination() {
        for count in [2, 16, 17, 100, 513] {
            let rows = rows(count);
            assert!(rows.len() <= 2 + 2 * 10, "{count}: {}", rows.len());
            for a in 0..count {
                for b in 0..a {
                    assert_eq!(combinations(&rows, &[a, b]), 4, "{a} and {b} of {count}");
                }
            }
        }
    }

    #[test]
    fn one_condition_has_two_rows_and_none_has_one_value() {
        assert_eq!(rows(1), [vec![true], vec![false]]);
        assert!(rows(0).iter().all(Vec::is_empty));
    }
}
