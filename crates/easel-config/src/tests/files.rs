use easel_imagegen::capability::Parameter;
use serde_json::json;

use super::Sandbox;
use crate::keys::{KEYS, Kind};
use crate::{Config, Features, ProviderConfig};

#[test]
fn mistake_costs_its_key_and_is_reported_with_its_line() {
    let sandbox = Sandbox::new().with_home(
        r#"model = 7
modle = "gpt"
sandbox_mode = "read-only"

[images]
parallel = 99
detail = "huge"
timeout_ms = "600"
model = "kept"

[history]
persistence = "none"
model_images = -1
model_image_bytes = 99999999999999999999999999999999999999999
speed = 3

[features]
imagegenext = "yes"
telepathy = false

[limits]
reference_bytes = 1.5
reference_pixels = [1, 2]
images_per_turn = { a = 1 }

[model_providers.x]
base_url = "ftp://canary"
env_key = "sk-canary-0123456789"
headers = { Authorization = "canary" }

[model_providers."a b"]
name = "canary"

[tui]
theme = "x"

[unknown.section]
a = 1
b = 2
"#,
    );
    let loaded = sandbox.load();
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @r#"
    ~/config.toml:1: `model` was ignored: it must be a string of 1 to 256 characters.
    ~/config.toml:2: Unknown key `modle` was ignored; did you mean `model`?
    ~/config.toml:6: `images.parallel` was ignored: it must be a whole number from 1 to 16.
    ~/config.toml:7: `images.detail` was ignored: it must be one of "auto", "low", "high", "original".
    ~/config.toml:8: `images.timeout_ms` was ignored: it must be a whole number from 1000 to 3600000.
    ~/config.toml:13: `history.model_images` was ignored: it must be a whole number from 0 to 100.
    ~/config.toml:14: `history.model_image_bytes` was ignored: it must be a whole number from 0 to 512000000.
    ~/config.toml:15: Unknown key `history.speed` was ignored.
    ~/config.toml:18: `features.imagegenext` was ignored: it must be true or false.
    ~/config.toml:19: Unknown feature `telepathy` was ignored.
    ~/config.toml:22: `limits.reference_bytes` was ignored: it must be a whole number from 1 to 1000000000.
    ~/config.toml:23: `limits.reference_pixels` was ignored: it must be a whole number from 1 to 1000000000.
    ~/config.toml:24: `limits.images_per_turn` is invalid, so its strictest value is used: it must be a whole number from 0 to 1000.
    ~/config.toml:27: `model_providers.x.base_url` was ignored: it must be an http or https URL without user name, query or fragment.
    ~/config.toml:28: `model_providers.x.env_key` was ignored: it must be the name of an environment variable.
    ~/config.toml:29: Unknown key `model_providers.x.headers` was ignored.
    ~/config.toml:31: `model_providers.a b` was ignored: it must be a name of 1 to 64 letters, digits, `.`, `-` and `_`.
    ~/config.toml:37: Unknown key `unknown` was ignored.
    "#);
    insta::assert_snapshot!(sandbox.show(&loaded.ignored), @r"
    ~/config.toml:3: `sandbox_mode` is a Codex setting that Easel ignores.
    ~/config.toml:12: `history.persistence` is a Codex setting that Easel ignores.
    ~/config.toml:34: `tui` is a Codex setting that Easel ignores.
    ");
    let mut expected = Config::default();
    expected.images.model = "kept".to_owned();
    expected.limits.images_per_turn = 0;
    expected.model_providers.insert("x".to_owned(), ProviderConfig::default());
    assert_eq!(loaded.config, expected);
    assert!(!sandbox.show(&loaded.warnings).contains("canary"));
}

#[test]
fn plain_value_of_a_section_is_reported() {
    let sandbox = Sandbox::new().with_home("features = true\nprofiles = 1");
    insta::assert_snapshot!(sandbox.show(&sandbox.load().warnings), @r"
    ~/config.toml:1: `features` was ignored: it must be a table.
    ~/config.toml:2: Unknown key `profiles` was ignored.
    ");
}

#[test]
fn mistakes_in_all_profiles_are_reported() {
    let sandbox = Sandbox::new().with_home("[profiles.a.images]\nparalel = 1\n[profiles.'b c']\n[profiles]\nd = 4");
    insta::assert_snapshot!(sandbox.show(&sandbox.load().warnings), @r"
    ~/config.toml:2: Unknown key `profiles.a.images.paralel` was ignored; did you mean `profiles.a.images.parallel`?
    ~/config.toml:3: `profiles.b c` was ignored: it must be a name of 1 to 64 letters, digits, `.`, `-` and `_`.
    ~/config.toml:5: `profiles.d` was ignored: it must be a table.
    ");
}

#[test]
fn invalid_toml_is_ignored_and_reported_with_its_line() {
    let files: [&[u8]; 8] = [
        b"model = 'a'\nmodel_provider = canary\n",
        b"model = 'a'\n\n[images\nparallel = 2",
        b"model = \"canary\n[features\n",
        b"model = 'a'\nmodel = 'canary'",
        b"model = 'a'\nmodel.canary = 1",
        b"model = 'a'\ncanary canary",
        b"model = 'a'\n\nname = 'caf\xe9 canary'",
        b"\x00\x01canary",
    ];
    let mut shown = Vec::new();
    for bytes in files {
        let sandbox = Sandbox::new().with_home(bytes);
        let loaded = sandbox.load();
        let features = Features { image_generation: false, ..Features::default() };
        assert_eq!(loaded.config, Config { features, ..Config::default() });
        shown.push(sandbox.show(&loaded.warnings));
    }
    let shown = shown.join("\n");
    assert!(!shown.contains("canary"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
    ~/config.toml:2: The file was ignored: it is not valid TOML (string values must be quoted, expected literal string). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:3: The file was ignored: it is not valid TOML (unclosed table, expected `]`). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:1: The file was ignored: it is not valid TOML (invalid basic string, expected `"`). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:2: The file was ignored: it is not valid TOML (duplicate key). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:2: The file was ignored: it is not valid TOML (cannot extend value of type string with a dotted key). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:2: The file was ignored: it is not valid TOML (key with no value, expected `=`). Image generation is off until it is mended, because it may set limits.
    ~/config.toml:3: The file was ignored: it is not UTF-8. Image generation is off until it is mended, because it may set limits.
    ~/config.toml:1: The file was ignored: it is not valid TOML (invalid unquoted key, expected letters, numbers, `-`, `_`). Image generation is off until it is mended, because it may set limits.
    "#);
}

#[test]
fn first_mistake_is_named_in_texts_up_to_64_kib() {
    let line_of = |size: usize| {
        let text = format!("model = \"no end\nname: 2\n#{}\nx = \"no end", "z".repeat(size - 37));
        assert_eq!(text.len(), size);
        let warning = Sandbox::new().with_home(text).load().warnings.remove(0);
        let text = warning.to_string();
        // The path may have a colon, too.
        text.split_once(".toml:").and_then(|(_, rest)| rest.split(':').next()).map(str::to_owned)
    };
    for (size, line) in [(64 * 1024, "1"), (64 * 1024 + 1, "2")] {
        assert_eq!(line_of(size).as_deref(), Some(line), "{size}");
    }
}

#[test]
fn instructions_accept_line_breaks_and_tabs_only() {
    for (text, is_taken) in [("one\\n\\ttwo", true), ("a\\u0007b", false), ("", false), (&"x".repeat(32_769), false)] {
        let loaded = Sandbox::new().with_home(format!("model_instructions = \"{text}\"")).load();
        assert_eq!(
            (loaded.config.model_instructions.is_some(), loaded.warnings.len()),
            (is_taken, usize::from(!is_taken))
        );
    }
}

#[test]
fn accepts_byte_order_mark_and_windows_line_ends() {
    let sandbox = Sandbox::new().with_home("\u{feff}model = 'a'\r\nmodle = 1\r\n");
    let loaded = sandbox.load();
    assert_eq!(loaded.config.model.as_deref(), Some("a"));
    assert_eq!(loaded.warnings[0].line, Some(2));
}

#[test]
fn folder_in_place_of_the_file_is_reported() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.home().join("config.toml")).unwrap();
    std::fs::create_dir_all(sandbox.project().join(".easel/config.toml")).unwrap();
    insta::assert_snapshot!(sandbox.show(&sandbox.load().warnings), @"~/config.toml: The file was ignored: it is not a regular file. Image generation is off until it is mended, because it may set limits.");
    insta::assert_snapshot!(sandbox.show(&sandbox.load_for_thread(json!({})).warnings), @"project/.easel/config.toml: The file was ignored: it is not a regular file.");
}

#[cfg(unix)]
#[test]
fn pipe_in_place_of_the_file_does_not_block() {
    let sandbox = Sandbox::new();
    let made = std::process::Command::new("mkfifo").arg(sandbox.home().join("config.toml")).status().unwrap();
    assert!(made.success());
    assert_eq!(sandbox.load().warnings.len(), 1);
}

#[test]
fn file_over_one_mebibyte_is_ignored() {
    let fits = format!("model = 'a'\n#{}", "x".repeat(1024 * 1024 - 13));
    assert_eq!(fits.len(), 1024 * 1024);
    assert_eq!(Sandbox::new().with_home(&fits).load().config.model.as_deref(), Some("a"));
    let sandbox = Sandbox::new().with_home(fits + "x");
    let loaded = sandbox.load();
    assert_eq!(loaded.config.model, None);
    insta::assert_snapshot!(sandbox.show(&loaded.warnings), @"~/config.toml: The file was ignored: it is larger than 1048576 bytes. Image generation is off until it is mended, because it may set limits.");
}

#[test]
fn number_of_warnings_is_limited() {
    let text: String = (0..20_000).map(|n| format!("wrong{n} = 1\n")).collect();
    let sandbox = Sandbox::new().with_home(&text).with_project(format!("[hooks]\n{text}"));
    let loaded = sandbox.load();
    assert_eq!(loaded.warnings.len(), 32);
    assert!(loaded.warnings[31].summary.contains("19969 more problems"), "{}", loaded.warnings[31]);
    assert_eq!(sandbox.load_for_thread(json!({})).warnings.len(), 32);
}

#[test]
fn every_number_accepts_exactly_its_range() {
    for key in KEYS {
        let Kind::Number(low, high) = key.kind else { continue };
        let path = key.path.replace('*', "studio");
        let accepts = |value: i128| Sandbox::new().with_home(format!("{path} = {value}")).load().warnings.is_empty();
        let (low, high) = (i128::from(low), i128::from(high));
        assert_eq!([low, high, low - 1, high + 1].map(accepts), [true, true, false, false], "{path}");
    }
}

#[test]
fn base_url_that_could_contain_a_secret_is_ignored() {
    let table = [
        ("https://images.example.com/v1", true),
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080/v1/", true),
        ("https://user:secret@example.com/v1", false),
        ("https://example.com/v1?api-key=secret", false),
        ("https://example.com/v1#secret", false),
        ("https://example.com\\@evil.example", false),
        ("https:///v1", false),
        ("https://exa mple.com", false),
        ("file:///etc/passwd", false),
        ("example.com", false),
        ("", false),
    ];
    for (url, is_good) in table {
        let loaded = Sandbox::new().with_home(format!("[model_providers.studio]\nbase_url = '{url}'")).load();
        assert_eq!(loaded.warnings.is_empty(), is_good, "{url}");
        assert_eq!(loaded.config.model_providers["studio"].base_url.is_some(), is_good, "{url}");
    }
}

#[test]
fn key_with_half_a_million_parts_is_one_warning() {
    let deep = "a.".repeat(500_000);
    let texts = [
        format!("{deep}a = 1"),
        format!("[{deep}a]"),
        format!("a = {{ {deep}a = 1 }}"),
        format!("[{}a]\n{}b = 1", "a.".repeat(250), "b.".repeat(250)),
        format!("a = {}", "[".repeat(1_000_000)),
    ];
    for text in texts {
        let sandbox = Sandbox::new().with_home(&text).with_project(&text);
        assert_eq!(sandbox.load().warnings.len(), 1);
        assert_eq!(sandbox.load_for_thread(json!({})).warnings.len(), 1);
    }
    for given in [format!("{deep}a=1"), format!("images={{{deep}a=1}}"), format!("images={}", "[".repeat(100_000))] {
        assert_eq!(Sandbox::new().with_override(&given).load().warnings.len(), 1);
    }
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.load_for_thread(json!({ format!("{deep}a"): 1 })).warnings.len(), 1);
}

#[test]
fn list_accepts_each_of_its_words_once() {
    // (value, what holds)
    let table = [
        ("['size', 'n']", Some("[Size, N]")),
        ("[]", Some("[]")),
        ("['size', 'size']", None),
        ("['colour']", None),
        ("['size', 1]", None),
        ("[['size']]", None),
        ("'size'", None),
    ];
    for (value, expected) in table {
        let text = format!("[model_providers.studio.images]\nparameters = {value}");
        let loaded = Sandbox::new().with_home(text).load();
        let held = &loaded.config.model_providers["studio"].images.parameters;
        let held = held.as_ref().map(|words| format!("{words:?}"));
        assert_eq!((held.as_deref(), loaded.warnings.len()), (expected, usize::from(expected.is_none())), "{value}");
    }
    let loaded =
        Sandbox::new().with_variable("EASEL__MODEL_PROVIDERS__STUDIO__IMAGES__PARAMETERS", "size, mask").load();
    let held = loaded.config.model_providers["studio"].images.parameters.clone();
    assert_eq!(held, Some(vec![Parameter::Size, Parameter::Mask]));
}

#[test]
fn codex_settings_of_a_provider_are_ignored() {
    let text = "[model_providers.x]\nbase_url = 'http://h/v1'\nenv_key_instructions = 'x'\nsupports_websockets = false";
    let loaded = Sandbox::new().with_home(text).load();
    assert_eq!((loaded.warnings.len(), loaded.ignored.len()), (0, 2));
    assert!(loaded.config.model_providers["x"].base_url.is_some());
}
