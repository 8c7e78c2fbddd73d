//! The journal of image calls: a row before anything is sent, and the end of the call with its images.

use std::time::Duration;

use easel_imagegen::output::LOG_PREVIEW;
use easel_imagegen::phase;
use easel_imagegen::port::{
    Admission, CallEnd, CallStart, EditSource, GeneratedImages, Provider, Reference, ReserveError, StorageError, Store,
    image_error,
};
use easel_imagegen::spending::Quote;
use easel_protocol::id::ItemId;
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, ImageRecord, RequestedImage};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::CallContext;
use crate::clock::now_ms;
use crate::config::Reserved;
use crate::machine::CallOutput;

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Writes the journal row of a call, which must exist before anything is sent, and reserves what the call may cost.
    ///
    /// # Errors
    /// A limit of spending refuses the call, or the store failed. The call must not be sent.
    pub(super) async fn reserve(
        &self,
        item_id: &ItemId,
        requested: &RequestedImage,
        (inputs, mask): (&[Reference], Option<&Reference>),
        quote: Quote,
        admission: Admission,
    ) -> Result<Reserved, ReserveError> {
        let info = self.provider.image_info();
        let is_approved = admission == Admission::Approved;
        let start = CallStart {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: item_id.clone(),
            provider: info.id.clone(),
            model: info.image_model.clone(),
            synthetic: info.synthetic,
            bills: info.capabilities.bills,
            requested: requested.clone(),
            inputs: inputs.to_vec(),
            mask: mask.cloned(),
            quote: quote.clone(),
            limits: self.gate.limits(),
            admission,
            started_at_ms: now_ms(),
        };
        let span = tracing::debug_span!(target: phase::TARGET, "journal");
        let reserved = self.store.reserve(start).instrument(span).await;
        let budget = reserved.inspect_err(|error| match error {
            ReserveError::Refused(refusal) => tracing::info!(%item_id, %refusal, "a limit refused an image call"),
            ReserveError::Storage(error) => log_storage_error(item_id, error),
        })?;
        // What the user approved passes the limits.
        Ok(Reserved { quote, budget: budget.filter(|_| !is_approved) })
    }

    /// Compares the images of an edit with the image that was edited, before they are recorded: a record never changes,
    /// and clients read it with the end of the item. The work runs beside the turn. `stop` ends only the wait for it.
    pub(in crate::turn) async fn examine(
        &self,
        item_id: &ItemId,
        edit: Option<EditSource>,
        generated: Result<GeneratedImages, ImageError>,
        stop: &CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        let generated = generated?;
        let Some(edit) = edit else { return Ok(generated) };
        let span = tracing::debug_span!(target: phase::TARGET, "compare");
        Ok(self.store.examine_edit(&self.thread_id, item_id, edit, generated, stop).instrument(span).await)
    }

    /// Ends a journaled call: stores its images in the thread, or records the failure. `last_attempt` says what the
    /// provider billed for the last one of several attempts.
    pub(in crate::turn) async fn settle(
        &self,
        item_id: &ItemId,
        generated: Result<GeneratedImages, ImageError>,
        last_attempt: Option<Billed>,
        elapsed: Duration,
    ) -> Result<CallOutput, Box<ImageError>> {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let error = match generated {
            Ok(images) if !images.images.is_empty() => return self.keep_images(item_id, images, elapsed_ms).await,
            Ok(images) => ImageError {
                attempts: images.attempts,
                request_id: images.request_id,
                ..self.error_after_sending(ImageErrorKind::BadResponse, "the provider's response contains no image")
            },
            Err(error) => error,
        };
        let error = ImageError { elapsed_ms, ..error };
        let span = tracing::debug_span!(target: phase::TARGET, "record");
        let end = CallEnd::Failed { error: error.clone(), last_attempt: last_attempt.unwrap_or(error.billed) };
        let settled = self.store.settle(&self.thread_id, item_id, end).instrument(span).await;
        if let Err(storage) = settled {
            // The next start of the process closes the row. The client gets the error of the call, which matters more.
            log_storage_error(item_id, &storage);
        }
        Err(Box::new(error))
    }

    async fn keep_images(
        &self,
        item_id: &ItemId,
        made: GeneratedImages,
        elapsed_ms: u64,
    ) -> Result<CallOutput, Box<ImageError>> {
        let (generation_id, attempts, missing) = (made.generation_id.clone(), made.attempts, made.missing.clone());
        let end = CallEnd::Generated { made, elapsed_ms };
        let span = tracing::debug_span!(target: phase::TARGET, "record");
        match self.store.settle(&self.thread_id, item_id, end).instrument(span).await {
            Ok(records) => {
                log_output(item_id, &records);
                Ok(CallOutput { records, generation_id, missing })
            }
            Err(error) => {
                log_storage_error(item_id, &error);
                let billed = self.billing(Billed::Yes);
                let error = image_error(ImageErrorKind::Storage, error.client_message());
                Err(Box::new(ImageError { attempts, elapsed_ms, billed, ..error }))
            }
        }
    }
}

/// Returns the error of a call that was not journaled.
pub(super) fn to_image_error(error: &ReserveError) -> ImageError {
    match error {
        ReserveError::Refused(refusal) => refusal.to_error(),
        ReserveError::Storage(error) => image_error(ImageErrorKind::Storage, error.client_message()),
    }
}

/// Logs a failure of the store with its causes, which the client does not see.
fn log_storage_error(item_id: &ItemId, error: &StorageError) {
    tracing::error!(
        %item_id,
        error = error as &dyn std::error::Error,
        kind = ?error.kind(),
        "the store failed during an image call"
    );
}

/// Logs what the model gets back as handles and sizes, without the images.
fn log_output(item_id: &ItemId, records: &[ImageRecord]) {
    for ImageRecord { id, facts, .. } in records {
        tracing::debug!(
            %item_id,
            handle = %id,
            bytes = facts.bytes,
            output = LOG_PREVIEW,
            "the image tool returned an image"
        );
    }
}
