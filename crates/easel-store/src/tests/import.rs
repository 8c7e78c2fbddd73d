use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{CallEnd, ImageSource, ImportError, Store};
use easel_protocol::record::{Attachment, ImageErrorKind};
use tempfile::TempDir;

use super::history::base64;
use super::sample::*;
use crate::EaselStore;
use crate::ImportLimits;

/// A home and a project, with `inside.png` in the project and `outside.png` outside both.
struct Sandbox {
    folder: TempDir,
    store: EaselStore,
}

impl Sandbox {
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

    async fn import_named(&self, path: impl Into<PathBuf>) -> Result<Attachment, ImportError> {
        let source = ImageSource::ModelPath { path: path.into(), roots: vec![self.path("project")] };
        self.store.import_image(THREAD, source).await
    }

    /// Returns the names of attachments, finished or not.
    fn attachments(&self) -> Vec<String> {
        let mut found = names(&self.path("home/attachments"));
        found.retain(|name| name != "incoming");
        found.extend(names(&self.path("home/attachments/incoming")));
        found
    }
}

fn kind(result: Result<Attachment, ImportError>) -> ImageErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn project_file_is_imported_with_its_facts() {
    let sandbox = Sandbox::new().await;
    let imported = sandbox.import_named(sandbox.path("project/inside.png")).await.unwrap();
    assert!(easel_imagegen::handle::is_handle(&imported.id));
    assert_eq!((imported.facts.width, imported.facts.height), (1, 1));
    assert_eq!(std::fs::read(&imported.path).unwrap(), png(1, 1, b"inside"));
    assert!(imported.path.ends_with(&format!("/attachments/{}.png", imported.facts.sha256)));
}

