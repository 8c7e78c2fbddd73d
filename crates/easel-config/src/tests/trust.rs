use serde_json::json;

use super::Sandbox;
use crate::LayerName;
use crate::keys::{KEYS, Kind, ProjectAccess};

/// Settings that make bills higher or requests larger.
const EXPENSIVE: &str = "model = 'expensive'\nmodel_instructions = 'Send everything.'\n\
    [images]\nmodel = 'expensive-image'\ndetail = 'original'\nparallel = 16\ntimeout_ms = 3600000\n\
    [history]\nmodel_images = 100\nmodel_image_bytes = 512000000\n[features]\nimagegenext = true\n";

/// Returns whether the project's file may set the model if the user trusts the folder `trusted` and works in `cwd`,
/// both relative to the temporary folder.
fn can_set_model(sandbox: &Sandbox, trusted: &str, cwd: &str) -> bool {
    let root = sandbox.root.path();
    std::fs::write(sandbox.home().join("config.toml"), sandbox.trust(&root.join(trusted))).unwrap();
    let loaded = sandbox.loader().load_for_thread(&root.join(cwd), &serde_json::Map::new());
    loaded.config.model.is_some()
}

#[test]
fn untrusted_project_cannot_set_open_keys() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    let loaded = sandbox.load_for_thread(json!({}));
    assert_eq!(loaded.config, sandbox.load().config);
    assert_eq!(loaded.warnings.len(), 9, "{}", sandbox.show(&loaded.warnings));
    // A path with backslashes is in other quotes.
    let shown = sandbox.show(&loaded.warnings[..1]).replace("'project'", "\"project\"");
    insta::assert_snapshot!(shown, @r#"project/.easel/config.toml:1: `model` was ignored: the project is not trusted. To trust it, add `[projects."project"]` with `trust_level = "trusted"` to config.toml in Easel's home."#);
}

#[test]
fn trusted_project_sets_open_keys() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE).with_trust();
    let loaded = sandbox.load_for_thread(json!({}));
    assert_eq!(loaded.warnings, []);
    assert_eq!((loaded.config.model.as_deref(), loaded.config.images.parallel), (Some("expensive"), 16));
    assert!(loaded.config.features.imagegenext && loaded.config.history.model_images == 100);
}

#[test]
fn trusted_project_cannot_loosen_kill_switch_or_retry_uncertain() {
    let text = "[limits]\nimages_per_turn = 1000\n[images]\nstrip_metadata = false\nretry_uncertain = true\n\
                [features]\nimage_generation = true\n";
    let sandbox = Sandbox::new().with_project(text).with_home("features.image_generation = false").with_trust();
    let loaded = sandbox.load_for_thread(json!({}));
    let images = &loaded.config.images;
    assert_eq!((loaded.config.limits.images_per_turn, images.strip_metadata), (1_000, false));
    assert!(!images.retry_uncertain && !loaded.config.features.image_generation);
    assert_eq!(loaded.warnings.len(), 2, "{}", sandbox.show(&loaded.warnings));
}

#[test]
fn keys_that_can_be_stricter_have_an_order() {
    for key in KEYS {
        let tightens = matches!(key.project, ProjectAccess::IfStricter | ProjectAccess::IfTrustedOrStricter);
        let has_order = matches!(key.kind, Kind::Bool | Kind::Number(..) | Kind::Price);
        assert!(!tightens || has_order, "{}", key.path);
    }
}

#[test]
fn only_the_file_of_the_home_grants_trust() {
    let entry = |sandbox: &Sandbox| format!("projects={{'{}'={{trust_level='trusted'}}}}", sandbox.project().display());
    let by_command_line = Sandbox::new().with_project(EXPENSIVE);
    let entry = entry(&by_command_line);
    let by_command_line = by_command_line.with_override(&entry);
    assert_eq!(by_command_line.load_for_thread(json!({})).config.model, None);
    assert!(by_command_line.load().warnings[0].summary.contains("only config.toml in Easel's home"));

    let mut by_profile = Sandbox::new().with_project(EXPENSIVE);
    let table = format!("[profiles.x.projects.'{}']\ntrust_level = 'trusted'", by_profile.project().display());
    by_profile = by_profile.with_home(table);
    by_profile.invocation.profile = Some("x".to_owned());
    assert_eq!(by_profile.load_for_thread(json!({})).config.model, None);

    let itself = Sandbox::new().with_project(EXPENSIVE);
    let text = format!("{EXPENSIVE}{}", itself.trust(&itself.project()));
    assert_eq!(itself.with_project(text).load_for_thread(json!({})).config.model, None);

    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    let path = sandbox.project().display().to_string();
    let by_variable = sandbox.with_variable(&format!("EASEL__PROJECTS__{path}__TRUST_LEVEL"), "trusted");
    assert_eq!(by_variable.load_for_thread(json!({})).config.model, None);

    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    let by_thread = sandbox.load_for_thread(json!({ "projects": { path: { "trust_level": "trusted" } } }));
    assert_eq!(by_thread.config.model, None);
}

