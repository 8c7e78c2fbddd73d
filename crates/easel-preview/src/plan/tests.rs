mod edits;

use super::*;
use crate::scene::Size;

/// Describes a scene in a line: its groups in order, then time, weather and setting.
fn describe(scene: &Scene) -> String {
    let group = |group: &crate::scene::Group| {
        let count = if group.count > 1 { format!("{} ", group.count) } else { String::new() };
        let size = if group.size == Size::Medium { String::new() } else { format!("{:?} ", group.size) };
        let name = |hex: u32| colors::find_name(hex).map_or(format!("{hex:06x} "), |name| format!("{name} "));
        let color = group.color.map(name).unwrap_or_default();
        let relation = group.relation.map(|relation| format!(" {:?} #{}", relation.side, relation.to));
        format!("{count}{size}{color}{:?}{}", group.shape, relation.unwrap_or_default())
    };
    let mut line: Vec<String> = scene.groups.iter().map(group).collect();
    line.extend(scene.time.map(|time| format!("{time:?}")));
    line.extend(scene.weather.map(|weather| format!("{weather:?}")));
    line.extend(scene.setting.map(|setting| format!("{setting:?}")));
    line.join(", ")
}

fn planned(prompt: &str) -> String {
    describe(&plan(prompt, None, 0).scene)
}

#[test]
fn prompts_are_scenes() {
    for (prompt, expected) in [
        ("Draw a RED square, and a blue circle.", "red Square, blue Circle"),
        ("a square that is blue", "blue Square"),
        ("a cat in a red hat", "Cat, red Hat On #0"),
        ("a cat with a hat", "Cat, Hat On #0"),
        ("a hat on a cat", "Hat On #1, Cat"),
        ("a cat and a hat", "Cat, Hat"),
        ("a red star over a blue mountain", "red Star Over #1, blue Mountain"),
        ("a star and a bird above two houses", "Star Over #2, Bird Over #2, 2 House"),
        ("a fish under a boat", "Fish Under #1, Boat"),
        ("a dog to the left of a cat", "Dog Left #1, Cat"),
        ("a dog on the right of a cat", "Dog Right #1, Cat"),
        ("a dog next to a house", "Dog Left #1, House"),
        ("a bird on top of a house", "Bird On #1, House"),
        ("a mountain behind a house", "Mountain Behind #1, House"),
        ("a dog in front of a house", "Dog Front #1, House"),
        ("a house, with a mountain in the background", "House, Mountain Behind #0"),
        ("two green triangles", "2 green Triangle"),
        ("seven yellow stars", "7 yellow Star"),
        ("99 stars", "12 Star"),
        ("a dozen stars", "12 Star"),
        ("some flowers", "3 Flower"),
        ("one star and a couple of cats", "Star, 2 Cat"),
        ("three yellow ducks, two red balloons and a house", "3 yellow Duck, 2 red Balloon, House"),
        ("a red table with a cat", "Cat"),
        ("a red wooden house", "red House"),
        ("a black and white cat", "black Cat"),
        ("a tiny dog and a huge cat", "Tiny Dog, Large Cat"),
        ("a room without a cat", ""),
        ("a house without a cat, two trees", "House, 2 Tree"),
        ("a cat, only a cat, nothing but the cat", "Cat"),
        ("a black cat at night", "black Cat, Night"),
        ("sunset over the sea", "Dusk, Sea"),
        ("a snowman in the snow", "Snowman, Snow"),
        ("a rocket in space", "Rocket, Space"),
        ("a robot in the rain in the city", "Robot, Rain, City"),
        ("a house on a hill on a sunny day", "House, Day, Sunny, Meadow"),
        ("a catalogue of starters, reduced chatter", ""),
        ("a fisherman with an umbrella", "Person, Umbrella"),
        ("猫", ""),
    ] {
        assert_eq!(planned(prompt), expected, "{prompt}");
    }
}

#[test]
fn color_without_shape_is_the_backdrop() {
    for (prompt, hue) in
        [("make it teal", 180..=180), ("a blue sky", 210..=230), ("a red hat on a green table", 130..=150)]
    {
        let backdrop = plan(prompt, None, 0).scene.backdrop;
        assert!(backdrop.painted && hue.contains(&backdrop.hue), "{prompt}: {backdrop:?}");
    }
    assert!(!plan("a red hat", None, 0).scene.backdrop.painted);
}

#[test]
fn scene_is_limited() {
    let scene = plan("a cat, a dog, a fox, a bird, a fish, a car, a boat, a cup, a hat", None, 0).scene;
    assert_eq!(scene.groups.len(), crate::scene::MAX_GROUPS);
    assert!(scene.to_text().is_some());
}

#[test]
fn unknown_words_are_reported() {
    for (prompt, understood) in
        [("a fjord", false), ("", false), ("a cat", true), ("something blue", true), ("night", true)]
    {
        assert_eq!(plan(prompt, None, 0).understood, understood, "{prompt}");
    }
}

#[test]
fn variants_have_the_same_things() {
    let (first, second) = (plan("a cat", None, 0).scene, plan("a cat", None, 1).scene);
    assert_eq!(first.groups, second.groups);
    assert_ne!(first.seed, second.seed);
    let edits = [0, 1].map(|variant| plan("make it blue", Some(&first), variant).scene);
    assert_eq!(edits[0].groups, edits[1].groups);
    assert_ne!(edits[0].seed, edits[1].seed);
}

#[test]
fn combined_scene_has_all_things() {
    let scenes = ["a cat", "a star over a house at night"].map(|prompt| plan(prompt, None, 0).scene);
    assert_eq!(describe(&combine(&scenes).unwrap()), "Cat, Star Over #2, House, Night");
    assert_eq!(combine(&[]), None);
}

#[test]
fn any_words_are_a_valid_scene() {
    let words = [
        "add",
        "remove",
        "replace",
        "move",
        "keep",
        "make",
        "the",
        "a",
        "it",
        "all",
        "star",
        "cats",
        "hat",
        "over",
        "on",
        "behind",
        "with",
        "to",
        "and",
        "but",
        "no",
        "red",
        "big",
        "three",
        "more",
        "only",
        "night",
        "rain",
        "sea",
        ",",
        ".",
        "background",
        "xyz",
    ];
    let mut rng = Rng::new("words", 0);
    let mut scene = plan("a star over a cat", None, 0).scene;
    for _ in 0..3_000 {
        let prompt: Vec<&str> = (0..8).map(|_| words[rng.random_below(words.len() as u64) as usize]).collect();
        let prompt = prompt.join(" ");
        for earlier in [None, Some(&scene)] {
            let planned = plan(&prompt, earlier, 0).scene;
            let text = planned.to_text().unwrap();
            assert_eq!(Scene::parse(&text).as_ref(), Some(&planned), "{prompt}");
        }
        scene = plan(&prompt, Some(&scene), 0).scene;
    }
}
