//! The table of keys.

use easel_imagegen::capability::Parameter;
use easel_imagegen::preset::Preset;
use strum::VariantNames as _;

use super::{Key, Kind, ProjectAccess, ThreadAccess};
use crate::settings::{
    AcpImages, Approval, CredentialsStore, Detail, EditStyle, ImageResult, KeepUnmasked, Pictures, ReasoningSummary,
    TrustLevel,
};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// A hook without a command, which denies every call.
const INVALID_HOOK: &str = r#"[{"command": []}]"#;

/// All known keys, in the order of `config.example.toml`.
///
/// Unless a row says otherwise, no project may set the key, every thread may, and its value is not secret.
pub(crate) const KEYS: &[Key] = &[
    key("model", Kind::Text(256)).for_trusted(),
    key("model_reasoning_effort", Kind::Text(256)).for_trusted(),
    key("model_reasoning_summary", Kind::Enum(ReasoningSummary::VARIANTS)).for_trusted(),
    key("model_instructions", Kind::MultilineText(32_768)).for_trusted(),
    key("developer_instructions", Kind::MultilineText(32_768)).for_trusted(),
    key("model_context_tokens", Kind::Number(2_000, 10_000_000)).for_trusted(),
    key("model_provider", Kind::Text(64)),
    key("openai_base_url", Kind::Url).not_per_thread(),
    key("chatgpt_base_url", Kind::Url).not_per_thread(),
    key("cli_auth_credentials_store", Kind::Enum(CredentialsStore::VARIANTS)).not_per_thread(),
    key("approval", Kind::Enum(Approval::VARIANTS)).not_per_thread().guards("\"always\""),
    key("approval_timeout_ms", Kind::Number(1_000, 86_400_000)).not_per_thread(),
    key("projects.*.trust_level", Kind::Enum(TrustLevel::VARIANTS)).home_only(),
    key("model_providers.*.name", Kind::Text(256)),
    key("model_providers.*.preset", Kind::Enum(Preset::NAMES)),
    key("model_providers.*.base_url", Kind::Url),
    key("model_providers.*.allow_plain_http", Kind::Bool),
    key("model_providers.*.wire_api", Kind::Enum(&["responses"])),
    key("model_providers.*.env_key", Kind::VariableName),
    key("model_providers.*.requires_openai_auth", Kind::Bool),
    // Threads restore their overrides when they are resumed, and none of them may bring a command.
    key("model_providers.*.auth.command", Kind::Text(4_096)).not_per_thread(),
    key("model_providers.*.auth.args", Kind::TextList(64, 4_096)).not_per_thread().secret(),
    key("model_providers.*.auth.timeout_ms", Kind::Number(100, 120_000)).not_per_thread(),
    key("model_providers.*.auth.refresh_interval_ms", Kind::Number(0, 86_400_000)).not_per_thread(),
    key("model_providers.*.auth.cwd", Kind::Text(4_096)).not_per_thread(),
    key("model_providers.*.auth.env_vars", Kind::VariableNameList(64)).not_per_thread(),
    key("model_providers.*.http_headers.*", Kind::Text(4_096)).secret(),
    key("model_providers.*.env_http_headers.*", Kind::VariableName),
    key("model_providers.*.query_params.*", Kind::Text(1_024)).secret(),
    key("model_providers.*.connect_timeout_ms", Kind::Number(100, 120_000)),
    key("model_providers.*.stream_idle_timeout_ms", Kind::Number(1_000, 3_600_000)),
    key("model_providers.*.request_max_retries", Kind::Number(0, 100)),
    key("model_providers.*.stream_max_retries", Kind::Number(0, 100)),
    key("model_providers.*.models_endpoint", Kind::Bool),
    key("model_providers.*.chat_model", Kind::Bool),
    key("model_providers.*.prompt_cache_key", Kind::Bool),
    key("model_providers.*.keep_reasoning", Kind::Bool),
    key("model_providers.*.image_model", Kind::Text(256)),
    key("model_providers.*.images.edit", Kind::Enum(EditStyle::VARIANTS)),
    key("model_providers.*.images.max_images", Kind::Number(1, 64)),
    key("model_providers.*.images.max_n", Kind::Number(1, 10)),
    key("model_providers.*.images.parameters", Kind::EnumList(Parameter::NAMES)),
    key("model_providers.*.images.hosted", Kind::Bool),
    key("model_providers.*.images.namespace_tools", Kind::Bool),
    key("model_providers.*.delay_ms", Kind::Number(0, 600_000)),
    key("model_providers.*.bills", Kind::Bool),
    key("features.image_generation", Kind::Bool).stricter(),
    key("features.imagegenext", Kind::Bool).for_trusted(),
    key("images.provider", Kind::Text(64)),
    key("images.model", Kind::Text(256)).for_trusted(),
    key("images.parallel", Kind::Number(1, 16)).for_trusted(),
    key("images.timeout_ms", Kind::Number(1_000, 3_600_000)).for_trusted(),
    key("images.retry_uncertain", Kind::Bool).stricter().stricter_per_thread(),
    key("images.closing_answer", Kind::Bool).for_trusted(),
    key("images.detail", Kind::Enum(Detail::VARIANTS)).for_trusted(),
    key("images.strip_metadata", Kind::Bool).for_trusted_or_stricter().stricter_when_on(),
    key("images.partial_images", Kind::Number(0, 3)).for_trusted_or_stricter(),
    key("images.keep_unmasked", Kind::Enum(KeepUnmasked::VARIANTS)).for_trusted(),
    key("images.reference_roots", Kind::TextList(64, 4_096)).stricter_per_thread(),
    key("hooks.pre_tool_use", Kind::Hooks).not_per_thread().secret().guards(INVALID_HOOK),
    key("hooks.post_tool_use", Kind::Hooks).not_per_thread().secret(),
    key("hooks.PreToolUse", Kind::CodexHooks).not_per_thread().secret().guards(INVALID_HOOK),
    key("hooks.PostToolUse", Kind::CodexHooks).not_per_thread().secret(),
    key("history.model_images", Kind::Number(0, 100)).for_trusted(),
    key("history.model_image_bytes", Kind::Number(0, 512_000_000)).for_trusted(),
    key("history.pictures", Kind::Enum(Pictures::VARIANTS)).for_trusted(),
    key("wire.image_result", Kind::Enum(ImageResult::VARIANTS)),
    key("wire.turn_event_delay_ms", Kind::Number(0, 1_000)),
    key("acp.images", Kind::Enum(AcpImages::VARIANTS)).not_per_thread(),
    key("mcp.answer_within_ms", Kind::Number(0, 3_600_000)).not_per_thread(),
    key("limits.reference_bytes", Kind::Number(1, 1_000_000_000)).not_per_thread(),
    key("limits.reference_pixels", Kind::Number(1, 1_000_000_000)).not_per_thread(),
    key("limits.images_per_turn", Kind::Number(0, 1_000)).for_trusted_or_stricter().guards("0"),
    key("limits.images_per_day", Kind::Number(0, 1_000_000)).spending_limit().guards("0"),
    key("limits.cost_per_day", Kind::Price).spending_limit().guards("0.0"),
    key("limits.cost_per_thread", Kind::Price).spending_limit().guards("0.0"),
    // A lower price would raise a limit of cost.
    key("prices.*.image", Kind::Price).not_per_thread(),
    key("prices.*.input_per_million", Kind::Price).not_per_thread(),
    key("prices.*.output_per_million", Kind::Price).not_per_thread(),
    key("server.shutdown_grace_ms", Kind::Number(0, 600_000)).not_per_thread(),
    key("server.max_line_bytes", Kind::Number(64 * 1024, GIB)).not_per_thread(),
    key("server.max_in_flight", Kind::Number(1, 65_536)).not_per_thread(),
    key("server.outbox_bytes", Kind::Number(MIB, GIB)).not_per_thread(),
    key("server.idle_threads", Kind::Number(0, 65_536)).not_per_thread(),
];

