//! The transport of `rmcp` over the reader and the queue of `easel-rpc`.

use std::sync::Arc;

use easel_rpc::{Closed, Relay, Relayed};
use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ClientRequest, ErrorData, JsonRpcMessage, JsonRpcNotification, RequestId, ServerJsonRpcMessage,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::requests::Requests;
use crate::tools;

/// The connection to the host. Clones share it.
#[derive(Clone)]
pub(crate) struct RelayTransport {
    relayed: Arc<Mutex<Relayed>>,
    relay: Relay,
    requests: Arc<Requests>,
    /// Cancelled at the end of the input, so that handlers end.
    stop: CancellationToken,
}

impl RelayTransport {
    pub(crate) fn new(relayed: Relayed, relay: Relay, requests: Arc<Requests>, stop: CancellationToken) -> Self {
        Self { relayed: Arc::new(Mutex::new(relayed)), relay, requests, stop }
    }

    /// Notes an image call.
    fn on_request(&self, message: &RxJsonRpcMessage<RoleServer>) {
        if let JsonRpcMessage::Request(request) = message
            && let ClientRequest::CallToolRequest(call) = &request.request
            && tools::canonical_name(&call.params.name) == Some(tools::IMAGEGEN)
        {
            self.requests.begin(id_json(&request.id));
        }
    }

    /// Frees the id of a request that the host has cancelled.
    fn on_cancelled(&self, message: &RxJsonRpcMessage<RoleServer>) {
        if let JsonRpcMessage::Notification(JsonRpcNotification {
            notification: ClientNotification::CancelledNotification(cancelled),
            ..
        }) = message
            && let Some(id) = &cancelled.params.request_id
        {
            let id = id_json(id);
            self.relay.forget(&id);
            self.requests.cancelled(&id, cancelled.params.reason.as_deref());
        }
    }

    /// Refuses a message that is JSON-RPC but has another shape than the protocol's.
    async fn refuse(&self, text: &str, error: &serde_json::Error) {
        #[derive(serde::Deserialize)]
        struct Members<'a> {
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            method: Option<String>,
        }
        tracing::info!(%error, "a message of the host was refused");
        let Ok(Members { id: Some(id), method: Some(method) }) = serde_json::from_str(text) else { return };
        let Ok(id) = serde_json::from_str::<RequestId>(id.get()) else {
            // Nothing can answer it, so it must not count as in flight.
            self.relay.forget(id.get());
            return;
        };
        let error = ErrorData::invalid_params(format!("the params of {method} have a wrong shape"), None);
        let response: ServerJsonRpcMessage = JsonRpcMessage::error(error, Some(id.clone()));
        let _ = self.relay.respond(&id_json(&id), &response).await;
    }
}

/// Returns an id as the relay spells it.
pub(crate) fn id_json(id: &RequestId) -> String {
    id.clone().into_json_value().to_string()
}

impl Transport<RoleServer> for RelayTransport {
    type Error = Closed;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let id = match &item {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        // Queued here and not in the future, so that messages keep their order.
        let (response, message) = match id.map(id_json) {
            Some(id) => {
                let sent = self.relay.respond(&id, &item);
                self.requests.on_delivered(&id);
                (Some(sent), None)
            }
            None => (None, Some(self.relay.send(&item))),
        };
        async move {
            if let Some(response) = response {
                response.await?;
            }
            if let Some(message) = message {
                message.await?;
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(text) = self.relayed.lock().await.next().await else {
                // The SDK waits for handlers before it cancels them.
                self.stop.cancel();
                return None;
            };
            match serde_json::from_str(&text) {
                Ok(message) => {
                    self.on_request(&message);
                    self.on_cancelled(&message);
                    return Some(message);
                }
                Err(error) => self.refuse(&text, &error).await,
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
