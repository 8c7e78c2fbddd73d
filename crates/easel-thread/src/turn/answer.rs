//! What the model is asked, and what it says.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use easel_imagegen::history::for_model;
use easel_imagegen::port::{ModelError, ModelEvent, ModelRequest, Provider, Store};
use easel_imagegen::spec;
use easel_protocol::record::ImageErrorKind;
use easel_protocol::turn::CodexErrorInfo;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;

use super::Running;
use crate::audience::Audience;
use crate::machine::{Effect, Input, Turn};

pub(super) type AnswerEvent = Result<ModelEvent, ModelError>;

/// An answer of the model while it is received.
pub(super) struct Answer<'a> {
    events: BoxStream<'a, AnswerEvent>,
    /// Ends the stream once it has yielded what has arrived.
    stop: CancellationToken,
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// Asks for an answer as soon as the stream is first read. A panic inside the provider ends its answer alone.
    pub(super) fn ask<'p>(&self, provider: &'p P, turn: &Turn) -> Answer<'p> {
        let exposure = turn.offered();
        let (input, images) = for_model(&self.conversation.history, &self.conversation.images, self.budget);
        let request = ModelRequest {
            originator: self.context.originator.clone(),
            model: self.model.clone(),
            instructions: self.instructions.clone(),
            input,
            images,
            exposure,
            output_schema: self.output_schema.clone(),
            partial_images: self.context.partial_images,
            gate: self.context.gate.of_request(exposure),
            tools: spec::entries(exposure, &provider.info().capabilities, self.context.partial_images),
        };
        let (context, stop) = (Arc::clone(&self.context), CancellationToken::new());
        let stopped = stop.clone();
        let events = async move { provider.respond(request, context.store.files(&context.thread_id), stopped) };
        let panicked = |_| {
            let message = "The provider failed inside Easel.".to_owned();
            Err(ModelError { message, info: CodexErrorInfo::InternalServerError })
        };
        let events = AssertUnwindSafe(stream::once(events).flatten())
            .catch_unwind()
            .map(move |event| event.unwrap_or_else(panicked))
            .boxed();
        Answer { events, stop }
    }

    /// Closes an answer. Its images that have arrived whole are kept; nothing else of it is read.
    pub(super) async fn close(&mut self, answer: &mut Option<Answer<'_>>, turn: &mut Turn) -> Vec<Effect> {
        let Some(Answer { mut events, stop }) = answer.take() else { return Vec::new() };
        stop.cancel();
        let mut effects = Vec::new();
        while !self.hosted.is_empty()
            && let Some(event) = events.next().await
        {
            if let Ok(ModelEvent::HostedEnded { call_id, outcome: outcome @ Ok(_) }) = event {
                effects.extend(self.hosted_ended(turn, &call_id, outcome).await);
            }
        }
        effects
    }

    pub(super) async fn answered(&mut self, turn: &mut Turn, event: Option<AnswerEvent>) -> Vec<Effect> {
        let input = match event {
            Some(Ok(ModelEvent::TextDelta { item_id, delta })) => Input::TextDelta { item_id, delta },
            Some(Ok(ModelEvent::Message { item_id, text })) => Input::Message { item_id, text },
            Some(Ok(ModelEvent::FunctionCall(call))) => Input::FunctionCall(call),
            Some(Ok(ModelEvent::HostedStarted { call_id, requested, references })) => {
                Input::HostedStarted { call_id, requested, references }
            }
            Some(Ok(ModelEvent::HostedPreview { call_id, preview })) => {
                return self.hosted_previewed(turn, &call_id, preview);
            }
            Some(Ok(ModelEvent::HostedEnded { call_id, outcome })) => {
                return self.hosted_ended(turn, &call_id, outcome).await;
            }
            Some(Ok(ModelEvent::Completed { usage })) => Input::AnswerCompleted { usage },
            Some(Err(error)) => Input::AnswerFailed(error),
            None => Input::AnswerFailed(ModelError {
                message: "The model's answer was cut off before its end.".to_owned(),
                info: CodexErrorInfo::Other,
            }),
        };
        let mut effects = Vec::new();
        // The end of an answer owes no more images, whatever it promised.
        if matches!(input, Input::AnswerCompleted { .. } | Input::AnswerFailed(_)) {
            let kind = ImageErrorKind::BadResponse;
            effects = self.end_hosted(turn, kind, "the model's answer ended before the image did").await;
        }
        effects.extend(self.step(turn, input));
        effects
    }
}

/// The next event of the answer; never, while there is none. An answer is closed at its last event, so that its end is
/// not taken for a cut.
pub(super) async fn next(answer: &mut Option<Answer<'_>>) -> Option<AnswerEvent> {
    let Some(open) = answer else { return std::future::pending().await };
    let event = open.events.next().await;
    if matches!(event, None | Some(Err(_) | Ok(ModelEvent::Completed { .. }))) {
        *answer = None;
    }
    event
}
