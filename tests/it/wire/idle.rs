//! What an idle server does without.

use std::collections::BTreeSet;

use easel_protocol::method::ThreadList;
use easel_protocol::thread::ThreadListParams;

use crate::harness::{Sandbox, Server};

/// The names of the server's threads.
fn thread_names(server: &Server) -> BTreeSet<String> {
    let pid = server.client.pid().expect("a running server");
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process of Linux");
    let name = |path: std::path::PathBuf| std::fs::read_to_string(path.join("comm")).ok();
    threads.filter_map(|thread| name(thread.ok()?.path())).map(|name| name.trim_end().to_owned()).collect()
}

#[tokio::test]
async fn threads_start_when_they_are_needed() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let names = thread_names(&server);
    assert!(names.contains("easel-writer"), "{names:?}");
    for name in ["easel-log", "easel-pages", "easel-threads", "easel-searches", "easel-ephemeral"] {
        assert!(!names.contains(name), "{names:?}");
    }
    server.request::<ThreadList>(&ThreadListParams::default()).await;
    let names = thread_names(&server);
    assert!(names.contains("easel-pages") && !names.contains("easel-searches"), "{names:?}");
    server.close().await;
}
