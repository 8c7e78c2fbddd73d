//! Pages of lists: opaque cursors that name a place in the order and not an offset, so that what is added meanwhile
//! neither repeats nor hides an entry.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easel_imagegen::port::StorageError;
use easel_protocol::thread::SortDirection;

use crate::error::Error;

/// Most bytes of stored JSON in one page, so that its line stays under 64 KiB; a single entry may be larger.
const MAX_BYTES: usize = 48 << 10;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The cursor is not one that this list gave out.
    #[error("the cursor is not valid for this list")]
    Cursor,
    #[error("there is no such thread")]
    ThreadNotFound,
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

/// The place of an entry: what the list is sorted by, then what tells equals apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) value: i64,
    pub(crate) id: String,
}

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Name of the list and its order: a cursor of another list is refused.
    list: &'static str,
    pub(crate) limit: usize,
    direction: SortDirection,
    from: Option<(Place, Edge)>,
}

/// Whether a page begins after the place or at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    After,
    At,
}

/// Entries with the cursors that lead on, and back by the opposite direction.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) backwards_cursor: Option<String>,
}

impl Wanted {
    pub(crate) fn new(
        list: &'static str,
        cursor: Option<&str>,
        limit: usize,
        direction: SortDirection,
    ) -> Result<Self, PageError> {
        let from = cursor.map(|cursor| decode(list, cursor).ok_or(PageError::Cursor)).transpose()?;
        Ok(Self { list, limit, direction, from })
    }

    /// SQL that keeps what lies on the page and after it, for the place in `?1` and `?2`, and the order.
    pub(crate) fn sql(&self, value: &str, id: &str) -> (String, String) {
        let (beyond, order) = match self.direction {
            SortDirection::Asc => (">", "ASC"),
            SortDirection::Desc => ("<", "DESC"),
        };
        let beyond = match self.from {
            None => "?1 IS NULL AND ?2 IS NULL".into(),
            Some((_, Edge::After)) => format!("({value}, {id}) {beyond} (?1, ?2)"),
            Some((_, Edge::At)) => format!("({value}, {id}) {beyond}= (?1, ?2)"),
        };
        (beyond, format!("{value} {order}, {id} {order}"))
    }

    pub(crate) fn value(&self) -> Option<i64> {
        self.from.as_ref().map(|(place, _)| place.value)
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.from.as_ref().map(|(place, _)| place.id.as_str())
    }

    /// Takes entries until the page is full. `next` gives the place, the size and the entry.
    pub(crate) fn fill<T>(
        &self,
        mut next: impl FnMut() -> Result<Option<(Place, usize, T)>, PageError>,
    ) -> Result<Page<T>, PageError> {
        let (mut data, mut bytes) = (Vec::new(), 0);
        let (mut first, mut last) = (None, None);
        let mut next_cursor = None;
        while let Some((place, size, entry)) = next()? {
            let full = data.len() >= self.limit || bytes + size > MAX_BYTES;
            if full && !data.is_empty() {
                next_cursor = last.as_ref().map(|last| encode(self.list, last, Edge::After));
                break;
            }
            bytes += size;
            data.push(entry);
            first.get_or_insert_with(|| place.clone());
            last = Some(place);
        }
        let backwards_cursor = first.as_ref().map(|first| encode(self.list, first, Edge::At));
        Ok(Page { data, next_cursor, backwards_cursor })
    }
}

fn encode(list: &str, place: &Place, edge: Edge) -> String {
    let edge = match edge {
        Edge::After => "after",
        Edge::At => "at",
    };
    URL_SAFE_NO_PAD.encode(format!("{list} {edge} {} {}", place.value, place.id))
}

fn decode(list: &str, cursor: &str) -> Option<(Place, Edge)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(4, ' ');
    if parts.next()? != list {
        return None;
    }
    let edge = match parts.next()? {
        "after" => Edge::After,
        "at" => Edge::At,
        _ => return None,
    };
    let value = parts.next()?.parse().ok()?;
    Some((Place { value, id: parts.next()?.into() }, edge))
}

/// Bytes of a text in JSON, without the quotation marks.
pub(crate) fn json_length(text: &str) -> usize {
    let length = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        // As `\u0000`; some are shorter.
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

/// A wire limit between 1 and `most`.
pub(crate) fn limit(wanted: Option<u32>, default: u32, most: u32) -> usize {
    wanted.unwrap_or(default).clamp(1, most) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(value: i64, id in "[ -~]{0,40}") {
            let place = Place { value, id };
            prop_assert_eq!(decode("turns", &encode("turns", &place, Edge::At)), Some((place.clone(), Edge::At)));
            prop_assert_eq!(decode("turns", &encode("turns", &place, Edge::After)), Some((place, Edge::After)));
        }

        #[test]
        fn a_text_is_no_longer_in_json_than_it_is_counted(text: String) {
            prop_assert!(serde_json::to_string(&text).unwrap().len() <= json_length(&text) + 2);
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text: String) {
            let _ = decode("turns", &text);
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = encode("items", &Place { value: 1, id: String::new() }, Edge::At);
        assert_eq!(decode("turns", &cursor), None);
    }
}
