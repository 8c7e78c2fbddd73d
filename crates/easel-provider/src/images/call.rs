//! One image call: its attempts, its deadline and what it may cost.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, GeneratedImages, ImageJob, PreviewSink, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::collect::collect;
use super::request::{ResponseFormatField, prepare};
use crate::credential::Credentials;
use crate::http::{ApiClient, LimitReached, NetworkLimit, PreparedRequest, Request, SendError, send};
use crate::profile::ResponseFormat;

/// Attempts in all, if the provider accepts none of them.
const MAX_UNACCEPTED: u32 = 3;
/// The longest pause before another attempt. If the provider asks for more, the call fails.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The pause after the first failed attempt. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The images endpoint of a provider.
#[derive(Debug)]
pub(crate) struct ImagesApi<'a, C> {
    pub(crate) client: &'a ApiClient<C>,
    /// The image model.
    pub(crate) model: &'a str,
}

/// Generates the images of `job`.
///
/// The call waits for the network until the job's deadline or until `stop` is cancelled. It then returns the images
/// that have arrived completely. If the future is dropped, the connection is closed and they are lost.
///
/// # Errors
///
/// Fails if no image arrived. The error says what the call may have cost.
pub(crate) async fn generate<C: Credentials, F: Files>(
    api: ImagesApi<'_, C>,
    job: ImageJob,
    files: Arc<F>,
    previews: PreviewSink,
    stop: CancellationToken,
) -> Result<GeneratedImages, ImageError> {
    let started = Instant::now();
    let limit = NetworkLimit::new(stop, started + job.deadline);
    let profile = &api.client.profile;
    let mut call = Call::new(api, &job, files);
    let result = call.run(&previews, &limit).await;
    let complete = |error: ImageError| ImageError {
        attempts: call.attempts,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        billed: profile.apply_billing(error.billed),
        ..error
    };
    match result {
        Ok(images) => {
            let missing = images.missing.map(|error| Box::new(complete(*error)));
            Ok(GeneratedImages { attempts: call.attempts, missing, ..images })
        }
        Err(error) => Err(complete(error)),
    }
}

/// A call in progress.
struct Call<'a, C, F> {
    api: ImagesApi<'a, C>,
    job: &'a ImageJob,
    files: Arc<F>,
    /// Requests that were sent.
    attempts: u32,
    response_format: ResponseFormatField,
    /// Failed attempts that the provider did not accept.
    unaccepted: u32,
}

impl<'a, C: Credentials, F: Files> Call<'a, C, F> {
    fn new(api: ImagesApi<'a, C>, job: &'a ImageJob, files: Arc<F>) -> Self {
        Self { api, job, files, attempts: 0, response_format: ResponseFormatField::Declared, unaccepted: 0 }
    }

    /// Sends the request until the provider accepts it or no other attempt is allowed, and reads the response.
    async fn run(&mut self, previews: &PreviewSink, limit: &NetworkLimit) -> Result<GeneratedImages, ImageError> {
        let sent = send(self.api.client, self, limit).await;
        let response = sent.map_err(|error| self.to_image_error(&error))?;
        collect(self.api.client, self.job, &self.files, response, previews, limit).await
    }

    /// Returns whether another attempt without `response_format` may succeed. The rejected attempt was not billed.
    fn may_drop_response_format(&self, error: &SendError) -> bool {
        let SendError::Rejected(rejection) = error else { return false };
        self.api.client.profile.generate.response_format == Some(ResponseFormat::TryB64Json)
            && self.response_format == ResponseFormatField::Declared
            && rejection.status == 400
            && rejection.has_code("unknown_parameter")
    }

    fn to_image_error(&self, error: &SendError) -> ImageError {
        let kind = match error {
            SendError::Rejected(rejection) => return rejection.image_error(),
            SendError::Refresh { rejection, source } => {
                let rejected = rejection.image_error();
                return ImageError { message: format!("{}; {source}", rejected.message), ..rejected };
            }
            SendError::Refused(error) => return ImageError::clone(error),
            SendError::LimitReached { reason, was_sent } => {
                return limit_error(
                    self.api.client,
                    *reason,
                    self.job,
                    if *was_sent { Billed::Uncertain } else { Billed::No },
                );
            }
            SendError::Credential(_) => ImageErrorKind::Unauthorized,
            SendError::Endpoint(_) => ImageErrorKind::Internal,
            SendError::Unreadable(_) => ImageErrorKind::Storage,
            SendError::Unreachable(_) => ImageErrorKind::Network,
            SendError::Lost(_) | SendError::Idle { .. } => {
                let error = image_error(ImageErrorKind::Network, error.to_string());
                return ImageError { billed: Billed::Uncertain, ..error };
            }
        };
        image_error(kind, error.to_string())
    }
}

impl<C: Credentials, F: Files> Request for Call<'_, C, F> {
    type Files = F;

    async fn prepare(&mut self) -> Result<PreparedRequest<F>, ImageError> {
        let profile = &self.api.client.profile;
        prepare(profile, self.api.model, self.job, self.response_format, &self.files).await
    }

    fn on_attempt(&mut self) {
        self.attempts += 1;
    }

    fn retry_after(&mut self, error: &SendError) -> Option<Duration> {
        if self.may_drop_response_format(error) {
            self.response_format = ResponseFormatField::Omitted;
            return Some(Duration::ZERO);
        }
        let server_pause = match error {
            SendError::Rejected(rejection) if rejection.is_not_started() => rejection.retry_after,
            SendError::Unreachable(_) => None,
            // The provider may have accepted the request, or the same one would fail again.
            SendError::Rejected(_)
            | SendError::Credential(_)
            | SendError::Refresh { .. }
            | SendError::Endpoint(_)
            | SendError::Refused(_)
            | SendError::Unreadable(_)
            | SendError::Lost(_)
            | SendError::Idle { .. }
            | SendError::LimitReached { .. } => return None,
        };
        let pause = server_pause.unwrap_or(FIRST_PAUSE * 2_u32.pow(self.unaccepted));
        self.unaccepted += 1;
        (self.unaccepted < MAX_UNACCEPTED && pause <= MAX_PAUSE).then_some(pause)
    }
}

/// Returns the error of a call that no longer waits for the network.
pub(super) fn limit_error<C>(
    client: &ApiClient<C>,
    reason: LimitReached,
    job: &ImageJob,
    billed: Billed,
) -> ImageError {
    let (kind, message) = match reason {
        LimitReached::Deadline => {
            let (provider, seconds) = (client.description(), job.deadline.as_secs_f64());
            (ImageErrorKind::Timeout, format!("{provider} took longer than {seconds} s (images.timeout_ms)"))
        }
        LimitReached::Stopped => (ImageErrorKind::Interrupted, "the turn was interrupted".to_owned()),
    };
    ImageError { billed, retryable: true, ..image_error(kind, message) }
}
