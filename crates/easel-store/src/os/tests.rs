use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags};

use super::*;

/// One that lets a file be written shows that somebody has it open for reading.
#[test]
fn a_fifo_is_not_opened_even_for_a_moment() {
    let root = tempfile::tempdir().unwrap();
    let fifo = root.path().join("fifo");
    crate::tests::sample::make_fifo(&fifo);
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let mut seen = 0;
            while !is_over.load(Ordering::Relaxed) {
                seen += usize::from(rustix::fs::open(&fifo, flags, Mode::empty()).is_ok());
            }
            seen
        });
        for _ in 0..5_000 {
            assert_eq!(open_regular(&fifo).unwrap_err().kind(), io::ErrorKind::InvalidInput);
            let beneath = open_beneath(root.path(), Path::new("fifo"));
            assert_eq!(beneath.unwrap_err().kind(), io::ErrorKind::InvalidInput);
            assert_eq!(open_each_part(root.path(), "fifo").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert_eq!(seen, 0, "a writer found a reader");
}

/// What kernels without `openat2` get.
fn open_each_part(root: &Path, relative: &str) -> io::Result<File> {
    platform::open_each_part(File::open(root)?.into(), Path::new(relative))
}

#[test]
fn the_fallback_opens_plain_files_in_folders() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b"), "x").unwrap();
    assert_eq!(io::read_to_string(open_each_part(root.path(), "a/b").unwrap()).unwrap(), "x");
    assert_eq!(open_each_part(root.path(), "a/c").unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn the_fallback_follows_no_link_at_any_part() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b"), "x").unwrap();
    symlink("a", root.path().join("folder")).unwrap();
    symlink("b", root.path().join("a/file")).unwrap();
    for relative in ["folder/b", "a/file"] {
        assert_eq!(open_each_part(root.path(), relative).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}

#[test]
fn parts_that_are_no_names_are_refused_before_anything_is_opened() {
    for relative in ["..", "a/../b", "/etc/passwd", "./a"] {
        let refused = open_beneath(Path::new("/nowhere"), Path::new(relative)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{relative}");
    }
}

#[test]
fn an_empty_path_names_the_folder_and_is_no_file() {
    let root = tempfile::tempdir().unwrap();
    open_beneath(root.path(), Path::new("")).unwrap_err();
}
