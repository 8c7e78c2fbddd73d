//! The spans of requests to providers; see [`easel_imagegen::phase::REQUESTS`].

use easel_imagegen::phase;
use easel_imagegen::port::{GeneratedImages, ModelError, ModelEvent, ProviderInfo};
use easel_protocol::record::ImageError;
use tracing::{Span, field};

/// Begins the span of a response of a model. It ends when it is dropped.
pub(super) fn model_request(provider: &ProviderInfo, model: &str) -> Span {
    tracing::info_span!(
        target: phase::REQUESTS,
        "model_request",
        provider = provider.id,
        model,
        input_tokens = field::Empty,
        output_tokens = field::Empty,
        error = field::Empty,
    )
}

/// Begins the span of a job of an image provider. It ends when it is dropped.
pub(super) fn image_request(provider: &ProviderInfo) -> Span {
    tracing::info_span!(
        target: phase::REQUESTS,
        "image_request",
        provider = provider.id,
        model = provider.image_model,
        input_tokens = field::Empty,
        output_tokens = field::Empty,
        error = field::Empty,
    )
}

/// Records the end of a response, if `event` is one.
pub(super) fn record_event(span: &Span, event: &Result<ModelEvent, ModelError>) {
    match event {
        Ok(ModelEvent::Completed { usage }) => {
            span.record("input_tokens", usage.input_tokens).record("output_tokens", usage.output_tokens);
        }
        Err(error) => drop(span.record("error", field::debug(error.info))),
        Ok(_) => {}
    }
}

/// Records the end of a job.
pub(super) fn record_job(span: &Span, generated: &Result<GeneratedImages, ImageError>) {
    let (usage, error) = match generated {
        Ok(images) => (images.usage.as_ref(), images.missing.as_deref()),
        Err(error) => (None, Some(error)),
    };
    if let Some(usage) = usage {
        span.record("input_tokens", usage.input_tokens).record("output_tokens", usage.output_tokens);
    }
    if let Some(error) = error {
        span.record("error", field::debug(error.kind));
    }
}
