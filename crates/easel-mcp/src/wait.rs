//! One request's wait for its call.

use std::future::pending;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::approval::{Decision, Elicitation};
use crate::call::{Call, Outcome, Question};

/// Time between two reports of progress. Hosts that are kept waiting by progress give up after 60 s without one.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Why a wait ended.
pub(crate) enum Waited {
    Ended(Outcome),
    /// The app-server asks whether the call may be made.
    Question(Box<Question>),
    /// The host's user has answered.
    Decision(Decision),
    /// The host may give up soon.
    TooLong,
    /// The host has cancelled the request.
    Cancelled,
}

/// The wait of one request.
pub(crate) struct Wait<'a> {
    context: &'a RequestContext<RoleServer>,
    stop: &'a CancellationToken,
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
    pub(crate) fn new(
        context: &'a RequestContext<RoleServer>,
        answer_within: Option<Duration>,
        stop: &'a CancellationToken,
    ) -> Self {
        let token = context.meta.get_progress_token();
        let now = Instant::now();
        let deadline = answer_within.filter(|_| token.is_none()).map(|within| now + within);
        Self { context, stop, token, deadline, next_report: now, reported: None }
    }

    /// Waits until something happens to the call or the question that the host was asked, and reports progress
    /// meanwhile.
    pub(crate) async fn next(&mut self, call: &Call, elicitation: &mut Option<Elicitation>) -> Waited {
        let (asks, shows) = (elicitation.is_some(), self.token.is_some());
        let mut questions = call.open_questions.lock().await;
        loop {
            let deadline = self.deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                outcome = call.ended() => return Waited::Ended(outcome),
                () = self.context.ct.cancelled() => return Waited::Cancelled,
                answer = answer(elicitation) => return Waited::Decision(answer),
                Some(question) = questions.recv(), if !asks => return Waited::Question(Box::new(question)),
                () = tokio::time::sleep_until(deadline), if self.deadline.is_some() => return Waited::TooLong,
                () = tokio::time::sleep_until(self.next_report), if shows => self.report(call, asks).await,
            }
        }
    }

    async fn report(&mut self, call: &Call, asks: bool) {
        self.next_report = Instant::now() + PROGRESS_INTERVAL;
        let (Some(token), seconds) = (self.token.clone(), call.age().as_secs()) else { return };
        let seconds = self.reported.map_or(seconds, |reported| seconds.max(reported + 1));
        self.reported = Some(seconds);
        let mut progress = ProgressNotificationParam::new(token, seconds as f64);
        let doing = if asks { "waiting for approval" } else { "drawing" };
        progress.message = Some(format!("{doing}, {seconds} s"));
        // At the end of the input the SDK sends nothing more.
        let sent = self.stop.run_until_cancelled(self.context.peer.notify_progress(progress)).await;
        if let Some(Err(error)) = sent {
            tracing::debug!(%error, "progress was not sent");
        }
    }
}

/// Waits for the answer to a question. Without one it waits forever.
async fn answer(elicitation: &mut Option<Elicitation>) -> Decision {
    match elicitation {
        Some(elicitation) => elicitation.answer().await,
        None => pending().await,
    }
}
