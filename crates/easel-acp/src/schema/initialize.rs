//! The handshake and authentication.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the protocol that Easel speaks, whatever version the client asks for.
pub(crate) const PROTOCOL_VERSION: u16 = 1;

/// What the client says about itself. Read leniently, as the protocol asks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InitializeParams {
    client_capabilities: Value,
    client_info: Value,
}

impl InitializeParams {
    /// Returns whether the client can run the program in a terminal to log in.
    pub(crate) fn has_terminal_login(&self) -> bool {
        self.client_capabilities.pointer("/auth/terminal") == Some(&Value::Bool(true))
    }

    /// Returns the name and the version of the client.
    pub(crate) fn client(&self) -> (Option<&str>, Option<&str>) {
        let text = |field: &str| self.client_info.get(field).and_then(Value::as_str);
        (text("name"), text("version"))
    }
}

/// What the agent can do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitializeResponse {
    pub(crate) protocol_version: u16,
    pub(crate) agent_capabilities: AgentCapabilities,
    pub(crate) auth_methods: Vec<AuthMethod>,
    pub(crate) agent_info: Implementation,
}

/// An object without members, which says that something is supported.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Supported {}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentCapabilities {
    pub(crate) load_session: bool,
    pub(crate) prompt_capabilities: PromptCapabilities,
    pub(crate) session_capabilities: SessionCapabilities,
    pub(crate) auth: AuthCapabilities,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PromptCapabilities {
    pub(crate) image: bool,
    pub(crate) audio: bool,
    pub(crate) embedded_context: bool,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct SessionCapabilities {
    pub(crate) list: Supported,
    pub(crate) resume: Supported,
    pub(crate) close: Supported,
    pub(crate) delete: Supported,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct AuthCapabilities {
    pub(crate) logout: Supported,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Implementation {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) version: &'static str,
}

/// A way to authenticate. Without a type, it is the method `authenticate`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthMethod {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) args: &'static [&'static str],
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthenticateParams {
    pub(crate) method_id: String,
}

/// Params that nothing is read from.
#[derive(Debug, Deserialize)]
pub(crate) struct NoParams {}

/// A response without content.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct NoResult {}
