//! The sentence of a rejection for the user: what happened, the words of the provider, the facts that its support asks
//! for, and what helps.

use std::time::{Duration, SystemTime};

use super::Rejection;
use super::kind::RejectionKind;

impl Rejection {
    /// Returns the sentence for the user.
    pub(super) fn sentence(&self, kind: RejectionKind) -> String {
        let mut sentence = self.subject(kind);
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
        let facts = self.facts();
        if !facts.is_empty() {
            sentence.push_str(&format!(" [{}]", facts.join(", ")));
        }
        if let Some(remedy) = self.remedy(kind).filter(|_| self.destination.is_known()) {
            sentence.push_str(&format!("; {remedy}"));
        }
        sentence
    }

    /// Returns what happened.
    fn subject(&self, kind: RejectionKind) -> String {
        let provider = self.destination.provider();
        let model = || match self.is_about_the_model() {
            true => format!("the model `{}`", self.destination.model),
            false => "a model of the request".to_owned(),
        };
        let key = match &self.destination.key_source {
            Some(source) => format!("the key from {source}"),
            None if self.destination.is_known() => "a request without a credential".to_owned(),
            None => "the credential".to_owned(),
        };
        match kind {
            RejectionKind::Moderation => format!("the moderation of {provider} blocked the request"),
            RejectionKind::Unauthorized => format!("{provider} did not accept {key}"),
            RejectionKind::Forbidden => format!("{provider} does not allow the request with {key}"),
            RejectionKind::Unverified => {
                format!("{provider} wants the organization to be verified before it uses {}", model())
            }
            RejectionKind::UnknownModel => format!("{provider} does not know {}", model()),
            RejectionKind::UnknownPath => format!("{provider} has nothing at this path"),
            RejectionKind::Redirect => match &self.location {
                Some(location) => format!("{provider} redirects to {location}, and redirects are not followed"),
                None => format!("{provider} redirects, and redirects are not followed"),
            },
            RejectionKind::ProxyLogin => match &self.destination.proxy {
                Some(proxy) => format!("{proxy} requires a login"),
                None => format!("{provider} asks for the login of a proxy"),
            },
            RejectionKind::UsageLimit => format!("the usage limit at {provider} is reached"),
            RejectionKind::RateLimit => format!("the rate limit of {provider} is reached"),
            RejectionKind::Timeout => format!("{provider} took too long"),
            RejectionKind::TooLong => "the conversation is too long for the model".to_owned(),
            RejectionKind::Request => format!("{provider} refused the request"),
            RejectionKind::Server => format!("{provider} failed"),
            RejectionKind::Unexpected => format!("{provider} sent an unexpected response"),
        }
    }

    /// Returns whether an error about a model is about the one that the request names, and not about the one of the
    /// hosted tool.
    fn is_about_the_model(&self) -> bool {
        !self.destination.has_other_models || self.names_the_model()
    }

    /// Returns status, code, request id and address.
    fn facts(&self) -> Vec<String> {
        // A response that began with success has reached the right address.
        let is_refused = !(200..300).contains(&self.status);
        let status = is_refused.then(|| format!("HTTP {}", self.status));
        let code = self.code.clone().or_else(|| self.error_type.clone());
        let request = self.request_id.as_ref().map(|id| format!("request {id}"));
        let destination = Some(&self.destination).filter(|destination| is_refused && destination.is_known());
        let address = destination.map(|destination| format!("POST {}", destination.address));
        let proxy = destination.and_then(|destination| destination.proxy.as_ref());
        let proxy = proxy.map(|proxy| format!("through the proxy {}", proxy.address));
        [status, code, request, address, proxy].into_iter().flatten().collect()
    }

    /// Returns what helps, if the user can do something that the provider's message does not say.
    fn remedy(&self, kind: RejectionKind) -> Option<String> {
        Some(match kind {
            RejectionKind::Unauthorized if self.destination.key_source.is_some() => {
                "check that the key is valid for this provider".to_owned()
            }
            RejectionKind::Unauthorized => "set env_key or auth.command of the provider".to_owned(),
            RejectionKind::Forbidden => "check the permissions of the key".to_owned(),
            RejectionKind::Unverified => "verify it in its settings at the provider, then try again".to_owned(),
            RejectionKind::UnknownModel if !self.is_about_the_model() => return None,
            RejectionKind::UnknownModel => format!("set {} to a model of the provider", self.destination.model_setting),
            RejectionKind::UnknownPath => "check the base_url of the provider".to_owned(),
            RejectionKind::Redirect => "set the base_url of the provider to the address that answers".to_owned(),
            RejectionKind::ProxyLogin => {
                let proxy = self.destination.proxy.as_ref()?;
                format!("put user and password into {}", proxy.variables)
            }
            RejectionKind::Moderation
            | RejectionKind::UsageLimit
            | RejectionKind::RateLimit
            | RejectionKind::Timeout
            | RejectionKind::TooLong
            | RejectionKind::Request
            | RejectionKind::Server
            | RejectionKind::Unexpected => return None,
        })
    }
}

/// Formats a time in Unix seconds, such as `Fri, 15 Jan 2027 08:00:00 GMT`.
fn format_date(unix_seconds: i64) -> Option<String> {
    let since_epoch = Duration::from_secs(u64::try_from(unix_seconds).ok()?);
    Some(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH.checked_add(since_epoch)?))
}
