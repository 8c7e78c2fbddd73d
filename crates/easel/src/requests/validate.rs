//! Validates names and paths that clients send and the server echoes, so that responses and lists stay short.
//!
//! An empty name or path counts as absent.

use easel_protocol::input::UserInput;

use crate::requests::RequestError;

/// Maximum length of a name, in Unicode scalar values. It is also the limit of names in the configuration.
const MAX_NAME_CHARS: usize = 256;
/// Maximum length of a path, in Unicode scalar values. It is also the limit of operating systems.
const MAX_PATH_CHARS: usize = 4_096;

/// Maximum number of paths in a list.
const MAX_PATHS: usize = 256;

/// Maximum number of parts of one user message.
const MAX_INPUT_PARTS: usize = 64;
/// Maximum size of all texts of one user message, in bytes: a response with the message fits into one line.
const MAX_TEXT_BYTES: usize = 24 << 20;
/// Maximum number of marked spans of one text.
const MAX_SPANS: usize = 4_096;

/// Validates a user message, except for its images, which the store validates.
///
/// # Errors
/// [`RequestError::BadField`] if the message is empty, or if a part of it is too long.
pub(crate) fn input(input: &[UserInput]) -> Result<(), RequestError> {
    if input.len() > MAX_INPUT_PARTS {
        let reason = format!("has {} parts; at most {MAX_INPUT_PARTS} are allowed", input.len());
        return Err(RequestError::field("input", reason));
    }
    let mut bytes_left = MAX_TEXT_BYTES;
    let too_long = || RequestError::field("input", format!("has more than {MAX_TEXT_BYTES} bytes of text"));
    for (index, part) in input.iter().enumerate() {
        match part {
            UserInput::Text { text, text_elements } => {
                if text_elements.len() > MAX_SPANS {
                    let reason = format!("has {} spans; at most {MAX_SPANS} are allowed", text_elements.len());
                    return Err(RequestError::field(format!("input[{index}].text_elements"), reason));
                }
                let placeholders = text_elements.iter().filter_map(|span| span.placeholder.as_ref());
                let bytes = text.len() + placeholders.map(String::len).sum::<usize>();
                bytes_left = bytes_left.checked_sub(bytes).ok_or_else(too_long)?;
            }
            UserInput::Skill { name, path } | UserInput::Mention { name, path } => {
                id(&format!("input[{index}].name"), name)?;
                path_length(&format!("input[{index}].path"), path)?;
            }
            UserInput::LocalImage { path, .. } => path_length(&format!("input[{index}].path"), path)?,
            UserInput::Image { .. } => {}
        }
    }
    let has_content = input.iter().any(|part| match part {
        UserInput::Text { text, .. } => !text.trim().is_empty(),
        UserInput::Image { .. }
        | UserInput::LocalImage { .. }
        | UserInput::Skill { .. }
        | UserInput::Mention { .. } => true,
    });
    if has_content { Ok(()) } else { Err(RequestError::field("input", "must not be empty")) }
}

fn path_length(field: &str, path: &str) -> Result<(), RequestError> {
    if path.chars().count() > MAX_PATH_CHARS {
        return Err(RequestError::field(field, format!("must have at most {MAX_PATH_CHARS} characters")));
    }
    Ok(())
}

/// Validates a name, such as that of a model; `None` if it is absent or empty.
///
/// # Errors
/// [`RequestError::BadField`] if the name is too long or has control characters.
pub(crate) fn name(field: &str, name: Option<String>) -> Result<Option<String>, RequestError> {
    optional_text(field, name, MAX_NAME_CHARS, char::is_control)
}

/// Validates an id: no id is longer than a name.
///
/// # Errors
/// [`RequestError::BadField`] if the id is too long.
pub(crate) fn id(field: &str, id: &str) -> Result<(), RequestError> {
    if id.chars().count() > MAX_NAME_CHARS {
        return Err(RequestError::field(field, format!("must have at most {MAX_NAME_CHARS} characters")));
    }
    Ok(())
}

/// Returns whether a thread could have this id. Requests for an id that cannot exist need no queue.
pub(crate) fn can_be_id(id: &str) -> bool {
    id.len() <= MAX_NAME_CHARS
}

/// Validates a list of paths.
///
/// # Errors
/// [`RequestError::BadField`] if there are too many, or one is too long.
pub(crate) fn paths(field: &str, paths: Vec<String>) -> Result<Vec<String>, RequestError> {
    if paths.len() > MAX_PATHS {
        return Err(RequestError::field(field, format!("has {} paths; at most {MAX_PATHS} are allowed", paths.len())));
    }
    for (index, path) in paths.iter().enumerate() {
        path_length(&format!("{field}[{index}]"), path)?;
    }
    Ok(paths)
}

/// Validates a path; `None` if it is absent or empty.
///
/// # Errors
/// [`RequestError::BadField`] if the path is too long or has a NUL character.
pub(crate) fn path(field: &str, path: Option<String>) -> Result<Option<String>, RequestError> {
    optional_text(field, path, MAX_PATH_CHARS, |c| c == '\0')
}

/// Validates that a text has 1 to `max` characters.
///
/// # Errors
/// [`RequestError::BadField`] if it has none, or more than `max`.
pub(crate) fn length(field: &str, text: &str, max: usize) -> Result<(), RequestError> {
    if (1..=max).contains(&text.chars().count()) {
        return Ok(());
    }
    Err(RequestError::field(field, format!("must have 1 to {max} characters")))
}

fn optional_text(
    field: &str,
    text: Option<String>,
    max_chars: usize,
    is_forbidden: impl Fn(char) -> bool,
) -> Result<Option<String>, RequestError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > max_chars {
        return Err(RequestError::field(field, format!("must have at most {max_chars} characters")));
    }
    if text.contains(is_forbidden) {
        return Err(RequestError::field(field, "must not have control characters"));
    }
    Ok(Some(text))
}
