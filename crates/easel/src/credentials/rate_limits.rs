//! What the Codex backend says of an account's limits in the headers of its answers, the latest of it.
//!
//! A limit is a family of headers, `x-{limit}-primary-used-percent` and its like; the first is `codex`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use easel_protocol::account::PlanType;
use easel_protocol::rate_limits::{
    CreditsSnapshot, GetAccountRateLimitsResponse, RateLimitReachedType, RateLimitSnapshot, RateLimitWindow,
};
use reqwest::header::HeaderMap;

/// The limit that everything counts against, unless the backend says another.
const MAIN: &str = "codex";

/// Limits that are kept: a server could name any number.
const MOST: usize = 16;

/// Characters of a name or balance.
const LONGEST: usize = 100;

#[derive(Debug, Default)]
pub(super) struct RateLimits(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    account_id: Option<String>,
    by_limit: BTreeMap<String, RateLimitSnapshot>,
}

impl RateLimits {
    /// Forgets what was said of other accounts.
    pub(super) fn keep_only(&self, account_id: &str) {
        let mut known = self.lock();
        if known.account_id.as_deref() != Some(account_id) {
            *known = Known::default();
        }
    }

    pub(super) fn forget(&self) {
        *self.lock() = Known::default();
    }

    /// Takes what an answer says and returns what is new in it. `plan` stands where the answer names none.
    pub(super) fn learn(&self, account_id: &str, plan: PlanType, headers: &HeaderMap) -> Vec<RateLimitSnapshot> {
        let mut known = self.lock();
        known.account_id = Some(account_id.to_owned());
        let mut changed = Vec::new();
        for snapshot in snapshots(headers, plan) {
            let id = snapshot.limit_id.clone().unwrap_or_default();
            let has_room = known.by_limit.len() < MOST || known.by_limit.contains_key(&id);
            if has_room && known.by_limit.insert(id, snapshot.clone()).as_ref() != Some(&snapshot) {
                changed.push(snapshot);
            }
        }
        changed
    }

    pub(super) fn read(&self) -> GetAccountRateLimitsResponse {
        let known = self.lock();
        let Some(main) = known.by_limit.get(MAIN).or(known.by_limit.values().next()) else {
            return GetAccountRateLimitsResponse::default();
        };
        GetAccountRateLimitsResponse {
            rate_limits: main.clone(),
            rate_limits_by_limit_id: Some(known.by_limit.clone()),
            account_id: known.account_id.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One snapshot a limit of which the headers say anything.
fn snapshots(headers: &HeaderMap, plan: PlanType) -> Vec<RateLimitSnapshot> {
    let active = text(headers, "x-codex-active-limit").map_or_else(|| MAIN.to_owned(), |limit| limit_id(&limit));
    let plan = text(headers, "x-codex-plan-type").map_or(plan, |plan| PlanType::from_name(&plan));
    let mut limits: BTreeSet<&str> = headers.keys().filter_map(|name| family(name.as_str())).collect();
    limits.insert(MAIN);
    let limits = limits.into_iter().take(MOST).map(|limit| {
        let id = limit_id(limit);
        let reached = text(headers, "x-codex-rate-limit-reached-type").filter(|_| id == active);
        RateLimitSnapshot {
            limit_name: text(headers, &format!("x-{limit}-limit-name")),
            primary: window(headers, limit, "primary"),
            secondary: window(headers, limit, "secondary"),
            credits: if limit == MAIN { credits(headers) } else { None },
            plan_type: Some(plan),
            rate_limit_reached_type: reached.and_then(|reached| reached_type(&reached)),
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

/// The limit that a header speaks of, as it is spelled there.
fn family(header: &str) -> Option<&str> {
    let limit = header.strip_prefix("x-")?;
    limit.strip_suffix("-primary-used-percent").or_else(|| limit.strip_suffix("-secondary-used-percent"))
}

/// Headers have hyphens where ids have underscores.
fn limit_id(limit: &str) -> String {
    limit.to_ascii_lowercase().replace('-', "_")
}

fn window(headers: &HeaderMap, limit: &str, which: &str) -> Option<RateLimitWindow> {
    let used: f64 = text(headers, &format!("x-{limit}-{which}-used-percent"))?.parse().ok()?;
    let number = |what: &str| -> Option<i64> { text(headers, &format!("x-{limit}-{which}-{what}"))?.parse().ok() };
    let (minutes, resets_at) = (number("window-minutes"), number("reset-at"));
    // All zero is how the backend says that there is no such window.
    let says_something = used != 0.0 || minutes.is_some_and(|minutes| minutes != 0) || resets_at.is_some();
    (used.is_finite() && used >= 0.0 && says_something).then(|| RateLimitWindow {
        used_percent: used.round() as i32,
        window_duration_mins: minutes,
        resets_at,
    })
}

fn credits(headers: &HeaderMap) -> Option<CreditsSnapshot> {
    let switch = |name: &str| match text(headers, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    Some(CreditsSnapshot {
        has_credits: switch("x-codex-credits-has-credits")?,
        unlimited: switch("x-codex-credits-unlimited")?,
        balance: text(headers, "x-codex-credits-balance"),
    })
}

fn reached_type(name: &str) -> Option<RateLimitReachedType> {
    serde_json::from_value(name.to_ascii_lowercase().into()).ok()
}

/// A header's value, if it is text of visible characters and not too long.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
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
    fn every_family_of_headers_is_a_limit_and_the_reached_one_is_the_active_one() {
        let limits = RateLimits::default();
        let said = headers(&[
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
        assert_eq!(limits.learn("acct", PlanType::Plus, &said).len(), 2);
        assert!(limits.learn("acct", PlanType::Plus, &said).is_empty(), "the same again is nothing new");
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
    fn headers_that_say_nothing_or_nonsense_are_no_limit() {
        let limits = RateLimits::default();
        for strange in ["", "much", "NaN", "inf", "-1"] {
            let said = headers(&[("codex-primary-used-percent", strange), ("codex-primary-reset-at", "soon")]);
            assert!(limits.learn("acct", PlanType::Plus, &said).is_empty(), "{strange}");
        }
        assert!(limits.learn("acct", PlanType::Plus, &HeaderMap::new()).is_empty());
        assert_eq!(limits.read(), GetAccountRateLimitsResponse::default());
    }

    #[test]
    fn another_account_starts_anew_and_the_same_one_goes_on() {
        let limits = RateLimits::default();
        limits.learn("acct", PlanType::Plus, &headers(&[("codex-primary-used-percent", "5")]));
        limits.keep_only("acct");
        assert!(limits.read().rate_limits.primary.is_some());
        limits.keep_only("other");
        assert_eq!(limits.read(), GetAccountRateLimitsResponse::default());
    }
}
