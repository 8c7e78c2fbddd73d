//! No list and no search reads all rows of a table that grows.

use rusqlite::Connection;

use super::sample::*;
use crate::db::connection;
use crate::lists::image_list;
use crate::lists::thread_list;
use crate::lists::turn_list;
use crate::lists::usage;

/// The steps of a query's plan.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
    steps.unwrap()
}

/// Condition and order of the first page of a list, and of a later one.
fn pages(value: &str, id: &str) -> [(String, String); 2] {
    let order = format!("{value} DESC, {id} DESC");
    [("?1 IS NULL AND ?2 IS NULL".to_owned(), order.clone()), (format!("({value}, {id}) < (?1, ?2)"), order)]
}

/// Whether a step looks at no more rows than are shown, or than an index has found.
fn is_bounded(step: &str) -> bool {
    !step.starts_with("SCAN")
        // The index of words is asked for a term.
        || step.contains("VIRTUAL TABLE INDEX")
        // Texts over 64 KiB, each in one row.
        || step.contains("words_too_long")
        // What was found.
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
async fn no_list_and_no_search_reads_a_whole_table() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let connection = connection::connect_to_read(&store.home).unwrap();
    let mut queries = Vec::new();
    for column in ["created_at", "updated_at"] {
        for (beyond, order) in pages(column, "id") {
            queries.push(thread_list::threads_sql(column, &beyond, &order));
            queries.push(thread_list::search_by_index(column, &beyond, &order));
            queries.push(thread_list::search_in_order(column, &beyond, &order));
        }
    }
    for narrow in [true, false] {
        queries.extend(pages("sequence", "id").map(|(beyond, order)| image_list::images_sql(narrow, &beyond, &order)));
        queries.extend(pages("position", "id").map(|(beyond, order)| turn_list::items_sql(narrow, &beyond, &order)));
        queries.extend(pages("sequence", "thread_id").map(|(beyond, order)| usage::used_sql(narrow, &beyond, &order)));
        queries.push(usage::totals_sql(narrow));
    }
    for sql in queries {
        let plan = plan(&connection, &sql);
        assert!(plan.iter().all(|step| is_bounded(step)), "{plan:#?}\n{sql}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        assert!(!sorts, "{plan:#?}\n{sql}");
    }
}

#[tokio::test]
async fn images_and_items_of_a_part_are_found_by_an_index_of_it() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let connection = connection::connect_to_read(&store.home).unwrap();
    for (beyond, order) in pages("sequence", "id") {
        let plan = plan(&connection, &image_list::images_sql(true, &beyond, &order));
        assert!(plan[0].contains("USING INDEX images_of_thread (thread_id=?"), "{plan:?}");
    }
    for (beyond, order) in pages("position", "id") {
        let plan = plan(&connection, &turn_list::items_sql(true, &beyond, &order));
        assert!(plan[0].contains("items_by_turn (thread_id=? AND turn_id=?"), "{plan:?}");
    }
}
