//! Approvals: whether a person must agree to an image call before it is made, and what an approval covers.

mod grants;
#[cfg(test)]
mod tests;

use std::time::Duration;

use easel_protocol::approval::{
    ApprovalCause, ApprovalImage, ImageApproval, NetworkPermissions, PermissionProfile,
    PermissionsRequestApprovalParams,
};
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::record::{ImageError, ImageErrorKind, RequestedImage};

pub use grants::Grants;

use crate::hooks::HookQuestion;
use crate::invisible::to_line;
use crate::output::shorten;
use crate::port::{Reference, image_error};
use crate::spending::{Budget, Cost, LimitError, Quote};

/// Maximum length of a prompt in a request, in Unix scalar values.
const PROMPT_CHARS: usize = 4_000;

/// Maximum length of a prompt in a question.
const QUESTION_CHARS: usize = 200;

/// Why nobody can be asked, for a client. A command that is its own client replaces it by what its user can do.
pub const UNDECLARED: &str = "the client has not declared that it answers item/permissions/requestApproval";

/// The calls that need an approval. By default there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Whether every call does.
    pub is_for_all: bool,
    /// Whether a call over a limit, or of unknown price, may be made with an approval. If not, it is refused.
    pub is_over_limits: bool,
}

/// A call that needs an approval.
#[derive(Debug, Clone)]
pub struct ApprovalRequest {
    /// The thread of the call.
    pub thread_id: ThreadId,
    /// The turn of the call.
    pub turn_id: TurnId,
    /// The id of the call's item.
    pub item_id: ItemId,
    /// The working folder of the thread.
    pub cwd: String,
    /// The id of the provider.
    pub provider: String,
    /// Whether the provider bills.
    pub bills: bool,
    /// The arguments of the call.
    pub requested: RequestedImage,
    /// The images that are sent with it, the mask last.
    pub references: Vec<Reference>,
    /// What the call may cost.
    pub quote: Quote,
    /// The limits and what is used of them.
    pub budget: Budget,
    /// Why the limits refuse the call; `None` if they do not.
    pub refusal: Option<LimitError>,
    /// The hook that leaves this call to the user. The approval of another call does not cover it.
    pub hook: Option<HookQuestion>,
    /// How long the person may take.
    pub timeout: Duration,
}

/// Why a call was not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The person denied it.
    Denied,
    /// Nobody can be asked: the client that started the turn has not declared that it answers.
    NobodyToAsk,
    /// Nobody answered in time.
    TimedOut(Duration),
    /// The client that was asked has disconnected.
    Disconnected,
    /// The client's answer cannot be understood.
    InvalidResponse,
    /// The turn failed before anybody was asked.
    TurnFailed,
}

impl ApprovalPolicy {
    /// Returns the policy of a running turn that started with this policy, after it was replaced with `current`: a
    /// running turn adopts only what is stricter.
    #[must_use]
    pub fn stricter(self, current: Self) -> Self {
        Self {
            is_for_all: self.is_for_all || current.is_for_all,
            is_over_limits: self.is_over_limits && current.is_over_limits,
        }
    }

    /// Returns whether calls that were made under `before` now need an approval or are refused.
    pub fn is_stricter_than(self, before: Self) -> bool {
        !before.is_for_all && (self.is_for_all || (before.is_over_limits && !self.is_over_limits))
    }
}

impl Denial {
    /// Returns the error of the call. `refusal` is why the limits refused it, and `hook` left it to the user.
    pub fn to_error(self, refusal: Option<&LimitError>, hook: Option<&HookQuestion>) -> ImageError {
        let reason = match self {
            Self::Denied => "the user did not approve the image call".to_owned(),
            Self::NobodyToAsk => {
                let demand = hook.map_or_else(|| "approval".to_owned(), |hook| format!("the hook {}", hook.hook));
                format!("the image call needs an approval ({demand}), and {UNDECLARED}")
            }
            Self::TimedOut(limit) => {
                let seconds = limit.as_secs_f64();
                format!("nobody approved the image call within {seconds} s (approval_timeout_ms)")
            }
            Self::Disconnected => "the client that could approve the image call has disconnected".to_owned(),
            Self::TurnFailed => "the turn failed before the image call was approved".to_owned(),
            Self::InvalidResponse => {
                "the client's answer to item/permissions/requestApproval has the wrong shape".to_owned()
            }
        };
        match refusal {
            // The limit says when a call may be made without an approval.
            Some(refusal) => {
                let error = refusal.to_error();
                ImageError { message: format!("{}; {reason}", error.message), ..error }
            }
            None => image_error(ImageErrorKind::ApprovalDenied, reason),
        }
    }
}

