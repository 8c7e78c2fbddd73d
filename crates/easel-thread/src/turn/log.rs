//! What the log says about a turn: a line for its start and its end, and one for the end of each image.
//!
//! The lines have ids, numbers and the texts of errors, which are redacted. They contain no prompts and no paths of the
//! user's files, except what a provider repeats in the error that ends a turn.

use easel_imagegen::port::{Provider, Store};
use easel_protocol::event::{Event, ItemCompletedNotification, TurnCompletedNotification};
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::{Turn, TurnStatus};
use tracing::{Span, field};

use super::calls::CallContext;

/// Logs the start of a turn.
pub(super) fn log_start<S: Store, P: Provider>(context: &CallContext<S, P>, exposure: ToolExposure) {
    let (own, images) = (context.provider.info(), context.provider.image_info());
    tracing::info!(
        parent: None,
        thread_id = %context.thread_id,
        turn_id = %context.turn_id,
        provider = own.id,
        model = context.model,
        image_provider = images.id,
        image_model = images.image_model,
        tool = ?exposure,
        "a turn started"
    );
}

/// Logs the end of a turn or of an image, if `event` is one. An image that failed is logged at the default level,
/// unless the user interrupted it.
pub(super) fn log_end<S: Store, P: Provider>(context: &CallContext<S, P>, event: &Event) {
    if let Event::ItemCompleted(ItemCompletedNotification { item: ThreadItem::ImageGeneration(image), .. }) = event {
        log_image(context, image);
    } else if let Event::TurnCompleted(TurnCompletedNotification { turn, .. }) = event {
        log_turn(context, turn);
    }
}

fn log_image<S: Store, P: Provider>(context: &CallContext<S, P>, image: &ImageGenerationItem) {
    let (thread_id, turn_id, item_id) = (&context.thread_id, &context.turn_id, &image.id);
    if let Some(error) = &image.error {
        return log_failure(context, image, error);
    }
    let Some(record) = image.images.first() else { return };
    tracing::info!(
        parent: None,
        %thread_id,
        %turn_id,
        %item_id,
        provider = record.provider,
        model = record.model,
        images = image.images.len(),
        width = record.facts.width,
        height = record.facts.height,
        bytes = record.facts.bytes,
        attempts = record.attempts,
        elapsed_ms = record.elapsed_ms,
        request_id = record.request_id,
        "an image call completed"
    );
}

fn log_failure<S: Store, P: Provider>(context: &CallContext<S, P>, image: &ImageGenerationItem, error: &ImageError) {
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                parent: None,
                thread_id = %context.thread_id,
                turn_id = %context.turn_id,
                item_id = %image.id,
                provider = context.provider.image_info().id,
                images = image.images.len(),
                kind = ?error.kind,
                status = error.http_status,
                code = error.code,
                attempts = error.attempts,
                elapsed_ms = error.elapsed_ms,
                billed = ?error.billed,
                request_id = error.request_id,
                error = (!may_quote(error.kind)).then_some(error.message.as_str()),
                "an image call failed"
            )
        };
    }
    if error.kind == ImageErrorKind::Interrupted { log!(info) } else { log!(warn) }
}

/// Returns whether the message of an error may quote the prompt or name a file of the user.
const fn may_quote(kind: ImageErrorKind) -> bool {
    matches!(
        kind,
        ImageErrorKind::InvalidArguments
            | ImageErrorKind::ReferenceNotFound
            | ImageErrorKind::ReferenceRefused
            | ImageErrorKind::ModerationBlocked
    )
}

fn log_turn<S: Store, P: Provider>(context: &CallContext<S, P>, turn: &Turn) {
    let (thread_id, turn_id, elapsed_ms) = (&context.thread_id, &context.turn_id, turn.duration_ms);
    if let Some(info) = turn.error.as_ref().and_then(|error| error.codex_error_info) {
        Span::current().record("error", field::debug(info));
    }
    match &turn.error {
        Some(error) if turn.status == TurnStatus::Failed => tracing::warn!(
            parent: None,
            %thread_id,
            %turn_id,
            elapsed_ms,
            provider = context.provider.info().id,
            model = context.model,
            error = error.message,
            "a turn failed"
        ),
        Some(_) | None => tracing::info!(
            parent: None,
            %thread_id,
            %turn_id,
            elapsed_ms,
            status = ?turn.status,
            "a turn ended"
        ),
    }
}
