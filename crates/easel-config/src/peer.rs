//! Keys of the peer's own `config.toml`. A client may share one file or one set of options between both servers, so
//! these are passed over quietly. A key whose silent loss would send a request elsewhere is not in the list on purpose.

/// Names at the top level that belong to the peer, with everything below them.
const TOP_LEVEL: &[&str] = &[
    "agents",
    "allow_login_shell",
    "analytics",
    "approval_policy",
    "approvals_reviewer",
    "apps",
    "audio",
    "background_terminal_max_timeout",
    "browser_use",
    "check_for_update_on_startup",
    "client_search_provider",
    "commit_attribution",
    "compact_prompt",
    "computer_use",
    "default_permissions",
    "desktop",
    "disable_paste_burst",
    "disable_response_storage",
    "feedback",
    "file_opener",
    "forced_chatgpt_workspace_id",
    "forced_login_method",
    "ghost_snapshot",
    "hide_agent_reasoning",
    "instructions",
    "log_dir",
    "marketplaces",
    "mcp_oauth_callback_port",
    "mcp_oauth_callback_url",
    "mcp_oauth_credentials_store",
    "mcp_servers",
    "memories",
    "model_auto_compact_token_limit",
    "model_auto_compact_token_limit_scope",
    "model_catalog_json",
    "model_context_window",
    "model_instructions_file",
    "model_max_output_tokens",
    "model_reasoning_effort",
    "model_reasoning_summary",
    "model_supports_reasoning_summaries",
    "model_verbosity",
    "notice",
    "notify",
    "oss_provider",
    "otel",
    "permissions",
    "personality",
    "plan_mode_reasoning_effort",
    "plugins",
    "profile",
    "project_doc_fallback_filenames",
    "project_doc_max_bytes",
    "project_root_markers",
    "realtime",
    "review_model",
    "sandbox_mode",
    "sandbox_workspace_write",
    "service_tier",
    "shell_environment_policy",
    "show_raw_agent_reasoning",
    "skills",
    "sqlite_home",
    "suppress_unstable_features_warning",
    "tool_output_token_limit",
    "tools",
    "tui",
    "web_search",
    "windows",
    "windows_wsl_setup_acknowledged",
    "zsh_path",
];

/// Keys of the peer inside a section that we have too.
const NESTED: &[[&str; 2]] = &[["history", "max_bytes"], ["history", "persistence"]];

/// Keys of the peer in the table of a provider.
const OF_PROVIDERS: &[&str] = &["env_key_instructions", "supports_websockets", "websocket_connect_timeout_ms"];

/// Whether the path is a key of the peer.
pub(crate) fn is_peer_key(path: &[String]) -> bool {
    match path {
        [top] => TOP_LEVEL.contains(&top.as_str()) || top.starts_with("experimental_"),
        [section, _, key] if section == "model_providers" => OF_PROVIDERS.contains(&key.as_str()),
        [section, key] => NESTED.contains(&[section.as_str(), key.as_str()]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Found, find};

    #[test]
    fn no_key_of_ours_is_passed_over_as_one_of_the_peer() {
        for top in TOP_LEVEL {
            assert_eq!(find(&[(*top).to_owned()]), Found::Nothing, "{top}");
        }
        for key in OF_PROVIDERS {
            assert_eq!(find(&["model_providers", "x", key].map(str::to_owned)), Found::Nothing, "{key}");
        }
        for nested in NESTED {
            assert_eq!(find(&nested.map(str::to_owned)), Found::Nothing, "{nested:?}");
        }
    }
}
