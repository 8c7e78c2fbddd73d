//! `easel config check`.

use super::Report;
use crate::harness::Sandbox;

async fn check(config: &str) -> String {
    Report::run(&Sandbox::with_config(config), &["config", "check"], &[]).await.shown()
}

#[tokio::test]
async fn valid_configuration_passes() {
    insta::assert_snapshot!(check("[images]\nparallel = 2\n").await, @r"
    The configuration has no problems (/root/home/config.toml).
    exit code 0
    ");
}

#[tokio::test]
async fn every_problem_is_named_with_a_suggestion() {
    let config = "model_provider = \"stuido\"\nmodle = \"x\"\n[images]\nparallel = 900\n[features]\nimagegen = true\n\
                  [model_providers.studio]\npreset = \"litellm\"\n";
    insta::assert_snapshot!(check(config).await);
}

#[tokio::test]
async fn settings_of_codex_are_notes() {
    insta::assert_snapshot!(check("approval_policy = \"never\"\n").await);
}

#[tokio::test]
async fn unknown_profile_fails() {
    let sandbox = Sandbox::with_config("[profiles.draft]\nmodel = \"x\"\n");
    insta::assert_snapshot!(Report::run(&sandbox, &["--profile", "drfat", "config", "check"], &[]).await.shown());
}

#[tokio::test]
async fn project_of_the_folder_is_checked() {
    let sandbox = Sandbox::with_config("");
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", b"[images]\npartial_imges = 2\n");
    insta::assert_snapshot!(Report::run(&sandbox, &["config", "check"], &[]).await.shown());
}
