//! A moment, for the formats that must name one. Writers never ask a clock: the caller passes the time in.

use std::fmt;

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// The last second of the year 9999: later years have no four digits.
    const LAST: u64 = 253_402_300_799;

    /// The moment so many seconds after 1970 began; none past the year 9999.
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        (seconds <= Self::LAST).then_some(Moment(seconds))
    }

    /// Milliseconds since 1970 began.
    pub fn milliseconds(self) -> u64 {
        self.0 * 1000
    }

    /// Its day in UTC: year, month and day of the month, the last two from 1.
    pub fn day(self) -> (u16, u8, u8) {
        let mut days = self.0 / 86_400;
        let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let mut year = 1970;
        // At most 8,030 steps, for something that is asked once in a run.
        while days >= 365 + u64::from(leap(year)) {
            days -= 365 + u64::from(leap(year));
            year += 1;
        }
        let february = 28 + u64::from(leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        // A year of four digits, 12 months and 31 days.
        (year as u16, month, days as u8 + 1)
    }
}

/// `2026-01-31T23:59:59`, in UTC and without a zone.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day();
        let second = self.0 % 86_400;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}", second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_dates() {
        let shown = |seconds| Moment::from_seconds(seconds).expect("it is before 10000").to_string();
        assert_eq!(shown(0), "1970-01-01T00:00:00");
        assert_eq!(shown(951_782_399), "2000-02-28T23:59:59");
        assert_eq!(shown(951_782_400), "2000-02-29T00:00:00");
        assert_eq!(shown(1_767_225_599), "2025-12-31T23:59:59");
        assert_eq!(shown(1_767_225_600), "2026-01-01T00:00:00");
        assert_eq!(shown(4_107_542_400), "2100-03-01T00:00:00");
        assert_eq!(shown(253_402_300_799), "9999-12-31T23:59:59");
        assert_eq!(Moment::from_seconds(253_402_300_800), None);
    }
}
