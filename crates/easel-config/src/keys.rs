//! The table of known keys: what each takes and within which limits, and whether a project may set it. The only list of
//! keys besides the types.

mod kind;

use easel_imagegen::capability::Parameter;
use easel_imagegen::preset::Preset;

pub use kind::Kind;

/// One key that a layer may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The dotted key; `*` stands for a name that the user chose.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether the file of a project may set it.
    pub project: ProjectMay,
}

/// What the file of a project may do with a key.
///
/// "Stricter" means what the user's own configuration says, or less of it: see `policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectMay {
    /// Nothing, even if the user trusts the project.
    Never,
    /// Set it if the user trusts the project.
    IfTrusted,
    /// Set it if the user trusts the project, and make it stricter otherwise.
    IfTrustedOrStricter,
    /// Make it stricter, whether the user trusts the project or not.
    IfStricter,
}

/// US dollars; more is a slip of the keyboard.
pub(crate) const HIGHEST_PRICE: u32 = 1_000_000;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Every known key. A project may not set one unless the row says so.
pub const KEYS: &[Key] = &[
    key("model", Kind::Text(256)).trusted(),
    key("model_instructions", Kind::Prose(32_768)).trusted(),
    key("developer_instructions", Kind::Prose(32_768)).trusted(),
    key("model_provider", Kind::Text(64)),
    key("openai_base_url", Kind::Url),
    key("chatgpt_base_url", Kind::Url),
    key("cli_auth_credentials_store", Kind::Choice(&["file", "keyring", "auto"])),
    key("projects.*.trust_level", Kind::Choice(&["trusted", "untrusted"])),
    key("model_providers.*.name", Kind::Text(256)),
    key("model_providers.*.preset", Kind::Choice(Preset::NAMES)),
    key("model_providers.*.base_url", Kind::Url),
    key("model_providers.*.allow_plain_http", Kind::Switch),
    key("model_providers.*.wire_api", Kind::Choice(&["responses"])),
    key("model_providers.*.env_key", Kind::VariableName),
    key("model_providers.*.requires_openai_auth", Kind::Switch),
    key("model_providers.*.auth.command", Kind::Text(4_096)),
    key("model_providers.*.auth.args", Kind::Texts(64, 4_096)),
    key("model_providers.*.auth.timeout_ms", Kind::Number(100, 120_000)),
    key("model_providers.*.auth.refresh_interval_ms", Kind::Number(0, 86_400_000)),
    key("model_providers.*.auth.cwd", Kind::Text(4_096)),
    key("model_providers.*.auth.env_vars", Kind::VariableNames(64)),
    key("model_providers.*.http_headers.*", Kind::Text(4_096)),
    key("model_providers.*.env_http_headers.*", Kind::VariableName),
    key("model_providers.*.query_params.*", Kind::Text(1_024)),
    key("model_providers.*.connect_timeout_ms", Kind::Number(100, 120_000)),
    key("model_providers.*.stream_idle_timeout_ms", Kind::Number(1_000, 3_600_000)),
    key("model_providers.*.request_max_retries", Kind::Number(0, 100)),
    key("model_providers.*.stream_max_retries", Kind::Number(0, 100)),
    key("model_providers.*.models_endpoint", Kind::Switch),
    key("model_providers.*.image_model", Kind::Text(256)),
    key("model_providers.*.images.edit", Kind::Choice(&["none", "multipart", "json", "json-xai"])),
    key("model_providers.*.images.max_images", Kind::Number(1, 64)),
    key("model_providers.*.images.max_n", Kind::Number(1, 10)),
    key("model_providers.*.images.parameters", Kind::Words(Parameter::NAMES)),
    key("model_providers.*.images.hosted", Kind::Switch),
    key("model_providers.*.images.namespace_tools", Kind::Switch),
    key("model_providers.*.delay_ms", Kind::Number(0, 600_000)),
    key("model_providers.*.bills", Kind::Switch),
    key("features.image_generation", Kind::Switch).stricter(),
    key("features.imagegenext", Kind::Switch).trusted(),
    key("images.model", Kind::Text(256)).trusted(),
    key("images.parallel", Kind::Number(1, 16)).trusted(),
    key("images.timeout_ms", Kind::Number(1_000, 3_600_000)).trusted(),
    key("images.retry_uncertain", Kind::Switch).stricter(),
    key("images.detail", Kind::Choice(&["auto", "low", "high", "original"])).trusted(),
    key("images.strip_metadata", Kind::Switch).trusted_or_stricter(),
    key("images.partial_images", Kind::Number(0, 3)).trusted_or_stricter(),
    key("images.reference_roots", Kind::Texts(64, 4_096)),
    key("history.model_images", Kind::Number(0, 100)).trusted(),
    key("history.model_image_bytes", Kind::Number(0, 512_000_000)).trusted(),
    key("wire.image_result", Kind::Choice(&["none", "inline"])),
    key("wire.turn_event_delay_ms", Kind::Number(0, 1_000)),
    key("limits.reference_bytes", Kind::Number(1, 1_000_000_000)).trusted_or_stricter(),
    key("limits.reference_pixels", Kind::Number(1, 1_000_000_000)).trusted_or_stricter(),
    key("limits.images_per_turn", Kind::Number(0, 1_000)).trusted_or_stricter(),
    key("prices.*.image", Kind::Price),
    key("prices.*.input_per_million", Kind::Price),
    key("prices.*.output_per_million", Kind::Price),
    key("server.shutdown_grace_ms", Kind::Number(0, 600_000)),
    key("server.max_line_bytes", Kind::Number(64 * 1024, GIB)),
    key("server.max_in_flight", Kind::Number(1, 65_536)),
    key("server.outbox_bytes", Kind::Number(MIB, GIB)),
    key("server.idle_threads", Kind::Number(0, 65_536)),
];

