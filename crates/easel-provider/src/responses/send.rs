//! Sending a request until an answer begins: the credential renewed once, and repeated where nothing was consumed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, ModelError};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Response, StatusCode};

use super::body::{Body, Upload};
use crate::credential::{Credential, CredentialError, Credentials};
use crate::failure::{self, Masks, Refused};
use crate::provider::HttpProvider;

const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A provider that asks for more patience is not waited for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// One request, as often as it is sent.
#[derive(Debug)]
pub(super) struct Request<F> {
    pub(super) model: String,
    pub(super) originator: String,
    pub(super) exposure: ToolExposure,
    pub(super) body: Arc<Body>,
    pub(super) files: Arc<F>,
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

/// Why an attempt failed, and after how long there may be another.
struct Failed {
    error: ModelError,
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
) -> Result<Begun, ModelError> {
    let mut credential = provider.credentials.current().await.map_err(|error| unauthorized(&error))?;
    let mut renewable = credential.clone();
    let mut repeats = 0;
    loop {
        let masks = Masks::of(&provider.record, credential.as_ref());
        let posted = post(provider, request, credential.as_ref(), &masks).await;
        if let (Ok(response), Some(credential)) = (&posted, &credential) {
            provider.credentials.heard(credential, response.headers());
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
                Failed { error: refused.model_error(), repeat: after_refusal(&refused, request.exposure) }
            }
            Err(failed) => failed,
        };
        let Repeat::After(wait) = failed.repeat else {
            return Err(failed.error);
        };
        let wait = wait.unwrap_or(pause(repeats));
        if repeats == provider.retries.request || wait > MAX_WAIT {
            return Err(failed.error);
        }
        tracing::debug!(?wait, error = %failed.error, "the request to the model is sent again");
        tokio::time::sleep(wait).await;
        repeats += 1;
    }
}

/// Before the next request, after so many that were repeats already.
pub(super) fn pause(repeats: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(repeats)).min(MAX_WAIT)
}

/// One attempt, up to the head of the answer.
async fn post<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    request: &Request<F>,
    credential: Option<&Credential>,
    masks: &Masks,
) -> Result<Response, Failed> {
    let upload = Arc::new(Upload::default());
    let Request { model, originator, body, files, exposure } = request;
    let sending = provider
        .endpoint
        .post(&provider.record, "responses", model, credential, originator)
        .await
        .map_err(|message| Failed { error: other(message), repeat: Repeat::Never })?
        .header(ACCEPT, "text/event-stream")
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, body.len())
        .body(reqwest::Body::wrap_stream(body.stream(files, &upload)))
        .send();
    let mut sending = pin!(sending);
    let mut moved = upload.moved.subscribe();
    let idle = provider.timeouts.stream_idle;
    loop {
        tokio::select! {
            biased;
            response = &mut sending => {
                let fault = upload.fault();
                return response.map_err(|error| match fault {
                    Some(message) => Failed { error: other(message), repeat: Repeat::Never },
                    None => unanswered(&provider.place(), &error, *exposure, masks),
                });
            }
            // A large picture on a slow line is not idle.
            Ok(()) = moved.changed() => {}
            () = tokio::time::sleep(idle) => return Err(Failed { error: idle_error(idle), repeat: Repeat::Never }),
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
    Failed { error: other(message), repeat }
}

pub(super) fn idle_error(idle: Duration) -> ModelError {
    other(format!("the provider sent nothing for {} s", idle.as_secs_f32()))
}

pub(super) fn other(message: String) -> ModelError {
    ModelError { message, info: CodexErrorInfo::Other }
}

fn unauthorized(error: &CredentialError) -> ModelError {
    ModelError { message: error.message.clone(), info: CodexErrorInfo::Unauthorized }
}
