//! The hosted tool emits the same events as the standalone tool.

use insta::assert_snapshot;

use super::script::play;

/// Returns what a client sees, without times and without usage, which is sent once per response.
fn seen(script: &str) -> Vec<String> {
    let all = play(script);
    let items = |line: &&str| ["item/", "delta ", "turn/", "status "].iter().any(|start| line.starts_with(start));
    let timeless = |line: &str| match line.split_once(" after ") {
        Some((before, after)) => format!("{before} {}", after.split_once(" ms ").unwrap().1),
        None => line.to_owned(),
    };
    all.lines().filter(items).map(timeless).collect()
}

#[test]
fn hosted_call_is_tracked_and_precedes_message() {
    assert_snapshot!(play(
        "exposure hosted
        hosted ig_1 a cat
        made ig_1 C
        delta msg_1 Here
        message msg_1 Here
        done"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > hosted ig_1 a cat
    item/started imageGeneration ig_1 in_progress
    track ig_1 as ig_1
    > made ig_1 C
    item/completed imageGeneration ig_1 completed /home/C.png
    raw image_generation_call ig_1 easel:img_c
    > delta msg_1 Here
    item/started agentMessage msg_1 ""
    delta msg_1 "Here"
    > message msg_1 Here
    item/completed agentMessage msg_1 "Here"
    raw assistant "Here"
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 5000 ms [agentMessage msg_1 "Here"]
    "#);
}

#[test]
fn hosted_and_standalone_calls_emit_same_events() {
    for (hosted, standalone) in [
        (
            "hosted c1 a cat\n made c1 C\n delta m1 Here\n message m1 Here\n done",
            "call c1 a cat\n made c1 C\n done\n delta m1 Here\n message m1 Here",
        ),
        (
            "hosted c1 a cat\n failed c1 badResponse\n message m1 No\n done",
            "call c1 a cat\n failed c1 badResponse\n done\n message m1 No",
        ),
        (
            "hosted c1 a\n hosted c2 b\n made c2 B\n made c1 A\n done",
            "call c1 a\n call c2 b\n made c2 B\n made c1 A\n done",
        ),
        ("delta m1 I draw\n hosted c1 a\n made c1 A\n done", "delta m1 I draw\n call c1 a\n made c1 A\n done"),
        ("hosted c1 a\n interrupt\n failed c1 interrupted\n closed", "call c1 a\n interrupt\n failed c1 interrupted"),
    ] {
        let hosted = seen(&format!("exposure hosted\n {hosted}"));
        // The standalone tool needs one more response, which ends here at the same time.
        let standalone = seen(&format!("{standalone}\n done"));
        assert_eq!(hosted, standalone);
    }
}

#[test]
fn silent_hosted_image_is_announced() {
    assert_snapshot!(seen("exposure hosted\n hosted ig_1 a cat\n made ig_1 C\n done").join("\n"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    item/started imageGeneration ig_1 in_progress
    item/completed imageGeneration ig_1 completed /home/C.png
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/C.png."
    item/completed agentMessage msg_turn "The image is saved at /home/C.png."
    status idle
    turn/completed completed [agentMessage msg_turn "The image is saved at /home/C.png."]
    "#);
}

#[test]
fn repeated_hosted_start_starts_one_item() {
    let all = play("exposure hosted\n hosted ig_1 a cat\n hosted ig_1 a cat\n made ig_1 C\n done");
    assert_eq!(all.matches("item/started imageGeneration").count(), 1, "{all}");
}

#[test]
fn hosted_id_reused_after_end_is_new_call() {
    assert_snapshot!(play(
        "exposure hosted
        hosted ig_1 one
        made ig_1 A
        hosted ig_1 two
        made ig_1-2 B
        message msg_1 Two
        done"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > hosted ig_1 one
    item/started imageGeneration ig_1 in_progress
    track ig_1 as ig_1
    > made ig_1 A
    item/completed imageGeneration ig_1 completed /home/A.png
    raw image_generation_call ig_1 easel:img_a
    > hosted ig_1 two
    item/started imageGeneration ig_1-2 in_progress
    track ig_1-2 as ig_1
    > made ig_1-2 B
    item/completed imageGeneration ig_1-2 completed /home/B.png
    raw image_generation_call ig_1-2 easel:img_b
    > message msg_1 Two
    item/started agentMessage msg_1 ""
    delta msg_1 "Two"
    item/completed agentMessage msg_1 "Two"
    raw assistant "Two"
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 6000 ms [agentMessage msg_1 "Two"]
    "#);
}

#[test]
fn hosted_call_without_offer_is_ignored() {
    for exposure in ["exposure none\n", ""] {
        let all = play(&format!("{exposure}hosted ig_1 a cat\n made ig_1 C\n message msg_1 Hm\n done"));
        assert!(!all.contains("imageGeneration") && !all.contains("track"), "{all}");
        assert!(all.contains("turn/completed completed"), "{all}");
    }
}

#[test]
fn response_waits_for_its_images() {
    assert_snapshot!(play("exposure hosted\n hosted ig_1 a cat\n done\n failed ig_1 badResponse"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > hosted ig_1 a cat
    item/started imageGeneration ig_1 in_progress
    track ig_1 as ig_1
    > done
    > failed ig_1 badResponse
    item/completed imageGeneration ig_1 failed badResponse, billed no: it did not work
    raw developer "No image was made: it did not work. Do not call again by yourself; tell the user."
    usage 10 of 10
    status idle
    turn/completed completed after 3000 ms []
    "#);
}

#[test]
fn image_that_arrives_while_response_closes_is_kept() {
    assert_snapshot!(play(
        "exposure hosted
        interrupt
        hosted ig_1 a cat
        delta msg_1 Here
        made ig_1 C
        closed
        hosted ig_2 a dog"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > interrupt
    close response
    cancel calls
    > hosted ig_1 a cat
    item/started imageGeneration ig_1 in_progress
    track ig_1 as ig_1
    > delta msg_1 Here
    > made ig_1 C
    item/completed imageGeneration ig_1 completed /home/C.png
    raw image_generation_call ig_1 easel:img_c
    > closed
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/C.png."
    item/completed agentMessage msg_turn "The image is saved at /home/C.png."
    raw assistant "The image is saved at /home/C.png."
    status idle
    turn/completed interrupted after 5000 ms [agentMessage msg_turn "The image is saved at /home/C.png."]
    > hosted ig_2 a dog
    "#);
}

#[test]
fn closed_response_reports_image_that_did_not_arrive() {
    let interrupted = play("exposure hosted\n interrupt\n closed lost");
    assert_snapshot!(interrupted, @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > interrupt
    close response
    cancel calls
    > closed lost
    status idle
    turn/completed interrupted after 2000 ms [] "The provider may have made and billed an image that did not arrive."
    "#);
    let withdrawn = play("exposure hosted\n withdraw\n closed lost");
    assert!(withdrawn.contains("Images that had arrived are kept. The provider may have made"), "{withdrawn}");
}

#[test]
fn previews_are_emitted_until_image_ends() {
    for script in ["exposure hosted\n hosted ig_1 a cat", "call ig_1 a cat"] {
        let all = play(&format!("{script}\n preview other\n preview ig_1\n made ig_1 C\n preview ig_1\n done"));
        let sent: Vec<&str> =
            all.lines().filter(|line| line.contains("imageGeneration") || line.starts_with("preview")).collect();
        let expected = [
            "item/started imageGeneration ig_1 in_progress",
            "preview ig_1 0 /home/P.preview.png",
            "item/completed imageGeneration ig_1 completed /home/C.png",
        ];
        assert_eq!(sent, expected);
    }
}
