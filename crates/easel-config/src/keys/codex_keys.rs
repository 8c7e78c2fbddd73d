//! Settings of Codex. A client may share one file or one set of options between Codex and Easel, so Easel ignores these
//! without a warning. The list omits settings that decide where requests are sent, so those give a warning.

/// Top-level settings of Codex. Everything below them is ignored too.
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
    "cloud",
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

/// Settings of Codex inside a section that Easel has too.
const NESTED: &[[&str; 2]] = &[
    ["history", "max_bytes"],
    ["history", "persistence"],
    ["hooks", "Interrupt"],
    ["hooks", "PermissionRequest"],
    ["hooks", "PostCompact"],
    ["hooks", "PostModelRequest"],
    ["hooks", "PreCompact"],
    ["hooks", "PreModelRequest"],
    ["hooks", "SessionEnd"],
    ["hooks", "SessionStart"],
    ["hooks", "Stop"],
    ["hooks", "SubagentStart"],
    ["hooks", "SubagentStop"],
    ["hooks", "UserPromptSubmit"],
    ["hooks", "state"],
];

/// Settings of Codex in the table of a provider.
const IN_PROVIDERS: &[&str] = &["env_key_instructions", "supports_websockets", "websocket_connect_timeout_ms"];

/// Features of Codex, one per line: those that `codex features list` of version 0.169.0 prints and Easel does not have.
/// Its terminal interface switches two dozen of them in each thread that it starts.
const FEATURES: &str = include_str!("codex_features.txt");

/// Returns whether the path is a setting of Codex.
pub(crate) fn is_codex_key(path: &[String]) -> bool {
    match path {
        [section, name] if section == "features" => FEATURES.lines().any(|feature| feature == name),
        [top] => TOP_LEVEL.contains(&top.as_str()) || top.starts_with("experimental_"),
        [section, _, key] if section == "model_providers" => IN_PROVIDERS.contains(&key.as_str()),
        [section, key] => NESTED.contains(&[section.as_str(), key.as_str()]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Lookup, find};

    #[test]
    fn no_codex_key_is_a_key_of_easel() {
        for top in TOP_LEVEL {
            assert_eq!(find(&[(*top).to_owned()]), Lookup::Unknown, "{top}");
        }
        for key in IN_PROVIDERS {
            assert_eq!(find(&["model_providers", "x", key].map(str::to_owned)), Lookup::Unknown, "{key}");
        }
        for name in FEATURES.lines() {
            assert_eq!(find(&["features", name].map(str::to_owned)), Lookup::Unknown, "{name}");
        }
        for nested in NESTED {
            assert_eq!(find(&nested.map(str::to_owned)), Lookup::Unknown, "{nested:?}");
        }
    }
}
