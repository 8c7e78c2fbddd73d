//! Decodes the claims of a ChatGPT access token, which is a JSON Web Token (RFC 7519).
//!
//! The signature is not verified: only the backend has to trust the token, and the claims are only shown to the user.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easel_protocol::account::PlanType;
use serde::Deserialize;

/// Maximum length of a claim, in Unicode scalar values. Longer ones are ignored.
const MAX_CLAIM_CHARS: usize = 256;

/// The claims about the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TokenClaims {
    pub(crate) email: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) plan: Option<PlanType>,
}

/// The payload of the token. OpenAI's own claims are objects whose names are URLs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    email: Option<String>,
    #[serde(rename = "https://api.openai.com/profile")]
    profile: Option<ProfileClaim>,
    #[serde(rename = "https://api.openai.com/auth")]
    auth: Option<AuthClaim>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProfileClaim {
    email: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthClaim {
    chatgpt_plan_type: Option<String>,
    chatgpt_user_id: Option<String>,
    user_id: Option<String>,
}

impl TokenClaims {
    /// Decodes the claims of a token. A token that is not a JWT has none, which is not an error: only the backend has
    /// to understand it.
    pub(super) fn decode(token: &str) -> Self {
        let Payload { email, profile, auth } = decode_payload(token).unwrap_or_default();
        let auth = auth.unwrap_or_default();
        Self {
            email: email.or(profile.unwrap_or_default().email).and_then(to_displayable),
            user_id: auth.chatgpt_user_id.or(auth.user_id).and_then(to_displayable),
            plan: auth.chatgpt_plan_type.map(|plan| PlanType::from_name(&plan)),
        }
    }
}

fn decode_payload(token: &str) -> Option<Payload> {
    let payload = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Returns the claim if it can be shown: it is short and has no control characters.
fn to_displayable(claim: String) -> Option<String> {
    let is_valid =
        !claim.is_empty() && claim.chars().count() <= MAX_CLAIM_CHARS && !claim.chars().any(char::is_control);
    is_valid.then_some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_are_found_under_every_name() {
        let claims = TokenClaims::decode(&token(
            r#"{"email":"a@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"Plus","user_id":"user-1"}}"#,
        ));
        let expected = TokenClaims {
            email: Some("a@example.com".to_owned()),
            user_id: Some("user-1".to_owned()),
            plan: Some(PlanType::Plus),
        };
        assert_eq!(claims, expected);
        let profile = TokenClaims::decode(&token(r#"{"https://api.openai.com/profile":{"email":"b@example.com"}}"#));
        assert_eq!((profile.email.as_deref(), profile.plan), (Some("b@example.com"), None));
        let later = TokenClaims::decode(&token(r#"{"https://api.openai.com/auth":{"chatgpt_plan_type":"platinum"}}"#));
        assert_eq!(later.plan, Some(PlanType::Unknown));
    }

    #[test]
    fn malformed_token_has_no_claims() {
        for malformed in
            ["", "opaque", "a.b.c", "..", &token("[1]"), &token("{\"email\": 7}"), &token("{\"email\":\"\\u0007\"}")]
        {
            assert_eq!(TokenClaims::decode(malformed), TokenClaims::default(), "{malformed}");
        }
    }
}
