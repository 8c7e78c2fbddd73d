//! The nouns that the preview can draw. It knows English words and matches whole words only.

use crate::shapes::Shape;

/// Finds the shape of a noun. The second value is whether the word is a plural.
pub(super) fn find_shape(word: &str) -> Option<(Shape, bool)> {
    if let Some(shape) = find_singular(word) {
        return Some((shape, false));
    }
    let irregular = match word {
        "people" | "men" | "women" | "children" => Some(Shape::Person),
        "geese" => Some(Shape::Duck),
        "butterflies" => Some(Shape::Butterfly),
        "puppies" => Some(Shape::Dog),
        "bunnies" => Some(Shape::Rabbit),
        _ => None,
    };
    let stem = || word.strip_suffix("es").and_then(find_singular).or_else(|| find_singular(word.strip_suffix('s')?));
    irregular.or_else(stem).map(|shape| (shape, true))
}

fn find_singular(word: &str) -> Option<Shape> {
    SHAPES.iter().find(|(names, _)| names.contains(&word)).map(|(_, shape)| *shape)
}

const SHAPES: &[(&[&str], Shape)] = &[
    (&["square", "cube", "block"], Shape::Square),
    (&["rectangle"], Shape::Rectangle),
    (&["circle", "dot", "ball", "disc", "disk", "sphere"], Shape::Circle),
    (&["triangle"], Shape::Triangle),
    (&["diamond"], Shape::Diamond),
    (&["hexagon"], Shape::Hexagon),
    (&["star"], Shape::Star),
    (&["heart"], Shape::Heart),
    (&["sun"], Shape::Sun),
    (&["moon", "crescent"], Shape::Moon),
    (&["cloud"], Shape::Cloud),
    (&["rainbow"], Shape::Rainbow),
    (&["tree", "forest", "oak", "wood"], Shape::Tree),
    (&["fir", "pine", "spruce", "conifer"], Shape::Fir),
    (&["flower", "rose", "daisy", "tulip", "blossom"], Shape::Flower),
    (&["mushroom", "toadstool"], Shape::Mushroom),
    (&["apple"], Shape::Apple),
    (&["mountain", "peak", "volcano"], Shape::Mountain),
    (&["house", "home", "cottage", "hut", "cabin", "building", "barn"], Shape::House),
    (&["castle", "fortress", "palace"], Shape::Castle),
    (&["lighthouse"], Shape::Lighthouse),
    (&["cat", "kitten"], Shape::Cat),
    (&["dog", "puppy"], Shape::Dog),
    (&["fox"], Shape::Fox),
    (&["rabbit", "bunny", "hare"], Shape::Rabbit),
    (&["bird", "sparrow", "robin", "parrot"], Shape::Bird),
    (&["duck", "duckling", "goose", "swan"], Shape::Duck),
    (&["butterfly"], Shape::Butterfly),
    (&["fish", "goldfish", "shark", "whale"], Shape::Fish),
    (&["person", "man", "woman", "boy", "girl", "child", "fisherman", "astronaut", "king", "queen"], Shape::Person),
    (&["snowman"], Shape::Snowman),
    (&["robot", "android"], Shape::Robot),
    (&["hat", "cap"], Shape::Hat),
    (&["balloon"], Shape::Balloon),
    (&["umbrella", "parasol"], Shape::Umbrella),
    (&["cup", "mug", "coffee", "tea"], Shape::Cup),
    (&["boat", "ship", "sailboat", "yacht"], Shape::Boat),
    (&["rocket", "spaceship"], Shape::Rocket),
    (&["plane", "airplane", "aeroplane", "jet"], Shape::Plane),
    (&["car", "taxi", "truck", "van"], Shape::Car),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_whole_words_in_singular_and_plural() {
        for (word, expected) in [
            ("star", Some((Shape::Star, false))),
            ("stars", Some((Shape::Star, true))),
            ("foxes", Some((Shape::Fox, true))),
            ("houses", Some((Shape::House, true))),
            ("geese", Some((Shape::Duck, true))),
            ("fish", Some((Shape::Fish, false))),
            ("catalogue", None),
            ("starters", None),
            ("s", None),
            ("es", None),
        ] {
            assert_eq!(find_shape(word), expected, "{word}");
        }
    }
}
