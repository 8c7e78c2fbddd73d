//! Calls of the hosted tool.

use std::sync::atomic::Ordering;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;

/// Returns the events that a client sees, without times and without usage, which is sent once per response.
fn client_lines(fixture: &Fixture) -> Vec<String> {
    let lines = fixture.log.lines();
    let sent = lines.iter().filter_map(|line| line.strip_prefix("send thread "));
    let sent = sent.filter(|line| !line.starts_with("raw ") && !line.starts_with("usage "));
    sent.map(|line| line.split(" after ").next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn hosted_turn_matches_standalone_and_is_journaled() {
    let hosted = Fixture::hosted();
    hosted.run_turn(&["hosted a\n image a\n text msg_1 Here\n done"]).await;
    let standalone = Fixture::new();
    standalone.run_turn(&["call a cat\n done", "text msg_1 Here\n done"]).await;
    assert_eq!(client_lines(&hosted), client_lines(&standalone));
    hosted.log.assert_order(&[
        "journal request of turn",
        "request",
        "reserve a",
        "write item/started imageGeneration a",
        "settle a made",
    ]);
    assert!(!standalone.log.has("journal request"), "its calls have rows of their own");
}

#[tokio::test(start_paused = true)]
async fn text_after_image_waits_for_slow_disk() {
    let mut fixture = Fixture::hosted();
    fixture.faults.slow_settle = true;
    let handle = fixture.load("thread", &["hosted a\n image a\n text msg_1 Here\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("reserve a").await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("write item/started agentMessage"), "{:#?}", fixture.log.lines());
    fixture.log.open("settle");
    fixture.wait_for_end().await;
    fixture
        .log
        .assert_order(&["send thread item/completed imageGeneration a", "send thread item/started agentMessage"]);
}

#[tokio::test(start_paused = true)]
async fn comparison_of_hosted_edit_delays_only_its_own_item() {
    let mut fixture = Fixture::hosted();
    fixture.faults.slow_comparison = true;
    let response = "hosted a of base\n image a\n text msg_1 Here\n hosted b\n image b\n text msg_2 There\n done";
    let handle = fixture.load("thread", &[response]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send thread item/completed agentMessage msg_2").await;
    assert!(!fixture.log.has("settle a"), "{:#?}", fixture.log.lines());
    fixture.log.open("compare");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&[
        "compare a",
        "send thread item/completed agentMessage msg_1",
        "send thread item/completed imageGeneration b completed",
        "send thread item/completed agentMessage msg_2",
        "settle a made",
        "send thread item/completed imageGeneration a completed",
        "send thread turn/completed completed",
    ]);
    let said = fixture.log.count("send thread item/completed agentMessage");
    assert_eq!(said, 2, "the model has said something after both images: {:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn interrupt_gives_up_the_comparison_of_an_edit() {
    for (mut fixture, response) in [
        (Fixture::hosted(), "hosted a of base\n image a\n wait nothing"),
        (Fixture::new(), "edit a /home/base.png\n wait nothing"),
    ] {
        fixture.faults.slow_comparison = true;
        fixture.earlier.images = vec!["base"];
        let handle = fixture.load("thread", &[response]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("compare a").await;
        handle.slot.interrupt_token().expect("a turn runs").cancel();
        fixture.wait_for_end().await;
        fixture.log.assert_order(&[
            "give up comparing a",
            "settle a made",
            "send thread item/completed imageGeneration a completed",
            "send thread turn/completed interrupted",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn image_limit_closes_the_response_during_a_comparison() {
    let mut fixture = Fixture::hosted();
    (fixture.faults.slow_comparison, fixture.config.max_images) = (true, 1);
    let response = "hosted a of base\n image a\n hosted b of base\n image b\n wait nothing";
    let handle = fixture.load("thread", &[response]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("close response").await;
    assert!(!fixture.log.has("settle"), "{:#?}", fixture.log.lines());
    fixture.log.open("compare");
    fixture.wait_for_end().await;
    for item in ["a", "b"] {
        assert!(fixture.log.has(&format!("send thread item/completed imageGeneration {item} completed")));
    }
    assert!(fixture.log.has("send thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn hosted_call_of_failed_response_is_settled_as_failed() {
    for (response, status) in [
        ("hosted a\n text msg_1 Hm", "failed"),
        ("hosted a\n fail", "failed"),
        ("hosted a\n panic", "failed"),
        // Complete, but without the image that it started.
        ("hosted a\n done", "completed"),
    ] {
        let fixture = Fixture::hosted();
        fixture.run_turn(&[response]).await;
        assert!(fixture.log.has("settle a badResponse billed uncertain"), "{:#?}", fixture.log.lines());
        assert!(fixture.log.has("send thread item/completed imageGeneration a failed badResponse"));
        assert!(fixture.log.has(&format!("send thread turn/completed {status}")), "{:#?}", fixture.log.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn interrupt_closes_hosted_response_and_settles_rows() {
    let fixture = Fixture::hosted();
    let handle = fixture.load("thread", &["hosted a\n hosted b\n image a\n wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("settle a made").await;
    let interrupt = handle.slot.interrupt_token().expect("a turn runs");
    interrupt.cancel();
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["close response", "settle b interrupted billed uncertain"]);
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"));
    assert!(fixture.log.has("send thread turn/completed interrupted"));
}

#[tokio::test(start_paused = true)]
async fn interrupt_keeps_hosted_image_whose_start_was_not_read() {
    let fixture = Fixture::hosted();
    let handle =
        fixture.load("thread", &["text msg_1 Hm\n store shelf\n hosted a\n image a\n hosted b\n wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("begin to store").await;
    handle.slot.interrupt_token().expect("a turn runs").cancel();
    run_pending_tasks().await;
    fixture.log.open("shelf");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&[
        "reserve a",
        "write item/started imageGeneration a",
        "settle a made",
        "reserve b",
        "close response",
        "settle b interrupted billed uncertain",
        "send thread turn/completed interrupted",
    ]);
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"));
    assert!(!fixture.log.has("may have made and billed"), "the item of b says it: {:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn hosted_image_of_closing_response_does_not_reuse_an_id() {
    let mut fixture = Fixture::hosted();
    fixture.earlier.ids = vec!["b"];
    let handle = fixture.load("thread", &["text msg_1 Hm\n store shelf\n hosted b\n image b\n wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("begin to store").await;
    handle.slot.interrupt_token().expect("a turn runs").cancel();
    run_pending_tasks().await;
    fixture.log.open("shelf");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["reserve b-2", "settle b-2 made", "close response"]);
    assert!(fixture.log.has("send thread item/completed imageGeneration b-2 completed"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn interrupt_before_any_image_reports_possible_billing() {
    for (bills, exposure_is_hosted) in [(true, true), (false, true), (true, false)] {
        let mut fixture = if exposure_is_hosted { Fixture::hosted() } else { Fixture::new() };
        fixture.bills = bills;
        let handle = fixture.load("thread", &["text msg_1 Hm\n wait nothing"]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("send thread item/completed agentMessage").await;
        handle.slot.interrupt_token().expect("a turn runs").cancel();
        fixture.wait_for_end().await;
        let end = fixture.log.rest("send thread turn/completed interrupted ");
        assert_eq!(end.contains("may have made and billed an image"), bills && exposure_is_hosted, "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn interrupt_before_request_is_sent_reports_no_billing() {
    let fixture = Fixture::hosted();
    let handle = fixture.load("thread", &[]);
    let permit = handle.slot.begin("turn").expect("no turn runs");
    handle.slot.interrupt_token().expect("a turn runs").cancel();
    fixture.start_with(&handle, permit, Box::pin(std::future::ready(()))).await.expect("the turn starts");
    fixture.wait_for_end().await;
    let end = fixture.log.rest("send thread turn/completed interrupted ");
    assert!(!end.contains("billed"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn unjournaled_hosted_image_is_still_stored() {
    let mut fixture = Fixture::hosted();
    (fixture.faults.reserve, fixture.faults.settle) = (true, true);
    fixture.run_turn(&["hosted a\n image a\n text msg_1 Hm\n done"]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed yes: the disk is full");
}

#[tokio::test(start_paused = true)]
async fn failed_hosted_journal_row_is_retried_with_image() {
    let fixture = Fixture::hosted();
    fixture.faults.reserve_once.store(true, Ordering::Relaxed);
    fixture.run_turn(&["hosted a\n image a\n text msg_1 Here\n done"]).await;
    fixture.log.assert_order(&["write item/started imageGeneration a", "reserve a", "settle a made"]);
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"));
}

#[tokio::test(start_paused = true)]
async fn billable_request_needs_journal_row() {
    let mut fixture = Fixture::hosted();
    fixture.faults.reserve_request = true;
    fixture.run_turn(&[]).await;
    assert!(!fixture.log.has("request"));
    let error = fixture.log.rest("send thread error ");
    assert!(error.contains("was not sent") && error.contains("the disk is full"), "{error}");
    assert!(fixture.log.has("send thread turn/completed failed"));
    // A provider that does not bill needs no row.
    fixture.bills = false;
    let handle = fixture.load("free", &["done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send free turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn unstored_hosted_image_is_reported_as_billed() {
    let mut fixture = Fixture::hosted();
    fixture.faults.settle = true;
    fixture.run_turn(&["hosted a\n image a\n done"]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed yes: the disk is full");
}

#[tokio::test(start_paused = true)]
async fn hosted_end_without_start_is_ignored() {
    let fixture = Fixture::hosted();
    fixture.run_turn(&["image a\n text msg_1 Hm\n done"]).await;
    assert!(!fixture.log.has("settle") && fixture.log.has("send thread turn/completed completed"));
}
