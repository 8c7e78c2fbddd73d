//! What a client names in a request and is told again in answers and lists, which stay short: models, providers, folders,
//! ids of its own. An empty one is as good as none.

use easel_protocol::input::UserInput;

use crate::refusal::Refusal;

/// Longest name, in Unicode scalar values: what the keys of the configuration take.
const MAX_NAME_CHARS: usize = 256;
/// Longest path, in Unicode scalar values: what operating systems take.
const MAX_PATH_CHARS: usize = 4_096;

/// Most bytes of all texts of one user message: an answer with the message fits into a line.
const MAX_TEXT_BYTES: usize = 24 << 20;
/// Most marked spans of one text.
const MAX_SPANS: usize = 4_096;

/// What a user message says and names, but for its images, which have limits of their own.
pub(crate) fn input(input: &[UserInput]) -> Result<(), Refusal> {
    let mut left = MAX_TEXT_BYTES;
    let too_long = || Refusal::field("input", format!("has more than {MAX_TEXT_BYTES} bytes of text"));
    for (index, piece) in input.iter().enumerate() {
        match piece {
            UserInput::Text { text, text_elements } => {
                if text_elements.len() > MAX_SPANS {
                    let reason = format!("has {} spans; at most {MAX_SPANS} are taken", text_elements.len());
                    return Err(Refusal::field(format!("input[{index}].text_elements"), reason));
                }
                let placeholders = text_elements.iter().filter_map(|span| span.placeholder.as_ref());
                let bytes = text.len() + placeholders.map(String::len).sum::<usize>();
                left = left.checked_sub(bytes).ok_or_else(too_long)?;
            }
            UserInput::Skill { name, path } | UserInput::Mention { name, path } => {
                id(&format!("input[{index}].name"), name)?;
                short_path(&format!("input[{index}].path"), path)?;
            }
            UserInput::LocalImage { path, .. } => short_path(&format!("input[{index}].path"), path)?,
            UserInput::Image { .. } => {}
        }
    }
    Ok(())
}

fn short_path(field: &str, path: &str) -> Result<(), Refusal> {
    if path.chars().count() > MAX_PATH_CHARS {
        return Err(Refusal::field(field, format!("must have at most {MAX_PATH_CHARS} characters")));
    }
    Ok(())
}

pub(crate) fn name(field: &str, name: Option<String>) -> Result<Option<String>, Refusal> {
    short(field, name, MAX_NAME_CHARS, char::is_control)
}

/// An id that names something of Easel's: longer ones name nothing.
pub(crate) fn id(field: &str, id: &str) -> Result<(), Refusal> {
    if id.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::field(field, format!("must have at most {MAX_NAME_CHARS} characters")));
    }
    Ok(())
}

/// Whether something of Easel's may have this id. There is no order to keep among requests for what is nowhere.
pub(crate) fn may_be_an_id(id: &str) -> bool {
    id.len() <= MAX_NAME_CHARS
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
