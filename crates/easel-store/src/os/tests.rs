use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags};

use super::*;

/// A FIFO can be opened for writing only while another process has it open for reading.
#[test]
fn fifo_is_never_opened() {
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

/// Calls the fallback for kernels without `openat2`.
fn open_each_part(root: &Path, relative: &str) -> io::Result<File> {
    platform::open_each_part(File::open(root)?.into(), Path::new(relative))
}

#[test]
fn fallback_opens_regular_files() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    fs::write(root.path().join("a/b"), "x").unwrap();
    assert_eq!(io::read_to_string(open_each_part(root.path(), "a/b").unwrap()).unwrap(), "x");
    assert_eq!(open_each_part(root.path(), "a/c").unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn fallback_refuses_every_link() {
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
fn path_with_parent_or_root_is_refused_before_opening() {
    for relative in ["..", "a/../b", "/etc/passwd", "./a"] {
        let refused = open_beneath(Path::new("/nowhere"), Path::new(relative)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{relative}");
    }
}

#[test]
fn empty_path_is_refused() {
    let root = tempfile::tempdir().unwrap();
    open_beneath(root.path(), Path::new("")).unwrap_err();
}
