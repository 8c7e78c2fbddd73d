//! The methods of a server, and how each parses its params and builds its response.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use jsonrpsee::types::{ErrorObjectOwned, Id};
use jsonrpsee::{MethodResponse, ResponsePayload};
use serde::de::DeserializeOwned;

use crate::error;
use crate::limits::Limits;
use crate::outbound::budget::Bounds;
use crate::request::params::parse_params;
use crate::request::reply::{Call, Reply};
use crate::request::request_params::{HeavyWork, ParseParams, RequestParams};

/// The rest of a request, which runs when it is polled.
pub(crate) type Work = std::pin::Pin<Box<dyn Future<Output = MethodResponse> + Send>>;

/// Parses the params of a request, or keeps long ones as text, and returns the work of its handler. The last argument
/// is the maximum size of the response in bytes.
type Callback<C> = Box<dyn Fn(C, Call, Option<&str>, usize) -> Work + Send + Sync>;

/// Two handlers have the same method name.
#[derive(Debug, thiserror::Error)]
#[error("the method {0} is registered twice")]
pub struct DuplicateMethod(pub String);

/// Handles a notification of the client.
type NotificationCallback<C> = Box<dyn Fn(C, Option<&str>) + Send + Sync>;

/// The notification with which a client cancels a request. It may also be sent as a request.
#[derive(Debug, Clone, Copy)]
pub struct CancelMethod {
    /// The name of the notification.
    pub method: &'static str,
    /// The field of its params that has the id of the request.
    pub field: &'static str,
}

impl Default for CancelMethod {
    fn default() -> Self {
        Self { method: "$/cancelRequest", field: "id" }
    }
}

/// The methods of a server. `C` is the context of one connection, which every handler receives. One table serves any
/// number of connections.
pub struct Table<C> {
    methods: HashMap<&'static str, Callback<C>>,
    notifications: HashMap<&'static str, NotificationCallback<C>>,
    /// The methods whose handlers end a cancelled request themselves.
    cooperative: HashSet<&'static str>,
    pub(crate) cancel: CancelMethod,
    unknown_method: fn(&str) -> ErrorObjectOwned,
    pub(crate) bounds: Arc<Bounds>,
}

/// Collects handlers for a [`Table`].
pub struct TableBuilder<C> {
    methods: HashMap<&'static str, Callback<C>>,
    notifications: HashMap<&'static str, NotificationCallback<C>>,
    cooperative: HashSet<&'static str>,
    cancel: CancelMethod,
    unknown_method: fn(&str) -> ErrorObjectOwned,
    duplicate: Option<DuplicateMethod>,
    bounds: Bounds,
    heavy: HeavyWork,
}

impl<C: Clone + Send + Sync + 'static> Table<C> {
    /// Returns a builder without methods.
    pub fn builder() -> TableBuilder<C> {
        TableBuilder {
            methods: HashMap::new(),
            notifications: HashMap::new(),
            cooperative: HashSet::new(),
            cancel: CancelMethod::default(),
            unknown_method: error::method_not_found,
            duplicate: None,
            bounds: Bounds::default(),
            heavy: HeavyWork::default(),
        }
    }

    /// Returns the work of a request, which has not started yet.
    ///
    /// # Errors
    /// −32601 for an unknown method.
    pub(crate) fn prepare_request(
        &self,
        method: &str,
        params: Option<&str>,
        context: &C,
        call: Call,
        max_response_bytes: usize,
    ) -> Result<Work, ErrorObjectOwned> {
        match self.methods.get(method) {
            Some(callback) => Ok(callback(context.clone(), call, params, max_response_bytes)),
            None => Err((self.unknown_method)(method)),
        }
    }

    /// Returns whether the handler of a method ends a cancelled request itself.
    pub(crate) fn is_cooperative(&self, method: &str) -> bool {
        self.cooperative.contains(method)
    }

    /// Passes a notification of the client to its handler. Returns false if it has none.
    pub(crate) fn notify(&self, method: &str, params: Option<&str>, context: &C) -> bool {
        let callback = self.notifications.get(method);
        if let Some(callback) = callback {
            callback(context.clone(), params);
        }
        callback.is_some()
    }
}

