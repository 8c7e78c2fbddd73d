//! Which image tool the model gets: one pure function for every face of Easel.

use easel_protocol::tool::{HeldBackReason, ToolExposure};

use crate::capability::{AuthKind, Capabilities};

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// Feature `image_generation`: the kill switch.
    pub image_generation: bool,
    /// Feature `imagegenext`: offer the standalone tool.
    pub imagegenext: bool,
    /// What the provider's requests are authorised with.
    pub auth: AuthKind,
    pub capabilities: &'a Capabilities,
    /// The model's input modalities contain images.
    pub model_takes_images: bool,
}

/// What is offered, and every reason that holds back what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub exposure: ToolExposure,
    pub standalone_held_back: Vec<HeldBackReason>,
    pub hosted_held_back: Vec<HeldBackReason>,
}

pub fn decide(input: &GateInput<'_>) -> Decision {
    let runtime: Vec<HeldBackReason> = [
        (input.image_generation, HeldBackReason::ImageGenerationOff),
        (input.capabilities.image_auth.contains(&input.auth), HeldBackReason::AuthNotEligible),
        (input.model_takes_images, HeldBackReason::ModelWithoutImageInput),
    ]
    .into_iter()
    .filter_map(held_back)
    .collect();

    let mut standalone_held_back = runtime.clone();
    standalone_held_back.extend(
        [
            (input.imagegenext, HeldBackReason::ImagegenextOff),
            (input.capabilities.image_generation, HeldBackReason::ProviderWithoutImages),
            (input.capabilities.namespace_tools, HeldBackReason::ProviderWithoutNamespaceTools),
        ]
        .into_iter()
        .filter_map(held_back),
    );

    let mut hosted_held_back = runtime;
    hosted_held_back.extend(
        [
            (!standalone_held_back.is_empty(), HeldBackReason::StandaloneOffered),
            (input.capabilities.hosted_image_generation, HeldBackReason::ProviderWithoutHostedTool),
        ]
        .into_iter()
        .filter_map(held_back),
    );

    let exposure = match (standalone_held_back.is_empty(), hosted_held_back.is_empty()) {
        (true, _) => ToolExposure::Standalone,
        (false, true) => ToolExposure::Hosted,
        (false, false) => ToolExposure::None,
    };
    Decision { exposure, standalone_held_back, hosted_held_back }
}

fn held_back((met, reason): (bool, HeldBackReason)) -> Option<HeldBackReason> {
    (!met).then_some(reason)
}

/// One sentence for people.
pub const fn describe(reason: HeldBackReason) -> &'static str {
    match reason {
        HeldBackReason::ImageGenerationOff => "The feature `image_generation` is off, so no image tool is offered.",
        HeldBackReason::AuthNotEligible => {
            "The provider's images endpoint does not take the kind of credential in use."
        }
        HeldBackReason::ModelWithoutImageInput => "The model does not take images as input.",
        HeldBackReason::ImagegenextOff => {
            "The feature `imagegenext` is off; `--enable imagegenext` offers the standalone tool."
        }
        HeldBackReason::ProviderWithoutImages => "The provider has no images endpoint.",
        HeldBackReason::ProviderWithoutNamespaceTools => "The provider does not take tools in a namespace.",
        // No gate of Easel's gives this reason; the protocol has it for servers without an image tool of their own.
        HeldBackReason::ExecutorMissing => "This server cannot run the standalone tool.",
        HeldBackReason::StandaloneOffered => "The standalone tool is offered in its place.",
        HeldBackReason::ProviderWithoutHostedTool => "The provider has no hosted image tool.",
    }
}

#[cfg(test)]
mod tests {
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

    /// Every combination of the six switches with every kind of credential.
    fn whole_table(mut check: impl FnMut(&GateInput<'_>, &Decision)) {
        for bits in 0..64 {
            for auth in AUTHS {
                let input = GateInput {
                    image_generation: bits & 8 != 0,
                    imagegenext: bits & 16 != 0,
                    auth,
                    capabilities: &capabilities(bits & 7),
                    model_takes_images: bits & 32 != 0,
                };
                check(&input, &decide(&input));
            }
        }
    }

    #[test]
    fn the_whole_truth_table_follows_the_three_formulas() {
        let mut rows = [0; 3];
        whole_table(|input, decision| {
            let eligible = matches!(input.auth, AuthKind::ApiKey | AuthKind::None);
            let runtime = input.image_generation && eligible && input.model_takes_images;
            let standalone = runtime
                && input.imagegenext
                && input.capabilities.image_generation
                && input.capabilities.namespace_tools;
            let hosted = runtime && !standalone && input.capabilities.hosted_image_generation;
            let expected = match (standalone, hosted) {
                (true, _) => ToolExposure::Standalone,
                (false, true) => ToolExposure::Hosted,
                (false, false) => ToolExposure::None,
            };
            assert_eq!(decision.exposure, expected, "{input:?}");
            rows[expected as usize] += 1;
        });
        assert_eq!(rows, [4, 14, 238], "standalone, hosted, none");
    }

    #[test]
    fn a_tool_is_held_back_exactly_when_there_is_a_reason() {
        whole_table(|input, decision| {
            assert_eq!(decision.standalone_held_back.is_empty(), decision.exposure == ToolExposure::Standalone);
            assert_eq!(decision.hosted_held_back.is_empty(), decision.exposure == ToolExposure::Hosted, "{input:?}");
        });
    }

    #[test]
    fn the_kill_switch_leaves_no_tool_whatever_else_is_set() {
        whole_table(|input, decision| {
            if !input.image_generation {
                assert_eq!(decision.exposure, ToolExposure::None);
                assert_eq!(decision.standalone_held_back.first(), Some(&HeldBackReason::ImageGenerationOff));
                assert_eq!(decision.hosted_held_back.first(), Some(&HeldBackReason::ImageGenerationOff));
            }
        });
    }

    #[test]
    fn every_reason_is_named_and_not_only_the_first() {
        let nothing = GateInput {
            image_generation: false,
            imagegenext: false,
            auth: AuthKind::Actor,
            capabilities: &capabilities(0),
            model_takes_images: false,
        };
        insta::assert_debug_snapshot!(decide(&nothing).standalone_held_back, @r"
        [
            ImageGenerationOff,
            AuthNotEligible,
            ModelWithoutImageInput,
            ImagegenextOff,
            ProviderWithoutImages,
            ProviderWithoutNamespaceTools,
        ]
        ");
    }
}
