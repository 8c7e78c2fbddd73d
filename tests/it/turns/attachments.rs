//! Images that the user attaches to a turn.

use easel_protocol::input::UserInput;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::method::{ThreadRead, TurnStart};
use easel_protocol::record::ImageAction;
use easel_protocol::thread::{ThreadReadParams, ThreadStatus};
use easel_testkit::image::{BLUE, DecodedPng, RED, data_url, png_with_claimed_size, sha256, solid_png};

use crate::harness::events::{completed_image, completed_items};
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, text, turn_start_params};

fn data_url_image(png: &[u8]) -> UserInput {
    UserInput::Image { url: data_url(png), detail: None }
}

#[tokio::test]
async fn two_attachments_arrive_in_the_order_of_the_message() {
    let (red, blue) = (solid_png(60, 40, RED), solid_png(40, 60, BLUE));
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let (first, second) = (sandbox.write_file("a.png", &red), sandbox.write_file("b.png", &blue));
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let input = vec![text("edit the first image"), local_image(&first), local_image(&second)];
        let events = server.run_turn(&thread.id, input).await;
        let item = completed_image(&events);
        let record = &item.images[0];
        assert_eq!(record.requested.action, ImageAction::Edit);
        let sent: Vec<&str> = record.inputs.iter().map(|input| input.sha256.as_str()).collect();
        assert_eq!(sent, [sha256(&red), sha256(&blue)], "{tool:?}");
        let shown: Vec<&str> = item.input_images.iter().map(|input| input.sha256.as_str()).collect();
        assert_eq!(shown, sent, "{tool:?}");

        let picture = DecodedPng::decode(&read_file(&record.path));
        let ((red, (red_x, _)), (blue, (blue_x, _))) = (picture.color_area(RED), picture.color_area(BLUE));
        assert!(red > 5_000 && blue > 5_000, "{tool:?}: {red} red and {blue} blue pixels");
        assert!(red_x < blue_x, "{tool:?}: inset 1 is left of inset 2, not at {red_x} and {blue_x}");
        server.close().await;
    }
}

#[tokio::test]
async fn mixed_attachments_keep_their_order() {
    let (red, blue) = (solid_png(60, 40, RED), solid_png(40, 60, BLUE));
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("b.png", &blue);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let input = vec![data_url_image(&red), local_image(&file), text("put both into one")];
    let events = server.run_turn(&thread.id, input).await;
    let sent: Vec<&str> = completed_image(&events).images[0].inputs.iter().map(|input| input.sha256.as_str()).collect();
    assert_eq!(sent, [sha256(&red), sha256(&blue)]);
    server.close().await;
}

#[tokio::test]
async fn attached_file_may_be_deleted_after_turn_start() {
    let red = solid_png(60, 40, RED);
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("a.png", &red);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("frame it"), local_image(&file)]).await;
    std::fs::remove_file(&file).expect("the client's own file");
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_image(&events).images[0].inputs[0].sha256, sha256(&red));

    let Some(ThreadItem::UserMessage(UserMessageItem { content, .. })) = completed_items(&events).first().copied()
    else {
        panic!("{events:#?}")
    };
    let [UserInput::Text { .. }, UserInput::LocalImage { path, .. }] = content.as_slice() else {
        panic!("{content:#?}")
    };
    assert_eq!(read_file(path), red, "history names Easel's own copy");
    assert!(path.starts_with(&sandbox.home().join("attachments").display().to_string()), "{path}");

    let again = server.run_turn(&thread.id, vec![text("make it darker")]).await;
    let inputs: Vec<&str> =
        completed_image(&again).images[0].inputs.iter().map(|input| input.sha256.as_str()).collect();
    assert_eq!(
        inputs,
        [sha256(&red), completed_image(&events).images[0].facts.sha256.clone()],
        "the attachment, then the generated image"
    );
    server.close().await;
}

