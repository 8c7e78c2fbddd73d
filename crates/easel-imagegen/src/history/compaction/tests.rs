//! Conversations of random turns, measured by a count of tokens like a provider's.

use std::collections::{BTreeSet, HashSet};

use easel_protocol::record::{ImageFacts, MediaType};
use easel_protocol::response_item::{CatalogueImage, ContentItem};
use proptest::prelude::*;

use super::super::{History, render_for_model};
use super::*;
use crate::handle;
use crate::port::{Origin, Provenance, Reference};

/// A turn of a test: the lengths of its texts, and its images.
#[derive(Debug, Clone)]
struct TestTurn {
    message: usize,
    answer: usize,
    attached: bool,
    calls: usize,
}

fn any_turn() -> impl Strategy<Value = TestTurn> {
    (1_usize..600, 0_usize..400, any::<bool>(), 0_usize..2).prop_map(|(message, answer, attached, calls)| TestTurn {
        message,
        answer,
        attached: attached && calls == 0,
        calls,
    })
}

fn image(number: u128, provenance: Provenance) -> ThreadImage {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Png,
        width: 1_536,
        height: 1_024,
        bytes: 1,
        has_alpha: false,
    };
    let id = Some(handle::from_bits(number.to_be_bytes()).into());
    let prompt = (provenance == Provenance::Generated).then(|| format!("picture {number}"));
    let path = format!("/home/user/.easel/generated_images/thread/{number}.png").into();
    let reference = Reference { id, path, facts, provenance };
    ThreadImage { origin: Origin::Generated, reference, prompt, edited_from: Vec::new(), note: None }
}

/// A conversation that grows turn by turn.
#[derive(Debug, Default)]
struct Thread {
    history: History,
    turns: usize,
    calls: usize,
}

impl Thread {
    fn of(turns: &[TestTurn]) -> Self {
        let mut thread = Self::default();
        turns.iter().for_each(|turn| thread.add(turn));
        thread
    }

    fn add_image(&mut self, provenance: Provenance) -> ContentItem {
        let image = image(self.history.images.len() as u128 + 1, provenance);
        let image_url = format!("easel:{}", image.reference.id.as_deref().unwrap());
        self.history.images.push(image);
        ContentItem::InputImage { image_url, detail: None }
    }

    fn add(&mut self, turn: &TestTurn) {
        self.turns += 1;
        let mut content = vec![text(&format!("message {}: {}", self.turns, "x".repeat(turn.message)))];
        if turn.attached {
            content.push(self.add_image(Provenance::User));
        }
        self.history.items.push(ResponseItem::Message { role: MessageRole::User, content });
        for _ in 0..turn.calls {
            self.calls += 1;
            let call_id = || format!("call_{}", self.calls).into();
            let (namespace, name) = (None, "imagegen".to_owned());
            let arguments = r#"{"prompt": "a picture"}"#.to_owned();
            self.history.items.push(ResponseItem::FunctionCall { call_id: call_id(), namespace, name, arguments });
            let call_id = call_id();
            let output = vec![self.add_image(Provenance::Generated)];
            self.history.items.push(ResponseItem::FunctionCallOutput { call_id, output });
        }
        let content = vec![ContentItem::OutputText { text: "y".repeat(turn.answer).into() }];
        self.history.items.push(ResponseItem::Message { role: MessageRole::Assistant, content });
    }

    /// Counts the tokens of a request as a provider might.
    fn count_tokens(&self, budget: ImageBudget) -> u64 {
        let (input, sent) = render_for_model(&self.history, budget, &ModelCopies::new());
        let text = serde_json::to_string(&input).unwrap();
        (2_400 + text.len() as u64) / 4 + sent.len() as u64 * 1_843
    }

    /// Compacts the conversation. Returns the items that the catalogue replaced.
    fn compact(&mut self, limits: CompactionLimits) -> Option<Vec<ResponseItem>> {
        let Compaction { catalogue, kept_from } = compact(&self.history.items, &self.history.images, limits)?;
        assert_eq!(catalogue.kept_items as usize, self.history.items.len() - kept_from);
        let catalogue = ResponseItem::ContextCompaction(Box::new(catalogue));
        Some(self.history.items.splice(..kept_from, [catalogue]).collect())
    }

    fn catalogue(&self) -> &Catalogue {
        let Some(ResponseItem::ContextCompaction(catalogue)) = self.history.items.first() else {
            panic!("no catalogue")
        };
        catalogue
    }

    fn handles(&self) -> Vec<&str> {
        self.history.items.iter().flat_map(to_handles).collect()
    }
}

fn text(text: &str) -> ContentItem {
    ContentItem::InputText { text: text.into() }
}

