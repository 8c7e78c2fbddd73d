//! The same client against a stand-in backend that was written for another one, where it lies beside the project.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use easel_imagegen::port::ModelRequest;
use easel_imagegen::spec;
use easel_protocol::tool::ToolExposure;

use super::fixture::{PATIENT, all, provider, request};

struct Mock {
    process: Child,
    port: u16,
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `None` with the reason on standard output.
fn mock() -> Option<Mock> {
    #[expect(clippy::disallowed_methods, reason = "where the stand-in lies is no setting of the program")]
    let shared = std::env::var_os("EASEL_SHARED");
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let script = shared.join("peer/tools/mock.py");
    if !script.is_file() {
        println!("skipped: there is no {}", script.display());
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("python3");
    command.arg(script).args(["--port", &port.to_string()]).stdout(Stdio::piped());
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) => {
            println!("skipped: python3 does not start: {error}");
            return None;
        }
    };
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(ready.starts_with("mock on"), "{ready}");
    Some(Mock { process, port })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stand_in_backend_draws_and_breaks_off() {
    let Some(mock) = mock() else {
        return;
    };
    let base = format!("http://127.0.0.1:{}", mock.port);
    let provider = provider(&format!("{base}/v1"), PATIENT, 0);
    let request = || ModelRequest {
        tools: spec::entries(ToolExposure::Standalone, &provider.info.capabilities),
        ..request(ToolExposure::Standalone)
    };
    let said = all(&provider, request()).await;
    let (call, completed) = said.split_once('\n').unwrap();
    assert!(call.starts_with("call call_"), "{said}");
    assert!(call.contains(r#" Some("image_gen") imagegen {"#), "{said}");
    assert!(call.ends_with(r#""prompt": "draw a fox"}"#), "{said}");
    assert_eq!(completed, "completed 120 = 100 (0 cached) + 20 (0 reasoning)\n");

    reqwest::Client::new().post(format!("{base}/_ctl")).body(r#"{"resp_mode":"incomplete"}"#).send().await.unwrap();
    let said = all(&provider, request()).await;
    assert!(said.starts_with("call call_"), "{said}");
    assert!(said.ends_with("error InternalServerError: the provider's answer was cut before its end\n"), "{said}");
}
