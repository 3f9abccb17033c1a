//! Numbers as Terraform computes with them: exactly, or not at all.
//!
//! Terraform's numbers have 512 bits. One that is written in decimals comes out as it went in, and sums of whole numbers
//! and of halves, quarters and so on are exact; everything else here has no result rather than one that is nearly right.

use std::cmp::Ordering;

/// How many digits are kept exactly in 512 bits.
const MAX_DIGITS: usize = 150;
/// The largest exponent that is written out.
const MAX_EXPONENT: i64 = 400;

/// A number as Terraform shows it: `012` is `12`, `1.50` is `1.5` and `1e3` is `1000`. `None` for what is no number, and
/// for one that is too large to be written out.
pub(super) fn normal(text: &str) -> Option<String> {
    let (negative, digits, point) = read(text)?;
    let first = digits.iter().position(|digit| *digit != b'0');
    let Some(first) = first else { return Some("0".to_owned()) };
    let last = digits.iter().rposition(|digit| *digit != b'0').unwrap_or(first);
    if last - first >= MAX_DIGITS || point.abs() > MAX_EXPONENT {
        return None;
    }
    let at = |index: i64| {
        let inside = usize::try_from(index).ok().and_then(|index| digits.get(index));
        char::from(inside.copied().unwrap_or(b'0'))
    };
    let mut out = String::from(if negative { "-" } else { "" });
    let whole = i64::try_from(first).ok()?.min(point - 1)..point;
    out.extend(whole.map(at).skip_while(|digit| *digit == '0'));
    if out.is_empty() || out == "-" {
        out.push('0');
    }
    let end = i64::try_from(last).ok()? + 1;
    if end > point {
        out.push('.');
        out.extend((point..end).map(at));
    }
    Some(out)
}

/// Whether a text is a number, of whatever size.
pub(super) fn is_number(text: &str) -> bool {
    read(text).is_some()
}

/// The sign, the digits, and where the point stands among them.
fn read(text: &str) -> Option<(bool, Vec<u8>, i64)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent = match exponent {
        Some(text) => {
            let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
            if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            // What does not fit is too large to be written out in any case.
            let size = bare.trim_start_matches('0').parse::<i32>().map_or(i64::from(i32::MAX), i64::from);
            let size = if bare.trim_start_matches('0').is_empty() { 0 } else { size };
            if text.starts_with('-') { -size } else { size }
        }
        None => 0,
    };
    Some((negative, digits, i64::try_from(whole.len()).ok()? + exponent))
}

/// Which of two numbers in their normal form is larger.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let split = |text: &str| {
        let (negative, bare) = match text.strip_prefix('-') {
            Some(bare) => (true, bare.to_owned()),
            None => (false, text.to_owned()),
        };
        let (whole, fraction) = bare.split_once('.').unwrap_or((&bare, ""));
        (negative, whole.to_owned(), fraction.to_owned())
    };
    let (left_negative, left_whole, left_fraction) = split(left);
    let (right_negative, right_whole, right_fraction) = split(right);
    let size = left_whole
        .len()
        .cmp(&right_whole.len())
        .then_with(|| left_whole.cmp(&right_whole))
        // Without zeros at the end, fractions sort as texts do.
        .then_with(|| left_fraction.cmp(&right_fraction));
    match (left_negative, right_negative) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// What two numbers are taken together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The result of an operation on numbers in their normal form; `None` where it is not exact, or too large.
pub(super) fn compute(operation: Operation, left: &str, right: &str) -> Option<String> {
    let (left, right) = (Dyadic::of(left)?, Dyadic::of(right)?);
    let (left, right) = left.aligned(right)?;
    let result = match operation {
        Operation::Add => Dyadic { digits: left.digits.checked_add(right.digits)?, ..left },
        Operation::Subtract => Dyadic { digits: left.digits.checked_sub(right.digits)?, ..left },
        Operation::Multiply => {
            Dyadic { digits: left.digits.checked_mul(right.digits)?, halves: left.halves.checked_add(right.halves)? }
        }
        Operation::Divide => {
            // Doubled until it comes out even, if it does.
            let mut halves = 0;
            let mut over = left.digits;
            while over.checked_rem(right.digits)? != 0 {
                over = over.checked_mul(2)?;
                halves += 1;
                if halves > MAX_HALVES {
                    return None;
                }
            }
            Dyadic { digits: over / right.digits, halves }
        }
        // The sign is that of the left side.
        Operation::Modulo => Dyadic { digits: left.digits.checked_rem(right.digits)?, ..left },
    };
    result.text()
}

