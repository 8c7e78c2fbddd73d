//! Configuration files, environment variables and command-line options of a running server.

use easel_protocol::configuration::ConfigReadParams;
use easel_protocol::event::{ConfigWarningNotification, Event};
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ConfigRead, ModelProviderList, ThreadResume, ThreadStart};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::thread::{ThreadResumeParams, ThreadStartParams};
use easel_protocol::turn::TurnStatus;

use crate::harness::events::{completed_items, completed_turn};
use crate::harness::normalize::normalize;
use crate::harness::{HOSTED, Sandbox, Server, text};

/// Reads warnings up to and including the one that contains `last`.
async fn read_warnings(server: &mut Server, last: &str) -> Vec<ConfigWarningNotification> {
    let mut found = Vec::new();
    loop {
        let event = server.client.next_event().await.expect("a whole line").expect("an event");
        let Event::ConfigWarning(warning) = event else { panic!("a warning of `{last}` was awaited, not {event:#?}") };
        let is_last = warning.summary.contains(last);
        found.push(warning);
        if is_last {
            return found;
        }
    }
}

#[tokio::test]
async fn config_errors_name_file_and_line_and_keep_the_rest() {
    let sandbox = Sandbox::with_config(
        "model_provider = \"preview\"\ncolour = 1\n[images]\nparallel = \"many\"\nspeed = 2\n[features]\nimagegenext = true\nteleport = true\n[sandbox_workspace_write]\nnetwork_access = true\n",
    );
    let mut server = Server::spawn(sandbox.server_command(HOSTED));
    let hello = server.initialize(None).await;
    assert_eq!(hello.tools, ["image_gen.imagegen"], "the rest of the file holds");
    let found = read_warnings(&mut server, "teleport").await;
    insta::assert_json_snapshot!("config_warnings", normalize(&sandbox, &found));
    server.close().await;
}

#[tokio::test]
async fn invalid_toml_turns_image_generation_off() {
    let sandbox = Sandbox::with_config("model_provider = \"preview\nthis is not toml");
    let mut server = Server::spawn(sandbox.server_command(HOSTED));
    server.initialize(None).await;
    let found = read_warnings(&mut server, "config.toml").await;
    let summary = &found.last().expect("a warning").summary;
    assert!(summary.contains("config.toml:1: The file was ignored: it is not valid TOML"), "{summary}");
    assert!(summary.ends_with("Image generation is off until it is mended, because it may set limits."), "{summary}");
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let items = completed_items(&events);
    assert!(!items.iter().any(|item| matches!(item, ThreadItem::ImageGeneration(_))), "{items:#?}");
    server.close().await;
}

