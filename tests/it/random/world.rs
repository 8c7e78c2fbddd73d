//! Two processes on one home and three connections to them. Every message that arrives is compared with the model.

use std::io::{BufRead, BufReader};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

use easel_testkit::rng::Rng;
use serde_json::{Value, json};

use super::model::{ClientIndex, Image, Model, PROCESS_OF_CLIENT, ProcessIndex};
use super::restarts::Exit;
use crate::harness::{FAST_AND_ENDLESS, HOSTED, STANDALONE, Sandbox};
use crate::listen::server::{Connection, ListeningServer, Socket, TIMEOUT, Transport};

/// Idle threads are evicted almost at once.
const ONE_IDLE_THREAD: &str = "[server]\nidle_threads = 1\n";

/// A notification outside a turn: the client that gets it, its method, and the id of its thread.
pub(super) type Notice = (ClientIndex, String, String);

/// The result of a request, or `code message` of its error.
pub(super) type CallResult = Result<Value, String>;

pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) rng: Rng,
    pub(super) model: Model,
    pub(super) pids: [u32; 2],
    /// The thread that the running step subscribes to or unsubscribes from. Its events may arrive before the model
    /// changes.
    pub(super) may_receive_early: Option<(ClientIndex, String)>,
    /// Notifications that may arrive at any time, or never.
    pub(super) optional_notices: Vec<Notice>,
    notices: Vec<Notice>,
    listening: Option<ListeningServer>,
    piped: Option<Child>,
    clients: [Option<Connection>; 3],
    pub(super) next_id: u64,
    /// The last program that locked the database.
    pub(super) database_lock: Option<JoinHandle<()>>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self {
            sandbox: Sandbox::with_config(&format!("{FAST_AND_ENDLESS}{ONE_IDLE_THREAD}")),
            rng: Rng::new(seed),
            model: Model::default(),
            pids: [0; 2],
            may_receive_early: None,
            optional_notices: Vec::new(),
            notices: Vec::new(),
            listening: None,
            piped: None,
            clients: [None, None, None],
            next_id: 1,
            database_lock: None,
        };
        world.start(0);
        world.start(1);
        world
    }

    pub(super) fn start(&mut self, process: ProcessIndex) {
        if process == 0 {
            let server = ListeningServer::start_with(&self.sandbox, Transport::Lines, STANDALONE);
            self.pids[0] = server.child.id();
            self.clients[0] = Some(server.connect());
            self.clients[1] = Some(server.connect());
            self.listening = Some(server);
            return;
        }
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
        let mut command = self.sandbox.server_command(HOSTED).into_std();
        command.stdin(Stdio::from(OwnedFd::from(theirs.try_clone().expect("a second end"))));
        command.stdout(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn().expect("the program starts");
        self.pids[1] = child.id();
        let mut connection = Connection::new(Socket::Lines(BufReader::new(ours)));
        connection.initialize(&json!({}));
        self.piped = Some(child);
        self.clients[2] = Some(connection);
    }

    /// Ends a process and records what it sent before.
    pub(super) fn stop(&mut self, process: ProcessIndex, exit: Exit) {
        match (process, exit) {
            (0, Exit::Kill) => drop(self.listening.take()),
            (0, Exit::Graceful) => self.listening.take().expect("the process runs").stop(),
            (_, Exit::Kill) => self.piped.as_mut().expect("the process runs").kill().expect("the process runs"),
            (_, Exit::Graceful) => self.close_input(),
        }
        for client in clients_of(process) {
            let Some(Connection { socket: Socket::Lines(mut stream), .. }) = self.clients[client].take() else {
                continue;
            };
            let mut line = String::new();
            while matches!(stream.read_line(&mut line), Ok(1..)) && line.ends_with('\n') {
                self.record_event(client, &serde_json::from_str(&line).expect("JSON"));
                line.clear();
            }
        }
        if process == 1 {
            let status = self.piped.take().expect("the process runs").wait().expect("it can be waited for");
            assert_eq!(status.code(), (exit == Exit::Graceful).then_some(0));
        }
    }

    /// Closes the input of the process on pipes.
    fn close_input(&mut self) {
        let Socket::Lines(stream) = &self.connection(2).socket else { panic!("it speaks in lines") };
        stream.get_ref().shutdown(Shutdown::Write).expect("an open socket");
    }

    /// Closes a connection to the listening process and opens a new one with the same index.
    pub(super) fn reconnect_client(&mut self, client: ClientIndex) {
        self.clients[client] = None;
        self.clients[client] = Some(self.listening.as_ref().expect("the process runs").connect());
    }

    /// Ends both processes gracefully.
    pub(super) fn stop_all(&mut self) {
        self.clients = [None, None, None];
        self.listening.take().expect("the process runs").stop();
        let status = self.piped.take().expect("the process runs").wait().expect("it can be waited for");
        assert_eq!(status.code(), Some(0));
    }

    /// Sends a request and returns its response. Earlier events are recorded.
    pub(super) fn call(&mut self, client: ClientIndex, method: &str, params: &Value) -> CallResult {
        let id = self.send_request(client, method, params);
        self.read_response(client, id, method)
    }

    /// Sends a request without waiting for the response. Returns its id.
    pub(super) fn send_request(&mut self, client: ClientIndex, method: &str, params: &Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(client, &json!({ "id": id, "method": method, "params": params }));
        id
    }

    pub(super) fn send(&mut self, client: ClientIndex, message: &Value) {
        self.connection(client).send(message);
    }

    /// Reads the response to a request.
    pub(super) fn read_response(&mut self, client: ClientIndex, id: u64, method: &str) -> CallResult {
        loop {
            let mut message = self.connection(client).read_json();
            if !message["method"].is_null() {
                self.record_event(client, &message);
                continue;
            }
            assert_eq!(message["id"], id, "{method}: {message}");
            let error = &message["error"];
            return match error["message"].as_str() {
                Some(sentence) => Err(format!("{} {sentence}", error["code"])),
                None => Ok(message["result"].take()),
            };
        }
    }

    /// Sends a request that must succeed.
    pub(super) fn request(&mut self, client: ClientIndex, method: &str, params: &Value) -> Value {
        self.call(client, method, params).unwrap_or_else(|refusal| panic!("{method} {params}: {refusal}"))
    }

    /// Reads and records the next event of a client.
    pub(super) fn next_event(&mut self, client: ClientIndex) {
        let message = self.connection(client).read_json();
        self.record_event(client, &message);
    }

    /// Removes an expected notification. Returns false if it has not arrived yet.
    pub(super) fn take_notice(&mut self, notice: &Notice) -> bool {
        let found = self.notices.iter().position(|known| known == notice);
        found.is_some_and(|found| {
            self.notices.remove(found);
            true
        })
    }

    /// Waits for the notifications that the step causes. Then each connection answers one more request, so that nothing
    /// else can be on its way.
    pub(super) fn expect_notices(&mut self, mut expected: Vec<Notice>) {
        for notice in &expected {
            while !self.notices.contains(notice) {
                self.next_event(notice.0);
            }
        }
        for client in 0..self.clients.len() {
            if self.clients[client].is_some() {
                self.request(client, "account/read", &json!({}));
            }
        }
        let mut came = std::mem::take(&mut self.notices);
        came.retain(|notice| expected.contains(notice) || !self.optional_notices.contains(notice));
        came.sort();
        expected.sort();
        assert_eq!(came, expected, "notifications outside turns");
        self.may_receive_early = None;
    }

    /// A client of a running process.
    pub(super) fn any_connected_client(&mut self) -> ClientIndex {
        let living: Vec<ClientIndex> =
            (0..self.clients.len()).filter(|client| self.clients[*client].is_some()).collect();
        *self.rng.choose(&living).expect("a process runs")
    }

    fn connection(&mut self, client: ClientIndex) -> &mut Connection {
        self.clients[client].as_mut().expect("a connection of a living process")
    }

    /// Records an event, which must be meant for this client.
    fn record_event(&mut self, client: ClientIndex, event: &Value) {
        let method = event["method"].as_str().unwrap_or_else(|| panic!("no event: {event}")).to_owned();
        let params = &event["params"];
        let Some(thread_id) = params["threadId"].as_str().or_else(|| params["thread"]["id"].as_str()) else { return };
        let is_of_a_turn = ["turn/", "item/", "thread/status/", "thread/tokenUsage/", "thread/compacted", "warning"];
        if !is_of_a_turn.iter().any(|start| method.starts_with(start)) {
            self.notices.push((client, method, thread_id.to_owned()));
            return;
        }
        let is_expected = self.may_receive_early.as_ref().is_some_and(|(to, id)| *to == client && id == thread_id);
        let thread = self.model.threads.iter_mut().find(|thread| thread.id == thread_id);
        let Some(thread) = thread else { panic!("{client} hears an unknown thread: {event}") };
        assert!(is_expected || thread.subscribers.contains(&client), "{client} is no subscriber, and hears {event}");
        let Some(running) = &mut thread.running else { return };
        if let Some(turn_id) = params["turnId"].as_str().or_else(|| params["turn"]["id"].as_str()) {
            if running.id.is_empty() {
                turn_id.clone_into(&mut running.id);
            }
            assert_eq!(turn_id, running.id, "{event}");
        }
        for record in params["item"]["images"].as_array().into_iter().flatten() {
            running.announced_images.insert(record["id"].as_str().expect("a handle").to_owned());
        }
        running.events.entry(client).or_default().push(method);
    }

    /// Adds images to those that ever existed. They stay when their thread is deleted.
    pub(super) fn add_images(&mut self, images: Vec<Image>) {
        self.model.images.extend(images.into_iter().map(|image| (image.handle.clone(), image)));
    }
}

pub(super) fn clients_of(process: ProcessIndex) -> impl Iterator<Item = ClientIndex> {
    (0..PROCESS_OF_CLIENT.len()).filter(move |client| PROCESS_OF_CLIENT[*client] == process)
}
