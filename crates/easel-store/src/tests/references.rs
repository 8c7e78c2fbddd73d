use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{CallEnd, ImageSource, ImportError, Store};
use easel_protocol::record::{Attachment, ImageErrorKind};
use tempfile::TempDir;

use super::history::base64;
use super::sample::*;
use crate::EaselStore;
use crate::ImportLimits;

/// A home and a project beside it, with `inside.png` in the one and `outside.png` in neither.
struct Place {
    folder: TempDir,
    store: EaselStore,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder.path().join("home")).await;
        std::fs::create_dir(folder.path().join("project")).unwrap();
        std::fs::create_dir(folder.path().join("project-evil")).unwrap();
        std::fs::write(folder.path().join("project/inside.png"), png(1, 1, b"inside")).unwrap();
        std::fs::write(folder.path().join("outside.png"), png(1, 1, b"outside")).unwrap();
        std::fs::write(folder.path().join("project-evil/evil.png"), png(1, 1, b"evil")).unwrap();
        Self { folder, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn named(&self, path: impl Into<PathBuf>) -> Result<Attachment, ImportError> {
        let source = ImageSource::ModelPath { path: path.into(), roots: vec![self.path("project")] };
        self.store.import_image(THREAD, source).await
    }

    /// Files among the attachments, finished or not.
    fn kept(&self) -> Vec<String> {
        let mut kept = names(&self.path("home/attachments"));
        kept.retain(|name| name != "incoming");
        kept.extend(names(&self.path("home/attachments/incoming")));
        kept
    }
}

fn kind(result: Result<Attachment, ImportError>) -> ImageErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn a_file_of_the_project_is_taken_in_with_what_its_bytes_say() {
    let place = Place::new().await;
    let taken = place.named(place.path("project/inside.png")).await.unwrap();
    assert!(easel_imagegen::handle::is_handle(&taken.id));
    assert_eq!((taken.facts.width, taken.facts.height), (1, 1));
    assert_eq!(std::fs::read(&taken.path).unwrap(), png(1, 1, b"inside"));
    assert!(taken.path.ends_with(&format!("/attachments/{}.png", taken.facts.sha256)));
}

