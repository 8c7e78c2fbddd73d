//! Which layer may set what. A project file comes with a repository that the user may not have read, and a model with
//! a file tool can write one: it must not move requests, keys, code or money.

use serde_json::Value;

/// Top-level names that the project file may not set, with everything below them. Closed list: names that no layer
/// knows yet stand here too, so that a key added later is refused from its first day.
pub const REFUSED_IN_PROJECT: &[&str] = &[
    // Where requests and credentials go.
    "model_provider",
    "model_providers",
    "profiles",
    "openai_base_url",
    "chatgpt_base_url",
    "http_headers",
    "proxy",
    "auth",
    "credentials",
    "cli_auth_credentials_store",
    // What the model is told to be: whoever writes that decides which pictures leave.
    "model_instructions",
    "developer_instructions",
    // Which programs run.
    "hooks",
    "notify",
    "mcp_servers",
    // Where files go.
    "save_root",
    // What is spent and who is asked.
    "approval",
    "prices",
    // How this process and its client talk; a repository has no say in it.
    "wire",
    "server",
];

/// Keys (and sections) that the project file may set only to the same value or a stricter one than the user's.
pub const TIGHTENED_BY_PROJECT: &[&str] = &[
    "features.image_generation",
    "images.retry_uncertain",
    "images.strip_metadata",
    "images.partial_images",
    "limits",
];

/// The same for the overrides of one thread: what the user alone may risk.
pub(crate) const TIGHTENED_BY_THREAD: &[&str] = &["images.retry_uncertain"];

/// Keys of either list that are stricter when they are on.
const STRICTER_WHEN_ON: &[&str] = &["images.strip_metadata"];

/// Names at the top level with one value for the whole process, which an override of one thread therefore cannot set.
/// The account is the process's, so where its credential goes and is kept is too.
pub const PROCESS_WIDE: &[&str] = &["server", "openai_base_url", "chatgpt_base_url", "cli_auth_credentials_store"];

/// The feature that is off for all as soon as the client switches it off.
pub(crate) const KILL_SWITCH: &str = "image_generation";

/// The rules for one source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Policy<'a> {
    /// The user or the client speaks.
    Trusted,
    /// A repository speaks; `below` is the merged configuration under it.
    Project { below: &'a Value },
    /// The client speaks for one thread, perhaps after it has switched image generation off for all; `below` is the
    /// merged configuration under it.
    Thread { is_switched_off: bool, below: &'a Value },
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A project may not set it.
    Project,
    /// Nobody but the user may loosen it.
    Loosened,
    /// One thread may not set it.
    ProcessWide,
    /// It is switched off for all threads.
    SwitchedOff,
}

impl Policy<'_> {
    /// Whether everything at or below the path is refused, known or not.
    pub(crate) fn refuses(self, path: &[String]) -> Option<Refusal> {
        let top = path.first()?.as_str();
        match self {
            Self::Trusted => None,
            Self::Project { .. } => REFUSED_IN_PROJECT.contains(&top).then_some(Refusal::Project),
            Self::Thread { .. } => (PROCESS_WIDE.contains(&top) || is_program(path)).then_some(Refusal::ProcessWide),
        }
    }

    /// Whether this value of a known key is refused.
    pub(crate) fn refuses_value(self, path: &[String], value: &Value) -> Option<Refusal> {
        let (below, guards) = match self {
            Self::Trusted => return None,
            Self::Project { below } => (below, TIGHTENED_BY_PROJECT),
            Self::Thread { is_switched_off, below } => {
                let is_on = *value == Value::Bool(true) && *path == ["features", KILL_SWITCH];
                if is_switched_off && is_on {
                    return Some(Refusal::SwitchedOff);
                }
                (below, TIGHTENED_BY_THREAD)
            }
        };
        let dotted = path.join(".");
        let guarded = guards
            .iter()
            .any(|guard| dotted.strip_prefix(guard).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        let held = path.iter().try_fold(below, |table, part| table.get(part));
        let (value, held) = if STRICTER_WHEN_ON.contains(&dotted.as_str()) { (held?, value) } else { (value, held?) };
        (guarded && !is_as_strict(value, held)).then_some(Refusal::Loosened)
    }
}

/// Whether the path names a program that is run. Threads bring their configuration back when they are resumed, and none of
/// them should bring a command.
fn is_program(path: &[String]) -> bool {
    matches!(path, [section, _, key, ..] if section == "model_providers" && key == "auth")
}

/// Off is stricter than on, and a smaller number stricter than a larger one.
fn is_as_strict(value: &Value, held: &Value) -> bool {
    match (value.as_bool(), held.as_bool(), value.as_u64(), held.as_u64()) {
        (Some(value), Some(held), _, _) => !value || held,
        (_, _, Some(value), Some(held)) => value <= held,
        _ => false,
    }
}
