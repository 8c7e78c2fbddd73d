//! The arguments of one call, in the advertised spelling and in the Codex app-server's.
//!
//! The tool is not strict, so anything may arrive. What cannot be meant is refused with a sentence that the model can
//! act on; an explicit `null` means the same as a missing argument.

use easel_protocol::record::{AppliedImage, ImageAction};
use serde::Deserialize;

use crate::capability::{Capabilities, Parameter};

/// Longest prompt, in Unicode scalar values.
pub const MAX_PROMPT_CHARS: usize = 32_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    pub prompt: String,
    pub action: Option<ImageAction>,
    pub images: NamedImages,
    pub mask: Option<String>,
    pub parameters: AppliedImage,
}

/// How a call says which images it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedImages {
    /// Not at all.
    Unnamed,
    /// Handles and absolute paths, in the order the prompt speaks of.
    Listed(Vec<String>),
    /// The newest images of the thread, in chronological order.
    Last(usize),
}

/// Everything that is accepted. Unknown names are refused by serde with their name.
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
}

/// Reads the arguments of a call; the error is one sentence for the model.
pub fn parse(arguments: &str, capabilities: &Capabilities) -> Result<Arguments, String> {
    // Some models send no arguments as an empty string.
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let raw: Raw = serde_json::from_str(text).map_err(|error| format!("the arguments do not fit: {error}"))?;
    let images = named_images(&raw, capabilities)?;
    let background = background(&raw)?;
    let parameters = AppliedImage {
        size: size(raw.size)?,
        quality: one_of("quality", raw.quality, &["auto", "low", "medium", "high"])?,
        background,
        output_format: one_of("output_format", raw.output_format, &["png", "jpeg", "webp"])?,
        n: number(raw.n, capabilities)?,
    };
    declared(&parameters, raw.mask.as_deref(), capabilities)?;
    Ok(Arguments {
        prompt: prompt(raw.prompt)?,
        action: action(raw.action.as_deref())?,
        images,
        mask: raw.mask,
        parameters,
    })
}

fn prompt(prompt: Option<String>) -> Result<String, String> {
    let prompt = prompt.filter(|prompt| !prompt.trim().is_empty()).ok_or("`prompt` is missing or empty")?;
    match prompt.chars().count() {
        0..=MAX_PROMPT_CHARS => Ok(prompt),
        count => Err(format!("`prompt` has {count} characters; at most {MAX_PROMPT_CHARS} are taken")),
    }
}

fn action(action: Option<&str>) -> Result<Option<ImageAction>, String> {
    match action {
        None => Ok(None),
        Some("generate") => Ok(Some(ImageAction::Generate)),
        Some("edit") => Ok(Some(ImageAction::Edit)),
        Some(_) => Err("`action` is `generate` or `edit`".to_owned()),
    }
}

fn named_images(raw: &Raw, capabilities: &Capabilities) -> Result<NamedImages, String> {
    let listed = [&raw.images, &raw.referenced_image_paths].into_iter().flatten().filter(|list| !list.is_empty());
    let mut ways: Vec<NamedImages> = listed.map(|list| NamedImages::Listed(list.clone())).collect();
    if let Some(count) = raw.num_last_images_to_include {
        let count = usize::try_from(count).ok().filter(|count| *count > 0);
        ways.push(NamedImages::Last(count.ok_or("`num_last_images_to_include` is at least 1")?));
    }
    let named = match ways.len() {
        0 => NamedImages::Unnamed,
        1 => ways.remove(0),
        _ => return Err("the images are named in more than one way; use `images` alone".to_owned()),
    };
    let count = match &named {
        NamedImages::Unnamed => 0,
        NamedImages::Listed(list) => list.len(),
        NamedImages::Last(count) => *count,
    };
    if count > capabilities.max_references {
        return Err(format!("{count} images are named; this provider takes at most {}", capabilities.max_references));
    }
    Ok(named)
}

fn background(raw: &Raw) -> Result<Option<String>, String> {
    let named = one_of("background", raw.background.clone(), &["auto", "opaque", "transparent"])?;
    match (raw.transparent_background, named) {
        (Some(true), None) => Ok(Some("transparent".to_owned())),
        (Some(true), Some(other)) if other != "transparent" => {
            Err("`transparent_background` and `background` contradict each other".to_owned())
        }
        (_, named) => Ok(named),
    }
}

/// `auto`, or the width and height of a picture that can exist; what a provider takes of them is its own to say.
fn size(size: Option<String>) -> Result<Option<String>, String> {
    let Some(size) = size else { return Ok(None) };
    let side = |digits: &str| digits.parse::<u32>().is_ok_and(|side| (1..=16_384).contains(&side));
    let fits = size == "auto" || size.split_once('x').is_some_and(|(width, height)| side(width) && side(height));
    if fits { Ok(Some(size)) } else { Err("`size` is `auto` or WIDTHxHEIGHT, such as `1024x1536`".to_owned()) }
}

fn one_of(name: &str, value: Option<String>, known: &[&str]) -> Result<Option<String>, String> {
    match value {
        Some(value) if !known.contains(&value.as_str()) => Err(format!("`{name}` is one of {}", known.join(", "))),
        value => Ok(value),
    }
}

fn number(n: Option<i64>, capabilities: &Capabilities) -> Result<Option<u32>, String> {
    let Some(n) = n else { return Ok(None) };
    match u32::try_from(n) {
        Ok(n) if (1..=capabilities.max_n).contains(&n) => Ok(Some(n)),
        _ => Err(format!("`n` is between 1 and {}", capabilities.max_n)),
    }
}

/// Refuses what the provider does not declare, where it asks for something.
fn declared(parameters: &AppliedImage, mask: Option<&str>, capabilities: &Capabilities) -> Result<(), String> {
    let asks = |value: &Option<String>| value.as_deref().is_some_and(|value| value != "auto");
    let asked = [
        ("size", Parameter::Size, asks(&parameters.size)),
        ("quality", Parameter::Quality, asks(&parameters.quality)),
        ("background", Parameter::Background, asks(&parameters.background)),
        ("output_format", Parameter::OutputFormat, asks(&parameters.output_format)),
        ("n", Parameter::N, parameters.n.is_some_and(|n| n > 1)),
        ("mask", Parameter::Mask, mask.is_some()),
    ];
    match asked.iter().find(|(_, parameter, asked)| *asked && !capabilities.parameters.contains(parameter)) {
        Some((name, ..)) => Err(format!("this provider does not take `{name}`; leave it out")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
