//! Days in the time zone of the user.

use easel_imagegen::spending::Reset;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A day, from midnight to midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    /// Unix milliseconds.
    pub(crate) starts_at_ms: i64,
    /// The end of the day.
    pub(crate) reset: Reset,
}

/// Returns the day that contains a time in Unix milliseconds, in the time zone of the system or of the variable `TZ`.
pub(crate) fn local_day(at_ms: i64) -> Day {
    day_in(TimeZone::system(), at_ms)
}

fn day_in(zone: TimeZone, at_ms: i64) -> Day {
    let day = |zone: TimeZone, at_ms| {
        let start = Timestamp::from_millisecond(at_ms)?.to_zoned(zone).start_of_day()?;
        // Midnight does not exist where clocks are set forward at that time.
        Ok::<_, jiff::Error>((start.timestamp(), start.tomorrow()?.start_of_day()?))
    };
    // Only a clock that is wrong by millennia has no day.
    let (start, end) = day(zone, at_ms).unwrap_or_else(|_| (Timestamp::UNIX_EPOCH, Zoned::default()));
    let reset =
        Reset { at_ms: end.timestamp().as_millisecond(), text: end.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() };
    Day { starts_at_ms: start.as_millisecond(), reset }
}

/// Returns the date of a time in Unix milliseconds as `YYYY-MM-DD`, in the time zone of the user.
pub(crate) fn local_date(at_ms: i64) -> String {
    let time = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string()
}

/// Returns the start and the end of a month, given as `YYYY-MM`, in Unix milliseconds and in the time zone of the user.
pub(crate) fn local_month(month: &str) -> Option<(i64, i64)> {
    let first = Date::strptime("%Y-%m-%d", format!("{month}-01")).ok().filter(|_| month.len() == 7)?;
    let start = |date: Date| Some(date.to_zoned(TimeZone::system()).ok()?.timestamp().as_millisecond());
    Some((start(first)?, start(first.checked_add(1.month()).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_ends_at_midnight_of_its_time_zone() {
        // Central European time, with daylight saving time; a zone whose clocks skip midnight once a year; UTC.
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        let skips_midnight = "XXX3YYY,M11.1.0/0,M2.3.0/0";
        // (zone, a time, start, end)
        let table = [
            ("UTC0", "2026-11-29T12:00:00Z", "2026-11-29T00:00:00Z", "2026-11-30T00:00:00+00:00"),
            ("UTC0", "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00+00:00"),
            (berlin, "2026-11-29T22:59:59Z", "2026-11-28T23:00:00Z", "2026-11-30T00:00:00+01:00"),
            (berlin, "2026-11-29T23:00:00Z", "2026-11-29T23:00:00Z", "2026-12-01T00:00:00+01:00"),
            (berlin, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-26T00:00:00+01:00"),
            (berlin, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-30T00:00:00+02:00"),
            (skips_midnight, "2026-10-31T12:00:00Z", "2026-10-31T03:00:00Z", "2026-11-01T01:00:00-02:00"),
        ];
        for (zone, time, start, end) in table {
            let parse = |time: &str| time.parse::<Timestamp>().unwrap().as_millisecond();
            let day = day_in(TimeZone::posix(zone).unwrap(), parse(time));
            let expected = Reset { at_ms: parse(end), text: end.to_owned() };
            assert_eq!(day, Day { starts_at_ms: parse(start), reset: expected }, "{zone} {time}");
        }
    }

    #[test]
    fn month_ends_with_its_last_day() {
        for (month, days) in [("2026-11", Some(30)), ("2026-12", Some(31)), ("2028-02", Some(29))] {
            let length = local_month(month).map(|(start, end)| (end - start + 43_200_000) / 86_400_000);
            assert_eq!(length, days, "{month}");
        }
        for month in ["2026-13", "2026-1", "2026", "", "2026-11-01", "november"] {
            assert_eq!(local_month(month), None, "{month}");
        }
    }

    #[test]
    fn impossible_time_still_has_a_day() {
        for at_ms in [i64::MIN, i64::MAX] {
            assert!(!day_in(TimeZone::UTC, at_ms).reset.text.is_empty());
        }
    }
}
