//! A connection whose messages another library dispatches, such as the implementation of a protocol over JSON-RPC.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::error;
use crate::inbound::envelope::{self, Incoming, NULL_ID};
use crate::inbound::source::{Line, Source};
use crate::limits::Limits;
use crate::outbound::budget::Bounds;
use crate::outbound::message::{self, JsonRpcTag};
use crate::outbound::outbox::{Closed, Outbox, Wake};

/// Messages that wait to be received. The reader waits when there are more.
const MAX_WAITING: usize = 1;

/// The messages of a client, each as one JSON object with `jsonrpc`. Not a JSON-RPC message, too long, or a request
/// whose id is in flight: the client has got an error for it, and it is not here.
#[derive(Debug)]
pub struct Relayed(mpsc::Receiver<String>);

impl Relayed {
    /// Waits for the next message; `None` when the client sends nothing more. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<String> {
        self.0.recv().await
    }
}

/// Sends to the client of a relayed connection. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    outbox: Outbox,
    in_flight: Arc<Mutex<HashSet<String>>>,
}

/// The members of a message that was accepted. Written in place of the client's text, so that a library that insists on
/// `jsonrpc` reads messages without it too.
#[derive(Serialize)]
struct Message<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RawValue>,
}

/// Reads a connection on a new reader thread and returns immediately. Must be called within a tokio runtime.
///
/// A request stays in flight until [`Relay::respond`] or [`Relay::forget`], and at most
/// [`Limits::max_in_flight`] are.
///
/// # Errors
/// If there is no runtime, or the thread cannot be started.
pub fn relay(mut source: impl Source, outbox: Outbox, limits: Limits) -> io::Result<(Relayed, Relay)> {
    let runtime = Handle::try_current().map_err(io::Error::other)?;
    let bounds = Bounds::default();
    source.set_gate(outbox.new_gate(&bounds, runtime));
    outbox.set_tag(JsonRpcTag::Present);
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    let relay = Relay { outbox, in_flight: Arc::default() };
    let reader = Reader { relay: relay.clone(), limits, sender };
    std::thread::Builder::new().name("easel-reader".to_owned()).spawn(move || {
        // The budget of long lines ends with the reader.
        let _bounds = bounds;
        reader.read_lines(source);
    })?;
    Ok((Relayed(receiver), relay))
}

struct Reader {
    relay: Relay,
    limits: Limits,
    sender: mpsc::Sender<String>,
}

