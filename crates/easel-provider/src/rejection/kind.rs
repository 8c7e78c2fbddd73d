//! The kind of a rejection.

use easel_protocol::record::ImageErrorKind;

use super::Rejection;

/// The kind of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RejectionKind {
    Moderation,
    /// The provider does not accept the credential.
    Unauthorized,
    /// The credential is valid and lacks a permission.
    Forbidden,
    /// The organization of the account must be verified first.
    Unverified,
    UnknownModel,
    /// Nothing answers at this path.
    UnknownPath,
    Redirect,
    /// A proxy wants a user and a password.
    ProxyLogin,
    UsageLimit,
    RateLimit,
    Timeout,
    /// The conversation is too long for the model.
    TooLong,
    /// The request itself is wrong.
    Request,
    /// The provider failed.
    Server,
    /// Not a response of this API, such as an unknown status.
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

/// Codes of OpenAI and Azure for a model that does not exist, or that the project may not use.
const UNKNOWN_MODEL_CODES: [&str; 2] = ["model_not_found", "DeploymentNotFound"];

/// OpenAI's words for an organization that is not verified, for which it has no code.
const UNVERIFIED_WORDS: &str = "organization must be verified";

impl Rejection {
    /// Returns whether the provider refused a conversation that is too long for the model.
    pub(crate) fn is_too_long(&self) -> bool {
        if TOO_LONG_CODES.iter().any(|code| self.has_code(code)) {
            return true;
        }
        let message = self.message.to_ascii_lowercase();
        matches!(self.status, 400 | 413 | 422) && TOO_LONG_WORDS.iter().any(|words| message.contains(words))
    }

    /// Classifies the rejection by its status and its code. The message decides only where providers have no code: for
    /// a conversation that is too long, an organization that is not verified, and an unknown model.
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
            _ if has_any(&UNKNOWN_MODEL_CODES) => RejectionKind::UnknownModel,
            403 if self.message.to_ascii_lowercase().contains(UNVERIFIED_WORDS) => RejectionKind::Unverified,
            403 if !self.has_code("invalid_api_key") => RejectionKind::Forbidden,
            401 | 403 => RejectionKind::Unauthorized,
            404 if self.names_the_model() => RejectionKind::UnknownModel,
            404 | 405 | 410 => RejectionKind::UnknownPath,
            300..=399 => RejectionKind::Redirect,
            407 => RejectionKind::ProxyLogin,
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

    /// Returns whether the message mentions the model of the request, as servers do that have no code for it.
    pub(super) fn names_the_model(&self) -> bool {
        let model = &self.destination.model;
        !model.is_empty() && self.message.contains(model.as_str())
    }
}

impl RejectionKind {
    /// Returns the kind of an image call's error.
    pub(super) const fn image_error_kind(self) -> ImageErrorKind {
        match self {
            Self::Moderation => ImageErrorKind::ModerationBlocked,
            Self::Unauthorized | Self::Forbidden => ImageErrorKind::Unauthorized,
            Self::Unverified | Self::UnknownModel | Self::UnknownPath | Self::Redirect | Self::ProxyLogin => {
                ImageErrorKind::Configuration
            }
            Self::UsageLimit => ImageErrorKind::UsageLimit,
            Self::RateLimit => ImageErrorKind::RateLimited,
            Self::Timeout => ImageErrorKind::Timeout,
            Self::TooLong | Self::Request => ImageErrorKind::InvalidArguments,
            Self::Server | Self::Unexpected => ImageErrorKind::BadResponse,
        }
    }
}
