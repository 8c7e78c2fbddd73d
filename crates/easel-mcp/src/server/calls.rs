//! The calls of both tools.

use std::sync::Arc;

use easel_client::ClientError;
use easel_protocol::tool::ToolCallResult;
use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData};
use rmcp::service::RequestContext;

use super::Server;
use crate::approval::{self, Decision, Elicitation, Way};
use crate::call::{Call, Outcome};
use crate::requests::Handling;
use crate::transport::id_json;
use crate::wait::{Wait, Waited};
use crate::{canonical, pictures, resources, result};

/// Default longest edge of `image_view`, in pixels.
const VIEW_EDGE: u64 = 1_024;
/// Largest preview of `image_view`, in bytes.
const VIEW_BYTES: u32 = 600_000;

impl Server {
    /// Makes an image, or waits for the one that an equal call before has begun.
    pub(super) async fn imagegen(
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
            Err(reason) => return result::failure(&reason, is_repeat),
        };
        let Some(ToolCallResult::Mcp(mut answer)) = response.result.clone() else {
            return result::failure("The image call has no result that this host can read.", is_repeat);
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

    /// Shows an image of this host again.
    pub(super) async fn image_view(&self, request: CallToolRequestParams) -> CallToolResult {
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
