//! What a turn may still send: the live rules, asked immediately before a request leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use easel_imagegen::port::{SendGate, image_error};
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::tool::{HeldBackReason, ToolExposure};

use crate::actor::ThreadRules;
use crate::rules::Rules;

/// The gate of one turn's requests.
#[derive(Debug)]
pub(crate) struct TurnGate {
    rules: Rules,
    exposure: ToolExposure,
    /// Images that the turn has been allowed to ask for.
    images: Arc<AtomicU32>,
}

impl TurnGate {
    pub(crate) fn new(rules: Rules, exposure: ToolExposure) -> Self {
        Self { rules, exposure, images: Arc::default() }
    }

    /// The gate of one call for so many images. They count once, however often the call is sent.
    pub(crate) fn of_call(&self, images: u32) -> SendGate {
        let (rules, exposure, asked) = (self.rules.clone(), self.exposure, Arc::clone(&self.images));
        let is_counted = AtomicBool::new(false);
        SendGate::new(move || {
            rules.pass(|rules| {
                allow(rules, exposure)?;
                // Only looked at below the lock of the rules.
                if !is_counted.load(Ordering::Relaxed) {
                    let total = asked.load(Ordering::Relaxed).saturating_add(images);
                    if total > rules.max_images {
                        return Err(over_limit(rules.max_images));
                    }
                    asked.store(total, Ordering::Relaxed);
                    is_counted.store(true, Ordering::Relaxed);
                }
                Ok(())
            })
        })
    }

    /// The gate of a request to the model: open, unless it offers the hosted tool.
    pub(crate) fn of_request(&self, offered: ToolExposure) -> SendGate {
        if offered != ToolExposure::Hosted {
            return SendGate::open();
        }
        let rules = self.rules.clone();
        SendGate::new(move || rules.pass(|rules| allow(rules, ToolExposure::Hosted)))
    }

    pub(crate) fn rules(&self) -> Arc<ThreadRules> {
        self.rules.get()
    }

    /// Why the turn's tool is not offered any more, if it is not.
    pub(crate) fn withdrawal(&self) -> Option<HeldBackReason> {
        withdrawal(&self.rules.get(), self.exposure)
    }
}

fn allow(rules: &ThreadRules, exposure: ToolExposure) -> Result<(), ImageError> {
    withdrawal(rules, exposure).map_or(Ok(()), |reason| Err(withdrawn(reason)))
}

fn withdrawal(rules: &ThreadRules, exposure: ToolExposure) -> Option<HeldBackReason> {
    if !rules.image_generation {
        return Some(HeldBackReason::ImageGenerationOff);
    }
    (exposure == ToolExposure::Standalone && !rules.imagegenext).then_some(HeldBackReason::ImagegenextOff)
}

/// The error of a call whose tool was switched off before the call was sent.
pub(crate) fn withdrawn(reason: HeldBackReason) -> ImageError {
    let feature = if reason == HeldBackReason::ImagegenextOff { "imagegenext" } else { "image_generation" };
    let message = format!("the feature `{feature}` was switched off during the turn, so nothing was sent");
    image_error(ImageErrorKind::ApprovalDenied, message)
}

/// The error of a call beyond the limit of images a turn.
pub(crate) fn over_limit(max: u32) -> ImageError {
    let message = format!("a turn makes at most {max} images, which is the limit `limits.images_per_turn`");
    image_error(ImageErrorKind::BudgetExceeded, message)
}
