//! Plans one call of the standalone tool: from the arguments that the model wrote to what the provider receives.

use easel_protocol::record::{ImageAction, ImageError, ImageErrorKind, RequestedImage};

use crate::arguments::{self, ImageSelection};
use crate::capability::Capabilities;
use crate::port::{FunctionCall, ThreadImage, image_error};
use crate::references::{self, ImageRef};

/// A call whose arguments are valid. Files that the model named are not imported yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCall {
    /// What the call asks for.
    pub requested: RequestedImage,
    /// The images to edit, in the order in which the prompt refers to them; empty for a new image.
    pub references: Vec<ImageRef>,
    /// The part of the image that may change.
    pub mask: Option<ImageRef>,
    /// Whether the pixels outside the mask are put back. `None` leaves the choice to the configuration.
    pub preserve: Option<bool>,
}

/// Returns the handles and absolute paths by which a call names images; none if its arguments are invalid.
pub fn named_images(call: &FunctionCall, capabilities: &Capabilities) -> Vec<String> {
    let Ok(arguments) = arguments::parse(&call.arguments, capabilities) else { return Vec::new() };
    let mut names = match arguments.images {
        ImageSelection::List(names) => names,
        ImageSelection::None | ImageSelection::Newest(_) => Vec::new(),
    };
    names.extend(arguments.mask);
    names
}

/// Plans a call. Without an `action`, a call that selects images is an edit. An edit that selects no images uses those
/// of [`references::from_history`].
///
/// `thread` has the newest images of the thread, oldest first. `older` has those of [`named_images`] that `thread` does
/// not have.
///
/// # Errors
/// The error for the item of the call. Its message also goes to the model.
pub fn plan(
    call: &FunctionCall,
    capabilities: &Capabilities,
    thread: &[ThreadImage],
    older: &[ThreadImage],
) -> Result<PlannedCall, Box<ImageError>> {
    let invalid = |message: String| Box::new(image_error(ImageErrorKind::InvalidArguments, message));
    let arguments = arguments::parse(&call.arguments, capabilities).map_err(|error| invalid(error.to_string()))?;
    let selected = references::resolve(&arguments.images, thread, older)?;
    let (action, references) = match (arguments.action, arguments.images) {
        (None | Some(ImageAction::Generate), ImageSelection::None) => (ImageAction::Generate, selected),
        (Some(ImageAction::Generate), ImageSelection::List(_) | ImageSelection::Newest(_)) => {
            return Err(invalid("`action` is `generate`, but images to edit are selected; use `edit`".to_owned()));
        }
        (Some(ImageAction::Edit), ImageSelection::None) if capabilities.max_references == 0 => {
            return Err(invalid("this provider cannot edit images".to_owned()));
        }
        (Some(ImageAction::Edit), ImageSelection::None) => {
            (ImageAction::Edit, references::from_history(thread, capabilities.max_references)?)
        }
        (None | Some(ImageAction::Edit), ImageSelection::List(_) | ImageSelection::Newest(_)) => {
            (ImageAction::Edit, selected)
        }
    };
    let mask = match (&arguments.mask, action) {
        (None, _) => None,
        (Some(mask), ImageAction::Edit) => Some(references::resolve_name(mask, thread, older)?),
        (Some(_), ImageAction::Generate) => return Err(invalid("`mask` requires `action` to be `edit`".to_owned())),
    };
    let requested = RequestedImage { action, prompt: arguments.prompt, parameters: arguments.parameters };
    Ok(PlannedCall { requested, references, mask, preserve: arguments.preserve })
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
        vec![ThreadImage { origin: Origin::Generated, reference, prompt: None, edited_from: Vec::new(), note: None }]
    }

    fn planned(arguments: &Value, max_references: usize) -> Result<(ImageAction, usize), String> {
        let call = FunctionCall {
            call_id: "call_1".into(),
            namespace: None,
            name: "imagegen".to_owned(),
            arguments: arguments.to_string(),
        };
        plan(&call, &capabilities(max_references), &thread(), &[])
            .map(|draft| (draft.requested.action, draft.references.len()))
            .map_err(|error| error.message)
    }

    #[test]
    fn action_follows_from_references() {
        assert_eq!(planned(&json!({"prompt": "p"}), 5), Ok((ImageAction::Generate, 0)));
        assert_eq!(planned(&json!({"prompt": "p", "images": ["/x.png"]}), 5), Ok((ImageAction::Edit, 1)));
        assert_eq!(planned(&json!({"prompt": "p", "num_last_images_to_include": 1}), 5), Ok((ImageAction::Edit, 1)));
    }

    #[test]
    fn edit_without_images_uses_the_thread() {
        assert_eq!(planned(&json!({"prompt": "p", "action": "edit"}), 5), Ok((ImageAction::Edit, 1)));
        assert_eq!(
            planned(&json!({"prompt": "p", "action": "edit"}), 0),
            Err("this provider cannot edit images".to_owned())
        );
    }

    #[test]
    fn names_are_those_of_images_and_mask() {
        let names = |arguments: &Value| {
            let arguments = arguments.to_string();
            let call =
                FunctionCall { call_id: "call_1".into(), namespace: None, name: "imagegen".to_owned(), arguments };
            named_images(&call, &capabilities(5))
        };
        assert_eq!(names(&json!({"prompt": "p", "images": ["/a.png", "/b.png"], "mask": "/m.png"})).len(), 3);
        assert!(names(&json!({"prompt": "p", "num_last_images_to_include": 2})).is_empty());
        assert!(names(&json!({"images": ["/a.png"]})).is_empty(), "the arguments are invalid");
    }

    #[test]
    fn rejects_contradictions() {
        let generate = planned(&json!({"prompt": "p", "action": "generate", "images": ["/x.png"]}), 5);
        assert!(generate.expect_err("contradiction").contains("use `edit`"));
        let preserve = planned(&json!({"prompt": "p", "images": ["/x.png"], "preserve": true}), 5);
        assert_eq!(preserve, Err("`preserve` requires a `mask`".to_owned()));
        let mask = planned(&json!({"prompt": "p", "mask": "/mask.png"}), 5);
        assert_eq!(mask, Err("`mask` requires `action` to be `edit`".to_owned()));
    }
}
