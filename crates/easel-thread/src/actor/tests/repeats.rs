//! Calls that are sent again although they may have been billed.

use std::sync::Arc;

use easel_imagegen::approval::ApprovalPolicy;
use tokio::time::Instant;

use crate::ThreadConfig;
use crate::fakes::fixture::Fixture;

const HELLO: &str = "text msg_1 Hello\n done";

fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.config.retry_uncertain = true;
    fixture
}

/// The attempts of the call `a`, and the attempts that were reserved after the first.
fn attempts(fixture: &Fixture) -> (usize, usize) {
    (fixture.log.count("make a"), fixture.log.count("repeat a"))
}

#[tokio::test(start_paused = true)]
async fn lost_call_is_reserved_and_sent_again() {
    let mut fixture = fixture();
    // The images of a call count once for the turn.
    fixture.config.max_images = 1;
    fixture.run_turn(&["call a lost 2\n done", HELLO]).await;
    assert_eq!(attempts(&fixture), (3, 2));
    fixture.log.assert_order(&["reserve a", "make a", "repeat a", "made a", "settle a made"]);
    let lines = fixture.log.lines();
    let sent = lines.iter().filter(|line| line.starts_with("make a") || line.starts_with("repeat a"));
    let words: Vec<&str> = sent.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(words, ["make", "repeat", "make", "repeat", "make"], "reserved before it is sent");
}

#[tokio::test(start_paused = true)]
async fn call_is_repeated_twice_at_most() {
    let (fixture, begin) = (fixture(), Instant::now());
    fixture.run_turn(&["call a lost 9\n done", HELLO]).await;
    assert_eq!(attempts(&fixture), (3, 2));
    assert_eq!(begin.elapsed().as_millis(), 250 + 500, "the pause doubles");
    assert_eq!(fixture.log.rest("settle a "), "network billed uncertain");
}

#[tokio::test(start_paused = true)]
async fn call_is_not_repeated_by_default_or_after_billing() {
    let mut careful = fixture();
    careful.config.retry_uncertain = false;
    careful.run_turn(&["call a lost 1\n done", HELLO]).await;
    assert_eq!(attempts(&careful), (1, 0));
    for prompt in ["fail", "none", "lost 0 busy"] {
        let fixture = fixture();
        let script = format!("call a {prompt}\n done").leak();
        fixture.run_turn(&[script, HELLO]).await;
        assert_eq!(attempts(&fixture), (1, 0), "{prompt}");
    }
}

#[tokio::test(start_paused = true)]
async fn free_provider_is_asked_again_too() {
    let mut fixture = fixture();
    fixture.bills = false;
    fixture.run_turn(&["call a lost 9\n done", HELLO]).await;
    assert_eq!((attempts(&fixture), fixture.log.rest("settle a ")), ((3, 2), "network billed no".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn limit_ends_the_repeats_of_an_approved_call() {
    let mut fixture = fixture();
    fixture.config.approval = ApprovalPolicy { is_for_all: true, is_over_limits: true };
    fixture.faults.refuse_repeats = true;
    fixture.log.open("answer a");
    fixture.run_turn(&["call a lost 1\n done", HELLO]).await;
    assert_eq!((attempts(&fixture), fixture.log.count("question a")), ((1, 0), 1));
    assert_eq!(fixture.log.rest("settle a "), "network billed uncertain");
}

#[tokio::test(start_paused = true)]
async fn rejected_repeat_is_not_counted_as_billed() {
    let fixture = fixture();
    fixture.run_turn(&["call a lost 1 busy\n done", HELLO]).await;
    assert_eq!(attempts(&fixture), (2, 1));
    assert_eq!(fixture.log.rest("settle a "), "rateLimited billed uncertain, the last attempt no");
}

#[tokio::test(start_paused = true)]
async fn withdrawal_and_interrupt_end_the_pause() {
    for interrupts in [false, true] {
        let fixture = fixture();
        let handle = fixture.load("thread", &["call a lost 1\n done", HELLO]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("make a").await;
        if interrupts {
            handle.slot.interrupt_token().expect("a turn runs").cancel();
        } else {
            let config = ThreadConfig { retry_uncertain: false, ..ThreadConfig::clone(&handle.config.get()) };
            handle.config.replace(1, Arc::new(config), None).wait().await;
        }
        fixture.wait_for_end().await;
        assert_eq!(attempts(&fixture), (1, 0), "{interrupts}");
        assert_eq!(fixture.log.rest("settle a "), "network billed uncertain");
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_share_the_deadline_of_their_call() {
    let (mut fixture, begin) = (fixture(), Instant::now());
    fixture.config.call_deadline = std::time::Duration::from_millis(300);
    fixture.run_turn(&["call a lost 9\n done", HELLO]).await;
    assert_eq!(attempts(&fixture), (2, 1));
    assert_eq!(begin.elapsed().as_millis(), 250, "no pause would end before the deadline");
}
