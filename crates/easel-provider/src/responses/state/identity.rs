//! Recognizes items that a server sends more than once.
//!
//! A server sends an item up to three times: when it is done, perhaps again, and in the complete response. Not every
//! server uses the same ids each time (vLLM generates another `call_id`, gateways encrypt item ids each time), some
//! send no ids, and some give every item the same position. A call that runs twice is paid twice.

use std::hash::{DefaultHasher, Hash, Hasher};

use easel_imagegen::port::FunctionCall;
use serde_json::Value;

use crate::responses::wire::{ItemKey, ReasoningItem};

/// The properties by which an item is recognized.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprint {
    pub(super) key: ItemKey,
    /// The id of a function call; empty if the item has none.
    pub(super) call: String,
    /// A hash of the content; `None` if it cannot be compared.
    pub(super) content: Option<u64>,
}

/// Whether two items have the same properties. `None` if one of them lacks the property.
#[derive(Clone, Copy)]
struct Agreement {
    position: Option<bool>,
    id: Option<bool>,
    call: Option<bool>,
    content: Option<bool>,
}

impl Fingerprint {
    pub(super) fn of_message(key: ItemKey, text: &str) -> Self {
        Self { key, call: String::new(), content: Some(hash(&text)) }
    }

    pub(super) fn of_reasoning(key: ItemKey, reasoning: &ReasoningItem) -> Self {
        let ReasoningItem { summary, content, model_item } = reasoning;
        // The content of an item without text and encrypted form identifies nothing.
        let has_content = !summary.is_empty() || !content.is_empty() || model_item.is_some();
        let model_item = model_item.as_ref().and_then(|item| serde_json::to_string(item).ok());
        Self { key, call: String::new(), content: has_content.then(|| hash(&(summary, content, model_item))) }
    }

    pub(super) fn of_call(key: ItemKey, call: &FunctionCall) -> Self {
        let FunctionCall { call_id, namespace, name, arguments } = call;
        // Servers that parse the arguments format them differently.
        let parsed = serde_json::from_str::<Value>(arguments).map(|parsed| parsed.to_string());
        let arguments = parsed.as_ref().unwrap_or(arguments);
        Self { key, call: call_id.to_string(), content: Some(hash(&(namespace, name, arguments))) }
    }

    pub(super) fn of_image(key: ItemKey) -> Self {
        Self { key, call: String::new(), content: None }
    }

    /// Returns whether this event of a stream repeats the item of an earlier event.
    ///
    /// The position decides first. Two items at one position with no other common property are two items, because some
    /// servers give each item position 0.
    pub(super) fn repeats(&self, known: &Self) -> bool {
        let agreement = self.compare(known);
        let Agreement { position, id, call, content } = agreement;
        match position {
            Some(true) => agreement.agrees_in_any() || !agreement.differs_in_any(),
            Some(false) => id == Some(true) && !agreement.differs_in_any(),
            None => match content {
                Some(true) => id == Some(true) || call == Some(true) || (id, call) == (None, None),
                Some(false) | None => id == Some(true) && call != Some(false),
            },
        }
    }

    fn compare(&self, known: &Self) -> Agreement {
        let texts = |a: &str, b: &str| (!a.is_empty() && !b.is_empty()).then(|| a == b);
        Agreement {
            position: self.key.position.zip(known.key.position).map(|(a, b)| a == b),
            id: texts(&self.key.id, &known.key.id),
            call: texts(&self.call, &known.call),
            content: self.content.zip(known.content).map(|(a, b)| a == b),
        }
    }
}

impl Agreement {
    fn agrees_in_any(self) -> bool {
        [self.id, self.call, self.content].contains(&Some(true))
    }

    fn differs_in_any(self) -> bool {
        [self.id, self.call, self.content].contains(&Some(false))
    }
}

