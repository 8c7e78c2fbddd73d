//! The rate limits of a ChatGPT account, which the Codex backend reports in the headers of its responses.
//!
//! A limit is a family of headers, such as `x-{limit}-primary-used-percent`. The main one is `codex`.

use std::collections::{BTreeMap, BTreeSet};

use easel_protocol::account::PlanType;
use easel_protocol::rate_limits::{
    CreditsSnapshot, GetAccountRateLimitsResponse, RateLimitReachedType, RateLimitSnapshot, RateLimitWindow,
};
use parking_lot::Mutex;
use reqwest::header::HeaderMap;

/// The limit that every request counts against, unless the backend names another.
const MAIN_LIMIT: &str = "codex";

/// Maximum number of limits that are stored. A server could report any number.
const MAX_LIMITS: usize = 16;

/// Maximum length of a header's value, in bytes.
const MAX_VALUE_LEN: usize = 100;

/// The limits that the backend reported last.
#[derive(Debug, Default)]
pub(super) struct RateLimits(Mutex<ReportedLimits>);

#[derive(Debug, Default)]
struct ReportedLimits {
    account_id: Option<String>,
    by_limit: BTreeMap<String, RateLimitSnapshot>,
}

impl RateLimits {
    /// Removes the limits of other accounts.
    pub(super) fn retain_account(&self, account_id: &str) {
        let mut reported = self.0.lock();
        if reported.account_id.as_deref() != Some(account_id) {
            *reported = ReportedLimits::default();
        }
    }

    /// Removes all limits.
    pub(super) fn clear(&self) {
        *self.0.lock() = ReportedLimits::default();
    }

    /// Stores the limits that a response reports, and returns those that changed. `plan` is used if the response names
    /// no plan.
    pub(super) fn update(&self, account_id: &str, plan: PlanType, headers: &HeaderMap) -> Vec<RateLimitSnapshot> {
        let mut reported = self.0.lock();
        reported.account_id = Some(account_id.to_owned());
        let mut changed = Vec::new();
        for snapshot in parse_snapshots(headers, plan) {
            let id = snapshot.limit_id.clone().unwrap_or_default();
            let has_room = reported.by_limit.len() < MAX_LIMITS || reported.by_limit.contains_key(&id);
            if has_room && reported.by_limit.insert(id, snapshot.clone()).as_ref() != Some(&snapshot) {
                changed.push(snapshot);
            }
        }
        changed
    }

    /// Returns all limits.
    pub(super) fn read(&self) -> GetAccountRateLimitsResponse {
        let reported = self.0.lock();
        let Some(main) = reported.by_limit.get(MAIN_LIMIT).or(reported.by_limit.values().next()) else {
            return GetAccountRateLimitsResponse::default();
        };
        GetAccountRateLimitsResponse {
            rate_limits: main.clone(),
            rate_limits_by_limit_id: Some(reported.by_limit.clone()),
            account_id: reported.account_id.clone(),
        }
    }
}

/// Parses one snapshot for each limit that the headers report.
fn parse_snapshots(headers: &HeaderMap, plan: PlanType) -> Vec<RateLimitSnapshot> {
    let active =
        header_text(headers, "x-codex-active-limit").map_or_else(|| MAIN_LIMIT.to_owned(), |limit| limit_id(&limit));
    let plan = header_text(headers, "x-codex-plan-type").map_or(plan, |plan| PlanType::from_name(&plan));
    let mut limits: BTreeSet<&str> = headers.keys().filter_map(|name| limit_name(name.as_str())).collect();
    limits.insert(MAIN_LIMIT);
    let limits = limits.into_iter().take(MAX_LIMITS).map(|limit| {
        let id = limit_id(limit);
        let reached = header_text(headers, "x-codex-rate-limit-reached-type").filter(|_| id == active);
        RateLimitSnapshot {
            limit_name: header_text(headers, &format!("x-{limit}-limit-name")),
            primary: parse_window(headers, limit, "primary"),
            secondary: parse_window(headers, limit, "secondary"),
            credits: if limit == MAIN_LIMIT { parse_credits(headers) } else { None },
            plan_type: Some(plan),
            rate_limit_reached_type: reached.and_then(|reached| parse_reached_type(&reached)),
            limit_id: Some(id),
        }
    });
    limits
        .filter(|limit| {
            let reached = limit.rate_limit_reached_type.is_some();
            limit.primary.is_some() || limit.secondary.is_some() || limit.credits.is_some() || reached
        })
        .collect()
}

