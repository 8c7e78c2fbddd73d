//! What Easel reads: messages as the Codex app-server and its clients write them, with more fields, fewer, or null.

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::samples::{notifications, paths, round_trip, without_optional_values};
use crate::event::Event;
use crate::input::UserInput;
use crate::method::{Method, MethodVisitor, visit_methods};
use crate::turn::TurnStartParams;

#[test]
fn peer_messages_are_read_without_loss() {
    for message in peer_messages() {
        let written = round_trip::<Event>(&message);
        let changed: Vec<String> = paths(&written)
            .into_iter()
            .filter(|path| {
                let (ours, theirs) = (written.pointer(path).unwrap(), message.pointer(path));
                let is_empty = ours.is_null() || ours.as_array().is_some_and(Vec::is_empty);
                !is_empty && !ours.is_object() && !ours.is_array() && theirs != Some(ours)
            })
            .collect();
        assert!(changed.is_empty(), "{changed:?} of {message}");
    }
}

#[test]
fn unknown_fields_are_ignored_at_every_depth() {
    for sample in notifications() {
        let mut wider = sample.clone();
        for path in std::iter::once(String::new()).chain(paths(&sample)) {
            if let Some(Value::Object(fields)) = wider.pointer_mut(&path) {
                fields.insert("ofALaterVersion".to_owned(), json!({"type": "new"}));
            }
        }
        assert_eq!(round_trip::<Event>(&wider), sample);
    }
}

#[test]
fn a_missing_field_means_the_same_as_null() {
    for sample in notifications() {
        let with_nulls = without_optional_values::<Event>(&sample);
        let mut without = with_nulls.clone();
        remove_nulls(&mut without);
        assert_eq!(round_trip::<Event>(&without), with_nulls);
    }
}

