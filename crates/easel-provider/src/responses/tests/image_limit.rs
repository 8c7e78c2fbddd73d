use std::sync::Arc;

use super::fixture::MemoryFiles;
use crate::json_images::{BodyAssembler, ImageKeys, ImagePart};

fn assembler(limit: usize) -> BodyAssembler<MemoryFiles> {
    BodyAssembler::new(ImageKeys::Responses, Arc::default(), limit)
}

/// Feeds a text with these values of `result`, and shows what became of each.
fn collect(assembler: &mut BodyAssembler<MemoryFiles>, results: &[&str]) -> Vec<String> {
    let text =
        serde_json::json!(results.iter().map(|result| serde_json::json!({ "result": result })).collect::<Vec<_>>());
    assembler.feed(text.to_string().as_bytes()).unwrap();
    let show = |part: &ImagePart<Vec<u8>>| {
        if let ImagePart::Complete(bytes) = part {
            String::from_utf8(bytes.clone()).unwrap()
        } else {
            format!("{part:?}")
        }
    };
    let (_, parts) = assembler.take();
    assert!(parts.iter().all(|part| part.is_complete() == matches!(part, ImagePart::Complete(_))), "{parts:?}");
    parts.iter().map(show).collect()
}

#[test]
fn images_beyond_the_limit_are_ignored() {
    let mut assembler = assembler(2);
    let results = ["QQ==", "", "Q!==", "Qg==", "Qw=="];
    // An invalid image counts, since it has a file, and an empty string does not.
    assert_eq!(collect(&mut assembler, &results), ["A", "Empty", "InvalidBase64", "Ignored", "Ignored"]);
    assert_eq!(collect(&mut assembler, &["QQ==", "", "Qg=="]), ["A", "Empty", "B"], "each text has the limit");
    assembler.set_limit(1);
    assert_eq!(collect(&mut assembler, &["QQ==", "Qg=="]), ["A", "Ignored"]);
}

#[test]
fn text_may_end_inside_an_image() {
    let mut assembler = assembler(2);
    for (text, is_in_image) in [("[{\"result\":", false), ("\"QUJ", true), ("D", true), ("\"", false), ("}]", false)] {
        assembler.feed(text.as_bytes()).unwrap();
        assert_eq!(assembler.is_in_image(), is_in_image, "after {text}");
    }
    let (json, parts) = assembler.take();
    assert_eq!((json.as_slice(), parts.len()), (&b"[{\"result\":0}]"[..], 1));
}
