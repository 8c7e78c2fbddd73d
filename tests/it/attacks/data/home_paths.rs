//! A home keeps its images when it is moved, and under every path that leads to it.

use std::os::unix::fs::symlink;
use std::path::Path;

use easel_protocol::event::Event;
use easel_protocol::image::ImageReadParams;
use easel_protocol::method::{ImageRead, ThreadDelete, ThreadRead, ThreadResume};
use easel_protocol::thread::ThreadDeleteParams;
use easel_testkit::image::{RED, solid_png};

use crate::harness::events::{as_image, completed_image};
use crate::harness::read_file;
use crate::harness::{STANDALONE, Sandbox, Server, local_image, text};
use crate::threads::{read_params, resume_params};

fn first_bytes(handle: &str) -> ImageReadParams {
    ImageReadParams { image_id: handle.into(), offset: Some(0), length: Some(8), ..ImageReadParams::default() }
}

#[tokio::test]
async fn home_can_be_moved_behind_a_link() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let file = sandbox.write_file("given.png", &solid_png(60, 40, RED));
    let events = server.run_turn(&thread.id, vec![text("make it blue"), local_image(&file)]).await;
    let image = completed_image(&events).images[0].clone();
    server.close().await;
    // The path of every file in the home has changed.
    let moved = dunce::canonicalize(sandbox.root()).expect("a folder").join("another disk");
    std::fs::rename(sandbox.home(), &moved).expect("a moved home");
    symlink(&moved, sandbox.home()).expect("a link");

    let mut server = sandbox.start_server().await;
    let turns = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns;
    let item = turns[0].items.iter().find_map(as_image).expect("the image's item");
    let path = item.saved_path.clone().expect("a path");
    assert!(path.starts_with(moved.to_str().expect("a plain path")), "{path}");
    assert_eq!(read_file(Path::new(&path)).len() as u64, image.facts.bytes);
    let all = serde_json::to_string(&turns[0].items[0]).expect("JSON");
    assert!(!all.contains(sandbox.home().to_str().expect("a plain path")), "{all}");
    server.request::<ImageRead>(&first_bytes(&image.id)).await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("make it green")]).await;
    assert!(!completed_image(&events).images[0].inputs.is_empty());
    server.close().await;
}

#[tokio::test]
async fn processes_with_two_names_for_a_home_share_its_images() {
    let sandbox = Sandbox::with_config("");
    let link = sandbox.root().join("link");
    symlink(sandbox.home(), &link).expect("a link");
    let mut here = sandbox.start_server().await;
    let mut command = sandbox.server_command(STANDALONE);
    command.env("EASEL_HOME", &link);
    let mut there = Server::spawn(command);
    there.initialize(None).await;

    let file = sandbox.write_file("given.png", &solid_png(60, 40, RED));
    let (first, second) = (here.start_thread().await, there.start_thread().await);
    let events = here.run_turn(&first.id, vec![text("make it blue"), local_image(&file)]).await;
    let image = completed_image(&events).images[0].id.clone();
    there.request::<ImageRead>(&first_bytes(&image)).await;
    there.run_turn(&second.id, vec![text("make it blue"), local_image(&file)]).await;
    // Both threads attached the same bytes, which are stored in one file.
    here.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: first.id }).await;
    here.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    let events = there.run_turn(&second.id, vec![text("make it green")]).await;
    assert_eq!(completed_image(&events).error, None);
    let turns = there.request::<ThreadRead>(&read_params(&second.id)).await.thread.turns;
    let inputs = &turns[0].items.iter().find_map(as_image).expect("the image's item").input_images;
    assert!(inputs.iter().all(|input| Path::new(&input.path).exists()), "{inputs:?}");
    here.close().await;
    there.close().await;
}
