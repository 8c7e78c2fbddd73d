//! What a client changes of a thread, and what it gives the model to read.

use easel_protocol::event::Event;
use easel_protocol::method::{
    ThreadFork, ThreadInjectItems, ThreadMetadataUpdate, ThreadRead, ThreadResume, ThreadSettingsUpdate, TurnStart,
};
use easel_protocol::thread::{
    GitInfo, GitInfoPatch, ThreadInjectItemsParams, ThreadMetadataUpdateParams, ThreadSettingsUpdateParams,
};
use easel_protocol::turn::TurnStartParams;
use serde_json::{Value, json};

use super::forks::fork_of;
use super::{resume, whole};
use crate::harness::events::{image, starts_an_image};
use crate::harness::pictures::{BLUE, RED, data_url, plain_png, sha256};
use crate::harness::{Place, SLOW_AND_FREE, text, turn_start};

fn inject(thread_id: &str, items: Value) -> ThreadInjectItemsParams {
    let Value::Array(items) = items else { panic!("{items} is no list") };
    ThreadInjectItemsParams { thread_id: thread_id.to_owned(), items }
}

#[tokio::test]
async fn what_is_put_in_is_read_by_the_model_and_kept() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let url = data_url(&plain_png(60, 40, RED));
    let made = data_url(&plain_png(50, 50, BLUE)).replace("data:image/png;base64,", "");
    let items = json!([
        { "type": "message", "role": "system", "content": "Be brief." },
        { "type": "message", "role": "user", "content": [
            { "type": "input_text", "text": "this is my cat" }, { "type": "input_image", "image_url": url }] },
        { "type": "function_call", "call_id": "old", "name": "imagegen", "namespace": "image_gen", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "old", "output": "It did not work." },
        { "type": "image_generation_call", "id": "ig_old", "status": "completed", "result": made },
    ]);
    server.ok::<ThreadInjectItems>(&inject(&thread.id, items)).await;
    server.close().await;

    let mut server = place.server().await;
    server.ok::<ThreadResume>(&resume(&thread.id)).await;
    let edited = image(&server.turn(&thread.id, vec![text("make it blue")]).await).images[0].clone();
    let inputs: Vec<_> = edited.inputs.iter().map(|input| input.sha256.as_str()).collect();
    let put_in = [sha256(&plain_png(60, 40, RED)), sha256(&plain_png(50, 50, BLUE))];
    assert_eq!(inputs, put_in, "what the user gave, then what was made of it");
    let copy = server.ok::<ThreadFork>(&fork_of(&thread.id)).await.thread;
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let again = image(&server.turn(&copy.id, vec![text("make it green")]).await).images[0].clone();
    assert_eq!(again.inputs[..2], edited.inputs);
    server.close().await;
}

#[tokio::test]
async fn what_a_model_would_refuse_or_a_path_or_an_address_is_not_put_in() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let picture = |url: &str| json!([{ "type": "message", "role": "user", "content": [{ "type": "input_image", "image_url": url }] }]);
    let call = json!({ "type": "function_call", "call_id": "c", "name": "x", "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "y" });
    let mut said = String::new();
    for items in [
        json!([]),
        json!([{ "type": "reasoning", "summary": [] }]),
        json!([{ "type": "message", "role": "user" }]),
        json!([5]),
        picture("https://example.com/a.png"),
        picture("/etc/passwd"),
        picture("file:///etc/passwd"),
        picture("easel:img_00000000000000000000000000000000"),
        picture("data:image/png;base64,AAAA"),
        json!([call]),
        json!([output]),
        json!([call, output, call, output]),
    ] {
        let refusal = server.refused::<ThreadInjectItems>(&inject(&thread.id, items.clone())).await;
        said += &format!("{items}: {refusal}\n");
    }
    insta::assert_snapshot!("injections_refused", said);
    server.close().await;
    let mut server = place.server().await;
    let wish = inject(&thread.id, json!([{ "type": "message", "role": "user", "content": "x" }]));
    let refusal = server.refused::<ThreadInjectItems>(&wish).await;
    assert_eq!(refusal, format!("-32600 thread {} is not loaded; call thread/resume first", thread.id));
    server.close().await;
}

#[tokio::test]
async fn nothing_is_put_in_while_a_turn_runs() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(starts_an_image).await;
    let wish = inject(&thread.id, json!([{ "type": "message", "role": "user", "content": "x" }]));
    let refusal = server.refused::<ThreadInjectItems>(&wish).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    server.raw("turn/interrupt", &json!({ "threadId": thread.id, "turnId": turn.id })).await.expect("an end");
    server.rest_of_turn().await;
    server.close().await;
}

