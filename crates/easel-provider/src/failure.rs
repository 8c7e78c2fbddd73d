//! What a provider says when it refuses, in whatever shape it says it.
//!
//! A provider's words are data from outside: they are shortened, freed of control characters and of anything that
//! repeats a credential, and then shown as its words. What kind of failure it is follows from status and code alone.

mod body;
mod header;
mod text;

use std::time::Duration;

use easel_imagegen::port::{ModelError, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::record::Record;

pub use text::Masks;

/// Of a refusal's body as much is read; the rest of a larger one stays unread.
const MAX_BODY_BYTES: usize = 64 << 10;
/// A refusal is known by its status: its body may take so long and no longer.
const BODY_TIME: Duration = Duration::from_secs(10);

/// One refusal. All text in it is fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// 200 where the refusal stands in an answer that began well.
    pub status: u16,
    /// `error.code`
    pub code: Option<String>,
    /// `error.type`
    pub error_type: Option<String>,
    /// The provider's own words, at most 500 characters; empty when it said nothing.
    pub message: String,
    pub moderation: Option<Moderation>,
    pub request_id: Option<String>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Which of several usage limits is reached.
    pub limit_id: Option<String>,
    /// Unix seconds at which the usage limit starts anew.
    pub resets_at: Option<i64>,
    /// The plan that the usage limit belongs to.
    pub plan: Option<String>,
}

/// Why moderation blocked a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moderation {
    /// `input` or `output`, as far as the provider says.
    pub stage: Option<String>,
    pub categories: Vec<String>,
}

/// What a refusal means, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Moderation,
    Unauthorized,
    UsageLimit,
    RateLimit,
    Timeout,
    /// The request itself is wrong.
    Request,
    /// The provider broke down.
    Server,
    /// Nothing that an answer of this API should be, such as a redirect.
    Strange,
}

/// Reads a refusal to its end, or to 64 KiB, or for ten seconds, whichever comes first.
pub(crate) async fn refused(mut response: Response, masks: &Masks) -> Refused {
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
    // What has arrived by then is enough.
    let _ = tokio::time::timeout(BODY_TIME, read).await;
    Refused::from_body(response.status().as_u16(), response.headers(), &bytes, masks)
}

/// Why there is no answer at all: the innermost cause, which says most and holds no URL.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut innermost = std::error::Error::source(error);
    while let Some(source) = innermost.and_then(std::error::Error::source) {
        innermost = Some(source);
    }
    innermost.map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

/// The id that the provider's support asks for.
pub(crate) fn request_id(headers: &HeaderMap, masks: &Masks) -> Option<String> {
    header::request_id(headers).map(|id| masks.label(&id)).filter(|id| !id.is_empty())
}

impl Refused {
    /// From a body of any shape.
    pub(crate) fn from_body(status: u16, headers: &HeaderMap, bytes: &[u8], masks: &Masks) -> Self {
        Self::new(status, headers, body::from_bytes(bytes), masks)
    }

    /// From JSON that holds an error, such as an event of a stream, or is one.
    pub(crate) fn from_json(status: u16, headers: &HeaderMap, json: &Value, masks: &Masks) -> Self {
        Self::new(status, headers, body::from_json(json), masks)
    }

