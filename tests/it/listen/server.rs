//! A listening server and clients that connect to it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{ClientRequestBuilder, Error, Message, WebSocket};

use crate::harness::Sandbox;
use crate::harness::conformance::SchemaChecker;

/// The longest wait for a message.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// Both transports. Most tests run with each.
pub(super) const TRANSPORTS: [Transport; 2] = [Transport::Lines, Transport::WebSocket];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Lines,
    WebSocket,
}

/// A listening process, killed on drop.
pub(crate) struct ListeningServer {
    pub(crate) child: Child,
    /// The announced address, `unix://…` or `ws://…`.
    pub(super) url: String,
    pub(super) token_file: Option<PathBuf>,
    stderr: BufReader<ChildStderr>,
}

impl ListeningServer {
    pub(super) fn start(sandbox: &Sandbox, transport: Transport) -> Self {
        Self::start_with(sandbox, transport, &[])
    }

    pub(crate) fn start_with(sandbox: &Sandbox, transport: Transport, arguments: &[&str]) -> Self {
        let socket = format!("unix://{}", sandbox.root().join("easel.sock").display());
        let url = match transport {
            Transport::Lines => socket.as_str(),
            Transport::WebSocket => "ws://127.0.0.1:0",
        };
        Self::spawn(sandbox, &[&["-c", "model_provider=preview", "--listen", url], arguments].concat())
    }

    /// Starts a server and reads the address that it announces.
    pub(super) fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.server_command(arguments).into_std();
        command.stdin(Stdio::null());
        Self::spawn_command(command)
    }

    /// Starts any command that listens, with the input that it has.
    pub(crate) fn spawn_command(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("a piped stderr"));
        let mut server = Self { child, url: String::new(), token_file: None, stderr };
        while server.url.is_empty() {
            server.read_announcement();
        }
        server
    }

    fn read_announcement(&mut self) {
        let mut line = String::new();
        assert!(self.stderr.read_line(&mut line).expect("lines are UTF-8") > 0, "the server ended");
        let line = line.trim_end();
        if let Some(path) = line.strip_prefix("easel: clients authenticate with the token in ") {
            self.token_file = Some(path.into());
        }
        if let Some(url) = line.strip_prefix("easel: listening on ") {
            url.clone_into(&mut self.url);
        }
    }

    /// Reads stderr up to a line with this text. The log must be on.
    pub(super) fn wait_for_log(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).expect("lines are UTF-8") > 0, "the server ended");
        }
    }

    /// Connects and initializes.
    pub(crate) fn connect(&self) -> Connection {
        let mut connection = self.connect_uninitialized();
        connection.initialize(&json!({}));
        connection
    }

    /// Connects without initializing.
    pub(crate) fn connect_uninitialized(&self) -> Connection {
        match self.url.strip_prefix("unix://") {
            Some(path) => Connection::over(UnixStream::connect(path).expect("the server listens")),
            None => self.open_web_socket(&[]).expect("a valid token"),
        }
    }

    /// The token in the token file.
    pub(super) fn token(&self) -> String {
        let path = self.token_file.as_ref().expect("a token file");
        std::fs::read_to_string(path).expect("a readable file").trim().to_owned()
    }

    pub(super) fn address(&self) -> &str {
        self.url.strip_prefix("ws://").expect("an address")
    }

    pub(crate) fn connect_tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("the server listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
        stream
    }

    /// Opens a WebSocket with the token of the home and these headers, which may override it. Returns the status of a
    /// rejection.
    pub(super) fn open_web_socket(&self, headers: &[(&str, &str)]) -> Result<Connection, u16> {
        let bearer = self.token_file.as_ref().map(|_| format!("Bearer {}", self.token()));
        let bearer = bearer.as_deref().map(|bearer| ("Authorization", bearer));
        self.open_web_socket_with(&bearer.iter().chain(headers).copied().collect::<Vec<_>>())
    }

    pub(super) fn open_web_socket_with(&self, headers: &[(&str, &str)]) -> Result<Connection, u16> {
        let uri = self.url.parse().expect("a URL");
        let mut request = ClientRequestBuilder::new(uri).into_client_request().expect("a request");
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        match tungstenite::client(request, self.connect_tcp()) {
            Ok((socket, _)) => Ok(Connection::new(Socket::Messages(Box::new(socket)))),
            Err(tungstenite::HandshakeError::Failure(Error::Http(refusal))) => Err(refusal.status().as_u16()),
            Err(error) => panic!("neither accepted nor rejected: {error}"),
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = ["kill", name, &self.child.id().to_string()].join(" ");
        let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(status.success(), "{kill}");
    }

    /// Waits for the exit. Returns the exit code and the rest of stderr.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut rest_of_stderr = String::new();
        self.stderr.read_to_string(&mut rest_of_stderr).expect("stderr is UTF-8");
        let mut out = String::new();
        self.child.stdout.take().expect("a piped stdout").read_to_string(&mut out).expect("stdout is UTF-8");
        assert_eq!(out, "", "stdout stays empty");
        (self.child.wait().expect("the process can be waited for").code(), rest_of_stderr)
    }

    /// Stops the server as a supervisor would.
    pub(crate) fn stop(self) {
        self.signal("-TERM");
        assert_eq!(self.wait().0, Some(0));
    }
}