fn hash(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Matches each item of a complete response with a known item. Returns its index among the known items, or `None` for a
/// new item.
///
/// Each known item matches once, by the strongest rule that applies. A complete response with no more items than are
/// known therefore contains nothing new, whatever ids it uses. Positions are not sufficient, because some servers omit
/// items from the complete response that they streamed.
pub(super) fn match_known(known: &[Fingerprint], whole: &[Fingerprint]) -> Vec<Option<usize>> {
    const RULES: [fn(Agreement) -> bool; 6] = [
        |a| a.position == Some(true) && (a.agrees_in_any() || !a.differs_in_any()),
        |a| a.id == Some(true) && a.call != Some(false) || a.content == Some(true) && a.call == Some(true),
        |a| a.content == Some(true),
        |a| a.id == Some(true) || a.call == Some(true),
        |a| a.position == Some(true),
        // Two images with different ids and positions may be two images, and neither must be lost.
        |a| a.content.is_some() || (a.position, a.id) != (Some(false), Some(false)),
    ];
    let mut found = vec![None; whole.len()];
    let mut is_left = vec![true; known.len()];
    for rule in RULES {
        for (found, item) in found.iter_mut().zip(whole).filter(|(found, _)| found.is_none()) {
            let at = (0..known.len()).find(|at| is_left[*at] && rule(item.compare(&known[*at])));
            if let Some(at) = at {
                is_left[at] = false;
                *found = Some(at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(position: Option<u32>, id: &str, call_id: &str, content: &str) -> Fingerprint {
        let content = (!content.is_empty()).then(|| hash(&content));
        Fingerprint { key: ItemKey { position, id: id.to_owned() }, call: call_id.to_owned(), content }
    }

    #[test]
    fn item_at_the_same_position_is_the_same() {
        let known = fingerprint(Some(1), "fc_1", "call_A", "cat");
        assert!(fingerprint(Some(1), "fc_2", "call_B", "cat").repeats(&known), "both ids differ");
        assert!(fingerprint(Some(1), "", "", "cat").repeats(&known));
        assert!(fingerprint(Some(1), "fc_1", "call_B", "dog").repeats(&known));
        assert!(fingerprint(Some(1), "", "", "").repeats(&known), "no property differs");
        assert!(!fingerprint(Some(1), "fc_2", "call_B", "dog").repeats(&known), "a server without positions");
    }

    #[test]
    fn equal_calls_at_two_positions_are_two_calls() {
        let known = fingerprint(Some(1), "fc_1", "call_A", "cat");
        assert!(!fingerprint(Some(2), "fc_2", "call_B", "cat").repeats(&known));
        assert!(!fingerprint(Some(2), "", "", "cat").repeats(&known));
        assert!(!fingerprint(Some(2), "fc_2", "call_A", "cat").repeats(&known));
    }

    #[test]
    fn ids_and_content_decide_without_positions() {
        let known = fingerprint(None, "fc_1", "call_A", "cat");
        assert!(fingerprint(Some(3), "fc_1", "call_A", "cat").repeats(&known));
        assert!(fingerprint(None, "fc_1", "call_B", "cat").repeats(&known));
        assert!(fingerprint(None, "", "call_A", "cat").repeats(&known));
        assert!(!fingerprint(None, "", "call_B", "cat").repeats(&known));
        assert!(!fingerprint(None, "fc_2", "call_A", "dog").repeats(&known), "a server with one call id for all");
        assert!(fingerprint(None, "", "", "cat").repeats(&fingerprint(None, "", "", "cat")));
        assert!(!fingerprint(None, "", "", "dog").repeats(&fingerprint(None, "", "", "cat")));
    }

    #[test]
    fn complete_response_with_known_count_has_nothing_new() {
        let known = [fingerprint(Some(1), "a", "A", "cat"), fingerprint(Some(2), "b", "B", "dog")];
        // The reasoning before them was left out, and all ids are others.
        let whole = [fingerprint(Some(0), "x", "X", "cat"), fingerprint(Some(1), "y", "Y", "dog")];
        assert_eq!(match_known(&known, &whole), [Some(0), Some(1)]);
        let written_otherwise = [fingerprint(Some(0), "x", "X", "CAT"), fingerprint(Some(1), "y", "Y", "DOG")];
        assert_eq!(match_known(&known, &written_otherwise), [Some(1), Some(0)]);
    }

    #[test]
    fn formatting_of_arguments_is_ignored() {
        let call = |arguments: &str| FunctionCall {
            call_id: "call".into(),
            namespace: None,
            name: "imagegen".to_owned(),
            arguments: arguments.to_owned(),
        };
        let of = |arguments| Fingerprint::of_call(ItemKey::default(), &call(arguments)).content;
        assert_eq!(of(r#"{"prompt": "a", "n": 1}"#), of(r#"{"n":1,"prompt":"a"}"#));
        assert_ne!(of(r#"{"prompt": "a"}"#), of(r#"{"prompt": "b"}"#));
        assert_ne!(of("{"), of("{{"));
    }

    #[test]
    fn unmatched_items_are_new() {
        let known = [fingerprint(None, "b", "B", "dog")];
        let whole = [fingerprint(Some(0), "a", "A", "cat"), fingerprint(Some(1), "b", "C", "dog")];
        assert_eq!(match_known(&known, &whole), [None, Some(0)]);
        let equal = [fingerprint(Some(0), "", "", "dog"), fingerprint(Some(1), "", "", "dog")];
        assert_eq!(match_known(&known, &equal), [Some(0), None], "two calls for one that was streamed");
    }

    #[test]
    fn images_with_nothing_in_common_are_two() {
        let known = [fingerprint(Some(0), "ig_1", "", "")];
        assert_eq!(match_known(&known, &[fingerprint(Some(1), "ig_2", "", "")]), [None]);
        assert_eq!(match_known(&known, &[fingerprint(Some(0), "ig_2", "", "")]), [Some(0)]);
        assert_eq!(match_known(&known, &[fingerprint(Some(1), "", "", "")]), [Some(0)]);
    }
}
