//! The values of a condition key as far as tests can tell them apart: texts, numbers, instants, addresses, truths.
//!
//! For ordered values the truth of every test is constant between neighbouring bounds, so the bounds and their
//! neighbours stand for all.

use super::atoms::text_atoms;
use super::automaton::TextAtom;
use super::bits::Bits;
use super::pattern::Pattern;
use super::work::{Overflow, Work};
use std::collections::HashSet;
use std::net::IpAddr;

/// What values a key has.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// Texts that one of these patterns matches; every text but the empty one, if there is none.
    Text(Vec<Pattern>),
    /// `true` and `false`.
    Bool,
    /// Numbers from zero up, written in decimal.
    Number {
        /// Whether only whole ones.
        whole: bool,
    },
    /// Instants: seconds since 1970 if `epoch`, else in ISO 8601.
    Date {
        /// Whether they are written in seconds.
        epoch: bool,
    },
    /// Addresses.
    Ip,
    /// These and no others.
    Listed(Vec<String>),
}

/// How a value stands to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is its name")]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A test on one value, without negation.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Some pattern matches the text.
    Text(Vec<Pattern>),
    /// The number stands so to one of these.
    Number(Order, Vec<f64>),
    /// The instant stands so to one of these, in seconds since 1970.
    Date(Order, Vec<f64>),
    /// The address lies in one of these ranges.
    Ip(Vec<Range>),
}

/// Addresses from `low` to `high` of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    v6: bool,
    low: u128,
    high: u128,
}

impl Order {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Order::Equal => value == bound,
            Order::Less => value < bound,
            Order::LessOrEqual => value <= bound,
            Order::Greater => value > bound,
            Order::GreaterOrEqual => value >= bound,
        }
    }
}

impl Test {
    /// Whether a value satisfies the test; a value that does not parse satisfies none.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Test::Text(patterns) => patterns.iter().any(|pattern| pattern.matches(value)),
            Test::Number(order, bounds) => {
                number(value).is_some_and(|value| bounds.iter().any(|bound| order.holds(value, *bound)))
            }
            Test::Date(order, bounds) => {
                instant(value).is_some_and(|value| bounds.iter().any(|bound| order.holds(value, *bound)))
            }
            Test::Ip(ranges) => {
                address(value).is_some_and(|(v6, value)| ranges.iter().any(|range| range.holds(v6, value)))
            }
        }
    }
}

impl Range {
    /// Read `address` or `address/prefix`; bits beyond the prefix are ignored.
    pub fn parse(text: &str) -> Option<Range> {
        let (base, prefix) = text.split_once('/').map_or((text, None), |(base, prefix)| (base, Some(prefix)));
        let (v6, base) = address(base)?;
        let width = if v6 { 128 } else { 32 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse::<u32>().ok().filter(|prefix| *prefix <= width)?,
            None => width,
        };
        // A shift by the whole width of the type is not defined.
        let host = if width == prefix { 0 } else { u128::MAX >> (128 - (width - prefix)) };
        Some(Range { v6, low: base & !host, high: base | host })
    }

    /// Whether the range is so wide that to be in it says nothing about a caller: an eighth of its family or more.
    pub fn is_vast(self) -> bool {
        let width = if self.v6 { 128 } else { 32 };
        (self.high - self.low) >> (width - 3 - 1) > 0
    }

    fn holds(self, v6: bool, value: u128) -> bool {
        self.v6 == v6 && self.low <= value && value <= self.high
    }
}

/// Read a number: digits with a sign or a fraction.
pub fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    text.parse::<f64>().ok().filter(|value| plain && value.is_finite())
}

fn address(text: &str) -> Option<(bool, u128)> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => (false, u128::from(address.to_bits())),
        IpAddr::V6(address) => (true, address.to_bits()),
    })
}

