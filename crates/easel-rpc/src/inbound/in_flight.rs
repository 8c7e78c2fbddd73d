//! The requests in flight, and the right to respond to them.

use std::collections::HashMap;
use std::sync::Arc;

use jsonrpsee::MethodResponse;
use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::error;
use crate::outbound::budget::Share;
use crate::outbound::message;
use crate::outbound::outbox::{Outbox, Wake};
use crate::request::reply::{Call, ReservedBytes};

/// The requests of one connection that have no response yet, at most `max`.
///
/// Only the task that removes a request from this table responds to it. So each request gets exactly one response, even
/// if its handler, a cancellation and the shutdown race.
pub(crate) struct InFlight {
    table: Mutex<Entries>,
    max: usize,
    outbox: Outbox,
}

#[derive(Default)]
struct Entries {
    by_id: HashMap<Arc<str>, PendingRequest>,
    next_serial: u64,
}

/// A request in flight. The serial number distinguishes it from a later request with the same id.
struct PendingRequest {
    serial: u64,
    cancel: CancellationToken,
    /// Tells the handler of a cooperative method that the client has cancelled the request.
    cancel_signal: Option<CancellationToken>,
}

impl InFlight {
    pub(crate) fn new(max: usize, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), max, outbox })
    }

    /// Adds a request. The handler of a cooperative method ends it itself when the client cancels it.
    ///
    /// # Errors
    /// −32600 if a request with this id is in flight, −32001 if the table is full.
    pub(crate) fn begin(self: &Arc<Self>, id: &str, cooperative: bool) -> Result<Responder, ErrorObjectOwned> {
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
        let cancel_signal = cooperative.then(CancellationToken::new);
        let request = PendingRequest { serial, cancel: cancel.clone(), cancel_signal: cancel_signal.clone() };
        table.by_id.insert(Arc::clone(&id), request);
        drop(table);
        Ok(Responder { in_flight: Arc::clone(self), id, serial, cancel, cancel_signal, reserved: None, open: true })
    }

    /// Responds to a request with −32800 and drops its handler, or tells it that the client has cancelled the request.
    /// Does nothing if no request with this id is in flight.
    pub(crate) fn cancel(&self, id: &str) {
        let mut table = self.table.lock();
        if let Some(cancel_signal) = table.by_id.get(id).and_then(|entry| entry.cancel_signal.clone()) {
            drop(table);
            return cancel_signal.cancel();
        }
        let taken = table.by_id.remove_entry(id);
        drop(table);
        if let Some((id, entry)) = taken {
            self.respond_cancelled(&id, &entry);
        }
    }

    /// Cancels all requests.
    pub(crate) fn cancel_all(&self) {
        let taken = std::mem::take(&mut self.table.lock().by_id);
        for (id, entry) in taken {
            self.respond_cancelled(&id, &entry);
        }
    }

    fn respond_cancelled(&self, id: &str, entry: &PendingRequest) {
        let line = message::error(self.outbox.tag(), id, &error::cancelled());
        let _ = self.outbox.push(line, None, Wake::Now);
        entry.cancel.cancel();
    }

    /// Removes a request. Returns false if it is no longer in flight.
    fn claim(&self, id: &str, serial: u64) -> bool {
        let mut table = self.table.lock();
        if table.by_id.get(id).is_some_and(|entry| entry.serial == serial) {
            table.by_id.remove(id);
            return true;
        }
        false
    }
}

/// The right to respond to one request. If it is dropped unused (a panic, a dropped handler), it responds with −32603.
pub(crate) struct Responder {
    in_flight: Arc<InFlight>,
    id: Arc<str>,
    serial: u64,
    cancel: CancellationToken,
    cancel_signal: Option<CancellationToken>,
    reserved: Option<Arc<ReservedBytes>>,
    open: bool,
}

impl Responder {
    pub(crate) fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Returns the call for the handler, with the bytes that are reserved for its params.
    pub(crate) fn new_call(&mut self, params: Option<Share>) -> Call {
        let reserved = Arc::new(ReservedBytes { params, ..ReservedBytes::default() });
        self.reserved = Some(Arc::clone(&reserved));
        Call { cancel: self.cancel_signal.as_ref().unwrap_or(&self.cancel).clone(), reserved }
    }

    /// Queues the response and resolves [`crate::Queued`]. Drops the response if the request is no longer in flight.
    pub(crate) fn send(mut self, response: MethodResponse, wake: Wake) {
        let outbox = &self.in_flight.outbox;
        let success = response.is_success();
        let (json, queued, _) = response.into_parts();
        let line = message::response(outbox.tag(), &self.id, json);
        let share = self.reserved.take().and_then(|reserved| reserved.response.lock().take());
        self.open = false;
        if self.in_flight.claim(&self.id, self.serial)
            && outbox.push(line, share, wake).is_ok()
            && let Some(queued) = queued
        {
            queued.notify(success);
        }
    }

    /// Queues an error response.
    pub(crate) fn refuse(mut self, error: &ErrorObjectOwned, wake: Wake) {
        self.close(error, wake);
    }

    fn close(&mut self, error: &ErrorObjectOwned, wake: Wake) {
        self.open = false;
        if self.in_flight.claim(&self.id, self.serial) {
            let outbox = &self.in_flight.outbox;
            let _ = outbox.push(message::error(outbox.tag(), &self.id, error), None, wake);
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if self.open {
            self.close(&error::internal_error(), Wake::Now);
        }
    }
}
