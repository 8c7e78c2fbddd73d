//! Search, and filtered lists of threads.

use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use easel_protocol::method::{ThreadArchive, ThreadDelete, ThreadList, ThreadNameSet, ThreadRevert, ThreadSearch};
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadDeleteParams, ThreadListParams, ThreadRevertParams, ThreadSetNameParams, ThreadSortKey,
    ThreadStartParams,
};
use easel_protocol::thread::{ThreadSearchParams, ThreadSourceKind};

use super::forks::{fork, fork_params};
use crate::harness::events::completed_turn;
use crate::harness::{Sandbox, Server, text};

/// A configuration without the image tool, so that turns end without an image.
const TEXT_ONLY: &str = "[features]\nimage_generation = false\n";

fn search_params(term: &str) -> ThreadSearchParams {
    ThreadSearchParams { search_term: term.to_owned(), ..ThreadSearchParams::default() }
}

async fn search(server: &mut Server, params: ThreadSearchParams) -> Vec<ThreadId> {
    server.request::<ThreadSearch>(&params).await.data.into_iter().map(|search| search.thread.id).collect()
}

async fn set_name(server: &mut Server, thread_id: &str, name: &str) {
    let params = ThreadSetNameParams { thread_id: thread_id.into(), name: name.to_owned() };
    server.request::<ThreadNameSet>(&params).await;
    server.expect_event("thread/name/updated", |event| matches!(event, Event::ThreadNameUpdated(_))).await;
}

/// Creates a thread with these messages.
async fn create_thread(server: &mut Server, messages: &[&str]) -> ThreadId {
    let id = server.start_thread().await.id;
    for message in messages {
        server.run_turn(&id, vec![text(message)]).await;
    }
    id
}

#[tokio::test]
async fn search_finds_threads_by_name_and_user_messages() {
    let sandbox = Sandbox::with_config(TEXT_ONLY);
    let mut server = sandbox.start_server().await;
    let first = create_thread(&mut server, &["draw a red square", "now with ÄPFEL on it"]).await;
    let second = create_thread(&mut server, &["draw a blue circle"]).await;
    set_name(&mut server, &second, "Geometry").await;
    for (words, wanted) in [
        ("äpfel", vec![&first]),
        ("red sq", vec![&first]),
        ("geoMETRY", vec![&second]),
        ("  circle  ", vec![&second]),
        ("DRAW", vec![&second, &first]),
        ("nowhere to be found", vec![]),
    ] {
        let ids = search(&mut server, search_params(words)).await;
        assert_eq!(ids.iter().collect::<Vec<_>>(), wanted, "{words}");
    }
    let page = server.request::<ThreadSearch>(&search_params("äpfel")).await;
    assert_eq!(page.data[0].snippet, "now with ÄPFEL on it");
    server.close().await;
    let mut server = sandbox.start_server().await;
    assert_eq!(search(&mut server, search_params("äpfel")).await, [first], "a restarted server finds it too");
    server.close().await;
}

#[tokio::test]
async fn search_omits_reverted_deleted_archived_and_ephemeral_threads() {
    let sandbox = Sandbox::with_config(TEXT_ONLY);
    let mut server = sandbox.start_server().await;
    let first = server.start_thread().await.id;
    server.run_turn(&first, vec![text("a cat")]).await;
    let later = server.run_turn(&first, vec![text("a dog")]).await;
    let second = create_thread(&mut server, &["a cat with a hat"]).await;
    let ephemeral = ThreadStartParams { ephemeral: Some(true), ..ThreadStartParams::default() };
    let ephemeral = server.start_thread_with(ephemeral).await.id;
    server.run_turn(&ephemeral, vec![text("a secret cat")]).await;
    let copy = fork(&mut server, &fork_params(&ephemeral)).await;
    assert_eq!(search(&mut server, search_params("secret")).await, [&*copy.id], "only the stored copy is found");
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: copy.id }).await;
    server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    assert!(search(&mut server, search_params("secret")).await.is_empty());

    assert_eq!(search(&mut server, search_params("dog")).await, [&*first]);
    let params = ThreadRevertParams { thread_id: first.clone(), before_turn_id: completed_turn(&later).id.clone() };
    server.request::<ThreadRevert>(&params).await;
    server.expect_event("thread/reverted", |event| matches!(event, Event::ThreadReverted(_))).await;
    assert!(search(&mut server, search_params("dog")).await.is_empty());

    server.request::<ThreadArchive>(&ThreadArchiveParams { thread_id: second.clone() }).await;
    server.events_until(|event| matches!(event, Event::ThreadArchived(_))).await;
    assert_eq!(search(&mut server, search_params("cat")).await, [&*first]);
    let archived = ThreadSearchParams { archived: Some(true), ..search_params("cat") };
    assert_eq!(search(&mut server, archived).await, [&*second]);
    server.close().await;
}

