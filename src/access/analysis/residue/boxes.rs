//! Statements as boxes of words: what one says beyond what others say in the same words.
//!
//! A statement is the product of its lists. Taken away from a product, another product leaves at most one product for each
//! list, so that nothing is ever written out member by member.

use crate::policy::principal::Member;
use crate::policy::{Condition, Operator, Patterns, Policy, Principals, Statement};
use crate::value::Text;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The lists of a statement: principals, actions, resources.
const LISTS: usize = 3;

/// So many statements of the other version are taken away from one; what more there are stays to be searched.
const MOST_TRIED: usize = 64;

/// A statement is taken apart into no more pieces than this.
const MOST_PIECES: usize = 16;

/// What stands in a list, as one word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Word<'p> {
    /// A member of the list; of principals with the element that it stands under.
    Member(Option<u8>, &'p Text),
    /// A whole `Not…` list, which is one test.
    Not(Members<'p>),
    /// There is no such list.
    Missing,
}

/// What must be the same for two statements to be compared list by list: the conditions, in one order.
type Class<'p> = Vec<(Operator, String, Vec<&'p Text>)>;

/// The members of a list, of principals with the element that each stands under.
type Members<'p> = Vec<(Option<u8>, &'p Text)>;

/// Words as numbers.
#[derive(Default)]
struct Numbers<'p>(HashMap<(usize, Word<'p>), u32>);

/// A product of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Product {
    lists: [BTreeSet<u32>; LISTS],
    /// Whether a list may have members that are not shown.
    open: [bool; LISTS],
}

/// What these statements of a policy say that those of another do not, with the place of each. Pieces of one statement
/// stand together, in the order of the statements.
pub fn subtract<'p>(of: &'p Policy, these: &[usize], than: &'p Policy, those: &[usize]) -> Vec<(usize, Statement)> {
    let mut numbers = Numbers::default();
    let mut classes: HashMap<Class<'_>, Vec<Product>> = HashMap::new();
    for at in those {
        let statement = &than.statements[*at];
        if let (Some(class), Some(product)) = (class(statement), numbers.product(statement)) {
            classes.entry(class).or_default().push(product);
        }
    }
    let classes: HashMap<Class<'_>, Said> = classes.into_iter().map(|(class, said)| (class, Said::new(said))).collect();
    let mut left = Vec::new();
    for at in these {
        let statement = &of.statements[*at];
        let said = class(statement).and_then(|class| classes.get(&class));
        match said.and_then(|said| Some((said, numbers.product(statement)?))) {
            None => left.push((*at, statement.clone())),
            Some((said, product)) => {
                let pieces = said.taken_from(product).into_iter();
                left.extend(pieces.map(|piece| (*at, numbers.statement(statement, &piece))));
            }
        }
    }
    left
}

/// What a statement is compared by; `None` if it may have conditions or values that are not shown.
fn class(statement: &Statement) -> Option<Class<'_>> {
    let is_shown = !statement.conditions_open_ended && statement.conditions.iter().all(|one| !one.open_ended);
    let mut conditions: Vec<&Condition> = statement.conditions.iter().filter(|_| is_shown).collect();
    conditions.sort_by_cached_key(|one| (one.key.to_ascii_lowercase(), one.operator_text.clone()));
    fn parts(one: &Condition) -> (Operator, String, Vec<&Text>) {
        let mut values: Vec<&Text> = one.values.iter().collect();
        values.sort_by_cached_key(|value| value.display());
        values.dedup();
        (one.operator, one.key.to_ascii_lowercase(), values)
    }
    is_shown.then(|| conditions.into_iter().map(parts).collect())
}

fn code(member: Option<Member>) -> Option<u8> {
    member.and_then(|member| Member::ALL.iter().position(|(known, _)| *known == member)).map(|at| at as u8)
}

impl<'p> Numbers<'p> {
    fn number(&mut self, list: usize, word: Word<'p>) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry((list, word)).or_insert(next)
    }

    /// A statement as a product; `None` if a `Not…` list may have members that are not shown.
    fn product(&mut self, statement: &'p Statement) -> Option<Product> {
        let entry = |list: &'p Principals| -> Members<'p> {
            list.entries.iter().map(|entry| (code(entry.member), &entry.text)).collect()
        };
        let items = |list: &'p Patterns| -> Members<'p> { list.items.iter().map(|item| (None, item)).collect() };
        let lists = [
            statement.principals.as_ref().map(|list| (list.negated, list.open_ended, entry(list))),
            statement.actions.as_ref().map(|list| (list.negated, list.open_ended, items(list))),
            statement.resources.as_ref().map(|list| (list.negated, list.open_ended, items(list))),
        ];
        let mut product = Product { lists: Default::default(), open: [false; LISTS] };
        for (at, list) in lists.into_iter().enumerate() {
            match list {
                None => {
                    product.lists[at].insert(self.number(at, Word::Missing));
                }
                Some((true, true, _)) => return None,
                Some((true, false, mut members)) => {
                    members.sort_by_cached_key(|(member, text)| (*member, text.display()));
                    members.dedup();
                    product.lists[at].insert(self.number(at, Word::Not(members)));
                }
                Some((false, open, members)) => {
                    product.open[at] = open;
                    for (member, text) in members {
                        product.lists[at].insert(self.number(at, Word::Member(member, text)));
                    }
                }
            }
        }
        Some(product)
    }

