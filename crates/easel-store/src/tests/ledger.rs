//! Reservations and the ledger.

use std::path::Path;

use easel_imagegen::port::{Admission, CallEnd, CallStart, ReserveError, Store, image_error};
use easel_imagegen::spending::{Cost, LimitError, Limits, Price, Quote};
use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageErrorKind, RequestedImage};
use rusqlite::{Connection, Row};

use super::sample::*;
use crate::{EaselStore, LedgerRange, LedgerRow};

const DAY_MS: i64 = 86_400_000;
const DIME: Cost = Cost::from_micros(100_000);

/// Returns a call that may cost a dime, under a limit of three images and of three dimes in one day.
fn limited(call_id: &str) -> CallStart {
    let limits = Limits { images_per_day: Some(3), cost_per_day: Some(DIME.saturating_mul(3)), cost_per_thread: None };
    let price = Some(Price { image: Some(0.1), ..Price::default() });
    CallStart { quote: Quote { cost: Some(DIME), price, ..quote() }, limits, ..call(call_id) }
}

fn of_images(images: u32, call_id: &str) -> CallStart {
    let call = limited(call_id);
    let parameters = AppliedImage { n: Some(images), ..AppliedImage::default() };
    let quote = Quote { images, cost: Some(DIME.saturating_mul(images.into())), ..call.quote };
    CallStart { requested: RequestedImage { parameters, ..call.requested }, quote, ..call }
}

/// The admission of a call whose last attempt was lost, with its id at the provider.
fn repeat_after(lost_request_id: Option<&str>) -> Admission {
    Admission::Repeated { lost_request_id: lost_request_id.map(Into::into) }
}

fn failed(billed: Billed) -> CallEnd {
    end_with(ImageError { billed, ..image_error(ImageErrorKind::Network, "the connection was lost") })
}

async fn is_refused(store: &EaselStore, call: CallStart) -> bool {
    match store.reserve(call).await {
        Ok(_) => false,
        Err(ReserveError::Refused(_)) => true,
        Err(ReserveError::Storage(error)) => panic!("{error}"),
    }
}

async fn rows(store: &EaselStore) -> Vec<LedgerRow> {
    store.read_ledger(LedgerRange::all()).await.unwrap().0
}

/// Outcome, images, lost images and dimes of each row.
async fn summary(store: &EaselStore) -> Vec<(String, u64, u64, Option<u64>)> {
    let dimes = |cost: Cost| cost.as_micros() / DIME.as_micros();
    let row = |row: LedgerRow| {
        (row.outcome.unwrap_or_else(|| "open".into()), row.images, row.lost_images, row.cost.map(dimes))
    };
    rows(store).await.into_iter().map(row).collect()
}

fn database(home: &Path) -> Connection {
    Connection::open(home.join("easel.db")).unwrap()
}

#[tokio::test]
async fn two_processes_share_the_budget_of_a_day() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = (store(home.path()).await, open(home.path()));
    assert!(!is_refused(&first, of_images(2, "a")).await);
    assert!(is_refused(&second, of_images(2, "b")).await);
    assert!(!is_refused(&second, limited("b")).await);
    for store in [&first, &second] {
        let refused = store.reserve(limited("c")).await.unwrap_err();
        let ReserveError::Refused(refusal) = refused else { panic!("{refused}") };
        assert!(matches!(*refusal, LimitError::OverLimit { reset: Some(_), .. }), "{refusal}");
    }
    // A refused call is not in the journal.
    let calls: u32 = database(home.path()).query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).unwrap();
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn ended_call_counts_what_was_billed() {
    for (end, expected) in [
        (failed(Billed::No), ("released", 0, 0, Some(0))),
        (failed(Billed::Uncertain), ("uncertain", 2, 2, Some(2))),
        (failed(Billed::Yes), ("failed", 2, 0, Some(2))),
    ] {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path()).await;
        store.reserve(of_images(2, "a")).await.unwrap();
        assert_eq!(summary(&store).await, [("open".into(), 2, 0, Some(2))]);
        store.settle(THREAD, "a", end).await.unwrap();
        let (outcome, images, lost, cost) = expected;
        assert_eq!(summary(&store).await, [(outcome.to_owned(), images, lost, cost)]);
        assert_eq!(is_refused(&store, of_images(3, "b")).await, images > 0, "{outcome}");
        let counts = store.spending(Some(THREAD.into())).await.unwrap();
        // The sample calls are from 1970, so that they are not of today.
        assert_eq!((counts.today.spent.images, counts.today.uncertain.images), (0, 0));
        let thread = counts.thread.unwrap();
        assert_eq!(
            (thread.spent.images + thread.reserved.images, thread.uncertain.images),
            match outcome {
                "released" => (3, 0),
                "uncertain" => (0, 2),
                _ => (2, 0),
            }
        );
    }
}

