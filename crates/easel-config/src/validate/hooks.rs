//! Parses hooks: programs for calls of certain tools. Hooks in the spelling of Codex that are for other tools are left
//! out, because the file may be shared with Codex.

use easel_imagegen::spec::{FUNCTION, HOSTED_NAME, NAMESPACE, STANDALONE_NAME};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::keys::{MAX_HOOK_TIMEOUT, MAX_HOOKS};
use crate::layers::{RawEntry, RawValue};
use crate::os;

/// Maximum number of hooks or groups of hooks for any tool.
const MAX_ENTRIES: usize = 256;
/// Maximum number of words in a command, and of characters in a word.
const MAX_WORDS: usize = 64;
const MAX_CHARS: usize = 4_096;
/// Maximum length of a matcher in characters.
const MAX_MATCHER: usize = 256;

/// The names by which a matcher may name the image tool. A hook for any of them guards both tools.
const TOOL_NAMES: &[&str] = &[STANDALONE_NAME, "image_gen__imagegen", FUNCTION, NAMESPACE, HOSTED_NAME];

/// Characters that mean something to a shell. Easel runs no shell, so a command in one string must not have them.
const SHELL_CHARS: &[char] =
    &['$', '`', '|', '&', ';', '<', '>', '(', ')', '{', '}', '*', '?', '[', ']', '~', '!', '#', '\\', '\n', '\r'];

/// Parses hooks in Easel's spelling: tables with `command`, `matcher` and `timeout`. A matcher that does not match the
/// image tool is invalid: there is no other tool, so it is a mistake, and it must not remove the hook.
pub(super) fn parse(value: RawValue) -> Option<Value> {
    collect(value, |entries| {
        let mut fields = Fields(entries);
        let (command, matcher, timeout) = (fields.take("command"), fields.take("matcher"), fields.take("timeout"));
        fields.end()?;
        let hook = to_hook(&parse_command(command?)?, timeout)?;
        matches_image_tool(matcher)?.then(|| vec![hook])
    })
}

/// Parses hooks in the spelling of Codex: groups with a `matcher`, and `hooks` with `type`, `command` and `timeout`.
/// Returns those for the image tool. A group for other tools may have anything in its hooks.
pub(super) fn parse_codex(value: RawValue) -> Option<Value> {
    collect(value, |entries| {
        let mut group = Fields(entries);
        let (matcher, hooks) = (group.take("matcher"), group.take("hooks"));
        group.end()?;
        if !matches_image_tool(matcher)? {
            return Some(Vec::new());
        }
        let Some(hooks) = hooks else { return Some(Vec::new()) };
        let RawValue::List(hooks) = hooks else { return None };
        hooks.into_iter().map(parse_codex_hook).collect()
    })
}

fn parse_codex_hook(hook: RawValue) -> Option<Value> {
    let RawValue::Table(entries) = hook else { return None };
    let mut fields = Fields(entries);
    let kind = fields.take("type")?;
    let (command, on_windows) = (fields.take("command")?, fields.take("commandWindows"));
    let (timeout, runs_in_background) = (fields.take("timeout"), fields.take("async"));
    // These only concern what Codex shows and what its model reads.
    for name in ["statusMessage", "visibilityHint", "additionalContextLimit"] {
        fields.take(name);
    }
    fields.end()?;
    let command = on_windows.filter(|_| os::IS_WINDOWS).unwrap_or(command);
    let is_command = kind == RawValue::Text("command".to_owned());
    // A hook in the background cannot deny a call.
    let waits = runs_in_background.is_none_or(|value| value == RawValue::Bool(false));
    if is_command && waits { to_hook(&parse_command(command)?, timeout) } else { None }
}

/// Parses each table of a list and collects the hooks.
fn collect(value: RawValue, parse: impl Fn(Vec<RawEntry>) -> Option<Vec<Value>>) -> Option<Value> {
    let RawValue::List(items) = value else { return None };
    if items.len() > MAX_ENTRIES {
        return None;
    }
    let mut hooks = Vec::new();
    for item in items {
        let RawValue::Table(entries) = item else { return None };
        hooks.extend(parse(entries)?);
    }
    (hooks.len() <= MAX_HOOKS).then_some(Value::Array(hooks))
}

/// The fields of a table that are not read yet.
struct Fields(Vec<RawEntry>);

impl Fields {
    fn take(&mut self, name: &str) -> Option<RawValue> {
        let at = self.0.iter().position(|entry| entry.key == name)?;
        Some(self.0.swap_remove(at).value)
    }

