//! Which images a model gets, and what it reads about the others.

use easel_protocol::record::{ImageFacts, MediaType};
use easel_protocol::response_item::MessageRole;

use proptest::prelude::*;

use super::render::to_handles;
use super::*;
use crate::model_copy::{ModelCopies, ModelCopy};
use crate::port::{Origin, Provenance, Reference};

pub(super) fn image(number: u8, bytes: u64) -> ThreadImage {
    let facts =
        ImageFacts { sha256: String::new(), media_type: MediaType::Png, width: 1, height: 1, bytes, has_alpha: false };
    let reference = Reference {
        id: Some(crate::handle::from_bits([number; 16]).into()),
        path: "/x.png".into(),
        facts,
        provenance: Provenance::User,
    };
    ThreadImage { origin: Origin::Generated, reference, prompt: None, edited_from: Vec::new(), note: None }
}

fn turn(image: &ThreadImage) -> ResponseItem {
    let id = image.reference.id.as_deref().unwrap();
    ResponseItem::Message {
        role: MessageRole::User,
        content: vec![ContentItem::InputImage { image_url: format!("easel:{id}"), detail: None }],
    }
}

fn texts(items: &[ResponseItem]) -> Vec<&str> {
    let content = items.iter().flat_map(|item| match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.as_slice()
        }
        ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::ContextCompaction(_) => &[],
    });
    content
        .filter_map(|part| match part {
            ContentItem::InputText { text } | ContentItem::OutputText { text } => Some(&**text),
            ContentItem::InputImage { .. } => None,
        })
        .collect()
}

fn history(images: &[ThreadImage]) -> History {
    History { items: images.iter().map(turn).collect(), images: images.to_vec() }
}

#[test]
fn size_of_content_is_that_of_its_texts() {
    let image = ContentItem::InputImage { image_url: "easel:img_a".to_owned(), detail: None };
    let (input, output) = (ContentItem::InputText { text: "äb".into() }, ContentItem::OutputText { text: "c".into() });
    assert_eq!(content_bytes(&[input, image, output]), 4);
    assert_eq!(content_bytes(&[]), 0);
}

/// Returns for each image whether a request shows it.
fn images_sent(sizes: &[u64], budget: ImageBudget) -> Vec<bool> {
    let thread: Vec<_> = (1..).zip(sizes).map(|(number, bytes)| image(number, *bytes)).collect();
    let (input, images) = render_for_model(&history(&thread), budget, &ModelCopies::new());
    let shown: Vec<bool> = input.iter().map(|item| !to_handles(item).is_empty()).collect();
    assert_eq!(images.len(), shown.iter().filter(|shown| **shown).count());
    assert_eq!(texts(&input).len(), sizes.len());
    shown
}

#[test]
fn only_newest_images_are_sent() {
    assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 8, bytes: 100 }), [true, true, true]);
    assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 2, bytes: 100 }), [false, false, true]);
    assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 1, bytes: 100 }), [false, false, true]);
    assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 0, bytes: 100 }), [false, false, false]);
}

#[test]
fn no_older_image_replaces_a_newer_one() {
    assert_eq!(images_sent(&[1, 50, 60], ImageBudget { images: 8, bytes: 100 }), [false, false, true]);
    assert_eq!(images_sent(&[40, 60], ImageBudget { images: 8, bytes: 100 }), [true, true]);
    assert_eq!(images_sent(&[1, 101], ImageBudget { images: 8, bytes: 100 }), [false, false]);
    assert_eq!(images_sent(&[1, 100], ImageBudget { images: 8, bytes: 100 }), [false, true]);
    assert_eq!(images_sent(&[10, 50, 30, 20], ImageBudget { images: 8, bytes: 100 }), [false, false, true, true]);
}

#[test]
fn oversized_image_is_skipped() {
    let (most, all) = (MAX_DATA_URL_IMAGE_BYTES, ImageBudget { images: 8, bytes: u64::MAX });
    assert_eq!(images_sent(&[1, most, most + 1, 1], all), [true, true, false, true]);
    assert!((most.div_ceil(3) * 4) + ("data:image/jpeg;base64,".len() as u64) <= 20_971_520);
}

