//! Repeated ids, and limits.

use easel_protocol::event::Event;
use easel_protocol::item::{ImageFailure, ThreadItem};
use easel_protocol::tool::ToolExposure;
use insta::assert_snapshot;

use super::super::{Effect, MAX_RESPONSES};
use super::script::{ScriptRunner, last, play};

#[test]
fn repeated_call_id_gets_suffix_in_item_and_history() {
    assert_snapshot!(play(
        "used call_1
        call call_1 one
        call call_1 two
        made call_1-3 B
        done
        made call_1-2 A
        call call_1 three
        done
        made call_1-4 C
        message msg_1 Three
        done"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 one
    item/started imageGeneration call_1-2 in_progress
    run call_1-2 generate "one" []
    > call call_1 two
    item/started imageGeneration call_1-3 in_progress
    run call_1-3 generate "two" []
    > made call_1-3 B
    item/completed imageGeneration call_1-3 completed /home/B.png
    > done
    > made call_1-2 A
    item/completed imageGeneration call_1-2 completed /home/A.png
    raw function_call call_1-2 imagegen
    raw function_call call_1-3 imagegen
    raw function_call_output call_1-2 easel:img_a
    raw function_call_output call_1-3 easel:img_b
    usage 10 of 10
    request
    > call call_1 three
    item/started imageGeneration call_1-4 in_progress
    run call_1-4 generate "three" []
    > done
    > made call_1-4 C
    item/completed imageGeneration call_1-4 completed /home/C.png
    raw function_call call_1-4 imagegen
    raw function_call_output call_1-4 easel:img_c
    usage 10 of 20
    request
    > message msg_1 Three
    item/started agentMessage msg_1 ""
    delta msg_1 "Three"
    item/completed agentMessage msg_1 "Three"
    raw assistant "Three"
    > done
    usage 10 of 30
    status idle
    turn/completed completed after 10000 ms [agentMessage msg_1 "Three"]
    "#);
}

#[test]
fn repeated_message_id_gets_suffix() {
    assert_snapshot!(play("message msg_1 One\n message msg_1 Two\n delta msg_1 Three\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > message msg_1 One
    item/started agentMessage msg_1 ""
    delta msg_1 "One"
    item/completed agentMessage msg_1 "One"
    raw assistant "One"
    > message msg_1 Two
    item/started agentMessage msg_1-2 ""
    delta msg_1-2 "Two"
    item/completed agentMessage msg_1-2 "Two"
    raw assistant "Two"
    > delta msg_1 Three
    item/started agentMessage msg_1-3 ""
    delta msg_1-3 "Three"
    > done
    item/completed agentMessage msg_1-3 "Three"
    raw assistant "Three"
    usage 10 of 10
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_1-3 "Three"]
    "#);
}

#[test]
fn call_without_id_gets_one() {
    assert_snapshot!(last("call  a cat"), @r#"
    item/started imageGeneration item in_progress
    run item generate "a cat" []
    "#);
}

#[test]
fn limit_counts_images_not_calls() {
    assert_snapshot!(play(
        r#"max 3
        call call_1 {"prompt": "two", "n": 2}
        call call_2 {"prompt": "two more", "n": 2}
        call call_3 one
        call call_4 one more
        done"#
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 {"prompt": "two", "n": 2}
    item/started imageGeneration call_1 in_progress
    run call_1 generate "two" []
    > call call_2 {"prompt": "two more", "n": 2}
    item/started imageGeneration call_2 in_progress
    item/completed imageGeneration call_2 failed budgetExceeded, billed no: the turn exceeds limits.images_per_turn (3)
    > call call_3 one
    item/started imageGeneration call_3 in_progress
    run call_3 generate "one" []
    > call call_4 one more
    item/started imageGeneration call_4 in_progress
    item/completed imageGeneration call_4 failed budgetExceeded, billed no: the turn exceeds limits.images_per_turn (3)
    > done
    "#);
}

#[test]
fn invalid_call_does_not_count() {
    let all = play("max 1\n call call_1 {}\n call call_2 one\n done");
    assert!(all.contains("run call_2"), "{all}");
}

#[test]
fn limit_of_zero_refuses_all_calls() {
    let all = play("max 0\n call call_1 one\n done");
    assert!(!all.contains("\nrun ") && all.contains("budgetExceeded"), "{all}");
}

#[test]
fn hosted_tool_is_withdrawn_at_the_limit() {
    let mut runner = ScriptRunner::new("exposure hosted\nmax 2".lines());
    let mut offered = vec![runner.turn.tool_to_offer()];
    for line in
        ["hosted ig_1 a", "made ig_1 A", "steer user_2 more", "done", "hosted ig_2 b", "failed ig_2 badResponse"]
    {
        runner.run(line);
        offered.push(runner.turn.tool_to_offer());
    }
    let (hosted, none) = (ToolExposure::Hosted, ToolExposure::None);
    assert_eq!(offered, [hosted, hosted, hosted, hosted, hosted, none, none]);
    assert_eq!(ScriptRunner::new("exposure hosted\nmax 0".lines()).turn.tool_to_offer(), none);
    assert_eq!(
        ScriptRunner::new("max 0".lines()).turn.tool_to_offer(),
        ToolExposure::Standalone,
        "its calls can be refused"
    );
}

#[test]
fn hosted_images_over_limit_are_kept_and_close_response() {
    assert_snapshot!(play(
        "exposure hosted
        max 1
        hosted ig_1 a
        hosted ig_2 b
        made ig_2 B
        made ig_1 A
        closed
        message msg_1 Two"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > hosted ig_1 a
    item/started imageGeneration ig_1 in_progress
    track ig_1 as ig_1
    > hosted ig_2 b
    item/started imageGeneration ig_2 in_progress
    track ig_2 as ig_2
    > made ig_2 B
    item/completed imageGeneration ig_2 completed /home/B.png
    raw image_generation_call ig_2 easel:img_b
    > made ig_1 A
    item/completed imageGeneration ig_1 completed /home/A.png
    raw image_generation_call ig_1 easel:img_a
    close response
    > closed
    item/started agentMessage msg_turn ""
    delta msg_turn "The images are saved at /home/B.png, /home/A.png."
    item/completed agentMessage msg_turn "The images are saved at /home/B.png, /home/A.png."
    raw assistant "The images are saved at /home/B.png, /home/A.png."
    error "The model made more images than `limits.images_per_turn` allows (1). They are kept; the response was cancelled."
    status idle
    turn/completed failed after 5000 ms [agentMessage msg_turn "The images are saved at /home/B.png, /home/A.png."]
    > message msg_1 Two
    "#);
}

#[test]
fn refused_hosted_image_is_requested_without_tool() {
    assert_snapshot!(play("exposure hosted\n refuse limits.x is used up\n message msg_1 Sorry\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > refuse limits.x is used up
    warning "The provider's hosted image tool is not offered in this turn any more: limits.x is used up."
    request
    > message msg_1 Sorry
    item/started agentMessage msg_1 ""
    delta msg_1 "Sorry"
    item/completed agentMessage msg_1 "Sorry"
    raw assistant "Sorry"
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 3000 ms [agentMessage msg_1 "Sorry"]
    "#);
    let mut runner = ScriptRunner::new(["exposure hosted"].into_iter());
    runner.run("refuse limits.x is used up");
    assert_eq!(runner.turn.tool_to_offer(), ToolExposure::None);
    let note = "The image tool is not available now: limits.x is used up. If the user wants an image, tell them so.";
    assert_eq!(runner.turn.withheld_note().as_deref(), Some(note));
}

/// Only the hosted tool makes images within a response.
#[test]
fn lower_limit_keeps_response_that_cannot_make_images() {
    for exposure in ["", "exposure none\n "] {
        let all =
            play(&format!("{exposure}call a x\n done\n made a A\n delta m Hel\n lower 0\n message m Hello\n done"));
        assert!(!all.contains("close response") && all.contains("turn/completed completed"), "{all}");
    }
}

#[test]
fn approval_that_withholds_the_hosted_tool_is_reported_once() {
    let all = play("exposure none\n withheld approval\n message msg_1 Sorry\n steer user_2 more\n done\n done");
    assert_eq!(all.matches("warning \"Every image call needs an approval").count(), 1, "{all}");
}

#[test]
fn hosted_image_over_a_limit_of_spending_closes_response() {
    let all = play(
        "exposure hosted\n hosted a one\n made a A\n hosted b two\n exceed limits.x is used up\n made b B\n closed\n done",
    );
    assert!(all.contains("item/completed imageGeneration b completed /home/B.png\nraw"), "{all}");
    assert!(all.contains("close response\n> closed"), "{all}");
    let error = "error \"A limit does not allow another image: limits.x is used up. The images are kept; the response was \
                 cancelled.\"";
    assert!(all.contains(error), "{all}");
}

#[test]
fn usage_limit_maps_to_codex_failure() {
    let mut runner = ScriptRunner::new(std::iter::empty());
    for line in ["call call_1 one", "done", "failed call_1 usageLimit"] {
        runner.run(line);
    }
    let failure = runner.effects.iter().find_map(|effect| match effect {
        Effect::Emit(Event::ItemCompleted(completed)) => match &completed.item {
            ThreadItem::ImageGeneration(image) => image.failure.clone(),
            ThreadItem::UserMessage(_)
            | ThreadItem::AgentMessage(_)
            | ThreadItem::Reasoning(_)
            | ThreadItem::ContextCompaction(_) => None,
        },
        Effect::Emit(_)
        | Effect::RequestResponse
        | Effect::RunCall { .. }
        | Effect::TrackHosted { .. }
        | Effect::CloseResponse
        | Effect::CancelCalls
        | Effect::AskApproval { .. } => None,
    });
    let limit_id = "image_generation".to_owned();
    assert_eq!(failure, Some(ImageFailure::UsageLimitExceeded { limit_id, resets_at: None }));
}

#[test]
fn endless_calls_are_stopped() {
    let round = |number| format!("call call_{number} again\n done\n made call_{number} {number}\n");
    let script: String = (0..MAX_RESPONSES).map(round).collect();
    let all = play(&format!("max 100\n {script}"));
    assert_eq!(all.lines().filter(|line| *line == "request").count(), MAX_RESPONSES as usize);
    assert!(
        all.contains("error \"The model called tools in 32 consecutive responses, the limit for one turn.\""),
        "{all}"
    );
    assert!(all.contains("turn/completed failed"), "{all}");
}

#[test]
fn refusal_applies_only_to_unsent_hosted_request() {
    let refused = last("exposure hosted\n refuse limits.x is used up");
    assert!(refused.starts_with("warning ") && refused.ends_with("is used up.\"\nrequest\n"), "{refused}");
    for sent in ["max 16", "exposure none", "exposure hosted\n delta m Hi", "exposure hosted\n hosted a x"] {
        assert_eq!(last(&format!("{sent}\n refuse The limit is reached.")), "", "{sent}");
    }
}

#[test]
fn images_of_calls_that_were_never_sent_are_free_again() {
    let denied = "max 2\n call a {\"prompt\": \"x\", \"n\": 2}\n failed a hookDenied\n done";
    let next = last(&format!("{denied}\n call b {{\"prompt\": \"x\", \"n\": 2}}"));
    assert!(next.contains("run b"), "{next}");
    // An image that was requested counts, whatever became of it.
    let made = "max 2\n call a {\"prompt\": \"x\", \"n\": 2}\n partly a A\n done";
    let next = last(&format!("{made}\n call b x"));
    assert!(next.contains("budgetExceeded"), "{next}");
}
