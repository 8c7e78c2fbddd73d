//! The home folder, and two processes in one home.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use easel_protocol::handshake::{ClientCapabilities, ImageResult};
use easel_protocol::image::ImageListParams;
use easel_protocol::input::UserInput;
use easel_protocol::method::{
    ImageList, ThreadArchive, ThreadList, ThreadRead, ThreadResume, ThreadStart, ThreadUnsubscribe, ToolList, TurnStart,
};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadListParams, ThreadStartParams, ThreadStatus, ThreadUnsubscribeParams,
};
use easel_protocol::tool::ToolListParams;
use easel_testkit::image::{RED, data_url, solid_png};

use crate::harness::events::completed_image;
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text, turn_start_params};
use crate::threads::{read_params, resume_params};

/// The permissions of a file. Only Unix has a mode.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

/// All paths below the folder, at any depth.
pub(crate) fn list_recursively(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        found.extend(list_recursively(&path));
        found.push(path);
    }
    found
}

#[cfg(unix)]
#[tokio::test]
async fn files_in_the_home_are_private() {
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("a.png", &solid_png(60, 40, RED));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("permissions");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("edit this"), crate::harness::local_image(&file)]).await;
    assert_eq!(mode(&sandbox.home()), 0o700);
    // A lock file has no content, so its permissions do not matter.
    let says_something = |path: &std::path::PathBuf| path.is_dir() || !read_file(path).is_empty();
    let open = |path: &std::path::PathBuf| mode(path) != if path.is_dir() { 0o700 } else { 0o600 };
    let open: Vec<_> = list_recursively(&sandbox.home()).into_iter().filter(says_something).filter(open).collect();
    assert!(open.is_empty(), "{open:#?}");
    server.close().await;
}

#[tokio::test]
async fn home_falls_back_to_codex_home_and_user_home() {
    let sandbox = Sandbox::new();
    let (codex, user) = (sandbox.root().join("codex"), sandbox.root().join("user"));
    let mut isolated = sandbox.server_command(HOSTED);
    isolated.env_remove("EASEL_HOME").env("CODEX_HOME", &codex);
    let mut plain = sandbox.server_command(HOSTED);
    plain.env_remove("EASEL_HOME").env("HOME", &user).env("USERPROFILE", &user);
    for (command, home) in [(isolated, codex.join("easel")), (plain, user.join(".easel"))] {
        let mut server = Server::spawn(command);
        let hello = server.initialize(None).await;
        assert_eq!(hello.codex_home, home.display().to_string());
        #[cfg(unix)]
        assert_eq!(mode(&home), 0o700);
        server.start_thread().await;
        assert!(home.join("easel.db").exists());
        server.close().await;
    }
    assert!(!sandbox.home().exists());
}

#[tokio::test]
async fn unusable_home_exits_with_1_and_a_message_on_stderr() {
    let sandbox = Sandbox::new();
    let taken = sandbox.write_file("taken", b"");
    for home in [taken.clone(), taken.join("below")] {
        let mut command = sandbox.server_command(HOSTED);
        command.env("EASEL_HOME", &home);
        let output = command.output().await.expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("home folder") && stderr.contains(&home.display().to_string()), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn new_process_continues_with_stored_images() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        let generated = completed_image(&events).images[0].clone();
        let before = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
        server.close().await;

        let mut server = sandbox.start_server_with(tool).await;
        let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
        assert_eq!(read.status, ThreadStatus::NotLoaded {});
        assert_eq!(read.turns, before.turns, "{tool:?}");
        let refusal =
            server.request_error::<TurnStart>(&turn_start_params(&thread.id, vec![text("make it blue")])).await;
        assert_eq!(refusal, format!("-32600 thread {} is not loaded; call thread/resume first", thread.id));
        let resumed = server.request::<ThreadResume>(&resume_params(&thread.id)).await;
        assert_eq!(resumed.settings.thread.turns, before.turns);
        assert_eq!(resumed.settings.thread.status, ThreadStatus::Idle {});
        let events = server.run_turn(&thread.id, vec![text("make it blue")]).await;
        let inputs: Vec<_> = completed_image(&events).images[0].inputs.iter().map(|input| input.id.clone()).collect();
        assert_eq!(inputs, [Some(generated.id)], "{tool:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn processes_share_threads_with_one_writer_each() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server().await, sandbox.start_server().await);
    let (first, second) = (one.start_thread().await, two.start_thread().await);
    one.run_turn(&first.id, vec![text("draw a red square")]).await;
    two.run_turn(&second.id, vec![text("draw a blue square")]).await;
    for server in [&mut one, &mut two] {
        assert_eq!(server.request::<ThreadList>(&ThreadListParams::default()).await.data.len(), 2);
        assert_eq!(server.request::<ImageList>(&ImageListParams::default()).await.data.len(), 2);
        for thread in [&first, &second] {
            assert_eq!(server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns.len(), 1);
        }
    }
    let pid = one.client.pid().expect("the process runs");
    let refusal = two.request_error::<ThreadResume>(&resume_params(&first.id)).await;
    assert_eq!(refusal, format!("-32600 thread {} is in use by another Easel, process {pid}", first.id));
    one.run_turn(&first.id, vec![text("make it green")]).await;
    one.close().await;

    two.request::<ThreadResume>(&resume_params(&first.id)).await;
    let events = two.run_turn(&first.id, vec![text("make it yellow")]).await;
    assert_eq!(completed_image(&events).images[0].inputs.len(), 2);
    two.close().await;
}

#[tokio::test]
async fn second_process_takes_over_a_released_thread() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server().await, sandbox.start_server().await);
    let (killed, released) = (one.start_thread().await, one.start_thread().await);
    one.run_turn(&killed.id, vec![text("draw a red square")]).await;
    one.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: released.id.clone() }).await;
    one.expect_event("thread/closed", |event| event.method() == "thread/closed").await;
    two.request::<ThreadResume>(&resume_params(&released.id)).await;
    two.run_turn(&released.id, vec![text("draw a blue square")]).await;

    one.client.kill().await.expect("the process is killed");
    two.request::<ThreadResume>(&resume_params(&killed.id)).await;
    let events = two.run_turn(&killed.id, vec![text("make it blue")]).await;
    assert_eq!(completed_image(&events).images[0].inputs.len(), 1);
    two.close().await;
}

