//! A whole connection: any bytes get exactly one response for each request and each invalid line, and the session ends
//! only with its input.

#![no_main]

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use arbitrary::Arbitrary;
use easel_fuzz::chunks::ChunkReader;
use easel_fuzz::memory::with_limit;
use easel_rpc::fuzzing::{LineKind, classify_line};
use easel_rpc::{Call, Limits, LineReader, Outbox, Reply, Table, serve};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Only a session that would otherwise hang runs into it.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_LINE: usize = 600;
const METHODS: [&str; 8] =
    ["echo", "later", "wait", "number", "notify", "$/cancelRequest", "initialize", "unknown/method"];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sizes: [u8; 3],
    is_initialized: bool,
    pieces: Vec<Piece<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Bytes(&'a [u8]),
    Request { id: u8, method: u8, params: Params<'a> },
    Notification { method: u8, params: Params<'a> },
    Response { id: u8, text: &'a str },
    Long(u16),
}

#[derive(Arbitrary, Debug)]
enum Params<'a> {
    None,
    Empty,
    Id(u8),
    Number(i64),
    Text(&'a str),
    Long(u16),
}

#[derive(Clone)]
struct Context {
    outbox: Outbox,
    /// Cancelled at the end of the input.
    ended: CancellationToken,
}

#[derive(Clone, Serialize, Deserialize)]
struct Number {
    n: i64,
}

fuzz_target!(|input: Input<'_>| {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime")
    });
    let bytes = input.to_bytes();
    let expected = expected_responses(&bytes);
    let memory = (4 << 20) + 256 * bytes.len();
    let output = with_limit(memory, || RUNTIME.block_on(run(bytes, input.sizes.to_vec())));
    let mut found: HashMap<String, usize> = HashMap::new();
    for line in output.split_inclusive(|byte| *byte == b'\n') {
        let text = std::str::from_utf8(line).expect("UTF-8").strip_suffix('\n').expect("a whole line");
        if let Some(id) = response_id(text) {
            *found.entry(id).or_default() += 1;
        }
    }
    assert_eq!(found, expected);
});

/// Counts the responses that the lines must get, by id.
fn expected_responses(bytes: &[u8]) -> HashMap<String, usize> {
    let mut expected: HashMap<String, usize> = HashMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let id = if line.len() > MAX_LINE {
            "null".to_owned()
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            match classify_line(line) {
                LineKind::Request { id, .. } | LineKind::Invalid { id, .. } => id,
                LineKind::Notification { .. } | LineKind::Response { .. } => continue,
            }
        };
        *expected.entry(id).or_default() += 1;
    }
    expected
}

/// Checks a line of the server. Returns the id of a response.
fn response_id(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Message<'a> {
        jsonrpc: Option<&'a str>,
        #[serde(borrow, default, deserialize_with = "present")]
        id: Option<&'a RawValue>,
        method: Option<&'a str>,
        params: Option<Value>,
        #[serde(borrow, default, deserialize_with = "present")]
        result: Option<&'a RawValue>,
        error: Option<ErrorObject>,
        emitted_at_ms: Option<u64>,
    }
    #[derive(Deserialize)]
    struct ErrorObject {
        code: i32,
        message: String,
    }
    fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Some)
    }
    let message: Message<'_> = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(message.jsonrpc.is_none_or(|version| version == "2.0"));
    let Some(id) = message.id else {
        assert!(message.method == Some("notified") && message.params.is_some() && message.emitted_at_ms.is_some());
        return None;
    };
    assert!(message.method.is_none() && message.result.is_some() != message.error.is_some(), "{line}");
    assert!(message.error.is_none_or(|error| (-32800..=-32000).contains(&error.code) && !error.message.is_empty()));
    Some(id.get().to_owned())
}

/// Serves the input to its end, and returns the output.
async fn run(input: Vec<u8>, sizes: Vec<u8>) -> Vec<u8> {
    let limits = Limits {
        max_line_bytes: MAX_LINE,
        max_in_flight: 6,
        params_bytes: 2_000,
        outbox_bytes: 64 << 10,
        max_response_bytes: 400,
        stall_timeout: PATIENCE,
    };
    let output = Output::default();
    let outbox = Outbox::start(output.clone(), limits.outbox_bytes).expect("a thread");
    let context = Context { outbox: outbox.clone(), ended: CancellationToken::new() };
    let source = LineReader::new(ChunkReader::new(input, sizes), limits.max_line_bytes);
    let session = serve(Arc::new(table(limits)), context.clone(), source, outbox, limits).expect("a thread");
    tokio::time::timeout(PATIENCE, session.ended()).await.expect("the end of the input ends the session");
    context.ended.cancel();
    drop(context);
    assert!(session.drain(PATIENCE).await, "all handlers end");
    assert!(session.finish(PATIENCE).await, "all responses are written");
    std::mem::take(&mut *output.0.lock().expect("no panic"))
}

fn table(limits: Limits) -> Table<Context> {
    let table = Table::builder()
        .limits(limits)
        .method("initialize", async |_: Context, _: Call, params: Value| Ok(Reply::new(&params)))
        .method("echo", async |_: Context, _: Call, params: Value| Ok(Reply::new(&params)))
        .method("number", async |_: Context, _: Call, params: Number| Ok(Reply::new(&params)))
        .method("later", async |_: Context, _: Call, params: Value| {
            tokio::task::yield_now().await;
            Ok(Reply::new(&params))
        })
        .method("wait", async |context: Context, _: Call, params: Value| {
            context.ended.cancelled().await;
            Ok(Reply::new(&params))
        })
        .method("notify", async |context: Context, _: Call, params: Value| {
            let _ = context.outbox.notify("notified", &params).await;
            Ok(Reply::new(&params))
        });
    table.build().expect("different names")
}

/// A sink that keeps what is written.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Input<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.is_initialized {
            bytes.extend_from_slice(b"{\"id\":\"first\",\"method\":\"initialize\"}\n");
        }
        for piece in &self.pieces {
            bytes.extend_from_slice(&piece.to_bytes());
        }
        bytes
    }
}

impl Piece<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        let method = |index: &u8| METHODS[usize::from(*index) % METHODS.len()];
        match self {
            Self::Bytes(bytes) => return bytes.to_vec(),
            Self::Request { id, method: index, params } => {
                format!("{{\"id\":{},\"method\":\"{}\"{}}}\n", to_id(*id), method(index), params.to_member())
            }
            Self::Notification { method: index, params } => {
                format!("{{\"method\":\"{}\"{}}}\n", method(index), params.to_member())
            }
            Self::Response { id, text } => format!("{{\"id\":{},\"result\":{}}}\n", to_id(*id), Value::from(*text)),
            Self::Long(length) => "x".repeat(usize::from(*length % 2_048)) + "\n",
        }
        .into_bytes()
    }
}

impl Params<'_> {
    fn to_member(&self) -> String {
        let params = match self {
            Self::None => return String::new(),
            Self::Empty => "{}".to_owned(),
            Self::Id(id) => format!("{{\"id\":{}}}", to_id(*id)),
            Self::Number(n) => format!("{{\"n\":{n}}}"),
            Self::Text(text) => format!("{{\"text\":{}}}", Value::from(*text)),
            Self::Long(length) => format!("{{\"text\":\"{}\"}}", "y".repeat(usize::from(*length % 1_024))),
        };
        format!(",\"params\":{params}")
    }
}

/// Few different ids, so that some are in flight twice.
fn to_id(id: u8) -> String {
    if id.is_multiple_of(2) { (id % 8).to_string() } else { format!("\"id {}\"", id % 8) }
}
