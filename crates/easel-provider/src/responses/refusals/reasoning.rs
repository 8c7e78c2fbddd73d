//! Providers that refuse the reasoning that is kept for them.
//!
//! Models without reasoning refuse to encrypt it, and what one account or model encrypted another cannot read. Without
//! this, such a refusal would end a thread, because every later request sends the same reasoning again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::rejection::Rejection;

/// Statuses of a rejection that may be about kept reasoning. 404 is for reasoning that the provider does not know, 200
/// for an error inside a response that began with success.
const STATUSES: [u16; 4] = [400, 404, 422, 200];
/// Words for kept reasoning in the codes and messages of servers.
const WORDS: [&str; 6] = ["encrypted_content", "encrypted content", "reasoning item", "'reasoning'", "'rs_", "\"rs_"];

/// Whether a rejection is about kept reasoning.
pub(super) fn is_about_reasoning(rejection: &Rejection) -> bool {
    let Rejection { status, code, param, message, .. } = rejection;
    let param = param.as_deref().unwrap_or_default();
    // The parameter `reasoning` has effort and summary, which are sent all the same.
    if !STATUSES.contains(status) || param.starts_with("reasoning") {
        return false;
    }
    let mentions = |text: &str| {
        let text = text.to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    param.starts_with("include") || [code.as_deref().unwrap_or_default(), param, message].into_iter().any(mentions)
}

/// The models for which the provider refused kept reasoning. They get none until the process ends, so that a refusal
/// costs one request only.
#[derive(Debug, Default)]
pub(crate) struct RefusedReasoning(Mutex<VecDeque<String>>);

impl RefusedReasoning {
    /// Models that are remembered. The oldest ones are forgotten.
    const MAX_MODELS: usize = 256;

    pub(super) fn add(&self, model: &str) {
        let mut models = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        models.push_back(model.to_owned());
        if models.len() > Self::MAX_MODELS {
            models.pop_front();
        }
    }

    pub(super) fn contains(&self, model: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|refused| refused == model)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::rejection::Redactor;

    fn rejection(status: u16, param: Option<&str>, code: Option<&str>, message: &str) -> Rejection {
        let body = json!({"error": {"message": message, "param": param, "code": code}});
        Rejection::from_json(status, &HeaderMap::new(), &body, &Redactor::default())
    }

    #[test]
    fn refusals_of_kept_reasoning_are_recognized() {
        for (status, param, code, message) in [
            (400, Some("include"), None, "Encrypted content is not supported with this model."),
            (400, Some("include[0]"), Some("unknown_parameter"), "Unknown value."),
            (400, None, Some("invalid_encrypted_content"), "The encrypted content could not be verified."),
            (400, Some("input[3].encrypted_content"), None, "Invalid value."),
            (
                400,
                Some("input"),
                None,
                "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
            ),
            (404, Some("input"), None, "Item with id 'rs_1' not found."),
            (200, None, Some("invalid_encrypted_content"), ""),
        ] {
            assert!(is_about_reasoning(&rejection(status, param, code, message)), "{message}");
        }
    }

    #[test]
    fn other_refusals_are_not_about_kept_reasoning() {
        for (status, param, message) in [
            (400, Some("reasoning.effort"), "Unsupported value: 'reasoning.effort' does not support 'max'."),
            (400, Some("reasoning"), "Unknown parameter: 'reasoning'."),
            (400, Some("input[1].content[0].image_url"), "The image is invalid."),
            (401, None, "The encrypted content could not be verified."),
            (500, None, "reasoning item"),
        ] {
            assert!(!is_about_reasoning(&rejection(status, param, None, message)), "{message}");
        }
    }

    #[test]
    fn oldest_models_are_forgotten() {
        let refused = RefusedReasoning::default();
        for number in 0..300 {
            refused.add(&format!("model-{number}"));
        }
        assert!(refused.contains("model-299") && !refused.contains("model-43"));
    }
}
