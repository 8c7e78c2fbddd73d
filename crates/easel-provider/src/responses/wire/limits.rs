//! Limits of names and lists from a provider. Longer ones are never copied.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Characters of a name, a namespace, a call id or a status.
pub(super) const MAX_NAME_CHARS: usize = 256;
/// Characters of the id of an item. Some gateways encrypt it, which makes it about 400 characters long.
pub(super) const MAX_ID_CHARS: usize = 1_024;
/// Items of one response.
const MAX_ITEMS: usize = 256;
/// Bytes of JSON other than items, such as an error. The body of a rejection has the same limit.
const MAX_SMALL_BYTES: usize = 64 << 10;
/// Bytes of the longest JSON spelling of a character: two `\uXXXX` escapes.
const MAX_ESCAPE: usize = 12;

/// The reason why an event cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum InvalidEvent {
    #[error("the provider sent an event that is not valid JSON")]
    NotJson,
    #[error("the provider sent an event that is too large")]
    TextTooLarge,
    #[error("the provider sent JSON that is not a response")]
    NotAResponse,
    #[error("the provider sent too many items in one response")]
    TooManyItems,
    #[error("the provider sent an id or a name that is too long")]
    NameTooLong,
}

/// Parses a string of at most `max_chars` characters. Returns an empty string for a missing value or another type.
///
/// # Errors
///
/// Fails if the string is longer.
pub(super) fn parse_name(raw: Option<&RawValue>, max_chars: usize) -> Result<String, InvalidEvent> {
    let Some(json) = raw.map(RawValue::get).filter(|json| json.starts_with('"')) else {
        return Ok(String::new());
    };
    if json.len() > MAX_ESCAPE * max_chars + 2 {
        return Err(InvalidEvent::NameTooLong);
    }
    let name: String = serde_json::from_str(json).map_err(|_| InvalidEvent::NotJson)?;
    if name.chars().count() > max_chars { Err(InvalidEvent::NameTooLong) } else { Ok(name) }
}

/// Parses a value other than items. Returns `None` if it is too large.
pub(super) fn parse_small(raw: Option<&RawValue>) -> Option<Value> {
    let json = raw?.get();
    if json.len() > MAX_SMALL_BYTES { None } else { serde_json::from_str(json).ok() }
}

/// Parses an error. Returns `None` for an empty value, and an error without fields if it is too large.
pub(super) fn parse_error_fields(raw: &RawValue) -> Option<Value> {
    match parse_small(Some(raw)) {
        Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::Array(list)) if list.is_empty() => None,
        Some(Value::Object(fields)) if fields.is_empty() => None,
        Some(error) => Some(error),
        None => Some(Value::Object(Map::new())),
    }
}

/// The items of a response.
#[derive(Default)]
pub(super) struct RawItems<'a>(pub(super) Vec<&'a RawValue>);

impl<'a> RawItems<'a> {
    /// Splits a list into its items. Returns those before the fault too, if it is not a list or has too many items.
    pub(super) fn parse(json: &'a str) -> (Self, Option<InvalidEvent>) {
        let mut items = Self::default();
        let mut too_many = false;
        let take = |item: &'a RawValue| {
            too_many = items.0.len() == MAX_ITEMS;
            if !too_many {
                items.0.push(item);
            }
            !too_many
        };
        let invalid = match parse_each(json, take) {
            Err(_) if too_many => Some(InvalidEvent::TooManyItems),
            Err(_) => Some(InvalidEvent::NotJson),
            Ok(()) => None,
        };
        (items, invalid)
    }
}

/// Parses a list and passes its elements to `take` until it returns `false`.
///
/// # Errors
///
/// Fails if the text is not a list, or if `take` returned `false`.
pub(super) fn parse_each<'a, T: Deserialize<'a>>(json: &'a str, take: impl FnMut(T) -> bool) -> serde_json::Result<()> {
    struct Each<T, F>(F, PhantomData<T>);
    impl<'de, T: Deserialize<'de>, F: FnMut(T) -> bool> Visitor<'de> for Each<T, F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                if !(self.0)(element) {
                    return Err(A::Error::custom("the list is too long"));
                }
            }
            Ok(())
        }
    }
    impl<'de, T: Deserialize<'de>, F: FnMut(T) -> bool> DeserializeSeed<'de> for Each<T, F> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_seq(self)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Each(take, PhantomData).deserialize(&mut deserializer)
}
