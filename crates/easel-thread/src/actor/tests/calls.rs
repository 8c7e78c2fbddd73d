//! Calls of the standalone tool under way.

use std::time::Duration;

use tokio::time::Instant;

use crate::fakes::log::settle;
use crate::fakes::world::World;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn calls_of_one_answer_run_side_by_side_within_their_bound() {
    let mut world = World::new();
    world.rules.parallel_calls = 2;
    let answer = "call a wait one\n call b wait two\n call c wait three\n call d wait four\n done";
    let handle = world.load("thread", &[answer, HELLO]);
    world.start(&handle, "turn").await;
    world.log.until_count("make", 2).await;
    settle().await;
    assert_eq!(world.log.count("make"), 2);
    assert_eq!(world.log.count("reserve"), 2, "a call that waits for its place is not in the journal");
    world.log.open("two");
    world.log.until_count("make", 3).await;
    settle().await;
    assert_eq!(world.log.count("make"), 3);
    for gate in ["one", "three", "four"] {
        world.log.open(gate);
    }
    world.end().await;
    world.log.assert_order(&["made b", "make c"]);
    world.log.assert_order(&[
        "write raw function_call_output a",
        "write raw function_call_output b",
        "write raw function_call_output c",
        "write raw function_call_output d",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_bound_that_makes_no_sense_is_brought_to_one_that_does() {
    for parallel_calls in [0, usize::MAX] {
        let mut world = World::new();
        world.rules.parallel_calls = parallel_calls;
        world.turn(&["call a cat\n call b dog\n done", HELLO]).await;
        assert_eq!(world.log.count("made"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_its_deadline_is_given_up_and_may_be_billed() {
    let world = World::new();
    let begin = Instant::now();
    world.turn(&["call a wait for ever\n done", HELLO]).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(601), "who keeps the deadline is heard first");
    world.log.assert_order(&["make a", "give up make a", "settle a timeout billed uncertain", "ask with 3 items"]);
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert_eq!(item, "failed timeout, billed uncertain: the provider gave no image within 600s");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_a_provider_that_charges_nothing_is_not_billed() {
    let mut world = World::new();
    world.bills = false;
    world.turn(&["call a wait for ever\n done", HELLO]).await;
    assert!(world.log.has("settle a timeout billed no"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_begins_when_the_call_has_its_place() {
    let mut world = World::new();
    world.rules.parallel_calls = 1;
    world.turn(&["call a wait for ever\n call b quick\n done", HELLO]).await;
    world.log.assert_order(&["settle a timeout", "make b", "settle b made"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_of_a_failure_is_kept() {
    let world = World::new();
    world.turn(&["call a fail\n done", HELLO]).await;
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert_eq!(item, "failed moderationBlocked, billed yes: the prompt was refused");
    assert!(world.log.has("tell thread turn/completed completed"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_image_is_journalled_as_a_failure() {
    let world = World::new();
    world.turn(&["call a none\n done", HELLO]).await;
    assert!(world.log.has("settle a badResponse billed uncertain"));
    assert!(world.log.has("tell thread item/completed imageGeneration a failed badResponse"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_made_fewer_images_is_completed_and_says_so() {
    let world = World::new();
    world.turn(&["call a partly\n done", HELLO]).await;
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert!(item.starts_with("completed "), "{item}");
    assert!(item.ends_with(" timeout, billed no: the second is missing"), "{item}");
    let output = world.log.rest("write raw function_call_output a ");
    assert!(
        output.contains("Image img_a") && output.contains("Not all images were made: the second is missing."),
        "{output}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_gives_up_no_image_that_is_being_stored() {
    let world = World::new();
    let handle = world.load("thread", &["call a store shelf\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("begin to store a").await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!world.log.has("give up") && !world.log.has("settle"), "{:#?}", world.log.lines());
    world.log.open("shelf");
    world.end().await;
    assert!(world.log.has("tell thread item/completed imageGeneration a completed"), "{:#?}", world.log.lines());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_call_fails_that_call_alone() {
    let world = World::new();
    world.turn(&["call a panic\n call b fine\n done", HELLO]).await;
    assert!(world.log.has("settle a internal billed uncertain"));
    assert!(world.log.has("tell thread item/completed imageGeneration a failed internal, billed uncertain"));
    assert!(world.log.has("tell thread item/completed imageGeneration b completed"));
    assert!(world.log.has("tell thread turn/completed completed"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_the_model_names_is_taken_in_below_the_working_folder() {
    let world = World::new();
    world.turn(&["edit a /project/draft.png\n done", HELLO]).await;
    world.log.assert_order(&[
        r#"take in /project/draft.png from ["/project"]"#,
        "reserve a",
        r#"make a of ["/home/draft.png"]"#,
        "settle a made",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_file_outside_the_working_folder_is_refused_before_anything_is_sent() {
    for path in ["edit a /etc/passwd\n done", "edit a /project-evil/x.png\n done", "edit a /x.png\n done"] {
        let world = World::new();
        world.turn(&[path, HELLO]).await;
        assert!(world.log.has("take in "));
        assert!(!world.log.has("make") && !world.log.has("reserve"), "{:#?}", world.log.lines());
        let item = world.log.rest("tell thread item/completed imageGeneration a ");
        assert!(item.starts_with("failed referenceRefused, billed no: "), "{item}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_a_whole_answer_is_closed_while_its_calls_run() {
    let world = World::new();
    let handle = world.load("thread", &["call a wait brush\n done\n wait nothing", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("close answer").await;
    assert!(!world.log.has("settle"));
    world.log.open("brush");
    world.end().await;
    assert!(world.log.has("tell thread turn/completed completed"), "{:#?}", world.log.lines());
}

#[tokio::test(start_paused = true)]
async fn with_the_kill_switch_on_no_tool_is_offered_and_no_call_is_run() {
    let mut world = World::new();
    world.rules.image_generation = false;
    world.turn(&["call a cat\n hosted b\n drawn b\n done", HELLO]).await;
    assert!(world.log.has("ask with 1 items, 0 tools"));
    for nothing in ["reserve", "make", "settle", "tell thread item/started imageGeneration"] {
        assert!(!world.log.has(nothing), "{:#?}", world.log.lines());
    }
}
