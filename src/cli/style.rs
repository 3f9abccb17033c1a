//! Colour and width of terminal output, decided once and passed to every writer.
//!
//! `--color` wins over `NO_COLOR` (not empty), that over `FORCE_COLOR` and `CLICOLOR_FORCE` (not empty, not `0`), that
//! over `CLICOLOR=0`, that over what the stream is. The libraries below each read other variables, so none of them is asked.

use crate::report::Style;
use clap::ValueEnum;
use std::env;
use std::io::IsTerminal;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that can, unless an environment variable says otherwise
    Auto,
    /// Even into a file or a pipe
    Always,
    /// Not at all
    Never,
}

/// The style for text written to `stream`.
pub fn style(color: Color, stream: &impl IsTerminal) -> Style {
    let terminal = stream.is_terminal();
    Style { color: use_color(color, terminal, |name| env::var(name).ok()), unicode: unicode(), width: width(terminal) }
}

fn use_color(color: Color, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let on = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if on("FORCE_COLOR") || on("CLICOLOR_FORCE") => true,
        Color::Auto if variable("CLICOLOR").as_deref() == Some("0") => false,
        Color::Auto => terminal && variable("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Whether the locale can show box drawing characters.
fn unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

/// Columns to fill. Not asked of the terminal: text that was piped or copied then has the same shape everywhere.
fn width(terminal: bool) -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    if terminal { columns.unwrap_or(100).clamp(60, 200) } else { 100 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_what_decides() {
        let with = |variables: &[(&str, &str)], color, terminal| {
            let variables: Vec<(String, String)> = variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            use_color(color, terminal, |name| variables.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
        };
        assert!(with(&[("NO_COLOR", "1")], Color::Always, false));
        assert!(!with(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], Color::Auto, true));
        assert!(with(&[("NO_COLOR", "")], Color::Auto, true));
        assert!(with(&[("FORCE_COLOR", "1")], Color::Auto, false));
        assert!(!with(&[("FORCE_COLOR", "0")], Color::Auto, false));
        assert!(!with(&[("CLICOLOR", "0")], Color::Auto, true));
        assert!(!with(&[("TERM", "dumb")], Color::Auto, true));
        assert!(with(&[("TERM", "xterm")], Color::Auto, true));
    }
}
