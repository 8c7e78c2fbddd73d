//! Handles one line: starts a request, refuses it, or passes a response to the request of the server that waits for it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jsonrpsee::MethodResponse;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::error;
use crate::inbound::envelope::{self, Incoming, NULL_ID, Request};
use crate::inbound::handshake::{Handshake, INITIALIZE};
use crate::inbound::in_flight::{InFlight, Responder};
use crate::limits::Limits;
use crate::outbound::budget::{Bounds, Budget, Share};
use crate::outbound::message::{self, JsonRpcTag};
use crate::outbound::outbox::{Outbox, Wake};
use crate::request::request_params::estimate_memory;
use crate::request::table::{Table, Work};

/// Handles the lines of one connection, on its reader thread. Lines that it queues do not wake the writer: the reader
/// flushes before it blocks.
pub(crate) struct Dispatcher<C> {
    pub(crate) table: Arc<Table<C>>,
    pub(crate) context: C,
    pub(crate) outbox: Outbox,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: Handle,
    pub(crate) limits: Limits,
    /// The budget for the params of this connection's requests.
    pub(crate) params: Budget,
    pub(crate) bounds: Arc<Bounds>,
    pub(crate) handshake: Handshake,
}

/// The responder and the response of a request whose handler is done; `None` if it was cancelled.
type Outcome = Option<(Responder, MethodResponse)>;

impl<C: Clone + Send + Sync + 'static> Dispatcher<C> {
    /// Handles one line.
    pub(crate) fn handle_line(&mut self, line: &[u8]) {
        match envelope::parse(line) {
            Incoming::Request(request) => self.handle_request(&request),
            Incoming::Notification { method, params } => self.handle_notification(&method, params),
            Incoming::Response { id, outcome } => self.outbox.settle(id, outcome),
            Incoming::Invalid { id, error } => self.refuse(id, &error),
        }
    }

    /// Responds to a line over the limit, whose id is unknown.
    pub(crate) fn reject_long_line(&self) {
        let limit = self.limits.max_line_bytes;
        self.refuse(NULL_ID, &error::invalid_request(&format!("Invalid request: line longer than {limit} bytes")));
    }

    fn refuse(&self, id: &str, error: &ErrorObjectOwned) {
        self.push(message::error(self.outbox.tag(), id, error));
    }

    /// Queues a line. The reader checks for a closed outbox after each line.
    fn push(&self, line: Vec<u8>) {
        let _ = self.outbox.push(line, None, Wake::AtFlush);
    }

    fn handle_request(&mut self, request: &Request<'_>) {
        if let Err(error) = self.handshake.admit(&request.method) {
            return self.refuse(request.id, &error);
        }
        if request.method == self.table.cancel.method {
            self.cancel(request.params);
            return self.push(message::empty_result(self.outbox.tag(), request.id));
        }
        if request.method == INITIALIZE {
            self.outbox.set_tag(if request.versioned { JsonRpcTag::Present } else { JsonRpcTag::Absent });
        }
        let mut responder = match self.in_flight.begin(request.id, self.table.is_cooperative(&request.method)) {
            Ok(responder) => responder,
            Err(error) => return self.refuse(request.id, &error),
        };
        let params = request.params.map(RawValue::get);
        let call = match self.reserve(params) {
            Ok(share) => responder.new_call(share),
            Err(error) => return responder.refuse(&error, Wake::AtFlush),
        };
        let work =
            self.table.prepare_request(&request.method, params, &self.context, call, self.limits.max_response_bytes);
        match work {
            Ok(work) if request.method == INITIALIZE => self.initialize(responder, work),
            Ok(work) => self.start(responder, work),
            Err(error) => responder.refuse(&error, Wake::AtFlush),
        }
    }

    /// Reserves memory for params, unless they are short.
    fn reserve(&self, params: Option<&str>) -> Result<Option<Share>, ErrorObjectOwned> {
        match estimate_memory(params)? {
            0 => Ok(None),
            bytes => self.bounds.try_reserve_params(&self.params, bytes).map(Some).ok_or_else(error::overloaded),
        }
    }

    /// Polls the handler once in place, so that its code before the first await runs in the order of the requests.
    fn start(&self, responder: Responder, work: Work) {
        let mut handling = Box::pin(handle(responder, work));
        match poll_in_place(handling.as_mut()) {
            Some(Poll::Ready(outcome)) => send(outcome, Wake::AtFlush),
            Some(Poll::Pending) => {
                self.tasks.spawn_on(async move { send(handling.await, Wake::Now) }, &self.runtime);
            }
            None => drop_quietly(handling),
        }
    }

    /// Runs `initialize` to its end on the reader thread: a client may send requests right after it.
    fn initialize(&mut self, responder: Responder, work: Work) {
        self.outbox.flush();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(handle(responder, work))));
        let Ok(Some((responder, response))) = outcome else { return };
        if response.is_success() {
            self.handshake = Handshake::Done;
        }
        responder.send(response, Wake::AtFlush);
    }

    fn handle_notification(&self, method: &str, params: Option<&RawValue>) {
        if self.handshake == Handshake::Pending {
            return;
        }
        if method == self.table.cancel.method {
            return self.cancel(params);
        }
        // A handler that panics must not end the reader.
        let handling = AssertUnwindSafe(|| self.table.notify(method, params.map(RawValue::get), &self.context));
        if matches!(catch_unwind(handling), Ok(false)) {
            tracing::debug!("a notification of the client was ignored");
        }
    }

    fn cancel(&self, params: Option<&RawValue>) {
        let Some(params) = params else { return };
        if let Ok(fields) = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(params.get())
            && let Some(id) = fields.get(self.table.cancel.field)
        {
            self.in_flight.cancel(id.get());
        }
    }
}

async fn handle(responder: Responder, work: Work) -> Outcome {
    let cancel = responder.cancellation();
    tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        response = work => Some((responder, response)),
    }
}

fn send(outcome: Outcome, wake: Wake) {
    if let Some((responder, response)) = outcome {
        responder.send(response, wake);
    }
}

/// Polls once; `None` if the future panicked. The waker may do nothing, because a pending future is spawned and polled
/// again at once.
fn poll_in_place<F: Future>(future: Pin<&mut F>) -> Option<Poll<F::Output>> {
    catch_unwind(AssertUnwindSafe(|| future.poll(&mut Context::from_waker(Waker::noop())))).ok()
}

/// Drops a future that panicked, which responds to its request. A second panic must not end the reader.
fn drop_quietly<F>(future: F) {
    let _ = catch_unwind(AssertUnwindSafe(move || drop(future)));
}