#[test]
fn trust_covers_exactly_the_repository() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    std::fs::create_dir_all(sandbox.root.path().join("project/.git")).unwrap();
    assert!(can_set_model(&sandbox, "project", "project/src/deep"));
    assert!(can_set_model(&sandbox, "project/src/..", "project/src/deep"), "another spelling of the same folder");
    assert!(!can_set_model(&sandbox, "project/src", "project/src/deep"), "the file lies above what is trusted");
    assert!(!can_set_model(&sandbox, ".", "project/src/deep"), "a folder of projects is no project");
    assert!(!can_set_model(&sandbox, "projec", "project/src/deep"));

    // A file in a folder of the repository belongs to it; one in a repository inside does not.
    let inner = sandbox.project().join("src/.easel");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("config.toml"), "model = 'inner'").unwrap();
    assert!(can_set_model(&sandbox, "project", "project/src/deep"));
    std::fs::create_dir(sandbox.project().join("src/.git")).unwrap();
    assert!(!can_set_model(&sandbox, "project", "project/src/deep"));
    assert!(can_set_model(&sandbox, "project/src", "project/src/deep"));
}

#[test]
fn untrusted_folder_overrides_its_trusted_repository() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    std::fs::create_dir(sandbox.project().join(".git")).unwrap();
    let inner = sandbox.project().join("src/.easel");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("config.toml"), "model = 'inner'").unwrap();
    let distrust = format!("[projects.'{}']\ntrust_level = 'untrusted'\n", sandbox.project().join("src").display());
    let sandbox = sandbox.with_home(distrust).with_trust();
    assert_eq!(sandbox.load_for_thread(json!({})).config.model, None);
}

#[test]
fn real_worktree_is_trusted_with_its_repository() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    let entry = sandbox.root.path().join("main/.git/worktrees/project");
    std::fs::create_dir_all(&entry).unwrap();
    let own = sandbox.project().join(".git");
    std::fs::write(&own, format!("gitdir: {}\n", entry.display())).unwrap();
    assert!(!can_set_model(&sandbox, "main", "project"), "a folder can claim to be a worktree");
    std::fs::write(entry.join("gitdir"), "/elsewhere/.git\n").unwrap();
    assert!(!can_set_model(&sandbox, "main", "project"));
    std::fs::write(entry.join("gitdir"), format!("{}\n", own.display())).unwrap();
    assert!(can_set_model(&sandbox, "main", "project"));
}

#[cfg(unix)]
#[test]
fn symlinked_project_is_trusted_by_its_real_path() {
    let sandbox = Sandbox::new().with_project(EXPENSIVE);
    std::os::unix::fs::symlink(sandbox.project(), sandbox.root.path().join("link")).unwrap();
    assert!(can_set_model(&sandbox, "project", "link/src"));
    assert!(can_set_model(&sandbox, "link", "project/src"));
}

/// Runs as root only, as in CI: nobody else can change the owner of a file.
#[cfg(unix)]
#[test]
fn file_of_another_user_is_ignored_with_a_warning() {
    use std::os::unix::fs::{chown, lchown, symlink};
    if !rustix::process::geteuid().is_root() {
        return easel_testkit::skip("other-user", "only root can change the owner of a file");
    }
    let tighter = "limits.images_per_turn = 1";
    let is_ignored = |sandbox: &Sandbox| {
        let loaded = sandbox.load_for_thread(json!({}));
        let shown = sandbox.show(&loaded.warnings);
        assert_eq!(shown, "project/.easel/config.toml: The file was ignored: it belongs to another user.");
        loaded.config.limits.images_per_turn == 16
            && loaded.layers.iter().all(|layer| !matches!(layer.name, LayerName::Project { .. }))
    };
    for owned in [".easel", ".easel/config.toml"] {
        let sandbox = Sandbox::new().with_project(tighter).with_trust();
        assert_eq!(sandbox.load_for_thread(json!({})).config.limits.images_per_turn, 1);
        chown(sandbox.project().join(owned), Some(65_534), None).unwrap();
        assert!(is_ignored(&sandbox), "{owned}");
    }
    // A link of theirs to a file of ours.
    let sandbox = Sandbox::new().with_project(tighter).with_trust();
    let (folder, ours) = (sandbox.project().join(".easel"), sandbox.root.path().join("ours"));
    std::fs::rename(&folder, &ours).unwrap();
    symlink(&ours, &folder).unwrap();
    assert_eq!(sandbox.load_for_thread(json!({})).config.limits.images_per_turn, 1);
    lchown(&folder, Some(65_534), None).unwrap();
    assert!(is_ignored(&sandbox));
}
