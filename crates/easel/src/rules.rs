//! What a configuration means for a thread's turns.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easel_config::{Config, Detail};
use easel_imagegen::history::PictureBudget;
use easel_imagegen::spec;
use easel_protocol::input::ImageDetail;
use easel_thread::actor::ThreadRules;

/// The rules that were made last: most threads have the same, and share them.
#[derive(Debug, Default)]
pub(crate) struct SharedRules(Mutex<Option<Arc<ThreadRules>>>);

impl SharedRules {
    pub(crate) fn of(&self, config: &Config) -> Arc<ThreadRules> {
        let rules = thread_rules(config);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(last) if **last == rules => Arc::clone(last),
            _ => Arc::clone(last.insert(Arc::new(rules))),
        }
    }
}

pub(crate) fn thread_rules(config: &Config) -> ThreadRules {
    ThreadRules {
        image_generation: config.features.image_generation,
        imagegenext: config.features.imagegenext,
        instructions: instructions(config),
        detail: detail(config.images.detail),
        parallel_calls: config.images.parallel.into(),
        call_deadline: Duration::from_millis(config.images.timeout_ms),
        partial_images: config.images.partial_images,
        max_images: config.limits.images_per_turn,
        budget: PictureBudget { images: config.history.model_images, bytes: config.history.model_image_bytes },
        reference_roots: config
            .images
            .reference_roots
            .iter()
            .map(PathBuf::from)
            .filter(|root| root.is_absolute())
            .collect(),
        event_delay: Duration::from_millis(config.wire.turn_event_delay_ms),
    }
}

/// What the model is to be, then what it is told beside that.
fn instructions(config: &Config) -> String {
    let mut text = config.model_instructions.as_deref().unwrap_or_else(|| spec::INSTRUCTIONS.trim_end()).to_owned();
    if let Some(more) = &config.developer_instructions {
        text.push_str("\n\n");
        text.push_str(more);
    }
    text
}

fn detail(detail: Detail) -> ImageDetail {
    match detail {
        Detail::Auto => ImageDetail::Auto,
        Detail::Low => ImageDetail::Low,
        Detail::High => ImageDetail::High,
        Detail::Original => ImageDetail::Original,
    }
}
