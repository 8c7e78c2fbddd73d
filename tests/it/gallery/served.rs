//! The page on this machine: who gets it, what it may do, and what it shows.

use easel_testkit::image::DecodedPng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{HOSTILE, Served, common_policy, draw, sandbox};
use crate::harness::read_file;

#[tokio::test]
async fn page_has_no_data_and_the_exact_policy() {
    let sandbox = sandbox();
    draw(&sandbox, HOSTILE).await;
    let served = Served::start(&sandbox).await;
    let response = served.send("GET", "/", &[("host", &served.host())]).await;
    let page = String::from_utf8(response.body.clone()).expect("text");
    assert_eq!(response.status, 200);
    assert!(!page.contains("a sea") && !page.contains("img_"), "{page}");
    let policy = format!("{}; connect-src 'self'; frame-ancestors 'none'", common_policy(&page));
    assert_eq!(response.header("content-security-policy"), policy.to_ascii_lowercase());
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(response.header(name), value);
    }
}

#[tokio::test]
async fn data_needs_the_token() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox).await;
    for path in ["images", "threads", "usage", "changes", "thumbnail/img_0", "picture/img_0", "unknown"] {
        let path = format!("/api/{path}");
        let response = served.send("GET", &path, &[("host", &served.host())]).await;
        assert_eq!(
            (response.status, response.body.as_slice()),
            (401, &b"the token is missing or wrong\n"[..]),
            "{path}"
        );
        let wrong = format!("Bearer {}", "0".repeat(64));
        let headers = [("host", served.host()), ("authorization", wrong)];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(served.send("GET", &path, &headers).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn other_hosts_origins_and_methods_are_refused() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox).await;
    let (host, bearer) = (served.host(), format!("Bearer {}", served.token));
    let bearer = ("authorization", bearer.as_str());
    let rebinding = format!("evil.example:{}", served.port);
    assert_eq!(served.send("GET", "/", &[("host", &rebinding), bearer]).await.status, 421);
    assert_eq!(served.send("GET", "/api/images", &[("host", &rebinding), bearer]).await.status, 421);
    for header in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(
            served.send("GET", "/api/images", &[("host", &host), bearer, header]).await.status,
            403,
            "{header:?}"
        );
    }
    for method in ["POST", "DELETE", "OPTIONS"] {
        assert_eq!(served.send(method, "/api/images", &[("host", &host), bearer]).await.status, 405, "{method}");
    }
    let long = "a".repeat(20_000);
    assert_eq!(served.send("GET", "/", &[("host", &host), ("x-long", &long)]).await.status, 431);
    assert_eq!(served.send("GET", "/", &[("host", &host), ("content-length", "5")]).await.status, 413);
}

#[tokio::test]
async fn unknown_paths_and_images_are_not_found() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox).await;
    let image = format!("/api/thumbnail/img_{}", "0".repeat(32));
    let file = format!("/api/picture/img_{}", "0".repeat(32));
    for path in ["/index.html", "/api/", "/api/images/1", "/api/thumbnail/", "/api/../images", &image, &file] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    assert_eq!(served.get("/api/images?cursor=wrong").await.status, 400);
}