impl Reader {
    fn read_lines(&self, mut source: impl Source) {
        loop {
            let line = match source.next_line() {
                Ok(Line::Data(line)) => self.read(line),
                Ok(Line::Blank) => Ok(None),
                Ok(Line::TooLong) => {
                    let reason = format!("Invalid request: line longer than {} bytes", self.limits.max_line_bytes);
                    Err((NULL_ID.to_owned(), error::invalid_request(&reason)))
                }
                Ok(Line::End) => return,
                Err(error) => return tracing::warn!(%error, "reading from the client failed"),
            };
            match line {
                Ok(Some(message)) => {
                    if self.sender.blocking_send(message).is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err((id, error)) => {
                    let _ = self.relay.outbox.push(message::error(JsonRpcTag::Present, &id, &error), None, Wake::Now);
                }
            }
            let stall_timeout = self.limits.stall_timeout;
            let outbox = &self.relay.outbox;
            if outbox.is_closed() || !outbox.block_for_room(|waited| waited < stall_timeout || !source.is_hung_up()) {
                return;
            }
        }
    }

    /// Returns the message of a line; `None` if it has no effect.
    ///
    /// # Errors
    /// The id and the error to respond with.
    fn read(&self, line: &[u8]) -> Result<Option<String>, (String, ErrorObjectOwned)> {
        let message = |id: Option<&RawValue>, method, params, outcome: Option<Result<_, _>>| {
            let (result, error) = match outcome {
                Some(Ok(result)) => (Some(result), None),
                Some(Err(error)) => (None, Some(error)),
                None => (None, None),
            };
            // Every part is JSON already.
            serde_json::to_string(&Message { jsonrpc: "2.0", id, method, params, result, error }).ok()
        };
        match envelope::parse(line) {
            Incoming::Request(request) => {
                let id = canonical_id(request.id).map_err(|error| (NULL_ID.to_owned(), error))?;
                self.relay.begin(&id, self.limits.max_in_flight).map_err(|error| (request.id.to_owned(), error))?;
                let id = RawValue::from_string(id).ok();
                Ok(message(id.as_deref(), Some(&*request.method), request.params, None))
            }
            Incoming::Notification { method, params } => Ok(message(None, Some(&*method), params, None)),
            Incoming::Response { id, outcome } => {
                // The server sends only ids that can be read, so this responds to none of its requests, and the library
                // ignores it.
                let id = canonical_id(id).unwrap_or_else(|_| NULL_ID.to_owned());
                let id = RawValue::from_string(id).ok();
                Ok(message(id.as_deref(), None, None, Some(outcome)))
            }
            Incoming::Invalid { id, error } => Err((id.to_owned(), error)),
        }
    }
}

/// Returns an id in the one spelling that a serializer gives it. A library answers with that.
///
/// # Errors
/// If it is a string with half a surrogate pair, which no library can decode.
fn canonical_id(id: &str) -> Result<String, ErrorObjectOwned> {
    // As a `Value`, -0 would become a fraction.
    if let Ok(number) = id.parse::<i64>() {
        return Ok(number.to_string());
    }
    serde_json::from_str::<serde_json::Value>(id)
        .map(|id| id.to_string())
        .map_err(|_| error::invalid_request("Invalid request: the id has half a surrogate pair"))
}

impl Relay {
    /// Adds a request.
    fn begin(&self, id: &str, max: usize) -> Result<(), ErrorObjectOwned> {
        let mut in_flight = self.in_flight.lock();
        if in_flight.contains(id) {
            return Err(error::invalid_request("Invalid request: a request with this id is in flight"));
        }
        if in_flight.len() >= max {
            return Err(error::overloaded());
        }
        in_flight.insert(id.to_owned());
        Ok(())
    }

    /// Queues the response to the request with this id, as JSON, and waits for room. Returns false if the request is
    /// not in flight: then nothing is sent.
    ///
    /// # Errors
    /// [`Closed`] if nothing was queued.
    pub fn respond<M: Serialize>(
        &self,
        id: &str,
        response: &M,
    ) -> impl Future<Output = Result<bool, Closed>> + Send + use<M> {
        let queued = match self.forget(id) {
            true => self.push(response).map(|()| true),
            false => Ok(false),
        };
        let relay = self.clone();
        async move {
            let queued = queued?;
            relay.outbox.wait_for_room().await;
            Ok(queued)
        }
    }

    /// Queues a notification or a request of the server, and waits for room.
    ///
    /// # Errors
    /// [`Closed`] if nothing was queued.
    pub fn send<M: Serialize>(&self, message: &M) -> impl Future<Output = Result<(), Closed>> + Send + use<M> {
        let queued = self.push(message);
        let relay = self.clone();
        async move {
            queued?;
            relay.outbox.wait_for_room().await;
            Ok(())
        }
    }

    /// Waits until the queue has room, for a message that is large to build.
    pub async fn wait_for_room(&self) {
        self.outbox.wait_for_room().await;
    }

    /// Ends a request without a response, as the client has cancelled it. Returns whether it was in flight.
    pub fn forget(&self, id: &str) -> bool {
        self.in_flight.lock().remove(id)
    }

    /// Returns whether a request is in flight.
    pub fn is_in_flight(&self, id: &str) -> bool {
        self.in_flight.lock().contains(id)
    }

    /// Writes the queued messages and closes the output, as [`crate::Session::finish`].
    pub async fn finish(&self, limit: std::time::Duration) -> bool {
        self.outbox.finish(limit).await
    }

