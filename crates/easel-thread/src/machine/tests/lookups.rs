//! What the turn runner looks up before an event.

use easel_imagegen::port::{FunctionCall, ModelEvent, ReasoningEvent};

use super::super::lookups::Lookups;
use super::script::ScriptRunner;

#[test]
fn only_the_first_event_of_an_item_needs_an_id() {
    let text = ModelEvent::TextDelta { item_id: "m".into(), delta: "Hi".to_owned() };
    let message = ModelEvent::Message { item_id: "m".into(), text: "Hi".to_owned() };
    let reasoning = ModelEvent::Reasoning { item_id: "r".into(), event: ReasoningEvent::Started };
    for (events, first, id) in [(vec![text, message], "delta m Hi", "m"), (vec![reasoning], "reason r", "r")] {
        let mut runner = ScriptRunner::new(std::iter::empty());
        for event in &events {
            let first = Lookups { id: Some(id.to_owned()), images: Vec::new() };
            assert_eq!(runner.turn.lookups_for(event), first, "{event:?}");
        }
        runner.run(first);
        for event in &events {
            assert_eq!(runner.turn.lookups_for(event), Lookups::default(), "{event:?}");
        }
    }
}

#[test]
fn only_calls_of_the_offered_image_tool_name_images() {
    let call = |namespace: Option<&str>, name: &str| {
        ModelEvent::FunctionCall(FunctionCall {
            call_id: "c".into(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            arguments: r#"{"prompt":"a cat","images":["img_a","img_b"]}"#.to_owned(),
        })
    };
    let named = |exposure: &'static str, event: ModelEvent| {
        let runner = ScriptRunner::new([exposure].into_iter().filter(|line| !line.is_empty()));
        runner.turn.lookups_for(&event).images
    };
    assert_eq!(named("", call(Some("image_gen"), "imagegen")), ["img_a", "img_b"]);
    assert!(named("", call(None, "read_file")).is_empty());
    assert!(named("exposure hosted", call(Some("image_gen"), "imagegen")).is_empty());
    assert!(named("exposure none", call(Some("image_gen"), "imagegen")).is_empty());
}
