//! Two processes on one home and three connections to them. Whatever comes in is held against the model at once.

use std::io::{BufRead, BufReader};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::deaths::Death;
use super::dice::Dice;
use super::model::{Image, Model, PROCESS_OF, Process, Seat};
use crate::harness::{FAST_AND_ENDLESS, HOSTED, Place, STANDALONE};
use crate::listen::server::{Connection, Listening, PATIENCE, Transport, Wire};

/// Most threads at rest leave memory.
const FEW_IN_MEMORY: &str = "[server]\nidle_threads = 1\n";

/// What is told of a thread apart from its turns: to whom, which method, of which thread.
pub(super) type Notice = (Seat, String, String);

/// A result, or a refusal's `code message`.
pub(super) type Answer = Result<Value, String>;

pub(super) struct World {
    pub(super) place: Place,
    pub(super) dice: Dice,
    pub(super) model: Model,
    pub(super) pids: [u32; 2],
    /// What the running step gives or takes: its events may come before the model has the change.
    pub(super) grace: Option<(Seat, String)>,
    /// What may be told at any moment, or not at all.
    pub(super) permitted: Vec<Notice>,
    notices: Vec<Notice>,
    listening: Option<Listening>,
    piped: Option<Child>,
    seats: [Option<Connection>; 3],
    pub(super) next_id: u64,
    /// A program that has locked the database, or had.
    pub(super) foreign: Option<JoinHandle<()>>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self {
            place: Place::with_config(&format!("{FAST_AND_ENDLESS}{FEW_IN_MEMORY}")),
            dice: Dice::new(seed),
            model: Model::default(),
            pids: [0; 2],
            grace: None,
            permitted: Vec::new(),
            notices: Vec::new(),
            listening: None,
            piped: None,
            seats: [None, None, None],
            next_id: 1,
            foreign: None,
        };
        world.start(0);
        world.start(1);
        world
    }

    pub(super) fn start(&mut self, process: Process) {
        if process == 0 {
            let server = Listening::start_with(&self.place, Transport::Lines, STANDALONE);
            self.pids[0] = server.child.id();
            self.seats[0] = Some(server.client());
            self.seats[1] = Some(server.client());
            self.listening = Some(server);
            return;
        }
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let mut command = self.place.command(HOSTED).into_std();
        command.stdin(Stdio::from(OwnedFd::from(theirs.try_clone().expect("a second end"))));
        command.stdout(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn().expect("the program starts");
        self.pids[1] = child.id();
        let mut connection = Connection::over(Wire::Lines(BufReader::new(ours)));
        connection.greet(&json!({}));
        self.piped = Some(child);
        self.seats[2] = Some(connection);
    }

    /// Ends a process, and takes what it had said by then.
    pub(super) fn stop(&mut self, process: Process, death: Death) {
        match (process, death) {
            (0, Death::Killed) => drop(self.listening.take()),
            (0, Death::InOrder) => self.listening.take().expect("it runs").stop(),
            (_, Death::Killed) => self.piped.as_mut().expect("it runs").kill().expect("it runs"),
            (_, Death::InOrder) => self.hang_up(),
        }
        for seat in seats_of(process) {
            let Some(Connection { wire: Wire::Lines(mut stream), .. }) = self.seats[seat].take() else { continue };
            let mut line = String::new();
            while matches!(stream.read_line(&mut line), Ok(1..)) && line.ends_with('\n') {
                self.note(seat, &serde_json::from_str(&line).expect("JSON"));
                line.clear();
            }
        }
        if process == 1 {
            let status = self.piped.take().expect("it runs").wait().expect("it can be waited for");
            assert_eq!(status.code(), (death == Death::InOrder).then_some(0));
        }
    }

    /// Ends the input of the process on pipes.
    fn hang_up(&mut self) {
        let Wire::Lines(stream) = &self.connection(2).wire else { panic!("it speaks in lines") };
        stream.get_ref().shutdown(Shutdown::Write).expect("an open socket");
    }

    /// Closes a connection to the process that listens and opens another in its place.
    pub(super) fn reopen(&mut self, seat: Seat) {
        self.seats[seat] = None;
        self.seats[seat] = Some(self.listening.as_ref().expect("it runs").client());
    }

    /// Ends both processes in good order.
    pub(super) fn end(&mut self) {
        self.seats = [None, None, None];
        self.listening.take().expect("it runs").stop();
        let status = self.piped.take().expect("it runs").wait().expect("it can be waited for");
        assert_eq!(status.code(), Some(0));
    }

    /// Asks and takes the answer; what comes before it is noted.
    pub(super) fn call(&mut self, seat: Seat, method: &str, params: &Value) -> Answer {
        let id = self.ask(seat, method, params);
        self.answer(seat, id, method)
    }

    /// Asks without waiting; the id of the request.
    pub(super) fn ask(&mut self, seat: Seat, method: &str, params: &Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(seat, &json!({ "id": id, "method": method, "params": params }));
        id
    }

    pub(super) fn send(&mut self, seat: Seat, message: &Value) {
        self.connection(seat).send(message);
    }

    /// Takes the answer to a request.
    pub(super) fn answer(&mut self, seat: Seat, id: u64, method: &str) -> Answer {
        loop {
            let mut message = self.connection(seat).json();
            if !message["method"].is_null() {
                self.note(seat, &message);
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

    /// The result of what must not be refused.
    pub(super) fn result(&mut self, seat: Seat, method: &str, params: &Value) -> Value {
        self.call(seat, method, params).unwrap_or_else(|refusal| panic!("{method} {params}: {refusal}"))
    }

    /// Takes the next event of a connection.
    pub(super) fn next_event(&mut self, seat: Seat) {
        let message = self.connection(seat).json();
        self.note(seat, &message);
    }

    /// Takes a notice that was awaited; false when it has not come yet.
    pub(super) fn take_notice(&mut self, notice: &Notice) -> bool {
        let found = self.notices.iter().position(|known| known == notice);
        found.is_some_and(|found| {
            self.notices.remove(found);
            true
        })
    }

    /// Waits for what the step causes. Then every connection answers once more; nothing else must have come by then.
    pub(super) fn expect(&mut self, mut expected: Vec<Notice>) {
        for notice in &expected {
            while !self.notices.contains(notice) {
                self.next_event(notice.0);
            }
        }
        for seat in 0..self.seats.len() {
            if self.seats[seat].is_some() {
                self.result(seat, "account/read", &json!({}));
            }
        }
        let mut came = std::mem::take(&mut self.notices);
        came.retain(|notice| expected.contains(notice) || !self.permitted.contains(notice));
        came.sort();
        expected.sort();
        assert_eq!(came, expected, "what was told apart from turns");
        self.grace = None;
    }

    /// A connection of a process that runs.
    pub(super) fn living_seat(&mut self) -> Seat {
        let living: Vec<Seat> = (0..self.seats.len()).filter(|seat| self.seats[*seat].is_some()).collect();
        *self.dice.one_of(&living).expect("a process runs")
    }

    fn connection(&mut self, seat: Seat) -> &mut Connection {
        self.seats[seat].as_mut().expect("a connection of a living process")
    }

    /// An event must be for this connection.
    fn note(&mut self, seat: Seat, event: &Value) {
        let method = event["method"].as_str().unwrap_or_else(|| panic!("no event: {event}")).to_owned();
        let params = &event["params"];
        let Some(thread_id) = params["threadId"].as_str().or_else(|| params["thread"]["id"].as_str()) else { return };
        let is_of_a_turn = ["turn/", "item/", "thread/status/", "thread/tokenUsage/"];
        if !is_of_a_turn.iter().any(|start| method.starts_with(start)) {
            self.notices.push((seat, method, thread_id.to_owned()));
            return;
        }
        let given = self.grace.as_ref().is_some_and(|(to, id)| *to == seat && id == thread_id);
        let thread = self.model.threads.iter_mut().find(|thread| thread.id == thread_id);
        let Some(thread) = thread else { panic!("{seat} hears an unknown thread: {event}") };
        assert!(given || thread.ears.contains(&seat), "{seat} is no subscriber, and hears {event}");
        let Some(running) = &mut thread.running else { return };
        if let Some(turn_id) = params["turnId"].as_str().or_else(|| params["turn"]["id"].as_str()) {
            if running.id.is_empty() {
                turn_id.clone_into(&mut running.id);
            }
            assert_eq!(turn_id, running.id, "{event}");
        }
        for record in params["item"]["images"].as_array().into_iter().flatten() {
            running.told.insert(record["id"].as_str().expect("a handle").to_owned());
        }
        running.heard.entry(seat).or_default().push(method);
    }

    /// The images that a turn made are known from now on, also when their thread is gone.
    pub(super) fn remember(&mut self, made: Vec<Image>) {
        self.model.images.extend(made.into_iter().map(|image| (image.handle.clone(), image)));
    }
}

pub(super) fn seats_of(process: Process) -> impl Iterator<Item = Seat> {
    (0..PROCESS_OF.len()).filter(move |seat| PROCESS_OF[*seat] == process)
}