    /// Returns `None` if a field is left, which is unknown.
    fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn to_hook(command: &[String], timeout: Option<RawValue>) -> Option<Value> {
    let mut hook = Map::new();
    hook.insert("command".to_owned(), json!(command));
    if let Some(timeout) = timeout {
        let RawValue::Integer(seconds) = timeout else { return None };
        let seconds = u64::try_from(seconds).ok().filter(|seconds| (1..=MAX_HOOK_TIMEOUT).contains(seconds))?;
        hook.insert("timeout".to_owned(), seconds.into());
    }
    Some(Value::Object(hook))
}

/// Returns the words of a command: a list of strings, or a string of words without the syntax of a shell.
fn parse_command(command: RawValue) -> Option<Vec<String>> {
    let words = match command {
        RawValue::List(items) => items.into_iter().map(to_text).collect::<Option<Vec<_>>>()?,
        RawValue::Text(text) if !text.contains(SHELL_CHARS) => shlex::split(&text)?,
        RawValue::Text(_)
        | RawValue::Bool(_)
        | RawValue::Integer(_)
        | RawValue::Float(_)
        | RawValue::Untyped(_)
        | RawValue::Table(_)
        | RawValue::Unsupported => return None,
    };
    let is_program = words.first().is_some_and(|program| !program.is_empty() && !program.contains('='));
    let fits = |word: &String| word.chars().count() <= MAX_CHARS && !word.contains('\0');
    (is_program && words.len() <= MAX_WORDS && words.iter().all(fits)).then_some(words)
}

fn to_text(value: RawValue) -> Option<String> {
    if let RawValue::Text(text) = value { Some(text) } else { None }
}

/// Returns whether a matcher selects the image tool; `None` if it is invalid. As in Codex, no matcher, an empty one and
/// `*` select every tool, names are separated by `|`, and everything else is a regular expression.
fn matches_image_tool(matcher: Option<RawValue>) -> Option<bool> {
    let Some(matcher) = matcher else { return Some(true) };
    let matcher = to_text(matcher).filter(|matcher| matcher.chars().count() <= MAX_MATCHER)?;
    if matches!(matcher.as_str(), "" | "*") {
        return Some(true);
    }
    if matcher.chars().all(|c| c.is_ascii_alphanumeric() || "_|".contains(c)) {
        return Some(matcher.split('|').any(|name| TOOL_NAMES.contains(&name)));
    }
    let pattern = Regex::new(&matcher).ok()?;
    Some(TOOL_NAMES.iter().any(|name| pattern.is_match(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::from_json;

    fn parsed(parse: fn(RawValue) -> Option<Value>, value: &Value) -> Option<Value> {
        parse(from_json(value).unwrap())
    }

    #[test]
    fn matcher_follows_the_convention_of_codex() {
        let table = [
            ("", Some(true)),
            ("*", Some(true)),
            ("Bash", Some(false)),
            ("Bash|imagegen", Some(true)),
            ("imagege", Some(false)),
            ("image_generation", Some(true)),
            ("image_gen.*", Some(true)),
            ("^image_gen\\.imagegen$", Some(true)),
            ("^Bash$", Some(false)),
            (".*", Some(true)),
            ("[", None),
        ];
        for (matcher, expected) in table {
            assert_eq!(matches_image_tool(Some(RawValue::Text(matcher.to_owned()))), expected, "{matcher}");
        }
        assert_eq!(matches_image_tool(None), Some(true));
        assert_eq!(matches_image_tool(Some(RawValue::Bool(true))), None);
        assert_eq!(matches_image_tool(Some(RawValue::Text("a".repeat(257)))), None);
    }

    #[test]
    fn hooks_become_commands_with_their_time_limit() {
        let value = json!([
            {"command": ["check", "a b", ""], "matcher": "image_gen.*", "timeout": 5},
            {"command": "python3 'my check.py' --strict"},
        ]);
        let expected = json!([
            {"command": ["check", "a b", ""], "timeout": 5},
            {"command": ["python3", "my check.py", "--strict"]},
        ]);
        assert_eq!(parsed(parse, &value), Some(expected));
        assert_eq!(parsed(parse, &json!([])), Some(json!([])));
        let of_another_tool = json!([{"command": ["check"]}, {"command": ["check"], "matcher": "Bash"}]);
        assert_eq!(parsed(parse, &of_another_tool), None);
    }

    #[test]
    fn groups_of_codex_become_commands() {
        let value = json!([
            {"matcher": "^Bash$", "hooks": [{"type": "command", "command": "x | y && z"}, {"type": "agent"}]},
            {"hooks": [
                {"type": "command", "command": "check --all", "timeout": 30, "statusMessage": "Checking", "async": false},
                {"type": "command", "command": "check2"},
            ]},
            {"matcher": "imagegen"},
        ]);
        let expected = json!([{"command": ["check", "--all"], "timeout": 30}, {"command": ["check2"]}]);
        assert_eq!(parsed(parse_codex, &value), Some(expected));
    }

    #[test]
    fn what_cannot_be_run_as_written_is_invalid() {
        for hook in [
            json!({}),
            json!({"command": []}),
            json!({"command": [""]}),
            json!({"command": [1]}),
            json!({"command": "check | tee log"}),
            json!({"command": "A=1 check"}),
            json!({"command": "check 'open"}),
            json!({"command": ["check\0"]}),
            json!({"command": vec!["a"; 65]}),
            json!({"command": ["a".repeat(5_000)]}),
            json!({"command": ["check"], "timeout": 0}),
            json!({"command": ["check"], "timeout": 3_601}),
            json!({"command": ["check"], "timeout": "5"}),
            json!({"command": ["check"], "matcher": "("}),
            json!({"command": ["check"], "matchers": "Bash"}),
        ] {
            assert_eq!(parsed(parse, &json!([hook])), None, "{hook}");
        }
        for hook in [
            json!({"type": "agent", "command": "check"}),
            json!({"type": "command"}),
            json!({"type": "command", "command": "check || exit 2"}),
            json!({"type": "command", "command": "check", "async": true}),
            json!({"type": "command", "command": "check", "unknown": 1}),
            json!("check"),
        ] {
            assert_eq!(parsed(parse_codex, &json!([{"hooks": [hook]}])), None, "{hook}");
        }
        for value in [json!({}), json!("check"), json!(["check"]), json!(vec![json!({"command": ["a"]}); 17])] {
            assert_eq!(parsed(parse, &value), None, "{value}");
        }
    }
}
