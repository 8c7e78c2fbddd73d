use easel_protocol::method::UsageRead;
use easel_protocol::usage::{UsageEntry, UsageReadParams, UsageReadResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::prices::{priced, total};
use crate::refusal::Refusal;

impl Handler for UsageRead {
    async fn handle(cx: Cx, params: UsageReadParams) -> Result<Answer<UsageReadResponse>, Refusal> {
        for (field, day) in [("since", &params.since), ("until", &params.until)] {
            if day.as_deref().is_some_and(|day| !is_day(day)) {
                return Err(Refusal::field(field, "must be a day as YYYY-MM-DD"));
            }
        }
        let page = cx.app.store.list_usage(params).await.map_err(|refused| Refusal::page(refused, None))?;
        let config = cx.app.config();
        let totals = total(page.totals.iter().map(|used| priced(used, &config)));
        let entry = |used| {
            let counts = priced(&used, &config);
            UsageEntry {
                day: used.day,
                thread_id: used.thread_id.into(),
                provider: used.provider,
                model: used.model,
                used: counts,
            }
        };
        let data = page.data.into_iter().map(entry).collect();
        Ok(Answer::new(UsageReadResponse { data, totals, next_cursor: page.next_cursor }))
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
