use super::*;

fn scene(relations: &[Option<usize>]) -> Scene {
    let mut scene = Scene::new(7);
    for to in relations {
        let relation = to.map(|to| Relation { side: Side::Over, to });
        scene.groups.push(Group { relation, ..Group::new(Shape::Star) });
    }
    scene
}

fn relations(scene: &Scene) -> Vec<Option<usize>> {
    scene.groups.iter().map(|group| group.relation.map(|relation| relation.to)).collect()
}

#[test]
fn text_is_read_back() {
    let mut scene = scene(&[Some(1), None]);
    scene.groups[0].color = Some(0xff_00_00);
    (scene.time, scene.weather, scene.setting) = (Some(Time::Night), Some(Weather::Rain), Some(Setting::Sea));
    let text = scene.to_text().unwrap();
    assert!(text.is_ascii());
    assert_eq!(Scene::parse(&text), Some(scene));
}

#[test]
fn largest_scene_is_short_enough() {
    let group = Group {
        shape: Shape::Lighthouse,
        count: MAX_COUNT,
        color: Some(0xff_ff_ff),
        size: Size::Medium,
        relation: Some(Relation { side: Side::Behind, to: 0 }),
    };
    let mut scene = scene(&[None]);
    scene.groups.resize(MAX_GROUPS, group);
    assert!(scene.to_text().unwrap().len() < MAX_TEXT_BYTES / 2);
}

#[test]
fn text_of_others_is_limited() {
    let text = scene(&[Some(1), Some(0), Some(9), Some(3), None]).to_text().unwrap();
    let read = Scene::parse(&text.replace("\"count\":1", "\"count\":255")).unwrap();
    assert_eq!(relations(&read), [None, Some(0), None, None, None]);
    assert!(read.groups.iter().all(|group| group.count == MAX_COUNT));
    for wrong in ["", "{}", "null", &text.replace("\"version\":1", "\"version\":2"), &text.replace("star", "wolf")] {
        assert_eq!(Scene::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Scene::parse(&format!("{text}{}", " ".repeat(MAX_TEXT_BYTES))), None);
}

#[test]
fn relations_follow_a_removed_group() {
    let mut scene = scene(&[None, Some(0), Some(1), Some(2)]);
    scene.remove(1);
    assert_eq!(relations(&scene), [None, Some(0), Some(1)]);
    scene.remove(0);
    assert_eq!(relations(&scene), [None, Some(0)]);
}
