use proptest::prelude::*;

use super::*;

/// Plans a prompt and the edits that follow it.
fn edited(prompts: &[&str]) -> Scene {
    let (first, edits) = prompts.split_first().unwrap();
    edits.iter().fold(plan(first, None, 0).scene, |scene, edit| plan(edit, Some(&scene), 0).scene)
}

const STAR: &str = "a red star over a blue mountain";

#[test]
fn edits_change_the_scene() {
    for (prompt, edit, expected) in [
        ("a red car", "make it blue", "blue Car"),
        (STAR, "make the star yellow", "yellow Star Over #1, blue Mountain"),
        (STAR, "Edit the image: make the star yellow", "yellow Star Over #1, blue Mountain"),
        (STAR, "make the star yellow and the mountain green", "yellow Star Over #1, green Mountain"),
        (STAR, "the star should be yellow", "yellow Star Over #1, blue Mountain"),
        (STAR, "change the color of the star to white", "white Star Over #1, blue Mountain"),
        (STAR, "make everything green", "green Star Over #1, green Mountain"),
        (STAR, "add a dog", "red Star Over #1, blue Mountain, Dog"),
        (STAR, "now add a black dog to the left of the mountain", "red Star Over #1, blue Mountain, black Dog Left #1"),
        (STAR, "remove the mountain", "red Star"),
        (STAR, "remove the star and add a cat", "blue Mountain, Cat"),
        (STAR, "without the star", "blue Mountain"),
        (STAR, "no mountain", "red Star"),
        (STAR, "keep only the star", "red Star"),
        (STAR, "remove everything except the mountain", "blue Mountain"),
        (STAR, "remove everything", ""),
        (STAR, "remove it", "blue Mountain"),
        (STAR, "replace the mountain with a house", "red Star Over #1, House"),
        (STAR, "swap the star for a moon", "Moon Over #1, blue Mountain"),
        (STAR, "turn the star into a yellow moon", "yellow Moon Over #1, blue Mountain"),
        (STAR, "make it a heart", "Heart Over #1, blue Mountain"),
        (STAR, "move the star under the mountain", "red Star Under #1, blue Mountain"),
        (STAR, "put the star to the left of the mountain", "red Star Left #1, blue Mountain"),
        (STAR, "make the star bigger", "Large red Star Over #1, blue Mountain"),
        (STAR, "make the star tiny and yellow", "Tiny yellow Star Over #1, blue Mountain"),
        (STAR, "shrink the mountain", "red Star Over #1, Small blue Mountain"),
        (STAR, "three stars", "3 red Star Over #1, blue Mountain"),
        (STAR, "make it three stars", "3 red Star Over #1, blue Mountain"),
        (STAR, "add two more stars", "3 red Star Over #1, blue Mountain"),
        (STAR, "add another star", "2 red Star Over #1, blue Mountain"),
        (STAR, "add a yellow star", "red Star Over #1, blue Mountain, yellow Star"),
        ("five stars", "remove a star", "4 Star"),
        ("five stars", "remove two stars", "3 Star"),
        ("five stars", "fewer stars", "4 Star"),
        ("five stars", "only one star", "Star"),
        ("five stars", "remove the stars", ""),
        ("a red star and a blue star", "remove the blue star", "red Star"),
        ("a red star and a blue star", "make the blue star green", "red Star, green Star"),
        ("a cat", "put a red hat on the cat", "Cat, red Hat On #0"),
        ("a cat", "add a hat", "Cat, Hat On #0"),
        ("a cat", "give it a hat", "Cat, Hat On #0"),
        ("a cat", "put it on a car", "Cat On #1, Car"),
        ("a cat in a hat", "remove the hat", "Cat"),
        ("a cat in a hat", "turn the cat into a fox", "Fox, Hat On #0"),
        ("a cat", "and a dog", "Cat, Dog"),
        ("a cat", "with a tree behind it", "Cat, Tree Behind #0"),
        ("a cat", "now at night", "Cat, Night"),
        ("a cat at night", "make it day", "Cat, Day"),
        ("a cat", "what about snow?", "Cat, Snow"),
        ("a cat in the rain", "remove the rain", "Cat"),
        ("a cat", "put it in the desert", "Cat, Desert"),
        ("a cat", "make it darker", "Cat, Night"),
        ("a cat", "make the dragon blue", "Cat"),
        ("a cat", "remove the dragon", "Cat"),
        ("a cat", "a dog instead", "Dog"),
        ("a cat", "make the dog blue", "Cat"),
    ] {
        assert_eq!(describe(&edited(&[prompt, edit])), expected, "{prompt}: {edit}");
    }
}

