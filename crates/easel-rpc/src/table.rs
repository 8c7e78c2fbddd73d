//! The typed method table over jsonrpsee's.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use jsonrpsee::types::{ErrorObjectOwned, Id, Params};
use jsonrpsee::{ConnectionId, Extensions, MethodCallback, MethodResponse, Methods, ResponsePayload, RpcModule};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::budget::Bounds;
use crate::error;
use crate::limits::Limits;
use crate::reply::{Call, Reply};
use crate::request_params::{HeavyWork, RequestParams};

pub(crate) type Work = std::pin::Pin<Box<dyn Future<Output = MethodResponse> + Send>>;

/// A name was registered twice.
#[derive(Debug, thiserror::Error)]
#[error("the method {0} is registered twice")]
pub struct DuplicateMethod(pub String);

/// The methods and client notifications of a server. `C` is the context of one connection, which every handler gets.
/// One table serves any number of connections.
pub struct Table<C> {
    methods: Methods,
    notifications: Methods,
    unknown_method: fn(&str) -> ErrorObjectOwned,
    pub(crate) bounds: Arc<Bounds>,
    context: PhantomData<fn(C)>,
}

/// Collects handlers for a [`Table`].
pub struct TableBuilder<C> {
    methods: RpcModule<()>,
    notifications: RpcModule<()>,
    unknown_method: fn(&str) -> ErrorObjectOwned,
    duplicate: Option<DuplicateMethod>,
    bounds: Bounds,
    heavy: HeavyWork,
    context: PhantomData<fn(C)>,
}

/// How the connection's context travels through jsonrpsee, which has room for one context per table only.
#[derive(Clone)]
struct Connection<C> {
    context: C,
    call: Call,
}

impl<C: Clone + Send + Sync + 'static> Table<C> {
    /// An empty table that words −32601 itself.
    pub fn builder() -> TableBuilder<C> {
        TableBuilder {
            methods: RpcModule::new(()),
            notifications: RpcModule::new(()),
            unknown_method: error::method_not_found,
            duplicate: None,
            bounds: Bounds::default(),
            heavy: HeavyWork::default(),
            context: PhantomData,
        }
    }

    /// The work of a request, not started yet. `Err` is the refusal of an unknown method.
    pub(crate) fn request(
        &self,
        method: &str,
        params: Option<&str>,
        context: &C,
        call: Call,
        max_response_bytes: usize,
    ) -> Result<Work, ErrorObjectOwned> {
        start(&self.methods, method, params, Connection { context: context.clone(), call }, max_response_bytes)
            .ok_or_else(|| (self.unknown_method)(method))
    }

    /// The work of a client notification; `None` when there is no handler for it.
    pub(crate) fn notification(&self, method: &str, params: Option<&str>, context: &C, call: Call) -> Option<Work> {
        start(&self.notifications, method, params, Connection { context: context.clone(), call }, usize::MAX)
    }
}

fn start<C: Clone + Send + Sync + 'static>(
    methods: &Methods,
    method: &str,
    params: Option<&str>,
    connection: Connection<C>,
    max_response_bytes: usize,
) -> Option<Work> {
    // Only asynchronous methods are ever registered here.
    let Some(MethodCallback::Async(callback)) = methods.method(method) else { return None };
    let mut extensions = Extensions::new();
    extensions.insert(connection);
    Some(callback(Id::Null, Params::new(params).into_owned(), ConnectionId(0), max_response_bytes, extensions))
}

