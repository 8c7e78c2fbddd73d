//! The gate: decides which image tool a request offers to the model.

use easel_protocol::tool::{HeldBackReason, ToolExposure};

use crate::capability::{AuthKind, Capabilities};

/// Everything on which the decision depends.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// The feature `image_generation`, which turns off every image tool.
    pub image_generation: bool,
    /// The feature `imagegenext`, which offers the standalone tool.
    pub imagegenext: bool,
    /// The kind of credential that authorizes requests for images.
    pub auth: AuthKind,
    /// What the provider of the model can do.
    pub capabilities: &'a Capabilities,
    /// What the provider of the images can do, mostly the same one.
    pub image_capabilities: &'a Capabilities,
    /// Whether the provider of the images is another one. To configure it is the opt-in for the standalone tool, the
    /// only one that reaches it.
    pub has_separate_images: bool,
    /// Whether the configuration still selects the provider of the images with which the thread was loaded.
    pub has_configured_images: bool,
    /// Whether the model accepts images as input.
    pub model_takes_images: bool,
    /// Whether a hook runs before each call. The hosted tool has no calls that it could deny.
    pub has_pre_hook: bool,
    /// Whether every call needs an approval. The hosted tool has no calls that could wait for one.
    pub needs_approval: bool,
}

/// The tool to offer, and every reason for not offering the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The tool that the request offers.
    pub exposure: ToolExposure,
    /// Why the standalone tool is not offered; empty if it is.
    pub standalone_held_back: Vec<HeldBackReason>,
    /// Why the hosted tool is not offered; empty if it is.
    pub hosted_held_back: Vec<HeldBackReason>,
}

impl Decision {
    /// Returns what the user has configured that withholds the hosted tool, if it would be offered otherwise.
    pub fn guard_of_hosted(&self) -> Option<HeldBackReason> {
        let is_guard = |reason: &HeldBackReason| {
            matches!(reason, HeldBackReason::ApprovalRequired | HeldBackReason::HookConfigured)
        };
        self.hosted_held_back.first().copied().filter(|_| self.hosted_held_back.iter().all(is_guard))
    }
}

/// Decides which tool to offer: the standalone tool if possible, else the hosted one, else none.
pub fn decide(input: &GateInput<'_>) -> Decision {
    let runtime: Vec<HeldBackReason> = [
        (input.image_generation, HeldBackReason::ImageGenerationOff),
        (input.image_capabilities.image_auth.contains(&input.auth), HeldBackReason::AuthNotEligible),
        (input.model_takes_images, HeldBackReason::ModelWithoutImageInput),
        (input.has_configured_images, HeldBackReason::SeparateImageProvider),
    ]
    .into_iter()
    .filter_map(to_reason)
    .collect();

    let mut standalone_held_back = runtime.clone();
    standalone_held_back.extend(
        [
            (input.imagegenext || input.has_separate_images, HeldBackReason::ImagegenextOff),
            (input.image_capabilities.image_generation, HeldBackReason::ProviderWithoutImages),
            (input.capabilities.namespace_tools, HeldBackReason::ProviderWithoutNamespaceTools),
        ]
        .into_iter()
        .filter_map(to_reason),
    );

    let mut hosted_held_back = runtime;
    hosted_held_back.extend(
        [
            (!standalone_held_back.is_empty(), HeldBackReason::StandaloneOffered),
            (input.capabilities.hosted_image_generation, HeldBackReason::ProviderWithoutHostedTool),
            // A reason is listed once.
            (!input.has_separate_images || !input.has_configured_images, HeldBackReason::SeparateImageProvider),
            (!input.has_pre_hook, HeldBackReason::HookConfigured),
            (!input.needs_approval, HeldBackReason::ApprovalRequired),
        ]
        .into_iter()
        .filter_map(to_reason),
    );

    let exposure = match (standalone_held_back.is_empty(), hosted_held_back.is_empty()) {
        (true, _) => ToolExposure::Standalone,
        (false, true) => ToolExposure::Hosted,
        (false, false) => ToolExposure::None,
    };
    Decision { exposure, standalone_held_back, hosted_held_back }
}

