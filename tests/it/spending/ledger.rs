//! `easel usage`, which prints the ledger.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use easel_protocol::record::{Billed, ImageErrorKind};
use serde_json::{Value, json};

use super::{
    database, draw, draw_in_new_thread, draw_square, images_today, model_that_draws, posts, sandbox, spending, start,
};
use crate::harness::Sandbox;

/// Runs the command. Returns what it prints.
async fn usage(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(&[&["usage"], arguments].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn ledger_outlives_its_thread_and_reconciles_by_request_id() {
    let provider = model_that_draws(json!({"prompt": "a cat"}), |exchange| {
        // The mock numbers its requests.
        draw_square(exchange);
    });
    let sandbox = sandbox("prices.gpt-image-2.image = 0.25", &provider);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    assert!(draw(&mut server, &thread.id).await.is_none());
    assert!(draw_in_new_thread(&mut server).await.is_none());
    let delete = easel_protocol::thread::ThreadDeleteParams { thread_id: thread.id.clone() };
    server.request::<easel_protocol::method::ThreadDelete>(&delete).await;
    server.expect_event("thread/deleted", |event| event.method() == "thread/deleted").await;
    server.close().await;
    // A call of another month, as an older version may have left it.
    let older = "INSERT INTO ledger (thread_id, turn_id, item_id, owner, provider, model, started_at_ms, requested, \
                 images, cost, lost_cost, outcome, request_id) VALUES ('t', 'u', 'i', 'o', 'mock', 'old-model', \
                 1735700400000, 1, 1, NULL, 0, 'made', '=1,2')";
    database(&sandbox).execute(older, ()).expect("a row");

    let lines = usage(&sandbox, &["--json"]).await;
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["thread_id"], *thread.id);
    assert_eq!((&rows[1]["cost_usd"], &rows[1]["outcome"]), (&json!(0.25), &json!("made")));
    assert_eq!((&rows[1]["images"], &rows[1]["input_tokens"]), (&json!(1), &json!(1_000)));

    let csv = usage(&sandbox, &["--csv", "--month", "2025-01"]).await;
    let csv: Vec<&str> = csv.lines().collect();
    assert_eq!(csv.len(), 2, "{csv:?}");
    assert!(csv[0].starts_with("day,provider,model,images,lost_images,cost_usd,outcome,request_id,"), "{}", csv[0]);
    assert!(csv[1].starts_with("2025-01-01,mock,old-model,1,0,,made,\"'=1,2\","), "{}", csv[1]);

    let table = usage(&sandbox, &["--by", "model"]).await;
    insta::assert_snapshot!(table, @r"
    model                                   calls   images  lost images  cost usd    unpriced images
    gpt-image-2                             2       2       0            0.5         0
    old-model                               1       1       0            0.0         1
    Total: 3 calls, 3 images, $0.50; 1 image without a known price
    ");
    let table = usage(&sandbox, &["--month", "2025-01"]).await;
    insta::assert_snapshot!(table, @r"
    day         provider      model               images  cost usd    outcome    request id
    2025-01-01  mock          old-model           1       -           made       =1,2
    Total: 1 call, 1 image, $0.00; 1 image without a known price
    ");
}

/// The rows of the ledger: their ends, their images, and how many of these were lost.
async fn ends(sandbox: &Sandbox) -> Vec<(String, u64, u64)> {
    let lines = usage(sandbox, &["--json"]).await;
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let count = |value: &Value| value.as_u64().expect("a count");
    rows.map(|row| {
        (row["outcome"].as_str().expect("an end").to_owned(), count(&row["images"]), count(&row["lost_images"]))
    })
    .collect()
}

#[tokio::test]
async fn each_lost_attempt_is_in_the_ledger() {
    let cuts = AtomicUsize::new(2);
    let provider = model_that_draws(json!({"prompt": "a cat"}), move |exchange| {
        if cuts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |cuts| cuts.checked_sub(1)).is_err() {
            return draw_square(exchange);
        }
        // The request has arrived, and the connection closes.
        exchange.read_body();
    });
    let sandbox = sandbox("images.retry_uncertain = true\nprices.gpt-image-2.image = 0.25", &provider);
    let mut server = start(&sandbox).await;
    assert!(draw_in_new_thread(&mut server).await.is_none());
    assert_eq!((posts(&provider), images_today(&mut server).await), (3, (0, 1, 2)));
    assert!((spending(&mut server).await.today.uncertain.cost_usd - 0.5).abs() < 1e-9);
    let keys: BTreeSet<_> = provider
        .requests_to("images/generations")
        .iter()
        .map(|request| request.header("idempotency-key").map(str::to_owned))
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    server.close().await;
    let lost = || ("uncertain".to_owned(), 1, 1);
    assert_eq!(ends(&sandbox).await, [lost(), lost(), ("made".to_owned(), 1, 0)]);
}

#[tokio::test]
async fn limit_of_a_day_ends_the_repeats() {
    let provider = model_that_draws(json!({"prompt": "a cat"}), |exchange| drop(exchange.read_body()));
    let sandbox = sandbox("images.retry_uncertain = true\nlimits.images_per_day = 2", &provider);
    let mut server = start(&sandbox).await;
    let error = draw_in_new_thread(&mut server).await.expect("an error");
    assert_eq!((error.kind, error.billed, error.attempts), (ImageErrorKind::Network, Billed::Uncertain, 2));
    assert_eq!((posts(&provider), images_today(&mut server).await), (2, (0, 0, 2)));
    server.close().await;
    let lost = || ("uncertain".to_owned(), 1, 1);
    assert_eq!(ends(&sandbox).await, [lost(), lost()]);
}

#[tokio::test]
async fn rejected_repeat_counts_as_released() {
    let is_first = AtomicBool::new(true);
    let provider = model_that_draws(json!({"prompt": "a cat"}), move |exchange| {
        exchange.read_body();
        if !is_first.swap(false, Ordering::Relaxed) {
            exchange.respond(400, "application/json", br#"{"error": {"message": "no", "code": "bad"}}"#);
        }
    });
    let sandbox = sandbox("images.retry_uncertain = true", &provider);
    let mut server = start(&sandbox).await;
    let error = draw_in_new_thread(&mut server).await.expect("an error");
    assert_eq!((error.http_status, error.billed, error.attempts), (Some(400), Billed::Uncertain, 2));
    server.close().await;
    let expected = [("uncertain".to_owned(), 1, 1), ("released".to_owned(), 0, 0)];
    assert_eq!(ends(&sandbox).await, expected);
}

#[tokio::test]
async fn usage_of_a_new_home_is_empty() {
    let sandbox = Sandbox::new();
    assert_eq!(usage(&sandbox, &[]).await, "Total: 0 calls, 0 images, $0.00\n");
    assert_eq!(usage(&sandbox, &["--json", "--by", "day"]).await, "");
    assert!(usage(&sandbox, &["--csv"]).await.starts_with("day,provider,model,images,"));
    assert!(usage(&sandbox, &["--csv", "--by", "model"]).await.starts_with("model,calls,images,"));
    let output = sandbox.run(&["usage", "--month", "november"]).await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn usage_has_a_help_text() {
    insta::assert_snapshot!(usage(&Sandbox::new(), &["--help"]).await, @r"
    Show what images have cost, from the ledger of billed calls

    Usage: easel usage [OPTIONS]

    Options:
          --month <YYYY-MM>  Only the calls of one month, such as 2026-11, in the local time zone
          --by <KEY>         Print sums instead of single calls [possible values: day, model, provider, thread]
          --json             Print one JSON object a line
          --csv              Print comma-separated values with a header, for a spreadsheet
      -h, --help             Print help
    ");
}
