//! Compacts a conversation that has grown too long for the model: the newest turns stay as they are, and a catalogue
//! takes the place of all older ones.
//!
//! No model is asked, and nothing is invented. The catalogue has the user's own words, a line for each image, and the
//! numbers of what it leaves out.

use easel_protocol::response_item::{Catalogue, MessageRole, ResponseItem};

use super::catalogue::{CatalogueBuilder, text_len};
use super::render::to_handles;
use super::window::Window;
use super::{ImageBudget, content_bytes};
use crate::model_copy::ModelCopies;
use crate::port::ThreadImage;

/// Maximum number of turns that stay as they are.
const KEPT_TURNS: usize = 12;

/// Tokens that a catalogue may always have: even that of a short conversation has more than its first sentence.
const MIN_CATALOGUE_TOKENS: u64 = 300;

/// Estimated tokens of one image. The sizes of images differ little between models that scale them down; OpenAI's
/// models since GPT-5.4 count 1,843 for 1536x1024 pixels.
const IMAGE_TOKENS: u64 = 1_850;

/// Estimated size of the instructions and tools of a request, in bytes.
const FIXED_BYTES: u64 = 4_000;

/// Estimated size of what a request adds to each item, in bytes: the names of its fields.
const ITEM_BYTES: u64 = 80;

/// Estimated size of the line that describes an image, in bytes.
const IMAGE_LINE_BYTES: u64 = 250;

/// The size that a compacted conversation must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactionLimits {
    /// Maximum number of tokens of a request.
    pub tokens: u64,
    /// The provider's count for the last request; `None` if it is unknown.
    pub counted: Option<u64>,
    /// The images that a request sends.
    pub images: ImageBudget,
}

/// How a conversation is compacted.
#[derive(Debug, Clone, PartialEq)]
pub struct Compaction {
    /// What replaces the older items.
    pub catalogue: Catalogue,
    /// The index of the first item that stays.
    pub kept_from: usize,
}

/// Compacts a conversation to half of its size, and of the limit. At most a quarter of the limit is for the catalogue.
/// Returns `None` if there is nothing to remove, because only the newest turn is left.
///
/// A turn begins with a message of the user, including one that was added to a running turn. A call, its output and
/// everything between them stay together.
pub fn compact(items: &[ResponseItem], images: &[ThreadImage], limits: CompactionLimits) -> Option<Compaction> {
    let (old, offset) = match items.first() {
        Some(ResponseItem::ContextCompaction(old)) => (Some(&**old), 1),
        Some(_) | None => (None, 0),
    };
    let window = Window::new(items, images, limits.images, &ModelCopies::new());
    let items = &items[offset..];
    let scale = Scale::new(old, items, &window, limits);
    // The instructions always stay, so they do not count.
    let fixed = scale.to_tokens(FIXED_BYTES);
    let target = (limits.tokens / 2).saturating_sub(fixed).min(scale.tokens.saturating_sub(fixed) / 2);
    let catalogue_tokens = (target / 2).max(MIN_CATALOGUE_TOKENS).min(limits.tokens / 4);
    let kept_tokens = target.saturating_sub(catalogue_tokens);
    let starts = turn_starts(items);
    let newest = *starts.last()?;
    let fits = |start: usize| scale.tokens_from(start) <= kept_tokens;
    let kept = starts.iter().rev().take(KEPT_TURNS).copied().take_while(|start| fits(*start)).last();
    let cut = kept.unwrap_or(newest);
    let is_too_long = old.is_some_and(|old| scale.to_tokens(text_len(old)) > limits.tokens / 4);
    if cut == 0 && !is_too_long {
        return None;
    }
    let (dropped, kept) = items.split_at(cut);
    let turns = starts.iter().filter(|start| **start < cut).count();
    let mut builder = CatalogueBuilder::new(dropped, images, turns, old);
    builder.fit(scale.to_bytes(catalogue_tokens));
    let mut catalogue = builder.finish();
    catalogue.kept_items = kept.len() as u64;
    catalogue.counted_tokens = limits.counted;
    Some(Compaction { catalogue, kept_from: offset + cut })
}

/// Returns the indexes at which turns begin. The first item always begins one.
fn turn_starts(items: &[ResponseItem]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut open = 0_usize;
    for (index, item) in items.iter().enumerate() {
        match item {
            ResponseItem::FunctionCall { .. } => open += 1,
            ResponseItem::FunctionCallOutput { .. } => open = open.saturating_sub(1),
            ResponseItem::Message { role: MessageRole::User, .. } if open == 0 && index > 0 => starts.push(index),
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => {}
        }
        if index == 0 {
            starts.push(0);
        }
    }
    starts
}

/// The size of a conversation in bytes and tokens, to convert one into the other.
struct Scale {
    /// Tokens of the whole request.
    tokens: u64,
    /// Tokens of its text.
    text_tokens: u64,
    /// Bytes of its text.
    text_bytes: u64,
    /// For each item, the bytes of the text and the number of images that are shown, from this item on.
    rest: Vec<(u64, u64)>,
}

impl Scale {
    fn new(old: Option<&Catalogue>, items: &[ResponseItem], window: &Window<'_>, limits: CompactionLimits) -> Self {
        let mut index: usize = items.iter().map(|item| to_handles(item).len()).sum();
        let mut rest: Vec<(u64, u64)> = Vec::with_capacity(items.len());
        for item in items.iter().rev() {
            let (mut bytes, mut shown) = rest.last().copied().unwrap_or_default();
            for handle in to_handles(item).into_iter().rev() {
                index -= 1;
                shown += u64::from(window.find_sent(index, handle).is_some());
            }
            bytes += text_bytes(item);
            rest.push((bytes, shown));
        }
        rest.reverse();
        let (bytes, shown) = rest.first().copied().unwrap_or_default();
        let text_bytes = FIXED_BYTES + bytes + old.map_or(0, text_len);
        let image_tokens = shown * IMAGE_TOKENS;
        // Texts have two to eight bytes a token, depending on the language.
        let tokens = limits.counted.unwrap_or(text_bytes / 3 + image_tokens);
        let text_tokens = tokens.saturating_sub(image_tokens).clamp(text_bytes / 8, text_bytes / 2);
        Self { tokens: tokens.max(text_tokens), text_tokens, text_bytes, rest }
    }

    fn to_tokens(&self, bytes: u64) -> u64 {
        (bytes.saturating_mul(self.text_tokens)).div_ceil(self.text_bytes)
    }

    fn to_bytes(&self, tokens: u64) -> u64 {
        tokens.saturating_mul(self.text_bytes) / self.text_tokens.max(1)
    }

    /// Returns the tokens of the items from an index on.
    fn tokens_from(&self, index: usize) -> u64 {
        let (bytes, images) = self.rest.get(index).copied().unwrap_or_default();
        self.to_tokens(bytes) + images * IMAGE_TOKENS
    }
}

/// Returns the size of an item's text in a request, in bytes.
fn text_bytes(item: &ResponseItem) -> u64 {
    let text = match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content_bytes(content)
        }
        ResponseItem::FunctionCall { arguments, .. } => arguments.len(),
        ResponseItem::Reasoning { encrypted_content, .. } => encrypted_content.as_str().len(),
        ResponseItem::ImageGenerationCall { .. } | ResponseItem::ContextCompaction(_) => 0,
    };
    text as u64 + ITEM_BYTES + to_handles(item).len() as u64 * IMAGE_LINE_BYTES
}

#[cfg(test)]
mod tests;