fn to_reason((is_met, reason): (bool, HeldBackReason)) -> Option<HeldBackReason> {
    (!is_met).then_some(reason)
}

/// Describes a reason in one sentence for people.
pub const fn describe(reason: HeldBackReason) -> &'static str {
    match reason {
        HeldBackReason::ImageGenerationOff => "The feature `image_generation` is off, so no image tool is offered.",
        HeldBackReason::AuthNotEligible => {
            "The provider's images endpoint does not accept the kind of credential in use."
        }
        HeldBackReason::ModelWithoutImageInput => "The model does not accept images as input.",
        HeldBackReason::ImagegenextOff => {
            "The feature `imagegenext` is off; `--enable imagegenext` offers the standalone tool."
        }
        HeldBackReason::ProviderWithoutImages => "The provider has no images endpoint.",
        HeldBackReason::ProviderWithoutNamespaceTools => "The provider does not support tools in a namespace.",
        // Easel never has this reason. The protocol defines it for servers that cannot run the tool.
        HeldBackReason::ExecutorMissing => "This server cannot run the standalone tool.",
        HeldBackReason::StandaloneOffered => "The standalone tool is offered instead.",
        HeldBackReason::ProviderWithoutHostedTool => "The provider has no hosted image tool.",
        HeldBackReason::SeparateImageProvider => {
            "`images.provider` selects a provider that this tool does not reach; after a change, resume the thread."
        }
        HeldBackReason::ApprovalRequired => {
            "Every image call needs an approval, and the provider's hosted tool would make images without one; \
             `--enable imagegenext` offers the standalone tool."
        }
        HeldBackReason::HookConfigured => {
            "A hook runs before each image call, and the provider's hosted tool would make images without it; \
             `--enable imagegenext` offers the standalone tool."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const AUTHS: [AuthKind; 4] = [AuthKind::Chatgpt, AuthKind::ApiKey, AuthKind::Actor, AuthKind::None];

    fn capabilities(bits: u32) -> Capabilities {
        Capabilities {
            image_generation: bits & 1 != 0,
            hosted_image_generation: bits & 2 != 0,
            namespace_tools: bits & 4 != 0,
            image_auth: [AuthKind::ApiKey, AuthKind::None].into(),
            parameters: [].into(),
            max_references: 5,
            max_n: 1,
            partial_images: false,
            bills: true,
        }
    }

    /// Checks every combination of the switches, the capabilities of both providers and the kinds of credential.
    fn for_each_input(mut check: impl FnMut(&GateInput<'_>, &Decision)) {
        for bits in 0..8192 {
            for auth in AUTHS {
                let input = GateInput {
                    image_generation: bits & 8 != 0,
                    imagegenext: bits & 16 != 0,
                    auth,
                    capabilities: &capabilities(bits & 7),
                    image_capabilities: &capabilities(bits >> 9 & 7),
                    has_separate_images: bits & 256 != 0,
                    has_configured_images: bits & 4096 != 0,
                    model_takes_images: bits & 32 != 0,
                    has_pre_hook: bits & 64 != 0,
                    needs_approval: bits & 128 != 0,
                };
                check(&input, &decide(&input));
            }
        }
    }

    #[test]
    fn truth_table_follows_the_formulas() {
        let mut rows = [0; 3];
        for_each_input(|input, decision| {
            let eligible = matches!(input.auth, AuthKind::ApiKey | AuthKind::None);
            let runtime = input.image_generation && eligible && input.model_takes_images && input.has_configured_images;
            let standalone = runtime
                && (input.imagegenext || input.has_separate_images)
                && input.image_capabilities.image_generation
                && input.capabilities.namespace_tools;
            let is_free = !input.has_pre_hook && !input.needs_approval && !input.has_separate_images;
            let hosted = runtime && !standalone && input.capabilities.hosted_image_generation && is_free;
            let expected = match (standalone, hosted) {
                (true, _) => ToolExposure::Standalone,
                (false, true) => ToolExposure::Hosted,
                (false, false) => ToolExposure::None,
            };
            assert_eq!(decision.exposure, expected, "{input:?}");
            rows[expected as usize] += 1;
        });
        assert_eq!(rows, [384, 112, 32272], "standalone, hosted, none");
    }

    #[test]
    fn tool_is_offered_exactly_without_reasons() {
        for_each_input(|input, decision| {
            assert_eq!(decision.standalone_held_back.is_empty(), decision.exposure == ToolExposure::Standalone);
            assert_eq!(decision.hosted_held_back.is_empty(), decision.exposure == ToolExposure::Hosted, "{input:?}");
        });
    }

    #[test]
    fn guard_withholds_only_what_would_be_offered() {
        for_each_input(|input, decision| {
            let unguarded = decide(&GateInput { has_pre_hook: false, needs_approval: false, ..*input });
            let is_withheld = unguarded.exposure == ToolExposure::Hosted && decision.exposure == ToolExposure::None;
            assert_eq!(decision.guard_of_hosted().is_some(), is_withheld, "{input:?}");
        });
    }

    #[test]
    fn each_reason_has_a_sentence_of_its_own() {
        let mut reasons = HashSet::new();
        for_each_input(|_, decision| {
            reasons
                .extend(decision.standalone_held_back.iter().chain(&decision.hosted_held_back).copied().map(describe));
        });
        assert_eq!(reasons.len(), 11, "{reasons:#?}");
        assert!(reasons.iter().all(|reason| reason.ends_with('.') && reason.contains(' ')), "{reasons:#?}");
    }

    #[test]
    fn separate_image_provider_decides_about_images() {
        let (chat, images) = (capabilities(0b110), capabilities(0b001));
        let input = GateInput {
            image_generation: true,
            imagegenext: false,
            auth: AuthKind::None,
            capabilities: &chat,
            image_capabilities: &images,
            has_separate_images: true,
            has_configured_images: true,
            model_takes_images: true,
            has_pre_hook: false,
            needs_approval: false,
        };
        let decision = decide(&input);
        assert_eq!(decision.exposure, ToolExposure::Standalone);
        let reasons = [HeldBackReason::StandaloneOffered, HeldBackReason::SeparateImageProvider];
        assert_eq!(decision.hosted_held_back, reasons);
        // Without the tool, the hosted one is no substitute: it would draw, and bill, at the provider of the model.
        let without = decide(&GateInput { image_capabilities: &chat, ..input });
        assert_eq!(without.exposure, ToolExposure::None);
    }

    #[test]
    fn kill_switch_overrides_everything() {
        for_each_input(|input, decision| {
            if !input.image_generation {
                assert_eq!(decision.exposure, ToolExposure::None);
                assert_eq!(decision.standalone_held_back.first(), Some(&HeldBackReason::ImageGenerationOff));
                assert_eq!(decision.hosted_held_back.first(), Some(&HeldBackReason::ImageGenerationOff));
            }
        });
    }

    #[test]
    fn all_reasons_are_listed() {
        let nothing = GateInput {
            image_generation: false,
            imagegenext: false,
            auth: AuthKind::Actor,
            capabilities: &capabilities(0),
            image_capabilities: &capabilities(0),
            has_separate_images: false,
            has_configured_images: false,
            model_takes_images: false,
            has_pre_hook: false,
            needs_approval: false,
        };
        insta::assert_debug_snapshot!(decide(&nothing).standalone_held_back, @r"
        [
            ImageGenerationOff,
            AuthNotEligible,
            ModelWithoutImageInput,
            SeparateImageProvider,
            ImagegenextOff,
            ProviderWithoutImages,
            ProviderWithoutNamespaceTools,
        ]
        ");
    }
}
