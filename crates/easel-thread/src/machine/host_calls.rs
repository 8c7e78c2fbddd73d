//! Host turns: a client that runs its own model loop calls the tool. The calls that it makes while another one runs
//! join the turn, and the turn ends when none runs.

use easel_imagegen::port::{FunctionCall, image_error};
use easel_protocol::id::{CallId, ItemId, ThreadId, TurnId};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::response_item::{ContentItem, ResponseItem};

use super::calls::CallKind;
use super::ending::StopReason;
use super::{Effect, HostCall, Purpose, ResponseState, Step, Turn, TurnConfig};
use crate::config::CallLimits;

impl Turn {
    /// Creates a turn for the calls of a client, and returns its first effects as [`Turn::begin`] does. `at` is in Unix
    /// milliseconds.
    pub(crate) fn begin_host(thread_id: ThreadId, turn_id: TurnId, config: TurnConfig, at: i64) -> (Self, Vec<Effect>) {
        let (mut turn, effects) = Self::begin_with(thread_id, turn_id, config, Purpose::Host, at, |_, _| {});
        turn.response = ResponseState::Closed;
        (turn, effects)
    }

    /// Starts the calls of clients, within these limits.
    pub(super) fn on_host_calls(&mut self, step: &mut Step<'_>, calls: Vec<HostCall>, limits: CallLimits) {
        self.change_limits(step, limits);
        self.start_host_calls(step, calls);
    }

    /// Starts the calls of clients. In a turn that is about to end they fail at once.
    pub(super) fn start_host_calls(&mut self, step: &mut Step<'_>, calls: Vec<HostCall>) {
        for HostCall { item_id, call, images } in calls {
            step.conversation.add_older_images(images);
            let planned = match &self.stop_reason {
                None => self.plan_call(step, &call),
                Some(StopReason::Interrupted) => {
                    Err(Box::new(image_error(ImageErrorKind::Interrupted, "the turn of the call was ending")))
                }
                // Without a model, only history can fail a turn.
                Some(StopReason::Failed(error)) => {
                    Err(Box::new(image_error(ImageErrorKind::Storage, error.message.clone())))
                }
            };
            self.start_planned(step, &item_id, CallKind::Host { call }, planned);
        }
    }
}

/// Returns what the conversation keeps of a call. Its id is that of its item, which is unique in the thread.
pub(super) fn to_host_history(item_id: &ItemId, call: &FunctionCall, output: Vec<ContentItem>) -> Vec<ResponseItem> {
    let call_id = CallId::from(item_id.as_str());
    let FunctionCall { call_id: _, namespace, name, arguments } = call.clone();
    vec![
        ResponseItem::FunctionCall { call_id: call_id.clone(), namespace, name, arguments },
        ResponseItem::FunctionCallOutput { call_id, output },
    ]
}
