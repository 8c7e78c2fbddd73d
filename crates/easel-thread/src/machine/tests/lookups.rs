//! What the turn runner looks up before an event.

use easel_imagegen::port::{ModelEvent, ReasoningEvent};

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
