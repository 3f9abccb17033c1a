//! From the path that a file is shown under to a path below the root, and to a relative URI reference.

use std::fmt::Write;

/// A path below the root, with `/`. Never empty, never absolute, without `.` and `..`.
///
/// A path outside the root (absolute, or leaving it by `..`) has no name below the root and no business in a report
/// that others read: its file name stands for it. Standard input, `<stdin>`, is `stdin`.
pub(super) fn path(path: &str) -> String {
    below_root(path, cfg!(windows))
}

/// The same where drives have letters and paths backslashes, or where both are letters like any other.
fn below_root(path: &str, windows: bool) -> String {
    if is_stdin(path) {
        return "stdin".into();
    }
    let path = if windows { path.replace('\\', "/") } else { path.to_owned() };
    let drive = windows && path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let mut outside = path.starts_with('/') || drive;
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => outside |= segments.pop().is_none(),
            segment => segments.push(segment),
        }
    }
    if outside {
        let name = segments.pop().filter(|name| !(drive && name.ends_with(':')));
        segments = name.into_iter().collect();
    }
    if segments.is_empty() { "unknown".into() } else { segments.join("/") }
}

/// Whether a shown path stands for standard input.
pub(super) fn is_stdin(path: &str) -> bool {
    path == "<stdin>" || path == "-"
}

/// A relative, percent-encoded reference for SARIF: no part of it reads as a scheme.
pub(super) fn relative(path: &str) -> String {
    let path = self::path(path);
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{below_root, path, relative};

    #[test]
    fn paths_keep_their_characters() {
        assert_eq!(below_root("./my roles\\é#1.json", true), "my roles/é#1.json");
        assert_eq!(below_root("a:b/p.json", false), "a:b/p.json");
        assert_eq!(below_root("c:/a\\p.json", false), "c:/a\\p.json");
        assert_eq!(path("<stdin>"), "stdin");
        assert_eq!(path("../../x.json"), "x.json");
    }

    #[test]
    fn references_stay_relative() {
        assert_eq!(relative("iam/trust.json"), "iam/trust.json");
        assert_eq!(relative("./my roles/é#1.json"), "my%20roles/%C3%A9%231.json");
        assert_eq!(relative("a/../b.json"), "b.json");
        assert_eq!(relative("<stdin>"), "stdin");
        assert_eq!(relative("git::https://example.com/m?ref=1"), "git%3A%3Ahttps%3A/example.com/m%3Fref%3D1");
    }

    #[test]
    fn paths_outside_the_root_keep_their_file_name_only() {
        assert_eq!(relative("/home/me/x.json"), "x.json");
        assert_eq!(below_root("C:\\work\\x.json", true), "x.json");
        assert_eq!(relative("../../x.json"), "x.json");
        for path in ["", ".", "..", "/"] {
            assert_eq!(relative(path), "unknown", "{path:?}");
        }
        for path in ["C:", "C:/"] {
            assert_eq!(below_root(path, true), "unknown", "{path:?}");
        }
    }
}
