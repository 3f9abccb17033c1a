//! HCL, the language of Terraform: text to a small tree of blocks, attributes and expressions, each with its bytes.
//!
//! hcl-edit does the parsing. It stops at the first error, so a file that it refuses is cut at its top-level blocks and
//! each is parsed on its own: one broken block does not hide the others. Nothing is evaluated here.

mod build;
mod json;
mod literal;
mod recover;
mod redefined;

use crate::diagnostic::Problem;
use crate::source::OffsetMap;
use crate::span::Span;

/// How deep the tree of an expression may be: hcl-edit's own limits of nesting (64) and chained operators (128).
pub const MAX_DEPTH: usize = 256;

/// What a file says.
#[derive(Debug, Default)]
pub struct File {
    /// Its blocks and, in a file of variable values, its attributes.
    pub body: Body,
    /// What could not be read. The blocks around it are there.
    pub problems: Vec<Problem>,
}

/// The content of a block or a file.
#[derive(Debug, Default)]
pub struct Body {
    /// `name = expression`.
    pub attributes: Vec<Attribute>,
    /// `name "label" { … }`.
    pub blocks: Vec<Block>,
}

/// `name = expression`.
#[derive(Debug)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What it is set to.
    pub value: Expr,
}

/// `name "label" { … }`.
#[derive(Debug)]
pub struct Block {
    /// `resource`, `statement` and the like.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The labels, unquoted.
    pub labels: Vec<String>,
    /// The name and the labels: what a person calls the block by.
    pub header: Span,
    /// The whole block.
    pub span: Span,
    /// What stands between the braces.
    pub body: Body,
}

impl Body {
    /// The attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The blocks with this name.
    pub fn blocks_named<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Block> {
        self.blocks.iter().filter(move |block| block.name == name)
    }
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// The bytes of the whole.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The sorts of expression.
#[derive(Debug)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written: account ids must not be rounded.
    Number(String),
    /// A string, quoted or a heredoc.
    Template(Template),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{a = b}`.
    Object(Vec<ObjectItem>),
    /// `name`, the start of a reference.
    Variable(String),
    /// `expression.name[index].*`.
    Traversal(Box<Expr>, Vec<Step>),
    /// `name(a, b...)`.
    Call(Call),
    /// `condition ? yes : no`.
    Conditional(Box<[Expr; 3]>),
    /// `!a`, `-a`.
    Unary(Unary, Box<Expr>),
    /// `a == b`.
    Binary(Binary, Box<[Expr; 2]>),
    /// `[for k, v in c : v if f]`.
    For(Box<For>),
}

/// One entry of an object.
#[derive(Debug)]
pub struct ObjectItem {
    /// The key; a bare word is a string here.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// One step of a reference.
#[derive(Debug)]
pub enum Step {
    /// `.name`, or `.0`, which is an index of old.
    Name(String),
    /// `[expression]`.
    Index(Expr),
    /// `.*` or `[*]`.
    Splat,
}

/// A call of a function.
#[derive(Debug)]
pub struct Call {
    /// Its name, with its namespace.
    pub name: String,
    /// What it is given.
    pub arguments: Vec<Expr>,
    /// Whether the last argument is a list of further ones, `...`.
    pub expands: bool,
}

/// An operator on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name")]
pub enum Unary {
    Not,
    Minus,
}

/// An operator on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name")]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// `[for key, value in collection : result if filter]`.
#[derive(Debug)]
pub struct For {
    /// The name of the key or index.
    pub key: Option<String>,
    /// The name of the value.
    pub value: String,
    /// What is gone through.
    pub collection: Expr,
    /// The key of each entry; then the result is an object.
    pub result_key: Option<Expr>,
    /// Each entry.
    pub result: Expr,
    /// Whether entries of one key are gathered in a list, `...`.
    pub groups: bool,
    /// Which entries are taken.
    pub filter: Option<Expr>,
}

/// A string with what is filled into it.
#[derive(Debug, Default)]
pub struct Template {
    /// The parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a string.
#[derive(Debug)]
pub enum Part {
    /// Text, unescaped.
    Literal(Literal),
    /// `${expression}`.
    Interpolation(Expr),
    /// `%{ if condition }yes%{ else }no%{ endif }`.
    If(Box<Expr>, Template, Template),
    /// `%{ for key, value in collection }…%{ endfor }`.
    For {
        /// The name of the key or index.
        key: Option<String>,
        /// The name of the value.
        value: String,
        /// What is gone through.
        collection: Box<Expr>,
        /// What is written for each.
        body: Template,
    },
}

/// Text of a string.
#[derive(Clone, Debug)]
pub struct Literal {
    /// The text, unescaped.
    pub text: String,
    /// The bytes that it was written with.
    pub span: Span,
    /// The way from the text to these bytes.
    pub map: OffsetMap,
}

/// Parse a file; `base` is added to every place.
pub fn parse(text: &str, base: usize) -> File {
    let (start, content) = match text.strip_prefix('\u{feff}') {
        Some(content) => ('\u{feff}'.len_utf8(), content),
        None => (0, text),
    };
    match redefined::parse(content) {
        Ok((body, renamed)) => {
            let builder = build::Builder::new(content, base + start).with(&renamed);
            File { body: builder.body(&body, 0), problems: Vec::new() }
        }
        Err(error) => recover::file(content, base + start, &error),
    }
}

/// Parse a file of `.tf.json`: its tree was parsed as JSON, with places from `base` on; the strings are templates.
pub fn from_json(root: &crate::value::Value<'_>, text: &str, base: usize) -> File {
    json::file(root, text, base)
}

/// Parse the text of a template file, `templatefile`; `base` is added to every place.
pub fn template(text: &str, base: usize) -> Result<Template, Problem> {
    match hcl_edit::parser::parse_template(text) {
        Ok(template) => Ok(build::Builder::new(text, base).template(&template, literal::Escapes::Template)),
        Err(error) => Err(problem(&error, text, base)),
    }
}

/// Parse a template that stands in a text; `map` is the way to the bytes it was written with.
pub fn template_in(text: &str, map: &OffsetMap) -> Result<Template, Problem> {
    match template(text, 0) {
        Ok(mut template) => {
            json::move_template(&mut template, map);
            Ok(template)
        }
        Err(problem) => Err(Problem { span: map.place(problem.span), ..problem }),
    }
}

/// What hcl-edit says about a text, at its place.
fn problem(error: &hcl_edit::parser::Error, text: &str, base: usize) -> Problem {
    let offset = error.location().offset().min(text.len());
    let message = error.message().split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    Problem::new(Span::at(base + offset), format!("this is not HCL: {}", message.join("; ")))
}

#[cfg(test)]
mod tests;
