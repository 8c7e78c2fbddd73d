//! The preview provider sends previews, so that clients can be developed without a key.

use easel_protocol::event::Event;
use easel_protocol::handshake::ClientCapabilities;

use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::storage::list_recursively;

const SHOWING: &str = "images.partial_images = 2\n";

#[tokio::test]
async fn preview_provider_sends_two_previews() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::with_config(SHOWING);
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("Draw a red fox")]).await;
        let item = completed_image(&events);
        let started = events.iter().position(is_image_start).expect("a start");
        let methods: Vec<&str> = events[started..].iter().take(4).map(Event::method).collect();
        let preview = "item/imageGeneration/preview";
        assert_eq!(methods, ["item/started", preview, preview, "item/completed"]);
        let previews = events.iter().filter_map(|event| {
            let Event::ImagePreview(preview) = event else { return None };
            Some((preview.index, preview.width, preview.item_id.as_str()))
        });
        assert_eq!(previews.collect::<Vec<_>>(), [(0, 1024, item.id.as_str()), (1, 1024, item.id.as_str())]);
        let files =
            list_recursively(&sandbox.home().join("generated_images")).into_iter().filter(|path| path.is_file());
        assert_eq!(files.count(), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn client_can_opt_out_of_previews() {
    let sandbox = Sandbox::with_config(SHOWING);
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let methods = vec!["item/imageGeneration/preview".to_owned()];
    let capabilities =
        ClientCapabilities { opt_out_notification_methods: Some(methods), ..ClientCapabilities::default() };
    server.initialize(Some(capabilities)).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("Draw a red fox")]).await;
    assert!(completed_image(&events).saved_path.is_some());
    assert!(!events.iter().any(|event| matches!(event, Event::ImagePreview(_))));
    server.close().await;
}
