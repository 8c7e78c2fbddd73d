//! What images look like while they are made: of each open item the newest is kept, and its file with it.

use easel_imagegen::port::{Files, Provider, Store};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;

use super::Running;
use crate::audience::Audience;
use crate::call::PreviewOf;
use crate::machine::{Effect, Input, Shown, Turn};

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// One that comes after the end of its item shows nothing, and is dropped.
    pub(super) fn previewed(&mut self, turn: &mut Turn, item_id: ItemId, preview: PreviewOf<S>) -> Vec<Effect> {
        let (path, facts) = self.context.store.files(&self.context.thread_id).look(&preview.staged);
        let shown = Shown { index: preview.index, path, facts };
        let effects = self.step(turn, Input::Previewed { item_id: item_id.clone(), shown });
        if effects.iter().any(|effect| matches!(effect, Effect::Emit(Event::ImagePreview(_)))) {
            self.shown.insert(item_id, preview.staged);
        }
        effects
    }

    pub(super) fn hosted_previewed(&mut self, turn: &mut Turn, call_id: &str, preview: PreviewOf<S>) -> Vec<Effect> {
        match self.hosted.get(call_id).map(|hosted| hosted.item_id.clone()) {
            Some(item_id) => self.previewed(turn, item_id, preview),
            None => Vec::new(),
        }
    }
}
