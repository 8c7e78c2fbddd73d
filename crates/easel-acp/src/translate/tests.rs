//! Tests of the translation.

use std::path::Path;

use easel_protocol::event::{
    AgentMessageDeltaNotification, Event, ItemCompletedNotification, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, TokenUsage,
};
use easel_protocol::id::ItemId;
use easel_protocol::input::UserInput;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ImageStatus, ThreadItem, UserMessageItem};
use serde_json::{Value, json};

use super::*;
use crate::schema::ContentBlock;

fn input(block: Value) -> UserInput {
    let blocks = vec![serde_json::from_value(block).unwrap()];
    prompt_input(blocks, Path::new("/project")).unwrap().remove(0)
}

#[test]
fn links_to_files_below_the_folder_are_images() {
    let link = |uri: &str| input(json!({ "type": "resource_link", "uri": uri, "name": "n" }));
    let image = |path: &str| UserInput::LocalImage { path: path.to_owned(), detail: None };
    assert_eq!(link("file:///project/a%20b.PNG"), image("/project/a b.PNG"));
    for uri in [
        "file:///other/a.png",
        "file:///project/../other/a.png",
        "file:///project/%2e%2e/other/a.png",
        "file:///projects/a.png",
        "file://server/project/a.png",
        "http://example.com/project/a.png",
        "/project/a.png",
        "file:///project/a.txt",
    ] {
        assert_eq!(link(uri), UserInput::Mention { name: "n".to_owned(), path: uri.to_owned() }, "{uri}");
    }
    let typed = json!({ "type": "resource_link", "uri": "file:///project/a", "name": "n", "mimeType": "image/png" });
    assert_eq!(input(typed), image("/project/a"));
}

#[test]
fn bytes_of_an_image_win_over_its_uri() {
    let block =
        |data: &str| json!({ "type": "image", "data": data, "mimeType": "image/png", "uri": "file:///project/a.png" });
    assert_eq!(input(block("AAAA")), UserInput::Image { url: "data:image/png;base64,AAAA".to_owned(), detail: None });
    assert_eq!(input(block("")), UserInput::LocalImage { path: "/project/a.png".to_owned(), detail: None });
}

#[test]
fn audio_and_unknown_blocks_are_refused() {
    assert!(prompt_input(vec![ContentBlock::Audio {}], Path::new("/project")).is_err());
    serde_json::from_value::<ContentBlock>(json!({ "type": "video" })).unwrap_err();
}

fn message(text: &str) -> ThreadItem {
    ThreadItem::AgentMessage(AgentMessageItem {
        id: ItemId::from("m"),
        text: text.to_owned(),
        phase: None,
        started_at_ms: 0,
        completed_at_ms: None,
    })
}

fn completed(item: ThreadItem) -> Event {
    Event::ItemCompleted(ItemCompletedNotification {
        thread_id: "t".into(),
        turn_id: "u".into(),
        item,
        completed_at_ms: 0,
    })
}

