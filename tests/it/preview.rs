//! The preview provider: pictures that show what was said, and edits that keep the scene.

use std::collections::HashSet;

use easel_protocol::event::Event;
use easel_protocol::method::ThreadResume;
use easel_testkit::image::{DecodedPng, solid_png};

use crate::harness::events::{as_image, completed_image, completed_items, last_agent_message};
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, read_file, text};
use crate::threads::forks::{fork, fork_params};
use crate::threads::resume_params;

/// Minimum number of pixels of a thing.
const VISIBLE: usize = 3_000;

fn is_red([r, g, b]: [u8; 3]) -> bool {
    r > 170 && g < 90 && b < 90
}

fn is_blue([r, g, b]: [u8; 3]) -> bool {
    r < 90 && g < 130 && b > 150
}

fn is_yellow([r, g, b]: [u8; 3]) -> bool {
    r > 220 && g > 180 && b < 110
}

fn is_green([r, g, b]: [u8; 3]) -> bool {
    r < 90 && g > 120 && b < 110
}

/// Runs a turn that makes one picture, and decodes it.
async fn draw(server: &mut Server, thread_id: &str, words: &str) -> DecodedPng {
    let events = server.run_turn(thread_id, vec![text(words)]).await;
    decode(&events)
}

fn decode(events: &[Event]) -> DecodedPng {
    DecodedPng::decode(&read_file(&completed_image(events).images[0].path))
}

fn count(picture: &DecodedPng, is_part: fn([u8; 3]) -> bool) -> usize {
    picture.area_of(is_part).0
}

/// The height of a color on the picture; larger is lower.
fn height(picture: &DecodedPng, is_part: fn([u8; 3]) -> bool) -> f64 {
    let (count, (_, y)) = picture.area_of(is_part);
    assert!(count > VISIBLE, "{count} pixels");
    y
}

#[tokio::test]
async fn edits_keep_the_scene_after_restart_and_fork() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let drawn = draw(&mut server, &thread.id, "a red star over a blue mountain").await;
        assert!(height(&drawn, is_red) < height(&drawn, is_blue));
        let edited = draw(&mut server, &thread.id, "make the star yellow").await;
        assert!(height(&edited, is_yellow) < height(&edited, is_blue));
        assert_eq!(count(&edited, is_red), 0);
        server.close().await;

        let mut server = sandbox.start_server_with(tool).await;
        server.request::<ThreadResume>(&resume_params(&thread.id)).await;
        let resumed = draw(&mut server, &thread.id, "make the mountain green").await;
        assert!(height(&resumed, is_yellow) < height(&resumed, is_green));
        assert_eq!(count(&resumed, is_yellow), count(&edited, is_yellow), "the star is the same");

        let copy = fork(&mut server, &fork_params(&thread.id)).await;
        let forked = draw(&mut server, &copy.id, "remove the star").await;
        assert!(count(&forked, is_green) > VISIBLE && count(&forked, is_yellow) < VISIBLE);
        let source = draw(&mut server, &thread.id, "make it red").await;
        assert!(height(&source, is_red) < height(&source, is_green));
        server.close().await;
    }
}

#[tokio::test]
async fn preview_file_is_edited_in_another_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("a red car, 640x512")]).await;
    let file = sandbox.write_file("car.png", &read_file(&completed_image(&events).images[0].path));
    let other = server.start_thread().await;
    let edited = decode(&server.run_turn(&other.id, vec![text("make it blue"), local_image(&file)]).await);
    assert!(count(&edited, is_blue) > VISIBLE && count(&edited, is_red) == 0);
    assert_eq!((edited.width, edited.height), (640, 512), "an edit keeps the size");
    server.close().await;
}

#[tokio::test]
async fn photo_stays_an_inset_beside_the_scene() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let photo = sandbox.write_file("photo.png", &solid_png(90, 60, [1, 2, 250]));
    let first = decode(&server.run_turn(&thread.id, vec![text("a red square"), local_image(&photo)]).await);
    let second = draw(&mut server, &thread.id, "make it green").await;
    for (picture, is_part) in [(&first, is_red as fn([u8; 3]) -> bool), (&second, is_green)] {
        assert!(count(picture, is_part) > VISIBLE);
        assert!(picture.color_area([1, 2, 250]).0 > VISIBLE, "the inset");
    }
    assert_eq!(count(&second, is_red), 0);
    server.close().await;
}

#[tokio::test]
async fn small_talk_and_undrawable_sizes_get_words() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for (words, reply) in [
        ("hello", "Hello!"),
        ("thank you!", "You are welcome."),
        ("what can you do?", "I am Easel's built-in preview"),
        ("what is the capital of France?", "I cannot answer questions"),
        ("a cat, 10000x10000", "I cannot draw 10000x10000: a preview picture is 64 to 4096 pixels"),
        ("a cat, 16x16", "I cannot draw 16x16"),
    ] {
        let events = server.run_turn(&thread.id, vec![text(words)]).await;
        assert!(last_agent_message(&events).starts_with(reply), "{words}: {}", last_agent_message(&events));
        assert!(completed_items(&events).into_iter().all(|item| as_image(item).is_none()), "{words}");
    }
    let picture = draw(&mut server, &thread.id, "a cat, 320x256").await;
    assert_eq!((picture.width, picture.height), (320, 256));
    server.close().await;
}

#[tokio::test]
async fn message_says_what_the_picture_does_not_show() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for (words, note) in [
        (
            "a cat 猫",
            r#"Here is your picture: "a cat 猫" (1024x1024, preview). The font of the preview cannot show 猫:"#,
        ),
        ("a fjord", r#"Here is your picture: "a fjord" (1024x1024, preview). The preview knows no word of it"#),
        ("a cat", r#"Here is your picture: "a cat" (1024x1024, preview)."#),
    ] {
        let events = server.run_turn(&thread.id, vec![text(words)]).await;
        assert!(last_agent_message(&events).starts_with(note), "{}", last_agent_message(&events));
    }
    server.close().await;
}

#[tokio::test]
async fn item_ids_of_equal_conversations_differ() {
    let sandbox = Sandbox::new();
    let mut known = HashSet::new();
    let mut count = 0;
    for _ in 0..2 {
        let mut server = sandbox.start_server().await;
        for _ in 0..2 {
            let thread = server.start_thread().await;
            let events = server.run_turn(&thread.id, vec![text("a cat, 64x64")]).await;
            let ids: Vec<_> = completed_items(&events).into_iter().map(|item| item.id().clone()).collect();
            count += ids.len();
            known.extend(ids);
        }
        server.close().await;
    }
    assert_eq!((known.len(), count), (12, 12));
}
