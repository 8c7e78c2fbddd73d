use proptest::prelude::*;
use serde_json::json;

use super::*;

fn capabilities(parameters: &[Parameter]) -> Capabilities {
    Capabilities {
        image_generation: true,
        hosted_image_generation: false,
        namespace_tools: true,
        image_auth: [].into(),
        parameters: parameters.iter().copied().collect(),
        max_references: 5,
        max_n: 4,
        partial_images: false,
        bills: true,
    }
}

const ALL: [Parameter; 6] = [
    Parameter::Size,
    Parameter::Quality,
    Parameter::Background,
    Parameter::OutputFormat,
    Parameter::N,
    Parameter::Mask,
];

fn parsed(arguments: &serde_json::Value) -> Result<Arguments, String> {
    parse(&arguments.to_string(), &capabilities(&ALL))
}

#[test]
fn a_prompt_alone_is_enough() {
    let expected = Arguments {
        prompt: "a cat".to_owned(),
        action: None,
        images: NamedImages::Unnamed,
        mask: None,
        parameters: AppliedImage::default(),
    };
    assert_eq!(parsed(&json!({"prompt": "a cat"})), Ok(expected.clone()));
    let nulls = json!({"prompt": "a cat", "action": null, "images": null, "size": null, "n": null, "mask": null,
        "referenced_image_paths": null, "num_last_images_to_include": null, "transparent_background": null});
    assert_eq!(parsed(&nulls), Ok(expected.clone()), "an explicit null means absent");
    assert_eq!(parsed(&json!({"prompt": "a cat", "images": []})), Ok(expected));
}

#[test]
fn images_keep_their_order_in_both_spellings() {
    let listed = NamedImages::Listed(vec!["/b.png".to_owned(), "/a.png".to_owned()]);
    for name in ["images", "referenced_image_paths"] {
        let arguments = parsed(&json!({"prompt": "p", name: ["/b.png", "/a.png"]})).expect("fits");
        assert_eq!(arguments.images, listed, "{name}");
    }
    let last = parsed(&json!({"prompt": "p", "num_last_images_to_include": 2})).expect("fits");
    assert_eq!(last.images, NamedImages::Last(2));
}

#[test]
fn a_transparent_background_is_the_same_in_both_spellings() {
    for arguments in [
        json!({"prompt": "p", "transparent_background": true}),
        json!({"prompt": "p", "background": "transparent"}),
        json!({"prompt": "p", "background": "transparent", "transparent_background": true}),
    ] {
        let background = parsed(&arguments).expect("fits").parameters.background;
        assert_eq!(background.as_deref(), Some("transparent"), "{arguments}");
    }
    let opaque = parsed(&json!({"prompt": "p", "transparent_background": false})).expect("fits");
    assert_eq!(opaque.parameters.background, None);
}

#[test]
fn what_cannot_be_meant_is_refused_with_a_sentence_that_names_it() {
    let long = "x".repeat(MAX_PROMPT_CHARS + 1);
    let refusals: Vec<String> = [
        json!({}),
        json!({"prompt": "  "}),
        json!({"prompt": long}),
        json!({"prompt": 5}),
        json!({"prompt": "p", "style": "vivid"}),
        json!({"prompt": "p", "action": "draw"}),
        json!({"prompt": "p", "images": "/a.png"}),
        json!({"prompt": "p", "images": ["/a.png"], "num_last_images_to_include": 1}),
        json!({"prompt": "p", "images": ["/a.png"], "referenced_image_paths": ["/a.png"]}),
        json!({"prompt": "p", "images": ["1", "2", "3", "4", "5", "6"]}),
        json!({"prompt": "p", "num_last_images_to_include": 0}),
        json!({"prompt": "p", "num_last_images_to_include": 6}),
        json!({"prompt": "p", "transparent_background": true, "background": "opaque"}),
        json!({"prompt": "p", "size": "big"}),
        json!({"prompt": "p", "size": "0x5"}),
        json!({"prompt": "p", "quality": "best"}),
        json!({"prompt": "p", "output_format": "svg"}),
        json!({"prompt": "p", "n": 5}),
        json!({"prompt": "p", "n": -1}),
    ]
    .iter()
    .map(|arguments| parsed(arguments).expect_err("refused"))
    .collect();
    insta::assert_debug_snapshot!(refusals);
    assert!(parse("{not json", &capabilities(&[])).is_err());
    assert!(parse("[]", &capabilities(&[])).is_err());
}

#[test]
fn an_undeclared_parameter_is_refused_only_when_it_asks_for_something() {
    let bare = capabilities(&[]);
    for (name, value) in [
        ("size", json!("512x512")),
        ("quality", json!("high")),
        ("background", json!("transparent")),
        ("transparent_background", json!(true)),
        ("output_format", json!("webp")),
        ("n", json!(2)),
        ("mask", json!("/mask.png")),
    ] {
        let arguments = json!({"prompt": "p", name: value}).to_string();
        assert!(parse(&arguments, &bare).expect_err(name).contains("does not take"), "{name}");
        parse(&arguments, &capabilities(&ALL)).expect(name);
    }
    let harmless = json!({"prompt": "p", "size": "auto", "quality": "auto", "n": 1, "transparent_background": false});
    parse(&harmless.to_string(), &bare).expect("nothing is asked for");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}") {
        let _ = parse(&text, &capabilities(&ALL));
    }

    #[test]
    fn every_prompt_within_the_limit_is_kept_as_it_is(prompt in "\\PC{1,100}") {
        prop_assume!(!prompt.trim().is_empty());
        let arguments = parsed(&json!({"prompt": prompt})).expect("fits");
        prop_assert_eq!(arguments.prompt, prompt);
    }
}
