//! What images look like while they are made: of each open item the newest is kept, and its file with it.

use easel_imagegen::port::{Preview, Provider, Store};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;

use super::Running;
use crate::audience::Audience;
use crate::machine::{Effect, Input, Shown, Turn};

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// One that comes after the end of its item shows nothing, and is dropped.
    pub(super) fn previewed(&mut self, turn: &mut Turn, item_id: ItemId, preview: Preview) -> Vec<Effect> {
        let Preview { index, staged } = preview;
        let shown = Shown { index, path: staged.path().to_owned(), facts: staged.facts().clone() };
        let effects = self.step(turn, Input::Previewed { item_id: item_id.clone(), shown });
        if effects.iter().any(|effect| matches!(effect, Effect::Emit(Event::ImagePreview(_)))) {
            self.shown.insert(item_id, staged);
        }
        effects
    }

    pub(super) fn hosted_previewed(&mut self, turn: &mut Turn, call_id: &str, preview: Preview) -> Vec<Effect> {
        match self.hosted.get(call_id).map(|hosted| hosted.item_id.clone()) {
            Some(item_id) => self.previewed(turn, item_id, preview),
            None => Vec::new(),
        }
    }
}