const fn key(path: &'static str, kind: Kind) -> Key {
    Key {
        path,
        kind,
        project: ProjectAccess::Never,
        thread: ThreadAccess::Always,
        is_home_only: false,
        is_secret: false,
        is_stricter_when_on: false,
        strictest: None,
        is_unlimited_when_unset: false,
    }
}

impl Key {
    const fn for_trusted(self) -> Self {
        Self { project: ProjectAccess::IfTrusted, ..self }
    }

    const fn for_trusted_or_stricter(self) -> Self {
        Self { project: ProjectAccess::IfTrustedOrStricter, ..self }
    }

    const fn stricter(self) -> Self {
        Self { project: ProjectAccess::IfStricter, ..self }
    }

    const fn stricter_per_thread(self) -> Self {
        Self { thread: ThreadAccess::IfStricter, ..self }
    }

    /// All threads share the limit, so only the user's own configuration can raise it.
    const fn spending_limit(self) -> Self {
        Self { is_unlimited_when_unset: true, ..self.stricter().stricter_per_thread() }
    }

    const fn not_per_thread(self) -> Self {
        Self { thread: ThreadAccess::Never, ..self }
    }

    const fn home_only(self) -> Self {
        Self { is_home_only: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    const fn guards(self, strictest: &'static str) -> Self {
        Self { strictest: Some(strictest), ..self }
    }

    const fn stricter_when_on(self) -> Self {
        Self { is_stricter_when_on: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FEATURES;

    #[test]
    fn features_are_the_keys_below_their_section() {
        let keys: Vec<&str> = KEYS.iter().filter_map(|key| key.path.strip_prefix("features.")).collect();
        assert_eq!(keys, FEATURES.iter().map(|feature| feature.name).collect::<Vec<_>>());
    }
}
