//! One call of the tool, from what the model wrote to what a provider is asked.

use easel_protocol::record::{ImageAction, ImageError, ImageErrorKind, RequestedImage};

use crate::arguments::{self, NamedImages};
use crate::capability::Capabilities;
use crate::port::{FunctionCall, ThreadImage, image_error};
use crate::references::{self, ImageRef};

/// A call whose arguments are sound. Files that the model named are still to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCall {
    pub requested: RequestedImage,
    pub references: Vec<ImageRef>,
    pub mask: Option<ImageRef>,
}

/// Reads a call of the standalone tool; the error is both the item's and, as text, the model's.
pub fn plan(
    call: &FunctionCall,
    capabilities: &Capabilities,
    thread: &[ThreadImage],
) -> Result<PlannedCall, Box<ImageError>> {
    let invalid = |message: String| Box::new(image_error(ImageErrorKind::InvalidArguments, message));
    let arguments = arguments::parse(&call.arguments, capabilities).map_err(invalid)?;
    let named = references::resolve(&arguments.images, thread)?;
    let (action, references) = match (arguments.action, arguments.images) {
        (None | Some(ImageAction::Generate), NamedImages::Unnamed) => (ImageAction::Generate, named),
        (Some(ImageAction::Generate), NamedImages::Listed(_) | NamedImages::Last(_)) => {
            return Err(invalid("`action` is `generate`, but images to edit are named; use `edit`".to_owned()));
        }
        (Some(ImageAction::Edit), NamedImages::Unnamed) if capabilities.max_references == 0 => {
            return Err(invalid("this provider cannot edit images".to_owned()));
        }
        (Some(ImageAction::Edit), NamedImages::Unnamed) => {
            (ImageAction::Edit, references::from_history(thread, capabilities.max_references)?)
        }
        (None | Some(ImageAction::Edit), NamedImages::Listed(_) | NamedImages::Last(_)) => (ImageAction::Edit, named),
    };
    let mask = match (&arguments.mask, action) {
        (None, _) => None,
        (Some(mask), ImageAction::Edit) => Some(references::resolve_name(mask, thread)?),
        (Some(_), ImageAction::Generate) => return Err(invalid("`mask` goes with an edit".to_owned())),
    };
    let requested = RequestedImage { action, prompt: arguments.prompt, parameters: arguments.parameters };
    Ok(PlannedCall { requested, references, mask })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::capability::Parameter;
    use crate::port::{Origin, Provenance, Reference};

    fn capabilities(max_references: usize) -> Capabilities {
        Capabilities {
            image_generation: true,
            hosted_image_generation: false,
            namespace_tools: true,
            image_auth: [].into(),
            parameters: [Parameter::Mask].into(),
            max_references,
            max_n: 1,
            partial_images: false,
            bills: true,
        }
    }

    fn thread() -> Vec<ThreadImage> {
        let facts = easel_protocol::record::ImageFacts {
            sha256: "00".to_owned(),
            media_type: easel_protocol::record::MediaType::Png,
            width: 1,
            height: 1,
            bytes: 1,
            has_alpha: false,
        };
        let reference = Reference {
            id: Some(crate::handle::from_bits([1; 16]).into()),
            path: "/home/a.png".into(),
            facts,
            provenance: Provenance::User,
        };
        vec![ThreadImage { origin: Origin::Generated, reference, prompt: None }]
    }

    fn planned(arguments: &Value, max_references: usize) -> Result<(ImageAction, usize), String> {
        let call = FunctionCall {
            call_id: "call_1".to_owned(),
            namespace: None,
            name: "imagegen".to_owned(),
            arguments: arguments.to_string(),
        };
        plan(&call, &capabilities(max_references), &thread())
            .map(|draft| (draft.requested.action, draft.references.len()))
            .map_err(|error| error.message)
    }

    #[test]
    fn the_action_follows_from_the_references_when_left_out() {
        assert_eq!(planned(&json!({"prompt": "p"}), 5), Ok((ImageAction::Generate, 0)));
        assert_eq!(planned(&json!({"prompt": "p", "images": ["/x.png"]}), 5), Ok((ImageAction::Edit, 1)));
        assert_eq!(planned(&json!({"prompt": "p", "num_last_images_to_include": 1}), 5), Ok((ImageAction::Edit, 1)));
    }

    #[test]
    fn an_edit_that_names_nothing_takes_the_threads_images() {
        assert_eq!(planned(&json!({"prompt": "p", "action": "edit"}), 5), Ok((ImageAction::Edit, 1)));
        assert_eq!(
            planned(&json!({"prompt": "p", "action": "edit"}), 0),
            Err("this provider cannot edit images".to_owned())
        );
    }

    #[test]
    fn contradictions_are_refused() {
        let generate = planned(&json!({"prompt": "p", "action": "generate", "images": ["/x.png"]}), 5);
        assert!(generate.expect_err("contradiction").contains("use `edit`"));
        let mask = planned(&json!({"prompt": "p", "mask": "/mask.png"}), 5);
        assert_eq!(mask, Err("`mask` goes with an edit".to_owned()));
    }
}
