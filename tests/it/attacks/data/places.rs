//! A home keeps its images wherever it is moved, and by whatever name a process reaches it.

use std::os::unix::fs::symlink;
use std::path::Path;

use easel_protocol::event::Event;
use easel_protocol::image::ImageReadParams;
use easel_protocol::method::{ImageRead, ThreadDelete, ThreadRead, ThreadResume};
use easel_protocol::thread::ThreadDeleteParams;

use crate::harness::events::{as_image, image};
use crate::harness::pictures::{RED, plain_png, read};
use crate::harness::{Place, STANDALONE, Server, local_image, text};
use crate::threads::{resume, whole};

fn first_bytes(handle: &str) -> ImageReadParams {
    ImageReadParams { image_id: handle.to_owned(), offset: Some(0), length: Some(8) }
}

#[tokio::test]
async fn a_home_that_was_moved_behind_a_link_goes_on() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let file = place.write("given.png", &plain_png(60, 40, RED));
    let events = server.turn(&thread.id, vec![text("make it blue"), local_image(&file)]).await;
    let made = image(&events).images[0].clone();
    server.close().await;
    // Every file of the home has another path now.
    let moved = place.root().canonicalize().expect("a folder").join("another disk");
    std::fs::rename(place.home(), &moved).expect("a moved home");
    symlink(&moved, place.home()).expect("a link");

    let mut server = place.server().await;
    let turns = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread.turns;
    let item = turns[0].items.iter().find_map(as_image).expect("the image's item");
    let path = item.saved_path.clone().expect("a path");
    assert!(path.starts_with(moved.to_str().expect("a plain path")), "{path}");
    assert_eq!(read(Path::new(&path)).len() as u64, made.facts.bytes);
    let all = serde_json::to_string(&turns[0].items[0]).expect("JSON");
    assert!(!all.contains(place.home().to_str().expect("a plain path")), "{all}");
    server.ok::<ImageRead>(&first_bytes(&made.id)).await;
    server.ok::<ThreadResume>(&resume(&thread.id)).await;
    let events = server.turn(&thread.id, vec![text("make it green")]).await;
    assert!(!image(&events).images[0].inputs.is_empty());
    server.close().await;
}

#[tokio::test]
async fn processes_with_two_names_for_a_home_share_its_images() {
    let place = Place::with_config("");
    let link = place.root().join("link");
    symlink(place.home(), &link).expect("a link");
    let mut here = place.server().await;
    let mut command = place.command(STANDALONE);
    command.env("EASEL_HOME", &link);
    let mut there = Server::spawn(command);
    there.initialize(None).await;

    let file = place.write("given.png", &plain_png(60, 40, RED));
    let (first, second) = (here.thread().await, there.thread().await);
    let events = here.turn(&first.id, vec![text("make it blue"), local_image(&file)]).await;
    let made = image(&events).images[0].id.clone();
    there.ok::<ImageRead>(&first_bytes(&made)).await;
    there.turn(&second.id, vec![text("make it blue"), local_image(&file)]).await;
    // Both threads were given the same bytes, which are one file.
    here.ok::<ThreadDelete>(&ThreadDeleteParams { thread_id: first.id }).await;
    here.event_where("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    let events = there.turn(&second.id, vec![text("make it green")]).await;
    assert_eq!(image(&events).error, None);
    let turns = there.ok::<ThreadRead>(&whole(&second.id)).await.thread.turns;
    let inputs = &turns[0].items.iter().find_map(as_image).expect("the image's item").input_images;
    assert!(inputs.iter().all(|input| Path::new(&input.path).exists()), "{inputs:?}");
    here.close().await;
    there.close().await;
}
