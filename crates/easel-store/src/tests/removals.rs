//! The queue of removals, when some of its paths cannot be removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_protocol::thread::ThreadListParams;
use rusqlite::Connection;

use super::deletion::with_images;
use super::sample::*;
use crate::db::connection::Database;
use crate::files::removals;
use crate::home::Home;

/// More paths than one step removes.
const MANY: usize = 70;

fn queued(home: &Path) -> Vec<String> {
    let database = Connection::open(home.join("easel.db")).unwrap();
    let mut statement = database.prepare("SELECT path FROM removals ORDER BY path").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Starts the store, which removes what is queued, and ends it.
async fn restart(home: &Path) {
    let store = open(home);
    store.list_threads(ThreadListParams::default()).await.unwrap();
    store.close().await;
}

/// Network storage creates folders such as `@eaDir` beside files.
#[tokio::test]
async fn foreign_folder_stays_while_images_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, record) = with_images(home.path()).await;
    let folder = PathBuf::from(&record.path).parent().unwrap().to_path_buf();
    let copies = folder.join(".model");
    let foreign = [folder.join("@eaDir"), copies.join("@eaDir")];
    for foreign in &foreign {
        fs::create_dir_all(foreign).unwrap();
        fs::write(foreign.join("note.txt"), "mine").unwrap();
    }
    for stray in ["a", "z"] {
        fs::write(copies.join(stray), "").unwrap();
    }
    store.delete_thread(THREAD).await.unwrap();
    assert!(!Path::new(&record.path).exists() && !Path::new(&attachment.path).exists());
    assert_eq!(names(&folder), [".model", "@eaDir"]);
    assert_eq!(names(&copies), ["@eaDir"]);
    for foreign in &foreign {
        assert_eq!(fs::read_to_string(foreign.join("note.txt")).unwrap(), "mine");
    }
    store.close().await;
    assert_eq!(queued(home.path()).len(), 1, "the folder of the thread");
    foreign.iter().for_each(|foreign| fs::remove_dir_all(foreign).unwrap());
    restart(home.path()).await;
    assert!(!folder.exists());
    assert!(queued(home.path()).is_empty());
}

#[tokio::test]
async fn paths_that_fail_do_not_stop_the_queue() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, record) = with_images(home.path()).await;
    // They sort before everything else in the order of removal. A folder with the name that a file has while it is
    // being removed keeps it from being renamed, also for a superuser.
    let stored = Path::new("generated_images").join("zzz");
    let stuck = home.path().join(&stored);
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    for number in 0..MANY {
        let name = format!("{number:02}.png");
        fs::create_dir_all(stuck.join(format!(".removed-{name}")).join("in")).unwrap();
        fs::write(stuck.join(&name), "").unwrap();
        let sql = "INSERT INTO removals VALUES (?1)";
        database.execute(sql, [stored.join(name).to_string_lossy()]).unwrap();
    }
    store.delete_thread(THREAD).await.unwrap();
    assert!(!Path::new(&record.path).parent().unwrap().exists() && !Path::new(&attachment.path).exists());
    assert_eq!(queued(home.path()).len(), MANY);
    let pruned = store.prune().await.unwrap();
    assert_eq!(pruned.failures.len() as u64 + pruned.more_failures, MANY as u64, "{:?}", pruned.failures);
    assert!(pruned.failures[0].starts_with("could not remove the file"), "{:?}", pruned.failures);
    store.close().await;
    for number in 0..MANY {
        fs::remove_dir_all(stuck.join(format!(".removed-{number:02}.png"))).unwrap();
    }
    restart(home.path()).await;
    assert!(names(&stuck).is_empty());
    assert!(queued(home.path()).is_empty());
}

/// Returns a connection of a process that removes files, and the path of an attachment that no thread references.
fn remover(home: &Path) -> (Database, PathBuf) {
    let home = Arc::new(Home::new(home.to_path_buf()));
    let path = home.attachments().join(format!("{}.png", "ab".repeat(32)));
    (Database::open(home, "019a0000-0000-7000-8000-000000000001").unwrap(), path)
}

/// Stores a file and requests its removal, as another process may do at any time.
fn store_and_drop(database: &mut Database, path: &Path) {
    fs::write(path, png(1, 1, b"")).unwrap();
    let home = Arc::clone(&database.home);
    database.write(|write| removals::enqueue(write, &home, path)).unwrap();
}

#[test]
fn removal_requested_during_a_removal_is_not_lost() {
    let home_folder = tempfile::tempdir().unwrap();
    let (mut database, path) = remover(home_folder.path());
    let mut failures = Vec::new();
    let mut remove = |database: &mut Database, is_requested_again| {
        store_and_drop(database, &path);
        let removed = removals::remove_files(database, vec![path.clone()], &mut failures).unwrap();
        assert!(!path.exists() && removed == [path.clone()] && failures.is_empty());
        if is_requested_again {
            store_and_drop(database, &path);
        }
        let home = Arc::clone(&database.home);
        database.write(|write| removals::dequeue_removed(write, &home, &removed)).unwrap();
        queued(home_folder.path()).len()
    };
    assert_eq!(remove(&mut database, true), 1);
    assert_eq!(remove(&mut database, false), 0);
}

#[tokio::test]
async fn referenced_file_leaves_the_queue_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, _) = with_images(home.path()).await;
    let (mut database, _) = remover(home.path());
    let path = PathBuf::from(&attachment.path);
    store_and_drop(&mut database, &path);
    // An entry that is still there now could be that of a later removal, after which nothing would remove the file.
    assert!(removals::remove_files(&mut database, vec![path.clone()], &mut Vec::new()).unwrap().is_empty());
    assert!(path.exists() && queued(home.path()).is_empty());
    store.close().await;
}
