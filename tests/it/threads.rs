//! Threads: their life, their history and their subscribers.

mod changes;
mod ephemeral;
mod errors;
mod eviction;
pub(crate) mod forks;
mod lifecycle;
mod pages;
mod removal;
mod search;

use easel_protocol::thread::{ThreadItemsListParams, ThreadReadParams, ThreadResumeParams, ThreadTurnsListParams};

pub(crate) fn items_list_params(thread_id: &str) -> ThreadItemsListParams {
    ThreadItemsListParams {
        thread_id: thread_id.into(),
        turn_id: None,
        cursor: None,
        limit: Some(100),
        sort_direction: None,
    }
}

pub(crate) fn resume_params(thread_id: &str) -> ThreadResumeParams {
    ThreadResumeParams {
        thread_id: thread_id.into(),
        cwd: None,
        model: None,
        model_provider: None,
        config: None,
        base_instructions: None,
        developer_instructions: None,
        exclude_turns: None,
        experimental_raw_events: None,
    }
}

pub(crate) fn turns_list_params(thread_id: &str) -> ThreadTurnsListParams {
    ThreadTurnsListParams {
        thread_id: thread_id.into(),
        cursor: None,
        limit: None,
        sort_direction: None,
        items_view: None,
    }
}

/// Params that read a thread with its turns.
pub(crate) fn read_params(thread_id: &str) -> ThreadReadParams {
    ThreadReadParams { thread_id: thread_id.into(), include_turns: Some(true) }
}
