//! `[hooks]`: programs that run before and after image calls.

use serde::{Deserialize, Serialize};

use super::SecretValue;

/// `[hooks]`: programs that run before and after image calls, in Easel's spelling and in that of Codex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hooks {
    /// Programs that run before a call and may deny it.
    pub pre_tool_use: Vec<Hook>,
    /// Programs that run after a call.
    pub post_tool_use: Vec<Hook>,
    /// Like `pre_tool_use`, from the spelling of Codex.
    #[serde(rename = "PreToolUse")]
    pub codex_pre_tool_use: Vec<Hook>,
    /// Like `post_tool_use`, from the spelling of Codex.
    #[serde(rename = "PostToolUse")]
    pub codex_post_tool_use: Vec<Hook>,
}

/// A program that runs before or after image calls. Hooks for other tools are not in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The program and its arguments, which may be secret. Empty if the hooks are invalid: such a hook denies every
    /// call.
    pub command: Vec<SecretValue>,
    /// Seconds until the program times out. Unset: 600.
    pub timeout: Option<u64>,
}