#[tokio::test]
async fn image_that_arrived_is_in_the_ledger_with_its_request() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(of_images(2, "a")).await.unwrap();
    let made = made(vec![stage(&store, &png(2, 2, b"one"))]);
    store.settle(THREAD, "a", CallEnd::Generated { made, elapsed_ms: 5 }).await.unwrap();
    assert!(store.delete_thread(THREAD).await.unwrap());
    let row = rows(&store).await.remove(0);
    assert_eq!((row.outcome.as_deref(), row.images, row.cost), (Some("made"), 1, Some(DIME)));
    assert_eq!((row.request_id.as_deref(), row.input_tokens, row.output_tokens), (Some("req_1"), Some(1), Some(2)));
    assert_eq!((row.requested, row.estimate, row.is_approved), (2, Some(DIME.saturating_mul(2)), false));
    assert_eq!((&*row.thread_id, row.item_id.as_deref(), row.provider.as_str()), (THREAD, Some("a"), "openai"));
}

#[tokio::test]
async fn settled_rows_of_the_ledger_cannot_change() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(limited("a")).await.unwrap();
    store.settle(THREAD, "a", failed(Billed::Yes)).await.unwrap();
    let database = database(home.path());
    for (sql, reason) in [
        ("UPDATE ledger SET cost = 0", "a settled row of the ledger cannot be changed"),
        ("UPDATE ledger SET outcome = NULL", "a settled row of the ledger cannot be changed"),
        ("DELETE FROM ledger", "a settled row of the ledger cannot be deleted"),
    ] {
        assert!(database.execute(sql, []).unwrap_err().to_string().contains(reason), "{sql}");
    }
}

#[tokio::test]
async fn approved_call_passes_the_limits_and_is_marked() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(of_images(3, "a")).await.unwrap();
    assert!(is_refused(&store, limited("b")).await);
    let budget = store.reserve(CallStart { admission: Admission::Approved, ..limited("b") }).await.unwrap().unwrap();
    assert_eq!((budget.today.images, budget.today.cost), (4, DIME.saturating_mul(4)));
    assert_eq!(rows(&store).await.iter().map(|row| row.is_approved).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn each_attempt_that_may_be_billed_has_a_row() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let repeat = || CallStart { admission: repeat_after(None), ..limited("a") };
    store.reserve(limited("a")).await.unwrap();
    let budget = store.reserve(repeat()).await.unwrap().unwrap();
    assert_eq!((budget.today.images, budget.today.cost), (2, DIME.saturating_mul(2)));
    store.reserve(repeat()).await.unwrap();
    let lost = || ("uncertain".to_owned(), 1, 1, Some(1));
    assert_eq!(summary(&store).await, [lost(), lost(), ("open".into(), 1, 0, Some(1))]);
    assert!(is_refused(&store, repeat()).await, "a fourth image is over the limit of the day");
    assert_eq!(summary(&store).await.len(), 3, "a refusal changes nothing");
    store.settle(THREAD, "a", failed(Billed::Uncertain)).await.unwrap();
    assert_eq!(summary(&store).await, [lost(), lost(), lost()]);
}

