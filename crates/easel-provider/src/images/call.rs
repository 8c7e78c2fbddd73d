//! Sending a call, and sending it again where nobody can have accepted it.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, GeneratedImages, ImageJob, PreviewSink, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};

use super::body::{Body, Sending, open};
use super::request::{ResponseFormatSent, request, streams};
use super::{Progress, collect};
use crate::credential::{Credential, Credentials};
use crate::failure::{Masks, Refused, cause, refused};
use crate::profile::ResponseFormat;
use crate::provider::{HttpProvider, Retries};
use crate::waiting::Waiting;

/// Requests of one call that the provider did not take.
const MAX_UNTAKEN: u32 = 3;
/// A provider that asks to wait longer is not waited for.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// After the first request of its kind that failed; doubled after the next.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a request brought no image.
enum Failure {
    /// It did not leave: no connection was made.
    NotSent(ImageError),
    /// The provider answered, and not with success.
    Refused(Box<Refused>),
    /// Sent, perhaps accepted, or never fit to be sent.
    Other(ImageError),
}

/// Requests of one call so far that may be followed by another.
#[derive(Debug, Default)]
struct Failed {
    /// The provider did not take them.
    untaken: u32,
    /// The provider may have taken them.
    uncertain: u32,
}

/// What may differ from one attempt to the next.
struct Attempt {
    credential: Option<Credential>,
    response_format: ResponseFormatSent,
    masks: Masks,
}

/// Sends `job` until the provider takes it, refuses it, or may have taken it.
pub(super) async fn call<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: &ImageJob,
    files: &Arc<F>,
    previews: &PreviewSink,
    waiting: &Waiting,
    progress: &mut Progress,
) -> Result<GeneratedImages, ImageError> {
    let credential = waiting.on(provider.credentials.current()).await.map_err(|over| progress.over(over, job))?;
    let credential = credential.map_err(|error| image_error(ImageErrorKind::Unauthorized, error.message))?;
    let masks = Masks::of(&provider.record, credential.as_ref());
    let mut attempt = Attempt { credential, response_format: ResponseFormatSent::AsDeclared, masks };
    let (mut refreshed, mut failed) = (false, Failed::default());
    loop {
        (progress.sending, progress.accepted) = (Sending::default(), false);
        let failure = match made(provider, job, files, previews, &attempt, waiting, progress).await {
            Ok(made) => return Ok(made),
            Err(failure) => failure,
        };
        if let Failure::Refused(refused) = &failure {
            if refused.status == 401 && !std::mem::replace(&mut refreshed, true) {
                progress.sending = Sending::default();
                let renewed = waiting.on(renewed(provider, attempt, refused.image_error())).await;
                attempt = renewed.map_err(|over| progress.over(over, job))??;
                continue;
            }
            if leaves_out_response_format(provider, &attempt, refused) {
                attempt.response_format = ResponseFormatSent::LeftOut;
                continue;
            }
        }
        let (error, wait) = failed.then(failure, provider.retries);
        progress.in_doubt |= error.billed == Billed::Uncertain;
        let wait = wait.filter(|wait| *wait <= MAX_WAIT && *wait < waiting.time_left());
        let Some(wait) = wait else { return Err(error) };
        progress.sending = Sending::default();
        waiting.on(tokio::time::sleep(wait)).await.map_err(|over| progress.over(over, job))?;
    }
}

impl Failed {
    /// Counts one more; gives its error, and how long to wait for the next request if there may be one.
    fn then(&mut self, failure: Failure, retries: Retries) -> (ImageError, Option<Duration>) {
        let (error, untaken, asked) = match failure {
            Failure::NotSent(error) => (error, true, None),
            Failure::Refused(refused) => (refused.image_error(), refused.not_accepted(), refused.retry_after),
            Failure::Other(error) => (error, false, None),
        };
        // What the request itself is at fault for would fail again.
        let uncertain = error.billed == Billed::Uncertain && error.retryable;
        let (failed, most) = if untaken {
            (&mut self.untaken, MAX_UNTAKEN - 1)
        } else if uncertain {
            (&mut self.uncertain, retries.uncertain_images)
        } else {
            return (error, None);
        };
        let wait = asked.unwrap_or(PAUSE * 2_u32.pow(*failed));
        *failed += 1;
        (error, (*failed <= most).then_some(wait))
    }
}

