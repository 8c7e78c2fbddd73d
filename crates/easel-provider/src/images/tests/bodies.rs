use easel_imagegen::port::{Provenance, Reference};
use easel_imagegen::strip::Metadata;
use easel_protocol::record::{Billed, ImageErrorKind};

use super::*;

/// Sends an edit of `references` and gives back what the server saw.
async fn edit(
    profile: ApiProfile,
    files: CountingFiles,
    references: Vec<Reference>,
    mask: Option<Reference>,
) -> Request {
    let server = start(vec![ok(&image_response(&png(9)))]);
    let mut job = job("make \"it\" blue\r\nplease");
    job.requested.action = ImageAction::Edit;
    (job.references, job.mask) = (references, mask);
    make(&provider(server.address().port(), profile), job, Arc::new(files), Arc::new(drop)).await.expect("generated");
    server.requests().remove(0)
}

/// Two images that are larger than one chunk, with lengths that are not a multiple of three.
fn two(files: &mut CountingFiles) -> (Vec<Reference>, [Vec<u8>; 2]) {
    let images = [png(300_001), png(1)];
    let references = ["a", "b"].iter().zip(&images);
    (references.map(|(name, image)| files.add(name, image.clone(), image.len() as u64)).collect(), images)
}

/// Head and body of each part.
fn parts(seen: &Request) -> Vec<(String, Vec<u8>)> {
    let kind = seen.header("content-type").expect("a content type");
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("multipart");
    let limit = format!("\r\n--{boundary}");
    let mut body = b"\r\n".to_vec();
    body.extend_from_slice(&seen.body);
    let mut parts = Vec::new();
    let mut rest = body.as_slice();
    while let Some(at) = memchr::memmem::find(rest, limit.as_bytes()) {
        let (part, after) = rest.split_at(at);
        if let Some(split) = memchr::memmem::find(part, b"\r\n\r\n") {
            parts.push((String::from_utf8(part[2..split].to_vec()).unwrap(), part[split + 4..].to_vec()));
        }
        rest = &after[limit.len()..];
    }
    assert_eq!(rest, b"--\r\n");
    parts
}

fn url(image: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(image))
}

