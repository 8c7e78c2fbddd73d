//! The catalogue: what a conversation keeps of the turns that were removed from it.

use std::collections::{HashMap, HashSet};

use easel_protocol::id::ImageId;
use easel_protocol::response_item::{Catalogue, CatalogueImage, ContentItem, MessageRole, ResponseItem};

use super::render::to_handles;
use crate::output::{PROMPT_CHARS, deleted_line, shorten};
use crate::port::{Provenance, ThreadImage};

/// Maximum length of one message of the user, in Unicode scalar values. A longer one is shortened.
const MESSAGE_CHARS: usize = 1_000;

/// Bytes of the sentences around the lists.
const FRAME_BYTES: u64 = 400;

/// Returns the text of a catalogue as a model and clients read it.
pub(super) fn to_text(catalogue: &Catalogue) -> String {
    let Catalogue { turns, messages, omitted_messages, images: listed, omitted_images, .. } = catalogue;
    let mut text = format!(
        "Easel wrote this message, not the user. It replaces {}, because the conversation had become too long.",
        count(*turns, "older turn")
    );
    if !messages.is_empty() || *omitted_messages > 0 {
        text.push_str("\n\nWhat the user wrote in them, newest first:");
        for message in messages {
            text.push_str("\n- ");
            text.push_str(message);
        }
        if *omitted_messages > 0 {
            text.push_str(&format!("\n({} left out.)", count(*omitted_messages, "older message")));
        }
    }
    if !listed.is_empty() || *omitted_images > 0 {
        text.push_str("\n\nTheir images, newest first:");
        for image in listed {
            text.push_str("\n- ");
            text.push_str(&to_line(image));
        }
        if *omitted_images > 0 {
            text.push_str(&format!("\n({} left out.)", count(*omitted_images, "older image")));
        }
        text.push_str("\n\nAny image that was not deleted can still be used by its handle, listed here or not.");
    }
    text
}

/// Returns the size of a catalogue's text in bytes.
pub(super) fn text_len(catalogue: &Catalogue) -> u64 {
    to_text(catalogue).len() as u64
}

