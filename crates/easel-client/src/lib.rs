//! A typed client of the app-server: spawns the program, asks by method type, and hands out events in their order.
//!
//! One request at a time is awaited while events queue up behind it; nothing is dropped or answered twice without an
//! error. The crate knows the protocol's types and nothing of Easel's insides.

use std::collections::VecDeque;
use std::io;
use std::process::{ExitStatus, Stdio};

use easel_protocol::event::Event;
use easel_protocol::method::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused the request.
    #[error("{message} ({code})")]
    Refused { code: i32, message: String },
    #[error("the server closed the connection")]
    Closed,
    /// The server broke the protocol; the text says how.
    #[error("{0}")]
    Protocol(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Which way a line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Sent,
    Received,
}

/// Sees every line that passes, without its newline.
pub type Tap = Box<dyn FnMut(Direction, &str) + Send>;

/// A spawned server and the two pipes to it. Dropping it kills the server.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
    events: VecDeque<Event>,
    questions: VecDeque<Question>,
    tap: Tap,
}

/// A request of the server's, as it came.
#[derive(Debug)]
struct Question {
    id: u64,
    method: String,
    params: Box<RawValue>,
}

#[derive(Serialize)]
struct Request<'a, P> {
    id: u64,
    method: &'a str,
    params: &'a P,
}

/// A line from the server: an answer when it has an id and no method, a request when it has both.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<u64>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
}

/// Why a request is refused, by the server or by us.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    pub code: i32,
    pub message: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reply<'a, R> {
    Result { id: u64, result: &'a R },
    Error { id: u64, error: &'a Refusal },
}

impl Client {
    /// Spawns the server with pipes for input and output; its stderr stays what the command says.
    pub fn spawn(mut command: Command, tap: Tap) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the server has no pipes"));
        };
        Ok(Self {
            child,
            input: Some(input),
            output: BufReader::new(output),
            next_id: 1,
            events: VecDeque::new(),
            questions: VecDeque::new(),
            tap,
        })
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks and waits for the answer; events that come before it wait for [`Client::event`].
    pub async fn request<M: Method>(&mut self, params: &M::Params) -> Result<M::Response, ClientError> {
        let id = self.send::<M>(params).await?;
        self.answer::<M>(id).await
    }

    /// Asks without waiting. The answer is taken with [`Client::answer`], in the order of the requests.
    pub async fn send<M: Method>(&mut self, params: &M::Params) -> Result<u64, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let line = serde_json::to_string(&Request { id, method: M::NAME, params }).map_err(|error| broken(&error))?;
        self.send_line(&line).await?;
        Ok(id)
    }

    pub async fn answer<M: Method>(&mut self, id: u64) -> Result<M::Response, ClientError> {
        loop {
            let text = self.line().await?.ok_or(ClientError::Closed)?;
            let line: Line<'_> = serde_json::from_str(&text).map_err(|error| broken(&error))?;
            match line {
                Line { method: Some(_), .. } => self.queue(&text)?,
                Line { id: Some(answered), .. } if answered != id => {
                    return Err(ClientError::Protocol(format!("answer {answered} while {id} was awaited")));
                }
                Line { id: None, .. } => {
                    return Err(ClientError::Protocol(format!("an answer to no request: {text}")));
                }
                Line { error: Some(Refusal { code, message }), .. } => {
                    return Err(ClientError::Refused { code, message });
                }
                Line { result: Some(result), .. } => {
                    return serde_json::from_str(result.get()).map_err(|error| broken(&error));
                }
                Line { .. } => return Err(ClientError::Protocol(format!("neither result nor error: {text}"))),
            }
        }
    }

    /// The next event, in the order sent; `None` when the server has closed its output.
    pub async fn event(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(text) = self.line().await? else { return Ok(None) };
            self.queue(&text)?;
        }
    }

    /// The server's next request, which must be this one: its id for [`Client::reply`], and its params. Events that come
    /// before it wait.
    pub async fn question<M: Method>(&mut self) -> Result<(u64, M::Params), ClientError> {
        loop {
            if let Some(Question { id, method, params }) = self.questions.pop_front() {
                if method != M::NAME {
                    return Err(ClientError::Protocol(format!("{method} was asked, not {}", M::NAME)));
                }
                return Ok((id, serde_json::from_str(params.get()).map_err(|error| broken(&error))?));
            }
            let text = self.line().await?.ok_or(ClientError::Closed)?;
            self.queue(&text)?;
        }
    }

    /// Answers a request of the server.
    pub async fn reply<M: Method>(
        &mut self,
        id: u64,
        answer: &Result<M::Response, Refusal>,
    ) -> Result<(), ClientError> {
        let reply = match answer {
            Ok(result) => Reply::Result { id, result },
            Err(error) => Reply::Error { id, error },
        };
        let line = serde_json::to_string(&reply).map_err(|error| broken(&error))?;
        self.send_line(&line).await
    }

    /// Sends one line as it is, for what has no type.
    pub async fn send_line(&mut self, line: &str) -> Result<(), ClientError> {
        (self.tap)(Direction::Sent, line);
        let input = self.input.as_mut().ok_or(ClientError::Closed)?;
        input.write_all(line.as_bytes()).await?;
        input.write_all(b"\n").await?;
        Ok(input.flush().await?)
    }

    /// The next line as it is; `None` at the end of the server's output.
    pub async fn line(&mut self) -> Result<Option<String>, ClientError> {
        let mut line = String::new();
        if self.output.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        line.truncate(line.trim_end_matches('\n').len());
        (self.tap)(Direction::Received, &line);
        Ok(Some(line))
    }

    /// Ends the server's input, so that it answers what is in flight and exits.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Ends the server's input and waits for its exit. Returns the events that nobody took; a request that nobody took is
    /// an error.
    pub async fn close(mut self) -> Result<(ExitStatus, Vec<Event>), ClientError> {
        self.close_input();
        while let Some(text) = self.line().await? {
            self.queue(&text)?;
        }
        let status = self.child.wait().await?;
        match self.questions.pop_front() {
            Some(Question { method, .. }) => Err(ClientError::Protocol(format!("{method} was asked and not answered"))),
            None => Ok((status, self.events.into())),
        }
    }

    /// Kills the server as the system would: no flush, no farewell.
    pub async fn kill(mut self) -> io::Result<ExitStatus> {
        self.child.start_kill()?;
        self.child.wait().await
    }

    fn queue(&mut self, text: &str) -> Result<(), ClientError> {
        let line: Line<'_> = serde_json::from_str(text).map_err(|error| broken(&error))?;
        if let (Some(id), Some(method), Some(params)) = (line.id, &line.method, line.params) {
            self.questions.push_back(Question { id, method: method.clone(), params: params.to_owned() });
            return Ok(());
        }
        let event = serde_json::from_str(text)
            .map_err(|error| ClientError::Protocol(format!("neither an answer nor a known event ({error}): {text}")))?;
        self.events.push_back(event);
        Ok(())
    }
}

fn broken(error: &serde_json::Error) -> ClientError {
    ClientError::Protocol(error.to_string())
}