#[tokio::test]
async fn search_terms_have_no_wildcards() {
    let sandbox = Sandbox::with_config(TEXT_ONLY);
    let mut server = sandbox.start_server().await;
    let plain = create_thread(&mut server, &["a hundred cats"]).await;
    let signs = create_thread(&mut server, &[r#"100% of_them "quoted" \ (back) * NEAR"#]).await;
    for words in ["%", "_", "100%", "of_t", "\"", "\"quoted\"", "\\", "(", "*"] {
        assert_eq!(search(&mut server, search_params(words)).await, [&*signs], "{words}");
        let listed = ThreadListParams { search_term: Some(words.to_owned()), ..ThreadListParams::default() };
        assert_eq!(server.request::<ThreadList>(&listed).await.data[0].id, signs, "{words}");
    }
    assert!(search(&mut server, search_params("a%cats")).await.is_empty());
    assert!(search(&mut server, search_params(&"n".repeat(200))).await.is_empty(), "the longest term is no mistake");
    assert_eq!(search(&mut server, search_params("a hundred")).await, [plain]);
    server.close().await;
}

#[tokio::test]
async fn search_pages_have_no_duplicates_during_writes() {
    let sandbox = Sandbox::with_config(TEXT_ONLY);
    let mut server = sandbox.start_server().await;
    let mut known = Vec::new();
    for _ in 0..5 {
        known.push(create_thread(&mut server, &["a cat"]).await);
    }
    known.reverse();
    let mut params = ThreadSearchParams { limit: Some(2), ..search_params("cat") };
    let mut seen = Vec::new();
    loop {
        let page = server.request::<ThreadSearch>(&params).await;
        seen.extend(page.data.into_iter().map(|search| search.thread.id));
        // One new thread, and one that gets a turn before its page is read.
        create_thread(&mut server, &["another cat"]).await;
        server.run_turn(&known[4], vec![text("more cats")]).await;
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, known);
    server.close().await;
}

#[tokio::test]
async fn thread_list_applies_its_filters() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (first, second) = (server.start_thread().await, server.start_thread().await);
    let client = first.originator.clone().expect("a client's name");
    let all = ThreadListParams::default;
    let of = |kinds: &[ThreadSourceKind]| ThreadListParams { source_kinds: Some(kinds.to_vec()), ..all() };
    let by = |client: &str| ThreadListParams { originators: Some(vec![client.to_owned()]), ..all() };
    let both = [&*second.id, &*first.id];
    for (params, wanted) in [
        (of(&[]), &both[..]),
        (of(&[ThreadSourceKind::AppServer]), &both),
        (of(&[ThreadSourceKind::Cli, ThreadSourceKind::Vscode]), &both),
        (of(&[ThreadSourceKind::Exec, ThreadSourceKind::SubAgent]), &[]),
        (by(&client), &both),
        (by("nobody"), &[]),
        (ThreadListParams { excluded_thread_ids: Some(vec![second.id.clone()]), ..all() }, &both[1..]),
        (ThreadListParams { excluded_thread_ids: Some(vec![first.id.clone(); 100]), ..all() }, &both[..1]),
        (ThreadListParams { section_id: Some("work".to_owned()), ..all() }, &[]),
        (ThreadListParams { sort_key: Some(ThreadSortKey::SectionPosition), ..all() }, &both),
        (ThreadListParams { current_account_only: Some(true), use_state_db_only: Some(true), ..all() }, &both),
    ] {
        let page = server.request::<ThreadList>(&params).await;
        let search: Vec<&str> = page.data.iter().map(|thread| &*thread.id).collect();
        assert_eq!(search, wanted, "{params:?}");
    }
    let exec = ThreadSearchParams { source_kinds: Some(vec![ThreadSourceKind::Exec]), ..search_params("a") };
    assert!(search(&mut server, exec).await.is_empty());
    server.close().await;
}
