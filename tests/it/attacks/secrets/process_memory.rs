//! The memory of the server contains keys.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::harness::{EASEL, HOSTED, Sandbox, Server};

/// A user id that no test uses.
const NOBODY: u32 = 65_534;

fn owner(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file of a running process").uid()
}

/// A process that is not dumpable writes no core file, not even through a pipe, and root owns its files in `/proc`. For
/// root that makes no difference, so there the server runs as another user.
#[tokio::test]
async fn environment_and_memory_are_unreadable_for_the_same_user() {
    let sandbox = Sandbox::with_config("");
    let is_root = owner(sandbox.root()) == 0;
    let mut command = sandbox.server_command(HOSTED);
    if is_root {
        let program = sandbox.root().join("easel");
        std::fs::copy(EASEL, &program).expect("a copy that everybody can run");
        command = tokio::process::Command::new(&program);
        command
            .arg("app-server")
            .current_dir(sandbox.project())
            .env_clear()
            .env("EASEL_HOME", sandbox.home())
            .uid(NOBODY);
        std::fs::set_permissions(sandbox.root(), PermissionsExt::from_mode(0o755)).expect("a folder");
        for path in [sandbox.home(), sandbox.home().join("config.toml"), sandbox.project()] {
            chown(path, Some(NOBODY), None).expect("root may give it away");
        }
    }
    command.env("OPENAI_API_KEY", "sk-canary-1");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let process = format!("/proc/{}", server.client.pid().expect("the process runs"));
    for file in ["environ", "mem", "maps"] {
        let path = Path::new(&process).join(file);
        assert_eq!(owner(&path), 0, "{file}");
        let mut cat = std::process::Command::new("cat");
        if is_root {
            std::os::unix::process::CommandExt::uid(&mut cat, NOBODY);
        }
        let read = cat.arg(&path).output().expect("cat runs");
        assert!(!read.status.success() && read.stdout.is_empty(), "{file}: {read:?}");
    }
    server.close().await;
}
