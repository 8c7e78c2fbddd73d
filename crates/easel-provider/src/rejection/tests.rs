use easel_protocol::record::{Billed, ImageErrorKind, UsageLimit};
use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::profile::ApiProfile;
use easel_imagegen::preset::Preset;

fn profile() -> ApiProfile {
    let headers = [("x-gateway".to_owned(), SecretString::from("gateway-canary".to_owned()))].into();
    ApiProfile { headers, ..ApiProfile::from_preset(Preset::Openai) }
}

fn rejection(status: u16, body: &str) -> Rejection {
    Rejection::from_body(status, &HeaderMap::new(), body.as_bytes(), &Redactor::default())
}

fn kind(status: u16, code: &str) -> (ImageErrorKind, bool, Billed) {
    let error = rejection(status, &json!({"error": {"message": "m", "code": code}}).to_string()).image_error();
    (error.kind, error.retryable, error.billed)
}

#[test]
fn every_body_shape_has_a_message() {
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
        assert_eq!(rejection(400, body).message, message, "{body}");
    }
}

#[test]
fn status_and_code_decide_the_kind() {
    use ImageErrorKind::*;
    assert_eq!(kind(400, "moderation_blocked"), (ModerationBlocked, false, Billed::No));
    assert_eq!(kind(400, "content_policy_violation"), (ModerationBlocked, false, Billed::No));
    assert_eq!(kind(401, "invalid_api_key"), (Unauthorized, false, Billed::No));
    assert_eq!(kind(403, "none"), (Unauthorized, false, Billed::No));
    assert_eq!(kind(429, "insufficient_quota"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(429, "usage_limit_reached"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(402, "none"), (UsageLimit, false, Billed::No));
    assert_eq!(kind(429, "rate_limit_exceeded"), (RateLimited, true, Billed::No));
    assert_eq!(kind(408, "none"), (Timeout, true, Billed::Uncertain));
    assert_eq!(kind(504, "none"), (Timeout, true, Billed::Uncertain));
    assert_eq!(kind(400, "unknown_parameter"), (InvalidArguments, false, Billed::No));
    assert_eq!(kind(500, "none"), (BadResponse, true, Billed::Uncertain));
    assert_eq!(kind(404, "none"), (Configuration, false, Billed::No));
}

#[test]
fn inner_code_and_moderation_details_mean_moderation() {
    let azure = r#"{"error":{"code":"400","message":"m","inner_error":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    assert_eq!(rejection(400, azure).image_error().kind, ImageErrorKind::ModerationBlocked);
    let openai = json!({"error": {"message": "Blocked.", "type": "image_generation_user_error", "code": "moderation_blocked",
        "moderation_details": {"moderation_stage": "input", "categories": ["violence"]}}});
    let rejected = rejection(400, &openai.to_string());
    let moderation = Moderation { stage: Some("input".to_owned()), categories: vec!["violence".to_owned()] };
    assert_eq!(rejected.moderation, Some(moderation));
    assert_eq!(
        rejected.image_error().message,
        "the moderation of the provider blocked the request (violence): Blocked. [HTTP 400, moderation_blocked]"
    );
}

#[test]
fn usage_limit_names_its_reset_time_and_plan() {
    let headers = HeaderMap::from_iter([
        ("x-codex-active-limit".parse().unwrap(), "premium".parse().unwrap()),
        ("x-request-id".parse().unwrap(), "req_1".parse().unwrap()),
        ("retry-after".parse().unwrap(), "5".parse().unwrap()),
    ]);
    let body =
        r#"{"error":{"type":"usage_limit_reached","message":"Enough.","plan_type":"plus","resets_at":1800000000}}"#;
    let rejected = Rejection::from_body(429, &headers, body.as_bytes(), &Redactor::default());
    assert_eq!(
        (rejected.limit_id.as_deref(), rejected.resets_at, rejected.plan.as_deref()),
        (Some("premium"), Some(1_800_000_000), Some("plus"))
    );
    assert!(!rejected.is_not_started(), "a spent limit is final, whatever the header says");
    let error = rejected.model_error();
    assert_eq!(error.info, CodexErrorInfo::UsageLimitExceeded);
    assert_eq!(
        error.message,
        "the usage limit at the provider is reached (plan plus) and resets at Fri, 15 Jan 2027 08:00:00 GMT: \
         Enough. [HTTP 429, usage_limit_reached, request req_1]"
    );
    let limit = UsageLimit {
        limit_id: Some("premium".to_owned()),
        resets_at: Some(1_800_000_000),
        plan: Some("plus".to_owned()),
    };
    let image = rejected.image_error();
    assert_eq!((image.message, image.usage_limit.as_deref()), (error.message, Some(&limit)));
}

#[test]
fn implausible_reset_time_is_ignored() {
    for at in ["-5", "99999999999999999", "\"soon\"", "1e300"] {
        let body = format!(r#"{{"error":{{"type":"usage_limit_reached","message":"Enough.","resets_at":{at}}}}}"#);
        let rejected = rejection(429, &body);
        assert_eq!(rejected.resets_at, None, "{at}");
        assert!(!rejected.model_error().message.contains("GMT"), "{}", rejected.model_error().message);
    }
}

#[test]
fn only_output_moderation_may_be_billed() {
    for status in [200, 400] {
        let at = |stage: &str| {
            let details = json!({"moderation_stage": stage, "categories": []});
            let error = json!({"code": "moderation_blocked", "message": "No.", "moderation_details": details});
            rejection(status, &json!({ "error": error }).to_string()).image_error().billed
        };
        assert_eq!((at("input"), at("unknown"), at("output")), (Billed::No, Billed::No, Billed::Uncertain), "{status}");
    }
}

#[test]
fn only_429_and_503_with_retry_after_are_not_started() {
    let headers = HeaderMap::from_iter([("retry-after".parse().unwrap(), "1".parse().unwrap())]);
    let rejected = |status, headers: &HeaderMap| Rejection::from_body(status, headers, b"", &Redactor::default());
    for (status, with, without) in [(429, true, false), (503, true, false), (500, false, false), (502, false, false)] {
        assert_eq!(rejected(status, &headers).is_not_started(), with, "{status}");
        assert_eq!(rejected(status, &HeaderMap::new()).is_not_started(), without, "{status}");
    }
    assert_eq!(rejected(503, &headers).image_error().billed, Billed::No);
}

#[test]
fn refused_model_request_is_one_that_costs_nothing() {
    let wait = HeaderMap::from_iter([("retry-after".parse().unwrap(), "1".parse().unwrap())]);
    for (status, headers, code, was_refused) in [
        (307, HeaderMap::new(), "none", true),
        (400, HeaderMap::new(), "none", true),
        (408, HeaderMap::new(), "none", false),
        (429, HeaderMap::new(), "none", true),
        (500, HeaderMap::new(), "none", false),
        (500, HeaderMap::new(), "insufficient_quota", true),
        (503, HeaderMap::new(), "none", false),
        (503, wait, "none", true),
    ] {
        let body = json!({"error": {"message": "m", "code": code}}).to_string();
        let rejected = Rejection::from_body(status, &headers, body.as_bytes(), &Redactor::default());
        let is_free = rejected.image_error().billed == Billed::No;
        assert_eq!((rejected.model_error().was_refused, is_free), (was_refused, was_refused), "{status} {code}");
    }
    let inside = rejection(200, r#"{"error":{"message":"m","code":"moderation_blocked"}}"#);
    assert!(!inside.model_error().was_refused, "an image may have come before it");
}

#[test]
fn secrets_are_redacted_in_every_field() {
    let credential = crate::Credential {
        kind: easel_imagegen::capability::AuthKind::ApiKey,
        secret: SecretString::from("sk-canary-0123456789".to_owned()),
        account_id: None,
    };
    let redactor = Redactor::new(&profile(), Some(&credential));
    let body =
        r#"{"error":{"message":"wrong: sk-canary-0123456789 via gateway-canary","code":"sk-canary-0123456789"}}"#;
    let headers = HeaderMap::from_iter([("x-request-id".parse().unwrap(), "sk-canary-0123456789".parse().unwrap())]);
    let rejected = Rejection::from_body(401, &headers, body.as_bytes(), &redactor);
    assert!(!format!("{rejected:?}").contains("canary"), "{rejected:?}");
    assert_eq!(rejected.message, "wrong: *** via ***");
}

#[test]
fn account_and_query_are_redacted_except_api_version() {
    let query = [("key", "sk-canary-query"), ("api-version", "2025-04-01-preview")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let credential = crate::Credential {
        kind: easel_imagegen::capability::AuthKind::ApiKey,
        secret: SecretString::from("sk-1234".to_owned()),
        account_id: Some("acct-canary".to_owned()),
    };
    let redactor = Redactor::new(&ApiProfile { query, ..profile() }, Some(&credential));
    let text = "POST /v1?key=sk-canary-query&api-version=2025-04-01-preview as sk-1234 of acct-canary";
    assert_eq!(redactor.clean_message(text), "POST /v1?key=***&api-version=2025-04-01-preview as *** of ***");
}

#[test]
fn param_is_read_in_each_spelling() {
    for (body, param) in [
        (r#"{"error":{"message":"m","param":"input[3].content[1].image_url"}}"#, Some("input[3].content[1].image_url")),
        (
            r#"{"detail":[{"loc":["body","input",3,"content",1,"image_url"],"msg":"m"}]}"#,
            Some("input[3].content[1].image_url"),
        ),
        (r#"{"detail":[{"loc":"body"},{"loc":["body"]}]}"#, None),
        (r#"{"error":{"message":"m","param":null}}"#, None),
    ] {
        assert_eq!(rejection(400, body).param.as_deref(), param, "{body}");
    }
}

#[test]
fn conversation_that_is_too_long_is_recognized() {
    let code = |status, code: &str| {
        let body = json!({"error": {"message": "no", "code": code}});
        rejection(status, &body.to_string()).model_error().info
    };
    for status in [400, 200, 500] {
        assert_eq!(code(status, "context_length_exceeded"), CodexErrorInfo::ContextWindowExceeded, "{status}");
    }
    // The words of llama.cpp, three versions of vLLM, SGLang, LM Studio and Anthropic.
    for message in [
        "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "This model's maximum context length is 16384 tokens. However, your request has 20000 input tokens.",
        "The decoder prompt (length 140000) is longer than the maximum model length of 131072.",
        "The prompt (total length 25938) is too long to fit into the model (context length 4096). Make sure that \
         `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context \
         length of only 4096 tokens.",
        "prompt is too long: 215000 tokens > 200000 maximum",
    ] {
        let info = |status| rejection(status, &json!({"message": message}).to_string()).model_error().info;
        assert_eq!(info(400), CodexErrorInfo::ContextWindowExceeded, "{message}");
        assert_ne!(info(500), CodexErrorInfo::ContextWindowExceeded, "{message}");
    }
    let other = json!({"error": {"message": "Invalid value for 'input': too many items.", "code": "invalid_value"}});
    assert_eq!(rejection(400, &other.to_string()).model_error().info, CodexErrorInfo::BadRequest);
}

proptest::proptest! {
    #[test]
    fn any_body_becomes_a_safe_message(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        text in "<?(title|TITLE|<title>|</title>|[<>{}\\[\\]\":,é\u{1b}]|error|detail){0,20}",
    ) {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let rejected = Rejection::from_body(500, &HeaderMap::new(), body, &Redactor::default());
            proptest::prop_assert!(rejected.message.chars().count() <= 500);
            proptest::prop_assert!(!rejected.message.contains(char::is_control));
        }
    }
}
