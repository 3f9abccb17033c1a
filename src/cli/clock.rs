//! The time that reports name.

use super::Failure;
use crate::report::time::Moment;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of `SOURCE_DATE_EPOCH`, if it is set, so that equal inputs give equal bytes; else the current one.
///
/// Source: the specification of `SOURCE_DATE_EPOCH` of reproducible-builds.org, which wants a malformed value refused.
pub fn now() -> Result<Moment, Failure> {
    match env::var_os("SOURCE_DATE_EPOCH") {
        Some(value) => parse(&value.to_string_lossy()),
        None => {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
            Ok(Moment::from_seconds(seconds).unwrap_or_default())
        }
    }
}

fn parse(value: &str) -> Result<Moment, Failure> {
    let seconds = value.parse().ok().and_then(Moment::from_seconds);
    seconds.ok_or_else(|| {
        Failure::Message(format!("SOURCE_DATE_EPOCH: expected seconds since 1970 as a number, not `{value}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_value_is_refused() {
        assert_eq!(parse("1767225600").expect("a number").to_string(), "2026-01-01T00:00:00");
        for value in ["", "yesterday", "-1", "1.5", "99999999999999999999", "253402300800"] {
            let error = parse(value).expect_err("it is no time");
            assert!(error.to_string().contains(&format!("not `{value}`")), "{error}");
        }
    }
}
