//! Pages of entries in memory, with the comparison that the database makes.

use easel_protocol::thread::SortDirection;

use super::{Boundary, Page, PageRequest, Position, encode};

/// An entry of a list: the value that the list is sorted by, an id, and its size in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The value that the list is sorted by.
    pub value: i64,
    /// Orders entries with equal values.
    pub id: String,
    /// The bytes of its JSON.
    pub size: usize,
}

/// A page and its cursors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries of the page.
    pub entries: Vec<Entry>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The cursor of the page that begins here, in the opposite direction.
    pub backwards: Option<String>,
}

/// Encodes the cursor of the page that begins at or after an entry.
pub fn encode_cursor(list: &'static str, entry: &Entry, is_after: bool) -> String {
    let position = Position { value: entry.value, id: entry.id.clone() };
    encode(list, &position, if is_after { Boundary::After } else { Boundary::At })
}

/// Reads a page of `entries`, which have any order. Returns `None` if the cursor is not one of this list.
pub fn read_page(
    list: &'static str,
    entries: &[Entry],
    cursor: Option<&str>,
    limit: usize,
    direction: SortDirection,
) -> Option<EntryPage> {
    let request = PageRequest::new(list, cursor, limit, direction).ok()?;
    let mut rows: Vec<&Entry> = entries.iter().filter(|entry| follows(&request, entry)).collect();
    rows.sort_by_key(|entry| (entry.value, entry.id.as_str()));
    if direction == SortDirection::Desc {
        rows.reverse();
    }
    let mut rows = rows.into_iter();
    let next = || {
        Ok(rows.next().map(|entry| {
            let position = Position { value: entry.value, id: entry.id.clone() };
            (position, entry.size, entry.clone())
        }))
    };
    let Page { data, next_cursor, backwards_cursor } = request.collect(next).ok()?;
    Some(EntryPage { entries: data, next: next_cursor, backwards: backwards_cursor })
}

/// The condition of [`PageRequest::sql`].
fn follows(request: &PageRequest, entry: &Entry) -> bool {
    let Some((_, boundary)) = &request.start else { return true };
    let start = (request.value().unwrap_or_default(), request.id().unwrap_or_default());
    let order = (entry.value, entry.id.as_str()).cmp(&start);
    let is_past = match request.direction {
        SortDirection::Asc => order.is_gt(),
        SortDirection::Desc => order.is_lt(),
    };
    is_past || (*boundary == Boundary::At && order.is_eq())
}