/// A number without what stands behind its point: the next one below, or above.
pub(super) fn whole(text: &str, up: bool) -> Option<String> {
    let number = Dyadic::of(text)?;
    let one = 1i128.checked_shl(number.halves)?;
    let floor = number.digits.div_euclid(one);
    let more = i128::from(up && number.digits.rem_euclid(one) != 0);
    Some((floor + more).to_string())
}

/// How often a number may be halved.
const MAX_HALVES: u32 = 30;

/// A number that is `digits` halved `halves` times.
#[derive(Clone, Copy)]
struct Dyadic {
    digits: i128,
    halves: u32,
}

impl Dyadic {
    fn of(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let halves = u32::try_from(fraction.len()).ok().filter(|halves| *halves <= MAX_HALVES)?;
        // A tenth is a half of a fifth.
        for _ in 0..halves {
            if digits % 5 != 0 {
                return None;
            }
            digits /= 5;
        }
        Some(Dyadic { digits, halves })
    }

    fn aligned(self, other: Self) -> Option<(Self, Self)> {
        let halves = self.halves.max(other.halves);
        let more = |number: Self| {
            let factor = 1i128.checked_shl(halves - number.halves)?;
            Some(Dyadic { digits: number.digits.checked_mul(factor)?, halves })
        };
        Some((more(self)?, more(other)?))
    }

    fn text(self) -> Option<String> {
        let Dyadic { mut digits, mut halves } = self;
        while halves > 0 && digits % 2 == 0 {
            digits /= 2;
            halves -= 1;
        }
        let digits = digits.checked_mul(5i128.checked_pow(halves)?)?;
        normal(&format!("{digits}e-{halves}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (written, shown) in [
            ("012345678901", "12345678901"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1E-3", "0.001"),
            ("12.5e1", "125"),
            ("0.0", "0"),
            ("-00.10", "-0.1"),
            ("+5", "5"),
            (".5", "0.5"),
            ("1e12", "1000000000000"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(normal(written).as_deref(), Some(shown), "{written}");
        }
        for text in ["", "-", "x", "1x", "1e", "0x10", " 1", "1_000", "1.2.3", "١"] {
            assert!(!is_number(text), "{text}");
        }
        for text in ["1e999999999999", "1e-500", &"9".repeat(200)] {
            assert!(is_number(text) && normal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn sums_are_exact_or_there_is_none() {
        use Operation::{Add, Divide, Modulo, Multiply, Subtract};
        for (operation, left, right, result) in [
            (Add, "2", "3", Some("5")),
            (Add, "0.5", "0.25", Some("0.75")),
            (Add, "0.1", "0.2", None),
            (Subtract, "2", "3", Some("-1")),
            (Multiply, "12", "-12", Some("-144")),
            (Multiply, "0.5", "0.5", Some("0.25")),
            (Divide, "7", "2", Some("3.5")),
            (Divide, "-6", "3", Some("-2")),
            (Divide, "1", "3", None),
            (Divide, "1", "0", None),
            (Modulo, "7", "3", Some("1")),
            (Modulo, "-7", "3", Some("-1")),
            (Modulo, "7", "0", None),
        ] {
            assert_eq!(compute(operation, left, right).as_deref(), result, "{left} {operation:?} {right}");
        }
        assert_eq!((whole("3.5", false).as_deref(), whole("3.5", true).as_deref()), (Some("3"), Some("4")));
        assert_eq!((whole("-3.5", false).as_deref(), whole("-3.5", true).as_deref()), (Some("-4"), Some("-3")));
    }

    #[test]
    fn numbers_are_compared_by_their_size() {
        for (less, more) in [("2", "10"), ("-10", "-2"), ("-1", "1"), ("0.5", "0.75"), ("1.2", "1.25"), ("9", "10.5")] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{less} {more}");
        }
        assert_eq!(compare("1.5", "1.5"), Ordering::Equal);
    }
}
