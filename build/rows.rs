//! Reading the tab-separated tables of `src/aws/data`: the form that all of them share.

/// Why a table is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    /// A fault in this line.
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Fault { line, message: message.into() }
    }
}

/// One row: its fields, and where it stands.
#[derive(Debug)]
pub struct Row<'t> {
    /// The line, from 1.
    pub line: usize,
    fields: Vec<&'t str>,
}

impl<'t> Row<'t> {
    /// The field in this column, from 0. [`read`] counted the columns.
    pub fn field(&self, column: usize) -> &'t str {
        self.fields[column]
    }

    /// The field in this column unless it is `-`.
    pub fn optional(&self, column: usize) -> Option<&'t str> {
        Some(self.field(column)).filter(|field| *field != "-")
    }

    /// The words of the field in this column; none if it is `-`.
    pub fn words(&self, column: usize) -> Vec<&'t str> {
        self.optional(column).unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect()
    }

    /// A fault in this row.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.line, message)
    }

    /// What a word of this row stands for; a fault if it is none of `known`.
    pub fn one_of<T: Copy>(&self, word: &str, known: &[(&str, T)], what: &str) -> Result<T, Fault> {
        known.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            self.fault(format!("unknown {what} `{word}`; one of {}", names.join(", ")))
        })
    }
}

/// How a table is sorted by its first field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By bytes.
    Exact,
    /// By bytes, capitals as small letters.
    IgnoringCase,
}

impl Order {
    /// The first field as this order takes it.
    fn key(self, text: &str) -> String {
        match self {
            Order::Exact => text.to_owned(),
            Order::IgnoringCase => text.to_ascii_lowercase(),
        }
    }
}

/// The rows of a table: `#` lines that name the source, its date and the columns, then rows of that many filled fields,
/// sorted by the first, which is nowhere the same twice.
pub fn read(text: &str, columns: usize, order: Order) -> Result<Vec<Row<'_>>, Fault> {
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    for mark in ["Source:", "Columns:"] {
        if !head.iter().any(|line| line.contains(mark)) {
            return Err(Fault::new(1, format!("the lines before the rows do not say `{mark}`")));
        }
    }
    if !head.iter().any(|line| has_date(line)) {
        return Err(Fault::new(1, "the lines before the rows give no date, such as 2026-11, for the source"));
    }
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate().skip(head.len()) {
        let row = Row { line: index + 1, fields: line.split('\t').collect() };
        if line.starts_with('#') {
            return Err(row.fault("a comment stands before all rows"));
        }
        if row.fields.len() != columns {
            return Err(row.fault(format!("the row has {} fields, not {columns}", row.fields.len())));
        }
        if row.fields.iter().any(|field| field.is_empty() || field.trim() != *field) {
            return Err(row.fault("a field is empty or has blanks around it; `-` stands for nothing"));
        }
        if let Some(before) = rows.last()
            && order.key(before.field(0)) >= order.key(row.field(0))
        {
            return Err(row.fault(format!("`{}` does not come after `{}`", row.field(0), before.field(0))));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Fault::new(head.len() + 1, "the table has no rows"));
    }
    Ok(rows)
}

/// Whether a line has a year and a month, `2026-11`.
fn has_date(line: &str) -> bool {
    line.as_bytes().windows(7).any(|seven| {
        seven.iter().enumerate().all(|(at, byte)| if at == 4 { *byte == b'-' } else { byte.is_ascii_digit() })
    })
}
