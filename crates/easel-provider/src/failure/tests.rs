use easel_protocol::record::{Billed, ImageErrorKind, UsageLimit};
use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::profile::ApiProfile;
use easel_imagegen::preset::Preset;

fn record() -> ApiProfile {
    let headers = [("x-gateway".to_owned(), SecretString::from("gateway-canary".to_owned()))].into();
    ApiProfile { headers, ..ApiProfile::from_preset(Preset::Openai) }
}

fn said(status: u16, body: &str) -> Refused {
    Refused::from_body(status, &HeaderMap::new(), body.as_bytes(), &Masks::default())
}

fn kind(status: u16, code: &str) -> (ImageErrorKind, bool, Billed) {
    let error = said(status, &json!({"error": {"message": "m", "code": code}}).to_string()).image_error();
    (error.kind, error.retryable, error.billed)
}

#[test]
fn every_shape_of_a_refusal_gives_its_message() {
    for (body, message) in [
        (r#"{"error":{"message":"openai","type":"t","param":null,"code":"c"}}"#, "openai"),
        (r#"{"error":{"code":"400","message":"azure","innererror":{"code":"x"}}}"#, "azure"),
        (r#"{"error":"a string"}"#, "a string"),
        (r#"{"code":"xai","error":"a string"}"#, "a string"),
        (r#"{"detail":"a detail"}"#, "a detail"),
        (r#"{"detail":[{"loc":["body","size"],"msg":"bad"},{"msg":"worse"}]}"#, "size: bad; worse"),
        (r#"{"detail":{"message":"deep","code":"d"}}"#, "deep"),
        (r#"{"object":"error","message":"flat","code":404}"#, "flat"),
        (r#"[{"error":{"message":"listed"}}]"#, "listed"),
        ("<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        ("<h1>Gone</h1><p>away</p>", "Gone away"),
        ("plain words\n", "plain words"),
        ("", ""),
        ("null", ""),
    ] {
        assert_eq!(said(400, body).message, message, "{body}");
    }
}

#[test]
fn kinds_follow_from_status_and_code() {
    use ImageErrorKind::*;
    assert_eq!(kind(400, "moderation_blocked"), (ModerationBlocked, false, Billed::No));
    assert_eq!(kind(400, "content_policy_violation"), (ModerationBlocked, false, Billed::No));
    assert_eq!(kind(401, "invalid_api_key"), (Unauthorized, false, Billed::No));
    assert_eq!(kind(403, "none"), (Unauthorized, false, Billed::No));
    assert_eq!(kind(429, "insufficient_quota"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(429, "usage_limit_reached"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(402, "none"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(429, "rate_limit_exceeded"), (RateLimited, true, Billed::No));
    assert_eq!(kind(408, "none"), (Timeout, true, Billed::No));
    assert_eq!(kind(504, "none"), (Timeout, true, Billed::Uncertain));
    assert_eq!(kind(400, "unknown_parameter"), (InvalidArguments, false, Billed::No));
    assert_eq!(kind(500, "none"), (BadResponse, true, Billed::Uncertain));
    assert_eq!(kind(404, "none"), (BadResponse, false, Billed::No));
}

#[test]
fn azures_inner_code_and_moderation_details_say_that_moderation_blocked() {
    let azure = r#"{"error":{"code":"400","message":"m","inner_error":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    assert_eq!(said(400, azure).image_error().kind, ImageErrorKind::ModerationBlocked);
    let openai = json!({"error": {"message": "Blocked.", "type": "image_generation_user_error", "code": "moderation_blocked",
        "moderation_details": {"moderation_stage": "input", "categories": ["violence"]}}});
    let refused = said(400, &openai.to_string());
    let moderation = Moderation { stage: Some("input".to_owned()), categories: vec!["violence".to_owned()] };
    assert_eq!(refused.moderation, Some(moderation));
    assert_eq!(
        refused.image_error().message,
        "the provider's moderation blocked the request (violence): Blocked. [HTTP 400, moderation_blocked]"
    );
}

#[test]
fn a_usage_limit_says_when_it_starts_anew_and_which_it_is() {
    let headers = HeaderMap::from_iter([
        ("x-codex-active-limit".parse().unwrap(), "premium".parse().unwrap()),
        ("x-request-id".parse().unwrap(), "req_1".parse().unwrap()),
        ("retry-after".parse().unwrap(), "5".parse().unwrap()),
    ]);
    let body =
        r#"{"error":{"type":"usage_limit_reached","message":"Enough.","plan_type":"plus","resets_at":1800000000}}"#;
    let refused = Refused::from_body(429, &headers, body.as_bytes(), &Masks::default());
    assert_eq!(
        (refused.limit_id.as_deref(), refused.resets_at, refused.plan.as_deref()),
        (Some("premium"), Some(1_800_000_000), Some("plus"))
    );
    assert!(!refused.not_accepted(), "a spent limit is final, whatever the header says");
    let error = refused.model_error();
    assert_eq!(error.info, CodexErrorInfo::UsageLimitExceeded);
    assert_eq!(
        error.message,
        "the usage limit at the provider is reached (plan plus) and starts anew at 2027-01-15 08:00 UTC: Enough. [HTTP \
         429, usage_limit_reached, request req_1]"
    );
    let limit = UsageLimit {
        limit_id: Some("premium".to_owned()),
        resets_at: Some(1_800_000_000),
        plan: Some("plus".to_owned()),
    };
    let image = refused.image_error();
    assert_eq!((image.message, image.usage_limit.as_deref()), (error.message, Some(&limit)));
}

#[test]
fn a_time_that_no_limit_can_mean_is_not_told() {
    for at in ["-5", "99999999999999999", "\"soon\"", "1e300"] {
        let body = format!(r#"{{"error":{{"type":"usage_limit_reached","message":"Enough.","resets_at":{at}}}}}"#);
        let refused = said(429, &body);
        assert_eq!(refused.resets_at, None, "{at}");
        assert!(!refused.model_error().message.contains("UTC"), "{}", refused.model_error().message);
    }
}

#[test]
fn moderation_costs_nothing_wherever_it_is_said_unless_the_image_was_drawn() {
    for status in [200, 400] {
        let at = |stage: &str| {
            let details = json!({"moderation_stage": stage, "categories": []});
            let error = json!({"code": "moderation_blocked", "message": "No.", "moderation_details": details});
            said(status, &json!({ "error": error }).to_string()).image_error().billed
        };
        assert_eq!((at("input"), at("unknown"), at("output")), (Billed::No, Billed::No, Billed::Uncertain), "{status}");
    }
}

#[test]
fn only_429_and_503_with_a_time_to_wait_were_not_accepted() {
    let headers = HeaderMap::from_iter([("retry-after".parse().unwrap(), "1".parse().unwrap())]);
    let refused = |status, headers: &HeaderMap| Refused::from_body(status, headers, b"", &Masks::default());
    for (status, with, without) in [(429, true, false), (503, true, false), (500, false, false), (502, false, false)] {
        assert_eq!(refused(status, &headers).not_accepted(), with, "{status}");
        assert_eq!(refused(status, &HeaderMap::new()).not_accepted(), without, "{status}");
    }
    assert_eq!(refused(503, &headers).image_error().billed, Billed::No);
}

#[test]
fn a_refusal_that_repeats_a_secret_is_masked_wherever_it_stands() {
    let credential = crate::Credential {
        kind: easel_imagegen::capability::AuthKind::ApiKey,
        secret: SecretString::from("sk-canary-0123456789".to_owned()),
        account_id: None,
    };
    let masks = Masks::of(&record(), Some(&credential));
    let body =
        r#"{"error":{"message":"wrong: sk-canary-0123456789 via gateway-canary","code":"sk-canary-0123456789"}}"#;
    let headers = HeaderMap::from_iter([("x-request-id".parse().unwrap(), "sk-canary-0123456789".parse().unwrap())]);
    let refused = Refused::from_body(401, &headers, body.as_bytes(), &masks);
    assert!(!format!("{refused:?}").contains("canary"), "{refused:?}");
    assert_eq!(refused.message, "wrong: *** via ***");
}

#[test]
fn account_and_query_are_masked_but_not_the_api_version() {
    let query = [("key", "sk-canary-query"), ("api-version", "2025-04-01-preview")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let credential = crate::Credential {
        kind: easel_imagegen::capability::AuthKind::ApiKey,
        secret: SecretString::from("sk-1234".to_owned()),
        account_id: Some("acct-canary".to_owned()),
    };
    let masks = Masks::of(&ApiProfile { query, ..record() }, Some(&credential));
    let said = "POST /v1?key=sk-canary-query&api-version=2025-04-01-preview as sk-1234 of acct-canary";
    assert_eq!(masks.words(said), "POST /v1?key=***&api-version=2025-04-01-preview as *** of ***");
}

#[test]
fn the_part_at_fault_is_known_in_each_spelling() {
    for (body, param) in [
        (r#"{"error":{"message":"m","param":"input[3].content[1].image_url"}}"#, Some("input[3].content[1].image_url")),
        (
            r#"{"detail":[{"loc":["body","input",3,"content",1,"image_url"],"msg":"m"}]}"#,
            Some("input[3].content[1].image_url"),
        ),
        (r#"{"detail":[{"loc":"body"},{"loc":["body"]}]}"#, None),
        (r#"{"error":{"message":"m","param":null}}"#, None),
    ] {
        assert_eq!(said(400, body).param.as_deref(), param, "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn no_body_is_too_strange_to_be_told(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        text in "<?(title|TITLE|<title>|</title>|[<>{}\\[\\]\":,é\u{1b}]|error|detail){0,20}",
    ) {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let refused = Refused::from_body(500, &HeaderMap::new(), body, &Masks::default());
            proptest::prop_assert!(refused.message.chars().count() <= 500);
            proptest::prop_assert!(!refused.message.contains(char::is_control));
        }
    }
}
