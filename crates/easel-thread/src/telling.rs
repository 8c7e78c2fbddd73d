//! Tells the audience of a turn, but not before its start has been answered and the client has had a moment to
//! subscribe. The work goes on meanwhile; what is to be told waits here.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use tokio::time::Instant;

use crate::audience::Audience;

/// Events that wait before the turn waits with them.
const MAX_WAITING: usize = 1_024;

/// Resolves once the answer to `turn/start` is on its way.
pub type Answered = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Telling<A> {
    audience: A,
    thread_id: ThreadId,
    waiting: VecDeque<Event>,
    closed: Option<Closed>,
}

enum Closed {
    Unanswered { answered: Answered, delay: Duration },
    Until(Instant),
}

impl Closed {
    /// May be dropped and called again.
    async fn opened(&mut self) {
        if let Self::Unanswered { answered, delay } = self {
            let delay = *delay;
            answered.await;
            *self = Self::Until(Instant::now() + delay);
        }
        if let Self::Until(moment) = self {
            tokio::time::sleep_until(*moment).await;
        }
    }
}

impl<A: Audience> Telling<A> {
    pub(crate) fn new(audience: A, thread_id: &str, answered: Answered, delay: Duration) -> Self {
        let closed = Some(Closed::Unanswered { answered, delay });
        Self { audience, thread_id: thread_id.into(), waiting: VecDeque::new(), closed }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Waits for the moment from which events may be told. May be dropped and called again.
    pub(crate) async fn may_tell(&mut self) {
        if let Some(closed) = &mut self.closed {
            closed.opened().await;
        }
    }

    /// Tells nothing more until this is answered, too.
    pub(crate) fn hold(&mut self, answered: Answered) {
        let before = self.closed.take();
        let answered = Box::pin(async move {
            if let Some(mut before) = before {
                before.opened().await;
            }
            answered.await;
        });
        self.closed = Some(Closed::Unanswered { answered, delay: Duration::ZERO });
    }

    /// Tells what has waited, and from now on everything at once.
    pub(crate) async fn open(&mut self) {
        self.closed = None;
        while let Some(event) = self.waiting.pop_front() {
            self.audience.publish(&self.thread_id, event).await;
        }
    }

    pub(crate) async fn tell(&mut self, event: Event) {
        if self.closed.is_none() {
            return self.audience.publish(&self.thread_id, event).await;
        }
        self.waiting.push_back(event);
        if self.waiting.len() >= MAX_WAITING {
            self.may_tell().await;
            self.open().await;
        }
    }

    pub(crate) async fn finish(&mut self) {
        self.may_tell().await;
        self.open().await;
    }
}
