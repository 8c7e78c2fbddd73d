//! The arguments of one call of the tool, in the advertised spelling and in the spelling of the Codex app-server.
//!
//! The tool is not strict, so a model may send anything. An invalid argument is rejected with a sentence that the model
//! can act on. An explicit `null` means the same as a missing argument.

use std::borrow::Cow;

use easel_protocol::record::{AppliedImage, ImageAction};
use serde::Deserialize;

use crate::capability::{Capabilities, Parameter};

/// Maximum length of a prompt, in Unicode scalar values.
pub const MAX_PROMPT_CHARS: usize = 32_000;

/// The valid arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// What to draw or to change; never blank.
    pub prompt: String,
    /// `None` if the call leaves the choice to Easel.
    pub action: Option<ImageAction>,
    /// The images that the call refers to.
    pub images: ImageSelection,
    /// Handle or absolute path of a mask.
    pub mask: Option<String>,
    /// Whether the pixels outside the mask are put back. `None` leaves the choice to the configuration.
    pub preserve: Option<bool>,
    /// Size, quality and the other optional parameters.
    pub parameters: AppliedImage,
}

/// The way in which a call selects images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSelection {
    /// The call selects no images.
    None,
    /// Handles and absolute paths, in the order in which the prompt refers to them.
    List(Vec<String>),
    /// The newest images of the thread, in chronological order.
    Newest(usize),
}

/// An invalid argument. The message is one sentence for the model.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// The arguments are not JSON, have an unknown name or a value of another type.
    #[error("the arguments do not match the tool's schema: {0}")]
    Schema(#[from] serde_json::Error),
    /// An argument has a value that the tool or the provider does not accept.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
}

fn reject<T>(message: impl Into<Cow<'static, str>>) -> Result<T, ArgumentError> {
    Err(ArgumentError::Invalid(message.into()))
}

/// Every accepted name. Serde rejects an unknown name and mentions it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    prompt: Option<String>,
    action: Option<String>,
    images: Option<Vec<String>>,
    referenced_image_paths: Option<Vec<String>>,
    num_last_images_to_include: Option<i64>,
    transparent_background: Option<bool>,
    size: Option<String>,
    quality: Option<String>,
    background: Option<String>,
    output_format: Option<String>,
    n: Option<i64>,
    mask: Option<String>,
    preserve: Option<bool>,
}

/// Parses the arguments of a call.
///
/// # Errors
/// The first invalid argument.
pub fn parse(arguments: &str, capabilities: &Capabilities) -> Result<Arguments, ArgumentError> {
    // Some models send no arguments as an empty string.
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let raw: Raw = serde_json::from_str(text)?;
    let images = parse_images(&raw, capabilities)?;
    let background = parse_background(&raw)?;
    let parameters = AppliedImage {
        size: parse_size(raw.size)?,
        quality: parse_choice("quality", raw.quality, &["auto", "low", "medium", "high"])?,
        background,
        output_format: parse_choice("output_format", raw.output_format, &["png", "jpeg", "webp"])?,
        n: parse_count(raw.n, capabilities)?,
    };
    check_declared(&parameters, raw.mask.as_deref(), capabilities)?;
    if raw.preserve == Some(true) && raw.mask.is_none() {
        return reject("`preserve` requires a `mask`");
    }
    Ok(Arguments {
        prompt: parse_prompt(raw.prompt)?,
        action: parse_action(raw.action.as_deref())?,
        images,
        mask: raw.mask,
        preserve: raw.preserve,
        parameters,
    })
}

fn parse_prompt(prompt: Option<String>) -> Result<String, ArgumentError> {
    let Some(prompt) = prompt.filter(|prompt| !prompt.trim().is_empty()) else {
        return reject("`prompt` is missing or empty");
    };
    match prompt.chars().count() {
        0..=MAX_PROMPT_CHARS => Ok(prompt),
        count => reject(format!("`prompt` has {count} characters; the maximum is {MAX_PROMPT_CHARS}")),
    }
}

fn parse_action(action: Option<&str>) -> Result<Option<ImageAction>, ArgumentError> {
    match action {
        None => Ok(None),
        Some("generate") => Ok(Some(ImageAction::Generate)),
        Some("edit") => Ok(Some(ImageAction::Edit)),
        Some(_) => reject("`action` must be `generate` or `edit`"),
    }
}

