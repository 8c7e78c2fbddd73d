//! One file a method, named after it. The table comes from the protocol's list, so a method without a handler does
//! not compile.

mod account_login_cancel;
mod account_login_start;
mod account_logout;
mod account_rate_limits_read;
mod account_read;
mod account_usage_read;
mod config_batch_write;
mod config_read;
mod config_requirements_read;
mod config_value_write;
mod experimental_feature_enablement_set;
mod experimental_feature_list;
mod image_delete;
mod image_export;
mod image_list;
mod image_read;
mod initialize;
mod model_list;
mod model_provider_capabilities_read;
mod model_provider_list;
mod thread_archive;
mod thread_delete;
mod thread_fork;
mod thread_inject_items;
mod thread_items_list;
mod thread_list;
mod thread_loaded_list;
mod thread_metadata_update;
mod thread_name_set;
mod thread_read;
mod thread_resume;
mod thread_revert;
mod thread_rollback;
mod thread_search;
mod thread_settings_update;
mod thread_start;
mod thread_turns_list;
mod thread_unarchive;
mod thread_unsubscribe;
mod tool_list;
mod turn_interrupt;
mod turn_start;
mod turn_steer;
mod usage_read;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use easel_protocol::method::{self, Effect, Method};
use easel_rpc::{
    Call, DuplicateMethod, ErrorObjectOwned, HeavyWork, Limits, Reply, RequestParams, Table, TableBuilder,
};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::app::Cx;
use crate::given;
use crate::order::Place;
use crate::refusal::{self, Refusal};

pub(crate) use model_list::default_model;

/// Most entries of a page of a list that is in memory.
const MAX_PAGE: usize = 500;

/// What a method does.
pub(crate) trait Handler: Method {
    /// Most bytes of an answer that may be long, by its params. Memory for it is reserved before it is built, and held until
    /// it is written. `None` for answers that are always short.
    fn longest_answer(_params: &Self::Params) -> Option<usize> {
        None
    }

    fn handle(cx: Cx, params: Self::Params) -> impl Future<Output = Result<Answer<Self::Response>, Refusal>> + Send;
}

/// A result, and what follows once it is on its way.
pub(crate) struct Answer<R> {
    result: Result<R, Refusal>,
    sequel: Option<Sequel>,
}

type Sequel = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<R> Answer<R> {
    pub(crate) fn new(result: R) -> Self {
        Self { result: Ok(result), sequel: None }
    }

    /// `sequel` runs after the answer has been queued. When it never is, because the request was cancelled or the client
    /// is gone, the sequel of a method that changes something runs all the same. The next request of the same thread
    /// waits for it.
    pub(crate) fn then(result: R, sequel: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::after(Ok(result), sequel)
    }

    /// The same for a method that has made its change and then failed to read what it answers.
    pub(crate) fn after(result: Result<R, Refusal>, sequel: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { result, sequel: Some(Box::pin(sequel)) }
    }
}

pub(crate) fn table(limits: Limits, heavy: HeavyWork) -> Result<Table<Cx>, DuplicateMethod> {
    let mut table = Table::builder().unknown_method(refusal::unknown_method).limits(limits).heavy_work(heavy);
    macro_rules! register {
        ($($method:ident)+) => { $(table = register_method::<method::$method>(table);)+ };
    }
    easel_protocol::for_each_method!(register);
    table.build()
}

fn register_method<M: Handler>(table: TableBuilder<Cx>) -> TableBuilder<Cx> {
    table.method_unparsed(M::NAME, |cx: Cx, call: Call, params: RequestParams<M::Params>| {
        run::<M>(Cx { cancellation: call.cancellation(), ..cx }, call, params)
    })
}