#[tokio::test]
async fn repeat_that_was_rejected_is_released() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(limited("a")).await.unwrap();
    store.reserve(CallStart { admission: repeat_after(None), ..limited("a") }).await.unwrap();
    let error = ImageError { billed: Billed::Uncertain, ..image_error(ImageErrorKind::RateLimited, "busy") };
    store.settle(THREAD, "a", CallEnd::Failed { error, last_attempt: Billed::No }).await.unwrap();
    assert_eq!(summary(&store).await, [("uncertain".into(), 1, 1, Some(1)), ("released".into(), 0, 0, Some(0))]);
}

#[tokio::test]
async fn repeat_that_made_an_image_is_settled() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(limited("a")).await.unwrap();
    store.reserve(CallStart { admission: repeat_after(None), ..limited("a") }).await.unwrap();
    let made = made(vec![stage(&store, &png(2, 2, b"one"))]);
    let records = store.settle(THREAD, "a", CallEnd::Generated { made, elapsed_ms: 5 }).await.unwrap();
    assert_eq!((records.len(), summary(&store).await[1].clone()), (1, ("made".into(), 1, 0, Some(1))));
}

#[tokio::test]
async fn free_call_is_not_in_the_ledger() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let none = Limits { images_per_day: Some(0), ..Limits::default() };
    for call in [CallStart { bills: false, ..call("a") }, CallStart { synthetic: true, ..call("b") }] {
        let call = CallStart { limits: none, ..call };
        assert_eq!(store.reserve(call.clone()).await.unwrap(), None);
        let journaled = "SELECT count(*) FROM calls WHERE call_id = ?1";
        let count =
            database(home.path()).query_row(journaled, [call.item_id.as_str()], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count, 1, "a call is in the journal before it is sent");
        assert_eq!(store.reserve(CallStart { admission: repeat_after(None), ..call }).await.unwrap(), None);
    }
    assert_eq!(rows(&store).await, []);
}

/// Checks that the sums that are kept for each thread are those of its rows.
fn assert_sums(home: &Path) {
    let kept = "SELECT thread_id, images, cost, unpriced_images FROM ledger_threads ORDER BY thread_id";
    let counted = "SELECT thread_id, sum(images), coalesce(sum(cost), 0), sum(iif(cost IS NULL, images, 0)) \
                   FROM ledger GROUP BY thread_id ORDER BY thread_id";
    let database = database(home);
    let read = |sql: &str| {
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let mut statement = database.prepare(sql).unwrap();
        let rows: Vec<(String, i64, i64, i64)> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
        rows
    };
    assert_eq!(read(kept), read(counted));
}

#[tokio::test]
async fn limit_of_a_day_is_free_on_the_next_day() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(of_images(3, "a")).await.unwrap();
    let at = call("a").started_at_ms;
    assert!(is_refused(&store, limited("b")).await);
    assert!(!is_refused(&store, CallStart { started_at_ms: at + DAY_MS, ..limited("b") }).await);
    assert!(!is_refused(&store, CallStart { started_at_ms: at - DAY_MS, ..limited("c") }).await);
    // The limit of a thread has no days.
    let of_thread = Limits { cost_per_thread: Some(DIME.saturating_mul(5)), ..Limits::default() };
    let call = CallStart { started_at_ms: at + 9 * DAY_MS, limits: of_thread, ..limited("d") };
    assert!(is_refused(&store, call.clone()).await);
    assert!(!is_refused(&store, CallStart { thread_id: "other".into(), ..call }).await);
    assert_sums(home.path());
}

#[tokio::test]
async fn request_whose_end_was_not_written_counts() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve_request(hosted_request(TURN)).await.unwrap();
    store.reserve_request(hosted_request(TURN)).await.unwrap();
    store.end_request(THREAD, TURN, Billed::No, None).await.unwrap();
    let outcomes: Vec<String> = summary(&store).await.into_iter().map(|(outcome, ..)| outcome).collect();
    assert_eq!(outcomes, ["uncertain"]);
}

