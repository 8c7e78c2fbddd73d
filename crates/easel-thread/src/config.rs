//! The part of the configuration that a thread uses, and the gate that enforces it on running turns.

mod live;
mod send_gate;

use std::path::PathBuf;
use std::time::Duration;

use easel_imagegen::approval::ApprovalPolicy;
use easel_imagegen::gate::{Decision, GateInput, decide};
use easel_imagegen::history::ImageBudget;
use easel_imagegen::hooks::Hooks;
use easel_imagegen::model_copy::Pictures;
use easel_imagegen::port::{Provider, Reasoning};
use easel_imagegen::spending::Policy;
use easel_protocol::input::ImageDetail;
use easel_protocol::model::InputModality;

pub(crate) use live::ConfigWatcher;
pub use live::{LiveConfig, PendingSends};
pub(crate) use send_gate::{CallLimits, Guards, OfferedTool, Reserved, TurnGate, over_limit_error, withdrawn_error};

/// The configuration of a thread's turns.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadConfig {
    /// Whether the feature `image_generation` is on.
    pub image_generation: bool,
    /// Whether the feature `imagegenext` is on.
    pub imagegenext: bool,
    /// The provider that makes the images; `None` if it is the one whose model answers.
    pub image_provider: Option<String>,
    /// The system prompt; not empty.
    pub instructions: String,
    /// How the model reasons, where the thread says nothing else.
    pub reasoning: Reasoning,
    /// Whether the model is asked again after its images were made.
    pub closing_answer: bool,
    /// The resolution at which the model sees images.
    pub detail: ImageDetail,
    /// Maximum number of image calls that run in parallel; at least one.
    pub parallel_calls: usize,
    /// Time limit for one image call.
    pub call_deadline: Duration,
    /// Whether an image call that may have been billed is sent again.
    pub retry_uncertain: bool,
    /// Maximum number of images of one turn. A call of the standalone tool counts for the number of images that it
    /// requests, a call of the hosted tool for one.
    pub max_images: u32,
    /// The limits of spending, and what models cost.
    pub spending: Policy,
    /// Number of previews of each image, if the provider supports previews.
    pub partial_images: u32,
    /// Whether the pixels outside the mask of an edit are put back if its call says nothing else.
    pub keep_unmasked: bool,
    /// The limits for the thread's older images that are sent to the model.
    pub budget: ImageBudget,
    /// What the model sees of those images.
    pub pictures: Pictures,
    /// The number of tokens in a request to the model above which the conversation is compacted.
    pub context_tokens: u64,
    /// Folders from which the model of any thread may read files.
    pub reference_roots: Vec<PathBuf>,
    /// The programs that run before and after each image call.
    pub hooks: Hooks,
    /// The calls that need an approval.
    pub approval: ApprovalPolicy,
    /// How long a person may take to approve a call.
    pub approval_timeout: Duration,
    /// Time between the response to `turn/start` and the turn's first event, in which a client can subscribe.
    pub event_delay: Duration,
}

impl ThreadConfig {
    /// Returns the number of previews that a turn with this provider requests for each image.
    pub fn partial_images(&self, provider: &impl Provider) -> u32 {
        if provider.image_info().capabilities.partial_images { self.partial_images } else { 0 }
    }

    /// Returns whether a thread of the provider `own` that was loaded with `images` for its images would be loaded with
    /// it now.
    fn selects_images_of(&self, own: &str, images: &str) -> bool {
        self.image_provider.as_deref().unwrap_or(own) == images
    }

    /// Decides which image tool a turn with this model would offer if it started now.
    pub fn choose_tool(&self, provider: &impl Provider, model: &str) -> Decision {
        let info = provider.info();
        // A model that the provider does not list was named by the user. It is assumed to accept images.
        let known = info.models.iter().find(|known| known.model == model);
        let model_takes_images = known.is_none_or(|known| known.input_modalities.contains(&InputModality::Image));
        decide(&GateInput {
            image_generation: self.image_generation,
            imagegenext: self.imagegenext,
            auth: provider.auth(),
            capabilities: &info.capabilities,
            image_capabilities: &provider.image_info().capabilities,
            has_separate_images: provider.separate_images().is_some(),
            has_configured_images: self.selects_images_of(&info.id, &provider.image_info().id),
            model_takes_images,
            has_pre_hook: !self.hooks.pre.is_empty(),
            needs_approval: self.approval.is_for_all,
        })
    }
}
