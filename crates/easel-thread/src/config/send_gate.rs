//! The gate of a turn: checks the current configuration immediately before a request is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use easel_imagegen::approval::ApprovalPolicy;
use easel_imagegen::hooks::{Hook, Hooks};
use easel_imagegen::port::{Provider, SendGate, image_error};
use easel_imagegen::spending::{Budget, Limits, Policy, Quote};
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::tool::{HeldBackReason, ToolExposure};

use super::{LiveConfig, ThreadConfig};

/// The gate of one turn's requests.
#[derive(Debug)]
pub(crate) struct TurnGate {
    config: LiveConfig,
    tool: OfferedTool,
    /// The limits of spending when the turn started.
    limits: Limits,
    /// Number of images for which the turn has sent requests.
    images: Arc<AtomicU32>,
}

/// The tool that a turn has offered.
#[derive(Debug, Clone)]
pub(crate) struct OfferedTool {
    exposure: ToolExposure,
    /// Whether another provider makes the images. The standalone tool then needs no feature.
    has_separate_images: bool,
    /// The provider whose model answers.
    own: Arc<str>,
    /// The provider that makes the images.
    images: Arc<str>,
}

impl OfferedTool {
    pub(crate) fn new(exposure: ToolExposure, provider: &impl Provider) -> Self {
        Self {
            exposure,
            has_separate_images: provider.separate_images().is_some(),
            own: provider.info().id.as_str().into(),
            images: provider.image_info().id.as_str().into(),
        }
    }
}

/// The limits of the calls of a turn, by the configuration at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallLimits {
    /// Why the turn's tool is not offered; `None` if it is.
    pub(crate) withdrawn: Option<HeldBackReason>,
    /// Maximum number of images of the turn.
    pub(crate) max_images: u32,
}

/// What a call has reserved, for the check of limits that become stricter before the call is sent.
#[derive(Debug, Clone)]
pub(crate) struct Reserved {
    pub(crate) quote: Quote,
    /// The budget with the call in it; `None` if no limit applies.
    pub(crate) budget: Option<Budget>,
}

/// What a call must pass before it is sent: the hooks and the approvals of the configuration when it begins.
#[derive(Debug, Clone)]
pub(crate) struct Guards {
    pub(crate) pre_hooks: Vec<Hook>,
    pub(crate) approval: ApprovalPolicy,
}

impl TurnGate {
    pub(crate) fn new(config: LiveConfig, tool: OfferedTool, limits: Limits) -> Self {
        Self { config, tool, limits, images: Arc::default() }
    }

    /// Creates the gate of a call that has passed `guards` and reserved its images. They count once for the turn,
    /// however many attempts the call takes, and however often it is repeated.
    pub(crate) fn for_call(&self, reserved: Reserved, guards: Guards, is_repeat: bool) -> SendGate {
        let (config, tool, images_sent) = (self.config.clone(), self.tool.clone(), Arc::clone(&self.images));
        let (images, is_counted) = (reserved.quote.images, AtomicBool::new(is_repeat));
        SendGate::new(move || {
            config.acquire_permit(|config| {
                check_offered(config, &tool)?;
                guards.check(config)?;
                reserved.check(config.spending.limits)?;
                // The attempts of one call come one after the other.
                if !is_counted.load(Ordering::Relaxed) {
                    let add = |total: u32| total.checked_add(images).filter(|total| *total <= config.max_images);
                    let added = images_sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
                    added.map_err(|_| over_limit_error(config.max_images))?;
                    is_counted.store(true, Ordering::Relaxed);
                }
                Ok(())
            })
        })
    }

    /// Creates the gate of a request to the model. It is open unless the request offers the hosted tool; it then sets
    /// `was_sent` before the request is sent.
    pub(crate) fn for_model_request(
        &self,
        offered: ToolExposure,
        reserved: Option<Reserved>,
        was_sent: Arc<AtomicBool>,
    ) -> SendGate {
        if offered != ToolExposure::Hosted {
            return SendGate::open();
        }
        let (config, tool) = (self.config.clone(), OfferedTool { exposure: offered, ..self.tool.clone() });
        SendGate::new(move || {
            config.acquire_permit(|config| {
                check_offered(config, &tool)?;
                reserved.as_ref().map_or(Ok(()), |reserved| reserved.check(config.spending.limits))?;
                was_sent.store(true, Ordering::Relaxed);
                Ok(())
            })
        })
    }

    /// Returns the guards of a call that begins now in a turn which started with `hooks` and `approval`.
    pub(crate) fn guards(&self, hooks: &Hooks, approval: ApprovalPolicy) -> Guards {
        let config = self.config.get();
        Guards { pre_hooks: hooks.pre_with(&config.hooks), approval: approval.stricter(config.approval) }
    }

