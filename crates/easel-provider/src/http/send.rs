//! Sending a request until a successful response begins.
//!
//! The loop renews a rejected credential once, and leaves every other decision about another attempt to the policy of
//! the request: each attempt may be billed.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use easel_imagegen::phase;
use easel_imagegen::port::{Files, SendGate};
use easel_protocol::record::ImageError;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Response, StatusCode};
use tracing::Instrument;

use super::attempt::{Attempt, AttemptInfo};
use super::connection_error::{Unreachable, describe_unreachable, lost_message};
use super::upload::{Upload, UploadError};
use super::{Destination, Endpoint, EndpointError, LimitReached, NetworkLimit, RequestBody};
use crate::credential::{Credential, CredentialError, Credentials};
use crate::profile::ApiProfile;
use crate::rejection::{Redactor, Rejection};

/// What all requests to one provider share.
#[derive(Debug)]
pub(crate) struct ApiClient<C> {
    /// The name of the provider in the configuration.
    pub(crate) provider_id: String,
    pub(crate) profile: ApiProfile,
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: C,
}

impl<C> ApiClient<C> {
    /// Describes the provider in a message. Shows only the host of the base URL, because the rest may be secret.
    pub(crate) fn description(&self) -> String {
        format!("provider `{}` at {}", self.provider_id, self.endpoint.host())
    }
}

impl<C: Credentials> ApiClient<C> {
    /// Returns the destination of a request to `path` that names `model`.
    pub(crate) fn destination(
        &self,
        path: &str,
        model: &str,
        offers_hosted_tool: bool,
        redactor: &Redactor,
    ) -> Destination {
        let id = &self.provider_id;
        let is_image = path.starts_with("images/");
        // Presets have no headers of their own.
        let in_headers = || (!self.profile.headers.is_empty()).then(|| "the configured headers".to_owned());
        Destination {
            provider_id: id.clone(),
            address: redactor.clean_message(&self.endpoint.request_address(&self.profile, path, model)),
            model: model.to_owned(),
            has_other_models: offers_hosted_tool,
            model_setting: if is_image {
                format!("`images.model` or `model_providers.{id}.image_model`")
            } else {
                "`model`".to_owned()
            },
            key_source: self.credentials.source().or_else(in_headers),
            proxy: self.endpoint.proxy().cloned(),
        }
    }
}

/// A request to a provider and the policy for sending it again.
pub(crate) trait Request: Send {
    type Files: Files;

    /// Prepares the next attempt. May wait for disk I/O.
    fn prepare(&mut self) -> impl Future<Output = Result<PreparedRequest<Self::Files>, ImageError>> + Send;

    /// Notes that an attempt is about to be sent.
    fn on_attempt(&mut self) {}

    /// Returns the pause before the next attempt, or `None` if `error` is final.
    ///
    /// A request that the provider may have accepted must not be repeated if it may be billed, unless the user allows
    /// it.
    fn retry_after(&mut self, error: &SendError) -> Option<Duration>;
}

/// One attempt of a request.
pub(crate) struct PreparedRequest<F> {
    /// The path below the base URL, such as `images/edits`.
    pub(crate) path: &'static str,
    /// The model, which some providers expect in the path.
    pub(crate) model: String,
    /// Whether the request offers the provider's hosted tool, which uses a model of its own.
    pub(crate) offers_hosted_tool: bool,
    /// The name of the client for which the request is made; empty if unknown.
    pub(crate) originator: String,
    /// Headers other than those of the credential and the length.
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    /// The files of the images in the body.
    pub(crate) files: Arc<F>,
    /// Decides whether the attempt is sent.
    pub(crate) gate: SendGate,
    /// How long the attempt may make no progress, in the body or up to the response.
    pub(crate) idle_timeout: Duration,
}

/// A successful response whose body has not been read.
#[derive(Debug)]
pub(crate) struct OpenResponse {
    pub(crate) response: Response,
    /// Redacts the secrets of the request from the response.
    pub(crate) redactor: Redactor,
    pub(crate) destination: Destination,
    /// Logged when it is dropped, after the body; `None` if the log does not show it.
    pub(crate) attempt: Option<Attempt>,
}

/// The reason why no successful response began.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The provider rejected the credential, and it could not be renewed.
    #[error("{}; {source}", .rejection.model_error().message)]
    Refresh { rejection: Box<Rejection>, source: CredentialError },
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The request cannot be prepared, or the send gate refused it. Nothing was sent.
    #[error("{}", .0.message)]
    Refused(Box<ImageError>),
    /// An image could not be read to its end while it was sent. The provider cannot have accepted the request.
    #[error("an image could not be read while it was sent: {0}")]
    Unreadable(#[source] io::Error),
    /// No connection could be opened, so nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The provider may have accepted the request.
    #[error("{0}")]
    Lost(String),
    /// The attempt made no progress for `time`. The provider may have accepted the request.
    #[error("{provider} sent nothing for {} s (stream_idle_timeout_ms)", .time.as_secs_f32())]
    Idle { provider: String, time: Duration },
    #[error("{}", .0.model_error().message)]
    Rejected(Box<Rejection>),
    #[error("{reason}")]
    LimitReached {
        reason: LimitReached,
        /// Whether the provider may have accepted the request.
        was_sent: bool,
    },
}

impl From<LimitReached> for SendError {
    fn from(reason: LimitReached) -> Self {
        Self::LimitReached { reason, was_sent: false }
    }
}

