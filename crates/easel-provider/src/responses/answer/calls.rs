//! The calls of one answer: each is made once.

use easel_imagegen::port::{FunctionCall, ModelError};

use super::identity::Marks;
use super::{MAX_CALL_ID, broken};
use crate::responses::wire::ItemKey;

/// Bytes of the arguments of one call, and of all calls of an answer.
const MAX_ARGUMENTS_BYTES: usize = 1 << 20;
const MAX_ALL_ARGUMENTS_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<Marks>,
    arguments_bytes: usize,
}

impl Calls {
    pub(super) fn known(&self) -> &[Marks] {
        &self.known
    }

    /// The call, unless it is known.
    pub(super) fn done(&mut self, key: ItemKey, call: FunctionCall) -> Result<Option<FunctionCall>, ModelError> {
        let marks = Marks::of_call(key.clone(), &call);
        if self.known.iter().any(|known| marks.repeats(known)) { Ok(None) } else { self.add(key, call).map(Some) }
    }

    /// A call that is not known.
    pub(super) fn add(&mut self, key: ItemKey, mut call: FunctionCall) -> Result<FunctionCall, ModelError> {
        if call.arguments.len() > MAX_ARGUMENTS_BYTES {
            return Err(broken("the provider's model calls a tool with arguments over 1 MiB"));
        }
        self.arguments_bytes += call.arguments.len();
        if self.arguments_bytes > MAX_ALL_ARGUMENTS_BYTES {
            return Err(broken("the provider's model calls tools with arguments over 4 MiB"));
        }
        let marks = Marks::of_call(key, &call);
        if call.call_id.is_empty() {
            let id = &marks.key.id;
            let fits = !id.is_empty() && id.chars().count() <= MAX_CALL_ID;
            call.call_id = if fits { id.clone() } else { format!("call_{}", self.known.len() + 1) };
        }
        self.known.push(marks);
        Ok(call)
    }
}
