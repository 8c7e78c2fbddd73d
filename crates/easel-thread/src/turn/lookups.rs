//! Looks up in the store what the machine needs for an event of the model. The conversation in memory knows only what
//! the next request shows, and the thread may have thousands of other items and images.

use std::panic::AssertUnwindSafe;

use easel_imagegen::port::{Provider, StorageError, Store};
use futures_util::FutureExt;

use super::{TurnRunner, store_panicked};
use crate::event_sink::EventSink;
use crate::machine::Lookups;

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Adds to the conversation what the machine will need to handle an event.
    pub(super) async fn look_up(&mut self, lookups: Lookups) {
        let Lookups { id, images: mut names } = lookups;
        if let Some(id) = id {
            self.find_free_number(&id).await;
        }
        names.retain(|name| !self.conversation.has_image(name));
        if !names.is_empty() {
            self.find_images(names).await;
        }
    }

    /// Finds the number that makes the id of an item unique in the thread.
    async fn find_free_number(&mut self, id: &str) {
        loop {
            let (preferred, first) = self.conversation.ids.next_number(id);
            let finding = self.context.store.find_free_number(&self.context.thread_id, preferred, first);
            let found = AssertUnwindSafe(finding).catch_unwind().await.unwrap_or_else(|_| Err(store_panicked()));
            let number = found.unwrap_or_else(|error| {
                self.report(&error);
                first.max(number_of_turn(&self.context.turn_id))
            });
            self.conversation.ids.set_free_number(preferred, number);
            // Another item of this turn may have the id already, and not be stored yet.
            if self.conversation.ids.next_number(id).1 == number {
                return;
            }
        }
    }

    /// Finds images that a call names. The call fails if one of them is not found.
    async fn find_images(&mut self, names: Vec<String>) {
        let finding = self.context.store.find_images(&self.context.thread_id, names);
        let found = AssertUnwindSafe(finding).catch_unwind().await.unwrap_or_else(|_| Err(store_panicked()));
        match found {
            Ok(images) => self.conversation.older_images.extend(images),
            Err(error) => self.report(&error),
        }
    }

    fn report(&self, error: &StorageError) {
        let (thread_id, error): (_, &dyn std::error::Error) = (&self.context.thread_id, error);
        tracing::error!(%thread_id, error, "items and images of earlier turns could not be looked up");
    }
}

/// Returns a number that no other turn gives to an id: the item must not replace an older one if the store cannot say
/// which ids are used. The last digits of a turn's id are random.
fn number_of_turn(turn_id: &str) -> u32 {
    let start = turn_id.len().saturating_sub(8);
    let random = turn_id.get(start..).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    1 << 31 | random.unwrap_or_default()
}
