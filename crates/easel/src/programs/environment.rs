//! The environment of a program: what it needs to run, and nothing that may be a secret.

use std::ffi::{OsStr, OsString};

use easel_config::Environment;

use crate::os;

/// The prefix of the variables for the categories of a locale.
const ALLOWED_PREFIX: &str = "LC_";

/// Returns the variables of a program: those that are always passed, and those that the user names.
pub(crate) fn allowed_variables(environment: &Environment, named: &[String]) -> Vec<(OsString, OsString)> {
    let is_allowed = |name: &OsStr| {
        let Some(name) = name.to_str() else { return false };
        name.starts_with(ALLOWED_PREFIX)
            || os::PROGRAM_VARIABLES.iter().any(|allowed| os::is_same_variable(allowed, name))
            || named.iter().any(|named| os::is_same_variable(named, name))
    };
    let variables = environment.variables.iter().filter(|(name, _)| is_allowed(name));
    variables.map(|(name, value)| (name.clone(), value.clone())).collect()
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
