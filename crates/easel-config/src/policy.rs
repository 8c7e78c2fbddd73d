//! Which layer may set what. A project file comes with a repository that the user may not have read, and a model with
//! a file tool can write one: it must not move requests, keys, code or money.
//!
//! The `project` column of the key table says what the file of a project may set. Until the user trusts the project, by
//! the peer's convention (see `trust`), the file may only make something stricter.

use serde_json::Value;

use crate::LayerName;
use crate::keys::{Key, ProjectMay, is_closed_to_projects};

/// Top-level names that no key has yet and that the project file may not set, with everything below them: a key that is
/// added under one of them later is refused from its first day.
pub const RESERVED_FROM_PROJECTS: &[&str] = &[
    // Where requests and credentials go.
    "profiles",
    "http_headers",
    "proxy",
    "auth",
    "credentials",
    // Which programs run.
    "hooks",
    "notify",
    "mcp_servers",
    // Where files go.
    "save_root",
    // Who is asked before money is spent.
    "approval",
];

/// Keys that the overrides of one thread may set only to the same value or a stricter one: what the user alone may risk.
pub(crate) const TIGHTENED_BY_THREAD: &[&str] = &["images.retry_uncertain", "images.reference_roots"];

/// Keys that are stricter when they are on. Of all others off is stricter than on, and less stricter than more.
const STRICTER_WHEN_ON: &[&str] = &["images.strip_metadata"];

/// Names at the top level with one value for the whole process, which an override of one thread therefore cannot set.
/// The account is the process's, so where its credential goes and is kept is too.
pub const PROCESS_WIDE: &[&str] = &["server", "openai_base_url", "chatgpt_base_url", "cli_auth_credentials_store"];

/// Keys below a provider whose values may be secret. No thread may set them, because its configuration is stored.
pub(crate) const SECRET_OF_PROVIDER: &[&str] = &["http_headers", "query_params", "auth"];

/// The section that says which projects are trusted. Only the home's own file may have it: an environment can come from
/// a workspace, and a command line from whoever starts the program.
const PROJECTS: &str = "projects";

/// The feature that is off for all as soon as the client switches it off.
pub(crate) const KILL_SWITCH: &str = "image_generation";

/// The rules for one source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Policy<'a> {
    /// The user or the client speaks.
    Trusted,
    /// A repository speaks; `below` is the merged configuration under it.
    Project { is_trusted: bool, below: &'a Value },
    /// The client speaks for one thread, perhaps after it has switched image generation off for all; `below` is the
    /// merged configuration under it.
    Thread { is_switched_off: bool, below: &'a Value },
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A project may not set it.
    Project,
    /// A project may set it only if the user trusts it.
    Untrusted,
    /// Nobody but the user may loosen it.
    Loosened,
    /// Only the home's own file may set it.
    HomeOnly,
    /// One thread may not set it.
    ProcessWide,
    /// It is switched off for all threads.
    SwitchedOff,
}

impl Policy<'_> {
    /// Whether everything at or below the path is refused, known or not.
    pub(crate) fn refuses(self, layer: &LayerName, path: &[String]) -> Option<Refusal> {
        let top = path.first()?.as_str();
        match self {
            Self::Project { .. } if RESERVED_FROM_PROJECTS.contains(&top) || is_closed_to_projects(top) => {
                Some(Refusal::Project)
            }
            _ if top == PROJECTS && !matches!(layer, LayerName::Home { .. }) => Some(Refusal::HomeOnly),
            Self::Thread { .. } if PROCESS_WIDE.contains(&top) || is_program(path) => Some(Refusal::ProcessWide),
            Self::Trusted | Self::Project { .. } | Self::Thread { .. } => None,
        }
    }

    /// Whether this value of a known key is refused.
    pub(crate) fn refuses_value(self, key: &Key, path: &[String], value: &Value) -> Option<Refusal> {
        match self {
            Self::Trusted => None,
            Self::Project { is_trusted, below } => match key.project {
                ProjectMay::Never => Some(Refusal::Project),
                ProjectMay::IfTrusted => (!is_trusted).then_some(Refusal::Untrusted),
                ProjectMay::IfTrustedOrStricter => {
                    (!is_trusted && !is_as_strict(key, path, value, below)).then_some(Refusal::Untrusted)
                }
                ProjectMay::IfStricter => (!is_as_strict(key, path, value, below)).then_some(Refusal::Loosened),
            },
            Self::Thread { is_switched_off, below } => {
                let is_on = *value == Value::Bool(true) && *path == ["features", KILL_SWITCH];
                if is_switched_off && is_on {
                    return Some(Refusal::SwitchedOff);
                }
                let is_guarded = TIGHTENED_BY_THREAD.contains(&key.path);
                (is_guarded && !is_as_strict(key, path, value, below)).then_some(Refusal::Loosened)
            }
        }
    }
}

/// Whether the path names a program that is run. Threads bring their configuration back when they are resumed, and none of
/// them should bring a command.
fn is_program(path: &[String]) -> bool {
    matches!(path, [section, _, key, ..] if section == "model_providers" && key == "auth")
}

/// Whether the value is the one that the configuration below has, or a stricter one.
fn is_as_strict(key: &Key, path: &[String], value: &Value, below: &Value) -> bool {
    let Some(held) = path.iter().try_fold(below, |table, part| table.get(part)) else { return false };
    let (stricter, looser) = if STRICTER_WHEN_ON.contains(&key.path) { (held, value) } else { (value, held) };
    match (stricter.as_bool(), looser.as_bool(), stricter.as_u64(), looser.as_u64()) {
        (Some(stricter), Some(looser), _, _) => !stricter || looser,
        (_, _, Some(stricter), Some(looser)) => stricter <= looser,
        _ => false,
    }
}
