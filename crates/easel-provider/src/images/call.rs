//! Sending a call, and sending it again where nobody can have accepted it.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, ImageJob, Made, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::Instant;

use super::body::{Body, Sending, open};
use super::request::{ResponseFormatSent, request};
use super::{Progress, collect, if_it_bills};
use crate::credential::{Credential, Credentials};
use crate::failure::{Masks, Refused, cause, refused};
use crate::provider::HttpProvider;
use crate::record::ResponseFormat;

/// Requests of one call that the provider did not take.
const MAX_ATTEMPTS: u32 = 3;
/// A provider that asks to wait longer is not waited for.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// After the first connection that failed; doubled after the next.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a request brought no answer with success.
enum Failure {
    /// It did not leave: no connection was made.
    NotSent(ImageError),
    /// The provider answered, and not with success.
    Refused(Box<Refused>),
    /// Sent, perhaps accepted, or never fit to be sent.
    Final(ImageError),
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
    deadline: Instant,
    progress: &mut Progress,
) -> Result<Made<F::Staged>, ImageError> {
    let credential = provider.credentials.current().await;
    let credential = credential.map_err(|error| image_error(ImageErrorKind::Unauthorized, error.message))?;
    let masks = Masks::of(&provider.record, credential.as_ref());
    let mut attempt = Attempt { credential, response_format: ResponseFormatSent::AsDeclared, masks };
    let (mut refreshed, mut untaken) = (false, 0);
    loop {
        progress.sending = Sending::default();
        let failure = match send(provider, job, files, &attempt, progress).await {
            Ok(response) => return collect::collect(provider, job, files, response, &attempt.masks, progress).await,
            Err(failure) => failure,
        };
        let (error, wait) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::NotSent(error) => (error, PAUSE * 2_u32.pow(untaken)),
            Failure::Refused(refused) => {
                let error = refused.image_error(&provider.record);
                if refused.status == 401 && !std::mem::replace(&mut refreshed, true) {
                    attempt = renewed(provider, attempt, error).await?;
                    continue;
                }
                if leaves_out_response_format(provider, &attempt, &refused) {
                    attempt.response_format = ResponseFormatSent::LeftOut;
                    continue;
                }
                match refused.retry_after.filter(|_| refused.not_accepted()) {
                    Some(wait) => (error, wait),
                    None => return Err(error),
                }
            }
        };
        untaken += 1;
        let time_left = deadline.saturating_duration_since(Instant::now());
        if untaken == MAX_ATTEMPTS || wait > MAX_WAIT || wait >= time_left {
            return Err(error);
        }
        progress.sending = Sending::default();
        tokio::time::sleep(wait).await;
    }
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
    progress: &mut Progress,
) -> Result<Response, Failure> {
    let (record, model) = (&provider.record, provider.info.image_model.as_str());
    let request = request(record, model, job, attempt.response_format).map_err(Failure::Final)?;
    let body = opened(files, request.body).await.map_err(Failure::Final)?;
    let accept = if record.stream_images { "text/event-stream, application/json" } else { "application/json" };
    let post = provider
        .endpoint
        .post(record, request.path, model, attempt.credential.as_ref(), &job.originator)
        .map_err(|message| Failure::Final(image_error(ImageErrorKind::Internal, message)))?
        .header(CONTENT_TYPE, request.content_type)
        .header(CONTENT_LENGTH, body.length)
        .header(ACCEPT, accept)
        .header("idempotency-key", &job.idempotency_key)
        .body(reqwest::Body::wrap_stream(body.stream(&progress.sending)));
    progress.attempts += 1;
    let response = post.send().await.map_err(|error| not_answered(provider, &error, &progress.sending))?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(Failure::Refused(Box::new(refused(response, &attempt.masks).await)))
}

async fn opened<F: Files>(
    files: &Arc<F>,
    segments: Vec<super::request::Segment>,
) -> Result<Body<F::Reader>, ImageError> {
    let files = Arc::clone(files);
    let opened = tokio::task::spawn_blocking(move || open(&*files, segments)).await;
    opened.unwrap_or_else(|_| Err(image_error(ImageErrorKind::Internal, "opening the images to send stopped")))
}

fn not_answered<C>(provider: &HttpProvider<C>, error: &reqwest::Error, sending: &Sending) -> Failure {
    let cause = cause(error);
    if sending.was_cut_short() {
        let message = format!("an image could not be read while it was sent: {cause}");
        return Failure::Final(image_error(ImageErrorKind::Storage, message));
    }
    if error.is_builder() {
        return Failure::Final(image_error(ImageErrorKind::Internal, format!("the request cannot be made: {cause}")));
    }
    let network = |message: String| ImageError { retryable: true, ..image_error(ImageErrorKind::Network, message) };
    if !sending.has_begun() {
        return Failure::NotSent(network(format!("the provider cannot be reached: {cause}")));
    }
    Failure::Final(ImageError {
        billed: if_it_bills(&provider.record, Billed::Uncertain),
        ..network(format!("the connection broke before the provider answered: {cause}"))
    })
}
