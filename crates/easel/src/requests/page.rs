//! Pages of lists that are in memory.

use crate::requests::RequestError;

/// Maximum number of entries of a page.
const MAX_PAGE: usize = 500;

/// Returns the page after the entry whose key is `cursor`, and the cursor of the next page.
///
/// # Errors
/// [`RequestError::BadField`] if no entry has the key `cursor`.
pub(crate) fn paginate<T>(
    all: Vec<T>,
    cursor: Option<&str>,
    limit: Option<u32>,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), RequestError> {
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let position = all.iter().position(|entry| key(entry) == cursor);
            position.ok_or_else(RequestError::cursor)? + 1
        }
    };
    let limit = limit.map_or(MAX_PAGE, |limit| (limit as usize).clamp(1, MAX_PAGE));
    let has_more = all.len() > start + limit;
    let data: Vec<T> = all.into_iter().skip(start).take(limit).collect();
    let next_cursor = if has_more { data.last().map(|entry| key(entry).to_owned()) } else { None };
    Ok((data, next_cursor))
}
