use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Images by what became of them, and the rest.
type Found = (Vec<Result<Vec<u8>, InvalidBase64>>, Vec<u8>);

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let (mut scanner, mut images, mut current) = (Scanner::new(ImageKeys::Images), Vec::new(), None);
    let mut on = |piece: ImageEvent<'_>| match piece {
        ImageEvent::Start => assert_eq!(current.replace(Vec::new()), None),
        ImageEvent::Data(bytes) => current.as_mut().expect("begun").extend_from_slice(bytes),
        ImageEvent::End(end) => {
            let image: Vec<u8> = current.take().expect("begun");
            images.push(end.map(|()| image));
        }
    };
    for piece in pieces {
        scanner.feed(piece, &mut on).expect("short");
    }
    (images, scanner.take_rest())
}

fn scan_json(text: &str) -> (Vec<Result<Vec<u8>, InvalidBase64>>, Value) {
    let (images, rest) = scan([text.as_bytes()]);
    let json = serde_json::from_slice(&rest).unwrap_or_else(|error| panic!("{error}: {rest:?}"));
    (images, json)
}

/// All that makes a scanner stumble: escapes, white space, quotes within strings, keys as values, no padding.
fn stumbling_blocks(length: u32) -> (String, Vec<Vec<u8>>) {
    let small = b"hello \xfb\xef\xbe\xff\xff\xff world".to_vec();
    let large: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
    let plain = STANDARD.encode(&small);
    let escaped = plain.replace('/', "\\/").replacen('+', "\\u002b", 2).replacen('+', "\\u002B", 1);
    let lines: Vec<_> = STANDARD.encode(&large).as_bytes().chunks(76).map(<[u8]>::to_vec).collect();
    let broken_up = String::from_utf8(lines.join(&b"\\r\\n\\t"[..])).expect("base64");
    assert!(escaped.contains("\\u002b\\u002b\\u002B+\\/") && broken_up.contains("\\r\\n\\t"));
    let text = format!(
        r#"{{"note":"say \"b64_json\":\"no\" \\","b64_json" : "{escaped}","x":"b64_json",
        "data":[{{"url":"https:\/\/h\/a?b=\"c\"","é":"url"}},{{"b64_json"
        :
        "{broken_up}"}},{{"b64_json":null,"url":"da","u":["b64_json","QUJD"]}},{{"url":"data:image\/png;base64,{plain}"}},
        {{"b64_json":"data:image/webp;base64,{}"}}],"b64_json":"","end":[]}}"#,
        plain.trim_end_matches('=')
    );
    (text, vec![small.clone(), large, small.clone(), small, Vec::new()])
}

#[test]
fn images_do_not_depend_on_one_split() {
    let (text, images) = stumbling_blocks(600);
    let whole = scan([text.as_bytes()]);
    assert_eq!(whole.0, images.into_iter().map(Ok).collect::<Vec<_>>());
    for at in 0..=text.len() {
        let (before, after) = text.as_bytes().split_at(at);
        assert!(scan([before, after]) == whole, "split at {at}");
    }
}

#[test]
fn images_do_not_depend_on_chunk_size() {
    let (text, _) = stumbling_blocks(40_000);
    let whole = scan([text.as_bytes()]);
    for size in [1, 2, 3, 5, 7, 64, 4_096] {
        assert!(scan(text.as_bytes().chunks(size)) == whole, "pieces of {size}");
    }
}

