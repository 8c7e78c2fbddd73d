//! A client that spawns its server. It waits for one response at a time, and keeps what arrives before it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use easel_protocol::event::Event;
use easel_protocol::method::Method;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::error::{ClientError, protocol_error};
use crate::message::{Line, QueuedRequest, Reply, Request, RpcError, parse_event};
use crate::tap::{Direction, Tap};

/// How long a server that has closed a pipe may take to exit.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A spawned server and the pipes to it. Dropping the client kills the server.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
    /// The requests whose response has not arrived.
    in_flight: HashSet<u64>,
    /// Responses that arrived before they were received, as lines.
    responses: HashMap<u64, String>,
    events: VecDeque<Event>,
    server_requests: VecDeque<QueuedRequest>,
    tap: Tap,
}

impl Client {
    /// Spawns the server with pipes for input and output. Its standard error stays as `command` sets it.
    ///
    /// # Errors
    /// If the server cannot be spawned.
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
            in_flight: HashSet::new(),
            responses: HashMap::new(),
            events: VecDeque::new(),
            server_requests: VecDeque::new(),
            tap,
        })
    }

    /// Returns the process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a request and waits for its result. Events that arrive before it wait for [`Client::next_event`].
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request<M: Method>(&mut self, params: &M::Params) -> Result<M::Response, ClientError> {
        let id = self.send::<M>(params).await?;
        self.receive::<M>(id).await
    }

    /// Sends a request without waiting, and returns its id for [`Client::receive`].
    ///
    /// # Errors
    /// If the request cannot be written.
    pub async fn send<M: Method>(&mut self, params: &M::Params) -> Result<u64, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let params = M::params_to_json(params).map_err(|error| protocol_error(&error))?;
        let request = Request { id, method: M::NAME, params: &params };
        let line = serde_json::to_string(&request).map_err(|error| protocol_error(&error))?;
        self.in_flight.insert(id);
        self.send_line(&line).await?;
        Ok(id)
    }

    /// Waits for the result of a request that [`Client::send`] sent.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receive<M: Method>(&mut self, id: u64) -> Result<M::Response, ClientError> {
        loop {
            let text = match self.responses.remove(&id) {
                Some(text) => text,
                None => self.read_line().await?.ok_or(ClientError::Closed)?,
            };
            let line: Line<'_> = serde_json::from_str(&text).map_err(|error| protocol_error(&error))?;
            if line.method.is_some() || line.id != Some(id) {
                self.queue(&text)?;
                continue;
            }
            self.in_flight.remove(&id);
            return match line {
                Line { error: Some(RpcError { code, message }), .. } => Err(ClientError::Refused { code, message }),
                Line { result: Some(result), .. } => {
                    M::response_from_json(result.get()).map_err(|error| protocol_error(&error))
                }
                Line { .. } => Err(ClientError::Protocol(format!("a response without result and error: {text}"))),
            };
        }
    }

    /// Waits for the next event, in the order sent. `None` if the server has closed its output.
    ///
    /// # Errors
    /// If the connection fails or a line is not an event.
    pub async fn next_event(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(text) = self.read_line().await? else { return Ok(None) };
            self.queue(&text)?;
        }
    }

    /// Waits for the server's next request, which must be `M`. Returns its id for [`Client::reply`], and its params.
    /// Events that arrive before it wait for [`Client::next_event`].
    ///
    /// # Errors
    /// If the next request is another one, or the connection fails.
    pub async fn server_request<M: Method>(&mut self) -> Result<(u64, M::Params), ClientError> {
        loop {
            if let Some(QueuedRequest { id, method, params }) = self.server_requests.pop_front() {
                if method != M::NAME {
                    return Err(ClientError::Protocol(format!("the server requested {method} instead of {}", M::NAME)));
                }
                return Ok((id, M::params_from_json(params.get()).map_err(|error| protocol_error(&error))?));
            }
            let text = self.read_line().await?.ok_or(ClientError::Closed)?;
            self.queue(&text)?;
        }
    }

    /// Responds to a request of the server.
    ///
    /// # Errors
    /// If the response cannot be written.
    pub async fn reply<M: Method>(
        &mut self,
        id: u64,
        result: &Result<M::Response, RpcError>,
    ) -> Result<(), ClientError> {
        let line = serde_json::to_string(&Reply::new::<M>(id, result)?).map_err(|error| protocol_error(&error))?;
        self.send_line(&line).await
    }

    /// Sends a line as it is, for messages without a type.
    ///
    /// # Errors
    /// If the input is closed or cannot be written.
    pub async fn send_line(&mut self, line: &str) -> Result<(), ClientError> {
        (self.tap)(Direction::Sent, line);
        let input = self.input.as_mut().ok_or(ClientError::Closed)?;
        let write = async {
            input.write_all(line.as_bytes()).await?;
            input.write_all(b"\n").await?;
            input.flush().await
        };
        match write.await {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.wait_for_exit().await;
                Err(ClientError::Closed)
            }
            written => Ok(written?),
        }
    }

    /// Reads the next line as it is. `None` at the end of the server's output.
    ///
    /// # Errors
    /// If the output cannot be read.
    pub async fn read_line(&mut self) -> Result<Option<String>, ClientError> {
        let mut line = String::new();
        if self.output.read_line(&mut line).await? == 0 {
            self.wait_for_exit().await;
            return Ok(None);
        }
        line.truncate(line.trim_end_matches('\n').len());
        (self.tap)(Direction::Received, &line);
        Ok(Some(line))
    }

    /// Closes the server's input. The server then completes the requests in flight and exits.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Closes the server's input and waits for its exit. Returns the events that were not read.
    ///
    /// # Errors
    /// If a request of the server has no response, or the connection fails.
    pub async fn close(mut self) -> Result<(ExitStatus, Vec<Event>), ClientError> {
        self.close_input();
        while let Some(text) = self.read_line().await? {
            self.queue(&text)?;
        }
        let status = self.child.wait().await?;
        match self.server_requests.pop_front() {
            Some(QueuedRequest { method, .. }) => {
                Err(ClientError::Protocol(format!("the request {method} of the server has no response")))
            }
            None => Ok((status, self.events.into())),
        }
    }

    /// Kills the server without a shutdown.
    ///
    /// # Errors
    /// If the server cannot be killed or waited for.
    pub async fn kill(mut self) -> io::Result<ExitStatus> {
        self.child.start_kill()?;
        self.child.wait().await
    }

    /// Waits a little for the exit of a server that has closed a pipe: dropping the client kills it, and it may still
    /// have to say on its standard error why it exits.
    async fn wait_for_exit(&mut self) {
        let _ = tokio::time::timeout(EXIT_TIMEOUT, self.child.wait()).await;
    }

    fn queue(&mut self, text: &str) -> Result<(), ClientError> {
        let line: Line<'_> = serde_json::from_str(text).map_err(|error| protocol_error(&error))?;
        match line {
            Line { id: Some(id), method: Some(method), params, .. } => {
                let params = params.unwrap_or(RawValue::NULL).to_owned();
                self.server_requests.push_back(QueuedRequest { id, method, params });
            }
            Line { id: None, method: Some(method), params, .. } => self.events.extend(parse_event(&method, params)?),
            Line { id: Some(id), method: None, .. } if self.in_flight.remove(&id) => {
                self.responses.insert(id, text.to_owned());
            }
            Line { method: None, .. } => {
                return Err(ClientError::Protocol(format!("a response without a request: {text}")));
            }
        }
        Ok(())
    }
}
