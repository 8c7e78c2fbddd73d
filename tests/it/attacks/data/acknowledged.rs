//! Acknowledged data is kept: `kill -9` right after a response loses no message and no attachment.

use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadRead, ThreadResume, TurnStart, TurnSteer};
use easel_protocol::thread::Thread;
use easel_protocol::turn::{TurnStartParams, TurnStatus, TurnSteerParams};
use easel_testkit::http::MockServer;
use easel_testkit::image::{data_url, solid_png};
use easel_testkit::openai;

use crate::harness::events::{completed_turn, is_image_start};
use crate::harness::read_file;
use crate::harness::{FAST_AND_ENDLESS, SLOW_AND_FREE, STANDALONE, Sandbox, Server, text, turn_start_params};
use crate::http::{provider_config, start_server_with_key};
use crate::storage::list_recursively;
use crate::threads::{read_params, resume_params};

fn image(number: u8) -> UserInput {
    UserInput::Image { url: data_url(&solid_png(8, 8, [255, 0, number])), detail: None }
}

fn steer(thread_id: &str, turn_id: &str, input: Vec<UserInput>) -> TurnSteerParams {
    let (thread_id, expected_turn_id) = (thread_id.to_owned(), turn_id.to_owned());
    TurnSteerParams {
        thread_id: thread_id.into(),
        expected_turn_id: expected_turn_id.into(),
        input,
        client_user_message_id: None,
    }
}

/// The texts of the thread's user messages, and the files of their images.
fn messages(thread: &Thread) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    for item in thread.turns.iter().flat_map(|turn| &turn.items) {
        let ThreadItem::UserMessage(message) = item else { continue };
        for piece in &message.content {
            match piece {
                UserInput::Text { text, .. } => texts.push(text.to_string()),
                UserInput::LocalImage { path, .. } => files.push(path.clone()),
                UserInput::Image { .. } | UserInput::Skill { .. } | UserInput::Mention { .. } => {
                    panic!("not a piece that was sent: {piece:?}")
                }
            }
        }
    }
    (texts, files)
}

async fn read_thread(server: &mut Server, thread_id: &str) -> Thread {
    server.request::<ThreadRead>(&read_params(thread_id)).await.thread
}

fn attachments(sandbox: &Sandbox) -> usize {
    list_recursively(&sandbox.home().join("attachments")).iter().filter(|path| path.is_file()).count()
}

#[tokio::test]
async fn kill_after_turn_start_keeps_message_and_image() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut thread_id: Option<String> = None;
    for round in 0..8 {
        let mut server = sandbox.start_server().await;
        let id = match thread_id {
            Some(id) => server.request::<ThreadResume>(&resume_params(&id)).await.settings.thread.id,
            None => server.start_thread().await.id,
        };
        server.start_turn(&id, vec![text(&format!("OTTER {round}")), image(round)]).await;
        server.client.kill().await.expect("the process is killed");

        let mut server = sandbox.start_server().await;
        let thread = read_thread(&mut server, &id).await;
        let (texts, files) = messages(&thread);
        let expected: Vec<String> = (0..=round).map(|round| format!("OTTER {round}")).collect();
        assert_eq!((texts, files.len()), (expected, usize::from(round) + 1));
        assert_eq!(read_file(files.last().expect("an image")), solid_png(8, 8, [255, 0, round]));
        assert!(thread.turns.iter().all(|turn| turn.status == TurnStatus::Interrupted));
        server.close().await;
        thread_id = Some(id.to_string());
    }
}

#[tokio::test]
async fn kill_after_steer_keeps_message_in_order() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    server.events_until(is_image_start).await;
    for (number, words) in [(1, "OTTER"), (2, "HERON")] {
        server.request::<TurnSteer>(&steer(&thread.id, &turn.id, vec![text(words), image(number)])).await;
    }
    server.client.kill().await.expect("the process is killed");

    let mut server = sandbox.start_server().await;
    let (texts, files) = messages(&read_thread(&mut server, &thread.id).await);
    assert_eq!(texts, ["draw a cat", "OTTER", "HERON"]);
    let images: Vec<Vec<u8>> = files.iter().map(read_file).collect();
    assert_eq!(images, [1, 2].map(|number| solid_png(8, 8, [255, 0, number])));
    server.close().await;
}

#[tokio::test]
async fn next_turn_sends_unread_message_of_killed_turn() {
    let (sender, bodies) = std::sync::mpsc::sync_channel(8);
    let provider = MockServer::start(move |exchange| match exchange.endpoint() {
        "responses" => {
            let body = String::from_utf8(exchange.read_body()).expect("JSON");
            let is_next = body.contains("AND NOW");
            sender.send(body).expect("the test is still running");
            let first = openai::image_call("1", &serde_json::json!({"prompt": "a cat"}));
            let events = if is_next { openai::message("1", "Yes") } else { vec![first] };
            exchange.respond_events(&[events, vec![openai::completed()]].concat());
        }
        _ => drop(exchange.await_disconnect()),
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    server.events_until(is_image_start).await;
    server.request::<TurnSteer>(&steer(&thread.id, &turn.id, vec![text("OTTER"), image(1)])).await;
    server.client.kill().await.expect("the process is killed");

    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("AND NOW")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    let body = bodies.try_iter().last().expect("a request");
    let position_of = |words: &str| body.find(words).unwrap_or_else(|| panic!("{words} is missing in {body}"));
    assert!(
        position_of("draw a cat") < position_of("OTTER") && position_of("OTTER") < position_of("AND NOW"),
        "{body}"
    );
    assert!(position_of("data:image/png;base64,") > position_of("OTTER"), "{body}");
    server.close().await;
}

#[tokio::test]
async fn refused_turn_start_changes_nothing() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let before = server.start_thread().await;
    let bad = UserInput::Image { url: "http://127.0.0.1/x.png".to_owned(), detail: None };
    let start = TurnStartParams {
        model: Some("another".to_owned()),
        cwd: Some("/elsewhere".to_owned()),
        ..turn_start_params(&before.id, vec![text("x"), image(1), bad])
    };
    let refusal = server.request_error::<TurnStart>(&start).await;
    assert!(refusal.starts_with("-32602"), "{refusal}");
    let after = read_thread(&mut server, &before.id).await;
    assert_eq!((&after.model, &after.cwd, after.turns.len()), (&before.model, &before.cwd, 0));
    // The thread accepts the next turn, even while the images of the refused one are removed.
    let events = server.run_turn(&before.id, vec![text("hello")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    server.close().await;
    assert_eq!(attachments(&sandbox), 0, "images of a refused message are removed");
}

#[tokio::test]
async fn steering_an_ended_turn_leaves_no_image() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("hello")]).await;
    server.events_until_turn_end().await;
    let refusal = server.request_error::<TurnSteer>(&steer(&thread.id, &turn.id, vec![image(1)])).await;
    assert_eq!(refusal, "-32600 no active turn to steer");
    let read = read_thread(&mut server, &thread.id).await;
    assert_eq!(messages(&read).0, ["hello"]);
    server.close().await;
    assert_eq!(attachments(&sandbox), 0);
}

#[tokio::test]
async fn turn_start_changes_settings_atomically() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let start = TurnStartParams { model: Some("another".to_owned()), ..turn_start_params(&thread.id, vec![text("x")]) };
    server.request::<TurnStart>(&start).await;
    server.client.kill().await.expect("the process is killed");
    let mut server = sandbox.start_server().await;
    let read = read_thread(&mut server, &thread.id).await;
    assert_eq!((read.model.as_deref(), read.turns.len()), (Some("another"), 1));
    server.close().await;
}
