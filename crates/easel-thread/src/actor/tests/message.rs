//! What the model reads of a user's message, and which tool it is offered.

use easel_imagegen::capability::AuthKind;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::tool::ToolExposure;

use crate::fakes::images::attachment;
use crate::fakes::world::World;
use crate::user_message;

#[test]
fn the_model_reads_the_pieces_in_their_order_and_each_image_with_its_name() {
    let image = |path: &str, detail| UserInput::LocalImage { path: path.to_owned(), detail };
    let content = [
        UserInput::Text { text: "Make".into(), text_elements: Vec::new() },
        image("/store/1.png", None),
        UserInput::Mention { name: "notes".to_owned(), path: "/project/notes.md".to_owned() },
        image("/store/2.png", Some(ImageDetail::Low)),
        UserInput::Text { text: "look like that".into(), text_elements: Vec::new() },
    ];
    let message = user_message::for_model(&content, &[attachment("A"), attachment("B")], ImageDetail::High);
    let ResponseItem::Message { content, .. } = message else { panic!("not a message") };
    let pieces: Vec<String> = content
        .into_iter()
        .map(|piece| match piece {
            ContentItem::InputText { text } => text.to_string(),
            ContentItem::InputImage { image_url, detail } => format!("{image_url} {detail:?}"),
            ContentItem::OutputText { .. } => panic!("a user puts nothing out"),
        })
        .collect();
    insta::assert_snapshot!(pieces.join("\n"), @"
    Make
    easel:img_0000000000000000000000000000000a Some(High)
    Attached image 1 is img_0000000000000000000000000000000a, saved at /home/A.png.
    [notes](/project/notes.md)
    easel:img_0000000000000000000000000000000b Some(Low)
    Attached image 2 is img_0000000000000000000000000000000b, saved at /home/B.png.
    look like that
    ");
}

#[tokio::test]
async fn a_thread_decides_by_its_own_rules_and_a_model_that_nobody_knows_is_taken_to_see() {
    let world = World::new();
    let provider = &world.load("thread", &[]).provider;
    let decide = |change: &dyn Fn(&mut crate::actor::ThreadRules)| {
        let mut rules = world.rules.clone();
        change(&mut rules);
        rules.decide(&**provider, "unknown").exposure
    };
    assert_eq!(decide(&|_| {}), ToolExposure::Standalone);
    assert_eq!(decide(&|rules| rules.imagegenext = false), ToolExposure::Hosted);
    assert_eq!(decide(&|rules| rules.image_generation = false), ToolExposure::None);
    *provider.auth.lock().unwrap() = AuthKind::Actor;
    assert_eq!(decide(&|_| {}), ToolExposure::None, "what holds is what the provider says now");
}