/// Sends `request` until the provider accepts it or its policy allows no other attempt.
///
/// # Errors
///
/// Returns the error of the last attempt.
pub(crate) async fn send<C: Credentials, R: Request>(
    client: &ApiClient<C>,
    request: &mut R,
    limit: &NetworkLimit,
) -> Result<OpenResponse, SendError> {
    let span = tracing::debug_span!(target: phase::TARGET, "credential");
    let mut credential = limit.run(client.credentials.current()).instrument(span).await??;
    let mut may_refresh = true;
    let mut number = 0;
    loop {
        number += 1;
        let redactor = Redactor::new(&client.profile, credential.as_ref());
        let error = match send_once(client, request, credential.as_ref(), redactor, limit, number).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        if let (SendError::Rejected(rejection), Some(rejected)) = (&error, &credential)
            && rejection.status == StatusCode::UNAUTHORIZED.as_u16()
            && std::mem::take(&mut may_refresh)
        {
            match limit.run(client.credentials.refresh(rejected)).await? {
                Ok(Some(renewed)) => {
                    credential = Some(renewed);
                    continue;
                }
                Ok(None) => {}
                Err(source) => return Err(SendError::Refresh { rejection: rejection.clone(), source }),
            }
        }
        let Some(pause) = request.retry_after(&error).filter(|pause| *pause < limit.time_left()) else {
            return Err(error);
        };
        tracing::info!(provider = client.provider_id, ?pause, "the request is sent again");
        limit.sleep(pause).await?;
    }
}

/// Makes one attempt, up to the headers of the response.
async fn send_once<C: Credentials, R: Request>(
    client: &ApiClient<C>,
    request: &mut R,
    credential: Option<&Credential>,
    redactor: Redactor,
    limit: &NetworkLimit,
    number: u32,
) -> Result<OpenResponse, SendError> {
    let span = tracing::debug_span!(target: phase::TARGET, "plan");
    let prepared = request.prepare().instrument(span).await.map_err(|error| SendError::Refused(Box::new(error)))?;
    let PreparedRequest { path, model, offers_hosted_tool, originator, headers, body, files, gate, idle_timeout } =
        prepared;
    let destination = client.destination(path, &model, offers_hosted_tool, &redactor);
    let attempt = AttemptInfo { provider: &client.provider_id, path, number, started: Instant::now() };
    let upload = Upload::start();
    let sending = client
        .endpoint
        .post(&client.profile, path, &model, credential, &originator)
        .await?
        .headers(headers)
        .header(CONTENT_LENGTH, body.len())
        .body(reqwest::Body::wrap_stream(body.stream(files, gate, upload.clone())))
        .send();
    request.on_attempt();
    match exchange(client, sending, credential, &redactor, limit, (&upload, idle_timeout)).await {
        Ok(response) => {
            let attempt = attempt.to_attempt(&response, &redactor, &upload);
            Ok(OpenResponse { response, redactor, destination, attempt })
        }
        Err(SendError::Rejected(rejection)) => {
            let rejection = rejection.at(destination);
            attempt.log_failure(Some(&rejection), &rejection.log_text());
            Err(SendError::Rejected(Box::new(rejection)))
        }
        Err(error) => {
            attempt.log_failure(None, &error.to_string());
            Err(error)
        }
    }
}

/// Waits for the headers of a successful response.
async fn exchange<C: Credentials>(
    client: &ApiClient<C>,
    sending: impl Future<Output = Result<Response, reqwest::Error>>,
    credential: Option<&Credential>,
    redactor: &Redactor,
    limit: &NetworkLimit,
    (upload, idle_timeout): (&Upload, Duration),
) -> Result<Response, SendError> {
    let sent = limit.run(upload.until_idle(sending, idle_timeout)).await;
    upload.end_phase();
    let sent = sent.map_err(|reason| SendError::LimitReached { reason, was_sent: upload.has_started() })?;
    let response = sent
        .ok_or_else(|| SendError::Idle { provider: client.description(), time: idle_timeout })?
        .map_err(|error| connection_error(client, &error, redactor, upload))?;
    if let Some(credential) = credential {
        client.credentials.on_response_headers(credential, response.headers());
    }
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // The status is known, so a limit on reading the body loses only the provider's message.
    let rejection = limit.run(Rejection::read(response, redactor)).await;
    let rejection = rejection.unwrap_or_else(|_| Rejection::from_body(status, &headers, b"", redactor));
    Err(SendError::Rejected(Box::new(rejection)))
}

/// Classifies an error of the connection by how far the body got.
///
/// The error keeps a redacted text instead of `error`, because the text of a `reqwest::Error` contains the URL.
fn connection_error<C>(
    client: &ApiClient<C>,
    error: &reqwest::Error,
    redactor: &Redactor,
    upload: &Upload,
) -> SendError {
    let cause = redactor.clean_message(&root_cause(error));
    match upload.take_error() {
        Some(UploadError::Refused(refused)) => return SendError::Refused(Box::new(refused)),
        Some(UploadError::Unreadable(error)) => return SendError::Unreadable(error),
        None => {}
    }
    let provider = client.description();
    if error.is_builder() {
        EndpointError::Request(cause).into()
    } else if upload.has_started() {
        SendError::Lost(lost_message(&provider, &client.endpoint, error, &cause))
    } else {
        let Unreachable { message, remedy } = describe_unreachable(&provider, &client.endpoint, error, &cause);
        SendError::Unreachable(format!("{message}; {remedy}"))
    }
}

/// Returns the text of the innermost cause, as the end of a sentence. It is the most specific and contains no URL.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut innermost = std::error::Error::source(error);
    while let Some(source) = innermost.and_then(std::error::Error::source) {
        innermost = Some(source);
    }
    let Some(cause) = innermost.map(ToString::to_string) else { return "no reason given".to_owned() };
    // The error number of the operating system does not help users, and Windows ends its texts with a full stop.
    let cause = cause.split(" (os error ").next().unwrap_or_default().trim_end_matches('.');
    let mut letters = cause.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