fn texts(steps: &[Step]) -> Vec<String> {
    let update = |step: &Step| if let Step::Update(update) = step { Some(json!(update)) } else { None };
    steps.iter().filter_map(update).map(|update| update["content"]["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn message_without_all_deltas_is_completed() {
    let mut turn = TurnTranslation::default();
    let delta = AgentMessageDeltaNotification {
        thread_id: "t".into(),
        turn_id: "u".into(),
        item_id: ItemId::from("m"),
        delta: "Here ".to_owned(),
    };
    assert_eq!(texts(&turn.steps(Event::AgentMessageDelta(delta))), ["Here "]);
    assert_eq!(texts(&turn.steps(completed(message("Here it is.")))), ["it is."]);
    assert_eq!(texts(&turn.steps(completed(message("Here it is.")))), [""; 0]);
}

#[test]
fn white_space_before_a_message_repeats_no_text() {
    let mut turn = TurnTranslation::default();
    let delta = |delta: &str| {
        Event::AgentMessageDelta(AgentMessageDeltaNotification {
            thread_id: "t".into(),
            turn_id: "u".into(),
            item_id: ItemId::from("m"),
            delta: delta.to_owned(),
        })
    };
    assert_eq!(texts(&turn.steps(delta("Here it is."))), ["Here it is."]);
    assert_eq!(texts(&turn.steps(completed(message("\n\nHere it is.")))), [""; 0]);
    let mut turn = TurnTranslation::default();
    assert_eq!(texts(&turn.steps(delta("\n\nHere "))), ["\n\nHere "]);
    assert_eq!(texts(&turn.steps(completed(message("\n\nHere it is.")))), ["it is."]);
    // A text that does not continue the deltas adds nothing.
    assert_eq!(texts(&turn.steps(completed(message("Something else.")))), [""; 0]);
}

#[test]
fn history_leaves_out_only_the_sentence_of_options() {
    let sentence = settings_sentence(|id| (id == "size").then_some("1024x1024")).unwrap();
    assert_eq!(sentence, "Image settings: size 1024x1024.");
    let own = "Image settings: size 5x5.";
    for (texts, shown) in [
        (vec!["a cat", &sentence], vec!["a cat"]),
        (vec!["a cat", own], vec!["a cat", own]),
        (vec!["a cat", "Image settings: as before."], vec!["a cat", "Image settings: as before."]),
        (vec![&sentence, "a cat"], vec![&sentence, "a cat"]),
        (vec![&sentence], vec![&sentence]),
    ] {
        let content = texts.into_iter().map(|text| UserInput::Text { text: text.into(), text_elements: Vec::new() });
        let (id, content, started_at_ms) = (ItemId::from("m"), content.collect(), 0);
        let item = UserMessageItem { id, client_id: None, content, started_at_ms, completed_at_ms: None };
        let updates = item_updates(ThreadItem::UserMessage(item), Pictures::new());
        assert_eq!(self::texts(&updates.into_iter().map(Step::Update).collect::<Vec<_>>()), shown);
    }
}

#[test]
fn prompt_without_blocks_or_with_too_many_is_refused() {
    let blocks = |count| prompt_input(vec![ContentBlock::text("a"); count], Path::new("/project"));
    assert_eq!(blocks(63).unwrap().len(), 63);
    for count in [0, 64] {
        assert_eq!(blocks(count).unwrap_err().code(), -32602);
    }
}

#[test]
fn failed_call_has_one_text_and_no_prompt() {
    let mut item = ImageGenerationItem::new(ItemId::from("i"), 0);
    item.status = ImageStatus::Failed;
    let call = json!(finished_tool_call(&item, Pictures::new()));
    assert_eq!(call["status"], "failed");
    assert_eq!(
        call["content"],
        json!([{ "type": "content", "content": { "type": "text", "text": "No image was made." } }])
    );
    assert_eq!((call.get("title"), call.get("rawInput")), (None, None));
}

#[test]
fn title_is_one_short_line() {
    assert_eq!(tool_call::title("a\n red  square"), "Image: a red square");
    assert_eq!(tool_call::title(&"é".repeat(70)), format!("Image: {}…", "é".repeat(60)));
}

#[test]
fn usage_needs_the_size_of_the_context() {
    let steps = |model_context_window| {
        let last = TokenUsage { total_tokens: 7, ..TokenUsage::default() };
        let token_usage = ThreadTokenUsage { total: last, last, model_context_window };
        TurnTranslation::default().steps(Event::ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification {
            thread_id: "t".into(),
            turn_id: "u".into(),
            token_usage,
        }))
    };
    assert!(steps(None).is_empty() && steps(Some(0)).is_empty());
    let steps = steps(Some(100));
    let [Step::Update(update)] = &steps[..] else { panic!("no update") };
    assert_eq!(json!(update), json!({ "sessionUpdate": "usage_update", "used": 7, "size": 100 }));
}
