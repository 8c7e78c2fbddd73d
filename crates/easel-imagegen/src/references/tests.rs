use easel_protocol::record::{ImageFacts, MediaType};
use proptest::prelude::*;

use super::*;
use crate::port::Provenance;

/// A thread written as text: `A0` is an image attached to message 0 and named A, `m` a made image named m.
fn thread(images: &str) -> Vec<ThreadImage> {
    images
        .split_whitespace()
        .map(|word| {
            let (name, message) = word.split_at(1);
            let origin = match message.parse() {
                Ok(message) => Origin::Attached { message },
                Err(_) => Origin::Generated,
            };
            ThreadImage { origin, reference: reference(name), prompt: None, edited_from: Vec::new(), note: None }
        })
        .collect()
}

fn reference(name: &str) -> Reference {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Png,
        width: 1,
        height: 1,
        bytes: 1,
        has_alpha: false,
    };
    Reference {
        id: Some(format!("img_{:0>32}", hex(name)).into()),
        path: format!("/home/{name}.png").into(),
        facts,
        provenance: Provenance::User,
    }
}

fn hex(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn names(chosen: &[ImageRef]) -> String {
    let name = |chosen: &ImageRef| match chosen {
        ImageRef::Handle(reference) => reference.path.file_stem().unwrap().to_str().unwrap().to_owned(),
        ImageRef::Path(path) => path.to_str().unwrap().to_owned(),
    };
    chosen.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn history(images: &str, limit: usize) -> String {
    from_history(&thread(images), limit).map_or_else(|error| error.message, |chosen| names(&chosen))
}

#[test]
fn edit_without_images_follows_the_history_rule() {
    for (images, limit, expected) in [
        ("A0 B0", 5, "A B"),
        ("A0 B0 m n", 5, "A B m n"),
        // The newest message with images is the anchor; what came before is out.
        ("A0 m B1", 5, "B"),
        ("A0 m B1 C1 n", 5, "B C n"),
        ("m n A3", 5, "A"),
        // Over the limit, the oldest made go first, but one is kept.
        ("A0 B0 m n o p", 5, "A B n o p"),
        ("A0 B0 m n o p", 3, "A B p"),
        // Then attachments from the front.
        ("A0 B0 C0 m n", 3, "B C n"),
        ("A0 B0 C0 m n", 1, "n"),
        ("A0 B0 C0", 2, "B C"),
        // Without an anchor, the made images of the thread.
        ("m", 5, "m"),
        ("m n o p q r", 5, "n o p q r"),
    ] {
        assert_eq!(history(images, limit), expected, "{images} at most {limit}");
    }
}

#[test]
fn edit_requires_an_image() {
    assert_eq!(history("", 5), "this thread has no image to edit");
    let error = from_history(&[], 5).expect_err("nothing to edit");
    assert_eq!(error.kind, ImageErrorKind::ReferenceNotFound);
}

#[test]
fn resolves_handles_and_paths_in_order() {
    let thread = thread("A0 m");
    let handle = reference("m").id.unwrap();
    let listed =
        ImageSelection::List(vec![handle.to_string(), "/home/A.png".to_owned(), "/project/logo.png".to_owned()]);
    assert_eq!(names(&resolve(&listed, &thread, &[]).expect("all names are valid")), "m A /project/logo.png");
}

#[test]
fn rejects_unknown_handle_and_relative_path() {
    let kind = |name: &str| resolve_name(name, &thread("A0"), &[]).expect_err(name).kind;
    assert_eq!(kind("img_00000000000000000000000000000000"), ImageErrorKind::ReferenceNotFound);
    assert_eq!(kind("logo.png"), ImageErrorKind::InvalidArguments);
    assert_eq!(kind("https://example.org/logo.png"), ImageErrorKind::InvalidArguments);
    assert_eq!(kind("../A.png"), ImageErrorKind::InvalidArguments);
}

#[test]
fn newest_images_are_chronological_and_must_exist() {
    let thread = thread("A0 m B1 n");
    let last = |count| resolve(&ImageSelection::Newest(count), &thread, &[]).map(|chosen| names(&chosen));
    assert_eq!(last(2).as_deref(), Ok("B n"));
    assert_eq!(last(4).as_deref(), Ok("A m B n"));
    let error = last(5).expect_err("only four");
    assert_eq!(error.message, "the call asks for 5 images, but this thread has 4");
}

proptest! {
    #[test]
    fn history_rule_keeps_order_and_limit(
        kinds in proptest::collection::vec(proptest::option::of(0_usize..4), 1..12),
        limit in 1_usize..6,
    ) {
        let mut message = 0;
        let images: Vec<ThreadImage> = kinds.iter().enumerate().map(|(index, kind)| {
            message += kind.unwrap_or(0);
            let origin = kind.map_or(Origin::Generated, |_| Origin::Attached { message });
            let reference = reference(&index.to_string());
            ThreadImage { origin, reference, prompt: None, edited_from: Vec::new(), note: None }
        }).collect();
        let chosen = from_history(&images, limit).expect("there are images");
        prop_assert!(!chosen.is_empty() && chosen.len() <= limit);
        let position = |chosen: &ImageRef| {
            images.iter().position(|image| ImageRef::Handle(image.reference.clone()) == *chosen)
        };
        let positions: Vec<_> = chosen.iter().map(position).collect();
        let is_generated = |position: &Option<usize>| images[position.unwrap()].origin == Origin::Generated;
        prop_assert!(positions.is_sorted_by_key(|position| (is_generated(position), *position)));
    }
}
