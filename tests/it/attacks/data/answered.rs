//! What was answered is kept: `kill -9` right after the answer loses no message and no attachment.

use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadRead, ThreadResume, TurnStart, TurnSteer};
use easel_protocol::thread::Thread;
use easel_protocol::turn::{TurnStartParams, TurnStatus, TurnSteerParams};

use crate::harness::events::{end, starts_an_image};
use crate::harness::pictures::{data_url, plain_png, read};
use crate::harness::{FAST_AND_ENDLESS, Place, SLOW_AND_FREE, STANDALONE, Server, text, turn_start};
use crate::http::scripted::{Scripted, calls, completes, says};
use crate::http::{at, connected};
use crate::storage::below;
use crate::threads::{resume, whole};

fn picture(number: u8) -> UserInput {
    UserInput::Image { url: data_url(&plain_png(8, 8, [255, 0, number])), detail: None }
}

fn steer(thread_id: &str, turn_id: &str, input: Vec<UserInput>) -> TurnSteerParams {
    let (thread_id, expected_turn_id) = (thread_id.to_owned(), turn_id.to_owned());
    TurnSteerParams { thread_id, expected_turn_id, input, client_user_message_id: None }
}

/// The text of the thread's user messages, and the files of their images.
fn messages(thread: &Thread) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    for item in thread.turns.iter().flat_map(|turn| &turn.items) {
        let ThreadItem::UserMessage(message) = item else { continue };
        for piece in &message.content {
            match piece {
                UserInput::Text { text, .. } => texts.push(text.clone()),
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
    server.ok::<ThreadRead>(&whole(thread_id)).await.thread
}

fn attachments(place: &Place) -> usize {
    below(&place.home().join("attachments")).iter().filter(|path| path.is_file()).count()
}

#[tokio::test]
async fn kill_right_after_a_turn_was_started_keeps_message_and_image() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut thread_id: Option<String> = None;
    for round in 0..8 {
        let mut server = place.server().await;
        let id = match thread_id {
            Some(id) => server.ok::<ThreadResume>(&resume(&id)).await.thread.id,
            None => server.thread().await.id,
        };
        server.start_turn(&id, vec![text(&format!("OTTER {round}")), picture(round)]).await;
        server.client.kill().await.expect("it is killed");

        let mut server = place.server().await;
        let thread = read_thread(&mut server, &id).await;
        let (texts, files) = messages(&thread);
        let expected: Vec<String> = (0..=round).map(|round| format!("OTTER {round}")).collect();
        assert_eq!((texts, files.len()), (expected, usize::from(round) + 1));
        assert_eq!(read(files.last().expect("an image")), plain_png(8, 8, [255, 0, round]));
        assert!(thread.turns.iter().all(|turn| turn.status == TurnStatus::Interrupted));
        server.close().await;
        thread_id = Some(id);
    }
}

#[tokio::test]
async fn kill_right_after_a_message_was_added_keeps_it_in_order() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    server.events_until(starts_an_image).await;
    for (number, words) in [(1, "OTTER"), (2, "HERON")] {
        server.ok::<TurnSteer>(&steer(&thread.id, &turn.id, vec![text(words), picture(number)])).await;
    }
    server.client.kill().await.expect("it is killed");

    let mut server = place.server().await;
    let (texts, files) = messages(&read_thread(&mut server, &thread.id).await);
    assert_eq!(texts, ["draw a cat", "OTTER", "HERON"]);
    let pictures: Vec<Vec<u8>> = files.iter().map(read).collect();
    assert_eq!(pictures, [1, 2].map(|number| plain_png(8, 8, [255, 0, number])));
    server.close().await;
}

#[tokio::test]
async fn the_model_reads_a_message_that_a_killed_turn_did_not() {
    let (told, bodies) = std::sync::mpsc::sync_channel(8);
    let provider = Scripted::start(move |exchange| match exchange.path() {
        "responses" => {
            let body = String::from_utf8(exchange.body()).expect("JSON");
            let is_next = body.contains("AND NOW");
            told.send(body).expect("the test goes on");
            let first = calls("1", &serde_json::json!({"prompt": "a cat"}));
            let events = if is_next { says("1", "Yes") } else { vec![first] };
            exchange.answer_events(&[events, vec![completes()]].concat());
        }
        _ => drop(exchange.until_gone()),
    });
    let place = Place::with_config(&at(&provider.base_url()));
    let mut server = connected(&place, STANDALONE).await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    server.events_until(starts_an_image).await;
    server.ok::<TurnSteer>(&steer(&thread.id, &turn.id, vec![text("OTTER"), picture(1)])).await;
    server.client.kill().await.expect("it is killed");

    let mut server = connected(&place, STANDALONE).await;
    server.ok::<ThreadResume>(&resume(&thread.id)).await;
    let events = server.turn(&thread.id, vec![text("AND NOW")]).await;
    assert_eq!(end(&events).status, TurnStatus::Completed);
    let body = bodies.try_iter().last().expect("a request");
    let place_of = |words: &str| body.find(words).unwrap_or_else(|| panic!("{words} is missing in {body}"));
    assert!(place_of("draw a cat") < place_of("OTTER") && place_of("OTTER") < place_of("AND NOW"), "{body}");
    assert!(place_of("data:image/png;base64,") > place_of("OTTER"), "{body}");
    server.close().await;
}

#[tokio::test]
async fn a_refused_start_changes_nothing() {
    let place = Place::with_config(FAST_AND_ENDLESS);
    let mut server = place.server().await;
    let before = server.thread().await;
    let bad = UserInput::Image { url: "http://127.0.0.1/x.png".to_owned(), detail: None };
    let start = TurnStartParams {
        model: Some("another".to_owned()),
        cwd: Some("/elsewhere".to_owned()),
        ..turn_start(&before.id, vec![text("x"), picture(1), bad])
    };
    let refusal = server.refused::<TurnStart>(&start).await;
    assert!(refusal.starts_with("-32602"), "{refusal}");
    let after = read_thread(&mut server, &before.id).await;
    assert_eq!((&after.model, &after.cwd, after.turns.len()), (&before.model, &before.cwd, 0));
    // The thread takes the next turn, whose answer comes after the refused images are gone or while they go.
    let events = server.turn(&before.id, vec![text("hello")]).await;
    assert_eq!(end(&events).status, TurnStatus::Completed);
    server.close().await;
    assert_eq!(attachments(&place), 0, "images of a refused message are removed");
}

#[tokio::test]
async fn a_message_for_a_turn_that_has_ended_leaves_no_image() {
    let place = Place::with_config(FAST_AND_ENDLESS);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("hello")]).await;
    server.rest_of_turn().await;
    let refusal = server.refused::<TurnSteer>(&steer(&thread.id, &turn.id, vec![picture(1)])).await;
    assert_eq!(refusal, "-32600 no active turn to steer");
    let read = read_thread(&mut server, &thread.id).await;
    assert_eq!(messages(&read).0, ["hello"]);
    server.close().await;
    assert_eq!(attachments(&place), 0);
}

#[tokio::test]
async fn a_start_changes_model_and_folder_together_with_its_turn() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let start = TurnStartParams { model: Some("another".to_owned()), ..turn_start(&thread.id, vec![text("x")]) };
    server.ok::<TurnStart>(&start).await;
    server.client.kill().await.expect("it is killed");
    let mut server = place.server().await;
    let read = read_thread(&mut server, &thread.id).await;
    assert_eq!((read.model.as_deref(), read.turns.len()), (Some("another"), 1));
    server.close().await;
}
