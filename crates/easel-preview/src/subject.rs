//! Finds shapes, colors and numbers in a prompt. It knows English words and matches whole words only.

use crate::palette::Rgb;
use crate::shapes::Shape;

/// Maximum number of subjects, so that each stays large enough to recognize.
const MAX_SUBJECTS: usize = 4;

/// A shape to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Subject {
    pub(crate) shape: Shape,
    pub(crate) color: Option<Rgb>,
}

impl Subject {
    /// Returns the color from the prompt, or the usual color of the shape.
    pub(crate) fn color(&self) -> Option<Rgb> {
        self.color.or(self.shape.usual_color().map(Rgb::from_hex))
    }
}

/// The parts of a prompt that can be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PromptParts {
    pub(crate) subjects: Vec<Subject>,
    /// A color without a subject. It tints the whole picture.
    pub(crate) mood: Option<Rgb>,
}

impl PromptParts {
    /// Parses a prompt from left to right. A color belongs to the next subject, or else to the last one without a
    /// color.
    pub(crate) fn parse(prompt: &str) -> Self {
        let mut parts = Self::default();
        let mut waiting: Option<Rgb> = None;
        let mut count = 1;
        let lower = prompt.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if let Some(number) = parse_number(word) {
                count = number;
            } else if let Some(color) = find_color(word) {
                waiting = Some(color);
            } else if let Some(shape) = find_shape(word) {
                let subject = Subject { shape, color: waiting.take() };
                // A prompt that repeats its subject does not ask for a second one.
                let room = if parts.subjects.contains(&subject) { 0 } else { MAX_SUBJECTS - parts.subjects.len() };
                parts.subjects.extend(std::iter::repeat_n(subject, count.min(room)));
                count = 1;
            }
        }
        let Some(left) = waiting else { return parts };
        match parts.subjects.last_mut() {
            Some(last) if last.color.is_none() => last.color = Some(left),
            Some(_) | None => parts.mood = Some(left),
        }
        parts
    }
}

fn parse_number(word: &str) -> Option<usize> {
    match word {
        "two" | "2" => Some(2),
        "three" | "3" => Some(3),
        "four" | "4" => Some(4),
        _ => None,
    }
}

fn find_color(word: &str) -> Option<Rgb> {
    COLORS.iter().find(|(name, _)| *name == word).map(|(_, hex)| Rgb::from_hex(*hex))
}

fn find_shape(word: &str) -> Option<Shape> {
    let single = |name: &str| word == name || word.strip_prefix(name).is_some_and(|rest| matches!(rest, "s" | "es"));
    SHAPES.iter().find(|(name, _)| single(name)).map(|(_, shape)| *shape)
}

const COLORS: &[(&str, u32)] = &[
    ("red", 0xe0_2b_2f),
    ("crimson", 0xb8_1d_3a),
    ("orange", 0xf2_82_1e),
    ("yellow", 0xf7_cb_2d),
    ("gold", 0xd9_a5_21),
    ("golden", 0xd9_a5_21),
    ("green", 0x2f_a0_4e),
    ("lime", 0x8c_cc_2f),
    ("olive", 0x7c_80_2a),
    ("teal", 0x16_8c_8c),
    ("turquoise", 0x35_c4_c0),
    ("cyan", 0x2b_c1_dc),
    ("blue", 0x2a_62_d9),
    ("navy", 0x1b_2f_66),
    ("indigo", 0x45_3b_b0),
    ("purple", 0x86_3f_c2),
    ("violet", 0x86_4f_d6),
    ("magenta", 0xd1_2f_a6),
    ("pink", 0xf2_82_b0),
    ("coral", 0xf5_76_62),
    ("brown", 0x86_58_33),
    ("beige", 0xde_cb_a6),
    ("black", 0x22_24_2a),
    ("white", 0xf8_f9_fb),
    ("gray", 0x8d_93_9c),
    ("grey", 0x8d_93_9c),
    ("silver", 0xb9_c0_c9),
];

const SHAPES: &[(&str, Shape)] = &[
    ("square", Shape::Square),
    ("rectangle", Shape::Rectangle),
    ("circle", Shape::Circle),
    ("dot", Shape::Circle),
    ("ball", Shape::Circle),
    ("triangle", Shape::Triangle),
    ("diamond", Shape::Diamond),
    ("hexagon", Shape::Hexagon),
    ("star", Shape::Star),
    ("heart", Shape::Heart),
    ("sun", Shape::Sun),
    ("sunset", Shape::Sun),
    ("sunrise", Shape::Sun),
    ("moon", Shape::Moon),
    ("cloud", Shape::Cloud),
    ("tree", Shape::Tree),
    ("forest", Shape::Tree),
    ("flower", Shape::Flower),
    ("mountain", Shape::Mountain),
    ("house", Shape::House),
    ("home", Shape::House),
    ("cottage", Shape::House),
    ("cat", Shape::Cat),
    ("kitten", Shape::Cat),
    ("dog", Shape::Dog),
    ("puppy", Shape::Dog),
    ("fish", Shape::Fish),
    ("robot", Shape::Robot),
    ("hat", Shape::Hat),
    ("boat", Shape::Boat),
    ("ship", Shape::Boat),
    ("rocket", Shape::Rocket),
    ("car", Shape::Car),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(prompt: &str) -> Vec<(Shape, Option<Rgb>)> {
        PromptParts::parse(prompt).subjects.iter().map(|subject| (subject.shape, subject.color)).collect()
    }

    #[test]
    fn color_belongs_to_the_next_shape() {
        let (red, blue) = (find_color("red"), find_color("blue"));
        assert_eq!(subjects("Draw a RED square, and a blue circle."), [(Shape::Square, red), (Shape::Circle, blue)]);
        assert_eq!(subjects("a cat in a red hat"), [(Shape::Cat, None), (Shape::Hat, red)]);
        assert_eq!(subjects("a square that is blue"), [(Shape::Square, blue)]);
    }

    #[test]
    fn matches_whole_words_only() {
        assert!(subjects("a catalogue of starters, reduced chatter").is_empty());
        assert_eq!(PromptParts::parse("a catalogue, reduced").mood, None);
    }

    #[test]
    fn number_repeats_subject_up_to_the_limit() {
        assert_eq!(subjects("two green triangles"), [(Shape::Triangle, find_color("green")); 2]);
        assert_eq!(subjects("four stars, four moons, three cats").len(), MAX_SUBJECTS);
    }

    #[test]
    fn repeated_subject_is_drawn_once() {
        assert_eq!(subjects("a cat, only a cat, nothing but the cat"), [(Shape::Cat, None)]);
    }

    #[test]
    fn color_without_shape_is_the_mood() {
        assert_eq!(PromptParts::parse("make it teal").mood, find_color("teal"));
        assert_eq!(PromptParts::parse("a red hat on a white table").mood, find_color("white"));
    }
}
