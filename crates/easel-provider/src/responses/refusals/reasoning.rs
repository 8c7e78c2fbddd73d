//! Rejections that are about kept reasoning. Models without reasoning refuse to encrypt it, and what was encrypted for
//! one account or model cannot be read by another.

use crate::rejection::Rejection;

/// Statuses of a rejection that may be about kept reasoning. 404 is for reasoning that the provider does not know, 200
/// for an error inside a response that began with success.
const STATUSES: [u16; 4] = [400, 404, 422, 200];
/// Words for kept reasoning in the codes and messages of servers.
const WORDS: [&str; 6] = ["encrypted_content", "encrypted content", "reasoning item", "'reasoning'", "'rs_", "\"rs_"];

/// Returns whether a rejection is about kept reasoning.
pub(in super::super) fn is_about_reasoning(rejection: &Rejection) -> bool {
    let Rejection { status, code, param, message, .. } = rejection;
    let param = param.as_deref().unwrap_or_default();
    // The parameter `reasoning` has effort and summary, which are still sent.
    if !STATUSES.contains(status) || param.starts_with("reasoning") {
        return false;
    }
    let mentions = |text: &str| {
        let text = text.to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    param.starts_with("include") || [code.as_deref().unwrap_or_default(), param, message].into_iter().any(mentions)
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
}