#[test]
fn optional_params_may_be_null_or_missing() {
    struct Requests {
        definitions: Value,
    }
    impl MethodVisitor for Requests {
        fn visit<M: Method>(&mut self) {
            let mut params = json!({
                "clientInfo": {"name": "ide", "version": "1"}, "threadId": "t", "turnId": "u", "imageId": "img_0",
                "folder": "/a", "set": "web",
                "name": "Cats", "input": [], "type": "apiKey", "apiKey": "k", "keyPath": "model", "value": "a",
                "mergeStrategy": "replace", "edits": [], "enablement": {},
                "beforeTurnId": "u", "numTurns": 1, "loginId": "l", "path": "/a.png",
                "expectedTurnId": "u", "searchTerm": "cat", "items": [], "callId": "c", "tool": "imagegen", "arguments": {},
                "a": "img_0", "b": "img_1",
            });
            let definition = &self.definitions[<M::Params as JsonSchema>::schema_name().as_ref()];
            let required = definition["required"].as_array().cloned().unwrap_or_default();
            let optional = definition["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
            for name in optional.filter(|name| !required.contains(&json!(name))) {
                params[name] = Value::Null;
            }
            let with_nulls = round_trip::<M::Params>(&params);
            remove_nulls(&mut params);
            assert_eq!(round_trip::<M::Params>(&params), with_nulls, "{}", M::NAME);
        }
    }
    let mut bundle: Value = serde_json::from_str(&crate::schema::json_schema()).unwrap();
    visit_methods(&mut Requests { definitions: bundle["definitions"].take() });
}

#[test]
fn user_input_accepts_nulls_and_peer_fields() {
    let params: TurnStartParams = serde_json::from_value(json!({
        "threadId": "t", "approvalPolicy": "on-request", "effort": null, "model": null, "sandboxPolicy": {"type": "readOnly"},
        "input": [
            {"type": "text", "text": "a cat", "text_elements": null},
            {"type": "text", "text": "a dog"},
            {"type": "image", "url": "data:image/png;base64,iVBORw==", "detail": null},
            {"type": "localImage", "path": "/home/a/1.png"},
        ],
    }))
    .unwrap();
    let text = |text: &str| UserInput::Text { text: text.into(), text_elements: Vec::new() };
    assert_eq!(params.input[..2], [text("a cat"), text("a dog")]);
    assert_eq!(params.input[3], UserInput::LocalImage { path: "/home/a/1.png".to_owned(), detail: None });
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(remove_nulls);
        }
        Value::Array(entries) => entries.iter_mut().for_each(remove_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

/// One turn of the Codex app-server, shortened, with the fields that Easel does not have.
fn peer_messages() -> Vec<Value> {
    let event = |method: &str, params: Value| json!({"method": method, "params": params, "emittedAtMs": 9});
    let thread = json!({
        "id": "t", "environments": [{"environmentId": "local", "cwd": "/p"}], "extra": null, "sessionId": "t",
        "forkedFromId": null, "parentThreadId": null, "preview": "", "ephemeral": false, "section": null, "projectId": null,
        "historyMode": "paginated", "modelProvider": "mock", "model": "gpt", "reasoningEffort": null, "createdAt": 1,
        "updatedAt": 1, "recencyAt": 1, "status": {"type": "idle"}, "path": "/h/t.jsonl", "cwd": "/p", "cliVersion": "0.169.0",
        "originator": "ide", "source": "vscode", "gitInfo": null, "name": null, "turns": [],
    });
    let turn = json!({
        "id": "u", "rootTurnId": "u", "items": [], "itemsView": "notLoaded", "status": "inProgress", "error": null,
        "startedAt": 1, "completedAt": null, "durationMs": null,
    });
    let message = json!({
        "type": "agentMessage", "moderation": null, "id": "m", "text": "Done.", "phase": null, "memoryCitation": null,
        "delivery": null, "questions": null, "startedAtMs": 1, "completedAtMs": 2,
    });
    let mut ended = turn.clone();
    ended["items"] = json!([message]);
    ended["itemsView"] = json!("summary");
    ended["status"] = json!("completed");
    let items = [
        json!({
            "type": "userMessage", "id": "um", "clientId": null, "startedAtMs": 1, "completedAtMs": 2,
            "content": [{"type": "text", "text": "draw", "text_elements": []}],
        }),
        json!({"type": "reasoning", "id": "r", "summary": [], "content": [], "startedAtMs": 1, "completedAtMs": 2}),
        json!({
            "type": "imageGeneration", "id": "call_1", "status": "completed", "revisedPrompt": "draw", "result": "iVBORw==",
            "transparentBackground": false, "failure": null, "savedPath": "/h/call_1.png", "generationId": null,
            "startedAtMs": 1, "completedAtMs": 2,
        }),
        message,
    ];
    let tokens = json!({
        "totalTokens": 6, "inputTokens": 3, "cachedInputTokens": 0, "cacheWriteInputTokens": 0, "outputTokens": 3,
        "reasoningOutputTokens": 0,
    });
    let mut messages = vec![
        event("configWarning", json!({"summary": "No such file.", "details": null})),
        event("warning", json!({"threadId": "t", "message": "No such skill."})),
        event("account/login/completed", json!({"loginId": null, "success": true, "error": null})),
        event("account/updated", json!({"authMode": "apikey", "planType": null})),
        event("thread/started", json!({"thread": thread})),
        event("thread/status/changed", json!({"threadId": "t", "status": {"type": "active", "activeFlags": []}})),
        event("thread/name/updated", json!({"threadId": "t"})),
        event(
            "thread/settings/updated",
            json!({"threadId": "t", "threadSettings": {
                "cwd": "/p", "approvalPolicy": "never", "approvalsReviewer": "user", "summary": null, "personality": null,
                "sandboxPolicy": {"type": "readOnly", "networkAccess": false}, "activePermissionProfile": null,
                "collaborationMode": {"mode": "default", "settings": {"model": "gpt"}}, "disabledPluginIds": [],
                "model": "gpt", "modelProvider": "mock", "serviceTier": null, "effort": null,
            }}),
        ),
        event("thread/archived", json!({"threadId": "t"})),
        event("thread/unarchived", json!({"threadId": "t"})),
        event("thread/closed", json!({"threadId": "t"})),
        event("thread/reverted", json!({"threadId": "t"})),
        event("thread/deleted", json!({"threadId": "t"})),
        event("turn/started", json!({"threadId": "t", "turn": turn})),
        event("item/agentMessage/delta", json!({"threadId": "t", "turnId": "u", "itemId": "m", "delta": "Done."})),
        event(
            "item/reasoning/summaryPartAdded",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "summaryIndex": 0}),
        ),
        event(
            "item/reasoning/summaryTextDelta",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "delta": "Cats.", "summaryIndex": 0}),
        ),
        event(
            "item/reasoning/textDelta",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "delta": "Hm.", "contentIndex": 0}),
        ),
        event(
            "thread/tokenUsage/updated",
            json!({"threadId": "t", "turnId": "u", "tokenUsage": {"total": tokens, "last": tokens, "modelContextWindow": null}}),
        ),
        event(
            "error",
            json!({
                "threadId": "t", "turnId": "u", "willRetry": false,
                "error": {"message": "No.", "codexErrorInfo": null, "additionalDetails": null},
            }),
        ),
        event("turn/completed", json!({"threadId": "t", "turn": ended})),
        event(
            "rawResponseItem/completed",
            json!({
                "threadId": "t", "turnId": "u",
                "item": {"type": "function_call", "id": null, "name": "imagegen", "namespace": "image_gen", "arguments": "{}", "call_id": "call_1"},
            }),
        ),
        event(
            "rawResponseItem/completed",
            json!({
                "threadId": "t", "turnId": "u",
                "item": {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA"},
            }),
        ),
    ];
    for item in items {
        let ids = json!({"threadId": "t", "turnId": "u", "item": item});
        let (mut started, mut completed) = (ids.clone(), ids);
        started["startedAtMs"] = json!(1);
        completed["completedAtMs"] = json!(2);
        completed["contentTokenCount"] = Value::Null;
        messages.push(event("item/started", started));
        messages.push(event("item/completed", completed));
    }
    messages
}
