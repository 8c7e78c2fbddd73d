use std::sync::Arc;

use easel_protocol::method::ThreadSearch;
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::Threads;

/// Maximum length of a search term, in Unicode scalar values.
const MAX_TERM_CHARS: usize = 200;

impl Handler for ThreadSearch {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadSearchParams,
    ) -> HandlerResult<ThreadSearchResponse> {
        let search_term = params.search_term.trim().to_owned();
        validate::length("searchTerm", &search_term, MAX_TERM_CHARS)?;
        Ok(HandlerOutput::new(threads.search(ThreadSearchParams { search_term, ..params }).await?))
    }
}
