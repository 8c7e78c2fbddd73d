//! Page cursors: any text is a valid cursor or none, and pages of any size together are the whole list.

#![no_main]

use arbitrary::Arbitrary;
use easel_protocol::thread::SortDirection;
use easel_store::fuzzing::{Entry, encode_cursor, read_page};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    rows: Vec<Row>,
    limits: [u8; 4],
    is_descending: bool,
    row: u8,
    is_after: bool,
    cursor: &'a str,
}

#[derive(Arbitrary, Debug)]
struct Row {
    value: i64,
    id: String,
    /// In KiB.
    size: u8,
}

fuzz_target!(|input: Input<'_>| {
    let direction = if input.is_descending { SortDirection::Desc } else { SortDirection::Asc };
    let mut entries: Vec<Entry> = input.rows.into_iter().map(to_entry).collect();
    entries.sort();
    entries.dedup_by(|entry, last| (entry.value, &entry.id) == (last.value, &last.id));
    let mut expected = entries.clone();
    if input.is_descending {
        expected.reverse();
    }

    let (mut seen, mut cursor) = (Vec::new(), None);
    for limit in input.limits.iter().cycle().map(|limit| usize::from(*limit).max(1)) {
        let page = read_page("turns", &entries, cursor.as_deref(), limit, direction).expect("a cursor of this list");
        assert!(page.entries.len() <= limit && (page.next.is_none() || !page.entries.is_empty()));
        check_backwards(&entries, &page.entries, page.backwards.as_deref(), direction);
        seen.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);

    if let Some(entry) = entries.get(usize::from(input.row) % entries.len().max(1)) {
        let cursor = encode_cursor("turns", entry, input.is_after);
        let page = read_page("turns", &entries, Some(&cursor), usize::MAX, direction).expect("a cursor of this list");
        assert_eq!(page.entries.first() == Some(entry), !input.is_after);
        assert_eq!(read_page("items", &entries, Some(&cursor), 1, direction), None);
    }
    // A text from a client is refused, or it is a position, whose page is a part of the list.
    if let Some(page) = read_page("turns", &entries, Some(input.cursor), usize::MAX, direction) {
        let first = page.entries.first().and_then(|first| expected.iter().position(|entry| entry == first));
        assert!(expected[first.unwrap_or(expected.len())..].starts_with(&page.entries));
    }
});

fn to_entry(row: Row) -> Entry {
    Entry { value: row.value, id: row.id, size: usize::from(row.size) << 10 }
}

/// The backwards cursor of a page leads back to its first entry, in the opposite direction.
fn check_backwards(entries: &[Entry], page: &[Entry], backwards: Option<&str>, direction: SortDirection) {
    let opposite = match direction {
        SortDirection::Asc => SortDirection::Desc,
        SortDirection::Desc => SortDirection::Asc,
    };
    assert_eq!(backwards.is_some(), !page.is_empty());
    if let Some(backwards) = backwards {
        let back = read_page("turns", entries, Some(backwards), 1, opposite).expect("a cursor of this list");
        assert_eq!(back.entries.first(), page.first());
    }
}