#[tokio::test]
async fn records_thumbnails_and_files_are_served() {
    let sandbox = sandbox();
    draw(&sandbox, HOSTILE).await;
    let served = Served::start(&sandbox).await;
    let page = served.json("/api/images").await;
    let (entry, image) = (&page["data"][0], &page["data"][0]["image"]);
    assert_eq!((page["data"].as_array().map(Vec::len), page["nextCursor"].is_null()), (Some(1), true));
    assert_eq!(image["requested"]["prompt"], HOSTILE);
    let id = image["id"].as_str().expect("a handle");
    let threads = served.json("/api/threads").await;
    assert_eq!(threads[0]["id"], entry["threadId"]);
    assert_eq!(served.json("/api/usage").await["totals"]["syntheticImages"], 1);

    let file = served.get(&format!("/api/picture/{id}")).await;
    assert_eq!((file.status, file.header("content-type")), (200, "image/png"));
    assert_eq!(file.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert!(file.body == read_file(image["path"].as_str().expect("a path")));
    let whole = DecodedPng::decode(&file.body);

    let thumbnail = served.get(&format!("/api/thumbnail/{id}")).await;
    assert_eq!((thumbnail.status, thumbnail.header("content-type")), (200, "image/jpeg"));
    assert!(thumbnail.body.len() <= 24 << 10 && whole.width > 320, "{} bytes", thumbnail.body.len());
}

#[tokio::test]
async fn edit_has_a_heat_map() {
    let sandbox = sandbox();
    draw(&sandbox, "a red star").await;
    let output = sandbox.run(&["draw", "--continue", "make the star yellow"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let served = Served::start(&sandbox).await;
    let page = served.json("/api/images").await;
    let id = |index: usize| page["data"][index]["image"]["id"].as_str().expect("a handle").to_owned();
    let compared = served.json(&format!("/api/compare/{}/{}", id(1), id(0))).await;
    assert_eq!(compared["report"]["base"], id(1));
    assert_eq!(compared["heatMap"]["mediaType"], "image/png");
    let unknown = format!("img_{}", "0".repeat(32));
    assert_eq!(served.get(&format!("/api/compare/{unknown}/{}", id(0))).await.status, 400);
    assert_eq!(served.get(&format!("/api/compare/{}", id(0))).await.status, 404);
}

#[tokio::test]
async fn image_without_a_readable_file_is_not_missing() {
    let sandbox = sandbox();
    draw(&sandbox, "a sea").await;
    let served = Served::start(&sandbox).await;
    let page = served.json("/api/images").await;
    let image = &page["data"][0]["image"];
    std::fs::write(image["path"].as_str().expect("a path"), "no image").expect("a file");
    let response = served.get(&format!("/api/thumbnail/{}", image["id"].as_str().expect("a handle"))).await;
    assert_eq!(response.status, 500, "{}", String::from_utf8_lossy(&response.body));
}

#[tokio::test]
async fn new_image_of_another_process_ends_the_wait() {
    let sandbox = sandbox();
    draw(&sandbox, "a sea").await;
    let served = Served::start(&sandbox).await;
    let newest = served.json("/api/images").await["data"][0]["image"]["id"].as_str().expect("a handle").to_owned();
    let path = format!("/api/changes?newest={newest}");
    let (change, ()) = tokio::join!(served.json(&path), draw(&sandbox, "a hill"));
    let now = served.json("/api/images").await["data"][0]["image"]["id"].clone();
    assert_eq!(change["newest"], now);
    assert_ne!(now, newest);
    // The newest image is another one already.
    assert_eq!(served.get(&path).await.status, 200);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn other_addresses_of_the_machine_are_not_served() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox).await;
    // Linux has the whole of 127.0.0.0/8 on the loopback interface, so a server on all addresses would be reached.
    let error = tokio::net::TcpStream::connect(("127.0.0.2", served.port)).await.expect_err("nobody listens");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn connection_over_the_limit_is_closed() {
    let sandbox = sandbox();
    let served = Served::start(&sandbox).await;
    let mut open = Vec::new();
    for _ in 0..32 {
        let mut stream = served.connect().await;
        let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", served.host());
        stream.write_all(request.as_bytes()).await.expect("an open connection");
        let mut start = [0; 15];
        stream.read_exact(&mut start).await.expect("a response");
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        open.push(stream);
    }
    let mut refused = served.connect().await;
    assert_eq!(refused.read(&mut [0; 1]).await.unwrap_or(0), 0);
    drop(open);
}

#[cfg(unix)]
#[tokio::test]
async fn signal_ends_the_gallery_with_success() {
    let sandbox = sandbox();
    let mut served = Served::start(&sandbox).await;
    let waiting = served.connect().await;
    let pid = i32::try_from(served.process.id().expect("a process")).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a running process");
    let status = served.process.wait().await.expect("the end");
    assert_eq!(status.code(), Some(0));
    drop(waiting);
}
