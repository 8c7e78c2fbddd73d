//! Compaction: before a request, after a refusal, and on request.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::response_item::ResponseItem;

use super::super::Effect;
use super::script::{ScriptRunner, last, play};

#[test]
fn counted_tokens_over_the_limit_trim_the_conversation() {
    let turn = play("turns 30\n limit 5000\n counted 5001\n message m Hello\n done 4000");
    insta::assert_snapshot!(turn, @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    item/started contextCompaction compaction_turn
    item/completed contextCompaction compaction_turn
    raw context_compaction of 26 turns, keeps 9 items
    thread/compacted
    request
    > message m Hello
    item/started agentMessage m ""
    delta m "Hello"
    item/completed agentMessage m "Hello"
    raw assistant "Hello"
    > done 4000
    usage 10 of 10
    status idle
    turn/completed completed after 2000 ms [agentMessage m "Hello"]
    "#);
    let within = play("turns 30\n limit 5000\n counted 5000\n message m Hello\n done 4000");
    assert!(!within.contains("compaction"), "{within}");
}

#[test]
fn turn_is_trimmed_before_its_second_request() {
    let turn = last("turns 30\n limit 5000\n counted 100\n call c a\n done 6000\n made c C");
    let position = |text: &str| turn.find(text).unwrap_or_else(|| panic!("{text} in {turn}"));
    assert!(position("raw function_call_output c") < position("contextCompaction compaction_turn"), "{turn}");
    assert!(position("thread/compacted") < position("request"), "{turn}");
}

#[test]
fn refused_conversation_is_trimmed_and_sent_once_more() {
    let script = "turns 30\n long";
    let again = last(script);
    assert!(again.contains("contextCompaction") && again.trim_end().ends_with("request"), "{again}");
    insta::assert_snapshot!(last(&format!("{script}\n long")), @r#"
    close response
    error "it is too long. Shorten the message, use a model with a larger context window, or set `model_context_tokens` to fewer tokens than the window of this model."
    status idle
    turn/completed failed after 2000 ms []
    "#);
    // A complete response allows another attempt.
    let later = last(&format!("{script}\n call c a\n done\n made c C\n long"));
    assert!(later.trim_end().ends_with("request"), "{later}");
}

#[test]
fn refused_conversation_is_compacted_for_half_of_the_limit() {
    for (limit, expected) in [(12_000, "57 turns, keeps 7 items"), (14_000, "56 turns, keeps 9 items")] {
        let all = last(&format!("turns 60\n counted 11000\n limit {limit}\n long"));
        assert!(all.contains(expected), "{limit}: {all}");
    }
}

#[test]
fn used_response_is_not_requested_again() {
    for used in ["delta m Hi", "message m Hi", "tool t shell"] {
        let end = last(&format!("turns 30\n {used}\n long"));
        assert!(!end.contains("request") && end.contains("error"), "{used}: {end}");
    }
}

#[test]
fn compaction_turn_sends_no_request() {
    let script = "turns 30\n purpose compact";
    insta::assert_snapshot!(play(script), @"
    status active
    turn/started inProgress
    item/started contextCompaction compaction_turn
    item/completed contextCompaction compaction_turn
    raw context_compaction of 23 turns, keeps 14 items
    thread/compacted
    status idle
    turn/completed completed after 0 ms []
    ");
    let empty = play("purpose compact");
    assert!(empty.contains("contextCompaction") && empty.contains("turn/completed completed"), "{empty}");
    assert!(!empty.contains("raw "), "{empty}");
}

#[test]
fn trimmed_conversation_begins_with_the_catalogue() {
    let runner = ScriptRunner::new(["turns 30", "limit 5000", "counted 6000"].into_iter());
    let [ResponseItem::ContextCompaction(catalogue), kept @ ..] = runner.conversation.history.as_slice() else {
        panic!("no catalogue")
    };
    assert_eq!((catalogue.counted_tokens, catalogue.kept_items), (Some(6_000), kept.len() as u64));
    assert_eq!(catalogue.turns + (kept.len() as u64).div_ceil(2), 31);
    assert_eq!(runner.conversation.counted_tokens, None);
}

#[test]
fn completed_compaction_has_both_times() {
    let runner = ScriptRunner::new(["turns 30", "purpose compact"].into_iter());
    let completed = runner.effects.iter().find_map(|effect| {
        if let Effect::Emit(Event::ItemCompleted(completed)) = effect { Some(&completed.item) } else { None }
    });
    let Some(ThreadItem::ContextCompaction(item)) = completed else { panic!("no compaction") };
    assert_eq!((item.started_at_ms, item.completed_at_ms), (0, Some(0)));
}

#[test]
fn response_without_counted_input_tokens_leaves_no_count() {
    for (line, counted) in [("done 4000", Some(4_000)), ("done 0", None), ("done", None)] {
        let mut runner = ScriptRunner::new(["counted 100"].into_iter());
        runner.run("message m Hello");
        runner.run(line);
        assert_eq!(runner.conversation.counted_tokens, counted, "{line}");
    }
}
