//! Reasoning items, and reasoning that is kept for the model.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn reasoning_is_streamed_in_the_events_of_codex() {
    let script = "reason r\n part r s0\n think r s0 Cats\n part r s1\n think r s1 Dogs\n part r c0\n think r c0 Hm
        reasoned r Cats
        message m Hello
        done";
    let all = play(script);
    let (_, after) = all.split_once("request\n").unwrap();
    let sent: Vec<&str> = after.lines().filter(|line| !line.starts_with('>')).collect();
    assert_snapshot!(sent.join("\n"), @r#"
    item/started reasoning r [] []
    summary part r 0
    summary delta r 0 "Cats"
    summary part r 1
    summary delta r 1 "Dogs"
    reasoning delta r 0 "Hm"
    item/completed reasoning r ["Cats"] []
    item/started agentMessage m ""
    delta m "Hello"
    item/completed agentMessage m "Hello"
    raw assistant "Hello"
    usage 10 of 10
    status idle
    turn/completed completed after 10000 ms [agentMessage m "Hello"]
    "#);
}

#[test]
fn open_reasoning_ends_with_what_has_arrived() {
    for end in ["done", "fail cut", "interrupt"] {
        let all = play(&format!("reason r\n part r s0\n think r s0 Ca\n think r s0 ts\n {end}"));
        assert!(all.contains(r#"item/completed reasoning r ["Cats"] []"#), "{all}");
    }
}

#[test]
fn repeated_reasoning_id_gets_another_item() {
    let all =
        play("reason r\n reasoned r\n call c a\n done\n made c C\n reason r\n reasoned r\n message m Here\n done");
    assert!(all.contains("item/completed reasoning r [] []\n"), "{all}");
    assert!(all.contains("item/completed reasoning r-2 [] []\n"), "{all}");
}

#[test]
fn two_open_reasoning_items_keep_their_texts() {
    let all = play("reason a\n reason b\n part a s0\n part b s0\n think b s0 B\n think a s0 A\n message m Hi\n done");
    assert!(all.contains(r#"item/completed reasoning a ["A"] []"#), "{all}");
    assert!(all.contains(r#"item/completed reasoning b ["B"] []"#), "{all}");
}

/// Returns the items that the model reads later, without the user message.
fn history(script: &str) -> String {
    let all = play(script);
    let items = all.lines().filter_map(|line| line.strip_prefix("raw ")).skip(1);
    items.map(|item| item.split(' ').take(4).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("; ")
}

#[test]
fn kept_reasoning_precedes_the_item_that_follows_it() {
    assert_eq!(history("kept r\n message m Hi\n done"), "reasoning secret of r; assistant \"Hi\"");
    assert_eq!(
        history(
            "kept r\n delta m Hi\n kept s\n call c a\n call d b\n done\n made d D\n made c C\n message n Here\n done"
        ),
        "reasoning secret of r; assistant \"Hi\"; reasoning secret of s; function_call c imagegen; \
         function_call d imagegen; function_call_output c easel:img_c; function_call_output d easel:img_d; \
         assistant \"Here\"",
    );
    assert_eq!(
        history("kept r\n kept s\n tool t shell\n done\n message m Hi\n done"),
        "reasoning secret of r; reasoning secret of s; function_call t shell; function_call_output t \"Unknown tool.; \
         assistant \"Hi\"",
    );
}

#[test]
fn hosted_image_follows_its_reasoning() {
    let script = "exposure hosted\n kept r\n hosted h a\n made h A\n message m Here\n done";
    assert_eq!(history(script), "reasoning secret of r; image_generation_call h easel:img_a; assistant \"Here\"");
    let failed = history("exposure hosted\n kept r\n hosted h a\n failed h badResponse\n message m Sorry\n done");
    assert!(!failed.contains("reasoning"), "{failed}");
}

#[test]
fn kept_reasoning_without_following_item_is_dropped() {
    for end in ["done", "fail cut", "interrupt", "message m __\n done"] {
        assert_eq!(history(&format!("kept r\n {end}")), "", "{end}");
    }
    let next = history("call c a\n kept r\n done\n made c C\n message m Here\n done");
    assert!(!next.contains("reasoning"), "reasoning of an earlier response: {next}");
}

#[test]
fn late_reasoning_event_is_ignored() {
    assert_eq!(last("message m Hi\n done\n reason r"), "");
}