#[tokio::test]
async fn git_metadata_is_patched_field_by_field() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let wish = |patch| ThreadMetadataUpdateParams { thread_id: thread.id.clone(), git_info: Some(patch) };
    let given = |text: &str| Some(Some(text.to_owned()));
    let first = GitInfoPatch { sha: given("0a"), branch: given("main"), origin_url: None };
    server.ok::<ThreadMetadataUpdate>(&wish(first)).await;
    let second = GitInfoPatch { sha: Some(None), branch: None, origin_url: given("https://example.com/a.git") };
    let answer = server.ok::<ThreadMetadataUpdate>(&wish(second)).await.thread;
    let expected = GitInfo {
        sha: None,
        branch: Some("main".to_owned()),
        origin_url: Some("https://example.com/a.git".to_owned()),
    };
    assert_eq!(answer.git_info, Some(expected));
    let empty = GitInfoPatch { branch: given(""), ..GitInfoPatch::default() };
    let refusal = server.refused::<ThreadMetadataUpdate>(&wish(empty)).await;
    assert_eq!(refusal, "-32602 Invalid params: `gitInfo.branch`: must have 1 to 2000 characters");
    server.close().await;
    let mut server = place.server().await;
    assert_eq!(server.ok::<ThreadRead>(&whole(&thread.id)).await.thread.git_info, answer.git_info);
    server.close().await;
}

#[tokio::test]
async fn settings_hold_from_the_next_turn_on_and_are_told() {
    let place = Place::new();
    let (mut server, mut other) = (place.server().await, place.server().await);
    let thread = server.thread().await;
    let wish = ThreadSettingsUpdateParams {
        thread_id: thread.id.clone(),
        cwd: Some(place.root().display().to_string()),
        model: Some("another".to_owned()),
    };
    let refusal = other.refused::<ThreadSettingsUpdate>(&wish).await;
    assert!(refusal.contains("is in use by another Easel"), "{refusal}");
    server.ok::<ThreadSettingsUpdate>(&wish).await;
    let event = server.event_where("settings", |event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    let Event::ThreadSettingsUpdated(updated) = event else { panic!("{event:#?}") };
    let settings = updated.thread_settings;
    assert_eq!((settings.model.as_str(), &settings.cwd), ("another", &place.root().display().to_string()));
    assert_eq!(settings.collaboration_mode.settings.model, "another");
    let read = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread;
    assert_eq!((read.model.as_deref(), read.cwd), (Some("another"), settings.cwd));
    server.close().await;
    other.close().await;
}

#[tokio::test]
async fn settings_that_a_turn_brings_are_told_before_the_turn_and_only_when_they_differ() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let cwd = place.root().display().to_string();
    for told in [1, 0] {
        let turn = TurnStartParams {
            cwd: Some(cwd.clone()),
            model: Some("another".to_owned()),
            ..turn_start(&thread.id, vec![text("draw a red square, 64x64")])
        };
        server.ok::<TurnStart>(&turn).await;
        let events = server.rest_of_turn().await;
        let is_told = |event: &&Event| matches!(event, Event::ThreadSettingsUpdated(_));
        assert_eq!(events.iter().filter(is_told).count(), told);
        if let Event::ThreadSettingsUpdated(updated) = &events[0] {
            assert_eq!((&updated.thread_settings.model[..], &updated.thread_settings.cwd), ("another", &cwd));
        } else {
            assert_eq!(told, 0, "{events:#?}");
        }
    }
    let wish = ThreadSettingsUpdateParams { thread_id: thread.id, cwd: Some(cwd), model: None };
    server.ok::<ThreadSettingsUpdate>(&wish).await;
    server.close().await;
}
