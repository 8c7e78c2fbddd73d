//! Sample images, each identified by a name.

use easel_imagegen::capability::{Capabilities, Parameter};
use easel_imagegen::port::{Origin, Provenance, Reference, ThreadImage};
use easel_protocol::record::{
    AppliedImage, Attachment, ImageAction, ImageFacts, ImageRecord, MediaType, RequestedImage,
};

pub(crate) fn requested(prompt: &str) -> RequestedImage {
    let parameters = AppliedImage::default();
    RequestedImage { action: ImageAction::Generate, prompt: prompt.to_owned(), parameters }
}

pub(crate) fn facts() -> ImageFacts {
    ImageFacts {
        sha256: "ab".repeat(32),
        media_type: MediaType::Png,
        width: 8,
        height: 8,
        bytes: 100,
        has_alpha: false,
    }
}

pub(crate) fn handle(name: &str) -> String {
    format!("img_{name:0>32}").to_lowercase()
}

pub(crate) fn attachment(name: &str) -> Attachment {
    Attachment { id: handle(name).into(), path: format!("/home/{name}.png"), facts: facts() }
}

/// Returns an attachment of an earlier turn.
pub(crate) fn older_image(name: &str) -> ThreadImage {
    let Attachment { id, path, facts } = attachment(name);
    let reference = Reference { id: Some(id), path: path.into(), facts, provenance: Provenance::User };
    ThreadImage {
        origin: Origin::Attached { message: 0 },
        reference,
        prompt: None,
        edited_from: Vec::new(),
        note: None,
    }
}

pub(crate) fn record(name: &str) -> ImageRecord {
    ImageRecord {
        id: handle(name).into(),
        path: format!("/home/{name}.png"),
        facts: facts(),
        provider: "fake".to_owned(),
        model: "pencil".to_owned(),
        requested: requested("a cat"),
        applied: AppliedImage::default(),
        revised_prompt: None,
        inputs: Vec::new(),
        mask: None,
        edit: None,
        derived: None,
        usage: None,
        elapsed_ms: 1,
        attempts: 1,
        request_id: None,
        synthetic: false,
        deleted: false,
    }
}

pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        image_generation: true,
        hosted_image_generation: true,
        namespace_tools: true,
        image_auth: [].into(),
        parameters: [Parameter::N].into(),
        max_references: 5,
        max_n: 10,
        partial_images: true,
        bills: true,
    }
}