/// Checks that every call has its output, and every output its call.
fn check_pairs(items: &[ResponseItem]) {
    let (mut calls, mut outputs) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        match item {
            ResponseItem::FunctionCall { call_id, .. } => assert!(calls.insert(call_id.as_str())),
            ResponseItem::FunctionCallOutput { call_id, .. } => assert!(outputs.insert(call_id.as_str())),
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => {}
        }
    }
    assert_eq!(calls, outputs);
}

const EIGHT: ImageBudget = ImageBudget { images: 8, bytes: u64::MAX };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_conversation_is_compacted_below_the_limit(
        turns in prop::collection::vec(any_turn(), 2..120), limit in 5_000_u64..60_000, images in 0_u32..9,
    ) {
        let budget = ImageBudget { images, ..EIGHT };
        let mut thread = Thread::of(&turns);
        let counted = thread.count_tokens(budget);
        let (_, sent) = render_for_model(&thread.history, budget, &ModelCopies::new());
        let all_handles = thread.handles().len();
        let limits = CompactionLimits { tokens: limit, counted: Some(counted), images: budget };
        let dropped = thread.compact(limits).expect("more than one turn");
        let after = thread.count_tokens(budget);
        prop_assert!(after <= limit && (counted <= limit || after < counted));
        // A conversation with room for the newest image loses half, as far as its parts can be estimated.
        let half = counted * 13 / 25;
        prop_assert!(limit < 20_000 || counted < limit || after <= half, "{} of {}", after, counted);
        check_pairs(&thread.history.items);

        let catalogue = thread.catalogue();
        let dropped_images: HashSet<&str> = dropped.iter().flat_map(to_handles).collect();
        let listed: HashSet<&str> = catalogue.images.iter().map(|image| image.id.as_str()).collect();
        prop_assert!(listed.is_subset(&dropped_images));
        prop_assert_eq!(listed.len() as u64 + catalogue.omitted_images, dropped_images.len() as u64);
        prop_assert_eq!(catalogue.images_before as usize + thread.handles().len(), all_handles);
        let dropped_turns = turn_starts(&dropped).len() as u64;
        prop_assert_eq!(catalogue.turns, dropped_turns);
        prop_assert_eq!(catalogue.messages.len() as u64 + catalogue.omitted_messages, dropped_turns);

        // The window does not move: what is still shown was shown before.
        let kept: HashSet<&str> = thread.handles().into_iter().collect();
        let still_sent: Vec<_> =
            sent.into_iter().filter(|image| image.id.as_deref().is_some_and(|id| kept.contains(id))).collect();
        prop_assert_eq!(render_for_model(&thread.history, budget, &ModelCopies::new()).1, still_sent);
    }
}

proptest! {
    // An eighth of the usual cases, since each has more than a hundred steps.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]

    #[test]
    fn growing_thread_is_compacted_rarely(turns in prop::collection::vec(any_turn(), 100..120)) {
        let (limit, budget) = (15_000, ImageBudget { images: 4, ..EIGHT });
        let (mut thread, mut compactions, mut largest) = (Thread::default(), 0, 0);
        for (number, turn) in turns.iter().enumerate() {
            thread.add(turn);
            let counted = thread.count_tokens(budget);
            largest = largest.max(counted);
            let limits = CompactionLimits { tokens: limit, counted: Some(counted), images: budget };
            if counted > limit && thread.compact(limits).is_some() {
                compactions += 1;
                let kept = turn_starts(&thread.history.items[1..]).len() as u64;
                prop_assert!(kept <= KEPT_TURNS as u64);
                prop_assert_eq!(thread.catalogue().turns + kept, number as u64 + 1);
                let images = thread.catalogue().images_before as usize + thread.handles().len();
                prop_assert_eq!(images, thread.history.images.len());
            }
        }
        prop_assert!(largest <= limit + 3_000, "{}", largest);
        prop_assert!(compactions <= turns.len() / 8, "{} compactions of {} turns", compactions, turns.len());
    }
}

#[test]
fn newest_turn_is_never_removed() {
    let turn = TestTurn { message: 40_000, answer: 10, attached: false, calls: 1 };
    let mut thread = Thread::of(std::slice::from_ref(&turn));
    let limits = CompactionLimits { tokens: 2_000, counted: Some(12_000), images: EIGHT };
    assert_eq!(thread.compact(limits), None);
    thread.add(&turn);
    assert_eq!(thread.compact(limits).map(|dropped| dropped.len()), Some(4));
    assert_eq!((thread.compact(limits), thread.catalogue().turns), (None, 1));
}

#[test]
fn half_of_the_room_is_for_the_newest_turns() {
    // Turns kept, messages and images in the catalogue.
    let parts = |turn: TestTurn, tokens| {
        let mut thread = Thread::of(&vec![turn; 100]);
        thread.compact(CompactionLimits { tokens, counted: None, images: EIGHT }).unwrap();
        let catalogue = thread.catalogue();
        (turn_starts(&thread.history.items[1..]).len(), catalogue.messages.len(), catalogue.images.len())
    };
    let talk = TestTurn { message: 300, answer: 300, attached: false, calls: 0 };
    assert_eq!(parts(talk, 20_000), (12, 39, 0));
    let pictures = TestTurn { message: 30, answer: 30, attached: true, calls: 2 };
    assert_eq!(parts(pictures, 40_000), (1, 99, 281));
}

