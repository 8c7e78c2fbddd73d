//! Ids that come twice, and limits.

use easel_protocol::event::Event;
use easel_protocol::item::{ImageFailure, ThreadItem};
use easel_protocol::tool::ToolExposure;
use insta::assert_snapshot;

use super::super::{Effect, MAX_ANSWERS};
use super::script::{Stage, last, play};

#[test]
fn a_call_id_that_comes_again_gets_a_suffix_in_item_and_history() {
    assert_snapshot!(play(
        "taken call_1
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
    ask
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
    raw function_call_output call_1-2 easel:img_a, Image img_a
    raw function_call_output call_1-3 easel:img_b, Image img_b
    usage 10 of 10
    ask
    > call call_1 three
    item/started imageGeneration call_1-4 in_progress
    run call_1-4 generate "three" []
    > done
    > made call_1-4 C
    item/completed imageGeneration call_1-4 completed /home/C.png
    raw function_call call_1-4 imagegen
    raw function_call_output call_1-4 easel:img_c, Image img_c
    usage 10 of 20
    ask
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
fn a_message_id_that_comes_again_gets_a_suffix() {
    assert_snapshot!(play("message msg_1 One\n message msg_1 Two\n delta msg_1 Three\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    ask
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
fn a_call_without_an_id_gets_one() {
    assert_snapshot!(last("call  a cat"), @r#"
    item/started imageGeneration item in_progress
    run item generate "a cat" []
    "#);
}

#[test]
fn the_limit_counts_images_and_not_calls() {
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
    ask
    > call call_1 {"prompt": "two", "n": 2}
    item/started imageGeneration call_1 in_progress
    run call_1 generate "two" []
    > call call_2 {"prompt": "two more", "n": 2}
    item/started imageGeneration call_2 in_progress
    item/completed imageGeneration call_2 failed budgetExceeded, billed no: a turn makes at most 3 images, which is the limit `limits.images_per_turn`
    > call call_3 one
    item/started imageGeneration call_3 in_progress
    run call_3 generate "one" []
    > call call_4 one more
    item/started imageGeneration call_4 in_progress
    item/completed imageGeneration call_4 failed budgetExceeded, billed no: a turn makes at most 3 images, which is the limit `limits.images_per_turn`
    > done
    "#);
}

#[test]
fn a_call_that_cannot_be_meant_does_not_count() {
    let all = play("max 1\n call call_1 {}\n call call_2 one\n done");
    assert!(all.contains("run call_2"), "{all}");
}

#[test]
fn a_limit_of_nothing_lets_nothing_through() {
    let all = play("max 0\n call call_1 one\n done");
    assert!(!all.contains("\nrun ") && all.contains("budgetExceeded"), "{all}");
}

#[test]
fn the_hosted_tool_is_taken_away_once_it_has_made_all_that_a_turn_may_have() {
    let mut stage = Stage::set("offer hosted\nmax 2".lines());
    let mut offered = vec![stage.turn.offered()];
    for line in
        ["hosted ig_1 a", "made ig_1 A", "steer user_2 more", "done", "hosted ig_2 b", "failed ig_2 badResponse"]
    {
        stage.play(line);
        offered.push(stage.turn.offered());
    }
    let (hosted, none) = (ToolExposure::Hosted, ToolExposure::None);
    assert_eq!(offered, [hosted, hosted, hosted, hosted, hosted, none, none]);
    assert_eq!(Stage::set("offer hosted\nmax 0".lines()).turn.offered(), none);
    assert_eq!(Stage::set("max 0".lines()).turn.offered(), ToolExposure::Standalone, "a call of it can be refused");
}

#[test]
fn hosted_images_over_the_limit_are_kept_and_close_the_answer_when_all_have_ended() {
    assert_snapshot!(play(
        "offer hosted
        max 1
        hosted ig_1 a
        hosted ig_2 b
        made ig_2 B
        made ig_1 A
        message msg_1 Two"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    ask
    > hosted ig_1 a
    item/started imageGeneration ig_1 in_progress
    track ig_1, which the provider calls ig_1
    > hosted ig_2 b
    item/started imageGeneration ig_2 in_progress
    track ig_2, which the provider calls ig_2
    > made ig_2 B
    item/completed imageGeneration ig_2 completed /home/B.png
    raw image_generation_call ig_2 easel:img_b
    raw developer Image img_b
    > made ig_1 A
    item/completed imageGeneration ig_1 completed /home/A.png
    raw image_generation_call ig_1 easel:img_a
    raw developer Image img_a
    close answer
    item/started agentMessage msg_turn ""
    delta msg_turn "The images are saved at /home/B.png, /home/A.png."
    item/completed agentMessage msg_turn "The images are saved at /home/B.png, /home/A.png."
    raw assistant "The images are saved at /home/B.png, /home/A.png."
    error "The model made more images than the limit `limits.images_per_turn` allows, which is 1. They are kept; its answer was closed."
    status idle
    turn/completed failed after 4000 ms [agentMessage msg_turn "The images are saved at /home/B.png, /home/A.png."]
    > message msg_1 Two
    "#);
}

#[test]
fn a_usage_limit_has_the_failure_that_clients_of_the_codex_app_server_know() {
    let mut stage = Stage::set(std::iter::empty());
    for line in ["call call_1 one", "done", "failed call_1 usageLimit"] {
        stage.play(line);
    }
    let failure = stage.effects.iter().find_map(|effect| match effect {
        Effect::Emit(Event::ItemCompleted(completed)) => match &completed.item {
            ThreadItem::ImageGeneration(image) => image.failure.clone(),
            ThreadItem::UserMessage(_) | ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_) => None,
        },
        Effect::Emit(_)
        | Effect::AskModel
        | Effect::RunCall(_)
        | Effect::TrackHosted { .. }
        | Effect::CloseAnswer
        | Effect::CancelCalls => None,
    });
    let limit_id = "image_generation".to_owned();
    assert_eq!(failure, Some(ImageFailure::UsageLimitExceeded { limit_id, resets_at: None }));
}

#[test]
fn a_model_that_calls_for_ever_comes_to_an_end() {
    let round = |number| format!("call call_{number} again\n done\n made call_{number} {number}\n");
    let script: String = (0..MAX_ANSWERS).map(round).collect();
    let all = play(&format!("max 100\n {script}"));
    assert_eq!(all.lines().filter(|line| *line == "ask").count(), MAX_ANSWERS as usize);
    assert!(all.contains("error \"The model called tools in 32 answers in a row, which is the limit.\""), "{all}");
    assert!(all.contains("turn/completed failed"), "{all}");
}
