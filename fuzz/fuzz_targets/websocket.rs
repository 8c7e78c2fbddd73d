//! The WebSocket upgrade and its messages: only a program with the token is admitted, and a well-formed client's
//! messages arrive as they were sent.

#![no_main]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Shutdown};
use std::os::unix::net::UnixStream;

use arbitrary::Arbitrary;
use easel_fuzz::memory::with_limit;
use easel_rpc::{Admission, Limits, Line, Socket, Source as _, Token, accept_websocket};
use libfuzzer_sys::fuzz_target;

const TOKEN: &str = "0123456789abcdef";
const MAX_MESSAGE: usize = 500;
const GOOD_HEADERS: [(&str, &str); 6] = [
    ("Host", "127.0.0.1:4500"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Authorization", "Bearer 0123456789abcdef"),
];
const NAMES: [&str; 8] =
    ["host", "ORIGIN", "Origin", "authorization", "connection", "upgrade", "sec-websocket-version", "x"];
const VALUES: [&str; 10] = [
    "127.0.0.1",
    "localhost:1",
    "evil.example",
    "null",
    "Bearer 0123456789abcdef",
    "bearer 0123456789abcde",
    "Upgrade",
    "websocket",
    "[::1]:80",
    "",
];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_known: bool,
    /// Bytes of the request that were read before the handshake.
    read_ahead: u8,
    request: Request<'a>,
    frames: Frames<'a>,
}

#[derive(Arbitrary, Debug)]
enum Request<'a> {
    Raw(&'a [u8]),
    /// The good headers without the omitted ones, and others.
    Headers {
        omitted: u8,
        added: Vec<(u8, Value<'a>)>,
    },
}

#[derive(Arbitrary, Debug)]
enum Value<'a> {
    Known(u8),
    Other(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Frames<'a> {
    Raw(&'a [u8]),
    Messages(Vec<Message<'a>>),
}

#[derive(Arbitrary, Debug)]
struct Message<'a> {
    text: &'a str,
    is_binary: bool,
    fragment: u8,
    has_ping: bool,
    mask: [u8; 4],
}

fuzz_target!(|input: Input<'_>| {
    let head = input.request.to_bytes();
    let mut frames = Vec::new();
    match &input.frames {
        Frames::Raw(bytes) => frames.extend_from_slice(bytes),
        Frames::Messages(messages) => messages.iter().for_each(|message| message.write(&mut frames)),
    }
    let admission = if input.is_known { Admission::Known } else { Admission::Token(Token::new(TOKEN)) };
    let connection = Connection { head: &head, read_ahead: usize::from(input.read_ahead), frames: &frames };
    let memory = (2 << 20) + 64 * (head.len() + frames.len());
    let (received, answer) = with_limit(memory, || connection.serve(&admission, input.request.has_end()));
    assert_eq!(answer.starts_with(b"HTTP/1.1 101 "), received.is_some(), "{:?}", String::from_utf8_lossy(&answer));
    let Some(received) = received else {
        assert!(!is_good(&input.request), "{:?}", String::from_utf8_lossy(&answer));
        return;
    };
    check_admission(&head, input.is_known);
    assert!(received.iter().map(Vec::len).sum::<usize>() <= frames.len());
    if let (true, Frames::Messages(messages)) = (input.request.has_end(), &input.frames) {
        let short = messages.iter().take_while(|message| message.text.len() <= MAX_MESSAGE);
        let expected: Vec<&[u8]> =
            short.map(|message| message.text.as_bytes()).filter(|text| !is_blank(text)).collect();
        assert_eq!(received, expected);
    }
});

/// What a client sends.
struct Connection<'a> {
    head: &'a [u8],
    /// Bytes of the head that were read before the handshake.
    read_ahead: usize,
    /// Sent after the handshake.
    frames: &'a [u8],
}