#[test]
fn catalogue_shrinks_with_a_lower_limit() {
    let turn = TestTurn { message: 300, answer: 0, attached: false, calls: 0 };
    let mut thread = Thread::of(&vec![turn; 200]);
    thread.compact(CompactionLimits { tokens: 100_000, counted: None, images: EIGHT });
    let listed = thread.catalogue().messages.len();
    for _ in 0..2 {
        thread.compact(CompactionLimits { tokens: 4_000, counted: None, images: EIGHT });
    }
    let catalogue = thread.catalogue();
    assert!(catalogue.messages.len() < listed / 2, "{} of {listed}", catalogue.messages.len());
    assert_eq!(catalogue.messages.len() as u64 + catalogue.omitted_messages, catalogue.turns);
}

#[test]
fn turns_do_not_begin_between_a_call_and_its_output() {
    let user = || ResponseItem::Message { role: MessageRole::User, content: vec![text("a")] };
    let call = || ResponseItem::FunctionCall {
        call_id: "c".into(),
        namespace: None,
        name: "imagegen".to_owned(),
        arguments: String::new(),
    };
    let output = || ResponseItem::FunctionCallOutput { call_id: "c".into(), output: vec![text("b")] };
    assert_eq!(turn_starts(&[call(), user(), output(), user(), user()]), [0, 3, 4]);
    assert_eq!(turn_starts(&[]), [0; 0]);
}

#[test]
fn catalogue_reads_like_a_message() {
    let mut edited = image(2, Provenance::Generated);
    edited.edited_from = vec![image(1, Provenance::User).reference.id.unwrap()];
    let images = [image(1, Provenance::User), edited, image(3, Provenance::Generated)];
    let show = |image: &ThreadImage| ContentItem::InputImage {
        image_url: format!("easel:{}", image.reference.id.as_deref().unwrap()),
        detail: None,
    };
    let user = |content| ResponseItem::Message { role: MessageRole::User, content };
    let items = [
        user(vec![text("Make it blue.\nOnly the sky."), show(&images[0])]),
        user(vec![show(&images[1])]),
        user(vec![text(&"long ".repeat(300)), show(&images[2])]),
        user(vec![text("now")]),
    ];
    let mut builder = CatalogueBuilder::new(&items[..3], &images, 3, None);
    builder.fit(10_000);
    let mut catalogue = builder.finish();
    catalogue.images[0].is_deleted = true;
    (catalogue.omitted_messages, catalogue.omitted_images) = (1, 12);
    let short = |text: &str| text.replace(&"long ".repeat(199), "").replace(&"0".repeat(31), "");
    insta::assert_snapshot!(short(&super::super::catalogue::to_text(&catalogue)), @"
    Easel wrote this message, not the user. It replaces 3 older turns, because the conversation had become too long.

    What the user wrote in them, newest first:
    - long …
    - Make it blue.
    Only the sky.
    (1 older message left out.)

    Their images, newest first:
    - Image img_3 was deleted by the user: it can no longer be shown or edited.
    - img_2: 1536x1024 pixels, edited from img_1, prompt: picture 2
    - img_1: 1536x1024 pixels, attached by the user
    (12 older images left out.)

    Any image that was not deleted can still be used by its handle, listed here or not.
    ");
    let CatalogueImage { edited_from, prompt, .. } = &catalogue.images[2];
    assert_eq!((edited_from.len(), prompt.as_deref()), (0, None));
}

#[test]
fn conversation_within_the_limit_loses_half_too() {
    let turn = TestTurn { message: 500, answer: 400, attached: false, calls: 0 };
    let mut thread = Thread::of(&vec![turn; KEPT_TURNS + 2]);
    let counted = thread.count_tokens(EIGHT);
    thread.compact(CompactionLimits { tokens: 100 * counted, counted: Some(counted), images: EIGHT }).unwrap();
    let after = thread.count_tokens(EIGHT);
    assert!(after <= counted * 11 / 20, "{after} of {counted}");
}

#[test]
fn catalogue_takes_a_quarter_even_of_a_tiny_limit() {
    let turn = TestTurn { message: 500, answer: 400, attached: false, calls: 0 };
    let mut thread = Thread::of(&vec![turn; 30]);
    let counted = thread.count_tokens(EIGHT);
    thread.compact(CompactionLimits { tokens: 800, counted: Some(counted), images: EIGHT }).unwrap();
    let bytes = text_len(thread.catalogue());
    assert!((100..500).contains(&bytes), "{bytes} bytes of 200 tokens");
}
