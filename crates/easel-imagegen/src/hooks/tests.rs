use std::time::Duration;

use easel_protocol::record::{
    AppliedImage, CompositeStatus, ImageAction, ImageErrorKind, ImageFacts, ImageRecord, MediaType, RequestedImage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Hook, HookCall, HookEnd, HookInput, HookQuestion, Hooks, MAX_INPUT_BYTES, MAX_OUTPUT_BYTES, decide, report,
};
use crate::image_item::tests::{composite_of, with_report};
use crate::port::{Provenance, Reference, image_error};
use crate::spec::STANDALONE_NAME;

fn hook(name: &str) -> Hook {
    Hook { name: name.to_owned(), command: vec!["check".to_owned()], timeout: Duration::from_secs(1) }
}

fn exited(code: i32, stdout: &str, stderr: &str) -> HookEnd {
    HookEnd::Exited { code: Some(code), stdout: stdout.into(), stderr: stderr.into() }
}

/// The message of the denied call; `None` if the call may be made.
fn denial(end: &HookEnd) -> Option<String> {
    decide(&hook("1"), end).err().map(|error| {
        assert_eq!(error.kind, ImageErrorKind::HookDenied);
        error.message
    })
}

#[test]
fn success_without_a_decision_allows() {
    for stdout in [
        "",
        "fine",
        "[info] fine",
        "{}",
        r#"{"decision": "approve", "reason": "fine"}"#,
        r#"{"continue": true, "systemMessage": "hi", "suppressOutput": true}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow"}}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": "none"}}"#,
    ] {
        assert_eq!(denial(&exited(0, stdout, "noise")), None, "{stdout}");
    }
}