/// Read an instant: ISO 8601 in the W3C profile, from the year alone to fractions of a second, or seconds since 1970.
/// Four digits are a year. Without a zone it is UTC.
pub fn instant(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) && text.len() != 4 {
        return number(text);
    }
    let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
    let fields: Vec<&str> = date.split('-').collect();
    let fits = fields.iter().zip([4, 2, 2]).all(|(field, width)| field.len() == width && digits(field));
    let numbers: Vec<i64> = fields.iter().filter_map(|field| field.parse().ok()).collect();
    let (year, month, day) = match numbers.as_slice() {
        [year] => (*year, 1, 1),
        [year, month] => (*year, *month, 1),
        [year, month, day] => (*year, *month, *day),
        _ => return None,
    };
    if !fits || fields.len() > 3 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let next_month = if month == 12 { days(year + 1, 1, 1) } else { days(year, month + 1, 1) };
    let date = days(year, month, day);
    (date < next_month).then_some(date as f64 * 86_400.0 + time.map_or(Some(0.0), seconds_of_day)?)
}

/// `hh:mm[:ss[.s]]`, with `Z`, `±hh:mm` or nothing behind it, in seconds of UTC.
fn seconds_of_day(text: &str) -> Option<f64> {
    let (clock, zone) = text.split_at(text.find(['Z', 'z', '+', '-']).unwrap_or(text.len()));
    let two = |text: &str| number(text).filter(|_| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Vec<&str> = clock.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (two(hour)?, two(minute)?, 0.0),
        [hour, minute, second] => {
            let whole = two(second.split('.').next()?)?;
            (two(hour)?, two(minute)?, number(second).filter(|second| *second >= whole)?)
        }
        _ => return None,
    };
    let offset = match zone {
        "" | "Z" | "z" => 0.0,
        zone => {
            let (hours, minutes) = zone[1..].split_once(':').or_else(|| zone[1..].split_at_checked(2))?;
            let seconds = two(hours)? * 3600.0 + two(minutes)? * 60.0;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let fits = hour < 24.0 && minute < 60.0 && second < 61.0;
    fits.then_some(hour * 3600.0 + minute * 60.0 + second - offset)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last of its year.
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// An instant in ISO 8601; whole seconds.
fn iso(seconds: i64) -> String {
    let (day, clock) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", clock / 3600, clock / 60 % 60, clock % 60)
}

impl Domain {
    /// Whether a test of this sort can be decided on every value of the domain by its atoms. String tests on numbers,
    /// instants and addresses can be only if they have no wildcard.
    pub fn decides(&self, test: &Test) -> bool {
        match (self, test) {
            (Domain::Text(_) | Domain::Bool | Domain::Listed(_), Test::Text(_))
            | (Domain::Bool | Domain::Listed(_), _)
            | (Domain::Number { .. }, Test::Number(..))
            | (Domain::Date { .. }, Test::Date(..))
            | (Domain::Date { epoch: true }, Test::Number(..))
            | (Domain::Ip, Test::Ip(_)) => true,
            (Domain::Number { .. } | Domain::Ip | Domain::Date { .. }, Test::Text(patterns)) => {
                patterns.iter().all(Pattern::is_literal)
            }
            (Domain::Text(_), Test::Number(..) | Test::Date(..) | Test::Ip(_))
            | (Domain::Number { .. }, Test::Date(..) | Test::Ip(_))
            | (Domain::Date { .. }, Test::Number(..) | Test::Ip(_))
            | (Domain::Ip, Test::Number(..) | Test::Date(..)) => false,
        }
    }

    /// Whether a key of this domain can have a value.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Domain::Text(base) if base.is_empty() => !value.is_empty(),
            Domain::Text(base) => base.iter().any(|pattern| pattern.matches(value)),
            Domain::Bool => value == "true" || value == "false",
            Domain::Number { whole } => {
                number(value).is_some_and(|number| number >= 0.0 && (!*whole || number.fract() == 0.0))
            }
            Domain::Date { .. } => instant(value).is_some(),
            Domain::Ip => address(value).is_some(),
            Domain::Listed(values) => values.iter().any(|known| known == value),
        }
    }

    /// One value for every truth of the tests.
    pub fn atoms(&self, tests: &[Test], work: &mut Work) -> Result<Vec<TextAtom>, Overflow> {
        if let Domain::Text(base) = self {
            let none: &[Pattern] = &[];
            let groups: Vec<&[Pattern]> =
                tests.iter().map(|test| if let Test::Text(patterns) = test { patterns } else { none }).collect();
            return text_atoms(base, &groups, work);
        }
        let candidates = self.candidates(tests);
        let values = |test: &Test| match test {
            Test::Text(patterns) => patterns.len(),
            Test::Number(_, bounds) | Test::Date(_, bounds) => bounds.len(),
            Test::Ip(ranges) => ranges.len(),
        };
        work.spend(candidates.len() * (16 + tests.iter().map(|test| 16 + 2 * values(test)).sum::<usize>()))?;
        let mut seen = HashSet::new();
        let atom = |value: String| {
            let truth = Bits::of(tests.len(), |index| tests[index].holds(&value));
            (value, truth)
        };
        let keep_all = matches!(self, Domain::Listed(_));
        let atoms = candidates.into_iter().map(atom);
        Ok(atoms.filter(|(_, truth)| seen.insert(truth.clone()) || keep_all).collect())
    }

    /// Values of which every truth of the tests has one.
    pub fn candidates(&self, tests: &[Test]) -> Vec<String> {
        let literals = tests.iter().filter_map(|test| match test {
            Test::Text(patterns) => Some(patterns.iter().filter_map(Pattern::only_text)),
            Test::Number(..) | Test::Date(..) | Test::Ip(_) => None,
        });
        let literals: Vec<String> = literals.flatten().collect();
        let bounds = || {
            let bounds = tests.iter().filter_map(|test| match test {
                Test::Number(_, bounds) | Test::Date(_, bounds) => Some(bounds.iter().copied()),
                Test::Text(_) | Test::Ip(_) => None,
            });
            let mut bounds: Vec<f64> = bounds.flatten().collect();
            bounds.sort_by(f64::total_cmp);
            bounds.dedup();
            bounds
        };
        match self {
            Domain::Text(_) => Vec::new(),
            Domain::Listed(values) => values.clone(),
            Domain::Bool => vec!["true".into(), "false".into()],
            Domain::Number { whole } => {
                let bounds = bounds();
                let mut values: Vec<f64> = bounds.iter().flat_map(|v| [v.floor() - 1.0, *v, v.ceil() + 1.0]).collect();
                values.push(0.0);
                if *whole {
                    values.extend(bounds.iter().flat_map(|v| [v.floor(), v.ceil()]));
                    values.retain(|value| value.fract() == 0.0);
                } else {
                    values.extend(bounds.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])));
                }
                values.retain(|value| *value >= 0.0);
                let own = literals.into_iter().filter(|text| number(text).is_some());
                values.into_iter().map(|value| value.to_string()).chain(own).collect()
            }
            Domain::Date { epoch } => {
                let mut values: Vec<i64> = bounds()
                    .iter()
                    .flat_map(|v| [v.floor() - 1.0, v.floor(), v.ceil(), v.ceil() + 1.0])
                    .map(|value| value as i64)
                    .collect();
                values.push(1_767_225_600);
                let own = literals.into_iter().filter(|text| instant(text).is_some());
                values.into_iter().map(|value| if *epoch { value.to_string() } else { iso(value) }).chain(own).collect()
            }
            Domain::Ip => {
                let mut values = vec!["198.51.100.1".to_owned(), "2001:db8::1".to_owned()];
                for range in
                    tests.iter().filter_map(|test| if let Test::Ip(ranges) = test { Some(ranges) } else { None })
                {
                    for Range { v6, low, high } in range {
                        let last = if *v6 { u128::MAX } else { u128::from(u32::MAX) };
                        let inside = if low < high { low + 1 } else { *low };
                        for value in [low.saturating_sub(1), *low, inside, *high, high.saturating_add(1).min(last)] {
                            values.push(if *v6 {
                                IpAddr::from(value.to_be_bytes()).to_string()
                            } else {
                                IpAddr::from((value as u32).to_be_bytes()).to_string()
                            });
                        }
                    }
                }
                values.extend(literals.into_iter().filter(|text| address(text).is_some()));
                values
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::values;

    fn sorted(atoms: Vec<TextAtom>) -> Vec<Bits> {
        let mut truths: Vec<Bits> = atoms.into_iter().map(|(_, truth)| truth).collect();
        truths.sort();
        truths.dedup();
        truths
    }

    #[test]
    fn instants() {
        for (text, seconds) in [
            ("1970", 0.0),
            ("2000-03-01T00:00:00Z", 951_868_800.0),
            ("2024-02-29", 1_709_164_800.0),
            ("2026-11-22T00:00:00+01:00", 1_795_302_000.0),
            ("1767225600", 1_767_225_600.0),
        ] {
            assert_eq!(instant(text), Some(seconds), "{text}");
        }
        for text in ["", "soon", "2024-13-01", "2024-1-1", "2024-02-30", "2024-01-01T25:00:00Z", "é", "20é4"] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert_eq!(instant("2024-01-01T10:00"), instant("2024-01-01T10:00:00Z"));
        for text in ["2026-11-22T10:00:00.5+01:00", "2026-1", "1e3", "2024-02-29T10:00z", "2024-06-31", "5é", "-1", "T"]
        {
            assert_eq!(instant(text).is_some(), values::Instant::parse(text).is_some(), "{text}");
        }
        for seconds in [0, 951_868_799, 1_709_164_800, -1, 4_102_444_800] {
            assert_eq!(instant(&iso(seconds)), Some(seconds as f64), "{seconds}");
        }
    }

    #[test]
    fn numbers_equal_those_of_all_small_numbers() {
        let orders = [Order::Equal, Order::Less, Order::LessOrEqual, Order::Greater, Order::GreaterOrEqual];
        let domain = Domain::Number { whole: true };
        for (at, first) in orders.iter().enumerate() {
            for second in &orders {
                for low in 0..5 {
                    let tests = [
                        Test::Number(*first, vec![f64::from(low)]),
                        Test::Number(*second, vec![3.0, f64::from(at as u32)]),
                    ];
                    let all = (0..12).map(|value: u32| Bits::of(2, |index| tests[index].holds(&value.to_string())));
                    let mut all: Vec<Bits> = all.collect();
                    all.sort();
                    all.dedup();
                    assert_eq!(sorted(domain.atoms(&tests, &mut Work::default()).expect("small")), all, "{tests:?}");
                }
            }
        }
    }

    #[test]
    fn addresses_equal_those_of_a_small_network() {
        let ranges = ["10.0.0.0/29", "10.0.0.4/30", "10.0.0.6", "10.0.0.8/31", "10.0.0.0/28"];
        for first in ranges {
            for second in ranges {
                for third in ranges {
                    let test = |texts: &[&str]| Test::Ip(texts.iter().filter_map(|text| Range::parse(text)).collect());
                    let tests = [test(&[first]), test(&[second, third])];
                    let all = (0..20).map(|last| format!("10.0.0.{last}")).chain(["9.9.9.9".into()]);
                    let mut all: Vec<Bits> = all.map(|ip| Bits::of(2, |index| tests[index].holds(&ip))).collect();
                    all.sort();
                    all.dedup();
                    assert_eq!(
                        sorted(Domain::Ip.atoms(&tests, &mut Work::default()).expect("small")),
                        all,
                        "{tests:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn ranges_agree_with_the_other_reader() {
        for range in ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3", "10.0.0.0/33", "2001:db8::/32", "::/0", "x", "10.0.0.0/x"]
        {
            for ip in ["10.255.0.1", "11.0.0.0", "2001:db8::1", "10.1.2.3", "::"] {
                let ours = Range::parse(range).is_some_and(|range| Test::Ip(vec![range]).holds(ip));
                assert_eq!(ours, values::in_range(ip, range).unwrap_or(false), "{ip} {range}");
            }
        }
        assert!(Range::parse("0.0.0.0/3").is_some_and(Range::is_vast));
        assert!(!Range::parse("10.0.0.0/4").is_some_and(Range::is_vast));
    }

    #[test]
    fn what_a_domain_can_decide() {
        let glob = Test::Text(vec![Pattern::glob("203.0.*")]);
        assert!(!Domain::Ip.decides(&glob));
        assert!(Domain::Text(vec![]).decides(&glob));
        assert!(!Domain::Text(vec![]).decides(&Test::Number(Order::Equal, vec![1.0])));
    }
}