    fn new(status: u16, headers: &HeaderMap, said: body::Said, masks: &Masks) -> Self {
        let short = |text: String| Some(masks.label(&text)).filter(|text| !text.is_empty());
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            status,
            code: said.code.and_then(short),
            error_type: said.error_type.and_then(short),
            message: masks.words(&said.message),
            moderation: said.moderation.map(|moderation| Moderation {
                stage: moderation.stage.and_then(short),
                categories: moderation.categories.into_iter().take(20).filter_map(short).collect(),
            }),
            request_id: request_id(headers, masks),
            retry_after: header::retry_after(headers, now),
            limit_id: header::text(headers, "x-codex-active-limit").and_then(short),
            resets_at: said
                .resets_at
                .or_else(|| Some(now.as_secs().cast_signed().saturating_add(said.resets_in?)))
                .or_else(|| header::text(headers, "x-codex-primary-reset-at")?.parse().ok()),
            plan: said.plan.and_then(short),
        }
    }

    /// Whether code or type is `word`: providers put the same words in either.
    pub fn says(&self, word: &str) -> bool {
        [&self.code, &self.error_type].into_iter().flatten().any(|said| said.eq_ignore_ascii_case(word))
    }

    /// Whether the provider says that it has not begun: only then may a request be sent again.
    pub(crate) fn not_accepted(&self) -> bool {
        self.retry_after.is_some() && matches!(self.status, 429 | 503) && self.meaning() != Meaning::UsageLimit
    }

    /// As the failure of an image call; attempts and time are the caller's to fill in.
    pub fn image_error(&self, record: &Record) -> ImageError {
        let meaning = self.meaning();
        let refused = (300..500).contains(&self.status) || self.not_accepted();
        ImageError {
            http_status: Some(self.status),
            code: self.code.clone().or_else(|| self.error_type.clone()),
            request_id: self.request_id.clone(),
            retryable: matches!(meaning, Meaning::RateLimit | Meaning::Timeout | Meaning::Server),
            billed: if record.bills && !refused { Billed::Uncertain } else { Billed::No },
            ..image_error(meaning.image_error_kind(), self.sentence(meaning))
        }
    }

    /// As the end of an answer of the model.
    pub fn model_error(&self) -> ModelError {
        let meaning = self.meaning();
        let info = match meaning {
            Meaning::Unauthorized => CodexErrorInfo::Unauthorized,
            Meaning::UsageLimit => CodexErrorInfo::UsageLimitExceeded,
            Meaning::RateLimit => CodexErrorInfo::RateLimitExceeded,
            Meaning::Moderation | Meaning::Request => CodexErrorInfo::BadRequest,
            Meaning::Timeout | Meaning::Server => CodexErrorInfo::InternalServerError,
            Meaning::Strange => CodexErrorInfo::Other,
        };
        ModelError { message: self.sentence(meaning), info }
    }

    fn meaning(&self) -> Meaning {
        const MODERATED: [&str; 5] = [
            "moderation_blocked",
            "content_policy_violation",
            "content_filter",
            "contentFilter",
            "ResponsibleAIPolicyViolation",
        ];
        const SPENT: [&str; 4] =
            ["insufficient_quota", "usage_limit_reached", "usage_not_included", "billing_hard_limit_reached"];
        let says_one_of = |words: &[&str]| words.iter().any(|word| self.says(word));
        match self.status {
            _ if self.moderation.is_some() || says_one_of(&MODERATED) => Meaning::Moderation,
            402 => Meaning::UsageLimit,
            _ if says_one_of(&SPENT) => Meaning::UsageLimit,
            401 | 403 => Meaning::Unauthorized,
            429 => Meaning::RateLimit,
            _ if self.says("rate_limit_exceeded") => Meaning::RateLimit,
            408 | 504 => Meaning::Timeout,
            400 | 409 | 413 | 415 | 422 => Meaning::Request,
            // An error within an answer that began well: the provider broke down on the way.
            200..=299 | 500..=599 => Meaning::Server,
            _ => Meaning::Strange,
        }
    }

    fn sentence(&self, meaning: Meaning) -> String {
        let mut sentence = match meaning {
            Meaning::Moderation => "the provider's moderation blocked the request",
            Meaning::Unauthorized => "the provider did not accept the credential",
            Meaning::UsageLimit => "the usage limit at the provider is reached",
            Meaning::RateLimit => "the provider takes no more requests for now",
            Meaning::Timeout => "the provider took too long",
            Meaning::Request => "the provider refused the request",
            Meaning::Server => "the provider failed",
            Meaning::Strange => "the provider gave an answer that is none of its API",
        }
        .to_owned();
        if let Some(moderation) = self.moderation.as_ref().filter(|moderation| !moderation.categories.is_empty()) {
            sentence.push_str(&format!(" ({})", moderation.categories.join(", ")));
        }
        if !self.message.is_empty() {
            sentence.push_str(&format!(": {}", self.message));
        }
        let status = (!(200..300).contains(&self.status)).then(|| format!("HTTP {}", self.status));
        let code = self.code.clone().or_else(|| self.error_type.clone());
        let request = self.request_id.as_ref().map(|id| format!("request {id}"));
        let facts: Vec<String> = [status, code, request].into_iter().flatten().collect();
        if !facts.is_empty() {
            sentence.push_str(&format!(" [{}]", facts.join(", ")));
        }
        sentence
    }
}

impl Meaning {
    const fn image_error_kind(self) -> ImageErrorKind {
        match self {
            Self::Moderation => ImageErrorKind::ModerationBlocked,
            Self::Unauthorized => ImageErrorKind::Unauthorized,
            Self::UsageLimit => ImageErrorKind::UsageLimit,
            Self::RateLimit => ImageErrorKind::RateLimited,
            Self::Timeout => ImageErrorKind::Timeout,
            Self::Request => ImageErrorKind::InvalidArguments,
            Self::Server | Self::Strange => ImageErrorKind::BadResponse,
        }
    }
}

#[cfg(test)]
mod tests;
