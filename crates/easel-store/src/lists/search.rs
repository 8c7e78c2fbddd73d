//! The text search: how terms and texts are compared and indexed.
//!
//! Case is folded by Unicode. The index has the trigrams of each text; it may find a text without the term, so results
//! are compared with the whole term.

use std::collections::BTreeSet;

use easel_protocol::thread::Thread;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::error::Error;

/// Longest snippet, in Unicode scalar values.
const SNIPPET_CHARS: usize = 160;
/// Characters of a snippet before the term.
const CHARS_BEFORE_TERM: usize = 40;

/// Length of an index entry in characters.
const GRAM_CHARS: usize = 3;
/// Index entries that are looked up for one term, at most.
const MAX_GRAMS: usize = 64;

/// Adds two SQL functions to a connection: `holds(text, term)`, whether a text contains a folded term, and
/// `folded(text)`, the text as the index stores it.
///
/// SQLite's own `lower` folds ASCII only, and `LIKE` treats `%` and `_` as wildcards. The names are part of the schema.
pub(crate) fn register_functions(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("holds", 2, flags, |context| {
        let text = context.get_raw(0).as_str_or_null().map_err(rusqlite::Error::from)?;
        let term = context.get_raw(1).as_str().map_err(rusqlite::Error::from)?;
        Ok(text.is_some_and(|text| contains(text, term)))
    })?;
    connection.create_scalar_function("folded", 1, flags, |context| {
        Ok(to_index_text(&fold_case(context.get_raw(0).as_str().map_err(rusqlite::Error::from)?)))
    })?;
    Ok(())
}

/// Folds the case of a term.
pub(crate) fn fold_case(term: &str) -> String {
    term.to_lowercase()
}

/// Returns a folded text as the index stores it: FTS5 ends a text at a null character.
fn to_index_text(folded: &str) -> String {
    folded.replace('\0', " ")
}

fn contains(text: &str, folded_term: &str) -> bool {
    text.to_lowercase().contains(folded_term)
}

/// Returns an FTS5 query that finds every text with the term, and some others. Returns `None` if the term is too short
/// for the index.
pub(crate) fn index_query(folded_term: &str) -> Option<String> {
    let characters: Vec<char> = to_index_text(folded_term).chars().collect();
    let grams: BTreeSet<&[char]> = characters.windows(GRAM_CHARS).take(MAX_GRAMS).collect();
    let quoted = |gram: &[char]| format!("\"{}\"", gram.iter().collect::<String>().replace('"', "\"\""));
    let query: Vec<String> = grams.into_iter().map(quoted).collect();
    (!query.is_empty()).then(|| query.join(" AND "))
}

/// Returns the text around the first match of the term in the thread's name, its preview, or `item_text`.
pub(crate) fn snippet(thread: &Thread, item_text: Option<&str>, folded_term: &str) -> String {
    let texts = [thread.name.as_deref(), Some(&thread.preview), item_text];
    let text = texts.into_iter().flatten().find(|text| contains(text, folded_term)).unwrap_or(&thread.preview);
    let lower = text.to_lowercase();
    // A few characters become several in lower case, so the snippet may begin slightly off.
    let at = lower.find(folded_term).map_or(0, |at| lower[..at].chars().count());
    text.chars().skip(at.saturating_sub(CHARS_BEFORE_TERM)).take(SNIPPET_CHARS).collect()
}
