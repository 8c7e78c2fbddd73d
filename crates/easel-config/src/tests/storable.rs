//! Which overrides of a thread may be stored with it.

use serde_json::{Map, Value, json};

use super::object;
use crate::{has_secret_key, storable_overrides};

fn one(key: &str) -> Map<String, Value> {
    object(json!({ key: "canary" }))
}

#[test]
fn secret_key_is_found_in_every_spelling() {
    for key in [
        "model_providers.x.http_headers.X-Key",
        "model_providers.x. http_headers .X-Key",
        " model_providers . x . http_headers . X-Key",
        "model_providers.x.http_headers\t.X-Key",
        "model_providers.x.\u{a0}http_headers.X-Key",
        "model_providers.x.\"http_headers\".X-Key",
        "model_providers.x.'http_headers'.X-Key",
        "\"model_providers\".\"x.y\".\"http_headers\".X-Key",
        "model_providers.x.query_params.key",
        "model_providers.x.auth.command",
    ] {
        assert!(has_secret_key(&one(key)), "{key:?}");
    }
    for value in [
        json!({ "model_providers": { "x": { "http_headers": { "X-Key": "canary" } } } }),
        json!({ "model_providers.x": { " http_headers ": { "X-Key": "canary" } } }),
        json!({ "model_providers": { "x": { "deeper": { "auth": { "args": ["canary"] } } } } }),
    ] {
        assert!(has_secret_key(&object(value.clone())), "{value}");
    }
}

#[test]
fn other_keys_are_not_secret() {
    for value in [
        json!({ "model_providers": { "auth": { "base_url": "http://h" } } }),
        json!({ "model_providers.x.env_http_headers.X-Key": "NAME" }),
        json!({ "mcp_servers": { "x": { "http_headers": { "A": "b" } } } }),
        json!({ "images.parallel": 2 }),
    ] {
        assert!(!has_secret_key(&object(value.clone())), "{value}");
    }
}

#[test]
fn only_valid_overrides_are_storable() {
    let given = json!({
        "images.parallel": 2,
        "features": { "image_generation": true },
        "images.model": null,
        "model_instructions": "Draw.",
        "images.detail": "canary",
        "mcp_servers": { "x": { "env": { "TOKEN": "canary" } } },
        "api_key": "canary",
        "model_providers.x.\"http_headers\".X-Key": "canary",
        "model_providers.x.base_url": "https://u:canary@h/v1",
        "model_providers.x": { "key": "canary", "preset": "preview" },
        "hooks.pre_tool_use": [{ "command": ["canary"] }],
        "hooks": { "PreToolUse": "canary" },
    });
    let stored = Value::Object(storable_overrides(&object(given)));
    let expected = json!({
        "images": { "parallel": 2 },
        "features": { "image_generation": true },
        "model_instructions": "Draw.",
        "model_providers": { "x": { "preset": "preview" } },
    });
    assert_eq!(stored, expected);
    assert_eq!(Value::Object(storable_overrides(stored.as_object().unwrap())), expected);
}
