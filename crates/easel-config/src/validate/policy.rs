//! Decides which keys each layer may set.
//!
//! A project file comes with a repository that the user may not have read, and a model with a file tool can write one.
//! It must not redirect requests, read keys, run code or spend money. The `project` column of the table of keys says
//! what it may set. Until the user trusts the project (see `layers::trust`), it may only make settings stricter.
//!
//! The overrides of a thread come from the client, but they are stored and restored with the thread; the `thread`
//! column says what they may set.

use serde_json::Value;

use crate::LayerName;
use crate::keys::{Key, ProjectAccess, ThreadAccess, every_key_at};

/// Top-level names without keys that a project may not set, so that keys that a later version adds there are refused
/// from the start. Names with keys follow the `project` column.
pub(crate) const RESERVED_FROM_PROJECTS: &[&str] = &[
    // Where requests and credentials go.
    "profiles",
    "http_headers",
    "proxy",
    "auth",
    "credentials",
    // Which programs run.
    "notify",
    "mcp_servers",
    // Where files go.
    "save_root",
];

/// The feature that is off for every thread as soon as a client switches it off.
pub(crate) const KILL_SWITCH: &str = "image_generation";

/// The rules for one layer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Policy<'a> {
    /// The layer is the user's own and may set every key that is not bound to the home's file.
    Unrestricted,
    /// The layer is a project file. `base` is the merged configuration of the layers below it.
    Project { is_trusted: bool, base: &'a Value },
    /// The layer is the overrides of a thread. `base` is the merged configuration of the layers below it.
    Thread { is_image_generation_off: bool, base: &'a Value },
    /// The layer is the overrides of a thread, which are stored with it. What they may set depends on the other layers
    /// each time that the thread is loaded, but some keys no thread may set.
    StoredThread,
}

/// Why a layer may not set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// No project may set the key.
    Project,
    /// Only a trusted project may set the key to this value.
    UntrustedProject,
    /// A project or a thread may only make the key stricter.
    NotStricter,
    /// Only the home's own file may set the key.
    HomeOnly,
    /// No thread may set the key.
    Thread,
    /// A client switched image generation off for the whole server.
    SwitchedOff,
}

impl Policy<'_> {
    /// Checks whether the layer may set anything at or below the path, known or not.
    pub(crate) fn check_path(self, layer: &LayerName, path: &[String]) -> Result<(), Violation> {
        let is_reserved = path.first().is_some_and(|top| RESERVED_FROM_PROJECTS.contains(&top.as_str()));
        match self {
            Self::Project { .. } if is_reserved || every_key_at(path, |key| key.project == ProjectAccess::Never) => {
                Err(Violation::Project)
            }
            _ if !matches!(layer, LayerName::Home { .. }) && every_key_at(path, |key| key.is_home_only) => {
                Err(Violation::HomeOnly)
            }
            Self::Thread { .. } | Self::StoredThread if every_key_at(path, |key| key.thread == ThreadAccess::Never) => {
                Err(Violation::Thread)
            }
            Self::Unrestricted | Self::Project { .. } | Self::Thread { .. } | Self::StoredThread => Ok(()),
        }
    }

    /// Checks whether the layer may set a known key to this value.
    pub(crate) fn check_value(self, key: &Key, path: &[String], value: &Value) -> Result<(), Violation> {
        let require = |condition: bool, violation| if condition { Ok(()) } else { Err(violation) };
        match self {
            Self::Unrestricted => Ok(()),
            Self::StoredThread if key.thread == ThreadAccess::Never => Err(Violation::Thread),
            Self::StoredThread => Ok(()),
            Self::Project { is_trusted, base } => {
                let is_strict = || is_as_strict(key, path, value, base);
                match key.project {
                    ProjectAccess::Never => Err(Violation::Project),
                    ProjectAccess::IfTrusted => require(is_trusted, Violation::UntrustedProject),
                    ProjectAccess::IfTrustedOrStricter => {
                        require(is_trusted || is_strict(), Violation::UntrustedProject)
                    }
                    ProjectAccess::IfStricter => require(is_strict(), Violation::NotStricter),
                }
            }
            Self::Thread { is_image_generation_off, base } => {
                let is_on = *value == Value::Bool(true) && *path == ["features", KILL_SWITCH];
                if is_image_generation_off && is_on {
                    return Err(Violation::SwitchedOff);
                }
                match key.thread {
                    ThreadAccess::Always => Ok(()),
                    ThreadAccess::IfStricter => require(is_as_strict(key, path, value, base), Violation::NotStricter),
                    ThreadAccess::Never => Err(Violation::Thread),
                }
            }
        }
    }
}

/// Returns whether the value equals that of the layers below or is stricter. Only booleans and numbers have an order.
fn is_as_strict(key: &Key, path: &[String], value: &Value, base: &Value) -> bool {
    let current = path.iter().try_fold(base, |table, part| table.get(part)).filter(|current| !current.is_null());
    let Some(current) = current else { return key.is_unlimited_when_unset };
    // A smaller number, or `false`, is stricter unless the key says otherwise.
    let (smaller, larger) = if key.is_stricter_when_on { (current, value) } else { (value, current) };
    match (smaller.as_bool(), larger.as_bool(), smaller.as_f64(), larger.as_f64()) {
        (Some(smaller), Some(larger), _, _) => !smaller || larger,
        (_, _, Some(smaller), Some(larger)) => smaller <= larger,
        _ => false,
    }
}