#[tokio::test]
async fn what_the_model_names_outside_the_roots_is_refused_whether_it_exists_or_not() {
    let place = Place::new().await;
    let outside = [
        place.path("outside.png"),
        place.path("nowhere.png"),
        place.path("project-evil/evil.png"),
        place.path("project/../outside.png"),
        place.path("project/../project/inside.png"),
        place.path("home/easel.db"),
        "/etc/passwd".into(),
        "/proc/self/root/etc/passwd".into(),
        "project/inside.png".into(),
        "".into(),
    ];
    for path in outside {
        assert_eq!(kind(place.named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    assert_eq!(place.kept(), [""; 0]);
    assert_eq!(kind(place.named(place.path("project/nowhere.png")).await), ImageErrorKind::ReferenceNotFound);
}

#[tokio::test]
async fn a_link_out_of_the_root_is_refused_and_one_within_is_followed() {
    let place = Place::new().await;
    symlink(place.path("outside.png"), place.path("project/link.png")).unwrap();
    symlink("../outside.png", place.path("project/up.png")).unwrap();
    symlink("..", place.path("project/folder")).unwrap();
    symlink("/proc/self/root", place.path("project/root")).unwrap();
    for name in ["link.png", "up.png", "folder/outside.png", "root/etc/passwd"] {
        let path = place.path("project").join(name);
        assert_eq!(kind(place.named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    symlink("inside.png", place.path("project/alias.png")).unwrap();
    place.named(place.path("project/alias.png")).await.unwrap();
}

#[tokio::test]
async fn a_root_that_is_itself_a_link_can_be_named_either_way() {
    let place = Place::new().await;
    symlink(place.path("project"), place.path("alias")).unwrap();
    for path in [place.path("alias/inside.png"), place.path("project/inside.png")] {
        let source = ImageSource::ModelPath { path, roots: vec![place.path("alias")] };
        place.store.import_image(THREAD, source).await.unwrap();
    }
}

#[tokio::test]
async fn a_link_that_is_swapped_while_it_is_read_never_leads_out() {
    let place = Place::new().await;
    let (inside, link, spare) =
        (place.path("project/inside.png"), place.path("project/swap.png"), place.path("project/spare"));
    symlink("inside.png", &link).unwrap();
    let outside = place.path("outside.png");
    let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(0);
    let swapping = std::thread::spawn(move || {
        while let Err(std::sync::mpsc::TryRecvError::Empty) = stopped.try_recv() {
            for target in [outside.as_path(), Path::new("inside.png")] {
                symlink(target, &spare).unwrap();
                std::fs::rename(&spare, &link).unwrap();
            }
        }
    });
    for _ in 0..300 {
        if let Ok(taken) = place.named(place.path("project/swap.png")).await {
            assert_eq!(std::fs::read(&taken.path).unwrap(), std::fs::read(&inside).unwrap());
        }
    }
    drop(stop);
    swapping.join().unwrap();
}

#[tokio::test]
async fn only_regular_files_are_read_and_nothing_is_waited_for() {
    let place = Place::new().await;
    let fifo = place.path("project/fifo.png");
    make_fifo(&fifo);
    std::fs::create_dir(place.path("project/folder.png")).unwrap();
    for path in [fifo.clone(), place.path("project/folder.png"), place.path("project")] {
        assert_eq!(kind(place.named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    for path in [fifo, "/dev/zero".into(), "/dev/null".into(), place.path("project")] {
        let taken = place.store.import_image(THREAD, ImageSource::ClientPath(path.clone())).await;
        assert_eq!(kind(taken), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
}

#[tokio::test]
async fn what_is_no_image_is_refused_whatever_its_name() {
    let place = Place::new().await;
    let whole = png(1, 1, b"whole");
    let without_pixels = [&whole[..33], &whole[whole.len() - 12..]].concat();
    let fakes: [&[u8]; 10] = [
        &without_pixels,
        b"RIFF\xff\0\0\0WEBPVP8L\xff\0\0\0\x2f\0\0\0\0\0\0\0\0",
        b"",
        b"just text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        &whole[..whole.len() - 13],
        &whole[..20],
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\0\0\0\0and then ssh-rsa AAAA",
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0and then ssh-rsa AAAA",
        b"GIF89a\x01\0\x01\0\0\0\0and then ssh-rsa AAAA",
    ];
    for bytes in fakes {
        let path = place.path("project/fake.png");
        std::fs::write(&path, bytes).unwrap();
        let taken = place.named(path).await;
        assert_eq!(kind(taken), ImageErrorKind::ReferenceRefused, "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(place.kept(), [""; 0]);
}

#[tokio::test]
async fn an_image_over_the_limits_is_refused_by_its_header_and_size() {
    let place = Place::new().await;
    let bomb = place.path("project/bomb.png");
    std::fs::write(&bomb, png(50_000, 50_000, b"small")).unwrap();
    let refused = place.named(&bomb).await.unwrap_err();
    assert_eq!(refused.kind(), ImageErrorKind::ReferenceRefused);
    assert!(refused.client_message().ends_with("has 50000x50000 pixels, more than 100000000"), "{refused}");
    let limits = ImportLimits { reference_bytes: 100, ..ImportLimits::default() };
    let strict = EaselStore::open(place.path("home"), limits);
    let large = place.path("project/large.png");
    std::fs::write(&large, png(1, 1, &[0; 100])).unwrap();
    let url = format!("data:image/png;base64,{}", base64(&png(1, 1, &[0; 100])));
    let roots = vec![place.path("project")];
    let named = ImageSource::ModelPath { path: large.clone(), roots };
    for source in [ImageSource::ClientPath(large), named, ImageSource::DataUrl(url)] {
        let refused = strict.import_image(THREAD, source).await.unwrap_err();
        assert!(refused.client_message().ends_with("is larger than 100 bytes"), "{refused}");
    }
    assert_eq!(place.kept(), [""; 0]);
}

#[tokio::test]
async fn an_attachment_may_lie_anywhere_and_outlives_the_clients_file() {
    let place = Place::new().await;
    symlink(place.path("outside.png"), place.path("shortcut.png")).unwrap();
    let taken = place.store.import_image(THREAD, ImageSource::ClientPath(place.path("shortcut.png"))).await.unwrap();
    // Edited in place and then deleted: neither reaches the copy.
    std::fs::write(place.path("outside.png"), "edited").unwrap();
    std::fs::remove_file(place.path("outside.png")).unwrap();
    assert_eq!(std::fs::read(&taken.path).unwrap(), png(1, 1, b"outside"));
    let gone = place.store.import_image(THREAD, ImageSource::ClientPath(place.path("outside.png"))).await;
    assert_eq!(kind(gone), ImageErrorKind::ReferenceNotFound);
    let relative = place.store.import_image(THREAD, ImageSource::ClientPath("outside.png".into())).await;
    assert_eq!(kind(relative), ImageErrorKind::ReferenceRefused);
}

#[tokio::test]
async fn equal_bytes_are_kept_once_under_a_handle_each() {
    let place = Place::new().await;
    let bytes = png(1, 1, b"inside");
    let url = format!("data:image/png;base64,{}", base64(&bytes));
    let first =
        place.store.import_image(THREAD, ImageSource::ClientPath(place.path("project/inside.png"))).await.unwrap();
    let second = place.store.import_image("thread-2", ImageSource::DataUrl(url)).await.unwrap();
    assert_eq!((&first.path, &first.facts), (&second.path, &second.facts));
    assert_ne!(first.id, second.id);
    assert_eq!(place.kept(), [format!("{}.png", first.facts.sha256)]);
}

#[tokio::test]
async fn only_strict_base64_of_an_image_is_taken() {
    let place = Place::new().await;
    let good = base64(&png(1, 1, b""));
    let urls = [
        format!("data:text/plain;base64,{good}"),
        format!("data:image/png,{good}"),
        format!("data:image/png;base64,{good}!"),
        format!("data:image/png;base64, {good}"),
        format!("data:image/png;base64,{}", good.replacen('V', "-", 1)),
        "data:image/png;base64,".into(),
        "data:image/png;base64".into(),
        "https://example.com/cat.png".into(),
        String::new(),
    ];
    for url in urls {
        let taken = place.store.import_image(THREAD, ImageSource::DataUrl(url.clone())).await;
        assert_eq!(kind(taken), ImageErrorKind::ReferenceRefused, "{url}");
    }
    let upper = format!("DATA:IMAGE/PNG;name=cat;BASE64,{good}");
    place.store.import_image(THREAD, ImageSource::DataUrl(upper)).await.unwrap();
}

#[tokio::test]
async fn the_threads_own_images_can_be_named_by_path_and_keep_their_handle() {
    let place = Place::new().await;
    place.store.reserve(call("c1")).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&place.store, &png(1, 1, b"made"))]), elapsed_ms: 1 };
    let record = place.store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    let attached = place.store.import_image(THREAD, ImageSource::ClientPath(place.path("outside.png"))).await.unwrap();
    assert_eq!(place.named(&record.path).await.unwrap().id, record.id);
    assert_eq!(place.named(&attached.path).await.unwrap(), attached);
    // Another thread has no claim to them.
    for path in [&record.path, &attached.path] {
        let source = ImageSource::ModelPath { path: path.into(), roots: Vec::new() };
        let refused = place.store.import_image("thread-2", source).await.unwrap_err();
        assert_eq!(refused.kind(), ImageErrorKind::ReferenceRefused);
    }
}

#[tokio::test]
async fn a_refusal_names_the_image_without_control_characters() {
    let place = Place::new().await;
    let refused = place.named("/etc/\n\u{202e}\u{1b}[31mpasswd").await.unwrap_err();
    insta::assert_snapshot!(refused, @r#"the image "/etc/\n\u{202e}\u{1b}[31mpasswd" lies outside the folders that may be read"#);
}
