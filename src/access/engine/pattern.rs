//! Patterns as sequences of elements, and the compilers from globs, ARNs and literals.
//!
//! An element takes one character of its class, or any run of them. That is all that the wildcards of IAM need, the
//! fields of an ARN included (their `*` stops at a colon), and small enough to reason about every text at once.

/// The characters that an element takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// This character.
    Lit(char),
    /// This ASCII letter in either case; the lower case form.
    Fold(char),
    /// Any character.
    Any,
    /// Any character but a colon: within one field of an ARN.
    NoColon,
    /// Any character but a slash: within one step of a path.
    NoSlash,
    /// An ASCII digit.
    Digit,
    /// A character that IAM takes in names: letters, digits and `_+=,.@-`.
    Name,
    /// A character of a path with a name: those of names, and `/`.
    Path,
    /// A character of an external id: those of names, `:` and `/`.
    ExternalId,
    /// A letter or digit of ASCII or `-`.
    Word,
}

impl Class {
    /// Whether the class holds a character.
    pub fn takes(self, c: char) -> bool {
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-');
        match self {
            Class::Lit(own) => own == c,
            Class::Fold(own) => own == c.to_ascii_lowercase(),
            Class::Any => true,
            Class::NoColon => c != ':',
            Class::NoSlash => c != '/',
            Class::Digit => c.is_ascii_digit(),
            Class::Name => name(c),
            Class::Path => name(c) || c == '/',
            Class::ExternalId => name(c) || c == '/' || c == ':',
            Class::Word => c.is_ascii_alphanumeric() || c == '-',
        }
    }

    /// Whether it is one character, in one or both cases.
    pub fn is_literal(self) -> bool {
        matches!(self, Class::Lit(_) | Class::Fold(_))
    }
}

/// One character of a class, or a run of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    /// Which characters.
    pub class: Class,
    /// Whether it takes any number of them, none included.
    pub star: bool,
}

impl Element {
    /// The character, if it takes no other and takes it once.
    pub fn letter(self) -> Option<char> {
        match self {
            Element { class: Class::Lit(c), star: false } => Some(c),
            _ => None,
        }
    }
}

/// A pattern for whole texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(pub Vec<Element>);

/// How the text of a policy is read as a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// Letter by letter.
    Exact,
    /// Letter by letter without regard to case.
    IgnoreCase,
    /// `*` and `?` are wildcards.
    Glob,
    /// `*` and `?` are wildcards, letters have no case: actions.
    GlobIgnoreCase,
    /// Wildcards that stay within their field in the first five of the six fields of an ARN.
    Arn,
}

/// Reads the pieces of a policy's text as one pattern.
#[derive(Clone, Debug)]
pub struct Compiler {
    syntax: Syntax,
    elements: Vec<Element>,
    colons: usize,
}

impl Compiler {
    /// An empty pattern.
    pub fn new(syntax: Syntax) -> Self {
        Compiler { syntax, elements: Vec::new(), colons: 0 }
    }

    /// Go on with text as it stands in a policy.
    pub fn text(&mut self, text: &str) {
        text.chars().for_each(|c| match (self.syntax, c) {
            (Syntax::Exact | Syntax::IgnoreCase, c) => self.literal(c),
            (Syntax::Glob | Syntax::GlobIgnoreCase | Syntax::Arn, '*') => self.wildcard(true),
            (Syntax::Glob | Syntax::GlobIgnoreCase | Syntax::Arn, '?') => self.wildcard(false),
            (Syntax::Glob | Syntax::GlobIgnoreCase | Syntax::Arn, c) => self.literal(c),
        });
    }

    /// Go on with a character that stands for itself.
    pub fn literal(&mut self, c: char) {
        if self.syntax == Syntax::Arn && c == ':' {
            self.colons += 1;
        }
        let fold = matches!(self.syntax, Syntax::IgnoreCase | Syntax::GlobIgnoreCase) && c.is_ascii_alphabetic();
        let class = if fold { Class::Fold(c.to_ascii_lowercase()) } else { Class::Lit(c) };
        self.elements.push(Element { class, star: false });
    }

    /// Go on with text that stands for itself.
    pub fn literals(&mut self, text: &str) {
        text.chars().for_each(|c| self.literal(c));
    }

    /// Go on with a wildcard.
    pub fn wildcard(&mut self, star: bool) {
        let class = if self.syntax == Syntax::Arn && self.colons < 5 { Class::NoColon } else { Class::Any };
        // `**` is `*`.
        if !(star && self.elements.last() == Some(&Element { class, star })) {
            self.elements.push(Element { class, star });
        }
    }

    /// Go on with an unknown text of any shape, which may also hold colons.
    pub fn anything(&mut self) {
        self.elements.push(Element { class: Class::Any, star: true });
        // What follows may be in any field: no wildcard after this may be held to one.
        self.colons = 5;
    }

