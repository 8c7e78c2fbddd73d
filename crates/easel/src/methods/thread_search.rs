use easel_protocol::method::ThreadSearch;
use easel_protocol::thread_search::{ThreadSearchParams, ThreadSearchResponse, ThreadSearchResult};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Longest term, in Unicode scalar values.
const MAX_TERM_CHARS: usize = 200;

impl Handler for ThreadSearch {
    async fn handle(cx: Cx, params: ThreadSearchParams) -> Result<Answer<ThreadSearchResponse>, Refusal> {
        let search_term = params.search_term.trim().to_owned();
        if !(1..=MAX_TERM_CHARS).contains(&search_term.chars().count()) {
            return Err(Refusal::field("searchTerm", format!("must have 1 to {MAX_TERM_CHARS} characters")));
        }
        let wish = ThreadSearchParams { search_term, ..params };
        let page = cx.app.store.search_threads(wish).await.map_err(|refused| Refusal::page(refused, None))?;
        let with_status = |found: ThreadSearchResult| {
            let thread = cx.app.with_status(found.thread);
            ThreadSearchResult { thread, ..found }
        };
        let data = page.data.into_iter().map(with_status).collect();
        Ok(Answer::new(ThreadSearchResponse { data, ..page }))
    }
}
