//! Hooks, and what happens to invalid ones.

use serde_json::json;

use super::Sandbox;
use crate::{Hook, Loaded};

fn commands(hooks: &[Hook]) -> Vec<Vec<&str>> {
    hooks.iter().map(|hook| hook.command.iter().map(|word| word.expose()).collect()).collect()
}

/// A hook that denies every call.
fn is_invalid(hooks: &[Hook]) -> bool {
    commands(hooks) == [Vec::<&str>::new()]
}

fn load(home: &str) -> Loaded {
    Sandbox::new().with_home(home).load()
}

#[test]
fn both_spellings_are_loaded_for_the_image_tool() {
    let loaded = load(
        r#"
[[hooks.pre_tool_use]]
command = ["check", "--strict"]
timeout = 5
[[hooks.pre_tool_use]]
command = ["other"]
matcher = "image_gen.*"
[[hooks.post_tool_use]]
command = "log"
[[hooks.PreToolUse]]
matcher = "^Bash$"
[[hooks.PreToolUse.hooks]]
type = "command"
command = "echo $HOME | tee"
[[hooks.PreToolUse]]
[[hooks.PreToolUse.hooks]]
type = "command"
command = "check2 now"
[[hooks.SessionStart]]
[[hooks.SessionStart.hooks]]
type = "command"
command = "echo hi"
"#,
    );
    assert_eq!(loaded.warnings, []);
    let hooks = &loaded.config.hooks;
    assert_eq!(commands(&hooks.pre_tool_use), [vec!["check", "--strict"], vec!["other"]]);
    assert_eq!(hooks.pre_tool_use[0].timeout, Some(5));
    assert_eq!(commands(&hooks.post_tool_use), [["log"]]);
    assert_eq!(commands(&hooks.codex_pre_tool_use), [["check2", "now"]]);
    assert_eq!(loaded.ignored.len(), 1, "SessionStart is a setting of Codex");
}

#[test]
fn invalid_hook_before_calls_denies_instead_of_disappearing() {
    for home in [
        "[[hooks.pre_tool_use]]\ncommand = 'check || exit 2'",
        "[[hooks.pre_tool_use]]\ncomand = ['check']",
        "[[hooks.pre_tool_use]]\ncommand = ['check']\nmatcher = '('",
        "[[hooks.pre_tool_use]]\ncommand = ['check']\nmatcher = 'imagegn'",
        "hooks.pre_tool_use = 'check'",
        "hooks = 'check'",
    ] {
        let loaded = load(home);
        assert!(is_invalid(&loaded.config.hooks.pre_tool_use), "{home}");
        let [warning] = loaded.warnings.as_slice() else { panic!("{home}: {:?}", loaded.warnings) };
        assert!(warning.summary.contains("strictest") && !warning.summary.contains("check"), "{warning}");
    }
    let loaded = load("[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ntype = 'command'\ncommand = 'a && b'");
    assert!(is_invalid(&loaded.config.hooks.codex_pre_tool_use));
    let loaded = load("hooks.post_tool_use = 'check'");
    assert_eq!((loaded.config.hooks.post_tool_use.len(), loaded.warnings.len()), (0, 1));
}

#[test]
fn projects_and_threads_cannot_set_hooks() {
    let project = "[[hooks.pre_tool_use]]\ncommand = ['evil']\n[[hooks.PostToolUse]]\nhooks = []\n";
    let sandbox = Sandbox::new().with_project(project).with_trust();
    let overrides = json!({
        "hooks.post_tool_use": [{ "command": ["evil"] }],
        "hooks": { "pre_tool_use": [{ "command": ["evil"] }], "PreToolUse": "evil" },
    });
    let loaded = sandbox.load_for_thread(overrides);
    assert_eq!(loaded.config.hooks, crate::Hooks::default());
    assert!(loaded.warnings.len() >= 5, "{:?}", loaded.warnings);
    assert!(loaded.warnings.iter().all(|warning| warning.summary.contains("may not set it")), "{:?}", loaded.warnings);
}

#[test]
fn hooks_are_set_on_the_command_line() {
    let sandbox = Sandbox::new().with_override("hooks.pre_tool_use=[{command=['check']}]");
    assert_eq!(commands(&sandbox.load().config.hooks.pre_tool_use), [["check"]]);
}
