//! Limits of what a provider names and lists, where it enters. What is longer is never copied.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Characters of a name, a namespace, a call id or a status.
pub(super) const MAX_NAME_CHARS: usize = 256;
/// Characters of the id of an item. Some gateways encrypt it, to some 400 characters.
pub(super) const MAX_ID_CHARS: usize = 1_024;
/// Items of one answer that are looked at.
const MAX_ITEMS: usize = 256;
/// Bytes of the JSON beside the items, such as an error: as much as is read of the body of a refusal.
const MAX_SMALL_BYTES: usize = 64 << 10;
/// Bytes of JSON that one character takes at most: two escapes.
const ESCAPED: usize = 12;

/// Why an event cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Unreadable {
    #[error("the provider sent what is not the JSON of an event")]
    NotJson,
    #[error("the provider sent a text that is too large")]
    TextTooLarge,
    #[error("the provider sent more items than an answer can have")]
    TooManyItems,
    #[error("the provider sent an id or a name that is too long")]
    NameTooLong,
}

/// A text of at most `most` characters; empty when there is none, or when it is of another kind.
pub(super) fn name(raw: Option<&RawValue>, most: usize) -> Result<String, Unreadable> {
    let Some(json) = raw.map(RawValue::get).filter(|json| json.starts_with('"')) else {
        return Ok(String::new());
    };
    if json.len() > ESCAPED * most + 2 {
        return Err(Unreadable::NameTooLong);
    }
    let name: String = serde_json::from_str(json).map_err(|_| Unreadable::NotJson)?;
    if name.chars().count() > most { Err(Unreadable::NameTooLong) } else { Ok(name) }
}

/// A value beside the items, unless it is too large to be one.
pub(super) fn small(raw: Option<&RawValue>) -> Option<Value> {
    let json = raw?.get();
    if json.len() > MAX_SMALL_BYTES { None } else { serde_json::from_str(json).ok() }
}

/// An error; `None` when it says that there is none. One that is too large to be read is an error without words.
pub(super) fn error_fields(raw: &RawValue) -> Option<Value> {
    match small(Some(raw)) {
        Some(Value::Null) => None,
        Some(error) => Some(error),
        None => Some(Value::Object(Map::new())),
    }
}

/// The items of an answer.
#[derive(Default)]
pub(super) struct Items<'a>(pub(super) Vec<&'a RawValue>);

impl<'a> Items<'a> {
    pub(super) fn of(json: &'a str) -> Result<Self, Unreadable> {
        let mut items = Self::default();
        let mut too_many = false;
        let take = |item: &'a RawValue| {
            too_many = items.0.len() == MAX_ITEMS;
            if !too_many {
                items.0.push(item);
            }
            !too_many
        };
        match each(json, take) {
            Err(_) if too_many => Err(Unreadable::TooManyItems),
            Err(_) => Err(Unreadable::NotJson),
            Ok(()) => Ok(items),
        }
    }
}

/// Gives the elements of a list to `take`, one after the other, until it returns false.
pub(super) fn each<'a, T: Deserialize<'a>>(json: &'a str, take: impl FnMut(T) -> bool) -> serde_json::Result<()> {
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