#[tokio::test]
async fn image_bytes_are_only_in_image_files() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let attached = UserInput::Image { url: data_url(&solid_png(300, 300, RED)), detail: None };
    server.run_turn(&thread.id, vec![text("edit this"), attached]).await;
    server.close().await;
    let is_image = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "png");
    let files = list_recursively(&sandbox.home()).into_iter().filter(|path| path.is_file());
    let (images, others): (Vec<_>, Vec<_>) = files.partition(is_image);
    assert!(images.len() >= 2 && others.iter().any(|path| path.ends_with("easel.db")), "{images:?} {others:?}");
    for path in others {
        let bytes = read_file(&path);
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"iVBORw0KGgo") && !holds(b"\x89PNG"), "{}", path.display());
    }
}

/// Reading does not need the writer lease. Changing a thread does.
#[tokio::test]
async fn thread_in_use_cannot_be_archived_by_another_process() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server().await, sandbox.start_server().await);
    let thread = one.start_thread().await;
    let pid = one.client.pid().expect("the process runs");
    let params = ThreadArchiveParams { thread_id: thread.id.clone() };
    let refusal = two.request_error::<ThreadArchive>(&params).await;
    assert_eq!(refusal, format!("-32600 thread {} is in use by another Easel, process {pid}", thread.id));
    one.run_turn(&thread.id, vec![text("draw a red square")]).await;
    one.close().await;
    two.request::<ThreadArchive>(&params).await;
    two.expect_event("thread/archived", |event| event.method() == "thread/archived").await;
    two.request::<ThreadResume>(&resume_params(&thread.id)).await;
    two.close().await;
}

#[tokio::test]
async fn two_processes_work_side_by_side_in_one_home() {
    let sandbox = Sandbox::new();
    let work = async |tool: &[&str]| {
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        for _ in 0..5 {
            let events = server.run_turn(&thread.id, vec![text("draw a red square, 128x128")]).await;
            assert_eq!(completed_image(&events).images.len(), 1);
        }
        server.close().await;
    };
    tokio::join!(work(STANDALONE), work(HOSTED), work(STANDALONE));
    let mut server = sandbox.start_server().await;
    assert_eq!(server.request::<ImageList>(&ImageListParams::default()).await.data.len(), 15);
    server.close().await;
}

#[tokio::test]
async fn log_lines_contain_no_image_bytes() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.server_command(STANDALONE);
    let log = sandbox.root().join("log");
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).expect("a file"));
    let mut server = Server::spawn(command);
    let inline = ClientCapabilities { image_result: Some(ImageResult::Inline), ..ClientCapabilities::default() };
    server.initialize(Some(inline)).await;
    let thread = server.start_thread().await;
    let attached = UserInput::Image { url: data_url(&solid_png(60, 40, RED)), detail: None };
    server.run_turn(&thread.id, vec![text("edit this"), attached]).await;
    server.close().await;
    let log = String::from_utf8_lossy(&read_file(&log)).into_owned();
    assert!(log.contains("the image tool returned an image"), "details are logged: {log}");
    assert!(!log.contains("iVBORw0KGgo"), "{log}");
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let longest = log.split(|c: char| !is_base64(c)).map(str::len).max().unwrap_or(0);
    assert!(longest < 200, "{longest} characters that may be base64");
}

#[tokio::test]
async fn storage_failure_fails_the_item_only() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let folder = sandbox.home().join("generated_images");
        std::fs::write(&folder, b"a file where a folder should be").expect("a file");
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        let error = completed_image(&events).error.clone().expect("an error");
        assert_eq!(error.kind, ImageErrorKind::Storage, "{tool:?}: {error:?}");
        let spare_files: Vec<_> =
            list_recursively(&sandbox.temp_dir()).into_iter().filter(|path| path.is_file()).collect();
        assert!(
            spare_files.len() == 1 && error.message.ends_with(&format!("{:?}.", spare_files[0])),
            "{error:?} {spare_files:?}"
        );
        std::fs::remove_file(&folder).expect("the file");
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        assert_eq!(completed_image(&events).images.len(), 1, "{tool:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn unusable_database_is_reported_by_each_request() {
    let sandbox = Sandbox::with_config("");
    std::fs::write(sandbox.home().join("easel.db"), vec![7; 8192]).expect("a file");
    let mut server = sandbox.start_server().await;
    let refusal = server.request_error::<ThreadStart>(&ThreadStartParams::default()).await;
    assert_eq!(
        refusal,
        "-32603 Easel's database is damaged. Restore easel.db from a backup, or move it away to start without history. Easel tries again with the next request."
    );
    server.request::<ToolList>(&ToolListParams::default()).await;
    server.close().await;
}