    /// The statement as far as a piece of its product goes.
    fn statement(&self, statement: &'p Statement, piece: &Product) -> Statement {
        let stays = |list: usize, word: Word<'p>| {
            self.0.get(&(list, word)).is_some_and(|number| piece.lists[list].contains(number))
        };
        let patterns = |at: usize, list: &'p Option<Patterns>| {
            list.as_ref().map(|list| match list.negated {
                true => list.clone(),
                false => {
                    let items = list.items.iter().filter(|item| stays(at, Word::Member(None, item))).cloned();
                    Patterns { items: items.collect(), open_ended: piece.open[at], ..*list }
                }
            })
        };
        let principals = statement.principals.as_ref().map(|list| match list.negated {
            true => list.clone(),
            false => {
                let stays = |member: Option<Member>, text: &'p Text| stays(0, Word::Member(code(member), text));
                let entries = list.entries.iter().filter(|entry| stays(entry.member, &entry.text)).cloned();
                Principals { entries: entries.collect(), open_ended: piece.open[0], ..*list }
            }
        });
        Statement {
            principals,
            actions: patterns(1, &statement.actions),
            resources: patterns(2, &statement.resources),
            sid: statement.sid.clone(),
            conditions: statement.conditions.clone(),
            ..*statement
        }
    }
}

/// Products that differ in one list made one, so that it does not matter how statements are taken apart.
fn joined(mut products: Vec<Product>) -> Vec<Product> {
    for list in 0..LISTS {
        if products.len() < 2 {
            break;
        }
        let mut by_rest: HashMap<Vec<BTreeSet<u32>>, usize> = HashMap::new();
        let mut out: Vec<Product> = Vec::new();
        for product in products {
            let rest = (0..LISTS).filter(|other| *other != list).map(|other| product.lists[other].clone()).collect();
            match by_rest.get(&rest) {
                Some(at) => out[*at].lists[list].extend(&product.lists[list]),
                None => {
                    by_rest.insert(rest, out.len());
                    out.push(product);
                }
            }
        }
        products = out;
    }
    products
}

/// What one version says under the same conditions.
struct Said {
    /// Each statement as it stands there.
    whole: HashSet<[BTreeSet<u32>; LISTS]>,
    /// The same with those joined that can be.
    products: Vec<Product>,
    /// The products that have a word.
    having: HashMap<u32, Vec<usize>>,
}

impl Said {
    fn new(products: Vec<Product>) -> Said {
        let whole = products.iter().map(|product| product.lists.clone()).collect();
        let products = joined(products);
        let mut having: HashMap<u32, Vec<usize>> = HashMap::new();
        for (at, product) in products.iter().enumerate() {
            for word in product.lists.iter().flatten() {
                having.entry(*word).or_default().push(at);
            }
        }
        Said { whole, products, having }
    }

    /// The pieces of a product that it does not say.
    fn taken_from(&self, product: Product) -> Vec<Product> {
        if product.open == [false; LISTS] && self.whole.contains(&product.lists) {
            return Vec::new();
        }
        let near = |list: usize| product.lists[list].iter().filter_map(|word| self.having.get(word));
        let fewest = (0..LISTS).min_by_key(|list| near(*list).map(Vec::len).sum::<usize>()).unwrap_or_default();
        let mut candidates = BTreeSet::new();
        for at in near(fewest).flatten() {
            if candidates.len() == MOST_TRIED {
                break;
            }
            candidates.insert(*at);
        }
        let mut pieces = vec![product];
        for at in candidates {
            let fewer: Vec<Product> = pieces.iter().flat_map(|piece| piece.without(&self.products[at])).collect();
            if fewer.len() <= MOST_PIECES {
                pieces = fewer;
            }
        }
        pieces
    }
}

impl Product {
    /// The pieces that lie outside of another product.
    fn without(&self, other: &Product) -> Vec<Product> {
        let common: Vec<BTreeSet<u32>> =
            self.lists.iter().zip(&other.lists).map(|(a, b)| a.intersection(b).copied().collect()).collect();
        if common.iter().any(BTreeSet::is_empty) {
            return vec![self.clone()];
        }
        let mut rest = self.clone();
        let mut pieces = Vec::new();
        for (list, common) in common.into_iter().enumerate() {
            let outside: BTreeSet<u32> = rest.lists[list].difference(&common).copied().collect();
            if !outside.is_empty() || rest.open[list] {
                let mut piece = rest.clone();
                piece.lists[list] = outside;
                pieces.push(piece);
            }
            rest.lists[list] = common;
            rest.open[list] = false;
        }
        pieces
    }
}
