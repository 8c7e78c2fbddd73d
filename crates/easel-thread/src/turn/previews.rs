//! Previews of images. The latest preview of each open item is kept, because dropping one deletes its file.

use easel_imagegen::port::{Preview, Provider, Store};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;

use super::TurnRunner;
use crate::event_sink::EventSink;
use crate::machine::{Effect, Input, PreviewFile, Turn};

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Shows a preview. One that arrives after the end of its item is dropped.
    pub(super) fn on_preview(&mut self, turn: &mut Turn, item_id: ItemId, preview: Preview) -> Vec<Effect> {
        let Preview { index, staged } = preview;
        let file = PreviewFile { index, path: staged.path().to_owned(), facts: staged.facts().clone() };
        let effects = self.handle(turn, Input::Preview { item_id: item_id.clone(), file });
        if effects.iter().any(|effect| matches!(effect, Effect::Emit(Event::ImagePreview(_)))) {
            self.shown_previews.insert(item_id, staged);
        }
        effects
    }

    pub(super) fn on_hosted_preview(&mut self, turn: &mut Turn, call_id: &str, preview: Preview) -> Vec<Effect> {
        match self.hosted.get(call_id).map(|hosted| hosted.item_id.clone()) {
            Some(item_id) => self.on_preview(turn, item_id, preview),
            None => Vec::new(),
        }
    }
}
