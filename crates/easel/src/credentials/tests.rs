use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use easel_config::CredentialsStore;

use super::account::KeySource;
use super::store::{LoginStore, Place};
use super::*;
use crate::connections::Connections;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<OsString, OsString> =
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Environment { variables, ..Environment::default() }
}

fn opened(home: &Path, variables: &[(&str, &str)]) -> (Account, Option<CredentialError>) {
    let store = LoginStore::new(home.to_owned(), CredentialsStore::File);
    Account::open(&environment(variables), store, Connections::default())
}

fn account(home: &Path, variables: &[(&str, &str)]) -> Account {
    let (account, problem) = opened(home, variables);
    assert_eq!(problem, None);
    account
}

#[test]
fn a_login_is_there_for_the_next_process_and_gone_after_the_logout() {
    let home = tempfile::tempdir().unwrap();
    let first = account(home.path(), &[]);
    assert_eq!(first.source(), None);
    first.log_in(" sk-one\n").unwrap();
    let second = account(home.path(), &[]);
    assert_eq!(
        (first.source(), second.source()),
        (Some(KeySource::Login(Place::File)), Some(KeySource::Login(Place::File)))
    );
    assert_eq!(second.key().unwrap().expose(), "sk-one");
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
    account(home.path(), &[]).log_in("sk-one").unwrap();
    let mode = std::fs::metadata(home.path().join(file::NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_key_of_the_environment_wins_over_the_login() {
    let home = tempfile::tempdir().unwrap();
    account(home.path(), &[]).log_in("sk-login").unwrap();
    let account = account(home.path(), &[("OPENAI_API_KEY", " sk-env ")]);
    assert_eq!(account.source(), Some(KeySource::Environment));
    assert_eq!(account.key().unwrap().expose(), "sk-env");
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().unwrap();
    let account = account(home.path(), &[]);
    for bad in ["", "  \n", "two canaries", "canary\u{7}", "canär", &"canary".repeat(1_000)] {
        let refused = account.log_in(bad).unwrap_err();
        assert!(!refused.message.contains("canar"), "{refused}");
    }
    assert_eq!((account.source(), std::fs::read_dir(home.path()).unwrap().count()), (None, 0));
}

#[test]
fn a_login_that_cannot_be_read_is_none_and_says_so_without_its_content() {
    let home = tempfile::tempdir().unwrap();
    for bad in ["canary", "{\"OPENAI_API_KEY\": \"canary\"", "{\"OPENAI_API_KEY\": 7}"] {
        std::fs::write(home.path().join(file::NAME), bad).unwrap();
        let (account, problem) = opened(home.path(), &[]);
        assert_eq!(account.source(), None);
        assert!(problem.is_some_and(|problem| !problem.message.contains("canary")), "{bad}");
    }
}

#[tokio::test]
async fn a_refused_key_is_replaced_by_the_one_that_another_process_stored() {
    let home = tempfile::tempdir().unwrap();
    let ours = account(home.path(), &[]);
    ours.log_in("sk-old").unwrap();
    let credentials = AnyCredentials::AccountKey(Arc::new(ours));
    let old = credentials.current().await.unwrap().unwrap();
    assert_eq!(credentials.refresh(&old).await, Ok(None), "the same key again is no renewal");
    account(home.path(), &[]).log_in("sk-new").unwrap();
    let new = credentials.refresh(&old).await.unwrap().unwrap();
    assert_eq!((new.secret.expose(), new.kind), ("sk-new", AuthKind::ApiKey));
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