/// Waits for the thread's earlier requests and for memory, handles this request, and runs its sequel. A request that is
/// cancelled while it waits for its turn changes nothing.
async fn run<M: Handler>(
    cx: Cx,
    call: Call,
    params: RequestParams<M::Params>,
) -> Result<Reply<M::Response>, ErrorObjectOwned> {
    // A cancelled write leaves the table of requests in flight before its work ends, so writes have a bound of their own.
    let permit = match M::EFFECT {
        Effect::Read => None,
        Effect::Write => Some(Arc::clone(&cx.writes).try_acquire_owned().map_err(|_| easel_rpc::overloaded())?),
    };
    let mut place = None;
    // Before long params are parsed, which takes a while.
    if let Some(thread_id) = M::THREAD_FIELD.and_then(|field| params.text_field(field, M::thread))
        && given::may_be_an_id(&thread_id)
    {
        place = Some(cx.app.order.take(&thread_id).await);
    }
    let params = params.read().await?;
    if let Some(bytes) = M::longest_answer(&params) {
        place = reserve(&cx, &call, place, bytes).await;
    }
    let tasks = cx.app.tasks.clone();
    if M::EFFECT == Effect::Write {
        return write::<M>(&tasks, (permit, call), place, cx, params).await;
    }
    let Answer { result, sequel } = M::handle(cx, params).await?;
    drop(call);
    let result = result?;
    let Some(sequel) = sequel else { return Ok(Reply::new(result)) };
    let (reply, queued) = Reply::with_sequel(result);
    tasks.spawn(async move {
        if queued.await {
            sequel.await;
        }
        drop(place);
    });
    Ok(reply)
}

/// Handles a request on a task of its own, which a cancellation or the end of the connection does not stop. The sequel
/// runs in any case: what was changed is told.
async fn write<M: Handler>(
    tasks: &TaskTracker,
    held: impl Send + 'static,
    place: Option<Place>,
    cx: Cx,
    params: M::Params,
) -> Result<Reply<M::Response>, ErrorObjectOwned> {
    let (answer, answered) = oneshot::channel();
    let mut work = Box::pin(async move {
        let handled = M::handle(cx, params).await;
        let (result, sequel) = match handled {
            Ok(Answer { result, sequel }) => (result, sequel),
            Err(refusal) => (Err(refusal), None),
        };
        // Whoever does not wait for the answer any more has dropped the other half of the channel.
        match (result, sequel) {
            (Ok(result), Some(sequel)) => {
                let (reply, queued) = Reply::with_sequel(result);
                let _ = answer.send(Ok(reply));
                // After the answer, if there is one.
                let _ = queued.await;
                drop(held);
                sequel.await;
            }
            (result, sequel) => {
                let _ = answer.send(result.map(Reply::new));
                drop(held);
                if let Some(sequel) = sequel {
                    sequel.await;
                }
            }
        }
        drop(place);
    });
    // Handlers do up to their first wait in the order of the requests.
    if poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await.is_pending() {
        tasks.spawn(work);
    }
    match answered.await {
        Ok(answer) => Ok(answer?),
        // The handler panicked, which has been logged.
        Err(_) => Err(easel_rpc::internal_error()),
    }
}

/// Reserves memory for a long answer. While there is none, the request has no place in the order of its thread: a client
/// that does not read must keep nobody else from the thread.
async fn reserve(cx: &Cx, call: &Call, mut place: Option<Place>, bytes: usize) -> Option<Place> {
    let outbox = cx.client.outbox();
    let share = match outbox.try_reserve(bytes) {
        Some(share) => share,
        None => {
            let thread_id = place.take().map(|place| place.thread_id().to_owned());
            let share = outbox.reserve(bytes).await;
            if let Some(thread_id) = thread_id {
                place = Some(cx.app.order.take(&thread_id).await);
            }
            share
        }
    };
    call.hold(share);
    place
}

/// A page of a list that is in memory, after the entry that the cursor names.
fn page<T>(
    all: Vec<T>,
    cursor: Option<&str>,
    limit: Option<u32>,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let at = all.iter().position(|entry| key(entry) == cursor);
            at.ok_or_else(Refusal::cursor)? + 1
        }
    };
    let limit = limit.map_or(MAX_PAGE, |limit| (limit as usize).clamp(1, MAX_PAGE));
    let more = all.len() > start + limit;
    let data: Vec<T> = all.into_iter().skip(start).take(limit).collect();
    let next_cursor = if more { data.last().map(|entry| key(entry).to_owned()) } else { None };
    Ok((data, next_cursor))
}
