//! Reads one configuration file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::DeTable;

use crate::LayerName;
use crate::depth::{DEEPEST, too_deep};
use crate::node::{Entry, Lines, from_toml};
use crate::owner::is_foreign;
use crate::warning::Warning;

/// Nobody writes more by hand, and a hostile repository may not make us read it.
pub(crate) const LARGEST_FILE: u64 = 1024 * 1024;

/// The entries of the layer's file; none when the file is not there.
pub(crate) fn read(layer: &LayerName, file: &Path) -> Result<Vec<Entry>, Warning> {
    match text(layer, file)? {
        Some(text) => entries(layer, &text),
        None => Ok(Vec::new()),
    }
}

/// The text of the layer's file, without a byte order mark; `None` when the file is not there.
pub(crate) fn text(layer: &LayerName, file: &Path) -> Result<Option<String>, Warning> {
    let is_project = matches!(layer, LayerName::Project { .. });
    let bytes = match read_bounded(file, is_project) {
        Ok(bytes) => bytes,
        Err(Unreadable::Missing) => return Ok(None),
        Err(Unreadable::NotAFile) => {
            return Err(Warning::of_layer(layer, None, "was ignored: it is not a regular file"));
        }
        Err(Unreadable::Foreign) => {
            return Err(Warning::of_layer(layer, None, "was ignored: it belongs to another user"));
        }
        Err(Unreadable::TooLarge) => return Err(too_large(layer)),
        Err(Unreadable::Io(kind)) => {
            return Err(Warning::of_layer(layer, None, &format!("was ignored: it cannot be read ({kind})")));
        }
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())),
        Err(error) => {
            let line = Some(Lines::of(&bytes).line(error.valid_up_to()));
            Err(Warning::of_layer(layer, line, "was ignored: it is not UTF-8"))
        }
    }
}

pub(crate) fn too_large(layer: &LayerName) -> Warning {
    Warning::of_layer(layer, None, &format!("was ignored: it is larger than {LARGEST_FILE} bytes"))
}

/// What a text says.
///
/// One that is not TOML is left out as a whole: after a syntax error the parser would only guess which table the
/// following keys belong to.
pub(crate) fn entries(layer: &LayerName, text: &str) -> Result<Vec<Entry>, Warning> {
    let lines = Lines::of(text.as_bytes());
    if let Some(offset) = too_deep(text) {
        let what = format!("was ignored: it opens more than {DEEPEST} levels in one statement");
        return Err(Warning::of_layer(layer, Some(lines.line(offset)), &what));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| lines.line(span.start));
        // The parser's messages name what it expected and never quote the text.
        Warning::of_layer(layer, line, &format!("was ignored: it is not valid TOML ({})", error.message()))
    })?;
    Ok(from_toml(table.get_ref(), Some(&lines)))
}

enum Unreadable {
    Missing,
    NotAFile,
    TooLarge,
    Foreign,
    Io(io::ErrorKind),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Io(error.kind()) }
    }
}

/// A file that must be the user's own is asked for its owner once it is open, when nobody can put another in its place.
fn read_bounded(file: &Path, must_be_own: bool) -> Result<Vec<u8>, Unreadable> {
    // Looked at before it is opened, because opening a pipe would wait for a writer.
    if !std::fs::metadata(file)?.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(file)?;
    if must_be_own && is_foreign(&file.metadata()?) {
        return Err(Unreadable::Foreign);
    }
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Unreadable::TooLarge);
    }
    Ok(bytes)
}