    /// Returns the limits of spending that apply to the turn now: those that it started with, or stricter ones.
    pub(crate) fn limits(&self) -> Limits {
        self.limits.stricter(self.config.get().spending.limits)
    }

    /// Returns whether the configuration allows to repeat a call that may have been billed.
    pub(crate) fn may_repeat(&self) -> bool {
        self.config.get().retry_uncertain
    }

    /// Calls `quote` with the current prices.
    pub(crate) fn quote(&self, quote: impl FnOnce(&Policy) -> Quote) -> Quote {
        quote(&self.config.get().spending)
    }

    /// Returns the limits of calls that begin now.
    pub(crate) fn call_limits(&self) -> CallLimits {
        let config = self.config.get();
        CallLimits { withdrawn: withdrawal_reason(&config, &self.tool), max_images: config.max_images }
    }
}

impl Guards {
    /// Checks that no guard was added while the call waited: for an approval, a connection or another attempt.
    fn check(&self, config: &ThreadConfig) -> Result<(), ImageError> {
        if config.hooks.pre.iter().any(|hook| !self.pre_hooks.contains(hook)) {
            let message = "a hook was configured while the image call waited, so the call was not made";
            return Err(image_error(ImageErrorKind::HookDenied, message));
        }
        if config.approval.is_for_all && !self.approval.is_for_all {
            let message = "every image call needs an approval now, and this one had not asked for it";
            return Err(image_error(ImageErrorKind::ApprovalDenied, message));
        }
        Ok(())
    }
}

impl Reserved {
    /// Checks the current limits. Those that applied when the call was reserved have admitted it, or the user has.
    fn check(&self, limits: Limits) -> Result<(), ImageError> {
        let Some(budget) = self.budget.as_ref().filter(|budget| limits.is_stricter_than(budget.limits)) else {
            return Ok(());
        };
        budget.admit_reserved(limits, &self.quote).map_err(|refusal| refusal.to_error())
    }
}

fn check_offered(config: &ThreadConfig, tool: &OfferedTool) -> Result<(), ImageError> {
    withdrawal_reason(config, tool).map_or(Ok(()), |reason| Err(withdrawn_error(reason)))
}

fn withdrawal_reason(config: &ThreadConfig, tool: &OfferedTool) -> Option<HeldBackReason> {
    if !config.image_generation {
        return Some(HeldBackReason::ImageGenerationOff);
    }
    match tool.exposure {
        ToolExposure::Standalone | ToolExposure::Hosted if !config.selects_images_of(&tool.own, &tool.images) => {
            Some(HeldBackReason::SeparateImageProvider)
        }
        ToolExposure::Standalone if !config.imagegenext && !tool.has_separate_images => {
            Some(HeldBackReason::ImagegenextOff)
        }
        ToolExposure::Hosted if !config.hooks.pre.is_empty() => Some(HeldBackReason::HookConfigured),
        ToolExposure::Hosted if config.approval.is_for_all => Some(HeldBackReason::ApprovalRequired),
        ToolExposure::Standalone | ToolExposure::Hosted | ToolExposure::None => None,
    }
}

/// Creates the error of a call whose tool was turned off before the call was sent.
pub(crate) fn withdrawn_error(reason: HeldBackReason) -> ImageError {
    let message = match reason {
        HeldBackReason::ImagegenextOff => "the feature imagegenext was turned off",
        HeldBackReason::ApprovalRequired => {
            "every image call needs an approval now, which the provider's hosted tool would not wait for"
        }
        HeldBackReason::SeparateImageProvider => {
            "`images.provider` selects another provider now; resume the thread to use it"
        }
        HeldBackReason::HookConfigured => "a hook was configured, which the provider's hosted tool would not run",
        HeldBackReason::ImageGenerationOff
        | HeldBackReason::AuthNotEligible
        | HeldBackReason::ModelWithoutImageInput
        | HeldBackReason::ProviderWithoutImages
        | HeldBackReason::ProviderWithoutNamespaceTools
        | HeldBackReason::ExecutorMissing
        | HeldBackReason::StandaloneOffered
        | HeldBackReason::ProviderWithoutHostedTool => "the feature image_generation was turned off",
    };
    image_error(ImageErrorKind::ApprovalDenied, message)
}

/// Creates the error of a call that would exceed the turn's limit of images.
pub(crate) fn over_limit_error(max: u32) -> ImageError {
    let message = format!("the turn exceeds limits.images_per_turn ({max})");
    image_error(ImageErrorKind::BudgetExceeded, message)
}
