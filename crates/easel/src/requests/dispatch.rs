//! The life of a request between the dispatch table and its handler.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use easel_protocol::method::Effect;
use easel_rpc::{Call, ErrorObjectOwned, Reply, RequestParams, TableBuilder};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::connections::Client;
use crate::requests::handler::HandlerResponse;
use crate::requests::untyped::{Handling, UntypedMethod, UntypedRequest};
use crate::requests::{Handler, HandlerOutput, RequestContext, validate};
use crate::threads::QueueGuard;

/// What the requests of one connection share.
#[derive(Clone)]
pub(crate) struct ConnectionContext {
    app: Arc<App>,
    client: Arc<Client>,
    /// Permits for writes in progress, including those whose response nobody waits for anymore.
    write_permits: Arc<Semaphore>,
}

impl ConnectionContext {
    /// Creates the context of a new connection that may have `max_in_flight` requests in flight.
    pub(crate) fn new(app: Arc<App>, client: Arc<Client>, max_in_flight: usize) -> Self {
        // Twice the requests in flight: a write whose response was just sent must not cause the refusal of the next
        // one.
        let write_permits = Arc::new(Semaphore::new(max_in_flight.saturating_mul(2).min(Semaphore::MAX_PERMITS)));
        Self { app, client, write_permits }
    }
}

/// Adds a method to the dispatch table.
pub(crate) fn register<M: Handler>(table: TableBuilder<ConnectionContext>) -> TableBuilder<ConnectionContext> {
    register_untyped(table, UntypedMethod::new::<M>())
}

fn register_untyped(table: TableBuilder<ConnectionContext>, method: UntypedMethod) -> TableBuilder<ConnectionContext> {
    let run = move |connection, call, params| run(connection, call, method, params);
    table.method_unparsed(method.name, method.parse, run)
}

/// Waits for the earlier requests of the thread and for memory, handles the request, and runs its follow-up. A request
/// that is cancelled while it waits changes nothing.
async fn run(
    connection: ConnectionContext,
    call: Call,
    method: UntypedMethod,
    params: RequestParams<Box<dyn UntypedRequest>>,
) -> Result<Reply, ErrorObjectOwned> {
    // A cancelled write leaves the table of requests in flight before its work ends, so writes have their own limit.
    let permit = match method.effect {
        Effect::Read => None,
        Effect::Write => {
            Some(Arc::clone(&connection.write_permits).try_acquire_owned().map_err(|_| easel_rpc::overloaded())?)
        }
    };
    let app = &connection.app;
    let mut guard = None;
    // The request enters the queue before its params are parsed, since long params take a while to parse.
    if let Some(thread_id) =
        method.thread_field.and_then(|field| params.text_field(field, |request| request.thread_id()))
        && validate::can_be_id(&thread_id)
    {
        guard = Some(app.queue.enter(&thread_id).await);
    }
    let request = params.read().await?;
    if let Some(bytes) = request.max_response_bytes() {
        guard = reserve(&connection, &call, guard, bytes).await;
    }
    let tasks = app.tasks.clone();
    let client = Arc::clone(&connection.client);
    let cx = RequestContext { client, cancellation: call.cancellation(), call: call.clone() };
    let handling = request.handle(app, cx);
    drop(connection);
    if method.effect == Effect::Write {
        return run_write(&tasks, (permit, call), guard, handling).await;
    }
    let HandlerOutput { response, follow_up } = handling.await?;
    // Releases the memory that is reserved for the params.
    drop(call);
    let response = match response {
        HandlerResponse::Ready(response) => response?,
        HandlerResponse::Pending(response) => {
            drop(guard.take());
            response.await?
        }
    };
    let Some(follow_up) = follow_up else { return Ok(response) };
    let (reply, queued) = response.with_follow_up();
    tasks.spawn(async move {
        if queued.await {
            follow_up.await;
        }
        drop(guard);
    });
    Ok(reply)
}

/// Handles a request on its own task, which neither a cancellation nor the end of the connection stops. The follow-up
/// always runs, so that clients learn about every change. `reservations` are dropped once the response is sent.
async fn run_write(
    tasks: &TaskTracker,
    reservations: impl Send + 'static,
    mut guard: Option<QueueGuard>,
    handling: Handling,
) -> Result<Reply, ErrorObjectOwned> {
    let (responder, response) = oneshot::channel();
    let mut work = Box::pin(async move {
        let (response, follow_up) = match handling.await {
            Ok(HandlerOutput { response: HandlerResponse::Ready(response), follow_up }) => (response, follow_up),
            Ok(HandlerOutput { response: HandlerResponse::Pending(response), follow_up }) => {
                drop(guard.take());
                (response.await, follow_up)
            }
            Err(error) => (Err(error), None),
        };
        // A send fails if nobody waits for the response anymore.
        match (response, follow_up) {
            (Ok(response), Some(follow_up)) => {
                let (reply, queued) = response.with_follow_up();
                let _ = responder.send(Ok(reply));
                // The follow-up comes after the response, if it is sent at all.
                let _ = queued.await;
                drop(reservations);
                follow_up.await;
            }
            (response, follow_up) => {
                let _ = responder.send(response);
                drop(reservations);
                if let Some(follow_up) = follow_up {
                    follow_up.await;
                }
            }
        }
        drop(guard);
    });
    // The first poll is here, so that handlers run up to their first `.await` in the order of the requests.
    if poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await.is_pending() {
        tasks.spawn(work);
    }
    match response.await {
        Ok(response) => Ok(response?),
        // The handler panicked, which the panic hook has logged.
        Err(_) => Err(easel_rpc::internal_error()),
    }
}

/// Reserves memory for a long response. While it waits for memory, the request leaves the thread's queue: a client that
/// does not read must not keep others from the thread. While it waits for the queue, it has no memory: the queue may
/// move on only after a turn has sent an event that needs memory.
async fn reserve(
    connection: &ConnectionContext,
    call: &Call,
    mut guard: Option<QueueGuard>,
    bytes: usize,
) -> Option<QueueGuard> {
    let outbox = connection.client.outbox();
    let share = loop {
        if let Some(share) = outbox.try_reserve(bytes) {
            break share;
        }
        let Some(left) = guard.take() else { break outbox.reserve(bytes).await };
        let thread_id = left.thread_id().to_owned();
        drop(left);
        drop(outbox.reserve(bytes).await);
        guard = Some(connection.app.queue.enter(&thread_id).await);
    };
    call.hold(share);
    guard
}
