//! What kind of failure a refusal is, and how it is said.

use easel_protocol::record::ImageErrorKind;

use super::{Refused, date};

/// What a refusal means, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
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

impl Refused {
    pub(super) fn meaning(&self) -> Meaning {
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

    pub(super) fn sentence(&self, meaning: Meaning) -> String {
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
        if meaning == Meaning::UsageLimit {
            if let Some(plan) = &self.plan {
                sentence.push_str(&format!(" (plan {plan})"));
            }
            if let Some(at) = self.resets_at.and_then(date::utc) {
                sentence.push_str(&format!(" and starts anew at {at}"));
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

impl Meaning {
    pub(super) const fn image_error_kind(self) -> ImageErrorKind {
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
