//! Which items of a complete response earlier events contained.

use std::vec;

use super::ResponseState;
use super::identity::{Fingerprint, match_known};
use crate::responses::wire::{Item, ItemContent};

/// The index of each item of a complete response among the known items of its kind; `None` for a new item.
pub(super) struct KnownItems {
    pub(super) reasoning: vec::IntoIter<Option<usize>>,
    pub(super) messages: vec::IntoIter<Option<usize>>,
    pub(super) calls: vec::IntoIter<Option<usize>>,
    pub(super) images: vec::IntoIter<Option<usize>>,
}

impl KnownItems {
    pub(super) fn new(state: &ResponseState, output: &[Item]) -> Self {
        let (mut reasoning, mut messages) = (Vec::new(), Vec::new());
        let (mut calls, mut images) = (Vec::new(), Vec::new());
        for Item { key, content } in output {
            match content {
                ItemContent::Reasoning(item) => reasoning.push(Fingerprint::of_reasoning(key.clone(), item)),
                ItemContent::Message(text) => messages.push(Fingerprint::of_message(key.clone(), text)),
                ItemContent::FunctionCall { id, namespace, name, arguments } => {
                    let call = state.function_call(id, namespace.as_deref(), name, arguments.clone());
                    calls.push(Fingerprint::of_call(key.clone(), &call));
                }
                ItemContent::Image(_) => images.push(Fingerprint::of_image(key.clone())),
                ItemContent::Other => {}
            }
        }
        Self {
            reasoning: match_known(state.reasoning.known(), &reasoning).into_iter(),
            messages: match_known(state.messages.known(), &messages).into_iter(),
            calls: match_known(state.calls.known(), &calls).into_iter(),
            images: match_known(&state.images.known(), &images).into_iter(),
        }
    }
}
