//! Reads one configuration file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::DeTable;

use super::LayerName;
use super::nesting::{MAX_DEPTH, find_too_deep};
use super::raw_value::{LineIndex, RawEntry, from_toml_table};
use crate::{Warning, os};

/// Maximum size of a configuration file in bytes. Nobody writes more by hand, and a repository may contain a huge file.
pub(crate) const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Maximum size of a text in bytes whose syntax errors are all collected, since each of them needs memory.
const MAX_BYTES_TO_RECOVER: usize = 64 * 1024;

/// Reads and parses the file of a layer. A missing file has no entries.
pub(crate) fn read(layer: &LayerName, file: &Path) -> Result<Vec<RawEntry>, Warning> {
    match read_text(layer, file)? {
        Some(text) => parse(layer, &text),
        None => Ok(Vec::new()),
    }
}

/// Reads the file of a layer, without a byte order mark. Returns `None` if the file does not exist.
pub(crate) fn read_text(layer: &LayerName, file: &Path) -> Result<Option<String>, Warning> {
    let is_project = matches!(layer, LayerName::Project { .. });
    let bytes = match read_limited(file, is_project) {
        Ok(bytes) => bytes,
        Err(ReadError::Missing) => return Ok(None),
        Err(ReadError::NotAFile) => return Err(Warning::for_file(layer, None, "it is not a regular file")),
        Err(ReadError::Foreign) => return Err(foreign_file(layer)),
        Err(ReadError::TooLarge) => return Err(file_too_large(layer)),
        Err(ReadError::Io(kind)) => return Err(Warning::for_file(layer, None, &format!("it cannot be read ({kind})"))),
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())),
        Err(error) => {
            let line = Some(LineIndex::new(&bytes).line(error.valid_up_to()));
            Err(Warning::for_file(layer, line, "it is not UTF-8"))
        }
    }
}

/// Returns the warning about a file that another user owns.
pub(crate) fn foreign_file(layer: &LayerName) -> Warning {
    Warning::for_file(layer, None, "it belongs to another user")
}

/// Returns the warning about a file of more than [`MAX_FILE_BYTES`].
pub(crate) fn file_too_large(layer: &LayerName) -> Warning {
    Warning::for_file(layer, None, &format!("it is larger than {MAX_FILE_BYTES} bytes"))
}

/// Parses the text of a configuration file.
///
/// A syntax error makes the whole file invalid, because the parser can only guess which table the keys after the error
/// belong to.
pub(crate) fn parse(layer: &LayerName, text: &str) -> Result<Vec<RawEntry>, Warning> {
    let lines = LineIndex::new(text.as_bytes());
    if let Some(offset) = find_too_deep(text) {
        let reason = format!("it is nested deeper than {MAX_DEPTH} levels");
        return Err(Warning::for_file(layer, Some(lines.line(offset)), &reason));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let error = first_error(text).unwrap_or(error);
        let line = error.span().map(|span| lines.line(span.start));
        // The parser's messages name what it expected and never quote the text.
        Warning::for_file(layer, line, &format!("it is not valid TOML ({})", error.message()))
    })?;
    Ok(from_toml_table(table.get_ref(), Some(&lines)))
}

/// Returns the syntax error that is first in the text. The parser stops at the first that it finds, but it finds a
/// string without an end only after the errors that this string causes in the lines below.
fn first_error(text: &str) -> Option<toml::de::Error> {
    if text.len() > MAX_BYTES_TO_RECOVER {
        return None;
    }
    let (_, errors) = DeTable::parse_recoverable(text);
    errors.into_iter().min_by_key(|error| error.span().map_or(usize::MAX, |span| span.start))
}

enum ReadError {
    Missing,
    NotAFile,
    TooLarge,
    Foreign,
    Io(io::ErrorKind),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Io(error.kind()) }
    }
}

/// Reads at most [`MAX_FILE_BYTES`] of a regular file. With `must_be_own`, another user's file is refused.
fn read_limited(file: &Path, must_be_own: bool) -> Result<Vec<u8>, ReadError> {
    // Checked before the file is opened, because opening a pipe waits for a writer.
    if !std::fs::metadata(file)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(file)?;
    // Checked after the file is opened, so that the check is about the file that is read.
    if must_be_own && os::is_foreign(&file)? {
        return Err(ReadError::Foreign);
    }
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge);
    }
    Ok(bytes)
}
