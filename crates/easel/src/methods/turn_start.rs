use std::sync::Arc;

use easel_protocol::method::TurnStart;
use easel_protocol::turn::{TurnStartParams, TurnStartResponse};
use serde_json::Value;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, validate};
use crate::threads::SettingsUpdate;
use crate::turns::{NewTurn, StartedTurn, Turns};

/// Maximum size of an output schema, in bytes.
const MAX_SCHEMA_BYTES: usize = 64 << 10;

impl Handler for TurnStart {
    type Service = Turns;

    async fn handle(
        turns: Arc<Turns>,
        cx: RequestContext,
        params: TurnStartParams,
    ) -> HandlerResult<TurnStartResponse> {
        validate::input(&params.input)?;
        validate_schema(params.output_schema.as_ref())?;
        let thread_id = params.thread_id;
        let new_turn = NewTurn {
            thread_id: thread_id.clone(),
            input: params.input,
            client_id: validate::name("clientUserMessageId", params.client_user_message_id)?,
            settings: SettingsUpdate {
                cwd: validate::path("cwd", params.cwd)?,
                model: validate::name("model", params.model)?,
                effort: validate::name("effort", params.effort)?,
                summary: params.summary,
            },
            output_schema: params.output_schema,
            closing_answer: params.closing_answer,
        };
        let StartedTurn { turn, settings_event, response_signal } =
            turns.start(&cx.client, &cx.cancellation, new_turn).await?;
        Ok(HandlerOutput::with_follow_up(TurnStartResponse { turn }, async move {
            if let Some(event) = settings_event {
                turns.threads.publish(&thread_id, &cx.client, event).await;
            }
            response_signal.send();
        }))
    }
}

/// Checks the size of an output schema. The provider validates its content.
fn validate_schema(schema: Option<&Value>) -> Result<(), RequestError> {
    let Some(schema) = schema else { return Ok(()) };
    if !schema.is_object() {
        return Err(RequestError::field("outputSchema", "must be an object"));
    }
    if schema.to_string().len() > MAX_SCHEMA_BYTES {
        return Err(RequestError::field("outputSchema", format!("has more than {MAX_SCHEMA_BYTES} bytes")));
    }
    Ok(())
}
