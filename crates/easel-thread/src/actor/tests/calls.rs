//! Calls of the standalone tool.

use std::time::Duration;

use tokio::time::Instant;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn parallel_calls_respect_limit() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 2;
    let response = "call a wait one\n call b wait two\n call c wait three\n call d wait four\n done";
    let handle = fixture.load("thread", &[response, HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for_count("make", 2).await;
    run_pending_tasks().await;
    assert_eq!(fixture.log.count("make"), 2);
    assert_eq!(fixture.log.count("reserve"), 2, "a call that waits for a permit is not journaled");
    fixture.log.open("two");
    fixture.log.wait_for_count("make", 3).await;
    run_pending_tasks().await;
    assert_eq!(fixture.log.count("make"), 3);
    for gate in ["one", "three", "four"] {
        fixture.log.open(gate);
    }
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["made b", "make c"]);
    fixture.log.assert_order(&[
        "write raw function_call_output a",
        "write raw function_call_output b",
        "write raw function_call_output c",
        "write raw function_call_output d",
    ]);
}

#[tokio::test(start_paused = true)]
async fn out_of_range_parallelism_is_clamped() {
    for parallel_calls in [0, usize::MAX] {
        let mut fixture = Fixture::new();
        fixture.config.parallel_calls = parallel_calls;
        fixture.run_turn(&["call a cat\n call b dog\n done", HELLO]).await;
        assert_eq!(fixture.log.count("made"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn call_past_deadline_fails_and_may_be_billed() {
    let fixture = Fixture::new();
    let begin = Instant::now();
    fixture.run_turn(&["call a wait for ever\n done", HELLO]).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(601), "a provider that observes the deadline goes first");
    let settled = "settle a timeout billed uncertain as req_a";
    fixture.log.assert_order(&["make a", "drop make a", settled, "request with 3 items"]);
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert_eq!(item, "failed timeout, billed uncertain: timed out after 600s (images.timeout_ms)");
}

#[tokio::test(start_paused = true)]
async fn timeout_of_free_provider_is_not_billed() {
    let mut fixture = Fixture::new();
    fixture.bills = false;
    fixture.run_turn(&["call a wait for ever\n done", HELLO]).await;
    assert!(fixture.log.has("settle a timeout billed no"));
}

#[tokio::test(start_paused = true)]
async fn deadline_starts_with_permit() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    fixture.run_turn(&["call a wait for ever\n call b quick\n done", HELLO]).await;
    fixture.log.assert_order(&["settle a timeout", "make b", "settle b made"]);
}

#[tokio::test(start_paused = true)]
async fn provider_failure_is_reported_unchanged() {
    let fixture = Fixture::new();
    fixture.run_turn(&["call a fail\n done", HELLO]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert_eq!(item, "failed moderationBlocked, billed yes: the prompt was refused");
    assert!(fixture.log.has("send thread turn/completed completed"));
}

#[tokio::test(start_paused = true)]
async fn call_without_image_is_journaled_as_failure() {
    let fixture = Fixture::new();
    fixture.run_turn(&["call a none\n done", HELLO]).await;
    assert!(fixture.log.has("settle a badResponse billed uncertain"));
    assert!(fixture.log.has("send thread item/completed imageGeneration a failed badResponse"));
}

#[tokio::test(start_paused = true)]
async fn partial_call_completes_with_error() {
    let fixture = Fixture::new();
    fixture.run_turn(&["call a partly\n done", HELLO]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert!(item.starts_with("completed "), "{item}");
    assert!(item.ends_with(" timeout, billed no: the second is missing"), "{item}");
    let written = fixture.log.rest("write raw function_call_output a ");
    assert!(written.starts_with("easel:img_a, \"Not all images were made: the second is missing."), "{written}");
    let sent = fixture.log.rest("send thread raw function_call_output a ");
    assert!(sent.starts_with("easel:img_a, \"Image img_") && sent.contains("Not all images were made"), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn deadline_keeps_image_that_is_being_stored() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a store shelf\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("begin to store a").await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!fixture.log.has("drop") && !fixture.log.has("settle"), "{:#?}", fixture.log.lines());
    fixture.log.open("shelf");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn panic_in_call_fails_only_that_call() {
    let fixture = Fixture::new();
    fixture.run_turn(&["call a panic\n call b fine\n done", HELLO]).await;
    assert!(fixture.log.has("settle a internal billed uncertain"));
    assert!(fixture.log.has("send thread item/completed imageGeneration a failed internal, billed uncertain"));
    assert!(fixture.log.has("send thread item/completed imageGeneration b completed"));
    assert!(fixture.log.has("send thread turn/completed completed"));
}

#[tokio::test(start_paused = true)]
async fn file_inside_working_folder_is_imported() {
    let fixture = Fixture::new();
    fixture.run_turn(&["edit a /project/draft.png\n done", HELLO]).await;
    fixture.log.assert_order(&[
        r#"import /project/draft.png from ["/project"]"#,
        "reserve a",
        r#"make a of ["/home/draft.png"]"#,
        "settle a made",
    ]);
}

#[tokio::test(start_paused = true)]
async fn file_outside_working_folder_is_refused() {
    for path in ["edit a /etc/passwd\n done", "edit a /project-evil/x.png\n done", "edit a /x.png\n done"] {
        let fixture = Fixture::new();
        fixture.run_turn(&[path, HELLO]).await;
        assert!(fixture.log.has("import "));
        assert!(!fixture.log.has("make") && !fixture.log.has("reserve"), "{:#?}", fixture.log.lines());
        let item = fixture.log.rest("send thread item/completed imageGeneration a ");
        assert!(item.starts_with("failed referenceRefused, billed no: "), "{item}");
    }
}

#[tokio::test(start_paused = true)]
async fn response_stream_closes_while_calls_run() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush\n done\n wait nothing", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("close response").await;
    assert!(!fixture.log.has("settle"));
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread turn/completed completed"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn disabled_feature_offers_no_tool_and_runs_no_call() {
    let mut fixture = Fixture::new();
    fixture.config.image_generation = false;
    fixture.run_turn(&["call a cat\n hosted b\n image b\n done", HELLO]).await;
    assert!(fixture.log.has("request with 1 items, 0 tools"));
    for nothing in ["reserve", "make", "settle", "send thread item/started imageGeneration"] {
        assert!(!fixture.log.has(nothing), "{:#?}", fixture.log.lines());
    }
}
