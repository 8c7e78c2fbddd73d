//! One message of every kind with every field filled, as literal JSON. [`without_optional_values`] derives the message
//! with as few values as possible.

mod parts;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::parts::{
    edit_report, image_entry, image_error, image_record, items, rate_limits, response_items, thread, thread_settings,
    thread_statuses, turn, turn_error,
};

/// Deserializes a sample as `T` and serializes it again.
pub(super) fn round_trip<T: Serialize + DeserializeOwned>(sample: &Value) -> Value {
    let typed: T = serde_json::from_value(sample.clone()).unwrap_or_else(|e| panic!("{e}\n{sample:#}"));
    serde_json::to_value(typed).unwrap()
}

/// Sets every field to `null` and every list to empty, as far as `T` allows.
pub(super) fn without_optional_values<T: Serialize + DeserializeOwned>(sample: &Value) -> Value {
    let mut value = sample.clone();
    for path in paths(sample) {
        let Some(field) = value.pointer_mut(&path) else { continue };
        let kept = field.clone();
        *field = if kept.is_array() { json!([]) } else { Value::Null };
        if serde_json::from_value::<T>(value.clone()).is_err() {
            *value.pointer_mut(&path).unwrap() = kept;
        }
    }
    round_trip::<T>(&value)
}

/// Returns the JSON pointers of all values inside, parents first.
pub(crate) fn paths(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| (key.replace('~', "~0").replace('/', "~1"), field)).collect()
        }
        Value::Array(entries) => entries.iter().enumerate().map(|(index, entry)| (index.to_string(), entry)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    children
        .into_iter()
        .flat_map(|(key, child)| {
            std::iter::once(format!("/{key}")).chain(paths(child).into_iter().map(move |rest| format!("/{key}{rest}")))
        })
        .collect()
}

