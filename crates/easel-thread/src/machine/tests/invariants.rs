//! Turns that are disturbed at every point, and turns at random: the rules hold for all.

use easel_protocol::event::Event;
use proptest::prelude::*;

use super::super::Effect;
use super::rules::check;
use super::script::{Stage, is_scene};

const SCRIPTS: [&str; 14] = [
    "delta m Hel\n delta m lo\n message m Hello\n done",
    "message m Hello\n message m Again\n done",
    "call c a\n done\n made c C\n delta m Here\n message m Here\n done",
    "call c a\n made c C\n done\n message m Here\n done",
    "delta m First\n call c a\n done\n made c C\n done",
    "call c a\n call d b\n call c e\n done\n made d B\n failed c timeout\n made c-2 C\n message m Done\n done",
    "call c a\n done\n made c A\n call c b\n done\n made c-2 B\n done",
    "call c {}\n tool t shell\n call d b\n done\n made d B\n message m Done\n done",
    "max 1\n call c a\n call d b\n done\n made c A\n message m One\n done",
    "attach A B\n call c {\"prompt\": \"x\", \"action\": \"edit\"}\n done\n made c C\n message m Done\n done",
    "offer none\n call c a\n hosted h b\n done\n message m Sorry\n done",
    "offer hosted\n hosted c a\n made c C\n delta m Here\n message m Here\n done",
    "offer hosted\n delta m I draw\n hosted c a\n hosted d b\n made d B\n failed c badResponse\n done",
    "call c a\n done\n made c\n message m None\n done",
];

/// The items that have begun and not ended, in the order of their start.
fn open_calls(effects: &[Effect]) -> Vec<String> {
    let mut open = Vec::new();
    for effect in effects {
        match effect {
            Effect::RunCall(draft) => open.push(draft.call_id.clone()),
            Effect::TrackHosted { item_id, .. } => open.push(item_id.to_string()),
            Effect::Emit(Event::ItemCompleted(completed)) => open.retain(|id| id != completed.item.id()),
            Effect::Emit(_) | Effect::AskModel | Effect::CloseAnswer | Effect::CancelCalls => {}
        }
    }
    open
}

/// Brings a turn to its end as the world would: the answer is cut and every call that runs reports.
fn finish(stage: &mut Stage) {
    while !stage.turn.ended() {
        let before = stage.effects.len();
        stage.play("fail cut");
        if let Some(id) = open_calls(&stage.effects).first() {
            stage.play(&format!("failed {id} interrupted"));
        }
        assert!(stage.effects.len() > before, "the turn waits for nothing");
    }
}

/// Plays the script's first lines, then `disturb` with the next one, then the rest, and checks what came of it.
fn disturbed(script: &str, at: usize, disturb: impl Fn(&mut Stage, &str)) {
    let (scene, lines): (Vec<&str>, Vec<&str>) = script.lines().map(str::trim).partition(|line| is_scene(line));
    let mut stage = Stage::set(scene.into_iter());
    for (number, line) in lines.iter().enumerate() {
        if number == at { disturb(&mut stage, line) } else { stage.play(line) }
    }
    finish(&mut stage);
    check(&stage);
}

#[test]
fn every_script_keeps_the_rules_whatever_disturbs_it_and_whenever() {
    for script in SCRIPTS {
        for at in 0..=script.lines().count() {
            disturbed(script, at, |stage, line| {
                stage.play("interrupt");
                stage.play(line);
            });
            disturbed(script, at, |stage, line| {
                stage.play(line);
                stage.play("interrupt");
                finish(stage);
            });
            disturbed(script, at, |stage, _| finish(stage));
            disturbed(script, at, |stage, line| {
                stage.play("withdraw");
                stage.play(line);
            });
            disturbed(script, at, |stage, line| {
                stage.play(line);
                stage.play(line);
            });
            disturbed(script, at, |stage, line| stage.play(&format!("lost {line}")));
            disturbed(script, at, |_, _| {});
        }
    }
}

/// One input out of all that there are; `{}` stands for a call that runs, in any order.
fn line() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec!["a", "b", "a-2", ""]);
    let id = || id.clone();
    prop_oneof![
        4 => (id(), "[a-z_]{0,3}").prop_map(|(id, text)| format!("delta {id} {text}")),
        2 => (id(), "[a-z_]{0,3}").prop_map(|(id, text)| format!("message {id} {text}")),
        6 => id().prop_map(|id| format!("call {id} a cat")),
        2 => (id(), 0..4).prop_map(|(id, n)| format!("call {id} {{\"prompt\": \"x\", \"n\": {n}}}")),
        2 => id().prop_map(|id| format!("call {id} {{\"prompt\": \"x\", \"action\": \"edit\"}}")),
        1 => id().prop_map(|id| format!("tool {id} shell")),
        4 => id().prop_map(|id| format!("hosted {id} a dog")),
        4 => Just("done".to_owned()),
        1 => Just("fail gone".to_owned()),
        6 => "[0-9]".prop_map(|name| format!("made {{}} {name}")),
        3 => Just("preview {}".to_owned()),
        1 => id().prop_map(|id| format!("preview {id}")),
        1 => Just("made {}".to_owned()),
        2 => Just("failed {} timeout".to_owned()),
        1 => id().prop_map(|id| format!("made {id} F")),
        1 => Just("interrupt".to_owned()),
        1 => Just("withdraw".to_owned()),
        1 => "[0-3]".prop_map(|most| format!("lower {most}")),
    ]
}

proptest! {
    #[test]
    fn every_turn_keeps_the_rules(
        scene in prop::sample::select(vec!["max 3", "offer hosted", "offer hosted\nmax 2", "offer none", "attach A B", "taken a"]),
        lines in prop::collection::vec((line(), any::<prop::sample::Index>()), 0..40),
        lost in prop::option::weighted(0.2, 0_usize..40),
    ) {
        let mut stage = Stage::set(scene.lines());
        for (number, (line, which)) in lines.into_iter().enumerate() {
            let open = open_calls(&stage.effects);
            let running = if open.is_empty() { "a" } else { which.get(&open) };
            let line = line.replacen("{}", running, 1);
            // History fails once: nothing is written after that.
            stage.play(&if lost == Some(number) { format!("lost {line}") } else { line });
        }
        finish(&mut stage);
        check(&stage);
    }
}