#[test]
fn edits_keep_what_they_do_not_name() {
    let scene = edited(&["three red stars over a big house in the rain by the sea"]);
    let edited = edited(&["three red stars over a big house in the rain by the sea", "make the house green"]);
    assert_eq!(describe(&edited), "3 red Star Over #1, Large green House, Rain, Sea");
    assert_eq!((edited.seed, edited.backdrop), (scene.seed, scene.backdrop));
}

#[test]
fn edits_add_up() {
    let edits = [STAR, "make the star yellow", "add a dog", "remove the mountain", "at night", "two more dogs"];
    assert_eq!(describe(&edited(&edits)), "yellow Star, 3 Dog, Night");
}

#[test]
fn background_is_painted() {
    for edit in ["make the background green", "make the sky green", "on a green background", "make the picture green"] {
        let scene = edited(&["a cat", edit]);
        assert!((130..=150).contains(&scene.backdrop.hue), "{edit}: {scene:?}");
        assert_eq!(describe(&scene), "Cat", "{edit}");
    }
}

#[test]
fn edit_without_known_words_is_reported() {
    let scene = plan("a cat", None, 0).scene;
    for (edit, understood) in [
        ("make it spooky", false),
        ("remove the dragon", false),
        ("make the dragon blue", false),
        ("make the dog blue", false),
        ("make it blue", true),
        ("again", true),
        ("make it 512x512", true),
        ("remove the background", true),
    ] {
        assert_eq!(plan(edit, Some(&scene), 0).understood, understood, "{edit}");
    }
}

/// Words of every kind that the planner knows, and some that it does not.
const WORDS: &[&str] = &[
    "remove",
    "add",
    "make",
    "change",
    "replace",
    "turn",
    "keep",
    "put",
    "shrink",
    "draw",
    "the",
    "a",
    "two",
    "five",
    "more",
    "fewer",
    "only",
    "no",
    "without",
    "with",
    "but",
    "except",
    "and",
    "instead",
    "into",
    "to",
    "on",
    "in",
    "under",
    "behind",
    "all",
    "everything",
    "it",
    "them",
    "dog",
    "cat",
    "star",
    "stars",
    "hat",
    "mountain",
    "house",
    "blue",
    "red",
    "yellow",
    "bigger",
    "tiny",
    "night",
    "rain",
    "snow",
    "background",
    "sky",
    "fjord",
    "another",
    ".",
    ",",
    "variation",
    "darker",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_edits_keep_the_scene_whole(
        prompts in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(WORDS), 1..14), 3)
    ) {
        let prompts: Vec<String> = prompts.into_iter().map(|words| words.join(" ")).collect();
        let scene = edited(&prompts.iter().map(String::as_str).collect::<Vec<_>>());
        for group in &scene.groups {
            prop_assert!(group.relation_to().is_none_or(|to| to < scene.groups.len()), "{prompts:?}: {scene:?}");
        }
    }
}

#[test]
fn color_after_everything_is_removed_is_the_backdrop() {
    let scene = edited(&["a dog and a star", "remove the dog but the star. all blue"]);
    assert!(scene.groups.is_empty() && scene.backdrop.painted, "{scene:?}");
}