pub(super) fn response(method: &str) -> Value {
    match method {
        "initialize" => json!({
            "userAgent": "ide/0.169.0 (linux; x86_64) easel/0.1.0", "codexHome": "/home/a/.easel", "platformFamily": "unix",
            "platformOs": "linux", "tools": ["image_gen.imagegen"],
        }),
        "account/read" => json!({
            "account": {"type": "chatgpt", "email": "a@example.com", "planType": "plus"}, "requiresOpenaiAuth": true,
            "userId": "user-1",
        }),
        "account/login/start" => json!({"type": "chatgptAuthTokens"}),
        "account/login/cancel" => json!({"status": "notFound"}),
        "account/rateLimits/read" => json!({
            "rateLimits": rate_limits(), "rateLimitsByLimitId": {"codex": rate_limits()}, "accountId": "acct",
        }),
        "account/logout" => json!({}),
        "config/read" => json!({
            "config": {"model": "preview"},
            "origins": {
                "a": {"name": {"type": "user", "file": "/home/a/config.toml", "profile": "p"}, "version": "1"},
                "b": {"name": {"type": "project", "dotCodexFolder": "/home/a/p/.easel"}, "version": "1"},
                "c": {"name": {"type": "sessionFlags"}, "version": "1"},
            },
            "layers": [{"name": {"type": "sessionFlags"}, "version": "1", "config": {"model": "preview"}}],
        }),
        "config/value/write" | "config/batchWrite" => json!({
            "status": "okOverridden", "version": "2", "filePath": "/home/a/config.toml",
            "overriddenMetadata": {
                "message": "The command line overrides this value.", "effectiveValue": 3,
                "overridingLayer": {"name": {"type": "sessionFlags"}, "version": "1"},
            },
        }),
        "configRequirements/read" => json!({"requirements": {"allowedApprovalPolicies": ["never"]}}),
        "experimentalFeature/enablement/set" => json!({"enablement": {"imagegenext": true}}),
        "experimentalFeature/list" => json!({
            "data": [{
                "name": "imagegenext", "stage": "underDevelopment", "displayName": "Image tool", "description": "Offers it.",
                "announcement": "New.", "enabled": true, "defaultEnabled": false,
            }],
            "nextCursor": "1",
        }),
        "model/list" => json!({
            "data": [{
                "id": "preview", "model": "preview", "displayName": "Preview", "description": "Draws by rule.", "hidden": false,
                "supportedReasoningEfforts": [{"reasoningEffort": "low", "description": "Fast."}],
                "defaultReasoningEffort": "low", "inputModalities": ["text", "image"], "isDefault": true,
            }],
            "nextCursor": "1",
        }),
        "modelProvider/list" => json!({
            "data": [{
                "id": "openai", "name": "OpenAI", "baseUrl": "https://api.openai.com/v1", "canEdit": false,
                "settings": {"type": "openai"},
            }],
            "defaultProviderId": "openai", "canChangeDefault": false,
        }),
        "modelProvider/capabilities/read" => json!({"imageGeneration": true, "webSearch": false}),
        "tool/list" => json!({
            "exposure": "hosted",
            "data": [{
                "name": "image_gen.imagegen", "kind": "standalone", "offered": false, "entry": {"type": "namespace"},
                "description": "Draws.", "inputSchema": {"type": "object"}, "namespace": "image_gen", "function": "imagegen",
                "dynamicTool": {"type": "namespace"},
                "reasons": [{"reason": "imagegenextOff", "message": "The feature imagegenext is off."}],
            }],
        }),
        "tool/call" => json!({
            "threadId": "t", "turnId": "u", "itemId": "call_1", "callId": "call_1", "success": true, "replayed": true,
            "images": [image_record()], "error": image_error(),
            "result": {
                "type": "function_call_output", "call_id": "call_1",
                "output": [
                    {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "high"},
                    {"type": "input_text", "text": "Done."},
                ],
            },
            "contentItems": [
                {"type": "inputImage", "imageUrl": "data:image/png;base64,iVBORw=="},
                {"type": "inputText", "text": "Done."},
            ],
        }),
        "thread/start" | "thread/fork" => thread_settings(),
        "thread/resume" => {
            let mut response = thread_settings();
            response["turnsBackwardsCursor"] = json!("1");
            response["itemsBackwardsCursor"] = json!("2");
            response
        }
        "thread/revert" => json!({"thread": thread(), "turnsBackwardsCursor": "1", "itemsBackwardsCursor": "2"}),
        "thread/read" | "thread/unarchive" | "thread/rollback" | "thread/metadata/update" => {
            json!({"thread": thread()})
        }
        "thread/list" => json!({"data": [thread()], "nextCursor": "1", "backwardsCursor": "2"}),
        "thread/search" => {
            json!({"data": [{"thread": thread(), "snippet": "a cat"}], "nextCursor": "1", "backwardsCursor": "2"})
        }
        "thread/loaded/list" => json!({"data": ["t"], "nextCursor": "1"}),
        "thread/turns/list" => json!({"data": [turn()], "nextCursor": "1", "backwardsCursor": "2"}),
        "thread/items/list" => {
            let entry = |item| json!({"turnId": "u", "item": item, "startedAtMs": 1, "completedAtMs": 2});
            json!({"data": items().map(entry), "nextCursor": "1", "backwardsCursor": "2"})
        }
        "thread/name/set"
        | "thread/settings/update"
        | "thread/inject_items"
        | "thread/compact/start"
        | "thread/archive"
        | "thread/delete"
        | "turn/interrupt" => json!({}),
        "thread/unsubscribe" => json!({"status": "unsubscribed"}),
        "turn/start" => json!({"turn": turn()}),
        "turn/steer" => json!({"turnId": "u"}),
        "image/list" => json!({"data": [image_entry()], "nextCursor": "1"}),
        "image/read" => {
            let mut answer = image_entry();
            answer["chunk"] = json!({"offset": 0, "data": "iVBORw==", "nextOffset": 4});
            answer["preview"] = json!({"mediaType": "image/jpeg", "width": 8, "height": 4, "data": "/9j/"});
            answer
        }
        "account/workspaceMessages/read" => json!({"featureEnabled": false, "messages": []}),
        "account/securitySetup/read" => json!({"notice": null}),
        "skills/list" => json!({"data": [{"cwd": "/home/a", "skills": [], "errors": []}]}),
        "hooks/list" => json!({"data": [{"cwd": "/home/a", "hooks": [], "warnings": [], "errors": []}]}),
        "thread/goal/get" => json!({"goal": null}),
        "permissionProfile/list" | "mcpServerStatus/list" | "app/list" | "threadSection/list" => {
            json!({"data": [], "nextCursor": "1"})
        }
        "app/installed" => json!({"apps": []}),
        "plugin/list" => json!({"marketplaces": [], "marketplaceLoadErrors": [], "featuredPluginIds": []}),
        "plugin/installed" => json!({"marketplaces": [], "marketplaceLoadErrors": []}),
        "account/usage/read" => json!({
            "summary": {
                "lifetimeTokens": 9, "peakDailyTokens": 5, "longestRunningTurnSec": 3, "currentStreakDays": 1,
                "longestStreakDays": 2,
            },
            "dailyUsageBuckets": [{"startDate": "2026-01-31", "tokens": 5}],
            "threadUsage": {
                "threadId": "t", "estimatedUsageCreditsMicros": 0, "estimatedUsageUsdMicros": 7,
                "groups": [{
                    "model": "m", "inputTokens": 1, "outputTokens": 2, "totalTokens": 3, "estimatedUsageCreditsMicros": 0,
                }],
            },
        }),
        "usage/read" => {
            let counts = json!({
                "images": 2, "syntheticImages": 1, "inputTokens": 3, "outputTokens": 4, "estimatedCostUsd": 0.5,
            });
            let mut entry = counts.clone();
            for (name, value) in [("day", "2026-01-31"), ("threadId", "t"), ("provider", "openai"), ("model", "m")] {
                entry[name] = json!(value);
            }
            let amount = json!({"images": 1, "costUsd": 0.25, "unpricedImages": 1});
            let counts_by_state = json!({"reserved": amount, "spent": amount, "uncertain": amount});
            let limits = json!({"imagesPerDay": 9, "costPerDayUsd": 2.5, "costPerThreadUsd": 0.5});
            let spending = json!({
                "limits": limits, "today": counts_by_state, "thread": counts_by_state, "resetsAt": 1_800_000_000,
            });
            json!({"data": [entry], "totals": counts, "nextCursor": "1", "spending": spending})
        }
        "image/compare" => json!({
            "report": edit_report(),
            "heatMap": {"mediaType": "image/png", "width": 8, "height": 4, "data": "iVBORw=="},
        }),
        "image/composite" => json!({"image": image_record()}),
        "image/export" => {
            json!({"path": "/home/a/cat.png", "bytes": 99, "width": 2, "height": 3, "sha256": "ab"})
        }
        "image/exportSet" => json!({
            "files": [{"path": "/home/a/favicon.ico", "width": 32, "height": 32, "bytes": 99, "sha256": "ab"}],
            "snippet": "<link>",
        }),
        "image/delete" => json!({"threadId": "t", "fileDeleted": true}),
        other => panic!("{other} needs a sample of its response"),
    }
}

