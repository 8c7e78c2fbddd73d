//! The requests of the host.

use std::future::ready;
use std::sync::Arc;

use easel_client::ClientError;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    ErrorData, Implementation, InitializeRequestParams, InitializeResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};

use crate::app::App;
use crate::approval::{self, Decision, Elicitation, Way};
use crate::call::{Call, Outcome};
use crate::canonical;
use crate::pictures;
use crate::requests::Handling;
use crate::resources;
use crate::result;
use crate::tools;
use crate::transport::id_json;
use crate::wait::{Wait, Waited};

/// Requests whose params every host should know, for a better message than that of an unknown method.
const KNOWN: [(&str, &str); 3] = [
    ("tools/call", "`name`, a string, and `arguments`, an object"),
    ("resources/read", "`uri`, a string"),
    ("initialize", "`protocolVersion`, `capabilities` and `clientInfo`"),
];

/// Default longest edge of `image_view`, in pixels.
const VIEW_EDGE: u64 = 1_024;
/// Largest preview of `image_view`, in bytes.
const VIEW_BYTES: u32 = 600_000;

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

    async fn imagegen(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let handling = self.app.requests.handle(id_json(&context.id));
        let arguments = request.arguments.unwrap_or_default();
        let key = canonical::hash(&arguments);
        let (call, is_repeat) = match &request.request_state {
            Some(state) => {
                let responses = request.input_responses.as_ref();
                let (call, question, answer) = self.app.approvals.resume(state, &key, responses)?;
                match answer {
                    Some(answer) => approval::reply(question, answer).await,
                    None => return self.app.approvals.require_input(&call, question).map(Into::into),
                }
                (call, false)
            }
            None => match self.app.requests.undelivered.take(&key) {
                Some(call) => (call, true),
                None => match self.app.start_call(arguments).await {
                    Ok(call) => (call, false),
                    Err(error) => return Ok(result::sentence(error.to_string(), true).into()),
                },
            },
        };
        self.finish(call, is_repeat, &handling, context).await
    }

    /// Waits for a call and asks what it asks.
    async fn finish(
        &self,
        call: Arc<Call>,
        is_repeat: bool,
        handling: &Handling<'_>,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let requests = &self.app.requests;
        let mut wait = Wait::new(context, self.app.options.answer_within, &self.app.stop);
        let (mut elicitation, mut cannot_ask) = (None, false);
        requests.wait(&handling.id, Arc::clone(&call));
        loop {
            match wait.next(&call, &mut elicitation).await {
                Waited::Ended(outcome) => {
                    // Before the previews, during which the host may give up.
                    requests.deliver(&handling.id, call);
                    if let Some(elicitation) = elicitation {
                        elicitation.withdraw("the call has ended", &self.app.stop).await;
                    }
                    return Ok(self.result(outcome, is_repeat, cannot_ask).await.into());
                }
                Waited::Question(question) => match approval::way(context) {
                    Way::InputRequired => {
                        requests.end_wait(&handling.id);
                        return self.app.approvals.require_input(&call, *question).map(Into::into);
                    }
                    Way::Elicitation => match Elicitation::new(context, *question).await {
                        Ok(question) => elicitation = Some(question),
                        Err(question) => approval::reply(*question, Decision::Denied).await,
                    },
                    Way::None => {
                        cannot_ask = true;
                        approval::reply(*question, Decision::Denied).await;
                    }
                },
                Waited::Decision(answer) => {
                    if let Some(elicitation) = elicitation.take() {
                        elicitation.reply(answer).await;
                    }
                }
                Waited::TooLong => {
                    let text = result::too_long(call.age(), elicitation.is_some());
                    requests.end_wait(&handling.id);
                    self.app.requests.undelivered.keep(Arc::clone(&call));
                    // The next equal call asks again.
                    if let Some(elicitation) = elicitation {
                        call.ask(elicitation.withdraw("no answer in time", &self.app.stop).await);
                    }
                    return Ok(result::sentence(text, false).into());
                }
                Waited::Cancelled => {
                    let question = match elicitation {
                        Some(elicitation) => Some(elicitation.withdraw("the call was cancelled", &self.app.stop).await),
                        None => None,
                    };
                    if requests.has_timed_out(&handling.id) {
                        question.into_iter().for_each(|question| call.ask(question));
                    } else {
                        call.cancel();
                        // It may have ended before.
                        requests.undelivered.keep(call);
                    }
                    // The SDK sends no response to a cancelled request.
                    return Err(ErrorData::internal_error("the request was cancelled", None));
                }
            }
        }
    }

    async fn result(&self, outcome: Outcome, is_repeat: bool, cannot_ask: bool) -> CallToolResult {
        let response = match outcome {
            Ok(response) => response,
            Err(sentence) => return result::sentence(&*sentence, true),
        };
        let Some(easel_protocol::tool::ToolCallResult::Mcp(mut answer)) = response.result.clone() else {
            return result::sentence("The image call has no result that this host can read.", true);
        };
        if cannot_ask {
            result::add_reason(
                &mut answer,
                "This application cannot ask its user for the approval that the call needs.",
            );
        }
        result::shorten_prompts(&mut answer);
        let (count, max_bytes) = result::budget(&answer);
        let images = answer.meta.images.iter().take(count).map(|image| image.id.clone()).collect();
        let pictures = pictures::previews(&self.app.connection, images, result::EDGE, max_bytes).await;
        result::assemble(answer, &pictures, is_repeat)
    }

    async fn image_view(&self, request: CallToolRequestParams) -> CallToolResult {
        let arguments = request.arguments.unwrap_or_default();
        let Some(image) = arguments.get("image").and_then(|image| image.as_str()) else {
            return result::sentence("image_view needs `image`, the handle of an image (img_…).", true);
        };
        let edge = match arguments.get("max_edge") {
            None => VIEW_EDGE,
            Some(edge) => match edge.as_u64().filter(|edge| (16..=u64::from(result::EDGE)).contains(edge)) {
                Some(edge) => edge,
                None => return result::sentence("`max_edge` must be an integer from 16 to 1568.", true),
            },
        };
        let edge = u32::try_from(edge).unwrap_or(result::EDGE);
        match resources::view(&self.app.connection, image, edge, VIEW_BYTES).await {
            Ok(response) => result::view(&response),
            Err(ClientError::Refused { message, .. }) => result::sentence(message, true),
            Err(error) => result::sentence(error.to_string(), true),
        }
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
        resources::read(&self.app.connection, request.uri).await.map(Into::into)
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
            None => ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None),
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
