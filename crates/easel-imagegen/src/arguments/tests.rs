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

fn parse_json(arguments: &serde_json::Value) -> Result<Arguments, String> {
    parse(&arguments.to_string(), &capabilities(&ALL)).map_err(|error| error.to_string())
}

#[test]
fn prompt_is_enough() {
    let expected = Arguments {
        prompt: "a cat".to_owned(),
        action: None,
        images: ImageSelection::None,
        mask: None,
        preserve: None,
        parameters: AppliedImage::default(),
    };
    assert_eq!(parse_json(&json!({"prompt": "a cat"})), Ok(expected.clone()));
    let nulls = json!({"prompt": "a cat", "action": null, "images": null, "size": null, "n": null, "mask": null,
        "referenced_image_paths": null, "num_last_images_to_include": null, "transparent_background": null});
    assert_eq!(parse_json(&nulls), Ok(expected.clone()), "an explicit null means absent");
    assert_eq!(parse_json(&json!({"prompt": "a cat", "images": []})), Ok(expected));
}

#[test]
fn images_keep_order_in_both_spellings() {
    let listed = ImageSelection::List(vec!["/b.png".to_owned(), "/a.png".to_owned()]);
    for name in ["images", "referenced_image_paths"] {
        let arguments = parse_json(&json!({"prompt": "p", name: ["/b.png", "/a.png"]})).expect("valid");
        assert_eq!(arguments.images, listed, "{name}");
    }
    let last = parse_json(&json!({"prompt": "p", "num_last_images_to_include": 2})).expect("valid");
    assert_eq!(last.images, ImageSelection::Newest(2));
}

#[test]
fn transparent_background_has_two_spellings() {
    for arguments in [
        json!({"prompt": "p", "transparent_background": true}),
        json!({"prompt": "p", "background": "transparent"}),
        json!({"prompt": "p", "background": "transparent", "transparent_background": true}),
    ] {
        let background = parse_json(&arguments).expect("valid").parameters.background;
        assert_eq!(background.as_deref(), Some("transparent"), "{arguments}");
    }
    let opaque = parse_json(&json!({"prompt": "p", "transparent_background": false})).expect("valid");
    assert_eq!(opaque.parameters.background, None);
}

#[test]
fn invalid_arguments_are_named() {
    let long = "x".repeat(MAX_PROMPT_CHARS + 1);
    let errors: Vec<String> = [
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
    .map(|arguments| parse_json(arguments).expect_err("invalid"))
    .collect();
    insta::assert_debug_snapshot!(errors);
    assert!(parse("{not json", &capabilities(&[])).is_err());
    assert!(parse("[]", &capabilities(&[])).is_err());
}

#[test]
fn undeclared_parameter_is_rejected_if_it_matters() {
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
        assert!(parse(&arguments, &bare).expect_err(name).to_string().contains("does not support"), "{name}");
        parse(&arguments, &capabilities(&ALL)).expect(name);
    }
    let harmless = json!({"prompt": "p", "size": "auto", "quality": "auto", "n": 1, "transparent_background": false});
    parse(&harmless.to_string(), &bare).expect("these change nothing");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}") {
        let _ = parse(&text, &capabilities(&ALL));
    }

    #[test]
    fn prompt_within_limit_is_unchanged(prompt in "\\PC{1,100}") {
        prop_assume!(!prompt.trim().is_empty());
        let arguments = parse_json(&json!({"prompt": prompt})).expect("valid");
        prop_assert_eq!(arguments.prompt, prompt);
    }
}
