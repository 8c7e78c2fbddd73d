//! The configured limit: a long thread stays below it, and is the same after a restart, in a fork and after a revert.

use easel_protocol::id::ImageId;
use easel_protocol::method::{ThreadRead, ThreadResume, ThreadRollback};
use easel_protocol::thread::ThreadRollbackParams;

use super::{IMAGE_TOKENS, catalogue, count_compactions, count_tokens, model_requests, sandbox, start_provider};
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Server, env_setting, text};
use crate::http::start_server_with_key;
use crate::threads::forks::{fork, fork_params};
use crate::threads::{read_params, resume_params};

/// The number of turns and the limit of a run. `EASEL_LONG_THREAD_TURNS` sets the number, and then the default limit
/// applies.
fn run_size() -> (usize, u64, &'static str) {
    match env_setting("EASEL_LONG_THREAD_TURNS") {
        Some(turns) => (turns.to_string_lossy().parse().expect("a number"), 100_000, ""),
        None => (70, 6_000, "history.model_images = 2\n"),
    }
}

/// The message of a turn. Every third one asks for an image.
fn message(turn: usize) -> String {
    let what = if turn.is_multiple_of(3) { "draw" } else { "describe" };
    format!("{what} square {turn} {}", "with soft edges ".repeat(12))
}

async fn run_turn(server: &mut Server, thread_id: &str, message: &str) {
    server.run_turn(thread_id, vec![text(message)]).await;
}

#[tokio::test]
async fn long_thread_stays_below_its_limit() {
    let (turns, limit, history) = run_size();
    let provider = start_provider(|_| None);
    let sandbox = sandbox(&provider, limit, history);
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let first = server.run_turn(&thread.id, vec![text(&message(0))]).await;
    let oldest_image: ImageId = completed_image(&first).images[0].id.clone();
    for turn in 1..turns {
        if turn == turns / 2 {
            server.close().await;
            server = start_server_with_key(&sandbox, STANDALONE).await;
            server.request::<ThreadResume>(&resume_params(&thread.id)).await;
        }
        run_turn(&mut server, &thread.id, &message(turn)).await;
    }
    let bodies = model_requests(&provider);
    let largest = bodies.iter().map(count_tokens).max().expect("a request");
    // A request may exceed the limit by what was added since the last one.
    assert!(largest <= limit + IMAGE_TOKENS + 600, "{largest}");

    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    let compactions = count_compactions(read.turns.iter().flat_map(|turn| &turn.items));
    println!(
        "{turns} turns with a limit of {limit} tokens: {compactions} compactions, largest request {largest} tokens"
    );
    assert_eq!(read.turns.len(), turns, "clients still read all turns");
    assert!(compactions >= 1 && compactions <= turns / 4, "{compactions} compactions");
    let catalogues = bodies.windows(2).filter(|pair| catalogue(&pair[0]) != catalogue(&pair[1])).count();
    assert_eq!(catalogues, compactions, "a restart does not change the catalogue");

    // An image of a turn that only the catalogue may still name.
    let events = server.run_turn(&thread.id, vec![text(&format!("edit {oldest_image}"))]).await;
    assert_eq!(completed_image(&events).images[0].inputs[0].id.as_ref(), Some(&oldest_image));
    server.close().await;
}

#[tokio::test]
async fn forked_and_reverted_threads_send_the_same() {
    let provider = start_provider(|_| None);
    let sandbox = sandbox(&provider, 6_000, "history.model_images = 2\n");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    for turn in 0..30 {
        run_turn(&mut server, &thread.id, &message(turn)).await;
    }
    let copy = fork(&mut server, &fork_params(&thread.id)).await;
    run_turn(&mut server, &thread.id, "describe the end").await;
    run_turn(&mut server, &copy.id, "describe the end").await;
    server.request::<ThreadRollback>(&ThreadRollbackParams { thread_id: thread.id.clone(), num_turns: 1 }).await;
    server.expect_event("thread/reverted", |event| event.method() == "thread/reverted").await;
    run_turn(&mut server, &thread.id, "describe the end").await;
    let bodies = model_requests(&provider);
    let [first, forked, reverted] = &bodies[bodies.len() - 3..] else { panic!("three requests") };
    assert!(catalogue(first).is_some());
    assert_eq!(first["input"], forked["input"]);
    assert_eq!(first["input"], reverted["input"]);

    // Without the turns that were compacted away, everything is sent again.
    server.request::<ThreadRollback>(&ThreadRollbackParams { thread_id: thread.id.clone(), num_turns: 30 }).await;
    server.expect_event("thread/reverted", |event| event.method() == "thread/reverted").await;
    run_turn(&mut server, &thread.id, "describe the beginning").await;
    let last = model_requests(&provider).pop().expect("a request");
    assert_eq!(catalogue(&last), None);
    assert_eq!(last["input"].as_array().map(Vec::len), bodies[2]["input"].as_array().map(Vec::len));
    server.close().await;
}
