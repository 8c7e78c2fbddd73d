//! The requests that are not answered yet, and the right to answer them.

use std::collections::HashMap;
use std::sync::Arc;

use jsonrpsee::MethodResponse;
use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::budget::Share;
use crate::error;
use crate::message;
use crate::outbox::{Outbox, Wake};
use crate::reply::{Call, Held};

/// The table of requests in flight of one connection, at most `max` of them.
///
/// Whoever takes a request's entry out of it answers that request; nobody else can. That is why a request is answered
/// once however its handler, a cancellation and the shutdown race.
pub(crate) struct InFlight {
    table: Mutex<Entries>,
    max: usize,
    outbox: Outbox,
}

#[derive(Default)]
struct Entries {
    by_id: HashMap<Arc<str>, Entry>,
    next_serial: u64,
}

/// The serial tells a request from a later one with the same id.
struct Entry {
    serial: u64,
    cancel: CancellationToken,
}

impl InFlight {
    pub(crate) fn new(max: usize, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), max, outbox })
    }

    /// Enters a request.
    ///
    /// # Errors
    /// −32600 when its id is in flight already, −32001 when the table is full.
    pub(crate) fn begin(self: &Arc<Self>, id: &str) -> Result<Answer, ErrorObjectOwned> {
        let mut table = self.table.lock();
        if table.by_id.contains_key(id) {
            return Err(error::invalid_request("Invalid request: a request with this id is in flight"));
        }
        if table.by_id.len() >= self.max {
            return Err(error::overloaded());
        }
        let id: Arc<str> = id.into();
        let serial = table.next_serial;
        table.next_serial += 1;
        let cancel = CancellationToken::new();
        table.by_id.insert(Arc::clone(&id), Entry { serial, cancel: cancel.clone() });
        drop(table);
        Ok(Answer { in_flight: Arc::clone(self), id, serial, cancel, held: None, open: true })
    }

    /// Answers a request −32800 now and drops its handler. An id that is not in flight, or not any more, is no error.
    pub(crate) fn cancel(&self, id: &str) {
        let taken = self.table.lock().by_id.remove_entry(id);
        if let Some((id, entry)) = taken {
            self.give_up(&id, &entry);
        }
    }

    /// Cancels all that is left.
    pub(crate) fn cancel_all(&self) {
        let taken = std::mem::take(&mut self.table.lock().by_id);
        for (id, entry) in taken {
            self.give_up(&id, &entry);
        }
    }

    fn give_up(&self, id: &str, entry: &Entry) {
        let line = message::error(self.outbox.dialect(), id, &error::cancelled());
        let _ = self.outbox.push(line, None, Wake::Now);
        entry.cancel.cancel();
    }

    fn claim(&self, id: &str, serial: u64) -> bool {
        let mut table = self.table.lock();
        if table.by_id.get(id).is_some_and(|entry| entry.serial == serial) {
            table.by_id.remove(id);
            return true;
        }
        false
    }
}

/// The right to answer one request. Dropped unused (a panic, a handler that was dropped), it answers −32603.
pub(crate) struct Answer {
    in_flight: Arc<InFlight>,
    id: Arc<str>,
    serial: u64,
    cancel: CancellationToken,
    held: Option<Arc<Held>>,
    open: bool,
}

impl Answer {
    pub(crate) fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// The call that this answers, with the bytes that were reserved for its params.
    pub(crate) fn call(&mut self, params: Option<Share>) -> Call {
        let held = Arc::new(Held { params, ..Held::default() });
        self.held = Some(Arc::clone(&held));
        Call { cancel: self.cancel.clone(), held }
    }

    /// Queues the response, and then tells whoever waits to send its sequel. A late one is dropped.
    pub(crate) fn send(mut self, response: MethodResponse, wake: Wake) {
        let outbox = &self.in_flight.outbox;
        let success = response.is_success();
        let (json, sequel, _) = response.into_parts();
        let line = message::response(outbox.dialect(), &self.id, json);
        let share = self.held.take().and_then(|held| held.answer.lock().take());
        self.open = false;
        if self.in_flight.claim(&self.id, self.serial)
            && outbox.push(line, share, wake).is_ok()
            && let Some(sequel) = sequel
        {
            sequel.notify(success);
        }
    }

    pub(crate) fn refuse(mut self, error: &ErrorObjectOwned, wake: Wake) {
        self.close(error, wake);
    }

    fn close(&mut self, error: &ErrorObjectOwned, wake: Wake) {
        self.open = false;
        if self.in_flight.claim(&self.id, self.serial) {
            let outbox = &self.in_flight.outbox;
            let _ = outbox.push(message::error(outbox.dialect(), &self.id, error), None, wake);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.open {
            self.close(&error::internal_error(), Wake::Now);
        }
    }
}
