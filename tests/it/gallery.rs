//! `easel gallery`: the page that is served, and the page as a file.

mod file;
mod served;

use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::harness::{FAST_AND_ENDLESS, Sandbox};

/// A prompt that would be a script if the page did not treat it as text.
const HOSTILE: &str = "a sea </script><script>alert(1)</script><!-- <img src=x onerror=alert(2)>";

/// A sandbox whose preview provider has no delays.
fn sandbox() -> Sandbox {
    Sandbox::with_config(FAST_AND_ENDLESS)
}

/// Draws an image.
async fn draw(sandbox: &Sandbox, prompt: &str) {
    let output = sandbox.run(&["draw", prompt]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The hash of the only element `tag` without attributes, as the policy of the page names it.
fn source_of(page: &str, tag: &str) -> String {
    let (_, rest) = page.split_once(&format!("<{tag}>")).expect("the element");
    let (text, _) = rest.split_once(&format!("</{tag}>")).expect("the end of the element");
    format!("'sha256-{}'", BASE64.encode(Sha256::digest(text.as_bytes())))
}

/// The part of the policy that the served page and the file have in common.
fn common_policy(page: &str) -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data: blob:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source_of(page, "script"),
        source_of(page, "style")
    )
}

/// A gallery that is served.
struct Served {
    process: Child,
    port: u16,
    token: String,
}

/// A response of the gallery.
struct HttpResponse {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Served {
    async fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(&["gallery"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("the program starts");
        let mut address = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut address).await.expect("an address");
        let rest = address.trim().strip_prefix("http://127.0.0.1:").expect("a loopback address");
        let (port, token) = rest.split_once("/#token=").expect("a token");
        assert_eq!(token.len(), 64);
        Self { process, port: port.parse().expect("a port"), token: token.to_owned() }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.host()).await.expect("a connection")
    }

    /// Sends a request with the token.
    async fn get(&self, path: &str) -> HttpResponse {
        let bearer = format!("Bearer {}", self.token);
        self.send("GET", path, &[("host", &self.host()), ("authorization", &bearer)]).await
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).expect("JSON")
    }

    /// Sends a request with exactly these headers on a connection of its own.
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let mut stream = self.connect().await;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("an open connection");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("a whole response");
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("the end of the head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("text").to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        HttpResponse { status, head, body: bytes.split_off(end + 4) }
    }
}

impl HttpResponse {
    fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{name}: {}", self.head))
    }
}