    /// Go on with elements of this class.
    pub fn run(&mut self, class: Class, count: usize) {
        self.elements.extend(std::iter::repeat_n(Element { class, star: false }, count));
    }

    /// The pattern; `None` for one that matches nothing: an ARN pattern with fewer than six fields.
    pub fn finish(self) -> Option<Pattern> {
        (self.syntax != Syntax::Arn || self.colons >= 5).then_some(Pattern(self.elements))
    }
}

impl Pattern {
    /// A policy's known text as a pattern.
    pub fn compile(syntax: Syntax, text: &str) -> Option<Pattern> {
        let mut compiler = Compiler::new(syntax);
        compiler.text(text);
        compiler.finish()
    }

    /// The pattern that matches only this text.
    pub fn exactly(text: &str) -> Pattern {
        Pattern(text.chars().map(|c| Element { class: Class::Lit(c), star: false }).collect())
    }

    /// The pattern of a glob.
    pub fn glob(text: &str) -> Pattern {
        Pattern::compile(Syntax::Glob, text).unwrap_or_default()
    }

    /// The pattern that matches every text.
    pub fn everything() -> Pattern {
        Pattern(vec![Element { class: Class::Any, star: true }])
    }

    /// At least `count` characters of a class.
    pub fn at_least(count: usize, class: Class) -> Pattern {
        let mut elements = vec![Element { class, star: false }; count];
        elements.push(Element { class, star: true });
        Pattern(elements)
    }

    /// The same without regard to the case of ASCII letters.
    pub fn folded(self) -> Pattern {
        let fold = |element: Element| match element.class {
            Class::Lit(c) if c.is_ascii_alphabetic() => {
                Element { class: Class::Fold(c.to_ascii_lowercase()), ..element }
            }
            _ => element,
        };
        Pattern(self.0.into_iter().map(fold).collect())
    }

    /// This pattern, then another.
    pub fn then(mut self, other: &Pattern) -> Pattern {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// The text, if the pattern matches only one.
    pub fn only_text(&self) -> Option<String> {
        self.is_literal().then(|| self.fixed_prefix())
    }

    /// Whether the pattern matches one text only.
    pub fn is_literal(&self) -> bool {
        self.0.iter().all(|element| element.letter().is_some())
    }

    /// The text that every match begins with.
    pub fn fixed_prefix(&self) -> String {
        self.letters().collect()
    }

    /// The characters that every match begins with.
    pub fn letters(&self) -> impl Iterator<Item = char> {
        self.0.iter().map_while(|element| element.letter())
    }

    /// Whether it matches every text.
    pub fn is_everything(&self) -> bool {
        matches!(self.0.as_slice(), [Element { class: Class::Any, star: true }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arn_fields() {
        let matches = |pattern: &str, text: &str| {
            Pattern::compile(Syntax::Arn, pattern).is_some_and(|pattern| pattern.matches(text))
        };
        assert!(matches("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/a/b:c"));
        assert!(!matches("arn:aws:*:role/app", "arn:aws:iam::111122223333:role/app"));
        assert!(!matches("arn:*:role/app", "arn:aws:iam::111122223333:role/app"));
        assert!(!matches("arn:aws:iam:*:role/app:", "arn:aws:iam::111122223333:role/app"));
        assert!(!matches("arn:aws:iam::*:x", "x"));
    }

    #[test]
    fn case_and_rests() {
        assert!(Pattern::compile(Syntax::GlobIgnoreCase, "STS:assume*").is_some_and(|p| p.matches("sts:AssumeRole")));
        assert!(!Pattern::exactly("a*").matches("ab"));
        assert_eq!(Pattern::glob("ab*c").rests("abx"), [Pattern::glob("*c"), Pattern::glob("c")]);
        assert_eq!(Pattern::glob("a*").rests("ab"), [Pattern::everything()]);
        assert!(Pattern::glob("a*").rests("b").is_empty());
    }

    proptest! {
        #[test]
        fn globs_agree_with_the_other_matcher(pattern in "[ab*?:é]{0,8}", text in "[ab:é]{0,8}") {
            prop_assert_eq!(Pattern::glob(&pattern).matches(&text), crate::policy::pattern::glob(&pattern, &text));
        }

        #[test]
        fn arns_agree_with_the_other_matcher(pattern in "[a*?:]{0,12}", text in "[a:]{0,12}") {
            let ours = Pattern::compile(Syntax::Arn, &pattern).is_some_and(|pattern| pattern.matches(&text));
            let fields = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
            let (pattern, text) = (fields(&pattern), fields(&text));
            let each = pattern.iter().zip(&text).all(|(pattern, text)| crate::policy::pattern::glob(pattern, text));
            prop_assert_eq!(ours, pattern.len() == 6 && text.len() == 6 && each);
        }
    }
}
