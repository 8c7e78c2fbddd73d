//! One image call, which may outlive the request that began it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use easel_client::{ClientError, Connection, ServerRequest};
use easel_protocol::approval::PermissionsRequestApprovalParams;
use easel_protocol::id::ThreadId;
use easel_protocol::method::ToolCall;
use easel_protocol::tool::{ToolArguments, ToolCallFormat, ToolCallParams, ToolCallPictures, ToolCallResponse};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::canonical;

/// Questions of one call that wait for an answer. A call asks one after the other.
const MAX_QUESTIONS: usize = 4;

/// A question of the app-server: whether the call may be made.
pub(crate) struct Question {
    pub(crate) params: PermissionsRequestApprovalParams,
    pub(crate) request: ServerRequest,
}

/// How a call ended: its response, or a sentence for the model.
pub(crate) type Outcome = Result<Arc<ToolCallResponse>, Arc<str>>;

/// An image call.
pub(crate) struct Call {
    /// The id of the call in the app-server, and of its item.
    pub(crate) id: String,
    /// The hash of the arguments.
    pub(crate) key: String,
    started: Instant,
    /// The outcome, and when it was there.
    outcome: watch::Receiver<Option<(Instant, Outcome)>>,
    stop: CancellationToken,
    questions: mpsc::Sender<Question>,
    /// The questions without an answer, for the request that waits for the call.
    pub(crate) open_questions: Mutex<mpsc::Receiver<Question>>,
}

impl Call {
    /// Prepares a call and returns it with the future that makes it. `stop` cancels it.
    pub(crate) fn new(
        connection: Connection,
        thread_id: ThreadId,
        id: String,
        arguments: Map<String, Value>,
        stop: CancellationToken,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (sender, outcome) = watch::channel(None);
        let (questions, open_questions) = mpsc::channel(MAX_QUESTIONS);
        let call = Arc::new(Self {
            id: id.clone(),
            key: canonical::hash(&arguments),
            started: Instant::now(),
            outcome,
            stop: stop.clone(),
            questions,
            open_questions: Mutex::new(open_questions),
        });
        let params = ToolCallParams {
            thread_id,
            call_id: id.into(),
            namespace: None,
            tool: "imagegen".to_owned(),
            arguments: ToolArguments::Object(arguments),
            turn_id: None,
            format: Some(ToolCallFormat::Mcp),
            // The pictures of the result depend on the limits of the host.
            pictures: Some(ToolCallPictures::None),
        };
        let work = async move {
            let outcome = run(&connection, &params, &stop).await;
            let outcome = outcome.map(Arc::new).map_err(|error| Arc::from(sentence(&error)));
            sender.send_replace(Some((Instant::now(), outcome)));
        };
        (call, work)
    }

    /// Waits for the end of the call.
    pub(crate) async fn ended(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await;
        // The task that runs the call panicked.
        let lost = || Err(Arc::from("The image call failed inside Easel; the log has the reason."));
        ended.ok().and_then(|ended| ended.as_ref().map(|(_, outcome)| outcome.clone())).unwrap_or_else(lost)
    }

    /// Returns whether the next equal call gets the outcome of this one: any that the host's user has not stopped,
    /// since a failed call may have been paid for too.
    pub(crate) fn has_undelivered_outcome(&self) -> bool {
        self.has_images() || !self.stop.is_cancelled()
    }

    /// Returns whether the call has ended with images.
    pub(crate) fn has_images(&self) -> bool {
        matches!(&*self.outcome.borrow(), Some((_, Ok(response))) if !response.images.is_empty())
    }

    /// Passes a question to the request that waits for the call, now or later. A question without room is denied.
    pub(crate) fn ask(&self, question: Question) {
        let _ = self.questions.try_send(question);
    }

    /// Stops the call. What has arrived is kept.
    pub(crate) fn cancel(&self) {
        self.stop.cancel();
    }

    pub(crate) fn is_running(&self) -> bool {
        // Without its sender the task that runs the call has panicked.
        self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok()
    }

    /// Returns the time since the call ended, if it has.
    pub(crate) fn time_since_end(&self) -> Option<Duration> {
        self.outcome.borrow().as_ref().map(|(at, _)| at.elapsed())
    }

    /// Returns the time since the call began.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }
}

async fn run(
    connection: &Connection,
    params: &ToolCallParams,
    stop: &CancellationToken,
) -> Result<ToolCallResponse, ClientError> {
    let mut pending = connection.start::<ToolCall>(params).await?;
    tokio::select! {
        biased;
        response = &mut pending => return response,
        () = stop.cancelled() => pending.cancel(),
    }
    pending.await
}

/// Returns what the model reads about a call that the app-server has refused.
fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::Refused { message, .. } => message.clone(),
        error @ (ClientError::TooLong { .. } | ClientError::Closed | ClientError::Protocol(_) | ClientError::Io(_)) => {
            format!("The image call failed: {error}.")
        }
    }
}