fn to_line(image: &CatalogueImage) -> String {
    let CatalogueImage { id, width, height, edited_from, prompt, is_deleted } = image;
    if *is_deleted {
        return deleted_line(id);
    }
    let Some(prompt) = prompt else { return format!("{id}: {width}x{height} pixels, attached by the user") };
    let edited_from: Vec<&str> = edited_from.iter().map(ImageId::as_str).collect();
    let made =
        if edited_from.is_empty() { "made".to_owned() } else { format!("edited from {}", edited_from.join(", ")) };
    format!("{id}: {width}x{height} pixels, {made}, prompt: {prompt}")
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Collects the entries of a catalogue, newest first, and leaves out the oldest ones that do not fit.
pub(super) struct CatalogueBuilder(Catalogue);

impl CatalogueBuilder {
    /// Creates a catalogue of `dropped` items, which are `turns` turns, and of the catalogue before them.
    pub(super) fn new(dropped: &[ResponseItem], images: &[ThreadImage], turns: usize, old: Option<&Catalogue>) -> Self {
        let by_handle: HashMap<&str, &ThreadImage> =
            images.iter().filter_map(|image| Some((image.reference.id.as_deref()?, image))).collect();
        let mut catalogue = old.cloned().unwrap_or_default();
        let (mut messages, mut listed) = (Vec::new(), Vec::new());
        let mut seen: HashSet<&str> = HashSet::new();
        for item in dropped.iter().rev() {
            let handles = to_handles(item);
            catalogue.images_before += handles.len() as u64;
            for handle in handles.into_iter().rev() {
                let image = by_handle.get(handle).filter(|_| seen.insert(handle));
                listed.extend(image.and_then(|image| to_entry(image)));
            }
            messages.extend(user_text(item));
        }
        let is_new = |image: &CatalogueImage| !seen.contains(image.id.as_str());
        listed.extend(std::mem::take(&mut catalogue.images).into_iter().filter(is_new));
        messages.append(&mut catalogue.messages);
        catalogue.turns += turns as u64;
        Self(Catalogue { messages, images: listed, ..catalogue })
    }

    /// Leaves out the oldest entries until the text has at most `bytes` bytes. Messages of the user may use half of it,
    /// and more if the images leave room.
    pub(super) fn fit(&mut self, bytes: u64) {
        let room = bytes.saturating_sub(FRAME_BYTES);
        let message_sizes: Vec<u64> = self.0.messages.iter().map(|message| line_bytes(message)).collect();
        let image_sizes: Vec<u64> = self.0.images.iter().map(|image| line_bytes(&to_line(image))).collect();
        let (of_messages, of_images) = (message_sizes.iter().sum::<u64>(), image_sizes.iter().sum::<u64>());
        let for_messages = of_messages.min((room / 2).max(room.saturating_sub(of_images)));
        let messages = count_fitting(&message_sizes, for_messages);
        let images = count_fitting(&image_sizes, room - for_messages);
        self.0.omitted_messages += (self.0.messages.len() - messages) as u64;
        self.0.omitted_images += (self.0.images.len() - images) as u64;
        self.0.messages.truncate(messages);
        self.0.images.truncate(images);
    }

    pub(super) fn finish(self) -> Catalogue {
        self.0
    }
}

/// Returns the bytes of a text as a line of a list.
fn line_bytes(text: &str) -> u64 {
    text.len() as u64 + "\n- ".len() as u64
}

/// Returns how many of the sizes fit, from the first on.
fn count_fitting(sizes: &[u64], room: u64) -> usize {
    let mut total = 0;
    sizes
        .iter()
        .take_while(|size| {
            total += **size;
            total <= room
        })
        .count()
}

fn to_entry(image: &ThreadImage) -> Option<CatalogueImage> {
    let reference = &image.reference;
    let prompt = match reference.provenance {
        Provenance::Generated => {
            Some(shorten(image.prompt.as_deref().unwrap_or_default(), PROMPT_CHARS).replace('\n', " "))
        }
        Provenance::User => None,
    };
    Some(CatalogueImage {
        id: reference.id.clone()?,
        width: reference.facts.width,
        height: reference.facts.height,
        edited_from: image.edited_from.clone(),
        prompt,
        is_deleted: false,
    })
}

/// Returns what the user wrote in a message, in one text; `None` for other items and for a message without text.
fn user_text(item: &ResponseItem) -> Option<String> {
    let ResponseItem::Message { role: MessageRole::User, content } = item else { return None };
    let texts = content.iter().filter_map(|part| match part {
        ContentItem::InputText { text } => Some(&**text),
        ContentItem::OutputText { .. } | ContentItem::InputImage { .. } => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    match text.char_indices().nth(MESSAGE_CHARS) {
        _ if text.is_empty() => None,
        Some((end, _)) => Some(format!("{}…", &text[..end])),
        None => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(messages: &[&str], omitted_messages: u64, images: usize, omitted_images: u64) -> Catalogue {
        let image = |number: usize| CatalogueImage {
            id: format!("img_{number}").into(),
            width: 4,
            height: 3,
            edited_from: Vec::new(),
            prompt: Some("a cat".to_owned()),
            is_deleted: false,
        };
        Catalogue {
            turns: 2,
            messages: messages.iter().map(|message| (*message).to_owned()).collect(),
            omitted_messages,
            images: (0..images).map(image).collect(),
            omitted_images,
            ..Catalogue::default()
        }
    }

    /// The lines after the first one, without empty ones.
    fn lines(catalogue: &Catalogue) -> Vec<String> {
        to_text(catalogue).lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn text_has_a_list_only_if_something_was_removed() {
        const OF_USER: &str = "What the user wrote in them, newest first:";
        const OF_IMAGES: &str = "Their images, newest first:";
        const USABLE: &str = "Any image that was not deleted can still be used by its handle, listed here or not.";
        assert!(lines(&catalogue(&[], 0, 0, 0)).is_empty());
        assert_eq!(lines(&catalogue(&["draw"], 0, 0, 0)), [OF_USER, "- draw"]);
        assert_eq!(lines(&catalogue(&[], 1, 0, 0)), [OF_USER, "(1 older message left out.)"]);
        assert_eq!(lines(&catalogue(&["draw"], 2, 0, 0)), [OF_USER, "- draw", "(2 older messages left out.)"]);
        let image = "- img_0: 4x3 pixels, made, prompt: a cat";
        assert_eq!(lines(&catalogue(&[], 0, 1, 0)), [OF_IMAGES, image, USABLE]);
        assert_eq!(lines(&catalogue(&[], 0, 0, 1)), [OF_IMAGES, "(1 older image left out.)", USABLE]);
        assert_eq!(lines(&catalogue(&[], 0, 1, 3)), [OF_IMAGES, image, "(3 older images left out.)", USABLE]);
    }

    #[test]
    fn entries_that_fit_exactly_stay() {
        let whole = catalogue(&["draw", "paint"], 0, 2, 0);
        let images: u64 = whole.images.iter().map(|image| line_bytes(&to_line(image))).sum();
        let entries = line_bytes("draw") + line_bytes("paint") + images;
        assert_eq!(line_bytes("draw"), 7);
        assert_eq!(text_len(&whole), to_text(&whole).len() as u64);
        let fitted = |bytes: u64| {
            let mut builder = CatalogueBuilder(whole.clone());
            builder.fit(FRAME_BYTES + bytes);
            let fitted = builder.finish();
            assert_eq!(fitted.messages.len() as u64 + fitted.omitted_messages, 2);
            assert_eq!(fitted.images.len() as u64 + fitted.omitted_images, 2);
            (fitted.messages.len(), fitted.images.len())
        };
        assert_eq!(fitted(entries), (2, 2));
        assert_eq!(fitted(entries - 1), (2, 1));
        // Messages may use half.
        assert_eq!(fitted(2 * (line_bytes("draw") + line_bytes("paint"))), (2, 0));
        assert_eq!(fitted(2 * line_bytes("draw")), (1, 0));
        assert_eq!(fitted(0), (0, 0));
    }
}
