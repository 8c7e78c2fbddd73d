//! `[projects."PATH"]`: which projects the user trusts.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// `[projects."PATH"]`: what the user has decided about a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Whether the user trusts the project. Unset: `untrusted`.
    pub trust_level: Option<TrustLevel>,
}

/// The levels of trust, which are those of Codex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TrustLevel {
    /// The project's file may set every key that the table of keys opens to projects.
    Trusted,
    /// The project's file may only make settings stricter.
    Untrusted,
}
