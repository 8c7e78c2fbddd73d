//! The kind of a rejection, and its sentence for the user.

use std::time::{Duration, SystemTime};

use easel_protocol::record::ImageErrorKind;

use super::Rejection;

/// The kind of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RejectionKind {
    Moderation,
    Unauthorized,
    UsageLimit,
    RateLimit,
    Timeout,
    /// The conversation is too long for the model.
    TooLong,
    /// The request itself is wrong.
    Request,
    /// The provider failed.
    Server,
    /// Not a response of this API, such as a redirect.
    Unexpected,
}

/// Codes of OpenAI and llama.cpp for a conversation that is too long for the model.
const TOO_LONG_CODES: [&str; 2] = ["context_length_exceeded", "exceed_context_size_error"];

/// Words of servers that have no code for it: vLLM, SGLang, LM Studio, and gateways to other APIs.
const TOO_LONG_WORDS: [&str; 6] = [
    "context length",
    "context window",
    "context size",
    "maximum model length",
    "prompt is too long",
    "too long to fit into the model",
];

impl Rejection {
    /// Returns whether the provider refused a conversation that is too long for the model.
    pub(crate) fn is_too_long(&self) -> bool {
        if TOO_LONG_CODES.iter().any(|code| self.has_code(code)) {
            return true;
        }
        let message = self.message.to_ascii_lowercase();
        matches!(self.status, 400 | 413 | 422) && TOO_LONG_WORDS.iter().any(|words| message.contains(words))
    }

    /// Classifies the rejection by its status and its code. Only a conversation that is too long is also recognized by
    /// the message.
    pub(super) fn kind(&self) -> RejectionKind {
        const MODERATION_CODES: [&str; 5] = [
            "moderation_blocked",
            "content_policy_violation",
            "content_filter",
            "contentFilter",
            "ResponsibleAIPolicyViolation",
        ];
        const USAGE_LIMIT_CODES: [&str; 4] =
            ["insufficient_quota", "usage_limit_reached", "usage_not_included", "billing_hard_limit_reached"];
        let has_any = |codes: &[&str]| codes.iter().any(|code| self.has_code(code));
        match self.status {
            _ if self.moderation.is_some() || has_any(&MODERATION_CODES) => RejectionKind::Moderation,
            402 => RejectionKind::UsageLimit,
            _ if has_any(&USAGE_LIMIT_CODES) => RejectionKind::UsageLimit,
            401 | 403 => RejectionKind::Unauthorized,
            429 => RejectionKind::RateLimit,
            _ if self.has_code("rate_limit_exceeded") => RejectionKind::RateLimit,
            _ if self.is_too_long() => RejectionKind::TooLong,
            408 | 504 => RejectionKind::Timeout,
            400 | 409 | 413 | 415 | 422 => RejectionKind::Request,
            // 2xx: the error is part of a response that began with success.
            200..=299 | 500..=599 => RejectionKind::Server,
            _ => RejectionKind::Unexpected,
        }
    }

    /// Returns a sentence for the user, with the provider's message and the facts that its support asks for.
    pub(super) fn sentence(&self, kind: RejectionKind) -> String {
        let mut sentence = match kind {
            RejectionKind::Moderation => "the provider's moderation blocked the request",
            RejectionKind::Unauthorized => "the provider did not accept the credential",
            RejectionKind::UsageLimit => "the usage limit at the provider is reached",
            RejectionKind::RateLimit => "the provider's rate limit is reached",
            RejectionKind::Timeout => "the provider took too long",
            RejectionKind::TooLong => "the conversation is too long for the model",
            RejectionKind::Request => "the provider refused the request",
            RejectionKind::Server => "the provider failed",
            RejectionKind::Unexpected => "the provider sent an unexpected response",
        }
        .to_owned();
        if let Some(moderation) = self.moderation.as_ref().filter(|moderation| !moderation.categories.is_empty()) {
            sentence.push_str(&format!(" ({})", moderation.categories.join(", ")));
        }
        if kind == RejectionKind::UsageLimit {
            if let Some(plan) = &self.plan {
                sentence.push_str(&format!(" (plan {plan})"));
            }
            if let Some(at) = self.resets_at.and_then(format_date) {
                sentence.push_str(&format!(" and resets at {at}"));
            }
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

/// Formats a time in Unix seconds, such as `Fri, 15 Jan 2027 08:00:00 GMT`.
fn format_date(unix_seconds: i64) -> Option<String> {
    let since_epoch = Duration::from_secs(u64::try_from(unix_seconds).ok()?);
    Some(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH.checked_add(since_epoch)?))
}

impl RejectionKind {
    /// Returns the kind of an image call's error.
    pub(super) const fn image_error_kind(self) -> ImageErrorKind {
        match self {
            Self::Moderation => ImageErrorKind::ModerationBlocked,
            Self::Unauthorized => ImageErrorKind::Unauthorized,
            Self::UsageLimit => ImageErrorKind::UsageLimit,
            Self::RateLimit => ImageErrorKind::RateLimited,
            Self::Timeout => ImageErrorKind::Timeout,
            Self::TooLong | Self::Request => ImageErrorKind::InvalidArguments,
            Self::Server | Self::Unexpected => ImageErrorKind::BadResponse,
        }
    }
}