impl<C: Clone + Send + Sync + 'static> TableBuilder<C> {
    /// Registers a request. The handler runs on the reader thread up to its first pending await, in the order of
    /// arrival, so it must not block; the rest runs on the runtime, side by side with other requests.
    ///
    /// Params that do not fit `P` are answered −32602 without calling it. Absent params are `{}`.
    #[must_use]
    pub fn method<P, R, F, Fut>(self, name: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize + Send + Sync + 'static,
        F: Fn(C, Call, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply<R>, ErrorObjectOwned>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.method_unparsed(name, move |context, call, params: RequestParams<P>| {
            let handler = Arc::clone(&handler);
            async move { handler(context, call, params.read().await?).await }
        })
    }

    /// Registers a request like [`TableBuilder::method`], with a handler that says itself when long params are parsed: it
    /// may first take its place in an order.
    #[must_use]
    pub fn method_unparsed<P, R, F, Fut>(mut self, name: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize + Send + Sync + 'static,
        F: Fn(C, Call, RequestParams<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply<R>, ErrorObjectOwned>> + Send + 'static,
    {
        let (handler, heavy) = (Arc::new(handler), self.heavy.clone());
        let registered = self.methods.register_async_method(name, move |params: Params<'static>, _, extensions| {
            let begun = begin(params, &heavy, &extensions, |connection: Connection<C>, params| {
                handler(connection.context, connection.call, params)
            });
            async move {
                let outcome = match begun {
                    Ok(handling) => handling.await,
                    Err(refusal) => Err(refusal),
                };
                outcome.map_or_else(ResponsePayload::error, Reply::into_payload)
            }
        });
        if registered.is_err() {
            self.duplicate = Some(DuplicateMethod(name.to_owned()));
        }
        self
    }

    /// Registers a notification from the client. Params that do not fit are logged and dropped: nobody can be told.
    #[must_use]
    pub fn notification<P, F, Fut>(mut self, name: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(C, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (handler, heavy) = (Arc::new(handler), self.heavy.clone());
        let registered =
            self.notifications.register_async_method(name, move |params: Params<'static>, _, extensions| {
                let begun =
                    begin(params, &heavy, &extensions, |connection: Connection<C>, params: RequestParams<P>| {
                        (connection.context, params)
                    });
                let handler = Arc::clone(&handler);
                async move {
                    let read = match begun {
                        Ok((context, params)) => params.read().await.map(|params| (context, params)),
                        Err(refusal) => Err(refusal),
                    };
                    match read {
                        Ok((context, params)) => handler(context, params).await,
                        Err(refusal) => {
                            tracing::debug!(method = name, error = refusal.message(), "notification dropped");
                        }
                    }
                    ResponsePayload::success(())
                }
            });
        if registered.is_err() {
            self.duplicate = Some(DuplicateMethod(name.to_owned()));
        }
        self
    }

    /// Words the answer to a method that is not in the table; it gets the method's name.
    #[must_use]
    pub fn unknown_method(mut self, refusal: fn(&str) -> ErrorObjectOwned) -> Self {
        self.unknown_method = refusal;
        self
    }

    /// What all connections of this table may hold together: a few times what one may hold.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.bounds = Bounds::new(limits);
        self
    }

    /// Where long params are parsed. Comes before the methods.
    #[must_use]
    pub fn heavy_work(mut self, heavy: HeavyWork) -> Self {
        self.heavy = heavy;
        self
    }

    /// The finished table.
    ///
    /// # Errors
    /// When a name was registered twice.
    pub fn build(self) -> Result<Table<C>, DuplicateMethod> {
        match self.duplicate {
            Some(duplicate) => Err(duplicate),
            None => Ok(Table {
                methods: self.methods.into(),
                notifications: self.notifications.into(),
                unknown_method: self.unknown_method,
                bounds: Arc::new(self.bounds),
                context: PhantomData,
            }),
        }
    }
}

/// Parses short params and calls the handler.
fn begin<C: Clone + Send + Sync + 'static, P: DeserializeOwned, T>(
    params: Params<'static>,
    heavy: &HeavyWork,
    extensions: &Extensions,
    handler: impl FnOnce(Connection<C>, RequestParams<P>) -> T,
) -> Result<T, ErrorObjectOwned> {
    let connection = extensions.get::<Connection<C>>().cloned().ok_or_else(error::internal_error)?;
    Ok(handler(connection, RequestParams::new(params, heavy)?))
}
