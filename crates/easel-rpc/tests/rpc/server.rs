//! The methods that the tests call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{Call, ErrorObjectOwned, Limits, Outbox, PeerError, Reply, Table, invalid_request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// The context of one connection.
#[derive(Clone)]
pub(crate) struct Cx {
    pub(crate) outbox: Outbox,
    pub(crate) tasks: TaskTracker,
    /// Closed until `test/open`.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) log: Arc<std::sync::Mutex<Vec<i64>>>,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Clone, Deserialize, Serialize)]
struct Number {
    n: i64,
}

#[derive(Deserialize)]
struct Size {
    bytes: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    deadline_ms: u64,
    #[serde(default)]
    with_invalid_params: bool,
}

/// The params of a request to the client.
#[derive(Serialize)]
#[serde(untagged)]
enum ClientParams {
    Valid {
        why: u32,
    },
    /// JSON has no keys of this type.
    Invalid(HashMap<(), u32>),
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
}

type Answered = Result<Reply, ErrorObjectOwned>;

/// Notifies the client when a handler's future is dropped.
struct NotifyOnDrop(Outbox);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        drop(self.0.notify("handler/dropped", &json!({})));
    }
}

pub(crate) fn table(limits: Limits) -> Table<Cx> {
    Table::builder()
        .limits(limits)
        .method("initialize", initialize)
        .method("test/echo", async |_: Cx, _: Call, p: Value| Ok(Reply::new(&p)))
        .method("test/number", async |_: Cx, _: Call, p: Number| Ok(Reply::new(&p)))
        .method("test/later", later)
        .method("test/log", log)
        .method("test/readLog", async |cx: Cx, _: Call, _: Nothing| Ok(Reply::new(&*cx.log.lock().unwrap())))
        .method("test/gate", gate)
        .method("test/open", open)
        .method("test/hang", hang)
        .method("test/hangWithToken", hang_with_token)
        .method("test/panicNow", panic_now)
        .method("test/panicLater", panic_later)
        .method("test/start", start)
        .method("test/startThenHang", start_then_hang)
        .method("test/big", async |_: Cx, _: Call, p: Size| Ok(Reply::new(&"x".repeat(p.bytes))))
        .method("test/bigLog", big_log)
        .method("test/reserved", reserved)
        .method("test/ask", ask)
        .method("test/notify", notify)
        .cooperative("test/cooperative")
        .method("test/cooperative", async |_: Cx, call: Call, _: Nothing| {
            call.cancellation().cancelled().await;
            Ok(Reply::new("cancelled"))
        })
        .notification("test/note", |cx: Cx, note: Number| drop(cx.outbox.notify("test/noted", &note)))
        .notification("test/panicNote", |_: Cx, _: Nothing| panic!("a notification"))
        .build()
        .unwrap()
}

async fn initialize(_: Cx, _: Call, p: Value) -> Answered {
    // Pending once, so that requests right behind it show whether they are served.
    tokio::task::yield_now().await;
    assert_ne!(p["panic"], true);
    if p["fail"] == true { Err(invalid_request("No")) } else { Ok(Reply::new(&json!({ "codexHome": "/" }))) }
}

async fn notify(cx: Cx, _: Call, p: Number) -> Answered {
    cx.outbox.notify("notified", &p).await.unwrap();
    Ok(Reply::new(&p))
}

async fn later(_: Cx, _: Call, p: Number) -> Answered {
    tokio::task::yield_now().await;
    Ok(Reply::new(&p))
}

async fn log(cx: Cx, _: Call, p: Number) -> Answered {
    cx.log.lock().unwrap().push(p.n);
    tokio::task::yield_now().await;
    Ok(Reply::new(&p))
}

async fn gate(cx: Cx, _: Call, p: Value) -> Answered {
    drop(cx.gate.acquire().await);
    Ok(Reply::new(&p))
}

async fn open(cx: Cx, _: Call, _: Nothing) -> Answered {
    cx.gate.add_permits(1);
    Ok(Reply::new(&json!({})))
}

async fn hang(cx: Cx, _: Call, _: Nothing) -> Answered {
    let _notify = NotifyOnDrop(cx.outbox.clone());
    std::future::pending().await
}

async fn hang_with_token(cx: Cx, call: Call, _: Nothing) -> Answered {
    let token = call.cancellation();
    let outbox = cx.outbox.clone();
    cx.tasks.spawn(async move {
        token.cancelled().await;
        outbox.notify("worker/cancelled", &json!({})).await
    });
    std::future::pending().await
}

/// Builds a long response after reserving its bytes, and logs that it did.
async fn reserved(cx: Cx, call: Call, p: Size) -> Answered {
    call.hold(cx.outbox.reserve(p.bytes).await);
    cx.log.lock().unwrap().push(0);
    Ok(Reply::new(&"x".repeat(p.bytes)))
}

async fn panic_now(_: Cx, _: Call, _: Nothing) -> Answered {
    panic!("before the first await")
}

async fn panic_later(_: Cx, _: Call, _: Nothing) -> Answered {
    tokio::task::yield_now().await;
    panic!("after an await")
}

fn follow(cx: &Cx, value: &Value) -> Reply {
    let (reply, queued) = Reply::new(value).with_follow_up();
    let outbox = cx.outbox.clone();
    cx.tasks.spawn(async move {
        let queued = queued.await;
        outbox.notify("followUp", &json!({ "queued": queued })).await
    });
    reply
}

async fn start(cx: Cx, _: Call, p: Value) -> Answered {
    let reply = follow(&cx, &p);
    // Gives the follow-up every chance to overtake.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    Ok(reply)
}

async fn start_then_hang(cx: Cx, _: Call, p: Value) -> Answered {
    let reply = follow(&cx, &p);
    std::future::pending::<()>().await;
    Ok(reply)
}

async fn big_log(cx: Cx, _: Call, p: Size) -> Answered {
    cx.log.lock().unwrap().push(0);
    Ok(Reply::new(&"x".repeat(p.bytes)))
}

async fn ask(cx: Cx, _: Call, p: Ask) -> Answered {
    let invalid = ClientParams::Invalid(HashMap::from([((), 1)]));
    let params = if p.with_invalid_params { invalid } else { ClientParams::Valid { why: 1 } };
    let asked = cx.outbox.request("client/approve", &params, Duration::from_millis(p.deadline_ms));
    let answer: Result<Decision, PeerError> = asked.await;
    Ok(Reply::new(&match answer {
        Ok(answer) => answer.decision,
        Err(PeerError::TimedOut(_)) => "timed out".to_owned(),
        Err(PeerError::Refused(refusal)) => format!("refused {} {}", refusal.code(), refusal.message()),
        Err(PeerError::Disconnected) => "disconnected".to_owned(),
        Err(PeerError::InvalidParams(_)) => "invalid params".to_owned(),
        Err(PeerError::InvalidResponse(_)) => "bad answer".to_owned(),
    }))
}
