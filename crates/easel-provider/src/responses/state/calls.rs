//! The function calls of one response. Each call becomes one event.

use easel_imagegen::port::{FunctionCall, ModelError};

use super::identity::Fingerprint;
use super::{MAX_CALL_ID, provider_error};
use crate::responses::wire::ItemKey;

/// Bytes of the arguments of one call.
const MAX_ARGUMENTS_BYTES: usize = 1 << 20;
/// Bytes of the arguments of all calls of a response.
const MAX_ALL_ARGUMENTS_BYTES: usize = 4 << 20;

/// The calls that the response has contained so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<Fingerprint>,
    arguments_bytes: usize,
}

impl Calls {
    pub(super) fn known(&self) -> &[Fingerprint] {
        &self.known
    }

    /// Returns the call if it is new.
    pub(super) fn on_done(&mut self, key: ItemKey, call: FunctionCall) -> Result<Option<FunctionCall>, ModelError> {
        let fingerprint = Fingerprint::of_call(key.clone(), &call);
        if self.known.iter().any(|known| fingerprint.repeats(known)) {
            return Ok(None);
        }
        self.add(key, call).map(Some)
    }

    /// Adds a new call, and gives it an id if it has none.
    ///
    /// # Errors
    ///
    /// Fails if the arguments are too large.
    pub(super) fn add(&mut self, key: ItemKey, mut call: FunctionCall) -> Result<FunctionCall, ModelError> {
        if call.arguments.len() > MAX_ARGUMENTS_BYTES {
            return Err(provider_error("the provider's model called a tool with more than 1 MiB of arguments"));
        }
        self.arguments_bytes += call.arguments.len();
        if self.arguments_bytes > MAX_ALL_ARGUMENTS_BYTES {
            return Err(provider_error("the provider's model called tools with more than 4 MiB of arguments"));
        }
        let fingerprint = Fingerprint::of_call(key, &call);
        if call.call_id.is_empty() {
            let id = &fingerprint.key.id;
            let fits = !id.is_empty() && id.chars().count() <= MAX_CALL_ID;
            call.call_id = if fits { id.as_str().into() } else { format!("call_{}", self.known.len() + 1).into() };
        }
        self.known.push(fingerprint);
        Ok(call)
    }
}
