//! What images look like while they are made.

use crate::fakes::world::World;

const HELLO: &str = "text msg_1 Hello\n done";

fn told(world: &World) -> Vec<String> {
    let lines = world.log.lines();
    let told = lines.iter().filter_map(|line| line.strip_prefix("tell thread "));
    told.filter(|line| line.contains("imageGeneration") || line.starts_with("preview")).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_shows_its_image_between_its_start_and_its_end_and_no_more_often_than_it_may() {
    let mut world = World::new();
    world.rules.partial_images = 2;
    world.turn(&["call a cat\n done", HELLO]).await;
    assert_eq!(
        told(&world),
        [
            "item/started imageGeneration a in_progress",
            "preview a 0 /home/a-0.preview.png",
            "preview a 1 /home/a-1.preview.png",
            "item/completed imageGeneration a completed /home/a.png",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_of_several_images_shows_none() {
    let mut world = World::new();
    world.rules.partial_images = 2;
    world
        .turn(&[
            r#"call a {"prompt": "cats", "n": 2}
 done"#,
            HELLO,
        ])
        .await;
    assert_eq!(told(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hosted_image_is_shown_until_it_has_ended() {
    let world = World::hosted();
    world.turn(&["hosted a\n shown a\n shown b\n drawn a\n shown a\n text msg_1 There\n done"]).await;
    assert_eq!(
        told(&world),
        [
            "item/started imageGeneration a in_progress",
            "preview a 0 /home/a.preview.png",
            "item/completed imageGeneration a completed /home/a.png",
        ]
    );
}
