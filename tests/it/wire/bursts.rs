//! Many requests at once.

use std::collections::BTreeSet;

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

#[test]
fn burst_of_2000_requests_gets_2000_responses() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.start_thread();
    let methods = ["account/read", "thread/list", "model/list"];
    let mut burst = String::new();
    for id in 0..2_000 {
        burst.push_str(&format!("{{\"id\":{id},\"method\":\"{}\"}}\n", methods[id % 3]));
    }
    server.send_bytes(burst.as_bytes());
    let mut ids = BTreeSet::new();
    for _ in 0..2_000 {
        let response = server.read_json();
        assert!(response["result"].is_object(), "{response}");
        assert!(ids.insert(response["id"].as_u64().expect("an id of the burst")), "two responses: {response}");
    }
    assert_eq!(ids, (0..2_000).collect());
    server.close();
}

#[test]
fn burst_over_the_queue_limit_loses_no_response() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.max_in_flight=1"]);
    server.start_thread();
    let burst: String = (0..500).map(|id| format!("{{\"id\":{id},\"method\":\"thread/list\"}}\n")).collect();
    server.send_bytes(burst.as_bytes());
    let mut ids = BTreeSet::new();
    for _ in 0..500 {
        let response = server.read_json();
        let overloaded = response["error"]["code"] == -32001;
        assert!(overloaded != response["result"].is_object(), "{response}");
        assert!(ids.insert(response["id"].as_u64().expect("an id of the burst")), "two responses: {response}");
    }
    server.assert_alive();
    server.close();
}
