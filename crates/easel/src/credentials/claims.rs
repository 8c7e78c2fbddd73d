//! What a ChatGPT access token says of its user. Nobody verifies it here: the backend does, and until then it is only
//! shown.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easel_protocol::account::PlanType;
use serde::Deserialize;

/// Characters of one claim that are kept.
const LONGEST_CLAIM: usize = 256;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) email: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) plan: Option<PlanType>,
}

/// The payload of the token. OpenAI's own claims are objects under names that are URLs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    email: Option<String>,
    #[serde(rename = "https://api.openai.com/profile")]
    profile: Option<Profile>,
    #[serde(rename = "https://api.openai.com/auth")]
    auth: Option<Auth>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Profile {
    email: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    chatgpt_plan_type: Option<String>,
    chatgpt_user_id: Option<String>,
    user_id: Option<String>,
}

impl Claims {
    /// A token that is no JWT says nothing, which is no fault: only the backend must understand it.
    pub(super) fn of(token: &str) -> Self {
        let Payload { email, profile, auth } = payload(token).unwrap_or_default();
        let auth = auth.unwrap_or_default();
        Self {
            email: email.or(profile.unwrap_or_default().email).and_then(shown),
            user_id: auth.chatgpt_user_id.or(auth.user_id).and_then(shown),
            plan: auth.chatgpt_plan_type.map(|plan| PlanType::from_name(&plan)),
        }
    }
}

fn payload(token: &str) -> Option<Payload> {
    let payload = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// A claim as it may be shown: short and without control characters.
fn shown(claim: String) -> Option<String> {
    let is_good = !claim.is_empty() && claim.chars().count() <= LONGEST_CLAIM && !claim.chars().any(char::is_control);
    is_good.then_some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn the_claims_of_a_token_are_found_in_every_place_that_has_them() {
        let claims = Claims::of(&token(
            r#"{"email":"a@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"Plus","user_id":"user-1"}}"#,
        ));
        let expected = Claims {
            email: Some("a@example.com".to_owned()),
            user_id: Some("user-1".to_owned()),
            plan: Some(PlanType::Plus),
        };
        assert_eq!(claims, expected);
        let profile = Claims::of(&token(r#"{"https://api.openai.com/profile":{"email":"b@example.com"}}"#));
        assert_eq!((profile.email.as_deref(), profile.plan), (Some("b@example.com"), None));
        let later = Claims::of(&token(r#"{"https://api.openai.com/auth":{"chatgpt_plan_type":"platinum"}}"#));
        assert_eq!(later.plan, Some(PlanType::Unknown));
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for strange in
            ["", "opaque", "a.b.c", "..", &token("[1]"), &token("{\"email\": 7}"), &token("{\"email\":\"\\u0007\"}")]
        {
            assert_eq!(Claims::of(strange), Claims::default(), "{strange}");
        }
    }
}