#[tokio::test]
async fn generation_sends_declared_fields_and_headers() {
    let (_, requests) = call_openai(vec![ok(&image_response(&png(9)))]).await;
    let [seen] = requests.as_slice() else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/images/generations"));
    let expected =
        json!({"model": "gpt-image-2", "prompt": "a cat", "background": "auto", "quality": "auto", "size": "auto"});
    assert_eq!(seen.json(), expected);
    for (name, value) in [
        ("content-type", "application/json"),
        ("idempotency-key", "key-1"),
        ("originator", "Client"),
        ("authorization", "Bearer sk-canary-0123456789"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    assert!(seen.header("user-agent").is_some_and(|agent| agent.starts_with("easel/")));
}

#[tokio::test]
async fn multipart_edit_has_exact_bytes_in_order() {
    let mut files = CountingFiles::default();
    let (references, images) = two(&mut files);
    let mask = files.add("m", png(7), png(7).len() as u64);
    let seen = edit(ApiProfile::from_preset(Preset::Openai), files, references, Some(mask)).await;
    assert_eq!(seen.path, "/v1/images/edits");
    let parts = parts(&seen);
    let field = |name: &str, value: &str| {
        (format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes().to_vec())
    };
    let file = |name: &str, file: &str, bytes: &[u8]| {
        let head =
            format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/png");
        (head, bytes.to_vec())
    };
    let mut expected = vec![
        field("background", "auto"),
        field("model", "gpt-image-2"),
        field("prompt", "make \"it\" blue\r\nplease"),
        field("quality", "auto"),
        field("size", "auto"),
        file("image[]", "image-1.png", &images[0]),
        file("image[]", "image-2.png", &images[1]),
        file("mask", "mask.png", &png(7)),
    ];
    let fields = expected.len() - 3;
    expected[..fields].sort();
    let mut sent = parts;
    sent[..fields].sort();
    assert!(sent == expected, "{:?}", sent.iter().map(|(head, _)| head).collect::<Vec<_>>());
    assert!(!String::from_utf8_lossy(&seen.body).contains("secret folder"));
}

#[tokio::test]
async fn json_edits_use_each_presets_data_urls() {
    let mut memory = CountingFiles::default();
    let (references, images) = two(&mut memory);
    let [a, b] = [url(&images[0]), url(&images[1])];
    let one = |profile| {
        let mut files = CountingFiles::default();
        let (mut references, _) = two(&mut files);
        references.truncate(1);
        edit(profile, files, references, None)
    };
    let seen = edit(ApiProfile::from_preset(Preset::Codex), memory, references, None).await;
    assert_eq!(
        (seen.path.as_str(), &seen.json()["images"]),
        ("/v1/images/edits", &json!([{"image_url": a}, {"image_url": b}]))
    );

    let seen = one(ApiProfile::from_preset(Preset::Xai)).await;
    assert_eq!((seen.path.as_str(), &seen.json()["image"]), ("/v1/images/edits", &json!({"url": a})));
    let seen = one(ApiProfile::from_preset(Preset::Together)).await;
    assert_eq!((seen.path.as_str(), &seen.json()["reference_images"]), ("/v1/images/generations", &json!([a])));
    let seen = one(ApiProfile::from_preset(Preset::Localai)).await;
    assert_eq!(seen.json()["ref_images"], json!([STANDARD.encode(&images[0])]));
}

#[tokio::test]
async fn xai_takes_a_list_and_openai_a_mask() {
    let mut files = CountingFiles::default();
    let (references, images) = two(&mut files);
    let seen = edit(ApiProfile::from_preset(Preset::Xai), files, references, None).await;
    assert_eq!(seen.json()["images"], json!([{"url": url(&images[0])}, {"url": url(&images[1])}]));
    assert_eq!(seen.json().get("image"), None);

    let mut files = CountingFiles::default();
    let (references, _) = two(&mut files);
    let mask = files.add("m", png(7), png(7).len() as u64);
    let seen = edit(ApiProfile::from_preset(Preset::Codex), files, references, Some(mask)).await;
    assert_eq!(seen.json()["mask"], json!({"image_url": url(&png(7))}));
}

#[tokio::test]
async fn missing_image_fails_the_call_before_sending() {
    let server = start(vec![ok(&image_response(&png(9)))]);
    let mut gone = job("a cat");
    gone.references = two(&mut CountingFiles::default()).0;
    let generated = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        gone,
        Arc::new(CountingFiles::default()),
        Arc::new(drop),
    )
    .await;
    let error = generated.expect_err("gone");
    assert_eq!((error.kind, error.attempts, error.billed), (ImageErrorKind::ReferenceNotFound, 0, Billed::No));
    assert!(error.message.contains("img_a"), "{}", error.message);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn shorter_image_file_truncates_the_request() {
    let server = start(vec![ok(&image_response(&png(9)))]);
    let mut files = CountingFiles::default();
    let mut shorter = job("a cat");
    shorter.references = vec![files.add("a", png(200_000), 300_000)];
    let generated = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        shorter,
        Arc::new(files),
        Arc::new(drop),
    )
    .await;
    let error = generated.expect_err("the file is shorter");
    assert_eq!((error.kind, error.attempts, error.billed), (ImageErrorKind::Storage, 1, Billed::No));
    assert!(server.requests().is_empty());
}

/// Returns an image of a user with a text chunk, its bytes, and its bytes without the text.
fn user_image(files: &mut CountingFiles) -> (Reference, Vec<u8>, Vec<u8>) {
    let pixels = b"\0\0\0\x02IDAT\x01\x02\0\0\0\0\0\0\0\0IEND\xaeB`\x82".as_slice();
    let head = &png(0)[..33];
    let whole = [head, b"\0\0\0\x0atEXtGPS-CANARY\0\0\0\0", pixels].concat();
    let reference = files.add("given", whole.clone(), whole.len() as u64);
    (Reference { provenance: Provenance::User, ..reference }, whole, [head, pixels].concat())
}

#[tokio::test]
async fn every_edit_style_strips_user_images() {
    for preset in [Preset::Openai, Preset::Codex, Preset::Xai, Preset::Together, Preset::Localai] {
        let mut files = CountingFiles::default();
        let (reference, _, stripped) = user_image(&mut files);
        let seen = edit(ApiProfile::from_preset(preset), files, vec![reference], None).await;
        let holds = |what: &[u8]| memchr::memmem::find(&seen.body, what).is_some();
        assert!(holds(&stripped) || holds(STANDARD.encode(&stripped).as_bytes()), "{preset:?}");
        assert_eq!(seen.header("content-length"), Some(seen.body.len().to_string().as_str()), "{preset:?}");
    }
    let mut files = CountingFiles::default();
    let (mask, _, stripped) = user_image(&mut files);
    let references = two(&mut files).0;
    let seen = edit(ApiProfile::from_preset(Preset::Openai), files, references, Some(mask)).await;
    assert_eq!(parts(&seen).last().expect("the mask").1, stripped);
    let mut files = CountingFiles::default();
    let (reference, whole, _) = user_image(&mut files);
    let sends = ApiProfile { metadata: Metadata::Send, ..ApiProfile::from_preset(Preset::Openai) };
    let seen = edit(sends, files, vec![reference], None).await;
    assert_eq!(parts(&seen).last().expect("the image").1, whole);
}

#[tokio::test]
async fn unsupported_image_fails_the_call_before_sending() {
    let mut files = CountingFiles::default();
    let (fits, _, stripped) = user_image(&mut files);
    let large = files.add("large", png(300), png(300).len() as u64);
    let broken = files.add("broken", [&png(0)[..33], b"\0\0\0\x01?!?!"].concat(), 41);
    let broken = Reference { provenance: Provenance::User, ..broken };
    let (files, server) = (Arc::new(files), start(vec![ok(&image_response(&png(9)))]));
    let mut profile = ApiProfile::from_preset(Preset::Openai);
    profile.limits.max_image_bytes = stripped.len() as u64;
    let provider = provider(server.address().port(), profile);
    let most = stripped.len();
    for (image, message) in [
        (large, format!("the image img_large has {} bytes, and this provider takes at most {most}", png(300).len())),
        (broken, "the image img_broken is not sent: its metadata cannot be separated from its pixels".to_owned()),
    ] {
        let job = ImageJob { references: vec![image], ..job("a cat") };
        let error = make(&provider, job, Arc::clone(&files), Arc::new(drop)).await.expect_err("refused");
        assert_eq!((error.kind, error.message, error.attempts), (ImageErrorKind::ReferenceRefused, message, 0));
    }
    assert!(server.requests().is_empty());
    let job = ImageJob { references: vec![fits], ..job("a cat") };
    make(&provider, job, files, Arc::new(drop)).await.expect("the length that is sent counts");
}
