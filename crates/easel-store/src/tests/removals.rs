//! The queue of removals, when some of its paths cannot be removed.

use std::fs;
use std::path::{Path, PathBuf};

use easel_protocol::thread::ThreadListParams;
use rusqlite::Connection;

use super::deletion::with_images;
use super::sample::*;

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