/// One request, up to the images that it brought.
async fn made<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: &ImageJob,
    files: &Arc<F>,
    previews: &PreviewSink,
    attempt: &Attempt,
    waiting: &Waiting,
    progress: &mut Progress,
) -> Result<GeneratedImages, Failure> {
    let response = send(provider, job, files, attempt, waiting, progress).await?;
    let answer = collect::Answer { response, masks: &attempt.masks, previews };
    collect::collect(provider, job, files, answer, waiting, progress).await.map_err(Failure::Other)
}

/// The same attempt with a new credential; `refused` when there is none.
async fn renewed<C: Credentials>(
    provider: &HttpProvider<C>,
    attempt: Attempt,
    refused: ImageError,
) -> Result<Attempt, ImageError> {
    let Some(rejected) = &attempt.credential else { return Err(refused) };
    match provider.credentials.refresh(rejected).await {
        Ok(Some(credential)) => {
            let masks = Masks::of(&provider.record, Some(&credential));
            Ok(Attempt { credential: Some(credential), masks, ..attempt })
        }
        Ok(None) => Err(refused),
        Err(error) => Err(ImageError { message: format!("{}; {error}", refused.message), ..refused }),
    }
}

fn leaves_out_response_format<C>(provider: &HttpProvider<C>, attempt: &Attempt, refused: &Refused) -> bool {
    provider.record.generate.response_format == Some(ResponseFormat::TryB64Json)
        && attempt.response_format == ResponseFormatSent::AsDeclared
        && refused.status == 400
        && refused.says("unknown_parameter")
}

async fn send<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: &ImageJob,
    files: &Arc<F>,
    attempt: &Attempt,
    waiting: &Waiting,
    progress: &mut Progress,
) -> Result<Response, Failure> {
    let (record, model) = (&provider.record, provider.info.image_model.as_str());
    let request = request(record, model, job, attempt.response_format).map_err(Failure::Other)?;
    let body = opened(provider, files, request.body).await.map_err(Failure::Other)?;
    let accept = if streams(record, job) { "text/event-stream, application/json" } else { "application/json" };
    let post = provider
        .endpoint
        .post(record, request.path, model, attempt.credential.as_ref(), &job.originator)
        .await
        .map_err(|message| Failure::Other(image_error(ImageErrorKind::Internal, message)))?
        .header(CONTENT_TYPE, request.content_type)
        .header(CONTENT_LENGTH, body.length)
        .header(ACCEPT, accept)
        .header("idempotency-key", &job.idempotency_key)
        .body(reqwest::Body::wrap_stream(body.stream(&progress.sending, job.gate.clone())));
    progress.attempts += 1;
    let sent = waiting.on(post.send()).await.map_err(|over| Failure::Other(progress.over(over, job)))?;
    let response = sent.map_err(|error| not_answered(provider, &error, attempt, &progress.sending))?;
    if let Some(credential) = &attempt.credential {
        provider.credentials.on_response_headers(credential, response.headers());
    }
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let refused = waiting.on(refused(response, &attempt.masks)).await;
    // The status has been said: what else the refusal says is not waited for.
    let refused = refused.unwrap_or_else(|_| Refused::from_body(status, &headers, b"", &attempt.masks));
    Err(Failure::Refused(Box::new(refused)))
}

async fn opened<C, F: Files>(
    provider: &HttpProvider<C>,
    files: &Arc<F>,
    segments: Vec<super::request::Segment>,
) -> Result<Body<F::Reader>, ImageError> {
    let (files, record) = (Arc::clone(files), provider.record.clone());
    let opened = tokio::task::spawn_blocking(move || open(&*files, segments, &record)).await;
    opened.unwrap_or_else(|_| Err(image_error(ImageErrorKind::Internal, "opening the images to send stopped")))
}

fn not_answered<C: Credentials>(
    provider: &HttpProvider<C>,
    error: &reqwest::Error,
    attempt: &Attempt,
    sending: &Sending,
) -> Failure {
    if let Some(refused) = sending.refused() {
        return Failure::Other(refused);
    }
    let cause = attempt.masks.words(&cause(error));
    if sending.was_cut_short() {
        let message = format!("an image could not be read while it was sent: {cause}");
        return Failure::Other(image_error(ImageErrorKind::Storage, message));
    }
    if error.is_builder() {
        return Failure::Other(image_error(ImageErrorKind::Internal, format!("the request cannot be made: {cause}")));
    }
    let place = provider.place();
    if !sending.has_begun() {
        return Failure::NotSent(image_error(ImageErrorKind::Network, format!("{place} cannot be reached: {cause}")));
    }
    let message = format!("the connection to {place} broke before it answered: {cause}");
    Failure::Other(ImageError { billed: Billed::Uncertain, ..image_error(ImageErrorKind::Network, message) })
}
