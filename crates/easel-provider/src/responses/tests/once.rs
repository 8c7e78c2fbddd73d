//! Items that a server sends more than once, under any ids, and different items that look the same.

use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{PATIENT, PNG, all, events, provider, request, stream};
use super::text::{call, completed, delta, done, done_at, message, transcript};

/// Returns the lines of the transcript without the last, which completes the response.
async fn transcript_lines(list: &[Value]) -> Vec<String> {
    let transcript = transcript(events(list)).await;
    let mut lines: Vec<String> = transcript.lines().map(str::to_owned).collect();
    let end = lines.pop().unwrap_or_default();
    assert!(end.starts_with("completed "), "{transcript}");
    lines
}

fn call_line(call_id: &str, prompt: &str) -> String {
    format!(r#"call {call_id} Some("image_gen") imagegen {{"prompt":"{prompt}"}}"#)
}

#[tokio::test]
async fn call_with_changing_ids_is_made_once() {
    let added = |item: &Value| json!({"type": "response.output_item.added", "output_index": 1, "item": item});
    let (a, b, c) = (call("fc_a", "call_A", "cat"), call("fc_b", "call_B", "cat"), call("fc_c", "call_C", "cat"));
    let reasoning = json!({"type": "reasoning", "id": "rs_1"});
    let once = [call_line("call_B", "cat")];
    // As vLLM does it, then without the reasoning, and without positions.
    assert_eq!(transcript_lines(&[added(&a), done_at(1, &b), completed(&[reasoning.clone(), c.clone()])]).await, once);
    assert_eq!(transcript_lines(&[added(&a), done_at(1, &b), completed(std::slice::from_ref(&c))]).await, once);
    assert_eq!(transcript_lines(&[done(&b), completed(&[reasoning, c.clone()])]).await, once);
    // Done twice, and repeated in the complete response.
    assert_eq!(transcript_lines(&[done_at(1, &b), done_at(1, &c), completed(&[a])]).await, once);
}

#[tokio::test]
async fn repeated_call_without_ids_is_made_once() {
    let bare = |call_id: Option<&str>| json!({"type": "function_call", "call_id": call_id, "name": "imagegen", "arguments": "{}"});
    for call_id in [Some("call_A"), None] {
        let item = bare(call_id);
        let lines = transcript_lines(&[done(&item), done(&item), completed(std::slice::from_ref(&item))]).await;
        assert_eq!(lines, [format!("call {} None imagegen {{}}", call_id.unwrap_or("call_1"))]);
    }
    let (spaced, parsed) = (call("", "call_A", "cat"), json!({"prompt": "cat"}));
    let mut rewritten = call("", "call_B", "cat");
    rewritten["arguments"] = parsed;
    assert_eq!(transcript_lines(&[done(&spaced), completed(&[rewritten])]).await, [call_line("call_A", "cat")]);
}

#[tokio::test]
async fn equal_calls_at_two_positions_are_made_twice() {
    let (a, b) = (call("fc_a", "call_A", "cat"), call("fc_b", "call_B", "cat"));
    let twice = [call_line("call_A", "cat"), call_line("call_B", "cat")];
    let whole = completed(&[call("x", "call_X", "cat"), call("y", "call_Y", "cat")]);
    assert_eq!(transcript_lines(&[done_at(0, &a), done_at(1, &b), whole.clone()]).await, twice);
    assert_eq!(transcript_lines(&[done(&a), done(&b), whole]).await, twice);
    assert_eq!(transcript_lines(&[completed(&[a.clone(), b.clone()])]).await, twice, "in the complete response only");
    assert_eq!(transcript_lines(&[done_at(0, &a), completed(&[a, b])]).await, twice, "one of them streamed");
    let bare = json!({"type": "function_call", "name": "imagegen", "arguments": "{}"});
    let lines = transcript_lines(&[done_at(0, &bare), done_at(1, &bare), completed(&[bare.clone(), bare])]).await;
    assert_eq!(lines, ["call call_1 None imagegen {}", "call call_2 None imagegen {}"]);
}

#[tokio::test]
async fn calls_at_one_position_are_all_made() {
    let (a, b) = (call("fc_a", "call_A", "cat"), call("fc_b", "call_B", "dog"));
    let lines = transcript_lines(&[done_at(0, &a), done_at(0, &b), completed(&[a, b])]).await;
    assert_eq!(lines, [call_line("call_A", "cat"), call_line("call_B", "dog")]);
}

#[tokio::test]
async fn message_with_changing_ids_is_reported_once() {
    let bare = json!({"type": "message", "role": "assistant", "content": "Hi"});
    assert_eq!(transcript_lines(&[done(&bare), done(&bare), completed(&[bare])]).await, [r#"message  "Hi""#]);
    // Some gateways encrypt the id of an item again for every event.
    let delta_with_id = |id: &str, text: &str| {
        let mut delta = delta(id, text);
        delta["output_index"] = json!(0);
        delta
    };
    let list = [
        delta_with_id("x1", "H"),
        delta_with_id("x2", "i"),
        done_at(0, &message("x3", "Hi")),
        completed(&[message("x4", "Hi")]),
    ];
    assert_eq!(transcript_lines(&list).await, [r#"delta x1 "H""#, r#"delta x1 "i""#, r#"message x1 "Hi""#]);
    let two = [done_at(0, &message("m", "Hi")), done_at(1, &message("m", "Ho")), completed(&[])];
    assert_eq!(transcript_lines(&two).await, [r#"message m "Hi""#, r#"message m "Ho""#], "one id for two messages");
}

async fn image_lines(list: &[Value]) -> Vec<String> {
    let server = MockServer::play([vec![Step::Send(stream(events(list)))]]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Hosted)).await;
    let (started, ended) = ("started ", "ended ");
    let lines = transcript.lines().filter(|line| !line.starts_with("completed "));
    lines
        .map(|line| match line.strip_prefix(started).or_else(|| line.strip_prefix(ended)) {
            Some(rest) => format!("{} {}", &line[..line.len() - rest.len() - 1], rest.split(' ').next().unwrap_or("")),
            None => line.to_owned(),
        })
        .collect()
}

fn image(id: Option<&str>, result: Option<&str>) -> Value {
    json!({"type": "image_generation_call", "id": id, "status": "completed", "result": result})
}

fn image_added(position: Option<usize>, id: Option<&str>) -> Value {
    json!({"type": "response.output_item.added", "output_index": position, "item": image(id, None)})
}

#[tokio::test]
async fn image_with_changing_ids_is_used_once() {
    let list = [
        image_added(Some(1), Some("ig_a")),
        json!({"type": "response.image_generation_call.generating", "output_index": 1, "item_id": "ig_b"}),
        done_at(1, &image(Some("ig_c"), Some(PNG))),
        completed(&[json!({"type": "reasoning"}), image(Some("ig_d"), Some(PNG))]),
    ];
    assert_eq!(image_lines(&list).await, ["started ig_a", "ended ig_a"]);
}

#[tokio::test]
async fn images_without_ids_are_all_used() {
    let (bare, whole) = (image(None, Some(PNG)), completed(&[image(None, Some(PNG)), image(None, Some(PNG))]));
    let both = ["started image_1", "ended image_1", "started image_2", "ended image_2"];
    assert_eq!(image_lines(&[done_at(0, &bare), done_at(1, &bare), whole.clone()]).await, both);
    assert_eq!(image_lines(&[done(&bare), done(&bare), whole.clone()]).await, both);
    assert_eq!(image_lines(&[done(&bare), whole]).await, both, "one of them streamed");
    let started = [image_added(None, None), image_added(None, None), done(&bare), done(&bare), completed(&[])];
    assert_eq!(image_lines(&started).await, ["started image_1", "started image_2", "ended image_1", "ended image_2"]);
}

#[tokio::test]
async fn images_at_one_position_are_all_used() {
    let list = [
        image_added(Some(0), Some("ig_1")),
        image_added(Some(0), Some("ig_2")),
        done_at(0, &image(Some("ig_1"), Some(PNG))),
        done_at(0, &image(Some("ig_2"), Some(PNG))),
        completed(&[]),
    ];
    assert_eq!(image_lines(&list).await, ["started ig_1", "started ig_2", "ended ig_1", "ended ig_2"]);
}

#[tokio::test]
async fn image_bytes_may_follow_in_the_complete_response() {
    let list = [done(&image(Some("ig_1"), None)), completed(&[image(Some("ig_1"), Some(PNG))])];
    assert_eq!(image_lines(&list).await, ["started ig_1", "ended ig_1"]);
    let never = image_lines(&[done(&image(Some("ig_1"), None)), completed(&[])]).await;
    assert_eq!(
        never,
        ["started ig_1", "failed ig_1 BadResponse billed Uncertain: the response ended without the image"]
    );
}
