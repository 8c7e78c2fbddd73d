//! User messages as the model reads them, and the choice of the tool.

use easel_imagegen::capability::AuthKind;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::tool::ToolExposure;

use crate::fakes::fixture::Fixture;
use crate::fakes::images::attachment;
use crate::{ThreadConfig, to_model_message};

#[test]
fn model_message_keeps_order_and_names_images() {
    let image = |path: &str, detail| UserInput::LocalImage { path: path.to_owned(), detail };
    let content = [
        UserInput::Text { text: "Make".into(), text_elements: Vec::new() },
        image("/store/1.png", None),
        UserInput::Mention { name: "notes".to_owned(), path: "/project/notes.md".to_owned() },
        image("/store/2.png", Some(ImageDetail::Low)),
        UserInput::Text { text: "look like that".into(), text_elements: Vec::new() },
    ];
    let message = to_model_message(&content, &[attachment("A"), attachment("B")], ImageDetail::High);
    let ResponseItem::Message { content, .. } = message else { panic!("not a message") };
    let pieces: Vec<String> = content
        .into_iter()
        .map(|piece| match piece {
            ContentItem::InputText { text } => text.to_string(),
            ContentItem::InputImage { image_url, detail } => format!("{image_url} {detail:?}"),
            ContentItem::OutputText { .. } => panic!("not a user's content"),
        })
        .collect();
    insta::assert_snapshot!(pieces.join("\n"), @"
    Make
    easel:img_0000000000000000000000000000000a Some(High)
    [notes](/project/notes.md)
    easel:img_0000000000000000000000000000000b Some(Low)
    look like that
    ");
}

#[tokio::test]
async fn tool_choice_follows_config_and_unknown_model_takes_images() {
    let fixture = Fixture::new();
    let provider = &fixture.load("thread", &[]).provider;
    let choose = |change: &dyn Fn(&mut ThreadConfig)| {
        let mut config = fixture.config.clone();
        change(&mut config);
        config.choose_tool(&**provider, "unknown").exposure
    };
    assert_eq!(choose(&|_| {}), ToolExposure::Standalone);
    assert_eq!(choose(&|config| config.imagegenext = false), ToolExposure::Hosted);
    assert_eq!(choose(&|config| config.image_generation = false), ToolExposure::None);
    *provider.auth.lock().unwrap() = AuthKind::Actor;
    assert_eq!(choose(&|_| {}), ToolExposure::None, "the current authentication counts");
}
