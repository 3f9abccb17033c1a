//! The values that operators compare beside strings: numbers, dates, addresses, bytes
//! (IAM User Guide, "IAM JSON policy elements: Condition operators").

use std::cmp::Ordering;
use std::net::IpAddr;

/// A decimal number, kept as digits: account ids and the like must not be rounded.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Read an integer or a decimal fraction.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits.len() <= usize::from(digits.contains('.')) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Some(Decimal { negative: negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction })
    }

    /// How it stands to another number.
    pub fn compare(self, other: Decimal<'_>) -> Ordering {
        let size = |a: Decimal<'_>, b: Decimal<'_>| {
            let whole = a.whole.len().cmp(&b.whole.len()).then_with(|| a.whole.cmp(b.whole));
            // A fraction that goes on is larger than its own beginning, and so are strings.
            whole.then_with(|| a.fraction.cmp(b.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// An instant: seconds since 1970 and nanoseconds. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64, u32);

impl Instant {
    /// Read a date in a form of ISO 8601 (`2026`, `2026-11`, `2026-11-22`, `2026-11-22T10:00Z`,
    /// `2026-11-22T10:00:00.5+01:00`) or seconds since 1970. Four digits are a year. Without a zone it is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && text.len() != 4 {
            return Some(Instant(text.parse().ok()?, 0));
        }
        let (date, time) = match text.split_once(['T', 't']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
        let day = parts.next().map_or(Some(1), |part| number(part, 2))?;
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
            return None;
        }
        let midnight = days_since_1970(year, month, day) * 86_400;
        let Some(time) = time else { return Some(Instant(midnight, 0)) };
        let (seconds, nanos) = time_of_day(time)?;
        Some(Instant(midnight + seconds, nanos))
    }
}

/// `hh:mm[:ss[.s]][zone]` as seconds after midnight in UTC, which may be before or after the day, and nanoseconds.
fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        None => (text, 0),
        Some(at) => {
            let (clock, zone) = (text.get(..at)?, text.get(at..)?);
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let offset = match zone.get(1..)? {
                "" if zone.eq_ignore_ascii_case("z") => 0,
                rest => {
                    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
                    sign * (number(hours, 2)? * 3600 + number(minutes, 2)? * 60)
                }
            };
            (clock, offset)
        }
    };
    let mut parts = clock.splitn(3, ':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, ""),
        Some(rest) => {
            let (seconds, fraction) = rest.split_once('.').unwrap_or((rest, ""));
            (number(seconds, 2)?, fraction)
        }
    };
    if hours > 23 || minutes > 59 || seconds > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9.9}").parse().ok()?;
    Some((hours * 3600 + minutes * 60 + seconds - offset, nanos))
}

/// A number of exactly this many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let days_before = |year: i64| year * 365 + year / 4 - year / 100 + year / 400;
    let in_months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    days_before(before) - days_before(1969) + in_months + day - 1
}

/// Whether an address lies in a range `address/prefix`; without a prefix the range is one address.
/// `None` when either does not parse.
pub fn in_range(address: &str, range: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => (base, Some(prefix.parse::<u32>().ok()?)),
        None => (range, None),
    };
    Some(match (address, base.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let shift = 32_u32.checked_sub(prefix.unwrap_or(32))?;
            u64::from(address.to_bits()) >> shift == u64::from(base.to_bits()) >> shift
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let shift = 128_u32.checked_sub(prefix.unwrap_or(128))?;
            shift == 128 || address.to_bits() >> shift == base.to_bits() >> shift
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
}

/// The bytes of a base64 text (RFC 4648, padding may be left out).
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.len() % 4 == 1 || text.len() - digits.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in digits.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let compare = |a, b| Some(Decimal::parse(a)?.compare(Decimal::parse(b)?));
        assert_eq!(compare("12345678901234567890", "12345678901234567891"), Some(Ordering::Less));
        assert_eq!(compare("007", "7.0"), Some(Ordering::Equal));
        assert_eq!(compare("-1", "0.5"), Some(Ordering::Less));
        assert_eq!(compare("-0", "0"), Some(Ordering::Equal));
        assert_eq!(compare("-2", "-10"), Some(Ordering::Greater));
        assert_eq!(compare("0.25", "0.3"), Some(Ordering::Less));
        for text in ["", ".", "-", "1e3", "inf", "1.2.3", " 1", "0x1"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn dates_in_every_form() {
        let same = [
            ("2020", "2020-01-01"),
            ("2020-02", "1580515200"),
            ("2020-02-29", "1582934400"),
            ("2026-11-22T00:00:00Z", "1795305600"),
            ("2026-11-22T01:30+01:30", "1795305600"),
            ("2026-11-21T22:00:00.000-02:00", "1795305600"),
            ("1969-12-31T23:59:59Z", "1970-01-01T00:59:59+01:00"),
        ];
        for (a, b) in same {
            assert_eq!(Instant::parse(a), Instant::parse(b), "{a}");
            assert!(Instant::parse(a).is_some(), "{a}");
        }
        assert!(Instant::parse("2026-11-22T00:00:00.25Z") > Instant::parse("2026-11-22T00:00:00.2Z"));
        for text in ["", "soon", "2021-02-29", "2020-13-01", "2020-1-1", "2020-01-01T25:00Z", "2020-01-01T", "éé"] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(in_range("203.0.113.9", "0.0.0.0/0"), Some(true));
        assert_eq!(in_range("2001:db8::1", "::/0"), Some(true));
        assert_eq!(in_range("203.0.113.9", "::/0"), Some(false));
        assert_eq!(in_range("203.0.113.9", "203.0.113.200/24"), Some(true));
        assert_eq!(in_range("10.0.0.1", "10.0.0.0/40"), None);
    }

    #[test]
    fn bytes() {
        assert_eq!(base64("QmluYXJ5").as_deref(), Some(&b"Binary"[..]));
        assert_eq!(base64("AQ=="), base64("AQ"));
        assert_eq!(base64("A"), None);
        assert_eq!(base64("A*=="), None);
    }
}
