//! A process that dies around a compaction leaves a thread that can be read and continued.

use easel_protocol::method::{ThreadRead, ThreadResume};
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request, Response, Step};
use easel_testkit::openai;
use serde_json::json;

use super::{catalogue, count_compactions, model_requests, sandbox};
use crate::harness::events::completed_turn;
use crate::harness::{STANDALONE, text};
use crate::http::start_server_with_key;
use crate::threads::{read_params, resume_params};

/// A provider that counts more tokens than the limit from the fourth request on, and never answers the fifth.
fn respond(number: usize, _: &Request) -> Vec<Step> {
    if number == 4 {
        return vec![Step::AwaitDisconnect];
    }
    let tokens = if number == 3 { 9_000 } else { 900 };
    let usage = json!({"input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1});
    let completed = json!({"type": "response.completed", "response": {"id": "resp_1", "usage": usage}});
    let events = [openai::message("1", "Done."), vec![completed]].concat();
    vec![Step::Send(Response::events(&events).to_bytes())]
}

#[tokio::test]
async fn thread_is_readable_after_a_kill_behind_the_compaction() {
    let provider = MockServer::choose(respond);
    let sandbox = sandbox(&provider, 5_000, "");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    for turn in 0..4 {
        server.run_turn(&thread.id, vec![text(&format!("describe square {turn}"))]).await;
    }
    server.start_turn(&thread.id, vec![text("describe the fifth")]).await;
    server.events_until(|event| event.method() == "thread/compacted").await;
    while model_requests(&provider).len() < 5 {
        provider.request_arrived().await;
    }
    server.client.kill().await.expect("the process is killed");

    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!((read.turns.len(), read.turns[4].status), (5, TurnStatus::Interrupted));
    assert_eq!(count_compactions(&read.turns[4].items), 1);
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("describe the end")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    // The provider's count of the conversation before the compaction does not compact it again.
    let bodies = model_requests(&provider);
    let catalogues: Vec<_> = bodies[bodies.len() - 2..].iter().map(catalogue).collect();
    assert!(catalogues[0].is_some() && catalogues[0] == catalogues[1], "{catalogues:?}");
    server.close().await;
}
