use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::pin::pin;

use easel_config::CredentialsStore;
use futures_util::FutureExt;
use secrecy::ExposeSecret;

use super::login_store::{FILE_NAME, LoginLocation, LoginStore};
use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<OsString, OsString> =
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Environment { variables, ..Environment::default() }
}

fn open(home: &Path, variables: &[(&str, &str)]) -> Account {
    Account::open(&environment(variables), LoginStore::new(home.to_owned(), CredentialsStore::File))
}

fn account(home: &Path, variables: &[(&str, &str)]) -> Account {
    let account = open(home, variables);
    assert_eq!(account.problem(None), None);
    account
}

fn public() -> Origin {
    origin("https://api.openai.com")
}

fn origin(url: &str) -> Origin {
    Origin::parse(url).unwrap()
}

#[test]
fn login_lasts_until_logout() {
    let home = tempfile::tempdir().unwrap();
    let first = account(home.path(), &[]);
    assert_eq!(first.key_source(), None);
    first.log_in(" sk-one\n", public()).unwrap();
    let second = account(home.path(), &[]);
    assert_eq!(
        (first.key_source(), second.key_source()),
        (Some(KeySource::Login(LoginLocation::File)), Some(KeySource::Login(LoginLocation::File)))
    );
    assert_eq!(second.key_for(&public()).unwrap().expose_secret(), "sk-one");
    assert!(second.log_out().unwrap() && !second.log_out().unwrap());
    assert_eq!(account(home.path(), &[]).key_source(), None);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_login() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(FILE_NAME), "{}").unwrap();
    std::fs::set_permissions(home.path().join(FILE_NAME), PermissionsExt::from_mode(0o644)).unwrap();
    account(home.path(), &[]).log_in("sk-one", public()).unwrap();
    let mode = std::fs::metadata(home.path().join(FILE_NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn environment_key_takes_precedence() {
    let home = tempfile::tempdir().unwrap();
    account(home.path(), &[]).log_in("sk-login", public()).unwrap();
    let account = account(home.path(), &[("OPENAI_API_KEY", " sk-env ")]);
    assert_eq!(account.key_source(), Some(KeySource::Environment));
    assert_eq!(account.key_for(&public()).unwrap().expose_secret(), "sk-env");
}

#[test]
fn refused_key_is_not_repeated() {
    let home = tempfile::tempdir().unwrap();
    let account = account(home.path(), &[]);
    for bad in ["", "  \n", "two canaries", "canary\u{7}", "canär", &"canary".repeat(1_000)] {
        let refused = account.log_in(bad, public()).unwrap_err();
        assert!(!refused.message.contains("canar"), "{refused}");
    }
    assert_eq!((account.key_source(), std::fs::read_dir(home.path()).unwrap().count()), (None, 0));
}

#[test]
fn unreadable_login_is_not_logged_out() {
    let home = tempfile::tempdir().unwrap();
    for bad in ["canary", "{\"OPENAI_API_KEY\": \"canary\"", "{\"OPENAI_API_KEY\": 7}"] {
        std::fs::write(home.path().join(FILE_NAME), bad).unwrap();
        let account = open(home.path(), &[]);
        assert_eq!((account.key_source(), account.kind()), (None, AuthKind::ApiKey));
        let refused = account.check_key(&public()).unwrap_err().message;
        for message in [refused, account.problem(None).unwrap()] {
            assert!(message.contains("auth.json") && !message.contains("canary"), "{bad}: {message}");
        }
        account.log_in("sk-new", public()).unwrap();
        assert_eq!((account.check_key(&public()), account.problem(None)), (Ok(()), None));
        account.log_out().unwrap();
        assert_eq!(account.kind(), AuthKind::None);
    }
}

#[test]
fn stored_key_is_sent_to_its_origin_only() {
    let home = tempfile::tempdir().unwrap();
    let gateway = origin("https://gateway.example:8443/openai/v1");
    account(home.path(), &[]).log_in("sk-gateway", gateway.clone()).unwrap();
    let later = account(home.path(), &[]);
    assert_eq!(later.key_for(&gateway).unwrap().expose_secret(), "sk-gateway");
    assert_eq!(later.problem(Some(&gateway)), None);
    for elsewhere in [
        "https://api.openai.com",
        "http://gateway.example:8443",
        "https://gateway.example",
        "https://gateway.example.evil:8443",
    ] {
        let refused = later.key_for(&origin(elsewhere)).unwrap_err().message;
        assert!(refused.contains("https://gateway.example:8443 ") && refused.contains(elsewhere), "{refused}");
        assert!(refused.contains("easel login") && refused.contains("env_key"), "{refused}");
        assert!(later.problem(Some(&origin(elsewhere))).is_some());
    }
    // A key in the environment is sent to any origin.
    let set = account(home.path(), &[("OPENAI_API_KEY", "sk-env")]);
    assert_eq!(set.key_for(&origin("http://127.0.0.1:1")).unwrap().expose_secret(), "sk-env");
    assert_eq!(set.problem(Some(&public())), None);
}

#[cfg(unix)]
#[test]
fn exposed_login_is_closed_and_reported_once() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(FILE_NAME);
    for mode in [0o604, 0o640, 0o666] {
        std::fs::write(&file, "{\"OPENAI_API_KEY\": \"sk-one\"}").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let first = open(home.path(), &[]);
        assert!(first.problem(None).is_some_and(|problem| problem.contains("auth.json")));
        assert_eq!(first.key_for(&public()).unwrap().expose_secret(), "sk-one");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(home.path(), &[]).problem(None), None);
    }
}

