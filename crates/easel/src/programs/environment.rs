//! The environment of a program: what it needs to run, and nothing that may be a secret.

use std::ffi::{OsStr, OsString};

use easel_config::Environment;

/// The variables that are passed: the folders of programs, the home, temporary files and certificates, the user, the
/// language, and the desktop session, with which a program prompts its user or opens a keychain.
///
/// The variables of proxies are not passed, because their URLs may contain passwords.
#[cfg(not(windows))]
const ALLOWED: &[&str] = &[
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

/// The variables that are passed, under the names of Windows. Programs do not start without some of them.
#[cfg(windows)]
const ALLOWED: &[&str] = &[
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

/// The prefix of the variables for the categories of a locale.
const ALLOWED_PREFIX: &str = "LC_";

/// Returns the variables of a program: those that are always passed, and those that the user names.
pub(crate) fn allowed_variables(environment: &Environment, named: &[String]) -> Vec<(OsString, OsString)> {
    let is_allowed = |name: &OsStr| {
        let Some(name) = name.to_str() else { return false };
        name.starts_with(ALLOWED_PREFIX)
            || ALLOWED.iter().any(|allowed| is_same(allowed, name))
            || named.iter().any(|named| is_same(named, name))
    };
    let variables = environment.variables.iter().filter(|(name, _)| is_allowed(name));
    variables.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_only_listed_and_named_variables() {
        let set = ["PATH", "LANG", "LC_ALL", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "HTTPS_PROXY"];
        let environment = Environment {
            variables: set.iter().map(|name| (OsString::from(name), OsString::from("value"))).collect(),
            ..Environment::default()
        };
        let passed = |named: &[&str]| -> Vec<String> {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            let names = allowed_variables(&environment, &named).into_iter();
            names.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(passed(&[]), ["LANG", "LC_ALL", "PATH"]);
        assert_eq!(passed(&["AWS_PROFILE", "UNSET"]), ["AWS_PROFILE", "LANG", "LC_ALL", "PATH"]);
    }
}