impl Connection<'_> {
    /// Returns the messages, if the connection is accepted, and what the client received. `has_end` says whether the
    /// head has an end; if not, the client closes its end after it.
    fn serve(&self, admission: &Admission, has_end: bool) -> (Option<Vec<Vec<u8>>>, Vec<u8>) {
        let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
        let (ahead, rest) = self.head.split_at(self.head.len().min(self.read_ahead));
        client.write_all(rest).expect("room in the socket");
        if !has_end {
            client.shutdown(Shutdown::Write).expect("an open socket");
        }
        let limits = Limits { max_line_bytes: MAX_MESSAGE, outbox_bytes: 64 << 10, ..Limits::default() };
        let accepted = accept_websocket(Socket::new(server), ahead.to_vec(), admission, limits);
        let received = accepted.ok().flatten().map(|(mut messages, outbox)| {
            if has_end {
                client.write_all(self.frames).expect("room in the socket");
                client.shutdown(Shutdown::Write).expect("an open socket");
            }
            let mut received = Vec::new();
            // A source that does not end would be a finding, too.
            while let Ok(line) = messages.next_line() {
                match line {
                    Line::Data(message) => {
                        assert!(message.len() <= MAX_MESSAGE && !is_blank(message));
                        received.push(message.to_vec());
                    }
                    Line::Blank | Line::TooLong => {}
                    Line::End => break,
                }
            }
            drop((messages, outbox));
            received
        });
        let mut answer = Vec::new();
        // The server may close its end before it has read everything.
        let _ = client.read_to_end(&mut answer);
        (received, answer)
    }
}

/// Checks the head of an accepted request, with a parser of its own.
fn check_admission(bytes: &[u8], is_known: bool) {
    let headers: Vec<(String, Vec<u8>)> = head_lines(bytes).iter().skip(1).filter_map(|line| to_header(line)).collect();
    let all = |name: &str| {
        headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_slice()).collect::<Vec<_>>()
    };
    assert!(all("origin").is_empty());
    if is_known {
        return;
    }
    let [authorization] = all("authorization")[..] else { panic!("a token is required") };
    let (scheme, token) = authorization.split_at("bearer ".len().min(authorization.len()));
    assert!(scheme.eq_ignore_ascii_case(b"bearer ") && token.trim_ascii() == TOKEN.as_bytes());
    let [host] = all("host")[..] else { panic!("a host is required") };
    let host = std::str::from_utf8(host).expect("a text").to_ascii_lowercase();
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host.as_str(), |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |name: &str| name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    assert!(name == "localhost" || is_loopback(name) || is_loopback(host.trim_matches(['[', ']'])), "{host}");
}

fn head_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    // Empty lines before the request are ignored.
    lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect()
}

fn to_header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(line[..colon].trim_ascii()).ok()?;
    Some((name.to_ascii_lowercase(), line[colon + 1..].trim_ascii().to_vec()))
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

/// Whether all of the good headers and nothing else are sent.
fn is_good(request: &Request<'_>) -> bool {
    matches!(request, Request::Headers { omitted: 0, added } if added.is_empty())
}

impl Request<'_> {
    /// Whether the head ends with an empty line.
    fn has_end(&self) -> bool {
        matches!(self, Self::Headers { .. })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (omitted, added) = match self {
            Self::Raw(bytes) => return bytes.to_vec(),
            Self::Headers { omitted, added } => (omitted, added),
        };
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        let good = GOOD_HEADERS.iter().enumerate().filter(|(at, _)| omitted & (1 << at) == 0);
        let good = good.map(|(_, (name, value))| (*name, value.as_bytes()));
        let others = added.iter().map(|(name, value)| (NAMES[usize::from(*name) % NAMES.len()], value.as_bytes()));
        for (name, value) in good.chain(others) {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

impl Value<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Known(index) => VALUES[usize::from(*index) % VALUES.len()].as_bytes(),
            Self::Other(bytes) => bytes,
        }
    }
}

impl Message<'_> {
    /// Writes the masked frames of the message, with pings between them.
    fn write(&self, out: &mut Vec<u8>) {
        let text = self.text.as_bytes();
        let size = usize::from(self.fragment) + 1;
        let fragments: Vec<&[u8]> = if text.is_empty() { vec![text] } else { text.chunks(size).collect() };
        for (at, fragment) in fragments.iter().enumerate() {
            let opcode = match (at, self.is_binary) {
                (0, false) => 1,
                (0, true) => 2,
                _ => 0,
            };
            let is_last = at + 1 == fragments.len();
            self.write_frame(opcode | if is_last { 0x80 } else { 0 }, fragment, out);
            if self.has_ping {
                self.write_frame(0x89, b"ping", out);
            }
        }
    }

    fn write_frame(&self, head: u8, payload: &[u8], out: &mut Vec<u8>) {
        out.push(head);
        match payload.len() {
            length @ 0..126 => out.push(0x80 | length as u8),
            length => {
                out.push(0x80 | 126);
                out.extend(u16::try_from(length).expect("short").to_be_bytes());
            }
        }
        out.extend(self.mask);
        out.extend(payload.iter().zip(self.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
}
