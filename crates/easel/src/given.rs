//! What a client names in a request and is told again in answers and lists, which stay short: models, providers, folders,
//! ids of its own. An empty one is as good as none.

use crate::refusal::Refusal;

/// Longest name, in Unicode scalar values: what the keys of the configuration take.
const MAX_NAME_CHARS: usize = 256;
/// Longest path, in Unicode scalar values: what operating systems take.
const MAX_PATH_CHARS: usize = 4_096;

pub(crate) fn name(field: &str, name: Option<String>) -> Result<Option<String>, Refusal> {
    short(field, name, MAX_NAME_CHARS, char::is_control)
}

pub(crate) fn path(field: &str, path: Option<String>) -> Result<Option<String>, Refusal> {
    short(field, path, MAX_PATH_CHARS, |c| c == '\0')
}

fn short(
    field: &str,
    text: Option<String>,
    most: usize,
    is_foul: impl Fn(char) -> bool,
) -> Result<Option<String>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > most {
        return Err(Refusal::field(field, format!("must have at most {most} characters")));
    }
    if text.contains(is_foul) {
        return Err(Refusal::field(field, "must not have control characters"));
    }
    Ok(Some(text))
}