#[test]
fn rest_is_json_with_image_numbers() {
    let (text, _) = stumbling_blocks(40_000);
    let (_, rest) = scan_json(&text);
    assert_eq!(rest["note"], r#"say "b64_json":"no" \"#);
    assert_eq!(rest["x"], "b64_json");
    assert_eq!(rest["data"][0], json!({"url": "https://h/a?b=\"c\"", "é": "url"}));
    assert_eq!(rest["data"][2], json!({"b64_json": null, "url": "da", "u": ["b64_json", "QUJD"]}));
    let numbers = [1, 2, 3].map(Value::from);
    assert_eq!(
        [&rest["data"][1]["b64_json"], &rest["data"][3]["url"], &rest["data"][4]["b64_json"]],
        numbers.each_ref()
    );
    assert_eq!(rest["b64_json"], 4);
}

#[test]
fn invalid_base64_affects_one_image_only() {
    let text = r#"{"data":[{"b64_json":"QU!JD"},{"b64_json":"QUJD"},{"b64_json":"\u20ac"},{"b64_json":"QU\qJD"},
        {"url":"data:image/png"},{"url":"data:x,Q"},{"b64_json":"\u00zz"}]}"#;
    let (images, rest) = scan_json(text);
    let broken = Err(InvalidBase64);
    assert_eq!(
        images,
        [broken.clone(), Ok(b"ABC".to_vec()), broken.clone(), broken.clone(), broken.clone(), broken.clone(), broken]
    );
    assert_eq!(rest["data"][6]["b64_json"], 6);
}