impl<C: Clone + Send + Sync + 'static> TableBuilder<C> {
    /// Registers a method. The handler runs on the reader thread up to its first pending await, in the order of
    /// arrival, so it must not block. The rest runs on the runtime, concurrently with other requests.
    ///
    /// Params that are not a `P` are answered with −32602 and the handler is not called. Absent params are `{}`.
    #[must_use]
    pub fn method<P, F, Fut>(self, name: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(C, Call, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, ErrorObjectOwned>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.method_unparsed(name, parse_params::<P>, move |context, call, params: RequestParams<P>| {
            let handler = Arc::clone(&handler);
            async move { handler(context, call, params.read().await?).await }
        })
    }

    /// Registers a method like [`TableBuilder::method`], with `parse` for its params and a handler that reads long ones
    /// itself: it may first wait for earlier requests.
    #[must_use]
    pub fn method_unparsed<P, F, Fut>(mut self, name: &'static str, parse: ParseParams<P>, handler: F) -> Self
    where
        P: Send + 'static,
        F: Fn(C, Call, RequestParams<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply, ErrorObjectOwned>> + Send + 'static,
    {
        let heavy = self.heavy.clone();
        let callback: Callback<C> = Box::new(move |context, call, params, max_response_bytes| {
            let handling = RequestParams::new(params, parse, &heavy).map(|params| handler(context, call, params));
            Box::pin(async move {
                let outcome = match handling {
                    Ok(handling) => handling.await,
                    Err(error) => Err(error),
                };
                let payload = outcome.map_or_else(ResponsePayload::error, Reply::into_payload);
                MethodResponse::response(Id::Null, payload, max_response_bytes)
            })
        });
        if self.methods.insert(name, callback).is_some() {
            self.duplicate = Some(DuplicateMethod(name.to_owned()));
        }
        self
    }

    /// Registers a notification of the client. The handler runs on the reader thread, in order with the requests, so it
    /// must not block. A notification whose params are not a `P` is ignored, since nobody waits for an error.
    #[must_use]
    pub fn notification<P: DeserializeOwned>(
        mut self,
        name: &'static str,
        handler: impl Fn(C, P) + Send + Sync + 'static,
    ) -> Self {
        let callback = move |context, params: Option<&str>| match parse_params(params) {
            Ok(params) => handler(context, params),
            Err(error) => tracing::debug!(%error, "a notification of the client was ignored"),
        };
        self.notifications.insert(name, Box::new(callback));
        self
    }

    /// Leaves the end of a cancelled request of this method to its handler, which sees [`Call::cancellation`] and
    /// responds in its own way. Only the end of the connection drops it.
    #[must_use]
    pub fn cooperative(mut self, name: &'static str) -> Self {
        self.cooperative.insert(name);
        self
    }

    /// Sets the notification that cancels a request. Default: `$/cancelRequest` with the field `id`.
    #[must_use]
    pub fn cancel_method(mut self, cancel: CancelMethod) -> Self {
        self.cancel = cancel;
        self
    }

    /// Sets the error for an unknown method, from its name. Default: [`crate::method_not_found`].
    #[must_use]
    pub fn unknown_method(mut self, error: fn(&str) -> ErrorObjectOwned) -> Self {
        self.unknown_method = error;
        self
    }

    /// Sets the bounds that all connections of this table share: a few times the limits of one connection.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.bounds = Bounds::new(limits);
        self
    }

    /// Sets where long params are parsed. Call it before adding methods.
    #[must_use]
    pub fn heavy_work(mut self, heavy: HeavyWork) -> Self {
        self.heavy = heavy;
        self
    }

    /// Finishes the table.
    ///
    /// # Errors
    /// [`DuplicateMethod`] if two handlers have the same method name.
    pub fn build(self) -> Result<Table<C>, DuplicateMethod> {
        match self.duplicate {
            Some(duplicate) => Err(duplicate),
            None => Ok(Table {
                methods: self.methods,
                notifications: self.notifications,
                cooperative: self.cooperative,
                cancel: self.cancel,
                unknown_method: self.unknown_method,
                bounds: Arc::new(self.bounds),
            }),
        }
    }
}
