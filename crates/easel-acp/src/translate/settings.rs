//! The options of images, and the sentence that asks the model for them.

/// The options of an image with their names and values. The first value is the default, which leaves the choice to the
/// model.
pub(crate) const IMAGE_OPTIONS: [(&str, &str, &[&str]); 4] = [
    ("size", "Image size", &["auto", "1024x1024", "1536x1024", "1024x1536"]),
    ("quality", "Image quality", &["auto", "low", "medium", "high"]),
    ("background", "Background", &["auto", "opaque", "transparent"]),
    ("count", "Number of images", &["1", "2", "3", "4"]),
];

/// The start of the sentence.
const PREFIX: &str = "Image settings: ";

/// Returns the sentence for the options that are not at their defaults; `None` if all are. It is the last part of a
/// message, and history leaves it out, since the user did not write it.
pub(crate) fn settings_sentence<'a>(chosen: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let parts: Vec<String> = IMAGE_OPTIONS
        .iter()
        .filter_map(|(id, _, values)| {
            let value = chosen(id).filter(|value| *value != values[0])?;
            Some(format!("{id} {value}"))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("{PREFIX}{}.", parts.join(", ")))
}

/// Returns whether a text is exactly what [`settings_sentence`] writes.
pub(crate) fn is_settings_sentence(text: &str) -> bool {
    let Some(list) = text.strip_prefix(PREFIX).and_then(|text| text.strip_suffix('.')) else { return false };
    let chosen = |id: &str| list.split(", ").find_map(|part| part.strip_prefix(id)?.strip_prefix(' '));
    let is_known = IMAGE_OPTIONS.iter().all(|(id, _, values)| chosen(id).is_none_or(|value| values.contains(&value)));
    is_known && settings_sentence(chosen).is_some_and(|sentence| sentence == text)
}