#[tokio::test]
async fn rejected_key_is_replaced_by_a_newer_login() {
    let home = tempfile::tempdir().unwrap();
    let ours = account(home.path(), &[]);
    ours.log_in("sk-old", public()).unwrap();
    let credentials = AnyCredentials::AccountKey(Arc::new(ours), public());
    let old = credentials.current().await.unwrap().unwrap();
    assert_eq!(credentials.refresh(&old).await, Ok(None), "the same key again is no renewal");
    account(home.path(), &[]).log_in("sk-new", public()).unwrap();
    let new = credentials.refresh(&old).await.unwrap().unwrap();
    assert_eq!((new.secret.expose_secret(), new.kind), ("sk-new", AuthKind::ApiKey));
    assert_eq!(credentials.current().await, Ok(Some(new)));
}

#[test]
fn rejected_key_is_not_read_again_during_a_logout() {
    let home = tempfile::tempdir().unwrap();
    let ours = Arc::new(account(home.path(), &[]));
    ours.log_in("sk-old", public()).unwrap();
    let credentials = AnyCredentials::AccountKey(Arc::clone(&ours), public());
    // With one thread for blocking work, earlier work has ended when later work has.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let old = credentials.current().await.unwrap().unwrap();
        let change = ours.begin_change().await;
        let mut refresh = pin!(credentials.refresh(&old));
        for _ in 0..2 {
            assert!(refresh.as_mut().now_or_never().is_none());
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        }
        ours.log_out().unwrap();
        drop(change);
        refresh.await.unwrap_err();
        assert_eq!(ours.kind(), AuthKind::None);
    });
}

#[tokio::test]
async fn error_names_the_missing_variable() {
    let missing = AnyCredentials::EnvKey(EnvKey::new(&environment(&[("STUDIO_KEY", " ")]), "studio", "STUDIO_KEY"));
    assert_eq!(missing.kind(), AuthKind::ApiKey);
    assert!(missing.current().await.unwrap_err().message.contains("STUDIO_KEY"));
    let set = AnyCredentials::EnvKey(EnvKey::new(&environment(&[("STUDIO_KEY", "canary")]), "studio", "STUDIO_KEY"));
    let credential = set.current().await.unwrap().unwrap();
    assert_eq!(set.refresh(&credential).await, Ok(None));
    assert!(!format!("{set:?} {credential:?}").contains("canary"));
}
