//! The layers of the configuration: whatever files, variables, options and threads say, a switch that is off stays off,
//! a stranger's project makes nothing looser, and no warning repeats a value.

#![no_main]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use easel_config::{Config, Environment, Invocation, LayerName, Loaded, Loader, has_secret_key, storable_overrides};
use easel_fuzz::memory::with_limit;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// In values only.
const CANARY: &str = "canary-7f3a";
/// Warnings of one layer.
const MAX_WARNINGS: usize = 32;
const KEYS: [&str; 35] = [
    "model",
    "model_provider",
    "model_context_tokens",
    "openai_base_url",
    "cli_auth_credentials_store",
    "model_providers.a.base_url",
    "model_providers.a.preset",
    "model_providers.a.env_key",
    "model_providers.a.auth.command",
    "model_providers.a.auth.args",
    "model_providers.a.http_headers.x",
    "model_providers.a.query_params.x",
    "model_providers.a.images.max_n",
    "features.image_generation",
    "features.imagegenext",
    "images.model",
    "images.parallel",
    "images.retry_uncertain",
    "images.strip_metadata",
    "images.partial_images",
    "images.reference_roots",
    "wire.image_result",
    "limits.reference_bytes",
    "limits.reference_pixels",
    "limits.images_per_turn",
    "limits.images_per_day",
    "limits.cost_per_day",
    "limits.cost_per_thread",
    "approval",
    "approval_timeout_ms",
    "hooks.pre_tool_use",
    "hooks.PostToolUse",
    "prices.m.image",
    "server.max_in_flight",
    "profiles.p.model",
];
const VALUES: [&str; 18] = [
    "true",
    "false",
    "0",
    "1",
    "16",
    "1000000",
    "-1",
    "0.5",
    "1979-05-27",
    "[]",
    "{}",
    "\"https://example.com/v1\"",
    "\"canary-7f3a\"",
    "[\"canary-7f3a\"]",
    "{ x = \"canary-7f3a\" }",
    "\"openai\"",
    "\"always\"",
    "[{ command = [\"canary-7f3a\"] }]",
];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_trusted: bool,
    is_switched_off: bool,
    profile: Option<u8>,
    home: File<'a>,
    project: File<'a>,
    variables: Vec<(u8, u8)>,
    options: Vec<Entry<'a>>,
    overrides: Vec<Entry<'a>>,
}

#[derive(Arbitrary, Debug)]
struct File<'a> {
    entries: Vec<(u8, u8)>,
    rest: &'a str,
}

#[derive(Arbitrary, Debug)]
enum Entry<'a> {
    Known(u8, u8),
    Other(&'a str, u8),
    Text(&'a str),
}

struct Folders {
    root: TempDir,
    home: PathBuf,
    project: PathBuf,
}

impl Folders {
    fn create() -> Self {
        let root = TempDir::new().expect("a folder");
        let (home, project) = (root.path().join("home"), root.path().join("project"));
        fs::create_dir_all(&home).and_then(|()| fs::create_dir_all(project.join(".easel"))).expect("folders");
        Self { root, home, project }
    }
}

fuzz_target!(|input: Input<'_>| {
    static FOLDERS: LazyLock<Folders> = LazyLock::new(Folders::create);
    let Folders { root, home, project } = &*FOLDERS;
    // Warnings repeat keys.
    if input.has_canary_in_key() {
        return;
    }
    let mut home_text = input.home.to_toml();
    if input.is_trusted {
        // Not after the rest, which may be in a table.
        home_text.insert_str(0, &format!("projects.{:?}.trust_level = \"trusted\"\n", project.to_string_lossy()));
    }
    fs::write(home.join("config.toml"), &home_text).expect("a file");
    let project_file = project.join(".easel/config.toml");
    fs::write(&project_file, input.project.to_toml()).expect("a file");

    let environment = Environment {
        variables: input.variables.iter().map(|(key, value)| to_variable(*key, *value)).collect(),
        cwd: root.path().to_owned(),
        user_home: None,
    };
    let invocation = Invocation {
        overrides: input.options.iter().map(Entry::to_option).collect(),
        profile: input.profile.map(|profile| ["p", "q"][usize::from(profile % 2)].to_owned()),
        ..Invocation::default()
    };
    let overrides: Map<String, Value> = input.overrides.iter().map(Entry::to_override).collect();
    let mut loader = Loader::new(environment, home.clone(), invocation);
    if input.is_switched_off {
        loader.switch_features(&BTreeMap::from([("image_generation".to_owned(), false)]));
    }
    let (process, thread, outside) = with_limit(64 << 20, || {
        let outside = loader.load_for_thread(root.path(), &Map::new());
        (loader.load(), loader.load_for_thread(project, &overrides), outside)
    });
    for loaded in [&process, &thread] {
        check_warnings(loaded);
        check_values(&loaded.config);
    }
    if input.is_switched_off {
        assert!(!thread.config.features.image_generation && !process.config.features.image_generation);
    }
    let within = loader.load_for_thread(project, &Map::new());
    check_project(&outside, &within, thread_is_trusted(&within));
    let stored = storable_overrides(&overrides);
    if !has_secret_key(&overrides) {
        assert_eq!(secrets_of(&stored), Vec::<&Value>::new());
    }
    // What is stored is restored as it was.
    assert_eq!(storable_overrides(&stored), stored);
});

/// Whether the project is trusted, by what its layer could set.
fn thread_is_trusted(loaded: &Loaded) -> bool {
    loaded.config.projects.values().any(|project| project.trust_level.is_some())
}

