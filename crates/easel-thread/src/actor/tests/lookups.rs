//! Items and images of earlier turns, which only the store knows.

use crate::fakes::fixture::Fixture;
use crate::fakes::images::handle;

const DONE: &str = "text msg Done\n done";

#[tokio::test(start_paused = true)]
async fn id_of_an_earlier_turn_gets_a_number() {
    let mut fixture = Fixture::new();
    fixture.earlier.ids = vec!["a", "msg", "msg-2"];
    fixture.run_turn(&["call a cat\n call a dog\n done", DONE]).await;
    fixture.log.assert_order(&[
        "send thread item/started imageGeneration a-2",
        "send thread item/started imageGeneration a-3",
        "send thread item/completed agentMessage msg-3",
    ]);
}

#[tokio::test(start_paused = true)]
async fn call_edits_an_image_of_an_earlier_turn() {
    let mut fixture = Fixture::new();
    fixture.earlier.images = vec!["old"];
    fixture.run_turn(&["edit a /home/old.png\n done", DONE]).await;
    assert_eq!(fixture.log.count("import"), 0, "the file is in the store");
    fixture.log.assert_order(&["reserve a", "made a"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_image_fails_the_call_before_it_is_sent() {
    let fixture = Fixture::new();
    let edit: &'static str = format!("edit a {}\n done", handle("abc")).leak();
    fixture.run_turn(&[edit, DONE]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert!(item.starts_with("failed referenceNotFound, billed no"), "{item}");
    assert_eq!(fixture.log.count("reserve"), 0);
}

#[tokio::test(start_paused = true)]
async fn failed_lookup_gives_an_id_that_no_other_turn_has() {
    let mut fixture = Fixture::new();
    fixture.faults.lookups = true;
    fixture.run_turn(&["call a cat\n done", DONE]).await;
    fixture.log.assert_order(&["send thread item/started imageGeneration a-2147483648", "send thread turn/completed"]);
}