    /// Waits until the client no longer reads.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.outbox.closed()
    }

    fn push(&self, message: &impl Serialize) -> Result<(), Closed> {
        match serde_json::to_vec(message) {
            Ok(mut line) => {
                line.push(b'\n');
                self.outbox.push(line, None, Wake::Now)
            }
            Err(error) => {
                tracing::error!(%error, "a message cannot be serialized");
                Err(Closed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::inbound::line::LineReader;

    /// A pipe of the operating system's, and a relay that reads `input`.
    async fn relay_of(input: &[u8]) -> (Vec<Value>, Relay, io::PipeReader) {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(input).unwrap();
        drop(writer);
        let (output, sink) = io::pipe().unwrap();
        let outbox = Outbox::start(sink, 1 << 20).unwrap();
        let limits = Limits { max_line_bytes: 1_000, max_in_flight: 2, ..Limits::default() };
        let (mut relayed, relay) = relay(LineReader::new(reader, 1_000), outbox, limits).unwrap();
        let mut messages = Vec::new();
        while let Some(message) = relayed.next().await {
            messages.push(serde_json::from_str(&message).unwrap());
        }
        (messages, relay, output)
    }

    async fn sent(relay: Relay, mut output: io::PipeReader) -> Vec<Value> {
        assert!(relay.finish(Duration::from_secs(10)).await);
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn messages_get_the_member_that_libraries_insist_on() {
        let input = b"{\"id\":1,\"method\":\"a\",\"params\":{\"x\":1}}\n{\"method\":\"b\"}\n{\"id\":0,\"result\":{}}\n";
        let (messages, ..) = relay_of(input).await;
        let expected = [
            json!({"jsonrpc": "2.0", "id": 1, "method": "a", "params": {"x": 1}}),
            json!({"jsonrpc": "2.0", "method": "b"}),
            json!({"jsonrpc": "2.0", "id": 0, "result": {}}),
        ];
        assert_eq!(messages, expected);
    }

    #[tokio::test]
    async fn wrong_lines_are_refused_here() {
        let long = format!("{{\"id\":9,\"method\":\"{}\"}}\n", "x".repeat(2_000));
        let input = format!("nonsense\n[]\n{long}{{\"id\":1,\"method\":\"a\"}}\n");
        let (messages, relay, output) = relay_of(input.as_bytes()).await;
        assert_eq!(messages.len(), 1);
        let codes: Vec<_> = sent(relay, output).await.iter().map(|error| error["error"]["code"].clone()).collect();
        assert_eq!(codes, [-32_700, -32_600, -32_600]);
    }

    #[tokio::test]
    async fn request_with_an_id_in_flight_is_refused() {
        let ids = [r#""a""#, r#""\u0061""#, "-0", "0", "3", r#""\ud800""#];
        let input: String = ids.iter().map(|id| format!("{{\"id\":{id},\"method\":\"m\"}}\n")).collect();
        let (messages, relay, output) = relay_of(input.as_bytes()).await;
        assert_eq!(messages.iter().map(|message| &message["id"]).collect::<Vec<_>>(), [&json!("a"), &json!(0)]);
        assert!(relay.respond("\"a\"", &json!({"id": "a", "result": {}})).await.unwrap());
        assert!(!relay.respond("\"a\"", &json!({"id": "a", "result": {}})).await.unwrap());
        assert!(relay.respond("0", &json!({"id": 0, "result": {}})).await.unwrap());
        let lines = sent(relay, output).await;
        let errors: Vec<_> = lines.iter().map(|line| (line["id"].clone(), line["error"]["code"].clone())).collect();
        let expected = [
            (json!("a"), json!(-32_600)),
            (json!(0), json!(-32_600)),
            (json!(3), json!(-32_001)),
            (Value::Null, json!(-32_600)),
            (json!("a"), Value::Null),
            (json!(0), Value::Null),
        ];
        assert_eq!(errors, expected);
    }
}
