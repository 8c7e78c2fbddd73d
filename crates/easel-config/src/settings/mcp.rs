//! `[mcp]`: `easel mcp-server`.

use serde::{Deserialize, Serialize};

/// How `easel mcp-server` answers its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mcp {
    /// Milliseconds until a call whose host shows no progress is answered without its image, which the next call with
    /// the same arguments gets. 0: never.
    pub answer_within_ms: u64,
}

impl Default for Mcp {
    fn default() -> Self {
        // Hosts give up after 60 s.
        Self { answer_within_ms: 50_000 }
    }
}