/// How far an approval goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// It covers calls within the limits.
    WithinLimits,
    /// It covers calls over the limits too.
    OverLimits,
}

impl ApprovalRequest {
    /// Returns the extent that an approval of this call has.
    pub fn extent(&self) -> Extent {
        if self.refusal.is_some() { Extent::OverLimits } else { Extent::WithinLimits }
    }

    /// Returns the question for a person in one sentence: what is made by whom at what price, which limit it exceeds,
    /// and why a hook asks.
    pub fn to_question(&self) -> String {
        let Quote { model, images, cost, .. } = &self.quote;
        let images = if *images == 1 { "1 image".to_owned() } else { format!("{images} images") };
        let cost = match cost {
            Some(cost) => format!(" for about {cost}"),
            None if self.bills => " at an unknown price".to_owned(),
            None => ", which bills nothing".to_owned(),
        };
        let limit = self.refusal.as_ref().map(|refusal| format!(", although {refusal}")).unwrap_or_default();
        let prompt = to_line(self.requested.prompt.as_bytes(), QUESTION_CHARS);
        let hook = self.hook.as_ref().map(|HookQuestion { hook, reason }| match reason.as_str() {
            "" => format!("The hook {hook} asks. "),
            reason => format!("The hook {hook} asks: {}. ", reason.trim_end_matches('.')),
        });
        let hook = hook.unwrap_or_default();
        let provider = &self.provider;
        format!("{hook}Make {images} with {model} of the provider {provider}{cost}{limit}? Prompt: \"{prompt}\"")
    }

    /// Returns the request in the terms of the Codex app-server. `at_ms` is the time in Unix milliseconds.
    pub fn to_params(&self, at_ms: i64) -> PermissionsRequestApprovalParams {
        let image = |reference: &Reference| ApprovalImage {
            id: reference.id.clone(),
            path: reference.path.to_string_lossy().into_owned(),
        };
        let left = |limit: Option<Cost>, used: Cost| limit.map(|limit| limit.saturating_sub(used).to_usd());
        let Budget { limits, today, thread, .. } = &self.budget;
        PermissionsRequestApprovalParams {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: self.item_id.clone(),
            environment_id: None,
            cwd: self.cwd.clone(),
            permissions: PermissionProfile { network: Some(NetworkPermissions { enabled: Some(true) }) },
            reason: Some(self.to_question()),
            started_at_ms: at_ms,
            image_generation: ImageApproval {
                cause: match &self.refusal {
                    None if self.hook.is_some() => ApprovalCause::Hook,
                    None => ApprovalCause::Always,
                    Some(LimitError::OverLimit { .. }) => ApprovalCause::OverLimit,
                    Some(LimitError::UnknownPrice { .. }) => ApprovalCause::UnknownPrice,
                },
                action: self.requested.action,
                prompt: shorten(&self.requested.prompt, PROMPT_CHARS),
                images: self.references.iter().map(image).collect(),
                provider: self.provider.clone(),
                model: self.quote.model.clone(),
                count: self.quote.images,
                estimated_cost_usd: self.quote.cost.map(Cost::to_usd),
                images_left_today: limits.images_per_day.map(|limit| limit.saturating_sub(today.images)),
                cost_left_today_usd: left(limits.cost_per_day, today.cost),
                cost_left_in_thread_usd: left(limits.cost_per_thread, thread.cost),
                timeout_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            },
        }
    }
}