impl Drop for ListeningServer {
    fn drop(&mut self) {
        // The process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client side of a connection.
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    checker: SchemaChecker,
}

pub(crate) enum Socket {
    Lines(BufReader<UnixStream>),
    Messages(Box<WebSocket<TcpStream>>),
}

impl Connection {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, checker: SchemaChecker::default() }
    }

    /// A connection over a socket file.
    pub(super) fn over(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
        Self::new(Socket::Lines(BufReader::new(stream)))
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    pub(crate) fn send_text(&mut self, text: &str) {
        self.checker.record_sent(text);
        match &mut self.socket {
            Socket::Lines(stream) => writeln!(stream.get_mut(), "{text}").expect("the server reads its input"),
            Socket::Messages(socket) => socket.send(Message::text(text)).expect("the server reads its input"),
        }
    }

    /// Reads the next message, or returns `None` if the connection was closed cleanly.
    pub(crate) fn receive(&mut self) -> Option<Value> {
        let text = match &mut self.socket {
            Socket::Lines(stream) => {
                let mut line = String::new();
                if stream.read_line(&mut line).expect("the connection lives") == 0 {
                    return None;
                }
                assert_eq!(line.pop(), Some('\n'), "a whole line");
                line
            }
            Socket::Messages(socket) => loop {
                let message = match socket.read() {
                    // A child process of another test exited.
                    Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => continue,
                    message => message.expect("the connection lives"),
                };
                match message {
                    Message::Text(text) => {
                        assert!(!text.contains('\n'), "one message is one JSON object on one line");
                        break text.to_string();
                    }
                    Message::Close(_) => return None,
                    Message::Ping(_) | Message::Pong(_) => {}
                    other @ (Message::Binary(_) | Message::Frame(_)) => panic!("{other:?}"),
                }
            },
        };
        self.checker.check_received(&text);
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    pub(crate) fn read_json(&mut self) -> Value {
        self.receive().expect("the connection is open")
    }

    pub(crate) fn initialize(&mut self, capabilities: &Value) {
        let hello = json!({ "clientInfo": { "name": "listener", "version": "1.0.0" }, "capabilities": capabilities });
        let response = self.call("initialize", &hello);
        assert!(response["result"]["userAgent"].is_string(), "{response}");
    }

    /// Sends a request. The next message must be its response.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.send(&json!({ "id": "ask", "method": method, "params": params }));
        let response = self.read_json();
        assert_eq!(response["id"], "ask", "{response}");
        response
    }

    /// Sends a request that must succeed. The next message must be its response.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Value {
        let mut response = self.call(method, params);
        assert!(response["error"].is_null(), "{method}: {response}");
        response["result"].take()
    }

    pub(crate) fn assert_alive(&mut self) {
        self.request("account/read", &json!({}));
    }

    /// Starts a thread and returns its id.
    pub(crate) fn start_thread(&mut self) -> String {
        let started = self.request("thread/start", &json!({}));
        assert_eq!(self.read_json()["method"], "thread/started");
        started["thread"]["id"].as_str().expect("a thread id").to_owned()
    }

    pub(crate) fn start_turn(&mut self, thread_id: &str) {
        let input = json!([{ "type": "text", "text": "draw a red square" }]);
        self.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    }

    /// Reads events of one thread up to and including this method. Returns their methods.
    pub(crate) fn events_until(&mut self, thread_id: &str, last: &str) -> Vec<String> {
        let mut events = Vec::new();
        while events.last().is_none_or(|method| method != last) {
            let event = self.read_json();
            assert_eq!(event["params"]["threadId"], thread_id, "{event}");
            events.push(event["method"].as_str().expect("an event").to_owned());
        }
        events
    }
}
