//! The keychain of the operating system: a real Secret Service on a private bus, or none.

use std::path::Path;
use std::process::Stdio;

use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadStart;
use easel_protocol::thread::ThreadStartParams;
use easel_testkit::http::MockServer;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::canary::collect_files_with_canary;
use super::tokens::accept_all;
use super::{easel, output_text};
use crate::harness::{STANDALONE, Sandbox, Server, env_setting, events, text};

const LOGIN: &[&str] = &["login", "--with-api-key"];
const STATUS: &[&str] = &["login", "status"];

/// A sandbox that stores its login in the keychain, with a provider.
fn sandbox(choice: &str, provider: &MockServer) -> Sandbox {
    let url = provider.url("v1");
    Sandbox::with_config(&format!("cli_auth_credentials_store = \"{choice}\"\nopenai_base_url = \"{url}\"\n"))
}

/// A message bus that starts a keychain on the first request. Both end when it is dropped.
struct Bus {
    address: String,
    daemon: Child,
}

impl Bus {
    /// A bus with an unlocked keychain, which is created on first use.
    async fn open(folder: &Path) -> Option<Self> {
        Self::start(folder, "echo | exec gnome-keyring-daemon --foreground --components=secrets --unlock").await
    }

    /// A bus with the same keychain, locked.
    async fn locked(folder: &Path) -> Option<Self> {
        Self::start(folder, "exec gnome-keyring-daemon --foreground --components=secrets").await
    }

    /// Starts the bus, or prints a skip and returns `None` if the programs are not installed.
    async fn start(folder: &Path, keychain: &str) -> Option<Self> {
        for program in ["dbus-daemon", "gnome-keyring-daemon"] {
            if Command::new(program).arg("--version").stdout(Stdio::null()).status().await.is_err() {
                easel_testkit::skip("keychain", &format!("{program} is not installed"));
                return None;
            }
        }
        let at = folder.display();
        let service = format!("[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh -c \"{keychain}\"\n");
        std::fs::write(folder.join("secrets.service"), service).expect("a service");
        let config = format!(
            "<busconfig><type>session</type><listen>unix:dir={at}</listen><servicedir>{at}</servicedir>\
             <policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>\
             <allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(folder.join("bus.conf"), config).expect("a configuration");
        let mut command = Command::new("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address", "--config-file"]).arg(folder.join("bus.conf"));
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(variable, folder);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut daemon = command.spawn().expect("the bus starts");
        let mut address = String::new();
        let stdout = daemon.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut address).await.expect("the bus listens");
        Some(Self { address: address.trim().to_owned(), daemon })
    }

    fn variables(&self) -> [(&str, &str); 1] {
        bus_variables(&self.address)
    }
}

fn bus_variables(address: &str) -> [(&str, &str); 1] {
    [("DBUS_SESSION_BUS_ADDRESS", address)]
}

#[tokio::test]
async fn keychain_login_works_and_is_in_no_file() {
    for choice in ["keyring", "auto"] {
        let provider = MockServer::respond(accept_all);
        let sandbox = sandbox(choice, &provider);
        // A file that an earlier login left.
        std::fs::write(sandbox.home().join("auth.json"), "{\"OPENAI_API_KEY\":\"sk-canary-old\"}").expect("a file");
        let Some(bus) = Bus::open(sandbox.root()).await else { return };

        let login = easel(&sandbox, LOGIN, "sk-canary-kept\n", &bus.variables()).await;
        assert_eq!(login.status.code(), Some(0), "{}", output_text(&login));
        let stored = easel(&sandbox, STATUS, "", &bus.variables()).await;
        assert_eq!(stored.status.code(), Some(0));
        for output in [&login, &stored] {
            assert!(
                output_text(output).contains("keychain") && !output_text(output).contains("canary"),
                "{}",
                output_text(output)
            );
        }

        let mut command = sandbox.server_command(STANDALONE);
        command.envs(bus.variables());
        let mut server = Server::spawn(command);
        server.initialize(None).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
        assert_eq!(events::completed_image(&events).status, ImageStatus::Completed);
        assert_eq!(provider.bearer_tokens("/images/generations"), ["sk-canary-kept"]);
        server.close().await;
        let mut names = Vec::new();
        collect_files_with_canary(sandbox.root(), &mut names);
        assert!(names.is_empty(), "{names:?}");

        let logout = easel(&sandbox, &["logout"], "", &bus.variables()).await;
        let after = easel(&sandbox, STATUS, "", &bus.variables()).await;
        assert_eq!((logout.status.code(), after.status.code()), (Some(0), Some(1)));
    }
}

