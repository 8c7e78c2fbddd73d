//! Hooks before and after calls.

use std::sync::Arc;

use crate::ThreadConfig;
use crate::fakes::fixture::Fixture;
use crate::fakes::hooks::hook;

const HELLO: &str = "text msg_1 Hello\n done";
const CAT: &str = "call a cat\n done";

#[tokio::test(start_paused = true)]
async fn hooks_run_before_the_journal_and_after_the_end() {
    let mut fixture = Fixture::new();
    fixture.config.hooks.pre = vec![hook("allow"), hook("wait before")];
    fixture.config.hooks.post = vec![hook("deny"), hook("wait after")];
    fixture.log.open("before");
    fixture.log.open("after");
    fixture.run_turn(&[CAT, HELLO]).await;
    fixture.log.assert_order(&[
        "hook allow a PreToolUse",
        "hook wait before a PreToolUse",
        "reserve a",
        "make a",
        "settle a made",
        "hook deny a PostToolUse",
        "hook wait after a PostToolUse",
        "send thread item/completed imageGeneration a completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn denied_call_is_neither_journaled_nor_sent() {
    let mut fixture = Fixture::new();
    fixture.config.hooks.pre = vec![hook("deny"), hook("allow")];
    fixture.config.hooks.post = vec![hook("allow")];
    fixture.run_turn(&[CAT, HELLO]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert!(item.starts_with("failed hookDenied, billed no"), "{item}");
    for start in ["reserve", "make", "hook allow"] {
        assert!(!fixture.log.has(start), "{start} in {:#?}", fixture.log.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn call_that_was_never_sent_has_no_hooks_after_it() {
    let mut fixture = Fixture::new();
    fixture.faults.slow_reserve = true;
    fixture.config.hooks.post = vec![hook("allow")];
    let handle = fixture.load("thread", &[CAT, HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("begin to reserve a").await;
    let mut config = ThreadConfig::clone(&handle.config.get());
    config.image_generation = false;
    drop(handle.config.replace(1, Arc::new(config), None));
    fixture.log.open("reserve");
    fixture.wait_for_end().await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert!(item.starts_with("failed approvalDenied, billed no"), "{item}");
    assert!(!fixture.log.has("make a") && !fixture.log.has("hook allow"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn invalid_hook_denies_without_a_program() {
    let mut fixture = Fixture::new();
    let mut invalid = hook("broken");
    invalid.command.clear();
    fixture.config.hooks.pre = vec![invalid];
    fixture.run_turn(&[CAT, HELLO]).await;
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert!(item.starts_with("failed hookDenied, billed no"), "{item}");
    assert!(!fixture.log.has("hook ") && !fixture.log.has("reserve"));
}

#[tokio::test(start_paused = true)]
async fn interrupt_ends_running_hooks() {
    for (is_pre, name) in [(true, "before"), (false, "after")] {
        let mut fixture = Fixture::new();
        let hooks = &mut fixture.config.hooks;
        if is_pre { &mut hooks.pre } else { &mut hooks.post }.push(hook(&format!("wait {name}")));
        let handle = fixture.load("thread", &[CAT, HELLO]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for(&format!("hook wait {name}")).await;
        drop(handle.slot.accept_interrupt("turn").expect("the turn runs"));
        fixture.wait_for_end().await;
        assert!(fixture.log.has(&format!("kill wait {name}")), "{:#?}", fixture.log.lines());
        assert_eq!(fixture.log.has("make a"), !is_pre);
    }
}

#[tokio::test(start_paused = true)]
async fn hook_that_is_added_applies_to_the_running_turn() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a wait brush\n call b dog\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    let mut config = ThreadConfig::clone(&handle.config.get());
    config.hooks.pre = vec![hook("deny")];
    handle.config.replace(1, Arc::new(config), None).wait().await;
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("make b") && fixture.log.has("hook deny b"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn hosted_image_has_hooks_after_it_only() {
    let mut fixture = Fixture::hosted();
    fixture.config.hooks.post = vec![hook("allow")];
    fixture.run_turn(&["hosted h\n image h\n done"]).await;
    fixture.log.assert_order(&[
        "settle h made",
        "hook allow h PostToolUse",
        "send thread item/completed imageGeneration h",
    ]);

    let mut fixture = Fixture::hosted();
    fixture.config.hooks.pre = vec![hook("allow")];
    fixture.run_turn(&[HELLO]).await;
    assert!(fixture.log.has("request with 1 items, 0 tools"), "{:#?}", fixture.log.lines());
}
