//! The fields of a request that help the provider's prompt cache.
//!
//! A prompt cache reuses the longest beginning that a request shares with an earlier one. `prompt_cache_key` sends the
//! requests of a thread to the same cache. OpenAI's models since GPT-5.6 match at breakpoints only: the API puts one at
//! the newest message, and Easel puts another before the oldest image, where the conversation changes when images are
//! left out.

use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::refusals::RecentRefusals;
use crate::profile::ApiProfile;
use crate::rejection::Rejection;

/// The first version of OpenAI's models that accepts breakpoints.
const FIRST_WITH_BREAKPOINTS: (u32, u32) = (5, 6);

/// A field that a provider may refuse without a loss: the response is the same without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CacheField {
    Key,
    Breakpoint,
}

impl CacheField {
    const ALL: [Self; 2] = [Self::Key, Self::Breakpoint];

    const fn name(self) -> &'static str {
        match self {
            Self::Key => "prompt_cache_key",
            Self::Breakpoint => "prompt_cache_breakpoint",
        }
    }

    /// Returns the field that a rejection names.
    pub(super) fn find_refused(rejection: &Rejection) -> Option<Self> {
        if !matches!(rejection.status, 400 | 422) {
            return None;
        }
        let texts = || rejection.param.iter().chain([&rejection.message]);
        Self::ALL.into_iter().find(|field| texts().any(|text| text.contains(field.name())))
    }
}

/// The fields that a request carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CacheFields {
    pub(super) key: bool,
    pub(super) breakpoint: bool,
}

impl CacheFields {
    /// Returns the fields for a request to `model`, without those that the provider has refused.
    pub(super) fn new(profile: &ApiProfile, model: &str, refused: &RecentRefusals<CacheField>) -> Self {
        let is_accepted = |field| !refused.contains(|refused| *refused == field);
        let key = profile.prompt_cache_key && is_accepted(CacheField::Key);
        let takes_breakpoints = profile.cache_breakpoints && takes_breakpoints(model);
        // Without the key, the API does not match breakpoints reliably.
        Self { key, breakpoint: key && takes_breakpoints && is_accepted(CacheField::Breakpoint) }
    }
}

/// Returns whether the name of a model, such as `gpt-5.6` or `gpt-6-mini`, has a version that accepts breakpoints.
/// Older models refuse them, and about models with other names nothing is known.
fn takes_breakpoints(model: &str) -> bool {
    let Some(version) = model.strip_prefix("gpt-") else { return false };
    let end = version.find(|char: char| char != '.' && !char.is_ascii_digit()).unwrap_or(version.len());
    let (major, minor) = version[..end].split_once('.').unwrap_or((&version[..end], "0"));
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => (major, minor) >= FIRST_WITH_BREAKPOINTS,
        _ => false,
    }
}

/// The position of a text in a request: the index of a message, and of a part of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextPosition {
    pub(super) item: usize,
    pub(super) part: usize,
}

/// Finds the last text before the oldest image that a request shows. Only texts of messages are considered, because the
/// API documents breakpoints for these.
pub(super) fn find_breakpoint<'a>(input: impl Iterator<Item = &'a ResponseItem>) -> Option<TextPosition> {
    let mut last = None;
    for (item, response_item) in input.enumerate() {
        let (content, is_message) = match response_item {
            ResponseItem::Message { role: MessageRole::User | MessageRole::Developer, content } => (content, true),
            ResponseItem::FunctionCallOutput { output, .. } => (output, false),
            ResponseItem::ImageGenerationCall { .. } => return last,
            ResponseItem::Message { role: MessageRole::Assistant, .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::ContextCompaction(_) => continue,
        };
        for (part, content) in content.iter().enumerate() {
            match content {
                ContentItem::InputImage { .. } => return last,
                ContentItem::InputText { .. } if is_message => last = Some(TextPosition { item, part }),
                ContentItem::InputText { .. } | ContentItem::OutputText { .. } => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use easel_imagegen::preset::Preset;

    use super::*;

    #[test]
    fn breakpoints_need_a_model_since_5_6() {
        for newer in ["gpt-5.6", "gpt-5.6-sol", "gpt-5.10", "gpt-6", "gpt-6-mini-2026-11-01", "gpt-6.1"] {
            assert!(takes_breakpoints(newer), "{newer}");
        }
        for other in
            ["gpt-5.5", "gpt-5", "gpt-5-mini", "gpt-4o", "gpt-image-2", "gpt-", "gpt-5.6.7", "o3", "my-gpt-6", ""]
        {
            assert!(!takes_breakpoints(other), "{other}");
        }
    }

    #[test]
    fn fields_depend_on_provider_model_and_refusals() {
        let fields = |preset, model: &str, refused: &[CacheField]| {
            let refusals = RecentRefusals::default();
            refused.iter().for_each(|field| refusals.add(*field));
            let CacheFields { key, breakpoint } = CacheFields::new(&ApiProfile::from_preset(preset), model, &refusals);
            (key, breakpoint)
        };
        assert_eq!(fields(Preset::Openai, "gpt-6", &[]), (true, true));
        assert_eq!(fields(Preset::Openai, "gpt-5.5", &[]), (true, false));
        assert_eq!(fields(Preset::Codex, "gpt-6", &[]), (true, false));
        assert_eq!(fields(Preset::Generic, "gpt-6", &[]), (false, false));
        assert_eq!(fields(Preset::Azure, "gpt-6", &[CacheField::Breakpoint]), (true, false));
        assert_eq!(fields(Preset::Azure, "gpt-6", &[CacheField::Key]), (false, false));
    }
}