#[test]
fn every_other_end_denies_with_a_reason() {
    let table = [
        (exited(1, "", "no cats\n\x1b[31mtoday"), "the hook 1 denied the call: no cats [31mtoday"),
        (exited(2, r#"{"decision": "approve"}"#, "never"), "the hook 1 denied the call: never"),
        (exited(3, "", " \n"), "the hook 1 exited with code 3 and gave no reason on stderr"),
        (HookEnd::Exited { code: None, stdout: Vec::new(), stderr: Vec::new() }, "the hook 1 was killed by a signal"),
        (HookEnd::Failed("timed out after 5 s".to_owned()), "the hook 1 timed out after 5 s, so the call was not made"),
        (exited(0, r#"{"decision": "block", "reason": "no dogs"}"#, ""), "the hook 1 denied the call: no dogs"),
        (exited(0, r#"{"continue": false, "stopReason": "no birds"}"#, ""), "the hook 1 denied the call: no birds"),
        (exited(0, r#"{"continue": false}"#, ""), "the hook 1 denied the call"),
        (exited(0, "\u{feff} {\"decision\": \"block\"}", ""), "the hook 1 denied the call"),
        (
            exited(
                0,
                r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
                    "permissionDecisionReason": "no fish"}}"#,
                "",
            ),
            "the hook 1 denied the call: no fish",
        ),
    ];
    for (end, expected) in table {
        assert_eq!(denial(&end).as_deref(), Some(expected), "{end:?}");
    }
}

#[test]
fn output_that_cannot_be_followed_denies() {
    for stdout in [
        "{",
        "[1]",
        "[]",
        "[null]",
        "[null, null, \"approve\"]",
        "\u{feff}{",
        "checking\n{\"decision\": \"block\"}",
        r#"{"permissionDecision": "deny"}"#,
        r#"{"decision": "perhaps"}"#,
        r#"{"hookSpecificOutput": {"permissionDecision": "allow"}}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PostToolUse"}}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "maybe"}}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {"prompt": "a dog"}}}"#,
        r#"{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "ask", "updatedInput": {}}}"#,
    ] {
        assert!(denial(&exited(0, stdout, "")).is_some_and(|message| message.contains("not made")), "{stdout}");
    }
}

#[test]
fn longer_output_than_is_read_denies() {
    let output = |len: usize| exited(0, &"x".repeat(len), "");
    assert_eq!(denial(&output(MAX_OUTPUT_BYTES)), None);
    let message = denial(&output(MAX_OUTPUT_BYTES + 1)).unwrap();
    assert!(message.contains("printed more than 64 KiB on stdout, so the call was not made"), "{message}");
}

#[test]
fn hook_can_leave_the_call_to_the_user() {
    let ask = |reason: &str| {
        let stdout = format!(
            r#"{{"hookSpecificOutput": {{"hookEventName": "PreToolUse", "permissionDecision": "ask"{reason}}}}}"#
        );
        decide(&hook("1"), &exited(0, &stdout, "noise")).unwrap()
    };
    let question = |reason: &str| Some(HookQuestion { hook: "1".to_owned(), reason: reason.to_owned() });
    assert_eq!(ask(""), question(""));
    assert_eq!(ask(r#", "permissionDecisionReason": "a cat\nagain""#), question("a cat again"));
    let long = ask(&format!(r#", "permissionDecisionReason": "{}""#, "so ".repeat(1_000))).unwrap();
    assert!(long.reason.chars().count() <= 501);
    assert_eq!(decide(&hook("1"), &exited(0, "", "")).unwrap(), None);
}

#[test]
fn message_of_a_hook_is_short() {
    let message = denial(&exited(1, "", &"no ".repeat(100_000))).unwrap();
    assert!(message.chars().count() < 600, "{message}");
    let (succeeded, text) = report(&exited(0, &"yes ".repeat(100_000), ""));
    assert!(succeeded && text.chars().count() <= 501, "{text}");
    assert!(!report(&HookEnd::Failed("timed out".to_owned())).0);
}

#[test]
fn running_turn_adopts_added_hooks_and_keeps_removed_ones() {
    // Hooks are numbered in their list, so a removal renames those behind it.
    let hooks = |commands: &[&str]| {
        let hook =
            |(at, command): (usize, &&str)| Hook { command: vec![(*command).to_owned()], ..hook(&at.to_string()) };
        Hooks { pre: commands.iter().enumerate().map(hook).collect(), post: Vec::new() }
    };
    let commands = |hooks: Vec<Hook>| hooks.into_iter().flat_map(|hook| hook.command).collect::<String>();
    assert_eq!(commands(hooks(&["a", "b"]).pre_with(&hooks(&["b", "c"]))), "abc");
    assert_eq!(commands(hooks(&["a", "b"]).pre_with(&hooks(&["b"]))), "ab");
    assert_eq!(commands(hooks(&[]).pre_with(&hooks(&["a"]))), "a");
}

#[test]
fn debug_hides_the_command() {
    let hook = Hook { command: vec!["check".to_owned(), "canary".to_owned()], ..hook("1") };
    assert!(!format!("{hook:?}").contains("canary"));
}

/// The input of the hooks of a call, before it and after a failure with this message.
fn inputs(prompt: &str, paths: &[String], message: &str) -> [Vec<u8>; 2] {
    inputs_with_images(prompt, paths, message, &[])
}

fn inputs_with_images(prompt: &str, paths: &[String], message: &str, images: &[ImageRecord]) -> [Vec<u8>; 2] {
    let text = paths.first().cloned().unwrap_or_default();
    let requested = RequestedImage {
        action: ImageAction::Edit,
        prompt: prompt.to_owned(),
        parameters: AppliedImage {
            size: Some(text.clone()),
            quality: Some(text.clone()),
            background: Some(text.clone()),
            output_format: Some(text.clone()),
            n: Some(10),
        },
    };
    let facts = ImageFacts {
        sha256: "00".to_owned(),
        media_type: MediaType::Png,
        width: 1,
        height: 1,
        bytes: 1,
        has_alpha: false,
    };
    let reference = |path: &String| Reference {
        id: Some(path.into()),
        path: path.into(),
        facts: facts.clone(),
        provenance: Provenance::User,
    };
    let references: Vec<Reference> = paths.iter().map(reference).collect();
    let call = HookCall {
        tool_name: STANDALONE_NAME,
        thread_id: &text.as_str().into(),
        turn_id: &text.as_str().into(),
        item_id: &text.as_str().into(),
        cwd: &text,
        model: &text,
        provider: &text,
        image_model: &text,
        requested: &requested,
        references: &references,
        mask: references.first(),
    };
    let error = image_error(ImageErrorKind::Timeout, message);
    [HookInput::before(&call), HookInput::after(&call, images, Some(&error))].map(|input| input.to_json().unwrap())
}

#[test]
fn input_has_the_field_names_of_codex() {
    let [before, after] = inputs("a cat, data:image/png;base64,AAAA", &["/a.png".to_owned()], "it was late");
    let [before, after]: [Value; 2] = [before, after].map(|input| serde_json::from_slice(&input).unwrap());
    assert_eq!(
        before,
        json!({
            "session_id": "/a.png", "turn_id": "/a.png", "transcript_path": null, "cwd": "/a.png",
            "hook_event_name": "PreToolUse", "model": "/a.png", "permission_mode": "default",
            "tool_name": "image_gen.imagegen", "tool_use_id": "/a.png",
            "tool_input": {
                "action": "edit", "prompt": "a cat, [data URL of 26 bytes]",
                "images": [{"id": "/a.png", "path": "/a.png"}], "images_omitted": 0,
                "mask": {"id": "/a.png", "path": "/a.png"}, "size": "/a.png",
                "quality": "/a.png", "background": "/a.png", "output_format": "/a.png", "n": 10,
            },
            "provider": "/a.png", "image_model": "/a.png",
        })
    );
    assert_eq!(after["hook_event_name"], "PostToolUse");
    assert_eq!(
        after["tool_response"],
        json!({"images": [], "images_omitted": 0, "error": {"kind": "timeout", "message": "it was late"}})
    );
}

#[test]
fn input_of_the_longest_texts_fits_into_its_limit() {
    for unit in ["a", "\u{1}", "\"", "𝄞", "data:image/png;base64,AAAA "] {
        let long = unit.repeat(20_000);
        for input in inputs(&long, &vec![long.clone(); 64], &long) {
            assert!(input.len() <= MAX_INPUT_BYTES, "{} bytes of {unit:?}", input.len());
            assert!(input.len() > MAX_INPUT_BYTES / 4, "{} bytes of {unit:?}", input.len());
        }
    }
    let [before, _] = inputs("a cat", &vec!["/a.png".to_owned(); 500], "");
    let before: Value = serde_json::from_slice(&before).unwrap();
    let (listed, omitted) =
        (before["tool_input"]["images"].as_array().unwrap(), &before["tool_input"]["images_omitted"]);
    assert_eq!(listed.len() as u64 + omitted.as_u64().unwrap(), 500);
    // Each takes 32 bytes with its comma, of 2 KiB.
    assert_eq!(listed.len(), 64);
}

#[test]
fn longest_prompt_has_most_of_the_room() {
    let [before, _] = inputs(&"a".repeat(9_000), &["/a.png".to_owned()], "");
    let before: Value = serde_json::from_slice(&before).unwrap();
    let prompt = before["tool_input"]["prompt"].as_str().unwrap();
    assert_eq!(prompt.len(), 5 * 1024);
}

#[test]
fn composite_names_the_image_that_it_was_made_from() {
    let made =
        [with_report("a", CompositeStatus::Applied), with_report("b", CompositeStatus::None), composite_of("a", "c")];
    let [_, after] = inputs_with_images("a cat", &[], "", &made);
    let after: Value = serde_json::from_slice(&after).unwrap();
    assert_eq!(
        after["tool_response"]["images"],
        json!([
            {"id": "img_c", "path": "/home/c.png", "derived_from": "img_a"},
            {"id": "img_b", "path": "/home/b.png"},
        ])
    );
}

proptest! {
    #[test]
    fn random_input_is_short_json_without_data_urls(
        prompt in ".{0,40}(data:image/png;base64,[A-Za-z0-9]{20,60})?.{0,400}",
        paths in prop::collection::vec(".{0,300}", 0..5),
    ) {
        for input in inputs(&prompt, &paths, &prompt) {
            prop_assert!(input.len() <= MAX_INPUT_BYTES);
            prop_assert!(serde_json::from_slice::<Value>(&input).is_ok());
            prop_assert!(!String::from_utf8_lossy(&input).contains("data:image/png;base64,"));
        }
    }

    #[test]
    fn random_output_never_panics(
        code in any::<Option<i32>>(),
        stdout in any::<Vec<u8>>(),
        stderr in any::<Vec<u8>>(),
    ) {
        let end = HookEnd::Exited { code, stdout, stderr };
        let is_denied = decide(&hook("1"), &end).is_err();
        prop_assert!(is_denied || code == Some(0));
        report(&end);
    }
}
