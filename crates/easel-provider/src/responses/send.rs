//! Sending a request until an answer begins: the credential renewed once, and repeated where nothing was consumed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, ModelError, SendGate};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Response, StatusCode};

use super::body::{Body, Upload};
use super::repeats::{MAX_WAIT, Repeats};
use crate::credential::{Credential, CredentialError, Credentials};
use crate::failure::{self, Masks, Refused};
use crate::provider::HttpProvider;

/// One request, as often as it is sent.
#[derive(Debug)]
pub(super) struct Request<F> {
    pub(super) model: String,
    pub(super) originator: String,
    pub(super) exposure: ToolExposure,
    pub(super) body: Arc<Body>,
    pub(super) files: Arc<F>,
    pub(super) gate: SendGate,
}

impl<F: Files> Request<F> {
    /// Finds out how much of each picture is sent: the length of a request stands before it.
    pub(super) async fn measure(&mut self) -> Result<(), ModelError> {
        self.body = Arc::new(self.body.measured(&self.files).await.map_err(other)?);
        Ok(())
    }
}

/// An answer that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) response: Response,
    pub(super) masks: Masks,
}

/// Why no answer began.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("{0}")]
    Failed(ModelError),
    #[error("{}", .0.model_error())]
    Refused(Box<Refused>),
    /// A picture could not be read to its end while it was sent: the provider cannot have accepted the request.
    #[error("{0}")]
    Unreadable(String),
}

/// Why an attempt failed, and after how long there may be another.
struct Failed {
    error: Unanswered,
    repeat: Repeat,
}

enum Repeat {
    Never,
    /// At the provider's or else our own time.
    After(Option<Duration>),
}

pub(super) async fn send<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    request: &Request<F>,
    repeats: &mut Repeats,
) -> Result<Begun, Unanswered> {
    let mut credential = provider.credentials.current().await.map_err(|error| unauthorized(&error))?;
    let mut renewable = credential.clone();
    loop {
        let masks = Masks::of(&provider.record, credential.as_ref());
        let posted = post(provider, request, credential.as_ref(), &masks).await;
        if let (Ok(response), Some(credential)) = (&posted, &credential) {
            provider.credentials.on_response_headers(credential, response.headers());
        }
        let failed = match posted {
            Ok(response) if response.status().is_success() => return Ok(Begun { response, masks }),
            Ok(response) => {
                let refused = failure::refused(response, &masks).await;
                if refused.status == StatusCode::UNAUTHORIZED.as_u16()
                    && let Some(rejected) = renewable.take()
                    && let Some(renewed) =
                        provider.credentials.refresh(&rejected).await.map_err(|error| unauthorized(&error))?
                {
                    credential = Some(renewed);
                    continue;
                }
                let repeat = after_refusal(&refused, request.exposure);
                Failed { error: Unanswered::Refused(Box::new(refused)), repeat }
            }
            Err(failed) => failed,
        };
        let Repeat::After(asked) = failed.repeat else {
            return Err(failed.error);
        };
        if asked.is_some_and(|asked| asked > MAX_WAIT) {
            return Err(failed.error);
        }
        let Some(wait) = repeats.after_no_answer() else {
            return Err(failed.error);
        };
        let wait = asked.unwrap_or(wait);
        tracing::debug!(?wait, error = %failed.error, "the request to the model is sent again");
        tokio::time::sleep(wait).await;
    }
}

/// One attempt, up to the head of the answer.
async fn post<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    request: &Request<F>,
    credential: Option<&Credential>,
    masks: &Masks,
) -> Result<Response, Failed> {
    let upload = Arc::new(Upload::default());
    let Request { model, originator, body, files, exposure, gate } = request;
    let sending = provider
        .endpoint
        .post(&provider.record, "responses", model, credential, originator)
        .await
        .map_err(|message| Failed { error: Unanswered::Failed(other(message)), repeat: Repeat::Never })?
        .header(ACCEPT, "text/event-stream")
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, body.len())
        .body(reqwest::Body::wrap_stream(body.stream(files, &upload, gate.clone())))
        .send();
    let mut sending = pin!(sending);
    let mut moved = upload.moved.subscribe();
    let idle = provider.timeouts.stream_idle;
    loop {
        tokio::select! {
            biased;
            response = &mut sending => {
                if let (Err(_), Some(refused)) = (&response, upload.refused()) {
                    return Err(Failed { error: Unanswered::Failed(other(refused)), repeat: Repeat::Never });
                }
                let fault = upload.fault();
                return response.map_err(|error| match fault {
                    Some(message) => Failed { error: Unanswered::Unreadable(message), repeat: Repeat::Never },
                    None => unanswered(&provider.place(), &error, *exposure, masks),
                });
            }
            // A large picture on a slow line is not idle.
            Ok(()) = moved.changed() => {}
            () = tokio::time::sleep(idle) => {
                return Err(Failed { error: Unanswered::Failed(idle_error(idle)), repeat: Repeat::Never });
            }
        }
    }
}

/// A hosted image may be made and billed for any request that a provider took in.
fn after_refusal(refused: &Refused, exposure: ToolExposure) -> Repeat {
    let lasting = refused.model_error().info == CodexErrorInfo::UsageLimitExceeded;
    let repeat = match refused.status {
        429 => !lasting,
        503 if refused.retry_after.is_some() => !lasting,
        500..=599 => !lasting && exposure != ToolExposure::Hosted,
        _ => false,
    };
    if repeat { Repeat::After(refused.retry_after) } else { Repeat::Never }
}

fn unanswered(place: &str, error: &reqwest::Error, exposure: ToolExposure, masks: &Masks) -> Failed {
    let repeat =
        if error.is_connect() || exposure != ToolExposure::Hosted { Repeat::After(None) } else { Repeat::Never };
    let cause = masks.words(&failure::cause(error));
    let message = if error.is_connect() {
        format!("{place} cannot be reached: {cause}")
    } else {
        format!("the connection to {place} was lost before it answered: {cause}")
    };
    Failed { error: Unanswered::Failed(other(message)), repeat }
}

pub(super) fn idle_error(idle: Duration) -> ModelError {
    other(format!("the provider sent nothing for {} s", idle.as_secs_f32()))
}

pub(super) fn other(message: String) -> ModelError {
    ModelError { message, info: CodexErrorInfo::Other }
}

fn unauthorized(error: &CredentialError) -> Unanswered {
    Unanswered::Failed(ModelError { message: error.message.clone(), info: CodexErrorInfo::Unauthorized })
}
