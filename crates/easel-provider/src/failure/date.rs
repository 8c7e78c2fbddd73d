//! Dates as HTTP writes them and as people read them, always in UTC.

/// The last second of the year 9999: what lies beyond is no date that a provider means.
pub(super) const LAST_SECOND: i64 = 253_402_300_799;

const SECONDS_OF_DAY: u64 = 86_400;
/// Days from the first of March of the year 0 to the Unix epoch.
const EPOCH: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats itself.
const ERA: u64 = 146_097;

/// The one form of date that HTTP servers may send today: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn unix_seconds(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = date.split_once(", ")?;
    let mut words = date.split(' ');
    let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?;
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()?;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok().filter(|part| *part <= 60));
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next() != Some("GMT") {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days - EPOCH) * SECONDS_OF_DAY + hours * 3_600 + minutes * 60 + seconds)
}

/// `2027-01-15 08:00 UTC`; `None` before 1970 and after 9999.
pub(super) fn utc(unix_seconds: i64) -> Option<String> {
    let seconds = u64::try_from(unix_seconds).ok().filter(|_| unix_seconds <= LAST_SECOND)?;
    let (days, seconds) = (seconds / SECONDS_OF_DAY + EPOCH, seconds % SECONDS_OF_DAY);
    let (era, day) = (days / ERA, days % ERA);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + later;
    Some(format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3_600, seconds / 60 % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_over_leap_days_and_centuries() {
        for (seconds, http, shown) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01 00:00 UTC"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29 00:00 UTC"),
            (1_772_366_400, "Sun, 01 Mar 2026 12:00:00 GMT", "2026-03-01 12:00 UTC"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT", "2026-12-31 23:59 UTC"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01 00:00 UTC"),
            (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31 23:59 UTC"),
        ] {
            assert_eq!(unix_seconds(http), u64::try_from(seconds).ok(), "{http}");
            assert_eq!(utc(seconds).as_deref(), Some(shown));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for date in ["Sun, 06 Nov 1994", "Sun, 99 Foo 1994 08:49:37 GMT", "", "Sun, 06 Nov 1994 08:49:37 CET"] {
            assert_eq!(unix_seconds(date), None, "{date}");
        }
        assert_eq!((utc(-1), utc(LAST_SECOND + 1), utc(i64::MAX)), (None, None, None));
    }
}
