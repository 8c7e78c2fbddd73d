//! No list and no search reads all rows of a growing table.

use rusqlite::Connection;

use super::sample::*;
use crate::db::connection;
use crate::journal::budget;
use crate::lists::image_list;
use crate::lists::ledger;
use crate::lists::thread_list;
use crate::lists::thread_search;
use crate::lists::turn_list;
use crate::lists::usage;

/// Returns the steps of a query's plan.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
    steps.unwrap()
}

/// Returns condition and order of the first page of a list, and of a later page.
fn pages(value: &str, id: &str) -> [(String, String); 2] {
    let order = format!("{value} DESC, {id} DESC");
    [("?1 IS NULL AND ?2 IS NULL".to_owned(), order.clone()), (format!("({value}, {id}) < (?1, ?2)"), order)]
}

/// Returns whether a step reads only rows of the page, or rows that an index found.
fn is_bounded(step: &str) -> bool {
    !step.starts_with("SCAN")
        // A lookup in the full-text index.
        || step.contains("VIRTUAL TABLE INDEX")
        // Texts over 64 KiB, each in one row.
        || step.contains("words_too_long")
        // The hits of the lookup.
        || step.starts_with("SCAN texts")
        || step.starts_with("SCAN found")
        // A filter of the request.
        || step.starts_with("SCAN json_each")
        // One row a day and model.
        || step.starts_with("SCAN usage_days")
        // Read in the order of the list until the page is full.
        || step.contains("USING INDEX images_once")
        || step == "SCAN usage"
}

#[tokio::test]
async fn no_query_scans_a_growing_table() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let connection = connection::connect_to_read(&store.home).unwrap();
    let mut queries = Vec::new();
    for column in ["created_at", "updated_at"] {
        for (from_start, order) in pages(column, "id") {
            queries.push(thread_list::threads_sql(column, &from_start, &order));
            queries.push(thread_search::index_search_sql(column, &from_start, &order));
            queries.push(thread_search::scan_search_sql(column, &from_start, &order));
        }
    }
    for is_narrow in [true, false] {
        for of_owner in [true, false] {
            queries.extend(
                pages("sequence", "id")
                    .map(|(from_start, order)| image_list::images_sql(is_narrow, of_owner, &from_start, &order)),
            );
        }
        queries.extend(
            pages("position", "id").map(|(from_start, order)| turn_list::items_sql(is_narrow, &from_start, &order)),
        );
        queries.extend(
            pages("sequence", "thread_id").map(|(from_start, order)| usage::usage_sql(is_narrow, &from_start, &order)),
        );
        queries.push(usage::totals_sql(is_narrow));
    }
    queries.extend([budget::day_sql(budget::COUNTED), budget::thread_sql(budget::COUNTED)]);
    queries.push(ledger::PAGE_SQL.to_owned());
    for sql in queries {
        let plan = plan(&connection, &sql);
        assert!(plan.iter().all(|step| is_bounded(step)), "{plan:#?}\n{sql}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        assert!(!sorts, "{plan:#?}\n{sql}");
    }
}

#[tokio::test]
async fn narrow_lists_use_their_own_index() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let connection = connection::connect_to_read(&store.home).unwrap();
    for (from_start, order) in pages("sequence", "id") {
        let of_thread = plan(&connection, &image_list::images_sql(true, false, &from_start, &order));
        assert!(of_thread[0].contains("USING INDEX images_of_thread (thread_id=?"), "{of_thread:?}");
        let of_owner = plan(&connection, &image_list::images_sql(false, true, &from_start, &order));
        assert!(of_owner[0].contains("USING INDEX images_of_owner (thread_owner=?"), "{of_owner:?}");
    }
    for (from_start, order) in pages("position", "id") {
        let plan = plan(&connection, &turn_list::items_sql(true, &from_start, &order));
        assert!(plan[0].contains("items_by_turn (thread_id=? AND turn_id=?"), "{plan:?}");
    }
}
