//! Derives the configuration of a thread's turns from the configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Approval, Config, Detail, KeepUnmasked, ReasoningSummary};
use easel_imagegen::approval::ApprovalPolicy;
use easel_imagegen::history::ImageBudget;
use easel_imagegen::model_copy::Pictures;
use easel_imagegen::port::Reasoning;
use easel_imagegen::spec;
use easel_imagegen::spending::{Cost, Limits, Policy};
use easel_protocol::input::ImageDetail;
use easel_protocol::model;
use easel_thread::ThreadConfig;
use parking_lot::Mutex;

use crate::hooks::hooks_from_config;

/// The default of `model_context_tokens`. It is far below the windows of current models and the size at which OpenAI
/// doubles its price, and large enough that a thread is compacted only once in hundreds of turns.
const CONTEXT_TOKENS: u64 = 100_000;

/// The default of `approval_timeout_ms`.
const APPROVAL_TIMEOUT: Duration = Duration::from_secs(300);

/// The thread configuration that was derived last. Most threads have an equal one, and share it.
#[derive(Debug, Default)]
pub(crate) struct ThreadConfigCache(Mutex<Option<Arc<ThreadConfig>>>);

impl ThreadConfigCache {
    /// Returns the thread configuration for `config`.
    pub(crate) fn get(&self, config: &Config) -> Arc<ThreadConfig> {
        let derived = derive_thread_config(config);
        let mut last = self.0.lock();
        match &*last {
            Some(last) if **last == derived => Arc::clone(last),
            _ => Arc::clone(last.insert(Arc::new(derived))),
        }
    }
}

/// Derives the configuration of a thread's turns.
pub(crate) fn derive_thread_config(config: &Config) -> ThreadConfig {
    ThreadConfig {
        image_generation: config.features.image_generation,
        imagegenext: config.features.imagegenext,
        image_provider: config.images.provider.clone(),
        instructions: build_instructions(config),
        reasoning: Reasoning {
            effort: config.model_reasoning_effort.clone(),
            summary: config.model_reasoning_summary.map(to_summary),
        },
        closing_answer: config.images.closing_answer,
        detail: to_image_detail(config.images.detail),
        parallel_calls: config.images.parallel.into(),
        call_deadline: Duration::from_millis(config.images.timeout_ms),
        partial_images: config.images.partial_images,
        keep_unmasked: config.images.keep_unmasked == KeepUnmasked::Composite,
        retry_uncertain: config.images.retry_uncertain,
        max_images: config.limits.images_per_turn,
        spending: spending_policy(config),
        budget: ImageBudget { images: config.history.model_images, bytes: config.history.model_image_bytes },
        pictures: to_pictures(config.history.pictures),
        context_tokens: config.model_context_tokens.unwrap_or(CONTEXT_TOKENS),
        reference_roots: config
            .images
            .reference_roots
            .iter()
            .map(PathBuf::from)
            .filter(|root| root.is_absolute())
            .collect(),
        hooks: hooks_from_config(config),
        approval: approval_policy(config),
        approval_timeout: config.approval_timeout_ms.map_or(APPROVAL_TIMEOUT, Duration::from_millis),
        event_delay: Duration::from_millis(config.wire.turn_event_delay_ms),
    }
}

/// Returns the limits of spending and the prices.
pub(crate) fn spending_policy(config: &Config) -> Policy {
    let limits = Limits {
        images_per_day: config.limits.images_per_day,
        cost_per_day: config.limits.cost_per_day.map(Cost::from_usd),
        cost_per_thread: config.limits.cost_per_thread.map(Cost::from_usd),
    };
    Policy { limits, prices: config.prices.clone() }
}

/// Returns which calls need an approval.
pub(crate) fn approval_policy(config: &Config) -> ApprovalPolicy {
    ApprovalPolicy {
        is_for_all: config.approval == Approval::Always,
        is_over_limits: matches!(config.approval, Approval::Always | Approval::OverLimit),
    }
}

/// Returns the system prompt: the model's instructions, then the developer's.
fn build_instructions(config: &Config) -> String {
    let mut text = config.model_instructions.as_deref().unwrap_or_else(|| spec::INSTRUCTIONS.trim_end()).to_owned();
    if let Some(developer) = &config.developer_instructions {
        text.push_str("\n\n");
        text.push_str(developer);
    }
    text
}

pub(crate) fn to_summary(summary: ReasoningSummary) -> model::ReasoningSummary {
    match summary {
        ReasoningSummary::Auto => model::ReasoningSummary::Auto,
        ReasoningSummary::Concise => model::ReasoningSummary::Concise,
        ReasoningSummary::Detailed => model::ReasoningSummary::Detailed,
        ReasoningSummary::None => model::ReasoningSummary::None,
    }
}

fn to_image_detail(detail: Detail) -> ImageDetail {
    match detail {
        Detail::Auto => ImageDetail::Auto,
        Detail::Low => ImageDetail::Low,
        Detail::High => ImageDetail::High,
        Detail::Original => ImageDetail::Original,
    }
}

fn to_pictures(pictures: easel_config::Pictures) -> Pictures {
    match pictures {
        easel_config::Pictures::Copy => Pictures::Copy,
        easel_config::Pictures::Original => Pictures::Original,
    }
}
