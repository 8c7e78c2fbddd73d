use easel_protocol::record::ImageErrorKind;
use tokio::net::TcpListener;

use super::*;

/// A call whose response names its image by `link`, in which `{port}` stands for the server's port.
async fn call_with_link(link: &str, then: Vec<Script>) -> (Result<GeneratedImages, ImageError>, Vec<Request>) {
    // The response names the server's port, which is known only when it listens: the path carries the link there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let response = json!({"data": [{"url": link.replace("{port}", &port.to_string())}]});
    let server = start_on_port(port, std::iter::once(ok(&response)).chain(then).collect());
    let generated = make(
        &provider(port, ApiProfile::from_preset(Preset::Sglang)),
        job("a cat"),
        Arc::new(CountingFiles::default()),
        Arc::new(drop),
    )
    .await;
    (generated, server.requests())
}

#[tokio::test]
async fn link_to_the_own_origin_gets_no_credentials() {
    for (link, path) in [
        ("http://127.0.0.1:{port}/out/a.png?x=1", "/out/a.png?x=1"),
        ("/out/a.png", "/out/a.png"),
        ("out/a.png", "/out/a.png"),
    ] {
        let image = respond(http_response("200 OK", &[("content-type", "text/plain")], png(70_000)));
        let (generated, requests) = call_with_link(link, vec![image]).await;
        assert_eq!(content(&generated.expect("generated").images[0].staged), png(70_000));
        assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("GET", path));
        for header in ["authorization", "originator", "idempotency-key"] {
            assert_eq!(requests[1].header(header), None);
        }
    }
}

#[tokio::test]
async fn link_to_an_internal_address_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let within = listener.local_addr().unwrap().port();
    for link in [
        format!("http://127.0.0.1:{within}/a.png"),
        format!("http://localhost:{within}/a.png"),
        format!("https://localhost:{within}/a.png"),
        format!("https://127.0.0.2:{within}/a.png"),
        format!("https://[::1]:{within}/a.png"),
        format!("https://[::ffff:127.0.0.2]:{within}/a.png"),
        format!("https://2130706434:{within}/a.png"),
        format!("https://0.0.0.0:{within}/a.png"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/a.png".to_owned(),
        "https://".to_owned(),
    ] {
        let (generated, requests) = call_with_link(&link, Vec::new()).await;
        let error = generated.expect_err("refused");
        assert_eq!(error.kind, ImageErrorKind::BadResponse, "{link}: {error:?}");
        assert_eq!(requests.len(), 1, "{link}");
    }
    tokio::select! {
        biased;
        _ = listener.accept() => panic!("a link led within"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn name_of_an_internal_address_is_refused() {
    let (generated, _) = call_with_link("https://localhost:{port}/a.png", Vec::new()).await;
    let error = generated.expect_err("refused");
    let expected = "the provider's link to the image could not be followed: the address is not public";
    assert_eq!(error.message, expected);
}

#[tokio::test]
async fn links_do_not_redirect_and_lead_to_images_only() {
    let redirect = respond(http_response("302 Found", &[("location", "/elsewhere")], ""));
    let text = respond(http_response("200 OK", &[("content-type", "image/png")], "root:x:0:0"));
    let empty = respond(http_response("200 OK", &[], ""));
    for script in [redirect, text, empty, failed("404 X", &[], "x")] {
        let (generated, requests) = call_with_link("/a.png", vec![script]).await;
        assert_eq!(generated.expect_err("refused").kind, ImageErrorKind::BadResponse);
        assert_eq!(requests.len(), 2);
    }
}

#[tokio::test]
async fn internal_redirect_is_not_followed() {
    let within = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = within.local_addr().unwrap();
    for location in [format!("http://{address}/a.png"), "http://169.254.169.254/latest/meta-data".to_owned()] {
        for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
            let redirect = respond(http_response(status, &[("location", location.as_str())], ""));
            let (generated, requests) = call_openai(vec![redirect.clone()]).await;
            assert_eq!((generated.expect_err("refused").kind, requests.len()), (ImageErrorKind::Configuration, 1));
            let (generated, requests) = call_with_link("/a.png", vec![redirect]).await;
            assert_eq!((generated.expect_err("refused").kind, requests.len()), (ImageErrorKind::BadResponse, 2));
        }
    }
    tokio::select! {
        biased;
        _ = within.accept() => panic!("a redirect led within"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn broken_link_is_downloaded_again() {
    let broken = respond_and_close(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nxx".to_vec());
    let image = respond(http_response("200 OK", &[], png(5)));
    let (generated, requests) = call_with_link("/a.png", vec![broken.clone(), failed("502 X", &[], "x"), image]).await;
    assert_eq!((content(&generated.expect("generated").images[0].staged), requests.len()), (png(5), 4));
    let (generated, requests) = call_with_link("/a.png", vec![broken]).await;
    assert_eq!((generated.expect_err("broken").kind, requests.len()), (ImageErrorKind::BadResponse, 4));
}

#[tokio::test]
async fn data_url_needs_no_request() {
    let link = format!("data:image/png;base64,{}", STANDARD.encode(png(50_000)));
    let (generated, requests) = call_with_link(&link, Vec::new()).await;
    assert_eq!((content(&generated.expect("generated").images[0].staged), requests.len()), (png(50_000), 1));
}
