//! Previews of images.

use crate::fakes::fixture::Fixture;

const HELLO: &str = "text msg_1 Hello\n done";

fn sent_image_lines(fixture: &Fixture) -> Vec<String> {
    let lines = fixture.log.lines();
    let sent = lines.iter().filter_map(|line| line.strip_prefix("send thread "));
    sent.filter(|line| line.contains("imageGeneration") || line.starts_with("preview")).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn previews_are_sent_between_start_and_end() {
    let mut fixture = Fixture::new();
    fixture.config.partial_images = 2;
    fixture.run_turn(&["call a cat\n done", HELLO]).await;
    assert_eq!(
        sent_image_lines(&fixture),
        [
            "item/started imageGeneration a in_progress",
            "preview a 0 /home/a-0.preview.png",
            "preview a 1 /home/a-1.preview.png",
            "item/completed imageGeneration a completed /home/a.png",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn call_for_several_images_sends_no_previews() {
    let mut fixture = Fixture::new();
    fixture.config.partial_images = 2;
    fixture
        .run_turn(&[
            r#"call a {"prompt": "cats", "n": 2}
 done"#,
            HELLO,
        ])
        .await;
    assert_eq!(sent_image_lines(&fixture).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn hosted_previews_stop_at_end() {
    let fixture = Fixture::hosted();
    fixture.run_turn(&["hosted a\n preview a\n preview b\n image a\n preview a\n text msg_1 There\n done"]).await;
    assert_eq!(
        sent_image_lines(&fixture),
        [
            "item/started imageGeneration a in_progress",
            "preview a 0 /home/a.preview.png",
            "item/completed imageGeneration a completed /home/a.png",
        ]
    );
}
