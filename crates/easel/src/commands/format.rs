//! Formats values for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Returns Unix seconds as a time in the user's time zone, such as `2026-11-29 19:20`.
pub(crate) fn local_time(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::system());
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Returns a number of bytes with a unit, such as `172 KiB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} B"),
        10_240..10_485_760 => format!("{} KiB", count >> 10),
        10_485_760.. => format!("{} MiB", count >> 20),
    }
}

/// Returns the text in one line of at most `max_chars` characters.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (size, shown) in [(0, "0 B"), (10_239, "10239 B"), (10_240, "10 KiB"), (20 << 20, "20 MiB")] {
            assert_eq!(bytes(size), shown);
        }
    }

    #[test]
    fn long_texts_are_cut_to_one_line() {
        assert_eq!(shorten("a\n b", 10), "a b");
        assert_eq!(shorten("äöü", 2), "äö…");
    }
}
