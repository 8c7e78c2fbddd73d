//! Errors that a provider sends, in any of the shapes that servers use.
//!
//! The provider's text is untrusted: a [`Redactor`] shortens it and removes control characters, invisible characters
//! and the secrets of the request before anybody sees it. Status and code decide what kind of error it is, and the
//! message only where servers have no code.

mod body;
mod headers;
mod kind;
mod redactor;
mod sentence;

use std::time::{Duration, SystemTime};

use easel_imagegen::port::{ModelError, image_error};
use easel_protocol::record::{Billed, ImageError, UsageLimit};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::Response;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::http::Destination;
use kind::RejectionKind;
pub(crate) use redactor::Redactor;

/// Bytes of an error's body that are read. The rest of a larger body is ignored.
const MAX_BODY_BYTES: usize = 64 << 10;
/// The time for reading the body. The status already says that the request failed.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The last second of the year 9999. A reset time beyond it is not plausible.
const MAX_TIMESTAMP: i64 = 253_402_300_799;

/// An error that the provider sent in response to a request. All its text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The HTTP status; 200 if the error is part of a response that began with success.
    pub(crate) status: u16,
    /// `error.code`
    pub(crate) code: Option<String>,
    /// `error.type`
    pub(crate) error_type: Option<String>,
    /// `error.param`: the part of the request that caused the error.
    pub(crate) param: Option<String>,
    /// The provider's message, at most 500 characters; empty if it sent no message.
    pub(crate) message: String,
    pub(crate) moderation: Option<Moderation>,
    pub(crate) request_id: Option<String>,
    /// How long the provider asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Which of several usage limits is reached.
    pub(crate) limit_id: Option<String>,
    /// When the usage limit resets, in Unix seconds.
    pub(crate) resets_at: Option<i64>,
    /// The plan that the usage limit belongs to.
    pub(crate) plan: Option<String>,
    /// The origin to which a redirect leads.
    pub(crate) location: Option<String>,
    /// The destination of the request; empty until [`Self::at`] sets it.
    pub(crate) destination: Destination,
}

/// The reason why moderation blocked a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Moderation {
    /// `input` or `output`, if the provider says it.
    pub(crate) stage: Option<String>,
    pub(crate) categories: Vec<String>,
}

/// Returns the request id that the provider's support asks for.
pub(crate) fn request_id(headers: &HeaderMap, redactor: &Redactor) -> Option<String> {
    headers::request_id(headers).and_then(|id| redactor.clean_label(&id))
}

