//! The objects that several messages contain.

use serde_json::{Value, json};

pub(super) fn thread_settings() -> Value {
    json!({
        "thread": thread(), "model": "preview", "modelProvider": "preview", "serviceTier": "flex", "cwd": "/home/a/p",
        "approvalPolicy": "never", "approvalsReviewer": "user", "sandbox": {"type": "readOnly", "networkAccess": true},
        "reasoningEffort": "low",
    })
}

pub(super) fn rate_limits() -> Value {
    let window = json!({"usedPercent": 42, "windowDurationMins": 300, "resetsAt": 9});
    json!({
        "limitId": "codex", "limitName": "Codex", "primary": window, "secondary": window,
        "credits": {"hasCredits": true, "unlimited": false, "balance": "1.5"}, "planType": "plus",
        "rateLimitReachedType": "rate_limit_reached",
    })
}

pub(super) fn thread() -> Value {
    json!({
        "id": "t", "sessionId": "t", "forkedFromId": "s", "preview": "a cat", "ephemeral": false, "modelProvider": "preview",
        "model": "preview", "reasoningEffort": "low", "reasoningSummary": "none", "createdAt": 1, "updatedAt": 2, "status": {"type": "idle"}, "path": "/home/a/t",
        "cwd": "/home/a/p", "cliVersion": "0.1.0", "originator": "ide", "source": "vscode", "name": "Cats",
        "projectId": "p", "gitInfo": {"sha": "0a", "branch": "main", "originUrl": "https://example.com/a.git"}, "historyMode": "paginated", "turns": [turn()],
    })
}

pub(super) fn thread_statuses() -> [Value; 4] {
    [
        json!({"type": "notLoaded"}),
        json!({"type": "idle"}),
        json!({"type": "systemError"}),
        json!({"type": "active", "activeFlags": ["waitingOnApproval"]}),
    ]
}

pub(super) fn turn() -> Value {
    json!({
        "id": "u", "rootTurnId": "u", "items": items(), "itemsView": "full", "status": "failed", "error": turn_error(),
        "startedAt": 1, "completedAt": 2, "durationMs": 1000,
    })
}

pub(super) fn turn_error() -> Value {
    json!({"message": "The limit is used up.", "codexErrorInfo": "usageLimitExceeded", "additionalDetails": "Wait."})
}

pub(super) fn items() -> [Value; 5] {
    let elements = json!([{"byteRange": {"start": 0, "end": 1}, "placeholder": "a"}]);
    [
        json!({
            "type": "userMessage", "id": "um", "clientId": "c", "startedAtMs": 1, "completedAtMs": 2,
            "content": [
                {"type": "text", "text": "a cat", "text_elements": elements},
                {"type": "image", "url": "data:image/png;base64,iVBORw==", "detail": "low"},
                {"type": "localImage", "path": "/home/a/1.png", "detail": "original"},
                {"type": "skill", "name": "s", "path": "/home/a/s"},
                {"type": "mention", "name": "m", "path": "/home/a/m"},
            ],
        }),
        json!({
            "type": "agentMessage", "id": "am", "text": "Done.", "phase": "final_answer", "startedAtMs": 1, "completedAtMs": 2,
        }),
        json!({
            "type": "reasoning", "id": "r", "summary": ["Cats."], "content": ["Hm."], "startedAtMs": 1, "completedAtMs": 2,
        }),
        json!({
            "type": "imageGeneration", "id": "call_1", "status": "completed", "revisedPrompt": "a grey cat", "result": "",
            "transparentBackground": true,
            "failure": {"type": "usageLimitExceeded", "limitId": "l", "resetsAt": 3}, "savedPath": "/home/a/1.png",
            "inputImages": [{"path": "/home/a/0.png", "sha256": "00"}], "generationId": "g", "startedAtMs": 1,
            "completedAtMs": 2, "images": [image_record()], "error": image_error(),
        }),
        json!({"type": "contextCompaction", "id": "c", "startedAtMs": 1, "completedAtMs": 2}),
    ]
}

pub(super) fn image_error() -> Value {
    json!({
        "kind": "usageLimit", "message": "The limit is used up.", "httpStatus": 429, "code": "insufficient_quota",
        "requestId": "req", "attempts": 1, "elapsedMs": 5, "retryable": true, "billed": "no",
        "usageLimit": {"limitId": "l", "resetsAt": 3, "plan": "plus"},
    })
}

pub(super) fn image_record() -> Value {
    let parameters = json!({"size": "64x64", "quality": "low", "background": "opaque", "outputFormat": "png", "n": 1});
    let mut requested = parameters.clone();
    requested["action"] = json!("edit");
    requested["prompt"] = json!("a cat");
    json!({
        "id": "img_1", "path": "/home/a/1.png", "sha256": "01", "mediaType": "image/png", "width": 64, "height": 64,
        "bytes": 99, "hasAlpha": true, "provider": "preview", "model": "preview", "requested": requested,
        "applied": parameters, "revisedPrompt": "a grey cat",
        "inputs": [{"id": "img_0", "path": "/home/a/0.png", "sha256": "00"}],
        "mask": {"id": "img_m", "path": "/home/a/m.png", "sha256": "02"}, "edit": edit_report(),
        "derived": {"from": ["img_2", "img_0"], "by": "composite", "feather": 8, "dropsContentCredentials": true},
        "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "elapsedMs": 5, "attempts": 1,
        "requestId": "req", "synthetic": true, "deleted": true,
    })
}

pub(super) fn edit_report() -> Value {
    let inside = json!({"pixels": 9, "changed": 9, "share": 1.0});
    json!({
        "base": "img_0", "mask": "sent", "resampled": true, "aspectChanged": false, "shift": {"x": 12, "y": -4},
        "tolerance": 8, "inside": inside, "incomplete": "the mask was not used",
        "composite": {"refused": "The picture moved."},
        "outside": {
            "pixels": 4, "changed": 1, "share": 0.25, "meanDifference": 2.5, "damagedBlocks": 1,
            "box": {"x": 1, "y": 2, "width": 3, "height": 4},
        },
    })
}

pub(super) fn image_entry() -> Value {
    json!({"threadId": "t", "turnId": "u", "itemId": "call_1", "createdAt": 1, "image": image_record()})
}

pub(super) fn response_items() -> [Value; 6] {
    let content = json!([
        {"type": "input_text", "text": "a cat"},
        {"type": "input_image", "image_url": "easel:img_1", "detail": "high"},
    ]);
    [
        json!({"type": "message", "role": "user", "content": content}),
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}),
        json!({
            "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Cats."}],
            "content": [{"type": "reasoning_text", "text": "Hm."}, {"type": "text", "text": "Hm?"}],
            "encrypted_content": "gAAAAA",
        }),
        json!({
            "type": "function_call", "call_id": "call_1", "namespace": "image_gen", "name": "imagegen",
            "arguments": "{\"prompt\":\"a cat\"}",
        }),
        json!({"type": "function_call_output", "call_id": "call_1", "output": content}),
        json!({
            "type": "image_generation_call", "id": "ig_1", "status": "completed", "revised_prompt": "a grey cat", "result": "",
        }),
    ]
}
