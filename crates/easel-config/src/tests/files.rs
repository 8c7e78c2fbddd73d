use serde_json::json;

use super::Desk;
use easel_imagegen::capability::Parameter;

use crate::{Config, KEYS, Kind, ProviderConfig};

#[test]
fn mistakes_are_named_by_file_line_and_key_and_cost_that_key_only() {
    let desk = Desk::new().with_home(
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
plugins = false

[limits]
reference_bytes = 1.5
reference_pixels = [1, 2]
images_per_turn = { a = 1 }

[model_providers.studio]
base_url = "ftp://canary"
env_key = "sk-canary-0123456789"
headers = { Authorization = "canary" }

[model_providers."two words"]
name = "canary"

[tui]
theme = "x"

[unknown.section]
a = 1
b = 2
"#,
    );
    let loaded = desk.load();
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @r#"
    home/config.toml:1: `model` in the home configuration was ignored: it must be a string of 1 to 256 characters.
    home/config.toml:2: Unknown key `modle` in the home configuration was ignored.
    home/config.toml:6: `images.parallel` in the home configuration was ignored: it must be a whole number from 1 to 16.
    home/config.toml:7: `images.detail` in the home configuration was ignored: it must be one of "auto", "low", "high", "original".
    home/config.toml:8: `images.timeout_ms` in the home configuration was ignored: it must be a whole number from 1000 to 3600000.
    home/config.toml:13: `history.model_images` in the home configuration was ignored: it must be a whole number from 0 to 100.
    home/config.toml:14: `history.model_image_bytes` in the home configuration was ignored: it must be a whole number from 0 to 512000000.
    home/config.toml:15: Unknown key `history.speed` in the home configuration was ignored.
    home/config.toml:18: `features.imagegenext` in the home configuration was ignored: it must be true or false.
    home/config.toml:19: Unknown feature `plugins` in the home configuration was ignored.
    home/config.toml:22: `limits.reference_bytes` in the home configuration was ignored: it must be a whole number from 1 to 1000000000.
    home/config.toml:23: `limits.reference_pixels` in the home configuration was ignored: it must be a whole number from 1 to 1000000000.
    home/config.toml:24: `limits.images_per_turn` in the home configuration was ignored: it must be a whole number from 0 to 1000.
    home/config.toml:27: `model_providers.studio.base_url` in the home configuration was ignored: it must be an http or https URL without user name, query or fragment.
    home/config.toml:28: `model_providers.studio.env_key` in the home configuration was ignored: it must be the name of an environment variable.
    home/config.toml:29: Unknown key `model_providers.studio.headers` in the home configuration was ignored.
    home/config.toml:31: `model_providers.two words` in the home configuration was ignored: a name is 1 to 64 letters, digits, dots, hyphens and underscores.
    home/config.toml:37: Unknown key `unknown` in the home configuration was ignored.
    "#);
    insta::assert_snapshot!(desk.shown(&loaded.passed_over), @r"
    home/config.toml:3: Key `sandbox_mode` in the home configuration has no meaning for Easel and was passed over.
    home/config.toml:12: Key `history.persistence` in the home configuration has no meaning for Easel and was passed over.
    home/config.toml:34: Key `tui` in the home configuration has no meaning for Easel and was passed over.
    ");
    let mut expected = Config::default();
    expected.images.model = "kept".to_owned();
    expected.model_providers.insert("studio".to_owned(), ProviderConfig::default());
    assert_eq!(loaded.config, expected);
    assert!(!desk.shown(&loaded.warnings).contains("canary"));
}

#[test]
fn a_section_that_is_a_plain_value_is_named() {
    let desk = Desk::new().with_home("features = true\nprofiles = 1");
    insta::assert_snapshot!(desk.shown(&desk.load().warnings), @r"
    home/config.toml:1: `features` in the home configuration must be a table and was ignored.
    home/config.toml:2: Unknown key `profiles` in the home configuration was ignored.
    ");
}

#[test]
fn mistakes_in_any_profile_are_named() {
    let desk = Desk::new().with_home("[profiles.a.images]\nspeed = 1\n[profiles.'b c']\n[profiles]\nd = 4");
    insta::assert_snapshot!(desk.shown(&desk.load().warnings), @r"
    home/config.toml:2: Unknown key `images.speed` in the profile was ignored.
    home/config.toml:3: `profiles.b c` in the home configuration was ignored: a name is 1 to 64 letters, digits, dots, hyphens and underscores.
    home/config.toml:5: `profiles.d` in the home configuration must be a table and was ignored.
    ");
}

#[test]
fn a_file_that_is_not_toml_is_left_out_with_the_line() {
    let files: [&[u8]; 7] = [
        b"model = 'a'\nmodel_provider = canary\n",
        b"model = 'a'\n\n[images\nparallel = 2",
        b"model = 'a'\nmodel = 'canary'",
        b"model = 'a'\nmodel.canary = 1",
        b"model = 'a'\ncanary canary",
        b"model = 'a'\n\nname = 'caf\xe9 canary'",
        b"\x00\x01canary",
    ];
    let mut shown = Vec::new();
    for bytes in files {
        let desk = Desk::new().with_home(bytes);
        let loaded = desk.load();
        assert_eq!(loaded.config, Config::default());
        shown.push(desk.shown(&loaded.warnings));
    }
    let shown = shown.join("\n");
    assert!(!shown.contains("canary"), "{shown}");
    insta::assert_snapshot!(shown, @r"
    home/config.toml:2: The home configuration was ignored: it is not valid TOML (string values must be quoted, expected literal string).
    home/config.toml:3: The home configuration was ignored: it is not valid TOML (unclosed table, expected `]`).
    home/config.toml:2: The home configuration was ignored: it is not valid TOML (duplicate key).
    home/config.toml:2: The home configuration was ignored: it is not valid TOML (cannot extend value of type string with a dotted key).
    home/config.toml:2: The home configuration was ignored: it is not valid TOML (key with no value, expected `=`).
    home/config.toml:3: The home configuration was ignored: it is not UTF-8.
    home/config.toml:1: The home configuration was ignored: it is not valid TOML (key with no value, expected `=`).
    ");
}

#[test]
fn instructions_may_have_lines_and_no_other_control_characters() {
    for (text, is_taken) in [("one\\n\\ttwo", true), ("a\\u0007b", false), ("", false), (&"x".repeat(32_769), false)] {
        let loaded = Desk::new().with_home(format!("model_instructions = \"{text}\"")).load();
        assert_eq!(
            (loaded.config.model_instructions.is_some(), loaded.warnings.len()),
            (is_taken, usize::from(!is_taken))
        );
    }
}

#[test]
fn a_file_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does() {
    let desk = Desk::new().with_home("\u{feff}model = 'a'\r\nmodle = 1\r\n");
    let loaded = desk.load();
    assert_eq!(loaded.config.model.as_deref(), Some("a"));
    assert_eq!(loaded.warnings[0].line, Some(2));
}

#[test]
fn a_folder_in_place_of_the_file_is_named() {
    let desk = Desk::new();
    std::fs::create_dir(desk.home().join("config.toml")).unwrap();
    std::fs::create_dir_all(desk.project().join(".easel/config.toml")).unwrap();
    insta::assert_snapshot!(desk.shown(&desk.load().warnings), @"home/config.toml: The home configuration was ignored: it is not a regular file.");
    insta::assert_snapshot!(desk.shown(&desk.for_thread(json!({})).warnings), @"project/.easel/config.toml: The project configuration was ignored: it is not a regular file.");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_the_file_does_not_block() {
    let desk = Desk::new();
    let made = std::process::Command::new("mkfifo").arg(desk.home().join("config.toml")).status().unwrap();
    assert!(made.success());
    assert_eq!(desk.load().warnings.len(), 1);
}

#[test]
fn a_file_over_one_mebibyte_is_refused() {
    let fits = format!("model = 'a'\n#{}", "x".repeat(1024 * 1024 - 13));
    assert_eq!(fits.len(), 1024 * 1024);
    assert_eq!(Desk::new().with_home(&fits).load().config.model.as_deref(), Some("a"));
    let desk = Desk::new().with_home(fits + "x");
    let loaded = desk.load();
    assert_eq!(loaded.config.model, None);
    insta::assert_snapshot!(desk.shown(&loaded.warnings), @"home/config.toml: The home configuration was ignored: it is larger than 1048576 bytes.");
}

#[test]
fn a_file_full_of_mistakes_gives_a_bounded_number_of_warnings() {
    let text: String = (0..20_000).map(|n| format!("wrong{n} = 1\n")).collect();
    let desk = Desk::new().with_home(&text).with_project(format!("[hooks]\n{text}"));
    let loaded = desk.load();
    assert_eq!(loaded.warnings.len(), 32);
    assert!(loaded.warnings[31].summary.contains("19969 more mistakes"), "{}", loaded.warnings[31]);
    assert_eq!(desk.for_thread(json!({})).warnings.len(), 32);
}

#[test]
fn every_number_takes_its_limits_and_nothing_beyond() {
    for key in KEYS {
        let Kind::Number(low, high) = key.kind else { continue };
        let path = key.path.replace('*', "studio");
        let accepts = |value: i128| Desk::new().with_home(format!("{path} = {value}")).load().warnings.is_empty();
        let (low, high) = (i128::from(low), i128::from(high));
        assert_eq!([low, high, low - 1, high + 1].map(accepts), [true, true, false, false], "{path}");
    }
}

#[test]
fn a_base_url_that_could_carry_a_secret_is_refused() {
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
        let loaded = Desk::new().with_home(format!("[model_providers.studio]\nbase_url = '{url}'")).load();
        assert_eq!(loaded.warnings.is_empty(), is_good, "{url}");
        assert_eq!(loaded.config.model_providers["studio"].base_url.is_some(), is_good, "{url}");
    }
}

#[test]
fn a_key_with_half_a_million_parts_is_one_warning() {
    let deep = "a.".repeat(500_000);
    let texts = [
        format!("{deep}a = 1"),
        format!("[{deep}a]"),
        format!("a = {{ {deep}a = 1 }}"),
        format!("[{}a]\n{}b = 1", "a.".repeat(250), "b.".repeat(250)),
        format!("a = {}", "[".repeat(1_000_000)),
    ];
    for text in texts {
        let desk = Desk::new().with_home(&text).with_project(&text);
        assert_eq!(desk.load().warnings.len(), 1);
        assert_eq!(desk.for_thread(json!({})).warnings.len(), 1);
    }
    for given in [format!("{deep}a=1"), format!("images={{{deep}a=1}}"), format!("images={}", "[".repeat(100_000))] {
        assert_eq!(Desk::new().with_override(&given).load().warnings.len(), 1);
    }
    let desk = Desk::new();
    assert_eq!(desk.for_thread(json!({ format!("{deep}a"): 1 })).warnings.len(), 1);
}

#[test]
fn a_list_takes_its_words_once_each_and_nothing_else() {
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
        let loaded = Desk::new().with_home(text).load();
        let held = &loaded.config.model_providers["studio"].images.parameters;
        let held = held.as_ref().map(|words| format!("{words:?}"));
        assert_eq!((held.as_deref(), loaded.warnings.len()), (expected, usize::from(expected.is_none())), "{value}");
    }
    let loaded = Desk::new().with_variable("EASEL__MODEL_PROVIDERS__STUDIO__IMAGES__PARAMETERS", "size, mask").load();
    let held = loaded.config.model_providers["studio"].images.parameters.clone();
    assert_eq!(held, Some(vec![Parameter::Size, Parameter::Mask]));
}

#[test]
fn keys_that_the_peer_has_for_a_provider_are_passed_over() {
    let text = "[model_providers.x]\nbase_url = 'http://h/v1'\nenv_key_instructions = 'x'\nsupports_websockets = false";
    let loaded = Desk::new().with_home(text).load();
    assert_eq!((loaded.warnings.len(), loaded.passed_over.len()), (0, 2));
    assert!(loaded.config.model_providers["x"].base_url.is_some());
}
