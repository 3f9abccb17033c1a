//! The statements, policies and resources of a file, as places: what a suppression is for is one of them.

use crate::site::PolicySite;
use crate::source::Source;
use crate::span::Span;
use crate::syntax::hcl;
use std::collections::{HashMap, HashSet};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Construct {
    /// Its bytes.
    pub span: Span,
    /// Whether the file tells everything about it, so that another run finds the same.
    pub settled: bool,
}

/// All of a file. One stands inside another or beside it.
#[derive(Debug, Default)]
pub struct Constructs {
    /// By start, the longer first.
    list: Vec<Construct>,
    /// For each the smallest other one around it.
    parents: Vec<Option<usize>>,
}

/// The places that a policy gives: its resource, itself and its statements.
pub fn of_site(site: &PolicySite<'_>) -> impl Iterator<Item = Span> {
    let statements = site.document.get("Statement").map(|value| value.one_or_many()).unwrap_or_default();
    // Where a format does not say it, the resource is taken to begin with its name and to end with its policy.
    let resource = site.owner.extent.unwrap_or_else(|| site.anchor.join(site.document.span));
    [resource, site.document.span].into_iter().chain(statements.iter().map(|statement| statement.span))
}

/// The same, where a block of HCL is named by its keyword alone: the whole block.
pub fn whole_blocks(mut constructs: Vec<Construct>, text: &str) -> Vec<Construct> {
    let mut blocks = HashMap::new();
    nested_blocks(&hcl::parse(text, 0).body, &mut blocks);
    for construct in &mut constructs {
        if let Some(block) = blocks.get(&construct.span.start).filter(|block| block.contains(construct.span)) {
            construct.span = *block;
        }
    }
    constructs
}

/// Top-level blocks without a policy, which nothing is found in. A suppression there silences nothing; that is settled for
/// blocks that hold no values of policies, and for others if `all` is, everything in the configuration.
pub fn other_blocks(constructs: &[Construct], text: &str, all: bool) -> Vec<Construct> {
    let known: HashSet<Span> = constructs.iter().map(|construct| construct.span).collect();
    let blocks = hcl::parse(text, 0).body.blocks.into_iter().filter(|block| !known.contains(&block.span));
    let construct = |block: hcl::Block| {
        let may_give = matches!(block.name.as_str(), "locals" | "data" | "module" | "variable");
        Construct { span: block.span, settled: all || !may_give }
    };
    blocks.map(construct).collect()
}

/// The blocks of a body and in them, by where they begin.
fn nested_blocks(body: &hcl::Body, found: &mut HashMap<u32, Span>) {
    for block in &body.blocks {
        found.insert(block.span.start, block.span);
        nested_blocks(&block.body, found);
    }
}

impl Constructs {
    /// From places in any order, and several times the same.
    pub fn new(mut list: Vec<Construct>) -> Self {
        list.retain(|construct| !construct.span.is_empty());
        list.sort_by_key(|construct| (construct.span.start, std::cmp::Reverse(construct.span.end), construct.settled));
        // The first of equal ones is the one that is not settled, if any is not.
        list.dedup_by_key(|construct| construct.span);
        let mut parents = Vec::with_capacity(list.len());
        let mut open: Vec<usize> = Vec::new();
        for (at, construct) in list.iter().enumerate() {
            while open.pop_if(|last| !list[*last].span.contains(construct.span)).is_some() {}
            parents.push(open.last().copied());
            open.push(at);
        }
        Constructs { list, parents }
    }

    /// The smallest that holds this byte.
    pub fn around(&self, offset: u32) -> Option<Construct> {
        let after = self.list.partition_point(|construct| construct.span.start <= offset);
        let mut at = after.checked_sub(1);
        while let Some(index) = at {
            if offset < self.list[index].span.end {
                return Some(self.list[index]);
            }
            at = self.parents[index];
        }
        None
    }

    /// Whether the file tells everything about what is in it, and something is.
    pub fn all_settled(&self) -> bool {
        !self.list.is_empty() && self.list.iter().all(|construct| construct.settled)
    }

    /// The largest that begins in this line.
    pub fn beginning_in(&self, line: Span) -> Option<Construct> {
        let first = self.list.partition_point(|construct| construct.span.start < line.start);
        let begins = self.list[first..].iter().take_while(|construct| construct.span.start <= line.end);
        begins.copied().max_by_key(|construct| (construct.span.len(), std::cmp::Reverse(construct.span.start)))
    }
}

/// The line of a byte.
pub(super) fn line_of(source: &Source, offset: u32) -> Span {
    source.line_span(source.line_index(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constructs(spans: &[(usize, usize)]) -> Constructs {
        let construct = |(start, end): &(usize, usize)| Construct { span: Span::new(*start, *end), settled: true };
        Constructs::new(spans.iter().map(construct).collect())
    }

    #[test]
    fn the_smallest_around_a_place() {
        let all = constructs(&[(10, 90), (20, 30), (40, 80), (50, 60), (100, 120), (50, 60)]);
        let around = |offset| all.around(offset).map(|construct| (construct.span.start, construct.span.end));
        assert_eq!(around(5), None);
        assert_eq!(around(25), Some((20, 30)));
        assert_eq!(around(30), Some((10, 90)));
        assert_eq!(around(55), Some((50, 60)));
        assert_eq!(around(70), Some((40, 80)));
        assert_eq!(around(95), None);
        assert_eq!(around(119), Some((100, 120)));
        assert_eq!(constructs(&[]).around(0), None);
    }

    #[test]
    fn the_largest_that_begins_in_a_line() {
        let all = constructs(&[(10, 90), (12, 30), (40, 80)]);
        let in_line = |start, end| all.beginning_in(Span::new(start, end)).map(|construct| construct.span.end);
        assert_eq!(in_line(8, 20), Some(90));
        assert_eq!(in_line(11, 20), Some(30));
        assert_eq!(in_line(31, 39), None);
    }

    #[test]
    fn a_block_of_hcl_is_more_than_its_keyword() {
        let text = "data \"d\" \"x\" {\n  statement {\n    a = 1\n  }\n}\n";
        let at = text.find("statement").expect("it is there");
        let named = Construct { span: Span::new(at, at + 9), settled: true };
        let other = Construct { span: Span::new(at + 2, at + 5), settled: true };
        let whole = whole_blocks(vec![named, other], text);
        assert_eq!(&text[whole[0].span.range()], "statement {\n    a = 1\n  }");
        assert_eq!(whole[1], other);
    }

    #[test]
    fn what_is_not_settled_once_is_not() {
        let span = Span::new(1, 5);
        let all = Constructs::new([true, false, true].map(|settled| Construct { span, settled }).into());
        assert_eq!(all.around(2), Some(Construct { span, settled: false }));
    }
}
