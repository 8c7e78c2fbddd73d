//! One result of the doctor.

use serde::Serialize;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What was checked, in one word.
    pub(super) name: &'static str,
    pub(super) status: Status,
    /// What was found. A sentence.
    pub(super) finding: String,
    /// What to do about it. A sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Ok,
    /// Images can be made, but perhaps not as the user expects.
    Warning,
    /// No image can be made.
    Failed,
    /// An earlier failure leaves nothing to check.
    Skipped,
}

impl Status {
    /// Returns the status as the first word of a line.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "WARNING",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

impl Check {
    pub(super) fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, finding: finding.into(), remedy: None }
    }

    pub(super) fn skipped(name: &'static str, finding: impl Into<String>) -> Self {
        Self { status: Status::Skipped, ..Self::ok(name, finding) }
    }

    pub(super) fn warning(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Warning, remedy: Some(remedy.into()), ..Self::ok(name, finding) }
    }

    pub(super) fn failed(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Failed, ..Self::warning(name, finding, remedy) }
    }

    /// Returns the failed check of an error. Most errors end with what to do, after a semicolon; `remedy` is for the
    /// others.
    pub(super) fn from_error(name: &'static str, error: &str, remedy: &str) -> Self {
        match error.rsplit_once("; ") {
            Some((finding, own)) => Self::failed(name, sentence(finding), sentence(own)),
            None => Self::failed(name, sentence(error), remedy),
        }
    }

    /// Returns the check with the provider that it is about, one of several.
    pub(super) fn about(self, provider: &str) -> Self {
        Self { finding: format!("`{provider}`: {}", self.finding), ..self }
    }

    /// Returns the check as one line for people.
    pub(super) fn to_line(&self) -> String {
        let remedy = self.remedy.as_ref().map(|remedy| format!(" {remedy}")).unwrap_or_default();
        format!("{:<8} {:<12} {}{remedy}", self.status.label(), self.name, self.finding)
    }
}

/// Makes a sentence of an error: with a capital, unless it begins with a name, and a full stop, unless it is a
/// question.
pub(super) fn sentence(error: &str) -> String {
    let error = error.trim_end_matches('.');
    let end = if error.ends_with('?') { "" } else { "." };
    let mut letters = error.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}{end}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

/// Leaves out the error number of the operating system or of SQLite, which does not help users, and the full stop of
/// Windows. The number of SQLite comes with a copy of the message before it.
pub(super) fn without_number(message: &str) -> String {
    let message = message.split(" (os error ").next().unwrap_or_default();
    message.split(": Error code ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}
