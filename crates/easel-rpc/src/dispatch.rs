//! From one line to a call, a refusal, or an answer that one of our own requests waited for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jsonrpsee::MethodResponse;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::budget::{Bounds, Budget, Share};
use crate::envelope::{self, Incoming, NULL_ID, Request};
use crate::error;
use crate::handshake::{Handshake, INITIALIZE};
use crate::in_flight::{Answer, InFlight};
use crate::limits::Limits;
use crate::message::{self, Dialect};
use crate::outbox::{Outbox, Wake};
use crate::reply::{Call, Held};
use crate::request_params::cost;
use crate::table::{Table, Work};

const CANCEL_REQUEST: &str = "$/cancelRequest";

/// Lives on the reader thread. What it queues there does not wake the writer: the reader flushes before it blocks.
pub(crate) struct Dispatcher<C> {
    pub(crate) table: Arc<Table<C>>,
    pub(crate) context: C,
    pub(crate) outbox: Outbox,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: Handle,
    pub(crate) limits: Limits,
    /// Of the params of this connection's requests.
    pub(crate) params: Budget,
    pub(crate) bounds: Arc<Bounds>,
    pub(crate) handshake: Handshake,
}

/// What is left of a request when its handler is done: the right to answer and the answer, or nothing if cancelled.
type Outcome = Option<(Answer, MethodResponse)>;

impl<C: Clone + Send + Sync + 'static> Dispatcher<C> {
    pub(crate) fn line(&mut self, line: &[u8]) {
        match envelope::parse(line) {
            Incoming::Request(request) => self.request(&request),
            Incoming::Notification { method, params } => self.notification(&method, params),
            Incoming::Response { id, outcome } => self.outbox.answered(id, outcome),
            Incoming::Invalid { id, error } => self.refuse(id, &error),
        }
    }

    pub(crate) fn line_too_long(&self) {
        let limit = self.limits.max_line_bytes;
        self.refuse(NULL_ID, &error::invalid_request(&format!("Invalid request: line longer than {limit} bytes")));
    }

    fn refuse(&self, id: &str, error: &ErrorObjectOwned) {
        self.push(message::error(self.outbox.dialect(), id, error));
    }

    /// A closed outbox is noticed by the reader after the line.
    fn push(&self, line: Vec<u8>) {
        let _ = self.outbox.push(line, None, Wake::AtFlush);
    }

    fn request(&mut self, request: &Request<'_>) {
        if let Err(refusal) = self.handshake.admit(&request.method) {
            return self.refuse(request.id, &refusal);
        }
        if request.method == CANCEL_REQUEST {
            self.cancel(request.params);
            return self.push(message::empty_result(self.outbox.dialect(), request.id));
        }
        if request.method == INITIALIZE {
            self.outbox.set_dialect(if request.versioned { Dialect::Versioned } else { Dialect::Bare });
        }
        let mut answer = match self.in_flight.begin(request.id) {
            Ok(answer) => answer,
            Err(refusal) => return self.refuse(request.id, &refusal),
        };
        let params = request.params.map(RawValue::get);
        let call = match self.reserve(params) {
            Ok(share) => answer.call(share),
            Err(refusal) => return answer.refuse(&refusal, Wake::AtFlush),
        };
        let work = self.table.request(&request.method, params, &self.context, call, self.limits.max_response_bytes);
        match work {
            Ok(work) if request.method == INITIALIZE => self.initialize(answer, work),
            Ok(work) => self.start(answer, work),
            Err(refusal) => answer.refuse(&refusal, Wake::AtFlush),
        }
    }

    /// Bytes for params that are not short.
    fn reserve(&self, params: Option<&str>) -> Result<Option<Share>, ErrorObjectOwned> {
        match cost(params)? {
            0 => Ok(None),
            bytes => self.bounds.try_params(&self.params, bytes).map(Some).ok_or_else(error::overloaded),
        }
    }

    /// Polls once in place, so that what handlers do before their first await happens in the order of the requests.
    fn start(&self, answer: Answer, work: Work) {
        let mut handling = Box::pin(handle(answer, work));
        match poll_in_place(handling.as_mut()) {
            Some(Poll::Ready(outcome)) => send(outcome, Wake::AtFlush),
            Some(Poll::Pending) => {
                self.tasks.spawn_on(async move { send(handling.await, Wake::Now) }, &self.runtime);
            }
            None => drop_quietly(handling),
        }
    }

    /// Runs to its end on the reader thread: a client may send its first requests right behind `initialize`.
    fn initialize(&mut self, answer: Answer, work: Work) {
        self.outbox.flush();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(handle(answer, work))));
        let Ok(Some((answer, response))) = outcome else { return };
        if response.is_success() {
            self.handshake = Handshake::Done;
        }
        answer.send(response, Wake::AtFlush);
    }

    fn notification(&self, method: &str, params: Option<&RawValue>) {
        if self.handshake == Handshake::Awaited {
            return;
        }
        if method == CANCEL_REQUEST {
            return self.cancel(params);
        }
        let call = Call { cancel: CancellationToken::new(), held: Arc::new(Held::default()) };
        let Some(work) = self.table.notification(method, params.map(RawValue::get), &self.context, call) else {
            return tracing::debug!("unknown notification ignored");
        };
        let mut handling = Box::pin(async move { drop(work.await) });
        match poll_in_place(handling.as_mut()) {
            Some(Poll::Ready(())) => {}
            // Requests have their own bound; what is spawned beyond it is notifications.
            Some(Poll::Pending) if self.tasks.len() < 2 * self.limits.max_in_flight => {
                self.tasks.spawn_on(handling, &self.runtime);
            }
            Some(Poll::Pending) => tracing::warn!("too many notifications in flight, one is dropped"),
            None => drop_quietly(handling),
        }
    }

    fn cancel(&self, params: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct CancelParams<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
        }
        let Some(params) = params else { return };
        if let Ok(params) = serde_json::from_str::<CancelParams<'_>>(params.get()) {
            self.in_flight.cancel(params.id.get());
        }
    }
}

async fn handle(answer: Answer, work: Work) -> Outcome {
    let cancel = answer.cancellation();
    tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        response = work => Some((answer, response)),
    }
}

fn send(outcome: Outcome, wake: Wake) {
    if let Some((answer, response)) = outcome {
        answer.send(response, wake);
    }
}

/// `None` when it panicked. The waker may do nothing: a pending future is spawned, and polled again, at once.
fn poll_in_place<F: Future>(future: Pin<&mut F>) -> Option<Poll<F::Output>> {
    catch_unwind(AssertUnwindSafe(|| future.poll(&mut Context::from_waker(Waker::noop())))).ok()
}

/// Dropping what panicked answers its request; a second panic on the way must not reach the reader.
fn drop_quietly<F>(future: F) {
    let _ = catch_unwind(AssertUnwindSafe(move || drop(future)));
}
