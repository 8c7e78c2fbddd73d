use std::sync::Arc;

use easel_protocol::method::UsageRead;
use easel_protocol::usage::{UsageReadParams, UsageReadResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError};
use crate::usage::Usage;

impl Handler for UsageRead {
    type Service = Usage;

    async fn handle(
        usage: Arc<Usage>,
        _cx: RequestContext,
        params: UsageReadParams,
    ) -> HandlerResult<UsageReadResponse> {
        for (field, day) in [("since", &params.since), ("until", &params.until)] {
            if day.as_deref().is_some_and(|day| !is_day(day)) {
                return Err(RequestError::field(field, "must be a day as YYYY-MM-DD"));
            }
        }
        Ok(HandlerOutput::new(usage.read(params).await?))
    }
}

/// Returns whether the text has the form of a day, whether the day exists or not.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
