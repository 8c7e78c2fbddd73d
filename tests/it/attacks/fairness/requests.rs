//! Slow requests, and those behind them.

use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use crate::harness::{SLOW_AND_FREE, Sandbox};
use crate::wire::raw::RawServer;

/// A PNG with a text chunk of this many bytes, which decoders ignore.
fn padded_png(bytes: usize) -> Vec<u8> {
    let mut png = solid_png(8, 8, RED);
    let chunk = [&(bytes as u32).to_be_bytes()[..], b"tEXt", &vec![b'x'; bytes], &[0; 4]].concat();
    // The position after the signature and the header.
    png.splice(33..33, chunk);
    png
}

#[test]
fn interrupt_overtakes_a_large_message() {
    use base64::Engine;
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = RawServer::spawn(sandbox.server_command(&[]).into_std());
    server.initialize();
    let thread_id = server.start_thread();
    let input = json!([{ "type": "text", "text": "draw a cat" }]);
    let turn = server.request("turn/start", &json!({ "threadId": thread_id, "input": input }))["turn"]["id"].take();
    server.read_until("turn/started");
    let url = base64::engine::general_purpose::STANDARD.encode(padded_png(30_000_000));
    let input = json!([{ "type": "image", "url": format!("data:image/png;base64,{url}") }]);
    let steer = json!({ "threadId": thread_id, "expectedTurnId": turn, "input": input });
    let interrupt = json!({ "threadId": thread_id, "turnId": turn });
    server.send(&json!({ "id": "steer", "method": "turn/steer", "params": steer }).to_string());
    server.send(&json!({ "id": "interrupt", "method": "turn/interrupt", "params": interrupt }).to_string());
    let mut ids: Vec<Value> = Vec::new();
    while ids.len() < 2 {
        let message = server.read_json();
        if message.get("id").is_some() {
            ids.push(message["id"].clone());
        }
    }
    assert_eq!(ids, ["interrupt", "steer"]);
}

#[test]
fn turn_starts_right_after_an_interrupt() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = RawServer::spawn(sandbox.server_command(&[]).into_std());
    server.initialize();
    let thread_id = server.start_thread();
    let input = json!([{ "type": "text", "text": "draw a cat" }]);
    let start = json!({ "threadId": thread_id, "input": input });
    for _ in 0..20 {
        let turn = server.request("turn/start", &start)["turn"]["id"].take();
        server.request("turn/interrupt", &json!({ "threadId": thread_id, "turnId": turn }));
    }
    // The first request after an interrupt waits for the end of the interrupted turn.
    server.request("turn/start", &start);
}

#[test]
fn invalid_items_of_60_mb_do_not_block_others() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let thread_id = server.start_thread();
    let mut content = vec![json!({ "type": "input_text", "text": "y".repeat(1_000_000) }); 59];
    content.push(json!({ "type": "input_text", "text": 7 }));
    let items = json!([{ "type": "message", "role": "user", "content": content }]);
    let params = json!({ "threadId": thread_id, "items": items });
    server.send(&json!({ "id": "faulty", "method": "thread/inject_items", "params": params }).to_string());
    for id in 0..3 {
        server.send(&json!({ "id": id, "method": "thread/list", "params": {} }).to_string());
    }
    let responses: Vec<Value> = (0..4).map(|_| server.read_json()).collect();
    assert!(responses[..3].iter().all(|response| response["id"] != "faulty"), "{responses:#?}");
    let error = &responses[3]["error"];
    assert_eq!(
        (&error["code"], &error["data"]["field"]),
        (&json!(-32602), &json!("items[0].content[59].text")),
        "{error}"
    );
    server.close();
}