const fn key(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, project: ProjectMay::Never }
}

impl Key {
    const fn trusted(self) -> Self {
        Self { project: ProjectMay::IfTrusted, ..self }
    }

    const fn trusted_or_stricter(self) -> Self {
        Self { project: ProjectMay::IfTrustedOrStricter, ..self }
    }

    const fn stricter(self) -> Self {
        Self { project: ProjectMay::IfStricter, ..self }
    }

    fn section(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }
}

/// Whether keys lie below this name, and a project may set none of them.
pub(crate) fn is_closed_to_projects(section: &str) -> bool {
    let mut keys = KEYS.iter().filter(|key| key.section() == section).peekable();
    keys.peek().is_some() && keys.all(|key| key.project == ProjectMay::Never)
}

/// What the table says about a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is this key.
    Key(&'static Key),
    /// Keys lie below it.
    Section,
    /// Keys lie below it, and its last part is a name that the user chose.
    Named,
    /// The same, but the name is not a good one.
    BadName,
    /// Nothing is there.
    Nothing,
}

/// Looks a path up.
pub(crate) fn find(path: &[String]) -> Found {
    let mut found = Found::Nothing;
    for key in KEYS {
        let pattern: Vec<&str> = key.path.split('.').collect();
        if !fits(&pattern, path) {
            continue;
        }
        let named = path.last().zip(pattern.get(path.len() - 1)).filter(|(_, part)| **part == "*");
        let bad_name = named.is_some_and(|(name, _)| !is_good(pattern[0], name));
        if pattern.len() == path.len() {
            return if bad_name { Found::BadName } else { Found::Key(key) };
        }
        found = match named {
            Some(_) if bad_name => Found::BadName,
            Some(_) => Found::Named,
            None => Found::Section,
        };
    }
    found
}

/// Whether the path is the pattern or lies on the way to it. An empty path is nothing.
fn fits(pattern: &[&str], path: &[String]) -> bool {
    !path.is_empty()
        && path.len() <= pattern.len()
        && path.iter().zip(pattern).all(|(part, wanted)| *wanted == "*" || part == wanted)
}

/// Models have names with slashes and colons too, and projects are named by their paths.
fn is_good(section: &str, name: &str) -> bool {
    match section {
        "prices" => is_name(&name.replace(['/', ':'], "-")),
        "projects" => (1..=LONGEST_PATH).contains(&name.len()) && !name.chars().any(char::is_control),
        _ => is_name(name),
    }
}

/// Bytes of a project's path: what operating systems take.
const LONGEST_PATH: usize = 4_096;

/// Names of providers and profiles appear in warnings, on the wire and in dotted keys, so they are short and plain.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FEATURES;

    fn look(path: &str) -> Found {
        find(&path.split('/').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_path_is_a_key_a_section_or_nothing() {
        assert!(matches!(look("history/model_images"), Found::Key(key) if key.path == "history.model_images"));
        assert!(matches!(look("model_providers/My-One.2/bills"), Found::Key(_)));
        assert_eq!(look("model_providers"), Found::Section);
        assert_eq!(look("model_providers/x"), Found::Named);
        assert_eq!(look("model_providers/x y"), Found::BadName);
        assert_eq!(look("model_providers/x/http_headers"), Found::Section);
        assert!(matches!(look("model_providers/x/http_headers/X-Team"), Found::Key(_)));
        assert_eq!(look("model_providers/x/http_headers/X Team"), Found::BadName);
        assert_eq!(look("model_providers/x/headers"), Found::Nothing);
        assert_eq!(look("features/plugins"), Found::Nothing);
        assert_eq!(look("history/model_images/more"), Found::Nothing);
        assert_eq!(find(&[]), Found::Nothing);
    }

    #[test]
    fn every_feature_is_a_key_and_every_switch_under_features_is_a_feature() {
        let keys: Vec<&str> = KEYS.iter().filter_map(|key| key.path.strip_prefix("features.")).collect();
        assert_eq!(keys, FEATURES.iter().map(|feature| feature.name).collect::<Vec<_>>());
    }
}