impl Rejection {
    /// Reads the body of `response` to its end, but at most 64 KiB and for ten seconds.
    pub(crate) async fn read(mut response: Response, redactor: &Redactor) -> Self {
        let mut bytes = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                let room = MAX_BODY_BYTES - bytes.len();
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if bytes.len() == MAX_BODY_BYTES {
                    break;
                }
            }
        };
        // On a timeout, the bytes so far are used.
        let _ = tokio::time::timeout(BODY_TIMEOUT, read).await;
        Self::from_body(response.status().as_u16(), response.headers(), &bytes, redactor)
    }

    /// Parses a body of any shape.
    pub(crate) fn from_body(status: u16, headers: &HeaderMap, bytes: &[u8], redactor: &Redactor) -> Self {
        Self::new(status, headers, body::from_bytes(bytes), redactor)
    }

    /// Parses JSON that is an error or contains one, such as an event of a stream.
    pub(crate) fn from_json(status: u16, headers: &HeaderMap, json: &Value, redactor: &Redactor) -> Self {
        Self::new(status, headers, body::from_json(json), redactor)
    }

    fn new(status: u16, headers: &HeaderMap, body: body::ErrorBody, redactor: &Redactor) -> Self {
        let label = |text: String| redactor.clean_label(&text);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let from_now = |seconds| now.as_secs().cast_signed().saturating_add(seconds);
        let resets_at = body.resets_at.or_else(|| body.resets_in.map(from_now));
        let resets_at = resets_at.or_else(|| headers::text(headers, "x-codex-primary-reset-at")?.parse().ok());
        Self {
            status,
            code: body.code.and_then(label),
            error_type: body.error_type.and_then(label),
            param: body.param.and_then(label),
            message: redactor.clean_message(&body.message),
            moderation: body.moderation.map(|moderation| Moderation {
                stage: moderation.stage.and_then(label),
                categories: moderation.categories.into_iter().take(20).filter_map(label).collect(),
            }),
            request_id: request_id(headers, redactor),
            retry_after: headers::retry_after(headers, now),
            limit_id: headers::text(headers, "x-codex-active-limit").and_then(label),
            resets_at: resets_at.filter(|at| (0..=MAX_TIMESTAMP).contains(at)),
            plan: body.plan.and_then(label),
            location: headers::text(headers, "location").and_then(|location| label(to_origin(&location)?)),
            destination: Destination::default(),
        }
    }

    /// Sets the destination of the request, which the messages name.
    #[must_use]
    pub(crate) fn at(self, destination: Destination) -> Self {
        Self { destination, ..self }
    }

    /// Returns whether the code or the type is `code`. Providers use the same values in either field.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        [&self.code, &self.error_type].into_iter().flatten().any(|own| own.eq_ignore_ascii_case(code))
    }

    /// Returns whether the provider says that it did not start the request. An image call may then send it again at no
    /// cost.
    pub(crate) fn is_not_started(&self) -> bool {
        self.retry_after.is_some() && matches!(self.status, 429 | 503) && self.kind() != RejectionKind::UsageLimit
    }

    /// Converts to the error of an image call at a provider that bills. The caller fills in attempts and time.
    pub(crate) fn image_error(&self) -> ImageError {
        let kind = self.kind();
        let limit =
            || UsageLimit { limit_id: self.limit_id.clone(), resets_at: self.resets_at, plan: self.plan.clone() };
        ImageError {
            http_status: Some(self.status),
            code: self.code.clone().or_else(|| self.error_type.clone()),
            request_id: self.request_id.clone(),
            retryable: matches!(kind, RejectionKind::RateLimit | RejectionKind::Timeout | RejectionKind::Server),
            billed: self.billed(kind),
            usage_limit: (kind == RejectionKind::UsageLimit).then(limit).map(Box::new),
            ..image_error(kind.image_error_kind(), self.sentence(kind))
        }
    }

    /// Returns what the request costs. A request that the provider did not start is free, whatever the status. So are
    /// moderation and usage limits, unless moderation inspected an image that was already generated.
    fn billed(&self, kind: RejectionKind) -> Billed {
        let stage = self.moderation.as_ref().and_then(|moderation| moderation.stage.as_deref());
        match kind {
            RejectionKind::Moderation if stage == Some("output") => Billed::Uncertain,
            RejectionKind::Moderation | RejectionKind::UsageLimit => Billed::No,
            // A proxy also answers 408 when the provider behind it is slow.
            RejectionKind::Timeout if !self.is_not_started() => Billed::Uncertain,
            RejectionKind::Unauthorized
            | RejectionKind::Forbidden
            | RejectionKind::Unverified
            | RejectionKind::UnknownModel
            | RejectionKind::UnknownPath
            | RejectionKind::Redirect
            | RejectionKind::ProxyLogin
            | RejectionKind::RateLimit
            | RejectionKind::Timeout
            | RejectionKind::TooLong
            | RejectionKind::Request
            | RejectionKind::Server
            | RejectionKind::Unexpected => {
                if (300..500).contains(&self.status) || self.is_not_started() {
                    Billed::No
                } else {
                    Billed::Uncertain
                }
            }
        }
    }

    /// Returns the sentence for the log, without words of the provider that may quote the prompt.
    pub(crate) fn log_text(&self) -> String {
        let kind = self.kind();
        if matches!(kind, RejectionKind::Request | RejectionKind::Moderation) {
            return Self { message: String::new(), ..self.clone() }.sentence(kind);
        }
        self.sentence(kind)
    }

    /// Converts to the error that ends a response of the model.
    pub(crate) fn model_error(&self) -> ModelError {
        let kind = self.kind();
        let info = match kind {
            RejectionKind::Unauthorized | RejectionKind::Forbidden => CodexErrorInfo::Unauthorized,
            RejectionKind::UsageLimit => CodexErrorInfo::UsageLimitExceeded,
            RejectionKind::RateLimit => CodexErrorInfo::RateLimitExceeded,
            RejectionKind::TooLong => CodexErrorInfo::ContextWindowExceeded,
            RejectionKind::Moderation
            | RejectionKind::Request
            | RejectionKind::Unverified
            | RejectionKind::UnknownModel
            | RejectionKind::UnknownPath
            | RejectionKind::Redirect
            | RejectionKind::ProxyLogin => CodexErrorInfo::BadRequest,
            RejectionKind::Timeout | RejectionKind::Server => CodexErrorInfo::InternalServerError,
            RejectionKind::Unexpected => CodexErrorInfo::Other,
        };
        // An error inside a response that began with success may follow an image.
        let was_refused = !(200..300).contains(&self.status) && self.billed(kind) == Billed::No;
        ModelError { message: self.sentence(kind), info, was_refused }
    }
}

/// Returns scheme, host and port of the target of a redirect. The rest of a URL may be secret.
fn to_origin(location: &str) -> Option<String> {
    let origin = Url::parse(location).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests;
