use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use easel_config::CredentialsStore;

use secrecy::ExposeSecret;

use super::store::{LoginStore, Place};
use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<OsString, OsString> =
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Environment { variables, ..Environment::default() }
}

fn opened(home: &Path, variables: &[(&str, &str)]) -> Account {
    Account::open(&environment(variables), LoginStore::new(home.to_owned(), CredentialsStore::File))
}

fn account(home: &Path, variables: &[(&str, &str)]) -> Account {
    let account = opened(home, variables);
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
fn a_login_is_there_for_the_next_process_and_gone_after_the_logout() {
    let home = tempfile::tempdir().unwrap();
    let first = account(home.path(), &[]);
    assert_eq!(first.source(), None);
    first.log_in(" sk-one\n", public()).unwrap();
    let second = account(home.path(), &[]);
    assert_eq!(
        (first.source(), second.source()),
        (Some(KeySource::Login(Place::File)), Some(KeySource::Login(Place::File)))
    );
    assert_eq!(second.key_for(&public()).unwrap().expose_secret(), "sk-one");
    assert!(second.log_out().unwrap() && !second.log_out().unwrap());
    assert_eq!(account(home.path(), &[]).source(), None);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_login_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(file::NAME), "{}").unwrap();
    std::fs::set_permissions(home.path().join(file::NAME), PermissionsExt::from_mode(0o644)).unwrap();
    account(home.path(), &[]).log_in("sk-one", public()).unwrap();
    let mode = std::fs::metadata(home.path().join(file::NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_key_of_the_environment_wins_over_the_login() {
    let home = tempfile::tempdir().unwrap();
    account(home.path(), &[]).log_in("sk-login", public()).unwrap();
    let account = account(home.path(), &[("OPENAI_API_KEY", " sk-env ")]);
    assert_eq!(account.source(), Some(KeySource::Environment));
    assert_eq!(account.key_for(&public()).unwrap().expose_secret(), "sk-env");
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().unwrap();
    let account = account(home.path(), &[]);
    for bad in ["", "  \n", "two canaries", "canary\u{7}", "canär", &"canary".repeat(1_000)] {
        let refused = account.log_in(bad, public()).unwrap_err();
        assert!(!refused.message.contains("canar"), "{refused}");
    }
    assert_eq!((account.source(), std::fs::read_dir(home.path()).unwrap().count()), (None, 0));
}

#[test]
fn unreadable_login_is_not_taken_for_no_login() {
    let home = tempfile::tempdir().unwrap();
    for bad in ["canary", "{\"OPENAI_API_KEY\": \"canary\"", "{\"OPENAI_API_KEY\": 7}"] {
        std::fs::write(home.path().join(file::NAME), bad).unwrap();
        let account = opened(home.path(), &[]);
        assert_eq!((account.source(), account.kind()), (None, AuthKind::ApiKey));
        let refused = account.check(&public()).unwrap_err().message;
        for said in [refused, account.problem(None).unwrap()] {
            assert!(said.contains("auth.json") && !said.contains("canary"), "{bad}: {said}");
        }
        account.log_in("sk-new", public()).unwrap();
        assert_eq!((account.check(&public()), account.problem(None)), (Ok(()), None));
        account.log_out().unwrap();
        assert_eq!(account.kind(), AuthKind::None);
    }
}

#[test]
fn stored_key_is_for_the_origin_it_was_given_for() {
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
    // Who sets a variable for this process means this process, wherever its requests go.
    let set = account(home.path(), &[("OPENAI_API_KEY", "sk-env")]);
    assert_eq!(set.key_for(&origin("http://127.0.0.1:1")).unwrap().expose_secret(), "sk-env");
    assert_eq!(set.problem(Some(&public())), None);
}

#[cfg(unix)]
#[test]
fn login_that_others_can_read_is_closed_and_reported_once() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(file::NAME);
    for mode in [0o604, 0o640, 0o666] {
        std::fs::write(&file, "{\"OPENAI_API_KEY\": \"sk-one\"}").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let first = opened(home.path(), &[]);
        assert!(first.problem(None).is_some_and(|problem| problem.contains("auth.json")));
        assert_eq!(first.key_for(&public()).unwrap().expose_secret(), "sk-one");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(opened(home.path(), &[]).problem(None), None);
    }
}

#[tokio::test]
async fn a_refused_key_is_replaced_by_the_one_that_another_process_stored() {
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

#[tokio::test]
async fn a_variable_that_is_not_set_is_named() {
    let missing = AnyCredentials::Key(EnvKey::new(&environment(&[("STUDIO_KEY", " ")]), "STUDIO_KEY"));
    assert_eq!(missing.kind(), AuthKind::ApiKey);
    assert!(missing.current().await.unwrap_err().message.contains("STUDIO_KEY"));
    let there = AnyCredentials::Key(EnvKey::new(&environment(&[("STUDIO_KEY", "canary")]), "STUDIO_KEY"));
    let credential = there.current().await.unwrap().unwrap();
    assert_eq!(there.refresh(&credential).await, Ok(None));
    assert!(!format!("{there:?} {credential:?}").contains("canary"));
}