#[tokio::test]
async fn forbidden_project_keys_are_rejected_with_file_and_key() {
    let sandbox = Sandbox::with_config("model_provider = \"preview\"\n");
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(
        ".easel/config.toml",
        b"model_provider = \"evil\"\n[model_providers.evil]\nbase_url = \"https://evil.example\"\n[[hooks.pre_tool_use]]\ncommand = \"sh\"\n[images]\nparallel = 2\n",
    );
    let mut server = Server::spawn(sandbox.server_command(HOSTED));
    server.initialize(None).await;
    let thread = server.request::<ThreadStart>(&ThreadStartParams::default()).await;
    assert_eq!(thread.model_provider, "preview");
    let mut messages = String::new();
    loop {
        let event = server.client.next_event().await.expect("a whole line").expect("an event");
        let Event::ConfigWarning(warning) = event else {
            assert_eq!(event.method(), "thread/started");
            break;
        };
        messages += &format!("{}\n", sandbox.hide_root(&warning.summary, "[root]"));
    }
    // A path with backslashes is in other quotes.
    let messages = messages.replace("'[root]/project'", "\"[root]/project\"");
    insta::assert_snapshot!(messages, @r#"
    [root]/project/.easel/config.toml:1: `model_provider` was ignored: a project may not set it.
    [root]/project/.easel/config.toml:3: `model_providers.evil.base_url` was ignored: a project may not set it.
    [root]/project/.easel/config.toml:4: `hooks.pre_tool_use` was ignored: a project may not set it.
    [root]/project/.easel/config.toml:7: `images.parallel` was ignored: the project is not trusted. To trust it, add `[projects."[root]/project"]` with `trust_level = "trusted"` to config.toml in Easel's home.
    "#);
    server.close().await;
}

#[tokio::test]
async fn unreachable_provider_fails_without_a_fallback() {
    let sandbox = Sandbox::with_config(
        "model_provider = \"studio\"\n[model_providers.studio]\nbase_url = \"http://127.0.0.1:1/v1\"\n",
    );
    let mut server = Server::spawn(sandbox.server_command(&["--enable", "imagegenext"]));
    let hello = server.initialize(None).await;
    assert_eq!(hello.tools, ["image_gen.imagegen"]);
    let list = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert_eq!(list.default_provider_id, "studio");
    let thread = server.start_thread().await;
    assert_eq!(thread.model_provider, "studio");
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let names: Vec<&str> = events.iter().map(Event::method).collect();
    assert!(names.contains(&"error"), "{names:?}");
    let turn = completed_turn(&events);
    assert_eq!(turn.status, TurnStatus::Failed);
    let error = turn.error.as_ref().expect("an error");
    insta::assert_snapshot!(error.message);
    assert!(!sandbox.home().join("generated_images").exists(), "no preview stands in");
    server.close().await;
}

#[tokio::test]
async fn later_layers_win() {
    let sandbox = Sandbox::with_config("");
    let trust = format!("[projects.'{}']\ntrust_level = \"trusted\"\n", sandbox.project().display());
    let home = format!("[images]\nparallel = 2\ntimeout_ms = 2000\ndetail = \"low\"\n{trust}");
    std::fs::write(sandbox.home().join("config.toml"), home).expect("a configuration");
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", b"[images]\nparallel = 3\ntimeout_ms = 3000\n");
    let mut command = sandbox.server_command(&["-c", "images.model=by-command-line"]);
    command.env("EASEL__IMAGES__TIMEOUT_MS", "4000").env("EASEL__IMAGES__MODEL", "by-environment");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let params = ConfigReadParams { include_layers: Some(true), cwd: Some(sandbox.project().display().to_string()) };
    let read = server.request::<ConfigRead>(&params).await;
    let images = &read.config["images"];
    assert_eq!(
        (&images["detail"], &images["parallel"], &images["timeout_ms"], &images["model"]),
        (&"low".into(), &3.into(), &4000.into(), &"by-command-line".into())
    );
    insta::assert_json_snapshot!("config_read", normalize(&sandbox, &(read.origins, read.layers)), {
        ".**.version" => "[version]",
    });
    server.close().await;
}

/// A thread can define the provider that it uses. Other threads do not see it.
#[tokio::test]
async fn thread_config_can_define_a_provider() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let name = |config: serde_json::Value| ThreadStartParams {
        model_provider: Some("mine".to_owned()),
        config: config.as_object().cloned(),
        ..ThreadStartParams::default()
    };
    let refusal = server.request_error::<ThreadStart>(&name(serde_json::json!({}))).await;
    assert!(refusal.contains("mine"), "{refusal}");
    let described =
        server.start_thread_with(name(serde_json::json!({ "model_providers.mine.preset": "preview" }))).await;
    let events = server.run_turn(&described.id, vec![text("draw a red square")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed, "{events:#?}");
    server.close().await;
}

#[tokio::test]
async fn secret_header_in_thread_config_is_rejected_and_not_stored() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    for config in [
        serde_json::json!({"model_providers.x.http_headers.X-Key": "sk-canary-1"}),
        serde_json::json!({"model_providers": {"x": {"query_params": {"key": "sk-canary-1"}}}}),
    ] {
        let params = ThreadStartParams { config: config.as_object().cloned(), ..ThreadStartParams::default() };
        let refusal = server.request_error::<ThreadStart>(&params).await;
        assert!(refusal.starts_with("-32602 Invalid params: `config`: "), "{refusal}");
        assert!(refusal.contains(" may be secret"), "{refusal}");
    }
    let thread = server.start_thread().await;
    let config = serde_json::json!({"model_providers.x.http_headers.X-Key": "sk-canary-1"}).as_object().cloned();
    let change = ThreadResumeParams { config, ..crate::threads::resume_params(&thread.id) };
    server.request_error::<ThreadResume>(&change).await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    server.close().await;
    for name in ["easel.db", "easel.db-wal"] {
        let bytes = std::fs::read(sandbox.home().join(name)).unwrap_or_default();
        assert!(!bytes.windows(9).any(|window| window == b"sk-canary"), "{name}");
    }
}
