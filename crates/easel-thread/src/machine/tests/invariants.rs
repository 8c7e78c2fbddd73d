//! Scripts that are disturbed at every line, and random scripts: the invariants of `checks` apply to all.

use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use proptest::prelude::*;

use super::super::Effect;
use super::checks::check;
use super::script::{ScriptRunner, is_setup};

const SCRIPTS: [&str; 26] = [
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
    "exposure none\n call c a\n hosted h b\n done\n message m Sorry\n done",
    "exposure hosted\n hosted c a\n made c C\n delta m Here\n message m Here\n done",
    "exposure hosted\n delta m I draw\n hosted c a\n hosted d b\n made d B\n failed c badResponse\n done",
    "exposure hosted\n refuse limit\n message m Sorry\n done",
    "exposure hosted\n hosted c a\n hosted d b\n exceed limit\n made c C\n made d D\n closed",
    "call c a\n done\n made c\n message m None\n done",
    "closing off\n call c a\n call d b\n done\n made c C\n made d D",
    "closing off\n call c a\n done\n failed c timeout\n message m Sorry\n done",
    "reason r\n part r s0\n think r s0 Hm\n kept r Hm\n delta m Hi\n kept s\n call c a\n done\n made c C\n message n Here\n done",
    "call c a\n need c\n done\n decided c\n made c C\n message m Done\n done",
    "call c a\n call d b\n need c\n need d\n done\n decided d\n failed c approvalDenied\n made d D\n message m Done\n done",
    "purpose host\n made h A",
    "purpose host\n host i {}\n host j b\n failed j timeout\n made h A",
    "purpose host\n max 2\n host i b\n host j c\n made i B\n host k d\n made h A",
    "purpose host\n host i b\n need i\n made h A\n decided i\n made i B",
    "exposure hosted\n kept r\n hosted h a\n kept s\n hosted i b\n made i B\n made h A\n kept t\n message m Here\n done",
];

/// Returns the open image items, in the order of their start.
fn open_calls(effects: &[Effect]) -> Vec<ItemId> {
    let mut open = Vec::new();
    for effect in effects {
        match effect {
            Effect::RunCall { item_id, .. } | Effect::TrackHosted { item_id, .. } => open.push(item_id.clone()),
            Effect::Emit(Event::ItemCompleted(completed)) => open.retain(|id| id != completed.item.id()),
            Effect::Emit(_)
            | Effect::RequestResponse
            | Effect::CloseResponse
            | Effect::CancelCalls
            | Effect::AskApproval { .. } => {}
        }
    }
    open
}

/// Ends a turn: the response ends early, and every running call reports its end.
fn finish(runner: &mut ScriptRunner) {
    while !runner.turn.has_ended() {
        let before = runner.effects.len();
        runner.run("fail cut");
        runner.run("closed");
        if let Some(id) = open_calls(&runner.effects).first() {
            runner.run(&format!("failed {id} interrupted"));
        }
        assert!(runner.effects.len() > before, "the turn cannot end");
    }
}

/// Runs the lines of a script, line `at` through `disturb`, and checks the invariants.
fn check_disturbed(script: &str, at: usize, disturb: impl Fn(&mut ScriptRunner, &str)) {
    let (setup, lines): (Vec<&str>, Vec<&str>) = script.lines().map(str::trim).partition(|line| is_setup(line));
    let mut runner = ScriptRunner::new(setup.into_iter());
    for (number, line) in lines.iter().enumerate() {
        if number == at { disturb(&mut runner, line) } else { runner.run(line) }
    }
    finish(&mut runner);
    check(&runner);
}

#[test]
fn disturbed_scripts_keep_invariants() {
    for script in SCRIPTS {
        for at in 0..=script.lines().count() {
            check_disturbed(script, at, |runner, line| {
                runner.run("interrupt");
                runner.run(line);
            });
            check_disturbed(script, at, |runner, line| {
                runner.run(line);
                runner.run("interrupt");
                finish(runner);
            });
            check_disturbed(script, at, |runner, _| finish(runner));
            check_disturbed(script, at, |runner, line| {
                runner.run("withdraw");
                runner.run(line);
            });
            check_disturbed(script, at, |runner, line| {
                runner.run(line);
                // The id of a client's call is unique, because a request that repeats it joins the call.
                if !line.trim_start().starts_with("host ") {
                    runner.run(line);
                }
            });
            check_disturbed(script, at, |runner, line| runner.run(&format!("unsaved {line}")));
            check_disturbed(script, at, |_, _| {});
        }
    }
}

