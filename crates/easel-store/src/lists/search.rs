//! Words that threads are searched by.

use std::collections::BTreeSet;

use easel_protocol::thread::Thread;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::error::Error;

/// Longest snippet, in Unicode scalar values.
const SNIPPET: usize = 160;
/// How much of a snippet stands before the term.
const BEFORE: usize = 40;

/// Characters of an entry in the index of words.
const GRAM: usize = 3;
/// Most entries that are looked up for a term. What they find is compared with the whole term.
const GRAMS: usize = 64;

/// Gives SQL the function `holds(text, term)`: whether a text has a term of [`folded`] in it. SQLite's own `lower` knows
/// ASCII alone, and `LIKE` takes `%` and `_` for more than they are. And `folded(text)`: the text as the index has it.
pub(crate) fn teach(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("holds", 2, flags, |context| {
        let text = context.get_raw(0).as_str_or_null().map_err(rusqlite::Error::from)?;
        let term = context.get_raw(1).as_str().map_err(rusqlite::Error::from)?;
        Ok(text.is_some_and(|text| holds(text, term)))
    })?;
    connection.create_scalar_function("folded", 1, flags, |context| {
        Ok(indexed(&folded(context.get_raw(0).as_str().map_err(rusqlite::Error::from)?)))
    })?;
    Ok(())
}

/// A term as [`holds`] takes it.
pub(crate) fn folded(term: &str) -> String {
    term.to_lowercase()
}

/// A folded text as the index takes it, for which a null character is the end.
fn indexed(folded: &str) -> String {
    folded.replace('\0', " ")
}

fn holds(text: &str, folded: &str) -> bool {
    text.to_lowercase().contains(folded)
}

/// The query of the index that finds every text with a folded term in it, and some without. `None` for a term that is too
/// short for the index.
pub(crate) fn index_query(folded: &str) -> Option<String> {
    let characters: Vec<char> = indexed(folded).chars().collect();
    let grams: BTreeSet<&[char]> = characters.windows(GRAM).take(GRAMS).collect();
    let quoted = |gram: &[char]| format!("\"{}\"", gram.iter().collect::<String>().replace('"', "\"\""));
    let query: Vec<String> = grams.into_iter().map(quoted).collect();
    (!query.is_empty()).then(|| query.join(" AND "))
}

/// The text round the first place of a term: in the name, else in the preview, else in `said`.
pub(crate) fn snippet(thread: &Thread, said: Option<&str>, folded: &str) -> String {
    let texts = [thread.name.as_deref(), Some(&thread.preview), said];
    let text = texts.into_iter().flatten().find(|text| holds(text, folded)).unwrap_or(&thread.preview);
    let lower = text.to_lowercase();
    // Lower case has as many characters, but for a few of them: a snippet may begin a little beside its place.
    let at = lower.find(folded).map_or(0, |at| lower[..at].chars().count());
    text.chars().skip(at.saturating_sub(BEFORE)).take(SNIPPET).collect()
}
