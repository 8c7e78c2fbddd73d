//! The usage limits of an account, as its backend reports them with every response.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::account::PlanType;

/// Reads the usage limits that the backend last reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountRateLimitsParams {}

/// The usage limits that the backend last reported. All fields are `null` before the first report, and with an API key,
/// for which there are no reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountRateLimitsResponse {
    /// The limit `codex`, or the first limit if the account has none of that name.
    pub rate_limits: RateLimitSnapshot,
    /// All limits, by id.
    pub rate_limits_by_limit_id: Option<BTreeMap<String, RateLimitSnapshot>>,
    /// The account that the report is about.
    pub account_id: Option<String>,
}

/// A limit changed. A slow client may miss this; `account/rateLimits/read` has the current state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountRateLimitsUpdatedNotification {
    /// The limit that changed.
    pub rate_limits: RateLimitSnapshot,
}

/// The state of one usage limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitSnapshot {
    /// The id of the limit.
    pub limit_id: Option<String>,
    /// The name to show to people.
    pub limit_name: Option<String>,
    /// The shorter window of the limit.
    pub primary: Option<RateLimitWindow>,
    /// The longer window of the limit.
    pub secondary: Option<RateLimitWindow>,
    /// The credits of the account.
    pub credits: Option<CreditsSnapshot>,
    /// The plan of the account.
    pub plan_type: Option<PlanType>,
    /// Why requests are refused. `null` while they are not.
    pub rate_limit_reached_type: Option<RateLimitReachedType>,
}

/// A window of time in which usage is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitWindow {
    /// Percent of the limit that is used. Over 100 when more was used than the limit allows.
    pub used_percent: i32,
    /// Length of the window in minutes.
    pub window_duration_mins: Option<i64>,
    /// When the window ends, in Unix seconds.
    pub resets_at: Option<i64>,
}

/// The credits of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CreditsSnapshot {
    /// Whether the account has credits.
    pub has_credits: bool,
    /// Whether the credits are unlimited.
    pub unlimited: bool,
    /// The balance, in the backend's own format.
    pub balance: Option<String>,
}

/// Why a backend refuses requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitReachedType {
    /// The limit of the plan is used up.
    RateLimitReached,
    /// The credits of the workspace are used up; the user is its owner.
    WorkspaceOwnerCreditsDepleted,
    /// The credits of the workspace are used up; the user is a member.
    WorkspaceMemberCreditsDepleted,
    /// The limit of the workspace is used up; the user is its owner.
    WorkspaceOwnerUsageLimitReached,
    /// The limit of the workspace is used up; the user is a member.
    WorkspaceMemberUsageLimitReached,
}
