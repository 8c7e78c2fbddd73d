//! Options that the user can choose for a session.

use std::borrow::Cow;

use serde::Serialize;

/// An option with a list of values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigOption {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) category: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) current_value: String,
    pub(crate) options: Vec<ConfigValue>,
}

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ConfigValue {
    pub(crate) value: Cow<'static, str>,
    pub(crate) name: Cow<'static, str>,
}