/// A project makes nothing looser, unless the user trusts it, and never sets what the user has for himself.
fn check_project(outside: &Loaded, within: &Loaded, may_be_trusted: bool) {
    let (before, after) = (&outside.config, &within.config);
    assert_eq!(before.model_providers, after.model_providers);
    assert_eq!(before.projects, after.projects);
    assert_eq!(before.prices, after.prices);
    assert_eq!((before.server, before.wire), (after.server, after.wire));
    assert_eq!(before.approval, after.approval);
    assert_eq!(before.approval_timeout_ms, after.approval_timeout_ms);
    assert_eq!(before.hooks, after.hooks);
    assert!(is_at_most(after.limits.images_per_day, before.limits.images_per_day));
    assert!(is_at_most(after.limits.cost_per_day, before.limits.cost_per_day));
    assert!(is_at_most(after.limits.cost_per_thread, before.limits.cost_per_thread));
    assert_eq!(before.openai_base_url, after.openai_base_url);
    assert_eq!(before.chatgpt_base_url, after.chatgpt_base_url);
    assert_eq!(before.model_provider, after.model_provider);
    assert_eq!(before.images.reference_roots, after.images.reference_roots);
    assert!(after.features.image_generation <= before.features.image_generation);
    assert!(after.images.retry_uncertain <= before.images.retry_uncertain);
    if may_be_trusted {
        return;
    }
    assert_eq!((&before.model, &before.images.model), (&after.model, &after.images.model));
    assert!(after.images.strip_metadata >= before.images.strip_metadata);
    assert!(after.limits.images_per_turn <= before.limits.images_per_turn);
    assert!(after.limits.reference_bytes <= before.limits.reference_bytes);
    assert!(after.limits.reference_pixels <= before.limits.reference_pixels);
    let is_project = |layer: &LayerName| matches!(layer, LayerName::Project { .. });
    assert!(within.origins.iter().all(|(key, layer)| !is_project(layer) || !key.starts_with("history")));
}

/// Returns whether a limit is as strict as the one before. `None` is no limit.
fn is_at_most<T: PartialOrd>(limit: Option<T>, before: Option<T>) -> bool {
    before.is_none_or(|before| limit.is_some_and(|limit| limit <= before))
}

fn check_warnings(loaded: &Loaded) {
    assert!(loaded.warnings.len() <= MAX_WARNINGS * 8);
    for warning in loaded.warnings.iter().chain(&loaded.ignored) {
        let (shown, debug) = (warning.to_string(), format!("{warning:?}"));
        assert!(!shown.contains(CANARY) && !debug.contains(CANARY), "{shown}");
        assert!(!shown.contains(['\n', '\u{1b}']), "{shown:?}");
    }
    for layer in &loaded.layers {
        let shown = layer.redacted_values();
        let is_hidden = |secret: &&Value| !secret.to_string().contains(CANARY);
        assert!(secrets_of(&shown).iter().all(is_hidden), "{shown:?}");
    }
}

/// Returns the values that may be secret.
fn secrets_of(values: &Map<String, Value>) -> Vec<&Value> {
    let providers = values.get("model_providers").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let mut secrets = Vec::new();
    for provider in providers {
        secrets
            .extend(["/http_headers", "/query_params", "/auth/args"].iter().filter_map(|path| provider.pointer(path)));
    }
    secrets
}

/// Every value is within the range of its key.
fn check_values(config: &Config) {
    assert!((1..=16).contains(&config.images.parallel));
    assert!(config.images.partial_images <= 3);
    assert!(config.limits.images_per_turn <= 1_000);
    assert!((1..=65_536).contains(&config.server.max_in_flight));
    assert!(config.server.max_line_bytes >= 64 << 10);
}

fn key(index: u8) -> &'static str {
    KEYS[usize::from(index) % KEYS.len()]
}

fn value(index: u8) -> &'static str {
    VALUES[usize::from(index) % VALUES.len()]
}

fn to_variable(name: u8, text: u8) -> (std::ffi::OsString, std::ffi::OsString) {
    let name = format!("EASEL__{}", key(name).to_uppercase().replace('.', "__"));
    (name.into(), value(text).trim_matches('"').into())
}

impl Input<'_> {
    fn has_canary_in_key(&self) -> bool {
        let entries = self.options.iter().chain(&self.overrides).map(|entry| match entry {
            Entry::Known(..) => "",
            Entry::Other(text, _) | Entry::Text(text) => text,
        });
        entries.chain([self.home.rest, self.project.rest]).any(|text| text.contains("canary"))
    }
}

impl File<'_> {
    fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut keys = std::collections::HashSet::new();
        // A key that occurs twice makes the whole file invalid.
        for (name, of) in self.entries.iter().filter(|(name, _)| keys.insert(key(*name))) {
            let _ = writeln!(text, "{} = {}", key(*name), value(*of));
        }
        text + self.rest
    }
}

impl Entry<'_> {
    fn to_option(&self) -> String {
        match self {
            Self::Known(name, of) => format!("{}={}", key(*name), value(*of)),
            Self::Other(name, of) => format!("{name}={}", value(*of)),
            Self::Text(text) => (*text).to_owned(),
        }
    }

    fn to_override(&self) -> (String, Value) {
        let (name, of) = match self {
            Self::Known(name, of) => (key(*name), value(*of)),
            Self::Other(name, of) => (*name, value(*of)),
            Self::Text(name) => (*name, "true"),
        };
        let value = match of {
            "{ x = \"canary-7f3a\" }" => serde_json::json!({"x": CANARY}),
            of => serde_json::from_str(of).unwrap_or(Value::Null),
        };
        (name.to_owned(), value)
    }
}
