//! The tasks that pass on what the app-server sends: one for all sessions, and one for each that translates.

use std::collections::HashMap;
use std::sync::Arc;

use easel_client::{Message, Messages};
use easel_protocol::event::Event;
use easel_protocol::id::{ItemId, ThreadId};
use easel_protocol::method::PermissionsRequestApproval;
use easel_protocol::turn::Turn;
use tokio::sync::mpsc;

use super::approval::Question;
use super::session::SessionEvent;
use super::{Agent, Session};
use crate::schema::SessionUpdate;
use crate::translate::{Step, TurnTranslation, finished_tool_call};

/// Passes each message to its session. It waits for no response, so responses are always read.
pub(crate) async fn dispatch(agent: Arc<Agent>, mut messages: Messages) {
    loop {
        let message = match messages.next().await {
            Ok(Some(message)) => message,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(%error, "the connection to the app-server failed");
                break;
            }
        };
        let (thread_id, event) = match message {
            Message::Event(event) => match thread_of(&event) {
                Some(thread_id) => (thread_id.clone(), SessionEvent::Event(event)),
                None => continue,
            },
            Message::Request(request) => match request.params::<PermissionsRequestApproval>() {
                Ok(Some(params)) => (params.thread_id.clone(), SessionEvent::Approval(request, Box::new(params))),
                Ok(None) | Err(_) => continue,
            },
        };
        if let Some(session) = agent.find_session(thread_id.as_str()) {
            session.push(event).await;
        }
    }
    // Without events no prompt ends.
    agent.outbox.close();
}

/// Returns the thread of an event that a session translates.
fn thread_of(event: &Event) -> Option<&ThreadId> {
    if let Event::ItemStarted(event) = event {
        Some(&event.thread_id)
    } else if let Event::ItemCompleted(event) = event {
        Some(&event.thread_id)
    } else if let Event::AgentMessageDelta(event) = event {
        Some(&event.thread_id)
    } else if let Event::ImagePreview(event) = event {
        Some(&event.thread_id)
    } else if let Event::ReasoningSummaryTextDelta(event) = event {
        Some(&event.thread_id)
    } else if let Event::ReasoningTextDelta(event) = event {
        Some(&event.thread_id)
    } else if let Event::ThreadTokenUsageUpdated(event) = event {
        Some(&event.thread_id)
    } else if let Event::ThreadNameUpdated(event) = event {
        Some(&event.thread_id)
    } else if let Event::Warning(event) = event {
        Some(&event.thread_id)
    } else if let Event::TurnStarted(event) = event {
        Some(&event.thread_id)
    } else if let Event::TurnCompleted(event) = event {
        Some(&event.thread_id)
    } else {
        None
    }
}

/// Translates the events of one session until it is closed.
pub(crate) async fn run(agent: Arc<Agent>, session: Arc<Session>, mut events: mpsc::Receiver<SessionEvent>) {
    let mut turn = TurnTranslation::default();
    // The questions that wait for the user. An item that ends withdraws its question.
    let mut questions: HashMap<ItemId, Question> = HashMap::new();
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = session.closed.cancelled() => None,
        };
        match event {
            None => break,
            Some(SessionEvent::Event(event)) => {
                for step in turn.steps(*event) {
                    match step {
                        Step::Update(update) => agent.update(&session.id, &update).await,
                        Step::Partial(preview) => agent.send_partial(&session.id, preview).await,
                        Step::Finished(item) => {
                            if let Some(question) = questions.remove(&item.id) {
                                question.withdraw(&agent).await;
                            }
                            let pictures = agent.read_pictures(&item.images.iter().collect::<Vec<_>>()).await;
                            let call = finished_tool_call(&item, pictures);
                            agent.update(&session.id, &SessionUpdate::ToolCallUpdate(call)).await;
                        }
                        Step::Ended(ended) => end_turn(&agent, &session, ended).await,
                    }
                }
            }
            Some(SessionEvent::Approval(request, params)) => {
                let question = Question::ask(&agent, &session, request, &params).await;
                questions.insert(params.item_id, question);
            }
            Some(SessionEvent::Decision { item_id, allowed }) => {
                // An answer that comes after the end of its item changes nothing.
                if let Some(question) = questions.remove(&item_id) {
                    question.answer(&agent, &session, item_id, allowed).await;
                }
            }
        }
    }
    for question in questions.into_values() {
        question.withdraw(&agent).await;
    }
}

async fn end_turn(agent: &Arc<Agent>, session: &Arc<Session>, turn: Turn) {
    let updated_at = turn.completed_at.and_then(super::history::rfc3339);
    let title = session.choices.lock().title.take();
    agent.update(&session.id, &SessionUpdate::SessionInfoUpdate { title, updated_at }).await;
    session.end_turn(turn);
}