#[tokio::test]
async fn model_paths_outside_the_roots_are_refused() {
    let sandbox = Sandbox::new().await;
    let outside = [
        sandbox.path("outside.png"),
        sandbox.path("missing.png"),
        sandbox.path("project-evil/evil.png"),
        sandbox.path("project/../outside.png"),
        sandbox.path("project/../project/inside.png"),
        sandbox.path("home/easel.db"),
        "/etc/passwd".into(),
        "/proc/self/root/etc/passwd".into(),
        "project/inside.png".into(),
        "".into(),
    ];
    for path in outside {
        assert_eq!(kind(sandbox.import_named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    assert_eq!(sandbox.attachments(), [""; 0]);
    assert_eq!(
        kind(sandbox.import_named(sandbox.path("project/missing.png")).await),
        ImageErrorKind::ReferenceNotFound
    );
}

#[tokio::test]
async fn only_links_inside_the_root_are_followed() {
    let sandbox = Sandbox::new().await;
    symlink(sandbox.path("outside.png"), sandbox.path("project/link.png")).unwrap();
    symlink("../outside.png", sandbox.path("project/up.png")).unwrap();
    symlink("..", sandbox.path("project/folder")).unwrap();
    symlink("/proc/self/root", sandbox.path("project/root")).unwrap();
    for name in ["link.png", "up.png", "folder/outside.png", "root/etc/passwd"] {
        let path = sandbox.path("project").join(name);
        assert_eq!(kind(sandbox.import_named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    symlink("inside.png", sandbox.path("project/alias.png")).unwrap();
    sandbox.import_named(sandbox.path("project/alias.png")).await.unwrap();
}

#[tokio::test]
async fn linked_root_works_under_both_names() {
    let sandbox = Sandbox::new().await;
    symlink(sandbox.path("project"), sandbox.path("alias")).unwrap();
    for path in [sandbox.path("alias/inside.png"), sandbox.path("project/inside.png")] {
        let source = ImageSource::ModelPath { path, roots: vec![sandbox.path("alias")] };
        sandbox.store.import_image(THREAD, source).await.unwrap();
    }
}

#[tokio::test]
async fn swapped_link_never_leads_out() {
    let sandbox = Sandbox::new().await;
    let (inside, link, spare) =
        (sandbox.path("project/inside.png"), sandbox.path("project/swap.png"), sandbox.path("project/spare"));
    symlink("inside.png", &link).unwrap();
    let outside = sandbox.path("outside.png");
    let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(0);
    let swapping = std::thread::spawn(move || {
        while let Err(std::sync::mpsc::TryRecvError::Empty) = stopped.try_recv() {
            for target in [outside.as_path(), Path::new("inside.png")] {
                symlink(target, &spare).unwrap();
                std::fs::rename(&spare, &link).unwrap();
            }
        }
    });
    let (mut tries, mut imports) = (0, 0);
    // The link leads inside now and then, so an import succeeds sooner or later.
    while tries < 300 || (imports == 0 && tries < 100_000) {
        tries += 1;
        if let Ok(imported) = sandbox.import_named(sandbox.path("project/swap.png")).await {
            imports += 1;
            assert_eq!(std::fs::read(&imported.path).unwrap(), std::fs::read(&inside).unwrap());
        }
    }
    drop(stop);
    swapping.join().unwrap();
    assert!((1..tries).contains(&imports), "{imports} of {tries} imports: the link led to both");
}

#[tokio::test]
async fn only_regular_files_are_read_without_waiting() {
    let sandbox = Sandbox::new().await;
    let fifo = sandbox.path("project/fifo.png");
    make_fifo(&fifo);
    std::fs::create_dir(sandbox.path("project/folder.png")).unwrap();
    for path in [fifo.clone(), sandbox.path("project/folder.png"), sandbox.path("project")] {
        assert_eq!(kind(sandbox.import_named(&path).await), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
    for path in [fifo, "/dev/zero".into(), "/dev/null".into(), sandbox.path("project")] {
        let imported = sandbox.store.import_image(THREAD, ImageSource::ClientPath(path.clone())).await;
        assert_eq!(kind(imported), ImageErrorKind::ReferenceRefused, "{path:?}");
    }
}

#[tokio::test]
async fn content_must_be_an_image() {
    let sandbox = Sandbox::new().await;
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
        let path = sandbox.path("project/fake.png");
        std::fs::write(&path, bytes).unwrap();
        let imported = sandbox.import_named(path).await;
        assert_eq!(kind(imported), ImageErrorKind::ReferenceRefused, "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(sandbox.attachments(), [""; 0]);
}

#[tokio::test]
async fn limits_apply_to_pixels_and_bytes() {
    let sandbox = Sandbox::new().await;
    let bomb = sandbox.path("project/bomb.png");
    std::fs::write(&bomb, png(50_000, 50_000, b"small")).unwrap();
    let refused = sandbox.import_named(&bomb).await.unwrap_err();
    assert_eq!(refused.kind(), ImageErrorKind::ReferenceRefused);
    assert!(refused.client_message().ends_with("has 50000x50000 pixels, more than 100000000"), "{refused}");
    let limits = ImportLimits { reference_bytes: 100, ..ImportLimits::default() };
    let strict = EaselStore::open(sandbox.path("home"), limits);
    let large = sandbox.path("project/large.png");
    std::fs::write(&large, png(1, 1, &[0; 100])).unwrap();
    let url = format!("data:image/png;base64,{}", base64(&png(1, 1, &[0; 100])));
    let roots = vec![sandbox.path("project")];
    let named = ImageSource::ModelPath { path: large.clone(), roots };
    for source in [ImageSource::ClientPath(large), named, ImageSource::DataUrl(url)] {
        let refused = strict.import_image(THREAD, source).await.unwrap_err();
        assert!(refused.client_message().ends_with("is larger than 100 bytes"), "{refused}");
    }
    assert_eq!(sandbox.attachments(), [""; 0]);
}

#[tokio::test]
async fn attachment_outlives_the_clients_file() {
    let sandbox = Sandbox::new().await;
    symlink(sandbox.path("outside.png"), sandbox.path("shortcut.png")).unwrap();
    let imported =
        sandbox.store.import_image(THREAD, ImageSource::ClientPath(sandbox.path("shortcut.png"))).await.unwrap();
    // Neither an edit nor a deletion of the original changes the copy.
    std::fs::write(sandbox.path("outside.png"), "edited").unwrap();
    std::fs::remove_file(sandbox.path("outside.png")).unwrap();
    assert_eq!(std::fs::read(&imported.path).unwrap(), png(1, 1, b"outside"));
    let gone = sandbox.store.import_image(THREAD, ImageSource::ClientPath(sandbox.path("outside.png"))).await;
    assert_eq!(kind(gone), ImageErrorKind::ReferenceNotFound);
    let relative = sandbox.store.import_image(THREAD, ImageSource::ClientPath("outside.png".into())).await;
    assert_eq!(kind(relative), ImageErrorKind::ReferenceRefused);
}

#[tokio::test]
async fn equal_bytes_share_a_file_but_no_handle() {
    let sandbox = Sandbox::new().await;
    let bytes = png(1, 1, b"inside");
    let url = format!("data:image/png;base64,{}", base64(&bytes));
    let first =
        sandbox.store.import_image(THREAD, ImageSource::ClientPath(sandbox.path("project/inside.png"))).await.unwrap();
    let second = sandbox.store.import_image("thread-2", ImageSource::DataUrl(url)).await.unwrap();
    assert_eq!((&first.path, &first.facts), (&second.path, &second.facts));
    assert_ne!(first.id, second.id);
    assert_eq!(sandbox.attachments(), [format!("{}.png", first.facts.sha256)]);
}

#[tokio::test]
async fn data_url_must_be_strict_base64() {
    let sandbox = Sandbox::new().await;
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
        let imported = sandbox.store.import_image(THREAD, ImageSource::DataUrl(url.clone())).await;
        assert_eq!(kind(imported), ImageErrorKind::ReferenceRefused, "{url}");
    }
    let upper = format!("DATA:IMAGE/PNG;name=cat;BASE64,{good}");
    sandbox.store.import_image(THREAD, ImageSource::DataUrl(upper)).await.unwrap();
}

#[tokio::test]
async fn own_images_named_by_path_keep_their_handle() {
    let sandbox = Sandbox::new().await;
    sandbox.store.reserve(call("c1")).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&sandbox.store, &png(1, 1, b"made"))]), elapsed_ms: 1 };
    let record = sandbox.store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    let attached =
        sandbox.store.import_image(THREAD, ImageSource::ClientPath(sandbox.path("outside.png"))).await.unwrap();
    assert_eq!(sandbox.import_named(&record.path).await.unwrap().id, record.id);
    assert_eq!(sandbox.import_named(&attached.path).await.unwrap(), attached);
    // Another thread cannot name them.
    for path in [&record.path, &attached.path] {
        let source = ImageSource::ModelPath { path: path.into(), roots: Vec::new() };
        let refused = sandbox.store.import_image("thread-2", source).await.unwrap_err();
        assert_eq!(refused.kind(), ImageErrorKind::ReferenceRefused);
    }
}

#[tokio::test]
async fn message_escapes_control_characters() {
    let sandbox = Sandbox::new().await;
    let refused = sandbox.import_named("/etc/\n\u{202e}\u{1b}[31mpasswd").await.unwrap_err();
    insta::assert_snapshot!(refused, @r#"the image "/etc/\n\u{202e}\u{1b}[31mpasswd" lies outside the folders that may be read"#);
}
