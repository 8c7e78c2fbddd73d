//! Project configuration that a repository or another user of the machine could write.

use std::path::Path;

use easel_protocol::configuration::{ConfigReadParams, ConfigReadResponse};
use easel_protocol::event::Event;
use easel_protocol::method::{ConfigRead, ThreadStart};
use easel_protocol::thread::ThreadStartParams;

use crate::harness::{HOSTED, Sandbox, Server};

/// Keys that make requests more expensive or send more images with them.
const EXPENSIVE: &str = "model = \"expensive\"\n[images]\nmodel = \"expensive-image\"\ndetail = \"original\"\n\
                         parallel = 16\n[history]\nmodel_images = 100\nmodel_image_bytes = 512000000\n";

fn write_project(sandbox: &Sandbox, text: &str) {
    std::fs::create_dir_all(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", text.as_bytes());
}

/// The configuration of the home, which trusts the project.
fn trust(sandbox: &Sandbox) -> String {
    format!("model_provider = \"preview\"\n[projects.'{}']\ntrust_level = \"trusted\"\n", sandbox.project().display())
}

async fn read_config(server: &mut Server, sandbox: &Sandbox) -> ConfigReadResponse {
    let cwd = Some(sandbox.project().display().to_string());
    server.request::<ConfigRead>(&ConfigReadParams { include_layers: None, cwd }).await
}

/// The warnings at the start of a thread of the project.
async fn start_thread_warnings(server: &mut Server) -> Vec<String> {
    server.request::<ThreadStart>(&ThreadStartParams::default()).await;
    let events = server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let warning = |event| if let Event::ConfigWarning(warning) = event { Some(warning.summary) } else { None };
    events.into_iter().filter_map(warning).collect()
}

#[tokio::test]
async fn untrusted_repository_cannot_raise_the_bill() {
    let sandbox = Sandbox::with_config("model_provider = \"preview\"\n");
    write_project(&sandbox, EXPENSIVE);
    let mut server = sandbox.start_server_with(HOSTED).await;
    let config = read_config(&mut server, &sandbox).await.config;
    assert!(config["model"].is_null());
    let (images, history) = (&config["images"], &config["history"]);
    assert_eq!((&images["model"], &images["detail"]), (&"gpt-image-2".into(), &"high".into()));
    assert_eq!((&images["parallel"], &history["model_images"]), (&4.into(), &8.into()));
    assert_eq!(history["model_image_bytes"], 24_000_000);

    let warnings = start_thread_warnings(&mut server).await;
    assert_eq!(warnings.len(), 6, "{warnings:#?}");
    // A path with backslashes is in other quotes.
    let quote = if cfg!(windows) { '\'' } else { '"' };
    let line = format!("`[projects.{quote}{}{quote}]` with `trust_level = \"trusted\"`", sandbox.project().display());
    let file = Path::new(".easel").join("config.toml").display().to_string();
    for (warning, key) in warnings.iter().zip(["model", "images.model", "images.detail", "images.parallel"]) {
        assert!(warning.contains(&format!("{file}:")) && warning.contains(&format!("`{key}`")), "{warning}");
        assert!(warning.contains(&line), "{warning}");
    }
    server.close().await;
}

#[tokio::test]
async fn trusted_repository_can_set_its_model() {
    let sandbox = Sandbox::with_config("");
    std::fs::write(sandbox.home().join("config.toml"), trust(&sandbox)).expect("a configuration");
    write_project(&sandbox, EXPENSIVE);
    let mut server = sandbox.start_server_with(HOSTED).await;
    assert_eq!(read_config(&mut server, &sandbox).await.config["model"], "expensive");
    assert_eq!(start_thread_warnings(&mut server).await, Vec::<String>::new());
    server.close().await;
}

/// Only root can give a file to another user. CI runs as root.
#[cfg(unix)]
#[tokio::test]
async fn project_file_of_another_user_is_ignored() {
    use std::os::unix::fs::{MetadataExt, chown};
    let sandbox = Sandbox::with_config("");
    if std::fs::metadata(sandbox.home()).expect("a home").uid() != 0 {
        return easel_testkit::skip("other-user", "only root can give a file away");
    }
    std::fs::write(sandbox.home().join("config.toml"), trust(&sandbox)).expect("a configuration");
    write_project(&sandbox, "model = \"expensive\"\n[limits]\nimages_per_turn = 0\n");
    chown(sandbox.project().join(".easel/config.toml"), Some(65_534), None).expect("root may give it away");
    let mut server = sandbox.start_server_with(HOSTED).await;
    let config = read_config(&mut server, &sandbox).await.config;
    assert!(config["model"].is_null() && config["limits"]["images_per_turn"] == 16, "{config:#?}");
    let warnings = start_thread_warnings(&mut server).await;
    let [warning] = warnings.as_slice() else { panic!("one warning was expected: {warnings:#?}") };
    assert!(warning.contains(".easel/config.toml: ") && warning.contains("another user"), "{warning}");
    server.close().await;
}