/// Generates an input line. `{}` stands for a running call.
fn any_line() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec!["a", "b", "a-2", ""]);
    let id = || id.clone();
    prop_oneof![
        4 => (id(), "[a-z_]{0,3}").prop_map(|(id, text)| format!("delta {id} {text}")),
        2 => (id(), "[a-z_]{0,3}").prop_map(|(id, text)| format!("message {id} {text}")),
        6 => id().prop_map(|id| format!("call {id} a cat")),
        2 => (id(), 0..4).prop_map(|(id, n)| format!("call {id} {{\"prompt\": \"x\", \"n\": {n}}}")),
        2 => id().prop_map(|id| format!("call {id} {{\"prompt\": \"x\", \"action\": \"edit\"}}")),
        2 => (id(), "[sc][01]").prop_map(|(id, part)| format!("part {id} {part}")),
        2 => (id(), "[sc][01]").prop_map(|(id, part)| format!("think {id} {part} Hm")),
        2 => id().prop_map(|id| format!("reasoned {id} Hm")),
        3 => id().prop_map(|id| format!("kept {id}")),
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
        3 => Just("need {}".to_owned()),
        2 => Just("decided {}".to_owned()),
        1 => id().prop_map(|id| format!("need {id}")),
        1 => Just("interrupt".to_owned()),
        1 => Just("closed lost".to_owned()),
        1 => Just("withdraw".to_owned()),
        1 => Just("refuse limit".to_owned()),
        1 => Just("exceed limit".to_owned()),
        1 => "[0-3]".prop_map(|max| format!("lower {max}")),
    ]
}

proptest! {
    #[test]
    fn random_turns_keep_invariants(
        setup in prop::sample::select(vec!["max 3", "closing off", "exposure hosted", "exposure hosted\nmax 2", "exposure none", "attach A B", "used a"]),
        lines in prop::collection::vec((any_line(), any::<prop::sample::Index>()), 0..40),
        unsaved in prop::option::weighted(0.2, 0_usize..40),
    ) {
        let mut runner = ScriptRunner::new(setup.lines());
        for (number, (line, which)) in lines.into_iter().enumerate() {
            let open = open_calls(&runner.effects);
            let running = if open.is_empty() { "a" } else { &**which.get(&open) };
            let line = line.replacen("{}", running, 1);
            // A write fails once: nothing is written after that.
            runner.run(&if unsaved == Some(number) { format!("unsaved {line}") } else { line });
        }
        finish(&mut runner);
        check(&runner);
    }

    #[test]
    fn random_host_turns_keep_invariants(
        setup in prop::sample::select(vec!["purpose host", "purpose host\nmax 2", "purpose host\nattach A B"]),
        lines in prop::collection::vec((any_host_line(), any::<prop::sample::Index>()), 0..40),
        unsaved in prop::option::weighted(0.2, 0_usize..40),
    ) {
        let mut runner = ScriptRunner::new(setup.lines());
        for (number, (line, which)) in lines.into_iter().enumerate() {
            if runner.turn.has_ended() {
                break;
            }
            let open = open_calls(&runner.effects);
            let running = if open.is_empty() { "h" } else { &**which.get(&open) };
            // The ids of items are unique: the store gives them.
            let line = line.replacen("{}", running, 1).replacen("NEW", &format!("n{number}"), 1);
            runner.run(&if unsaved == Some(number) { format!("unsaved {line}") } else { line });
        }
        finish(&mut runner);
        check(&runner);
    }
}

/// Generates an input line of a host turn. `{}` stands for a running call, and `NEW` for a new id.
fn any_host_line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("host NEW a cat".to_owned()),
        2 => (0..4).prop_map(|n| format!("host NEW {{\"prompt\": \"x\", \"n\": {n}}}")),
        1 => Just("host NEW {}".to_owned()),
        2 => Just("host NEW {\"prompt\": \"x\", \"action\": \"edit\"}".to_owned()),
        4 => "[0-9]".prop_map(|name| format!("made {{}} {name}")),
        1 => Just("made {}".to_owned()),
        2 => Just("failed {} timeout".to_owned()),
        1 => Just("preview {}".to_owned()),
        2 => Just("need {}".to_owned()),
        1 => Just("decided {}".to_owned()),
        1 => Just("interrupt".to_owned()),
        1 => Just("withdraw".to_owned()),
        1 => Just("restore".to_owned()),
        1 => "[0-3]".prop_map(|max| format!("lower {max}")),
    ]
}
