//! The requests of the host.

mod calls;

use std::future::ready;
use std::sync::Arc;

use easel_client::ClientError;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, DiscoverResult, ErrorCode, ErrorData,
    Implementation, InitializeRequestParams, InitializeResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};

use crate::app::App;
use crate::resources;
use crate::result;
use crate::tools;

/// Requests whose params every host should know, for a better message than that of an unknown method.
const KNOWN: [(&str, &str); 3] = [
    ("tools/call", "`name`, a string, and `arguments`, an object"),
    ("resources/read", "`uri`, a string"),
    ("initialize", "`protocolVersion`, `capabilities` and `clientInfo`"),
];

/// Handles the requests of one host.
pub(crate) struct Server {
    app: Arc<App>,
}

impl Server {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Opens the app-server in the name of the host that a request comes from.
    async fn open(&self, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.open_for(context.client_info()).await
    }

    async fn open_for(&self, host: Option<Implementation>) -> Result<(), ErrorData> {
        self.app.open(host).await.map(drop).map_err(|error| internal(&error))
    }

    async fn instructions(&self) -> Result<String, ErrorData> {
        let tool = self.app.tool().await.map_err(|error| internal(&error))?;
        Ok(tools::instructions(tool.as_ref()))
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities =
            ServerCapabilities::builder().enable_tools().enable_tool_list_changed().enable_resources().build();
        let server = Implementation::new("easel", env!("CARGO_PKG_VERSION")).with_title("Easel");
        ServerConfig::new(capabilities).with_server_info(server)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut info = self.negotiate_initialize(&request)?;
        self.open_for(Some(request.client_info)).await?;
        info.instructions = Some(self.instructions().await?);
        Ok(info)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.open(&context).await?;
        let mut info = self.get_info();
        info.instructions = Some(self.instructions().await?);
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), info))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.open(&context).await?;
        let tool = self.app.tool().await.map_err(|error| internal(&error))?;
        Ok(ListToolsResult::with_all_items(tool.as_ref().map(tools::list).unwrap_or_default()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.open(&context).await?;
        match tools::canonical_name(&request.name) {
            Some(tools::IMAGEGEN) => self.imagegen(request, &context).await,
            Some(_) => match self.app.tool().await.map_err(|error| internal(&error))? {
                Some(tool) if tool.offered => Ok(self.image_view(request).await.into()),
                tool => Ok(result::sentence(tools::instructions(tool.as_ref()), true).into()),
            },
            None => {
                let name: String = request.name.chars().take(100).collect();
                Err(ErrorData::invalid_params(
                    format!("there is no tool {name}; the tools are imagegen and image_view"),
                    None,
                ))
            }
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.open(&context).await?;
        resources::list(&self.app.connection, request.and_then(|request| request.cursor)).await
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.open(&context).await?;
        resources::read(&self.app.connection, &self.app.reads, request.uri).await.map(Into::into)
    }

    fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CustomResult, ErrorData>> + Send + '_ {
        // A request whose params do not fit its method arrives here too.
        let known = KNOWN.iter().find(|(method, _)| *method == request.method);
        ready(Err(match known {
            Some((method, params)) => ErrorData::invalid_params(format!("{method} needs {params}"), None),
            None => ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("Method not found: {}", request.method), None),
        }))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.app.tool_changes.subscribe();
        let stop = self.app.stop.clone();
        self.app.tasks.spawn(async move {
            while let Some(Ok(())) = stop.run_until_cancelled(changes.changed()).await {
                if context.peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = SubscriptionFilter::default();
        accepted.tools_list_changed = requested.tools_list_changed;
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.app.tool_changes.subscribe();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.app.stop.cancelled() => return Ok(()),
                Ok(()) = changes.changed() => {
                    if context.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn internal(error: &ClientError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
