//! The HTTP request that opens a connection: a WebSocket upgrade, a health check, or a mistake.

use std::io::{self, Read, Write};

use tungstenite::handshake::machine::{HandshakeMachine, RoundResult, StageResult, TryParse};
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, ORIGIN, UPGRADE};
use tungstenite::http::{Method, Response, StatusCode};
use tungstenite::{Error, error::ProtocolError};

use super::upgrade::{Admission, check};

/// The paths of the Codex app-server that tell whether the server runs.
const HEALTH_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// What is said to a client that does not ask for a WebSocket.
const UPGRADE_REQUIRED: &str = "This port speaks JSON-RPC over WebSocket. Connect to it with a WebSocket client and the \
                                header `Authorization: Bearer TOKEN`. GET /healthz needs neither.";

/// Reads the request and writes the response. Returns the stream if it is a WebSocket now, and `None` if the request
/// did not ask for one.
///
/// # Errors
/// If the request is rejected, which the response reports to the client, or the connection fails.
pub(super) fn accept<S: Read + Write>(mut stream: S, admission: &Admission) -> io::Result<Option<S>> {
    let (request, tail) = match read_request(&mut stream) {
        Ok(read) => read,
        Err(Error::Protocol(ProtocolError::WrongHttpMethod | ProtocolError::WrongHttpVersion)) => {
            write(&mut stream, &Method::GET, StatusCode::UPGRADE_REQUIRED, UPGRADE_REQUIRED)?;
            return Ok(None);
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    if let Some((status, text)) = plain_response(&request) {
        write(&mut stream, request.method(), status, text)?;
        return Ok(None);
    }
    if let Err((status, reason)) = check(&request, admission) {
        write(&mut stream, request.method(), status, reason)?;
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    let response = match create_response(&request) {
        // A client knows the connection's end of the handshake from the response, so it must wait for it.
        Ok(response) if tail.is_empty() => response,
        Ok(_) => return Err(io::Error::other(Error::Protocol(ProtocolError::JunkAfterRequest))),
        Err(error) => {
            write(&mut stream, request.method(), StatusCode::BAD_REQUEST, &error.to_string())?;
            return Err(io::Error::other(error));
        }
    };
    let mut bytes = Vec::new();
    write_response(&mut bytes, &response).map_err(io::Error::other)?;
    stream.write_all(&bytes)?;
    Ok(Some(stream))
}

/// A request of the methods GET and HEAD.
struct GetOrHead(Request);

/// The library reads GET requests only, so a HEAD request is read as one.
impl TryParse for GetOrHead {
    fn try_parse(data: &[u8]) -> tungstenite::Result<Option<(usize, Self)>> {
        let Some(rest) = data.strip_prefix(b"HEAD ") else {
            return Ok(Request::try_parse(data)?.map(|(len, request)| (len, Self(request))));
        };
        let get = [b"GET ", rest].concat();
        Ok(Request::try_parse(&get)?.map(|(len, mut request)| {
            *request.method_mut() = Method::HEAD;
            (len + data.len() - get.len(), Self(request))
        }))
    }
}

/// Reads the head of the request, whose size the library limits. Returns what follows it, too.
fn read_request(stream: &mut (impl Read + Write)) -> tungstenite::Result<(Request, Vec<u8>)> {
    let mut machine = HandshakeMachine::start_read(stream);
    loop {
        match machine.single_round::<GetOrHead>()? {
            RoundResult::Incomplete(next) => machine = next,
            RoundResult::StageFinished(StageResult::DoneReading { result: GetOrHead(request), tail, .. }) => {
                return Ok((request, tail));
            }
            RoundResult::WouldBlock(_) | RoundResult::StageFinished(StageResult::DoneWriting(_)) => {
                return Err(Error::Io(io::ErrorKind::TimedOut.into()));
            }
        }
    }
}

/// The response to a request that does not ask for a WebSocket. `None` if it does. Web pages get none but a refusal.
fn plain_response(request: &Request) -> Option<(StatusCode, &'static str)> {
    let asks_for_upgrade = request.method() == Method::GET && request.headers().contains_key(UPGRADE);
    if asks_for_upgrade || request.headers().contains_key(ORIGIN) {
        return None;
    }
    let is_health_check = HEALTH_PATHS.contains(&request.uri().path());
    Some(if is_health_check { (StatusCode::OK, "") } else { (StatusCode::UPGRADE_REQUIRED, UPGRADE_REQUIRED) })
}

/// Writes a response of one line of text, after which the connection is closed. The response to HEAD has the headers of
/// that to GET, and no text.
fn write(stream: &mut impl Write, method: &Method, status: StatusCode, text: &str) -> io::Result<()> {
    let body = if text.is_empty() { String::new() } else { format!("{text}\n") };
    let mut response = Response::new(());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(CONNECTION, HeaderValue::from_static("close, upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, body.len().into());
    let mut bytes = Vec::new();
    write_response(&mut bytes, &response).map_err(io::Error::other)?;
    if method != Method::HEAD {
        bytes.extend_from_slice(body.as_bytes());
    }
    stream.write_all(&bytes)
}
