//! What an editor shows of a turn whose provider may not use its hosted image tool.

use std::collections::BTreeSet;

use easel_testkit::http::{MockServer, Request, Response};
use serde_json::Value;

use super::editor::Editor;
use crate::harness::{HOSTED, Sandbox};
use crate::http::provider_config;

#[tokio::test]
async fn withheld_hosted_tool_is_shown_as_a_message() {
    let backend = MockServer::respond(|_: &Request| Response::message("Hello."));
    for (setting, expected) in [
        ("approval = \"always\"", "Warning: Every image call needs an approval"),
        ("limits.images_per_day = 0", "limits.images_per_day (0) leaves 0 images"),
    ] {
        let sandbox = Sandbox::with_config(&format!("{setting}\n{}", provider_config(&backend.base_url())));
        let mut editor = Editor::open(&sandbox, HOSTED).await;
        let session = editor.new_session(&sandbox).await;
        // Each turn without the tool says so once.
        for _ in 0..2 {
            let (updates, response) = editor.prompt(&session, "draw a cat").await;
            assert_eq!(response["result"]["stopReason"], "end_turn", "{response}");
            let chunks: Vec<&Value> =
                updates.iter().filter(|update| update["sessionUpdate"] == "agent_message_chunk").collect();
            let texts: Vec<&str> = chunks.iter().filter_map(|chunk| chunk["content"]["text"].as_str()).collect();
            let warnings: Vec<&&str> = texts.iter().filter(|text| text.starts_with("Warning: ")).collect();
            assert!(matches!(warnings[..], [text] if text.contains(expected)), "{texts:?}");
            assert!(texts.concat().ends_with("Hello."), "{texts:?}");
            let messages: BTreeSet<&str> = chunks.iter().filter_map(|chunk| chunk["messageId"].as_str()).collect();
            assert_eq!(messages.len(), 2, "the warning is a message of its own: {chunks:?}");
        }
        editor.close().await;
    }
}