/// At least one notification of every method.
pub(crate) fn notifications() -> Vec<Value> {
    let event = |method: &str, params: Value| json!({"method": method, "params": params});
    let tokens = json!({
        "totalTokens": 6, "inputTokens": 3, "cachedInputTokens": 1, "cacheWriteInputTokens": 1, "outputTokens": 2,
        "reasoningOutputTokens": 1,
    });
    let started = |item| json!({"threadId": "t", "turnId": "u", "item": item, "startedAtMs": 1});
    let completed = |item| json!({"threadId": "t", "turnId": "u", "item": item, "completedAtMs": 2});
    let raw = |item| json!({"threadId": "t", "turnId": "u", "item": item});
    let preview = json!({
        "threadId": "t", "turnId": "u", "itemId": "i", "index": 1, "path": "/home/a/.b.preview.png", "mediaType": "image/png",
        "width": 2, "height": 3, "bytes": 4,
    });
    let mut all = vec![
        event("item/imageGeneration/preview", preview),
        event(
            "configWarning",
            json!({"summary": "A key is unknown.", "details": "At line 3.", "path": "/home/a/config.toml"}),
        ),
        event("account/login/completed", json!({"loginId": "l", "success": false, "error": "That is no key."})),
        event("account/updated", json!({"authMode": "apikey", "planType": "pro"})),
        event("account/rateLimits/updated", json!({"rateLimits": rate_limits()})),
        event("tool/list/updated", json!({"exposure": "standalone", "tools": ["image_gen.imagegen"]})),
        event("thread/started", json!({"thread": thread()})),
        event("thread/name/updated", json!({"threadId": "t", "threadName": "Cats"})),
        event(
            "thread/settings/updated",
            json!({"threadId": "t", "threadSettings": {
                "cwd": "/home/a/p", "approvalPolicy": "never", "approvalsReviewer": "user",
                "sandboxPolicy": {"type": "readOnly", "networkAccess": false},
                "collaborationMode": {"mode": "default", "settings": {
                    "model": "preview", "reasoning_effort": "low", "developer_instructions": "Be kind.",
                }},
                "model": "preview", "modelProvider": "preview", "serviceTier": "flex", "effort": "low", "summary": "auto",
            }}),
        ),
        event("thread/archived", json!({"threadId": "t"})),
        event("thread/unarchived", json!({"threadId": "t"})),
        event("thread/closed", json!({"threadId": "t"})),
        event("thread/reverted", json!({"threadId": "t"})),
        event("thread/deleted", json!({"threadId": "t"})),
        event("turn/started", json!({"threadId": "t", "turn": turn()})),
        event("warning", json!({"threadId": "t", "message": "The limit is used up."})),
        event("item/agentMessage/delta", json!({"threadId": "t", "turnId": "u", "itemId": "m", "delta": "Do"})),
        event(
            "item/reasoning/summaryPartAdded",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "summaryIndex": 1}),
        ),
        event(
            "item/reasoning/summaryTextDelta",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "delta": "Ca", "summaryIndex": 1}),
        ),
        event(
            "item/reasoning/textDelta",
            json!({"threadId": "t", "turnId": "u", "itemId": "r", "delta": "Hm", "contentIndex": 1}),
        ),
        event(
            "thread/tokenUsage/updated",
            json!({"threadId": "t", "turnId": "u", "tokenUsage": {"total": tokens, "last": tokens, "modelContextWindow": 9}}),
        ),
        event("thread/compacted", json!({"threadId": "t", "turnId": "u"})),
        event("image/deleted", json!({"threadId": "t", "imageId": "img_1"})),
        event("serverRequest/resolved", json!({"threadId": "t", "requestId": 1})),
        event("error", json!({"threadId": "t", "turnId": "u", "error": turn_error(), "willRetry": false})),
        event("turn/completed", json!({"threadId": "t", "turn": turn()})),
    ];
    all.extend(
        thread_statuses().map(|status| event("thread/status/changed", json!({"threadId": "t", "status": status}))),
    );
    all.extend(items().map(|item| event("item/started", started(item))));
    all.extend(items().map(|item| event("item/completed", completed(item))));
    all.extend(response_items().map(|item| event("rawResponseItem/completed", raw(item))));
    all
}