#[tokio::test]
async fn locked_keychain_is_an_error_and_auto_uses_the_file() {
    let sandbox = Sandbox::with_config("");
    let Some(mut bus) = Bus::open(sandbox.root()).await else { return };
    let keyring = ["-c", "cli_auth_credentials_store=keyring"];
    let login = easel(&sandbox, &[&keyring, LOGIN].concat(), "sk-canary\n", &bus.variables()).await;
    assert_eq!(login.status.code(), Some(0), "{}", output_text(&login));
    bus.daemon.kill().await.expect("the bus ends");
    let bus = Bus::locked(sandbox.root()).await.expect("it was there before");
    let status = easel(&sandbox, &[&keyring, STATUS].concat(), "", &bus.variables()).await;
    assert!(output_text(&status).contains("keychain cannot be used: it is locked"), "{}", output_text(&status));
    assert_fails_with_reason(&sandbox, &bus, &keyring).await;
    assert_falls_back(&sandbox, &bus.address).await;
    // The keychain may still have a login, and the user must learn of it.
    let logout = easel(&sandbox, &["-c", "cli_auth_credentials_store=auto", "logout"], "", &bus.variables()).await;
    assert_eq!(logout.status.code(), Some(1));
    assert!(output_text(&logout).contains("it is locked"), "{}", output_text(&logout));
    assert!(!sandbox.home().join("auth.json").exists());
}

#[tokio::test]
async fn missing_keychain_is_an_error_and_auto_uses_the_file() {
    let sandbox = Sandbox::with_config("");
    assert_falls_back(&sandbox, "unix:path=/nowhere").await;
    let logout =
        easel(&sandbox, &["-c", "cli_auth_credentials_store=auto", "logout"], "", &bus_variables("unix:path=/nowhere"))
            .await;
    assert_eq!((logout.status.code(), sandbox.home().join("auth.json").exists()), (Some(0), false));
}

/// A login that cannot be read is an error. The server does not fall back to the preview, as it would without a login.
async fn assert_fails_with_reason(sandbox: &Sandbox, bus: &Bus, keyring: &[&str]) {
    let mut command = sandbox.server_command(keyring);
    command.envs(bus.variables());
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread = server.request::<ThreadStart>(&ThreadStartParams::default()).await.thread;
    assert_eq!(thread.model_provider, "openai");
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let error = events::completed_turn(&events).error.clone().expect("an error");
    assert!(error.message.contains("it is locked") && !error.message.contains("canary"), "{}", error.message);
    server.close().await;
}

#[tokio::test]
async fn unresponsive_keychain_does_not_block_other_requests() {
    let sandbox = Sandbox::with_config("cli_auth_credentials_store = \"keyring\"\n");
    // It accepts connections and never answers.
    let path = sandbox.root().join("bus");
    let bus = tokio::net::UnixListener::bind(&path).expect("a socket");
    let mut command = sandbox.server_command(STANDALONE);
    command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display()));
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let preview = ThreadStartParams { model_provider: Some("preview".to_owned()), ..ThreadStartParams::default() };
    let thread = server.start_thread_with(preview).await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    // All requests above were answered while the keychain did not respond. The warning comes only when its connection
    // ends.
    let (asking, _) = bus.accept().await.expect("the keychain is asked");
    drop((asking, bus));
    let is_warning = |event: &Event| matches!(event, Event::ConfigWarning(warning) if warning.summary.contains("keychain cannot be used"));
    let events = server.events_until(is_warning).await;
    let warned = serde_json::to_string(&events).expect("JSON");
    assert!(!warned.contains("no response within"), "{warned}");
    server.close().await;
}

/// With `keyring`, an unusable keychain fails the login. With `auto`, the login goes to the file.
async fn assert_falls_back(sandbox: &Sandbox, bus: &str) {
    let keyring = ["-c", "cli_auth_credentials_store=keyring"];
    let refused = easel(sandbox, &[&keyring, LOGIN].concat(), "sk-canary\n", &bus_variables(bus)).await;
    assert_eq!(refused.status.code(), Some(1), "{}", output_text(&refused));
    assert!(!sandbox.home().join("auth.json").exists());

    let auto = ["-c", "cli_auth_credentials_store=auto"];
    let login = easel(sandbox, &[&auto, LOGIN].concat(), "sk-canary\n", &bus_variables(bus)).await;
    assert_eq!(login.status.code(), Some(0), "{}", output_text(&login));
    assert!(String::from_utf8_lossy(&login.stdout).contains("auth.json"));
    for output in [&refused, &login] {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("keychain cannot be used: ") && !stderr.contains("canary"), "{stderr}");
    }
    let status = easel(sandbox, &[&auto, STATUS].concat(), "", &bus_variables(bus)).await;
    assert!(output_text(&status).contains("auth.json"), "{}", output_text(&status));
}

#[tokio::test]
async fn unresponsive_keychain_times_out() {
    if env_setting("RUN_SLOW_TESTS").is_none() {
        return easel_testkit::skip("slow", "it waits until the keychain times out; set RUN_SLOW_TESTS");
    }
    let sandbox = Sandbox::with_config("cli_auth_credentials_store = \"keyring\"\n");
    // It accepts connections and never answers.
    let path = sandbox.root().join("bus");
    let _bus = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let address = format!("unix:path={}", path.display());
    let status = easel(&sandbox, STATUS, "", &bus_variables(&address)).await;
    assert_eq!(status.status.code(), Some(1));
    assert!(output_text(&status).contains("no response within"), "{}", output_text(&status));
}
