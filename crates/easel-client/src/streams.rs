//! The tasks that read and write the lines of a [`Connection`].

use std::sync::{Arc, Weak};

use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

use crate::connection::{Connection, Inner, MAX_IN_FLIGHT, MAX_LINES, Tasks, Waiting, cancellation_line};
use crate::error::{ClientError, protocol_error};
use crate::incoming::{MAX_MESSAGES, Message, Messages, ServerRequest};
use crate::message::{Line, parse_event};

/// Longest line whose memory is kept for the next one, in bytes.
const MAX_KEPT_LINE: usize = 64 * 1024;

/// Connects to a server that reads `input` and writes `output`. Requests that are longer than `max_line_bytes` fail.
/// Must be called within a tokio runtime.
pub fn connect(
    input: impl AsyncWrite + Send + Unpin + 'static,
    output: impl AsyncRead + Send + Unpin + 'static,
    max_line_bytes: usize,
) -> (Connection, Messages) {
    let (lines, lines_to_write) = mpsc::channel(MAX_LINES);
    let (cancellations, requests_to_cancel) = mpsc::channel(MAX_IN_FLIGHT);
    let (sender, receiver) = mpsc::channel(MAX_MESSAGES);
    let inner = Arc::new_cyclic(|inner: &Weak<Inner>| {
        let (inner, waiting) = (inner.clone(), Waiting::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(write_lines(input, lines_to_write, requests_to_cancel));
        tasks.spawn({
            let waiting = waiting.clone();
            async move {
                let result = read_lines(output, &inner, &waiting, &sender).await;
                waiting.close();
                if let Err(error) = result {
                    // Nobody may read messages anymore.
                    let _ = sender.send(Err(error)).await;
                }
            }
        });
        Inner::new(waiting, lines, cancellations, max_line_bytes, Arc::new(Tasks(tasks)))
    });
    let messages = Messages { receiver, _tasks: Arc::clone(&inner.tasks) };
    (Connection(inner), messages)
}

/// Writes lines until there can be no more. A request is written before its cancellation.
async fn write_lines(
    mut input: impl AsyncWrite + Send + Unpin,
    mut lines: mpsc::Receiver<String>,
    mut cancellations: mpsc::Receiver<(u64, OwnedSemaphorePermit)>,
) {
    loop {
        // The permit of a cancelled request is free once its cancellation is written.
        let (mut line, _permit) = tokio::select! {
            biased;
            line = lines.recv() => match line {
                Some(line) => (line, None),
                None => return,
            },
            Some((id, permit)) = cancellations.recv() => match cancellation_line(id) {
                Some(line) => (line, Some(permit)),
                None => continue,
            },
        };
        line.push('\n');
        // A server that has closed its input also closes its output, which ends the connection.
        if input.write_all(line.as_bytes()).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

async fn read_lines(
    output: impl AsyncRead + Send + Unpin,
    connection: &Weak<Inner>,
    waiting: &Waiting,
    messages: &mpsc::Sender<Result<Message, ClientError>>,
) -> Result<(), ClientError> {
    let mut output = BufReader::new(output);
    let mut text = String::new();
    loop {
        text.clear();
        text.shrink_to(MAX_KEPT_LINE);
        if output.read_line(&mut text).await? == 0 {
            return Ok(());
        }
        if let Some(message) = read_message(&text, connection, waiting)? {
            // Without a reader of messages only responses matter.
            let _ = messages.send(Ok(message)).await;
        }
    }
}

/// Parses a line. A response is passed to its request, which may have been dropped.
fn read_message(text: &str, connection: &Weak<Inner>, waiting: &Waiting) -> Result<Option<Message>, ClientError> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| protocol_error(&error))?;
    match line {
        Line { id: Some(id), method: Some(method), params, .. } => {
            let params = params.unwrap_or(RawValue::NULL).to_owned();
            let request = connection.upgrade().map(|inner| ServerRequest::new(Connection(inner), id, method, params));
            Ok(request.map(Message::Request))
        }
        Line { id: None, method: Some(method), params, .. } => {
            Ok(parse_event(&method, params)?.map(Box::new).map(Message::Event))
        }
        Line { id: Some(id), result, error, .. } => {
            let outcome = match (result, error) {
                (_, Some(error)) => Err(error),
                (Some(result), None) => Ok(result.to_owned()),
                (None, None) => return Err(ClientError::Protocol("a response without result and error".to_owned())),
            };
            if let Some(responder) = waiting.remove(id) {
                // The request may have been dropped in this moment.
                let _ = responder.send(outcome);
            }
            Ok(None)
        }
        Line { id: None, .. } => Err(ClientError::Protocol("a response without a request".to_owned())),
    }
}