#[tokio::test]
async fn equal_attachments_share_one_file() {
    let red = solid_png(60, 40, RED);
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("a.png", &red);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("one"), local_image(&file), data_url_image(&red)]).await;
    let files = std::fs::read_dir(sandbox.home().join("attachments")).expect("a folder");
    let files: Vec<_> = files.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_file()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].file_name().to_string_lossy(), format!("{}.png", sha256(&red)));
    server.close().await;
}

/// Checks that the turn is refused and leaves nothing in its thread. Returns the error.
async fn assert_refused(server: &mut Server, thread_id: &str, input: Vec<UserInput>) -> String {
    let refusal = server.request_error::<TurnStart>(&turn_start_params(thread_id, input)).await;
    let read = ThreadReadParams { thread_id: thread_id.into(), include_turns: Some(true) };
    let thread = server.request::<ThreadRead>(&read).await.thread;
    assert_eq!((thread.status, thread.turns.len()), (ThreadStatus::Idle {}, 0), "{refusal}");
    refusal
}

#[tokio::test]
async fn invalid_attachment_is_refused_by_its_position() {
    let sandbox = Sandbox::new();
    let text_file = sandbox.write_file("notes.png", b"these are words");
    let huge = sandbox.write_file("huge.png", &png_with_claimed_size(200_000, 200_000));
    let cut = sandbox.write_file("cut.png", &solid_png(60, 40, RED)[..60]);
    let fifo = sandbox.project().join("pipe.png");
    let status = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(status.success());
    let missing = sandbox.project().join("gone.png");
    let web = |url: &str| UserInput::Image { url: url.to_owned(), detail: None };

    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut refusals = String::new();
    for part in [
        web("http://127.0.0.1/a.png"),
        web("https://example.com/a.png"),
        web("file:///etc/passwd"),
        web("data:image/png;base64,AAAA"),
        web("data:text/html;base64,PGI+"),
        web("data:image/png;base64,%%%"),
        local_image(&missing),
        local_image("relative.png".as_ref()),
        local_image(&text_file),
        local_image(&cut),
        local_image(&sandbox.project()),
        local_image(&fifo),
        local_image("/dev/zero".as_ref()),
        local_image(&huge),
    ] {
        let refusal = assert_refused(&mut server, &thread.id, vec![text("edit this"), part]).await;
        refusals += &refusal.replace(&sandbox.root().display().to_string(), "[root]");
        refusals.push('\n');
    }
    insta::assert_snapshot!("no_images", refusals);
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    server.close().await;
}

#[tokio::test]
async fn empty_message_is_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for input in [vec![], vec![text("")], vec![text(" \n\t")]] {
        let refusal = assert_refused(&mut server, &thread.id, input).await;
        assert_eq!(refusal, "-32602 Invalid params: `input`: must not be empty");
    }
    let refusal = assert_refused(&mut server, &thread.id, vec![text("x"); 65]).await;
    assert_eq!(refusal, "-32602 Invalid params: `input`: has 65 parts; at most 64 are allowed");
    server.close().await;
}

#[tokio::test]
async fn an_image_over_the_configured_size_is_refused() {
    let sandbox = Sandbox::with_config("[limits]\nreference_bytes = 200\nreference_pixels = 1000\n");
    let wide = sandbox.write_file("wide.png", &solid_png(1001, 1, RED));
    let mut heavy = solid_png(2, 2, RED);
    heavy.extend(vec![0; 300]);
    let heavy = sandbox.write_file("heavy.png", &heavy);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let refusal = assert_refused(&mut server, &thread.id, vec![local_image(&wide)]).await;
    assert!(refusal.contains("`input[0]`") && refusal.contains("1001x1 pixels, more than 1000"), "{refusal}");
    let refusal = assert_refused(&mut server, &thread.id, vec![text("x"), local_image(&heavy)]).await;
    assert!(refusal.contains("`input[1]`") && refusal.contains("larger than 200 bytes"), "{refusal}");
    server.close().await;
}
