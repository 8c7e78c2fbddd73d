//! Pages of lists.
//!
//! A cursor is opaque and names a position in the order, not an offset. Entries that are added between
//! two requests therefore neither repeat nor hide others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easel_imagegen::port::StorageError;
use easel_protocol::thread::SortDirection;

use crate::error::Error;

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;

/// Largest size of a page's stored JSON, so that its line stays below 64 KiB. A single entry may be larger.
const MAX_BYTES: usize = 48 << 10;

/// Why a page was not read.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The cursor does not come from this list in this order.
    #[error("the cursor is not valid for this list")]
    Cursor,
    /// The thread does not exist.
    #[error("thread not found")]
    ThreadNotFound,
    /// The database could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

impl From<rusqlite::Error> for PageError {
    fn from(error: rusqlite::Error) -> Self {
        Error::from(error).into()
    }
}

/// The position of an entry: the value that the list is sorted by, then an id that orders equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) value: i64,
    pub(crate) id: String,
}

/// The part of a list that a client requests.
#[derive(Debug)]
pub(crate) struct PageRequest {
    /// Name of the list and its order. A cursor of another list is refused.
    list: &'static str,
    limit: usize,
    direction: SortDirection,
    start: Option<(Position, Boundary)>,
}

/// Whether a page begins at a position or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    After,
    At,
}

/// The entries of a page, with cursors to the next page and, for the opposite direction, back.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) backwards_cursor: Option<String>,
}

impl PageRequest {
    /// Decodes the cursor of a request. Use [`clamp_limit`] for the limit.
    ///
    /// # Errors
    /// [`PageError::Cursor`] if the cursor does not come from this list.
    pub(crate) fn new(
        list: &'static str,
        cursor: Option<&str>,
        limit: usize,
        direction: SortDirection,
    ) -> Result<Self, PageError> {
        let start = cursor.map(|cursor| decode(list, cursor).ok_or(PageError::Cursor)).transpose()?;
        Ok(Self { list, limit, direction, start })
    }

    /// Returns two fragments of SQL: the condition for rows that follow the cursor, with [`PageRequest::value`] as `?1`
    /// and [`PageRequest::id`] as `?2`, and the terms of `ORDER BY`.
    pub(crate) fn sql(&self, value: &str, id: &str) -> (String, String) {
        let (operator, order) = match self.direction {
            SortDirection::Asc => (">", "ASC"),
            SortDirection::Desc => ("<", "DESC"),
        };
        let after_cursor = match self.start {
            None => "?1 IS NULL AND ?2 IS NULL".into(),
            Some((_, Boundary::After)) => format!("({value}, {id}) {operator} (?1, ?2)"),
            Some((_, Boundary::At)) => format!("({value}, {id}) {operator}= (?1, ?2)"),
        };
        (after_cursor, format!("{value} {order}, {id} {order}"))
    }

    /// Returns the value of the position that the page begins at.
    pub(crate) fn value(&self) -> Option<i64> {
        self.start.as_ref().map(|(position, _)| position.value)
    }

    /// Returns the id of the position that the page begins at.
    pub(crate) fn id(&self) -> Option<&str> {
        self.start.as_ref().map(|(position, _)| position.id.as_str())
    }

    /// Collects entries until the page is full. `next` returns the position, the size in bytes and the entry.
    pub(crate) fn collect<T>(
        &self,
        mut next: impl FnMut() -> Result<Option<(Position, usize, T)>, PageError>,
    ) -> Result<Page<T>, PageError> {
        let (mut data, mut bytes) = (Vec::new(), 0);
        let (mut first, mut last) = (None, None);
        let mut next_cursor = None;
        while let Some((position, size, entry)) = next()? {
            let is_full = data.len() >= self.limit || bytes + size > MAX_BYTES;
            if is_full && !data.is_empty() {
                next_cursor = last.as_ref().map(|last| encode(self.list, last, Boundary::After));
                break;
            }
            bytes += size;
            data.push(entry);
            first.get_or_insert_with(|| position.clone());
            last = Some(position);
        }
        let backwards_cursor = first.as_ref().map(|first| encode(self.list, first, Boundary::At));
        Ok(Page { data, next_cursor, backwards_cursor })
    }
}

fn encode(list: &str, position: &Position, boundary: Boundary) -> String {
    let boundary = match boundary {
        Boundary::After => "after",
        Boundary::At => "at",
    };
    URL_SAFE_NO_PAD.encode(format!("{list} {boundary} {} {}", position.value, position.id))
}

fn decode(list: &str, cursor: &str) -> Option<(Position, Boundary)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(4, ' ');
    if parts.next()? != list {
        return None;
    }
    let boundary = match parts.next()? {
        "after" => Boundary::After,
        "at" => Boundary::At,
        _ => return None,
    };
    let value = parts.next()?.parse().ok()?;
    Some((Position { value, id: parts.next()?.into() }, boundary))
}

/// Returns an upper bound for the bytes of a text in JSON, without the quotation marks.
pub(crate) fn json_length(text: &str) -> usize {
    let length = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        // As `\u0000`; some have a shorter form.
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

/// Returns a limit from the wire, or the default, as a number from 1 to `max`.
pub(crate) fn clamp_limit(limit: Option<u32>, default: u32, max: u32) -> usize {
    limit.unwrap_or(default).clamp(1, max) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursor_round_trips(value: i64, id in "[ -~]{0,40}") {
            let position = Position { value, id };
            prop_assert_eq!(decode("turns", &encode("turns", &position, Boundary::At)), Some((position.clone(), Boundary::At)));
            prop_assert_eq!(decode("turns", &encode("turns", &position, Boundary::After)), Some((position, Boundary::After)));
        }

        #[test]
        fn json_length_is_an_upper_bound(text: String) {
            prop_assert!(serde_json::to_string(&text).unwrap().len() <= json_length(&text) + 2);
        }

        #[test]
        fn any_text_decodes_without_panic(text: String) {
            let _ = decode("turns", &text);
        }
    }

    #[test]
    fn cursor_of_another_list_is_refused() {
        let cursor = encode("items", &Position { value: 1, id: String::new() }, Boundary::At);
        assert_eq!(decode("turns", &cursor), None);
    }
}