#[test]
fn copy_counts_in_place_of_its_file() {
    let (small, large) = (image(1, 60), image(2, 2 * MAX_DATA_URL_IMAGE_BYTES));
    let thread = history(&[small.clone(), large.clone()]);
    let budget = ImageBudget { images: 8, bytes: 100 };
    let shown = |copies: &ModelCopies| render_for_model(&thread, budget, copies).1;
    assert_eq!(shown(&ModelCopies::new()), std::slice::from_ref(&small.reference));
    let id = large.reference.id.clone().unwrap();
    let copies =
        |bytes| ModelCopies::from([(id.clone(), ModelCopy { path: "/c".into(), media_type: MediaType::Jpeg, bytes })]);
    assert_eq!(shown(&copies(40)), [small.reference, large.reference.clone()]);
    assert_eq!(shown(&copies(41)), [large.reference]);
}

#[test]
fn hosted_call_is_sent_with_its_image_only() {
    let thread = [image(1, 10)];
    let id = thread[0].reference.id.as_deref().unwrap();
    let call = ResponseItem::ImageGenerationCall {
        id: "ig_1".into(),
        status: "completed".to_owned(),
        revised_prompt: None,
        result: format!("easel:{id}"),
    };
    let history = History { items: vec![call.clone()], images: thread.to_vec() };
    let shown = |images| render_for_model(&history, ImageBudget { images, bytes: 10 }, &ModelCopies::new());
    let (with_image, _) = shown(1);
    assert_eq!(with_image[0], call);
    let (without_image, images) = shown(0);
    assert_eq!((without_image.as_slice(), images), (&with_image[1..], vec![]));
    assert!(matches!(without_image[0], ResponseItem::Message { role: MessageRole::Developer, .. }));
}

