//! What a client of the Codex app-server would see of a whole session, against that server's own JSON Schema.

use easel_client::Direction;
use easel_protocol::method::{
    ThreadArchive, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet, ThreadRead, ThreadResume,
    ThreadTurnsList, ThreadUnarchive,
};
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadListParams, ThreadLoadedListParams, ThreadSetNameParams, ThreadUnarchiveParams,
};
use serde_json::json;

use crate::harness::conformance::Judge;
use crate::harness::pictures::{RED, plain_png};
use crate::harness::{HOSTED, Place, STANDALONE, Server, local_image, setting, text};
use crate::threads::{items_of, resume, turns_of, whole};

#[tokio::test]
async fn a_session_satisfies_the_peers_schema_line_by_line() {
    if setting("EASEL_PEER_SCHEMA").is_none() {
        println!("skipped: EASEL_PEER_SCHEMA names no folder with the peer's schema");
        return;
    }
    for tool in [STANDALONE, HOSTED] {
        let place = Place::new();
        let mut server = place.server_with(tool).await;
        converse(&place, &mut server).await;
        let transcript = server.transcript();
        server.close().await;
        let mut judge = Judge::default();
        for (direction, line) in &transcript {
            match direction {
                Direction::Sent => judge.sent(line),
                Direction::Received => judge.received(line),
            }
        }
        assert!(judge.judged() > 50, "{tool:?}: only {} lines were judged", judge.judged());
    }
}

/// Draws, edits, fails, and reads everything back.
async fn converse(place: &Place, server: &mut Server) {
    let attached = place.write("a.png", &plain_png(60, 40, RED));
    let thread_id = server.thread().await.id;
    server.turn(&thread_id, vec![text("draw a red square")]).await;
    server.turn(&thread_id, vec![text("make it blue"), local_image(&attached)]).await;
    let read = server.ok::<ThreadRead>(&whole(&thread_id)).await;
    let drawn = read.thread.turns[0].items.iter().find_map(crate::harness::events::as_image).expect("an image");
    std::fs::remove_file(drawn.saved_path.as_ref().expect("a path")).expect("the image's file");
    server.turn(&thread_id, vec![text("change the first image")]).await;
    server.ok::<ThreadNameSet>(&ThreadSetNameParams { thread_id: thread_id.clone(), name: "A name".to_owned() }).await;
    server.event_where("thread/name/updated", |event| event.method() == "thread/name/updated").await;
    server.ok::<ThreadRead>(&whole(&thread_id)).await;
    server.ok::<ThreadTurnsList>(&turns_of(&thread_id)).await;
    server.ok::<ThreadItemsList>(&items_of(&thread_id)).await;
    server.ok::<ThreadList>(&ThreadListParams::default()).await;
    server.ok::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await;
    for method in ["account/read", "config/read", "experimentalFeature/list", "model/list", "modelProvider/list"] {
        server.raw(method, &json!({})).await.expect(method);
    }
    server.raw("modelProvider/capabilities/read", &json!({})).await.expect("capabilities");
    server.ok::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread_id.clone() }).await;
    server.event_where("thread/archived", |event| event.method() == "thread/archived").await;
    server.ok::<ThreadUnarchive>(&ThreadUnarchiveParams { thread_id: thread_id.clone() }).await;
    server.event_where("thread/unarchived", |event| event.method() == "thread/unarchived").await;
    server.ok::<ThreadResume>(&resume(&thread_id)).await;
}

#[test]
fn what_does_not_conform_is_found() {
    if setting("EASEL_PEER_SCHEMA").is_none() {
        println!("skipped: EASEL_PEER_SCHEMA names no folder with the peer's schema");
        return;
    }
    let request = r#"{"id":1,"method":"thread/list"}"#;
    for wrong in [
        r#"{"method":"turn/started","params":{"threadId":"t"}}"#,
        r#"{"method":"tool/list/updated","params":{"offered":7}}"#,
        r#"{"id":1,"result":{"data":[{"id":"t"}]}}"#,
    ] {
        let judged = std::panic::catch_unwind(|| {
            let mut judge = Judge::default();
            judge.sent(request);
            judge.received(wrong);
        });
        assert!(judged.is_err(), "{wrong}");
    }
}