#[tokio::test]
async fn hosted_request_reserves_its_first_image() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let limits = limited("a").limits;
    let request = || easel_imagegen::port::RequestStart { limits, quote: limited("a").quote, ..hosted_request(TURN) };
    let hosted = |id| CallStart { admission: Admission::Started, ..limited(id) };
    store.reserve_request(request()).await.unwrap();
    assert_eq!(summary(&store).await, [("open".into(), 1, 0, Some(1))]);
    assert_eq!(store.reserve(hosted("a")).await.unwrap(), None, "the image was admitted with the request");
    for (id, images) in [("b", 2), ("c", 3)] {
        let budget = store.reserve(hosted(id)).await.unwrap().unwrap();
        assert_eq!(budget.today.images, images, "{id}");
        assert_eq!(budget.admit_reserved(budget.limits, &limited(id).quote), Ok(()), "{id}");
    }
    assert_eq!(rows(&store).await.len(), 3, "the first image took the row of the request");
    // The provider makes a fourth image, which cannot be refused anymore.
    let budget = store.reserve(hosted("d")).await.unwrap().unwrap();
    assert!(budget.admit_reserved(budget.limits, &limited("d").quote).is_err());
    assert!(matches!(store.reserve_request(request()).await, Err(ReserveError::Refused(_))));
    for id in ["a", "b", "c", "d"] {
        store.settle(THREAD, id, failed(Billed::No)).await.unwrap();
    }
    store.reserve_request(request()).await.unwrap();
    store.end_request(THREAD, TURN, Billed::No, None).await.unwrap();
    assert_eq!(rows(&store).await.len(), 4, "nothing is left of a request without an image");
    store.reserve_request(request()).await.unwrap();
    store.end_request(THREAD, TURN, Billed::Uncertain, None).await.unwrap();
    assert!(summary(&store).await.contains(&("uncertain".into(), 1, 1, Some(1))));
    assert_sums(home.path());
}

#[tokio::test]
async fn reservation_of_a_dead_process_stays_and_is_uncertain() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    store.reserve(of_images(2, "a")).await.unwrap();
    store.reserve_request(hosted_request(TURN)).await.unwrap();
    store.close().await;
    let store = open(home.path());
    let expected = [("uncertain".into(), 1, 1, None), ("uncertain".into(), 2, 2, Some(2))];
    assert_eq!(summary(&store).await, expected);
    assert!(is_refused(&store, limited("b")).await);
}

#[tokio::test]
async fn ledger_of_an_older_database_is_filled_from_its_journal() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for (id, end) in [("a", failed(Billed::No)), ("b", failed(Billed::Uncertain)), ("c", failed(Billed::Yes))] {
        store.reserve(CallStart { limits: Limits::default(), ..of_images(2, id) }).await.unwrap();
        store.settle(THREAD, id, end).await.unwrap();
    }
    store.reserve(call("d")).await.unwrap();
    let made = made(vec![stage(&store, &png(2, 2, b"one")), stage(&store, &png(2, 2, b"two"))]);
    store.settle(THREAD, "d", CallEnd::Generated { made, elapsed_ms: 5 }).await.unwrap();
    store.reserve(CallStart { bills: false, ..call("e") }).await.unwrap();
    store.reserve(CallStart { synthetic: true, ..call("f") }).await.unwrap();
    store.close().await;
    let older = "DROP INDEX images_of_owner; DROP TRIGGER made_images_have_an_owner; DROP VIEW thread_owners; \
        ALTER TABLE images DROP COLUMN thread_owner; DROP TABLE ledger; DROP TABLE ledger_threads; \
        DROP TABLE host_calls; DROP TABLE face_threads; PRAGMA user_version = 11;";
    database(home.path()).execute_batch(older).unwrap();
    let store = open(home.path());
    let of = |row: LedgerRow| (row.item_id.unwrap().to_string(), row.outcome.unwrap(), row.images, row.lost_images);
    let found: Vec<_> = rows(&store).await.into_iter().map(of).collect();
    let row = |id: &str, outcome: &str, images, lost| (id.to_owned(), outcome.to_owned(), images, lost);
    let expected =
        [row("a", "released", 0, 0), row("b", "uncertain", 2, 2), row("c", "failed", 2, 0), row("d", "made", 2, 0)];
    assert_eq!(found, expected);
    let made = rows(&store).await.remove(3);
    assert_eq!((made.cost, made.request_id.as_deref(), made.output_tokens), (None, Some("req_1"), Some(2)));
    assert_sums(home.path());
}
