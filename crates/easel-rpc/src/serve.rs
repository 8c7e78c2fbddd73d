//! One connection: a reader thread, an outbox, and a shutdown in three steps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::inbound::dispatch::Dispatcher;
use crate::inbound::handshake::Handshake;
use crate::inbound::in_flight::InFlight;
use crate::inbound::source::{Line, Source};
use crate::limits::Limits;
use crate::outbound::budget::Budget;
use crate::outbound::outbox::Outbox;
use crate::request::table::Table;

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client sends nothing more; it may still read.
    InputClosed,
    /// The client has closed our output, or was disconnected because it did not read.
    OutputClosed,
}

/// A running connection. To end it: wait for [`Session::ended`], stop the sources of events, call [`Session::drain`],
/// and then [`Session::finish`].
pub struct Session {
    in_flight: Arc<InFlight>,
    tasks: TaskTracker,
    outbox: Outbox,
    input_closed: CancellationToken,
    stop_reading: Arc<AtomicBool>,
}

/// Serves one connection on a new reader thread and returns immediately. Must be called within a tokio runtime with
/// time enabled, which runs the handlers after their first pending await.
///
/// # Errors
/// If there is no runtime, or the thread cannot be started.
pub fn serve<C: Clone + Send + Sync + 'static>(
    table: Arc<Table<C>>,
    context: C,
    mut source: impl Source,
    outbox: Outbox,
    limits: Limits,
) -> io::Result<Session> {
    let runtime = Handle::try_current().map_err(io::Error::other)?;
    source.set_gate(outbox.new_gate(&table.bounds, runtime.clone()));
    let session = Session {
        in_flight: InFlight::new(limits.max_in_flight, outbox.clone()),
        tasks: TaskTracker::new(),
        outbox: outbox.clone(),
        input_closed: CancellationToken::new(),
        stop_reading: Arc::default(),
    };
    let bounds = Arc::clone(&table.bounds);
    outbox.use_shared_budgets(&bounds);
    let dispatcher = Dispatcher {
        table,
        context,
        outbox,
        in_flight: Arc::clone(&session.in_flight),
        tasks: session.tasks.clone(),
        runtime,
        limits,
        params: Budget::new(limits.params_bytes),
        bounds,
        handshake: Handshake::Pending,
    };
    // Dropped with the thread, so that the end of input is signalled even if the reader panics.
    let closed =
        (session.input_closed.clone().drop_guard(), dispatcher.outbox.peer().input_closed.clone().drop_guard());
    let stop = Arc::clone(&session.stop_reading);
    std::thread::Builder::new().name("easel-reader".to_owned()).spawn(move || {
        let _closed = closed;
        read_lines(dispatcher, source, &stop);
    })?;
    Ok(session)
}

fn read_lines<C: Clone + Send + Sync + 'static>(
    mut dispatcher: Dispatcher<C>,
    mut source: impl Source,
    stop: &AtomicBool,
) {
    let runtime = dispatcher.runtime.clone();
    let _context = runtime.enter();
    loop {
        let line = source.next_line();
        if stop.load(Ordering::Relaxed) || dispatcher.outbox.is_closed() {
            return;
        }
        match line {
            Ok(Line::Data(line)) => dispatcher.handle_line(line),
            Ok(Line::Blank) => {}
            Ok(Line::TooLong) => dispatcher.reject_long_line(),
            Ok(Line::End) => return,
            Err(e) => return tracing::warn!(error = %e, "reading from the client failed"),
        }
        if !source.has_line() {
            dispatcher.outbox.flush();
        }
        let stall_timeout = dispatcher.limits.stall_timeout;
        if !dispatcher.outbox.block_for_room(|waited| waited < stall_timeout || !source.is_hung_up()) {
            return tracing::info!("the client has closed its end and does not read its responses");
        }
    }
}

impl Session {
    /// Waits until the client ends the connection, and returns how.
    pub async fn ended(&self) -> End {
        tokio::select! {
            biased;
            () = self.outbox.closed() => End::OutputClosed,
            () = self.input_closed.cancelled() => End::InputClosed,
        }
    }

    /// Stops accepting requests and waits for those in flight, at most for `limit`. The rest get −32800. Returns
    /// whether all requests ended in time.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.stop_reading.store(true, Ordering::Relaxed);
        self.tasks.close();
        let in_time = tokio::time::timeout(limit, self.tasks.wait()).await.is_ok();
        self.in_flight.cancel_all();
        in_time
    }

    /// Writes the queued messages, at most for `limit` (the client may not read), and closes the output. Returns
    /// whether everything was written. Can be called again, to wait longer, or after the first call was dropped.
    pub async fn finish(&self, limit: Duration) -> bool {
        self.outbox.finish(limit).await
    }
}