fn parse_images(raw: &Raw, capabilities: &Capabilities) -> Result<ImageSelection, ArgumentError> {
    let lists = [&raw.images, &raw.referenced_image_paths].into_iter().flatten().filter(|list| !list.is_empty());
    let mut selections: Vec<ImageSelection> = lists.map(|list| ImageSelection::List(list.clone())).collect();
    if let Some(count) = raw.num_last_images_to_include {
        match usize::try_from(count) {
            Ok(count @ 1..) => selections.push(ImageSelection::Newest(count)),
            Ok(0) | Err(_) => return reject("`num_last_images_to_include` must be at least 1"),
        }
    }
    let selection = match selections.len() {
        0 => ImageSelection::None,
        1 => selections.remove(0),
        _ => return reject("more than one argument selects images; use only `images`"),
    };
    let count = match &selection {
        ImageSelection::None => 0,
        ImageSelection::List(list) => list.len(),
        ImageSelection::Newest(count) => *count,
    };
    if count > capabilities.max_references {
        let maximum = capabilities.max_references;
        return reject(format!("{count} images are selected; this provider accepts at most {maximum}"));
    }
    Ok(selection)
}

fn parse_background(raw: &Raw) -> Result<Option<String>, ArgumentError> {
    let background = parse_choice("background", raw.background.clone(), &["auto", "opaque", "transparent"])?;
    match (raw.transparent_background, background) {
        (Some(true), None) => Ok(Some("transparent".to_owned())),
        (Some(true), Some(other)) if other != "transparent" => {
            reject("`transparent_background` and `background` contradict each other")
        }
        (_, background) => Ok(background),
    }
}

/// Parses `auto`, or a width and height that an image can have. Whether the provider accepts them is decided later.
fn parse_size(size: Option<String>) -> Result<Option<String>, ArgumentError> {
    let Some(size) = size else { return Ok(None) };
    let is_side = |digits: &str| digits.parse::<u32>().is_ok_and(|side| (1..=16_384).contains(&side));
    if size == "auto" || size.split_once('x').is_some_and(|(width, height)| is_side(width) && is_side(height)) {
        Ok(Some(size))
    } else {
        reject("`size` must be `auto` or WIDTHxHEIGHT, such as `1024x1536`")
    }
}

fn parse_choice(name: &str, value: Option<String>, allowed: &[&str]) -> Result<Option<String>, ArgumentError> {
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => {
            reject(format!("`{name}` must be one of {}", allowed.join(", ")))
        }
        value => Ok(value),
    }
}

fn parse_count(n: Option<i64>, capabilities: &Capabilities) -> Result<Option<u32>, ArgumentError> {
    let Some(n) = n else { return Ok(None) };
    match u32::try_from(n) {
        Ok(n) if (1..=capabilities.max_n).contains(&n) => Ok(Some(n)),
        _ => reject(format!("`n` must be between 1 and {}", capabilities.max_n)),
    }
}

/// Rejects a parameter that the provider does not declare. A value that changes nothing, such as `auto`, is accepted.
fn check_declared(
    parameters: &AppliedImage,
    mask: Option<&str>,
    capabilities: &Capabilities,
) -> Result<(), ArgumentError> {
    let is_set = |value: &Option<String>| value.as_deref().is_some_and(|value| value != "auto");
    let requested = [
        ("size", Parameter::Size, is_set(&parameters.size)),
        ("quality", Parameter::Quality, is_set(&parameters.quality)),
        ("background", Parameter::Background, is_set(&parameters.background)),
        ("output_format", Parameter::OutputFormat, is_set(&parameters.output_format)),
        ("n", Parameter::N, parameters.n.is_some_and(|n| n > 1)),
        ("mask", Parameter::Mask, mask.is_some()),
    ];
    let undeclared =
        |(_, parameter, is_set): &&(&str, Parameter, bool)| *is_set && !capabilities.parameters.contains(parameter);
    match requested.iter().find(undeclared) {
        Some((name, ..)) => reject(format!("this provider does not support `{name}`; leave it out")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
