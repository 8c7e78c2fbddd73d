use super::*;
use crate::plan::plan;

fn arranged(prompt: &str) -> Vec<Item> {
    arrange(&plan(prompt, None, 0).scene, Area::new(0.0, 0.0, 1000.0, 700.0))
}

fn find(items: &[Item], shape: Shape) -> Area {
    items.iter().find(|item| item.shape == shape).unwrap_or_else(|| panic!("{shape:?}")).seat
}

#[test]
fn relations_are_positions() {
    let over = arranged("a red star over a blue mountain");
    assert!(find(&over, Shape::Star).bottom() <= find(&over, Shape::Mountain).y);
    let under = arranged("a fish under a boat");
    assert!(find(&under, Shape::Boat).bottom() <= find(&under, Shape::Fish).y);
    let left = arranged("a cat to the left of a dog");
    assert!(find(&left, Shape::Cat).x < find(&left, Shape::Dog).x);
    let right = arranged("a cat to the right of a dog");
    assert!(find(&right, Shape::Cat).x > find(&right, Shape::Dog).x);
    let sky = arranged("a house and a moon");
    assert!(find(&sky, Shape::Moon).bottom() <= find(&sky, Shape::House).y);
    let on = arranged("a cat on a car");
    assert!(find(&on, Shape::Cat).center().1 < find(&on, Shape::Car).y);
    let behind = arranged("a mountain behind a house");
    assert_eq!(behind[0].shape, Shape::Mountain);
    assert!(find(&behind, Shape::Mountain).bottom() > find(&behind, Shape::House).y);
}

#[test]
fn hat_is_on_the_head() {
    let items = arranged("a cat in a hat");
    assert_eq!((items.len(), items[0].hat), (1, Some(None)));
    assert_eq!(arranged("a cat and a hat").len(), 2);
}

#[test]
fn everything_is_near_the_stage() {
    for prompt in [
        "seven stars over two mountains beside a house behind a big tree under a moon",
        "twelve cats on twelve dogs on twelve cars",
        "a rocket over a star over a cloud over a bird over a house over a car",
    ] {
        for item in arranged(prompt) {
            let Area { x, y, w, h } = item.seat;
            assert!(w >= 8.0 && x > -40.0 && y > -40.0 && x + w < 1040.0 && y + h < 740.0, "{prompt}: {item:?}");
        }
    }
}
