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
    /// How often a request that may have been accepted is repeated. Each attempt may be billed.
    pub(crate) uncertain_retries: u32,
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
        billed: match error.billed {
            Billed::No if call.may_be_billed => profile.apply_billing(Billed::Uncertain),
            billed @ (Billed::No | Billed::Yes | Billed::Uncertain) => profile.apply_billing(billed),
        },
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
    /// Whether an earlier attempt may have been accepted.
    may_be_billed: bool,
    response_format: ResponseFormatField,
    /// Failed attempts that the provider did not accept.
    unaccepted: u32,
    /// Failed attempts that the provider may have accepted.
    uncertain: u32,
}

impl<'a, C: Credentials, F: Files> Call<'a, C, F> {
    fn new(api: ImagesApi<'a, C>, job: &'a ImageJob, files: Arc<F>) -> Self {
        Self {
            api,
            job,
            files,
            attempts: 0,
            may_be_billed: false,
            response_format: ResponseFormatField::Declared,
            unaccepted: 0,
            uncertain: 0,
        }
    }

    /// Sends the request and reads the response, until there are images or no other attempt is allowed.
    async fn run(&mut self, previews: &PreviewSink, limit: &NetworkLimit) -> Result<GeneratedImages, ImageError> {
        loop {
            let sent = send(self.api.client, self, limit).await;
            let response = sent.map_err(|error| self.to_image_error(&error))?;
            let error = match collect(self.api.client, self.job, &self.files, response, previews, limit).await {
                Ok(images) => return Ok(images),
                Err(error) => error,
            };
            let pause =
                self.count_failure(&error, /*is_unaccepted*/ false, None).filter(|pause| *pause < limit.time_left());
            let Some(pause) = pause else { return Err(error) };
            let client = self.api.client;
            limit.sleep(pause).await.map_err(|reason| limit_error(client, reason, self.job, Billed::No))?;
        }
    }

    /// Counts a failed attempt. Returns the pause before the next one, or `None` if there may be none.
    fn count_failure(
        &mut self,
        error: &ImageError,
        is_unaccepted: bool,
        server_pause: Option<Duration>,
    ) -> Option<Duration> {
        self.may_be_billed |= error.billed == Billed::Uncertain;
        let (failed, max_retries) = if is_unaccepted {
            (&mut self.unaccepted, MAX_UNACCEPTED - 1)
        } else if error.billed == Billed::Uncertain && error.retryable {
            (&mut self.uncertain, self.api.uncertain_retries)
        } else {
            // The same request would fail again.
            return None;
        };
        let pause = server_pause.unwrap_or(FIRST_PAUSE * 2_u32.pow(*failed));
        *failed += 1;
        (*failed <= max_retries && pause <= MAX_PAUSE).then_some(pause)
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
        let (is_unaccepted, server_pause) = match error {
            SendError::Rejected(rejection) => (rejection.is_not_started(), rejection.retry_after),
            SendError::Unreachable(_) => (true, None),
            SendError::Credential(_)
            | SendError::Refresh { .. }
            | SendError::Endpoint(_)
            | SendError::Refused(_)
            | SendError::Unreadable(_)
            | SendError::Lost(_)
            | SendError::Idle { .. } => (false, None),
            SendError::LimitReached { .. } => return None,
        };
        self.count_failure(&self.to_image_error(error), is_unaccepted, server_pause)
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
