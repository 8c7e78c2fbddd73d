//! One request's wait for its call.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use tokio::time::Instant;

use crate::call::{Call, Outcome, Question};

/// Time between two reports of progress. Hosts that are kept waiting by progress give up after 60 s without one.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Why a wait ended.
pub(crate) enum Waited {
    Ended(Outcome),
    /// The app-server asks whether the call may be made.
    Question(Box<Question>),
    /// The host may give up soon.
    TooLong,
    /// The host has cancelled the request.
    Cancelled,
}

/// The wait of one request.
pub(crate) struct Wait<'a> {
    context: &'a RequestContext<RoleServer>,
    token: Option<ProgressToken>,
    /// When the request is answered without its image.
    deadline: Option<Instant>,
    next_report: Instant,
    /// The last report in seconds. The next one must be greater.
    reported: Option<u64>,
}

impl<'a> Wait<'a> {
    /// Begins to wait. `answer_within` does not apply to a host that shows progress: its clock starts again with each
    /// report.
    pub(crate) fn new(context: &'a RequestContext<RoleServer>, answer_within: Option<Duration>) -> Self {
        let token = context.meta.get_progress_token();
        let now = Instant::now();
        let deadline = answer_within.filter(|_| token.is_none()).map(|within| now + within);
        Self { context, token, deadline, next_report: now, reported: None }
    }

    /// Waits until something happens to the call, and reports progress meanwhile.
    pub(crate) async fn next(&mut self, call: &Call) -> Waited {
        let mut questions = call.open_questions.lock().await;
        loop {
            let deadline = self.deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                outcome = call.ended() => return Waited::Ended(outcome),
                () = self.context.ct.cancelled() => return Waited::Cancelled,
                Some(question) = questions.recv() => return Waited::Question(Box::new(question)),
                () = tokio::time::sleep_until(deadline), if self.deadline.is_some() => return Waited::TooLong,
                () = tokio::time::sleep_until(self.next_report), if self.token.is_some() => self.report(call).await,
            }
        }
    }

    async fn report(&mut self, call: &Call) {
        self.next_report = Instant::now() + PROGRESS_INTERVAL;
        let (Some(token), seconds) = (self.token.clone(), call.age().as_secs()) else { return };
        let seconds = self.reported.map_or(seconds, |reported| seconds.max(reported + 1));
        self.reported = Some(seconds);
        let mut progress = ProgressNotificationParam::new(token, seconds as f64);
        progress.message = Some(format!("drawing, {seconds} s"));
        if let Err(error) = self.context.peer.notify_progress(progress).await {
            tracing::debug!(%error, "progress was not sent");
        }
    }
}
