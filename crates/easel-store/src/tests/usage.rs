//! Sums of images and tokens.

use easel_imagegen::port::{CallEnd, CallStart, GeneratedImages, Store};
use easel_protocol::event::{Event, ThreadTokenUsage, ThreadTokenUsageUpdatedNotification, TokenUsage};
use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageListParams;
use easel_protocol::record::ImageUsage;
use easel_protocol::usage::UsageReadParams;

use super::sample::*;
use crate::{EaselStore, UsageRow};

/// The largest number of tokens that is counted.
const MAX_TOKENS: u64 = (1 << 53) - 1;

/// Generates an image whose provider reports this number of tokens of the request.
async fn draw(store: &EaselStore, thread_id: &str, call_id: &str, input_tokens: u64) {
    store.reserve(CallStart { thread_id: thread_id.into(), ..call(call_id) }).await.unwrap();
    let usage = Some(ImageUsage { input_tokens, output_tokens: 5, total_tokens: input_tokens });
    let staged = write_and_stage(&store.files(thread_id), &png(1, 1, call_id.as_bytes()));
    let made = GeneratedImages { usage, ..made(vec![staged]) };
    let records = store.settle(thread_id, call_id, CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    assert_eq!(records.len(), 1, "{input_tokens}");
}

async fn totals(store: &EaselStore, thread_id: Option<&str>) -> Vec<UsageRow> {
    let params = UsageReadParams { thread_id: thread_id.map(ThreadId::from), ..UsageReadParams::default() };
    store.list_usage(params).await.unwrap().totals
}

#[tokio::test]
async fn absurd_token_counts_lose_no_image() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.save_thread(thread("other"), None).await.unwrap();
    let counts = [u64::MAX, i64::MAX as u64, 10_000_000_000_000_000_000, 5];
    for (number, tokens) in counts.into_iter().enumerate() {
        draw(&store, THREAD, &format!("c{number}"), tokens).await;
    }
    draw(&store, "other", "c4", 7).await;
    assert_eq!(store.list_images(ImageListParams::default()).await.unwrap().data.len(), 5);
    for (thread_id, images, tokens) in [(None, 5, MAX_TOKENS), (Some(THREAD), 4, MAX_TOKENS), (Some("other"), 1, 7)] {
        let found = totals(&store, thread_id).await;
        let [used] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((used.images, used.input_tokens, used.output_tokens), (images, tokens, 5 * images));
    }
}

#[tokio::test]
async fn absurd_token_counts_of_a_response_are_stored() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for tokens in [i64::MAX, i64::MAX, -1, 1] {
        let last = TokenUsage { input_tokens: tokens, output_tokens: tokens, ..TokenUsage::default() };
        let token_usage = ThreadTokenUsage { last, ..ThreadTokenUsage::default() };
        let (thread_id, turn_id) = (THREAD.into(), TURN.into());
        let event = ThreadTokenUsageUpdatedNotification { thread_id, turn_id, token_usage };
        store.append(vec![Event::ThreadTokenUsageUpdated(event)]).await.unwrap();
    }
    let used = totals(&store, None).await.remove(0);
    assert_eq!((used.input_tokens, used.output_tokens), (MAX_TOKENS, MAX_TOKENS));
    let (days, _) = store.daily_tokens().await.unwrap();
    assert_eq!(days.iter().map(|day| day.tokens).collect::<Vec<_>>(), [MAX_TOKENS as i64]);
}