/// Returns the limit that a header belongs to, as the header spells it.
fn limit_name(header: &str) -> Option<&str> {
    let limit = header.strip_prefix("x-")?;
    limit.strip_suffix("-primary-used-percent").or_else(|| limit.strip_suffix("-secondary-used-percent"))
}

/// Converts the spelling of a header to that of an id: ids have underscores where headers have hyphens.
fn limit_id(limit: &str) -> String {
    limit.to_ascii_lowercase().replace('-', "_")
}

/// Parses the primary or secondary window of a limit.
fn parse_window(headers: &HeaderMap, limit: &str, which: &str) -> Option<RateLimitWindow> {
    let used: f64 = header_text(headers, &format!("x-{limit}-{which}-used-percent"))?.parse().ok()?;
    let number =
        |what: &str| -> Option<i64> { header_text(headers, &format!("x-{limit}-{which}-{what}"))?.parse().ok() };
    let (minutes, resets_at) = (number("window-minutes"), number("reset-at"));
    // The backend reports a window that does not exist as all zeros.
    let exists = used != 0.0 || minutes.is_some_and(|minutes| minutes != 0) || resets_at.is_some();
    (used.is_finite() && used >= 0.0 && exists).then(|| RateLimitWindow {
        used_percent: used.round() as i32,
        window_duration_mins: minutes,
        resets_at,
    })
}

fn parse_credits(headers: &HeaderMap) -> Option<CreditsSnapshot> {
    let flag = |name: &str| match header_text(headers, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    Some(CreditsSnapshot {
        has_credits: flag("x-codex-credits-has-credits")?,
        unlimited: flag("x-codex-credits-unlimited")?,
        balance: header_text(headers, "x-codex-credits-balance"),
    })
}

fn parse_reached_type(name: &str) -> Option<RateLimitReachedType> {
    serde_json::from_value(name.to_ascii_lowercase().into()).ok()
}

/// Returns the value of a header, if it is short printable text.
fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= MAX_VALUE_LEN).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &'static str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &'static str)| (format!("x-{name}").parse().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn each_header_family_is_a_limit() {
        let limits = RateLimits::default();
        let reported = headers(&[
            ("codex-primary-used-percent", "41.6"),
            ("codex-primary-window-minutes", "300"),
            ("codex-primary-reset-at", "1704069000"),
            ("codex-secondary-used-percent", "0"),
            ("codex-secondary-window-minutes", "0"),
            ("codex-premium-images-primary-used-percent", "100"),
            ("codex-premium-images-limit-name", "Images"),
            ("codex-active-limit", "codex_premium_images"),
            ("codex-rate-limit-reached-type", "rate_limit_reached"),
            ("codex-credits-has-credits", "true"),
            ("codex-credits-unlimited", "False"),
        ]);
        assert_eq!(limits.update("acct", PlanType::Plus, &reported).len(), 2);
        assert!(limits.update("acct", PlanType::Plus, &reported).is_empty(), "the same limits are no change");
        let read = limits.read();
        assert_eq!(read.account_id.as_deref(), Some("acct"));
        let main = read.rate_limits;
        let window =
            RateLimitWindow { used_percent: 42, window_duration_mins: Some(300), resets_at: Some(1_704_069_000) };
        assert_eq!((main.primary, main.secondary, main.plan_type), (Some(window), None, Some(PlanType::Plus)));
        assert_eq!((main.rate_limit_reached_type, main.credits.is_some()), (None, true));
        let images = &read.rate_limits_by_limit_id.unwrap()["codex_premium_images"];
        assert_eq!((images.limit_name.as_deref(), images.primary.unwrap().used_percent), (Some("Images"), 100));
        assert_eq!(images.rate_limit_reached_type, Some(RateLimitReachedType::RateLimitReached));
    }

    #[test]
    fn malformed_headers_are_ignored() {
        let limits = RateLimits::default();
        for malformed in ["", "much", "NaN", "inf", "-1"] {
            let reported = headers(&[("codex-primary-used-percent", malformed), ("codex-primary-reset-at", "soon")]);
            assert!(limits.update("acct", PlanType::Plus, &reported).is_empty(), "{malformed}");
        }
        assert!(limits.update("acct", PlanType::Plus, &HeaderMap::new()).is_empty());
        assert_eq!(limits.read(), GetAccountRateLimitsResponse::default());
    }

    #[test]
    fn limits_belong_to_one_account() {
        let limits = RateLimits::default();
        limits.update("acct", PlanType::Plus, &headers(&[("codex-primary-used-percent", "5")]));
        limits.retain_account("acct");
        assert!(limits.read().rate_limits.primary.is_some());
        limits.retain_account("other");
        assert_eq!(limits.read(), GetAccountRateLimitsResponse::default());
    }
}
