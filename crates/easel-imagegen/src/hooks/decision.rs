//! What the end of a hook means.

use easel_protocol::record::{ImageError, ImageErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::{Hook, HookEnd};
use crate::invisible::to_line;
use crate::port::image_error;

/// Maximum length of the output that a hook decides with, in bytes. A longer one denies the call.
pub const MAX_OUTPUT_BYTES: usize = 64 * 1024;

/// Maximum length of what a hook says, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// A hook that leaves a call to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookQuestion {
    /// The name of the hook.
    pub hook: String,
    /// Why it asks, in one line. Empty without a reason.
    pub reason: String,
}

/// Decides from the end of a hook whether the call may be made. It may if the hook exits with code 0, and prints
/// nothing, a text, or a JSON object that does not deny the call, of at most [`MAX_OUTPUT_BYTES`]. With the question
/// that is returned, it may only if the user agrees. Everything else denies it, so that a broken hook does not open
/// what it guards.
///
/// # Errors
/// The error of the denied call.
pub fn decide(hook: &Hook, end: &HookEnd) -> Result<Option<HookQuestion>, Box<ImageError>> {
    let decision = match end {
        HookEnd::Failed(what) => HookDecision::Deny(format!("{what}, so the call was not made")),
        // Its end, which may deny the call, is not here.
        HookEnd::Exited { code: Some(0), stdout, .. } if stdout.len() > MAX_OUTPUT_BYTES => {
            HookDecision::Deny(format!(
                "printed more than {} KiB on stdout, so the call was not made; print its log on stderr",
                MAX_OUTPUT_BYTES / 1024
            ))
        }
        HookEnd::Exited { code: Some(0), stdout, .. } => read_decision(stdout),
        HookEnd::Exited { code, stderr, .. } => {
            let message = to_line(stderr, MAX_MESSAGE_CHARS);
            HookDecision::Deny(if message.is_empty() {
                describe_code(*code)
            } else {
                format!("denied the call: {message}")
            })
        }
    };
    match decision {
        HookDecision::Allow => Ok(None),
        HookDecision::Ask(reason) => Ok(Some(HookQuestion { hook: hook.name.clone(), reason })),
        HookDecision::Deny(what) => {
            let message = format!("the hook {} {what}", hook.name);
            Err(Box::new(image_error(ImageErrorKind::HookDenied, message)))
        }
    }
}

/// What a hook decides.
enum HookDecision {
    Allow,
    /// The user decides. The text is why, in one line.
    Ask(String),
    /// The text completes "the hook …".
    Deny(String),
}

/// Describes the end of a hook whose output does not matter, for the log: whether it succeeded, and what it printed.
pub fn report(end: &HookEnd) -> (bool, String) {
    match end {
        HookEnd::Failed(what) => (false, what.clone()),
        HookEnd::Exited { code: Some(0), stdout, .. } => (true, to_line(stdout, MAX_MESSAGE_CHARS)),
        HookEnd::Exited { code, stderr, .. } => {
            (false, format!("{} {}", describe_code(*code), to_line(stderr, MAX_MESSAGE_CHARS)))
        }
    }
}

fn describe_code(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("exited with code {code} and gave no reason on stderr"),
        None => "was killed by a signal".to_owned(),
    }
}

/// The output of a hook, in the spelling of Codex. Unknown fields are an error, because one of them may be a denial.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Output {
    #[serde(default, rename = "continue")]
    continues: Option<bool>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    decision: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    hook_specific_output: Option<SpecificOutput>,
    /// Without effect.
    #[serde(default, rename = "systemMessage")]
    _system_message: Option<String>,
    /// Without effect: the output of a hook is never shown.
    #[serde(default, rename = "suppressOutput")]
    _suppress_output: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SpecificOutput {
    hook_event_name: String,
    #[serde(default)]
    permission_decision: Option<String>,
    #[serde(default)]
    permission_decision_reason: Option<String>,
    #[serde(default)]
    updated_input: Option<Value>,
    /// Without effect: the output of a hook never reaches the model.
    #[serde(default, rename = "additionalContext")]
    _additional_context: Option<String>,
}

/// Reads the decision in the output of a hook that succeeded.
fn read_decision(stdout: &[u8]) -> HookDecision {
    // Some programs print a byte order mark first, and others a line of their log.
    let text = stdout.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stdout).trim_ascii();
    let has_object = text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii().starts_with(b"{"));
    // The fields of an object could be read from an array, too.
    let is_array = serde_json::from_slice::<Vec<Value>>(text).is_ok();
    if !has_object && !is_array {
        return HookDecision::Allow;
    }
    let output = serde_json::from_slice::<Output>(text).ok().filter(|_| !is_array);
    let Some(output) = output else {
        return HookDecision::Deny(
            "printed JSON that is not the output of a hook, so the call was not made".to_owned(),
        );
    };
    let to_reason = |reason: Option<String>| to_line(reason.unwrap_or_default().as_bytes(), MAX_MESSAGE_CHARS);
    let denied = |reason: Option<String>| {
        let reason = to_reason(reason);
        HookDecision::Deny(if reason.is_empty() {
            "denied the call".to_owned()
        } else {
            format!("denied the call: {reason}")
        })
    };
    let unsupported = |what: &str| {
        HookDecision::Deny(format!("printed {what}, which Easel does not support, so the call was not made"))
    };
    if output.continues == Some(false) {
        return denied(output.stop_reason);
    }
    match output.decision.as_deref() {
        Some("block") => return denied(output.reason),
        Some("approve") | None => {}
        Some(_) => return unsupported("an unknown `decision`"),
    }
    let Some(specific) = output.hook_specific_output else { return HookDecision::Allow };
    if specific.hook_event_name != "PreToolUse" {
        return unsupported("a `hookEventName` other than PreToolUse");
    }
    match specific.permission_decision.as_deref() {
        Some("deny") => denied(specific.permission_decision_reason),
        Some("allow" | "ask") | None if specific.updated_input.is_some() => unsupported("an `updatedInput`"),
        Some("allow") | None => HookDecision::Allow,
        Some("ask") => HookDecision::Ask(to_reason(specific.permission_decision_reason)),
        Some(_) => unsupported("an unknown `permissionDecision`"),
    }
}
