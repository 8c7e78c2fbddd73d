//! The images of documents that cannot be used otherwise.

use easel_imagegen::port::Files;

use super::OpenStream;
use super::decoder::RawDocument;
use super::parse::parse;
use crate::json_images::ImagePart;
use crate::responses::state::ResponseEvents;
use crate::responses::wire;

impl<F: Files> OpenStream<F> {
    /// Uses the complete images of a truncated event, and nothing else of it.
    pub(in super::super) async fn take_truncated_event(
        &mut self,
        events: &mut ResponseEvents,
        images: &mut Vec<ImagePart<F::Writer>>,
    ) {
        let Some(decoder) = &mut self.decoder else { return };
        let document = decoder.take_document();
        self.keep_results(document, events, images).await;
    }

    /// Uses the complete images of a document that is truncated or invalid, and nothing else of it.
    pub(super) async fn keep_results(
        &mut self,
        document: RawDocument<F::Writer>,
        events: &mut ResponseEvents,
        images: &mut Vec<ImagePart<F::Writer>>,
    ) {
        let RawDocument { kind, name, json, images: parts } = document;
        if !parts.iter().any(ImagePart::is_complete) {
            return;
        }
        let event = match wire::complete_truncated_json(&json) {
            Some(completed) => {
                parse(&self.decode_span, kind, &name, completed).await.ok().and_then(|(event, _)| event.ok())
            }
            None => None,
        };
        *images = parts;
        let is_complete = |number: usize| images.get(number).is_some_and(ImagePart::is_complete);
        if let Some(mut event) = event {
            event.retain_results(is_complete);
            self.state.keep_results(event, events);
            return;
        }
        let numbers = (0..images.len()).filter(|number| is_complete(*number));
        for item in wire::images_of_invalid_json(&json, numbers, self.state.count_ended_images()) {
            self.state.keep_result(item, events);
        }
    }
}
