//! What a provider says when it refuses, in whatever shape it says it.
//!
//! A provider's words are data from outside: they are shortened, freed of control characters, of invisible ones and of
//! anything that repeats a secret of the request, and then shown as its words. What kind of failure it is follows from status and code alone.

mod body;
mod date;
mod header;
mod meaning;
mod text;

use std::time::Duration;

use easel_imagegen::port::{ModelError, image_error};
use easel_protocol::record::{Billed, ImageError, UsageLimit};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use meaning::Meaning;
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
    /// `error.param`: the part of the request that is at fault.
    pub param: Option<String>,
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

/// Why there is no answer at all: the innermost cause, which says most and holds no URL, as the end of a sentence.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut innermost = std::error::Error::source(error);
    while let Some(source) = innermost.and_then(std::error::Error::source) {
        innermost = Some(source);
    }
    let Some(cause) = innermost.map(ToString::to_string) else { return "no reason given".to_owned() };
    // The system's number helps nobody.
    let cause = cause.split(" (os error ").next().unwrap_or_default();
    let mut letters = cause.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
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
            param: said.param.and_then(short),
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
                .or_else(|| header::text(headers, "x-codex-primary-reset-at")?.parse().ok())
                .filter(|at| (0..=date::LAST_SECOND).contains(at)),
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

    /// As the failure of an image call at a provider that bills; attempts and time are the caller's to fill in.
    pub fn image_error(&self) -> ImageError {
        let meaning = self.meaning();
        let limit =
            || UsageLimit { limit_id: self.limit_id.clone(), resets_at: self.resets_at, plan: self.plan.clone() };
        ImageError {
            http_status: Some(self.status),
            code: self.code.clone().or_else(|| self.error_type.clone()),
            request_id: self.request_id.clone(),
            retryable: matches!(meaning, Meaning::RateLimit | Meaning::Timeout | Meaning::Server),
            billed: self.billed(meaning),
            usage_limit: (meaning == Meaning::UsageLimit).then(limit).map(Box::new),
            ..image_error(meaning.image_error_kind(), self.sentence(meaning))
        }
    }

    /// What the provider did not begin costs nothing, wherever it says so. That holds for moderation and for limits too,
    /// unless moderation looked at an image that was drawn.
    fn billed(&self, meaning: Meaning) -> Billed {
        let stage = self.moderation.as_ref().and_then(|moderation| moderation.stage.as_deref());
        match meaning {
            Meaning::Moderation if stage == Some("output") => Billed::Uncertain,
            Meaning::Moderation | Meaning::UsageLimit => Billed::No,
            Meaning::Unauthorized
            | Meaning::RateLimit
            | Meaning::Timeout
            | Meaning::Request
            | Meaning::Server
            | Meaning::Strange => {
                if (300..500).contains(&self.status) || self.not_accepted() {
                    Billed::No
                } else {
                    Billed::Uncertain
                }
            }
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
}

#[cfg(test)]
mod tests;