#[test]
fn quotes_in_a_media_type_do_not_end_the_image() {
    let (images, rest) = scan_json(r#"{"url":"data:image/png;name=\"a,b\";base64,QUJD","next":"x"}"#);
    assert_eq!((images, rest), (vec![Err(InvalidBase64)], json!({"url": 0, "next": "x"})));
    let (images, rest) = scan_json(r#"{"url":"data:image\/png;name=\"a\";base64,QUJD","next":"x"}"#);
    assert_eq!((images, rest), (vec![Ok(b"ABC".to_vec())], json!({"url": 0, "next": "x"})));
}

#[test]
fn media_type_may_have_256_bytes() {
    for (media_type, is_valid) in [
        ("x".repeat(256), true),
        ("x".repeat(257), false),
        ("x".repeat(254) + "\\/", true),
        ("x".repeat(255) + "\\/", false),
    ] {
        let (images, rest) = scan_json(&format!(r#"{{"url":"data:{media_type},QUJD","next":"x"}}"#));
        assert_eq!(rest, json!({"url": 0, "next": "x"}));
        assert_eq!(images, [if is_valid { Ok(b"ABC".to_vec()) } else { Err(InvalidBase64) }], "{media_type}");
    }
}

#[test]
fn endless_json_is_rejected_and_images_are_streamed() {
    let mut scanner = Scanner::new(ImageKeys::Images);
    let long = vec![b'x'; MAX_REST_OF_IMAGES];
    assert_eq!(scanner.feed(b"\"", &mut |_| {}), Ok(()));
    assert_eq!(scanner.feed(&long[1..], &mut |_| {}), Ok(()));
    assert_eq!(scanner.feed(b"x", &mut |_| {}), Err(BodyTooLarge::Json));

    let (mut scanner, mut decoded) = (Scanner::new(ImageKeys::Images), 0);
    let mut on = |piece: ImageEvent<'_>| {
        if let ImageEvent::Data(bytes) = piece {
            decoded += bytes.len();
        }
    };
    scanner.feed(b"{\"data\":[{\"b64_json\":\"", &mut on).unwrap();
    let chunk = [b'A'; 64 << 10];
    for _ in 0..(24 << 20) / (48 << 10) {
        scanner.feed(&chunk, &mut on).unwrap();
    }
    assert!(scanner.memory() < 64 << 10, "{} bytes held", scanner.memory());
    scanner.feed(b"\"}]}", &mut on).unwrap();
    assert_eq!(decoded, 24 << 20);
}

#[test]
fn invalid_json_passes_unchanged() {
    for text in
        ["<html>\"x\":</html>", "\":\":\"", "\"b64_json\",:\"QUJD\"", "", "{\"url\":\"data", "{\"data\":[{\"url\":7}"]
    {
        let (images, rest) = scan([text.as_bytes()]);
        assert!(images.is_empty());
        assert!(text.as_bytes().starts_with(&rest) && rest.len() + 5 >= text.len(), "{text}");
    }
}

fn json_tree() -> impl Strategy<Value = Value> {
    let key = prop_oneof![Just("b64_json".to_owned()), Just("url".to_owned()), Just("data".to_owned()), "\\PC{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        vec(any::<u8>(), 0..60).prop_map(|bytes| Value::from(STANDARD.encode(bytes))),
        vec(any::<u8>(), 0..60)
            .prop_map(|bytes| Value::from(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key.clone(), inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// What the scanner should find, by a parser that holds everything.
fn expected(json: &mut Value, images: &mut Vec<Result<Vec<u8>, InvalidBase64>>) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| expected(item, images)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let data = value.as_str().and_then(|text| text.strip_prefix("data:"));
                let text = match (key.as_str(), &*value) {
                    ("b64_json", Value::String(text)) => {
                        data.map_or(Some(text.as_str()), |data| data.split_once(',').map(|(_, d)| d))
                    }
                    ("url", Value::String(_)) => data.and_then(|data| data.split_once(',')).map(|(_, data)| data),
                    _ => None,
                };
                match text.map(|text| STANDARD.decode(text)) {
                    Some(decoded) => {
                        let number = images.len();
                        images.push(decoded.map_err(|_| InvalidBase64));
                        *value = Value::from(number);
                    }
                    None => expected(value, images),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn scanner_agrees_with_a_json_parser(mut json in json_tree(), cuts in vec(1usize..40, 1..20)) {
        let text = serde_json::to_string_pretty(&json).unwrap();
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(*cut));
            pieces.push(now);
            rest = later;
        }
        let (found, rest) = scan(pieces);
        let mut images = Vec::new();
        expected(&mut json, &mut images);
        prop_assert_eq!(serde_json::from_slice::<Value>(&rest).unwrap(), json);
        // Neither parser can distinguish invalid base64 from base64 without padding.
        let valid = |images: &[Result<Vec<u8>, InvalidBase64>]| images.iter().filter(|image| image.is_ok()).count();
        prop_assert_eq!(found.len(), images.len());
        prop_assert!(valid(&found) >= valid(&images));
        for (found, image) in found.iter().zip(&images) {
            if image.is_ok() {
                prop_assert_eq!(found, image);
            }
        }
    }

    #[test]
    fn any_text_scans_the_same_when_split(
        words in vec(prop::sample::select(STRANGE.to_vec()), 0..40),
        at in any::<prop::sample::Index>(),
    ) {
        let text = words.concat();
        let (before, after) = text.as_bytes().split_at(at.index(text.len() + 1));
        prop_assert_eq!(scan([before, after]), scan([text.as_bytes()]));
    }
}

/// What the scanner looks for, in any order.
const STRANGE: [&str; 20] = [
    "\"",
    "\\",
    ":",
    ",",
    "{",
    "}",
    "[",
    " ",
    "\n",
    "b64_json",
    "\"b64_json\":\"",
    "\"url\":\"",
    "data:",
    "base64,",
    "QUJD",
    "=",
    "\\u002",
    "\\/",
    "é",
    "\0",
];

#[test]
fn responses_have_other_image_keys() {
    let text = r#"{"result":"aGk=","b64_json":"aGk=","url":"data:,aGk=","partial_image_b64_":"aGk",
        "item":{"partial_image_b64":"aGk","result":null}}"#;
    let (mut scanner, mut images) = (Scanner::new(ImageKeys::Responses), 0);
    let mut on = |piece: ImageEvent<'_>| images += usize::from(piece == ImageEvent::Data(b"hi"));
    scanner.feed(text.as_bytes(), &mut on).expect("short");
    assert_eq!(images, 2);
    let rest = br#"{"result":0,"b64_json":"aGk=","url":"data:,aGk=","partial_image_b64_":"aGk",
        "item":{"partial_image_b64":1,"result":null}}"#;
    assert_eq!(scanner.take_rest(), rest);
}
