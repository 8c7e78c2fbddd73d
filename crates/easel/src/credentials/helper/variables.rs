//! The environment of a credential program: what a program needs to run, and nothing that may be a secret.

use std::ffi::{OsStr, OsString};

use easel_config::Environment;

/// Where programs, the home, temporary files and certificates are, who the user is, and what they read. What a program
/// needs to ask its user or a keychain is the session: its bus and its display.
///
/// Proxies are not here, because their URLs may hold passwords.
#[cfg(not(windows))]
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// The same, under the names of the system; programs do not start without some of them.
#[cfg(windows)]
const PASSED: &[&str] = &[
    "PATH",
    "PATHEXT",
    "COMSPEC",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERDOMAIN",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "COMMONPROGRAMFILES",
    "HOME",
    "LANG",
    "TZ",
];

/// Categories of the language.
const PASSED_PREFIX: &str = "LC_";

/// The variables of a credential program: the usual ones, and those that the user names.
pub(super) fn variables(environment: &Environment, named: &[String]) -> Vec<(OsString, OsString)> {
    let is_passed = |name: &OsStr| {
        let Some(name) = name.to_str() else { return false };
        name.starts_with(PASSED_PREFIX)
            || PASSED.iter().any(|passed| is_same(passed, name))
            || named.iter().any(|named| is_same(named, name))
    };
    let variables = environment.variables.iter().filter(|(name, _)| is_passed(name));
    variables.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_and_named_variables_are_passed() {
        let given = ["PATH", "LANG", "LC_ALL", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "HTTPS_PROXY"];
        let environment = Environment {
            variables: given.iter().map(|name| (OsString::from(name), OsString::from("value"))).collect(),
            ..Environment::default()
        };
        let passed = |named: &[&str]| -> Vec<String> {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            let names = variables(&environment, &named).into_iter();
            names.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(passed(&[]), ["LANG", "LC_ALL", "PATH"]);
        assert_eq!(passed(&["AWS_PROFILE", "UNSET"]), ["AWS_PROFILE", "LANG", "LC_ALL", "PATH"]);
    }
}