#[test]
fn line_depends_on_the_origin_of_the_image() {
    let mut generated = image(2, 10);
    generated.reference.provenance = Provenance::Generated;
    generated.prompt = Some("a".to_owned());
    let thread = [image(1, 10), generated, image(3, 10)];
    let output = |image: &ThreadImage| {
        let ResponseItem::Message { content, .. } = turn(image) else { panic!("not a message") };
        ResponseItem::FunctionCallOutput { call_id: "call_1".into(), output: content }
    };
    let history = [turn(&thread[0]), output(&thread[1]), output(&thread[2]), output(&image(4, 10))];
    let history = History { items: history.into(), images: thread.into() };
    let (input, _) = render_for_model(&history, ImageBudget { images: 8, bytes: 100 }, &ModelCopies::new());
    let short = |text: String, number: u8| text.replace(&format!("{number:02x}").repeat(16), &number.to_string());
    insta::assert_snapshot!((1..=4).fold(texts(&input).join("\n"), short), @"
    Attached image 1 is img_1, saved at /x.png.
    Image img_2 is done and already shown to the user: saved at /x.png, 1x1 pixels, prompt: a
    Image img_3, saved at /x.png.
    Image img_4 was deleted by the user: it can no longer be shown or edited.
    ");
    let rendered: Vec<_> = history.items.iter().flat_map(|item| render_item(item, &history.images)).collect();
    assert_eq!(rendered, input, "a client and a model read the same");
}

#[test]
fn user_text_is_never_mistaken_for_a_line() {
    let line = "Attached image 1 is img_01010101010101010101010101010101, saved at /x.png.";
    let ResponseItem::Message { role, mut content } = turn(&image(1, 10)) else { panic!("not a message") };
    content.push(ContentItem::InputText { text: line.into() });
    let history = History { items: vec![ResponseItem::Message { role, content }], images: vec![image(1, 10)] };
    assert_eq!(history.last_user_text(), line);
    let (input, _) = render_for_model(&history, ImageBudget { images: 8, bytes: 100 }, &ModelCopies::new());
    assert_eq!(texts(&input), [line, line]);
}

#[test]
fn images_outside_the_conversation_cost_nothing() {
    let thread = [image(1, 10), image(2, 10)];
    let history = History { items: vec![turn(&thread[0])], images: thread.to_vec() };
    let (_, shown) = render_for_model(&history, ImageBudget { images: 1, bytes: 10 }, &ModelCopies::new());
    assert_eq!(shown, [thread[0].reference.clone()]);
}

#[test]
fn full_window_drops_half_of_its_images() {
    let shown = |count| {
        let shown = images_sent(&vec![1; count], ImageBudget { images: 8, bytes: 100 });
        (shown.iter().position(|shown| *shown).unwrap(), shown.iter().filter(|shown| **shown).count())
    };
    let windows: Vec<_> = (1..=15).map(shown).collect();
    assert_eq!(windows[..8], [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (0, 8)]);
    assert_eq!(windows[8..], [(5, 4), (5, 5), (5, 6), (5, 7), (5, 8), (10, 4), (10, 5)]);
}

#[test]
fn deleted_image_keeps_its_number() {
    let thread: Vec<_> = (1..=9).map(|number| image(number, 1)).collect();
    let all = history(&thread);
    let budget = ImageBudget { images: 8, bytes: 100 };
    let without_second = History { images: [&thread[..1], &thread[2..]].concat(), ..all.clone() };
    let sent = |history: &History| render_for_model(history, budget, &ModelCopies::new()).1;
    assert_eq!(sent(&without_second), sent(&all));
}

#[test]
fn image_shown_twice_counts_twice() {
    let thread: Vec<_> = (1..=3).map(|number| image(number, 1)).collect();
    let mut history = history(&thread);
    history.items.push(turn(&thread[0]));
    let (input, sent) = render_for_model(&history, ImageBudget { images: 2, bytes: 100 }, &ModelCopies::new());
    let shown: Vec<bool> = input.iter().map(|item| !to_handles(item).is_empty()).collect();
    assert_eq!(
        (shown, sent),
        (vec![false, false, true, true], vec![thread[2].reference.clone(), thread[0].reference.clone()])
    );
}

proptest! {
    #[test]
    fn one_more_image_moves_a_full_window_only(images in 1_u32..40, count in 0_usize..400) {
        let budget = ImageBudget { images, bytes: u64::MAX };
        let (high, first, next) = (images as usize, budget.first_by_number(count), budget.first_by_number(count + 1));
        let step = high - high.div_ceil(2) + 1;
        let is_step = count >= high && (count - high).is_multiple_of(step);
        prop_assert_eq!(next, if is_step { first + step } else { first });
        let shown = count - first;
        prop_assert!(shown <= high && shown >= count.min(high.div_ceil(2)));
    }

    #[test]
    fn shown_sizes_fit_and_change_rarely(sizes in prop::collection::vec(0_u64..120, 0..40), bytes in 0_u64..400) {
        let budget = ImageBudget { images: 100, bytes };
        let mut last = 0;
        for count in 0..=sizes.len() {
            let first = budget.skip_by_size(&sizes[..count]);
            let shown: u64 = sizes[first..count].iter().sum();
            prop_assert!(shown <= bytes && first >= last);
            // An image moves the window only if it does not fit, and is itself shown if the budget allows it.
            if let Some(newest) = count.checked_sub(1) {
                let did_fit = sizes[last..count].iter().sum::<u64>() <= bytes;
                prop_assert!(first == last || !did_fit);
                prop_assert_eq!(first < count, sizes[newest] <= bytes);
            }
            last = first;
        }
    }

    #[test]
    fn copied_and_reverted_conversations_send_the_same(
        sizes in prop::collection::vec(1_u64..60, 1..40), kept in 0_usize..40, images in 0_u32..10,
    ) {
        let thread: Vec<_> = (1..).zip(&sizes).map(|(number, bytes)| image(number, *bytes)).collect();
        let budget = ImageBudget { images, bytes: 200 };
        let kept = kept.min(thread.len());
        // A copy or a revert keeps the first turns; the thread may still know the images of the others.
        let short = history(&thread[..kept]);
        let reverted = History { items: short.items.clone(), images: thread.clone() };
        let render = |history: &History| render_for_model(history, budget, &ModelCopies::new());
        prop_assert_eq!(render(&reverted), render(&short));
    }
}
