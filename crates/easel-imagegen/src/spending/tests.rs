use easel_protocol::record::{AppliedImage, ImageAction, ImageErrorKind};
use proptest::prelude::*;

use super::*;

const CENT: Cost = Cost::from_micros(10_000);

fn reset() -> Reset {
    Reset { at_ms: 86_400_000, text: "1970-01-02T00:00:00+00:00".to_owned() }
}

fn budget(limits: Limits, images: u64, cents: u64) -> Budget {
    let used = Used { images, cost: CENT.saturating_mul(cents), unpriced_images: 0 };
    Budget { limits, today: used, thread: used, reset: reset() }
}

fn quote(images: u32, cents: Option<u64>) -> Quote {
    let cost = cents.map(|cents| CENT.saturating_mul(cents));
    Quote { model: "m".to_owned(), images, cost, price: None }
}

fn decide(limits: Limits, (images, cents): (u64, u64), quote: &Quote) -> String {
    match budget(limits, images, cents).admit(quote) {
        Ok(()) => "allowed".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn call_is_admitted_up_to_each_limit() {
    let images = Limits { images_per_day: Some(3), ..Limits::default() };
    let day = Limits { cost_per_day: Some(CENT.saturating_mul(10)), ..Limits::default() };
    let thread = Limits { cost_per_thread: Some(CENT.saturating_mul(10)), ..Limits::default() };
    let unknown = "the price of m is unknown, and limits.cost_per_day needs it; set `image`, or `input_per_million` \
                   and `output_per_million`, in [prices.\"m\"] of config.toml";
    let free_again = "the limit is free again at 1970-01-02T00:00:00+00:00";
    let table: [(Limits, (u64, u64), Quote, String); 12] = [
        (Limits::default(), (1_000, 1_000), quote(10, None), "allowed".into()),
        (images, (0, 0), quote(3, None), "allowed".into()),
        (images, (2, 0), quote(1, None), "allowed".into()),
        (
            images,
            (2, 0),
            quote(2, Some(0)),
            format!("limits.images_per_day (3) leaves 1 image, and the call requests 2 images; {free_again}"),
        ),
        (
            images,
            (9, 0),
            quote(1, Some(0)),
            format!("limits.images_per_day (3) leaves 0 images, and the call requests 1 image; {free_again}"),
        ),
        (day, (9, 9), quote(1, Some(1)), "allowed".into()),
        (
            day,
            (9, 9),
            quote(1, Some(2)),
            format!("limits.cost_per_day ($0.10) leaves $0.01, and the call may cost $0.02; {free_again}"),
        ),
        (day, (9, 99), quote(1, Some(0)), "allowed".into()),
        (day, (0, 0), quote(1, None), unknown.into()),
        (thread, (0, 0), quote(1, None), unknown.replace("per_day", "per_thread")),
        (thread, (0, 10), quote(1, Some(0)), "allowed".into()),
        (
            thread,
            (0, 10),
            quote(1, Some(1)),
            "limits.cost_per_thread ($0.10) leaves $0.00, and the call may cost $0.01; only the user can raise the \
             limit of a thread"
                .into(),
        ),
    ];
    for (limits, used, quote, expected) in table {
        assert_eq!(decide(limits, used, &quote), expected, "{limits:?} {used:?} {quote:?}");
    }
}

#[test]
fn image_of_unknown_cost_never_counts_as_free() {
    let limits = Limits { cost_per_day: Some(CENT.saturating_mul(10)), ..Limits::default() };
    let mut budget = budget(limits, 4, 0);
    budget.today.unpriced_images = 4;
    // Each of the four counts as much as an image of the call.
    assert_eq!(budget.admit(&quote(1, Some(2))), Ok(()));
    assert!(budget.admit(&quote(1, Some(3))).is_err());
    assert_eq!(budget.admit(&quote(2, Some(3))), Ok(()));
}

#[test]
fn refusal_is_a_typed_error() {
    let limits = Limits { images_per_day: Some(1), ..Limits::default() };
    let error = budget(limits, 1, 0).admit(&quote(1, None)).expect_err("it is over the limit").to_error();
    assert_eq!((error.kind, error.retryable), (ImageErrorKind::BudgetExceeded, false));
    let limit = error.usage_limit.expect("a limit");
    assert_eq!((limit.limit_id.as_deref(), limit.resets_at), (Some("limits.images_per_day"), Some(86_400)));
}

#[test]
fn stricter_limits_are_the_smaller_ones() {
    let some = |images, cents| Limits {
        images_per_day: images,
        cost_per_day: Some(CENT.saturating_mul(cents)),
        cost_per_thread: None,
    };
    assert_eq!(some(Some(3), 5).stricter(some(None, 4)), some(Some(3), 4));
    assert!(some(Some(3), 5).is_stricter_than(some(Some(4), 4)));
    assert!(some(Some(3), 5).is_stricter_than(some(None, 5)));
    assert!(!some(None, 5).is_stricter_than(some(Some(3), 5)));
    assert!(!some(Some(3), 5).is_stricter_than(some(Some(3), 5)));
}

#[test]
fn amounts_are_written_as_dollars() {
    for (micros, expected) in
        [(0, "$0.00"), (40_000, "$0.04"), (1_234_567, "$1.234567"), (2_500_000, "$2.50"), (1, "$0.000001")]
    {
        assert_eq!(Cost::from_micros(micros).to_string(), expected);
    }
    for (usd, micros) in [(0.07, 70_000), (1e6, 1_000_000_000_000), (f64::NAN, 0), (-1.0, 0), (1e30, u64::MAX)] {
        assert_eq!(Cost::from_usd(usd).as_micros(), micros, "{usd}");
    }
}

fn requested(prompt: &str, size: Option<&str>, quality: Option<&str>, n: Option<u32>) -> RequestedImage {
    let parameters = AppliedImage {
        size: size.map(str::to_owned),
        quality: quality.map(str::to_owned),
        n,
        ..AppliedImage::default()
    };
    RequestedImage { action: ImageAction::Generate, prompt: prompt.to_owned(), parameters }
}

#[test]
fn estimate_follows_size_quality_and_references() {
    let by_image = Price { image: Some(0.25), ..Price::default() };
    let by_token = Price { input_per_million: Some(1.0), output_per_million: Some(10.0), ..Price::default() };
    let output_only = Price { output_per_million: Some(10.0), ..Price::default() };
    // (price, size, quality, n, references, micro-dollars)
    let table = [
        (by_image, None, None, None, 0, Some(250_000)),
        (by_image, Some("4096x4096"), Some("high"), Some(3), 5, Some(750_000)),
        (by_token, None, None, None, 0, Some(62_403)),
        (by_token, Some("auto"), Some("auto"), None, 0, Some(62_403)),
        (by_token, Some("1024x1024"), Some("low"), None, 0, Some(2_723)),
        (by_token, Some("512x512"), Some("low"), None, 0, Some(2_723)),
        (by_token, Some("1536x1024"), Some("medium"), Some(2), 0, Some(31_683)),
        (by_token, Some("1024x1024"), Some("unheard of"), None, 1, Some(49_603)),
        (by_token, Some("4294967295x4294967295"), None, Some(10), 16, None),
        (output_only, None, None, None, 0, None),
        (Price::default(), None, None, None, 0, None),
    ];
    for (price, size, quality, n, references, expected) in table {
        let policy = Policy { prices: [("m".to_owned(), price)].into(), ..Policy::default() };
        let quote = policy.quote("m", &requested("cat", size, quality, n), references);
        let micros = quote.cost.map(Cost::as_micros);
        if size == Some("4294967295x4294967295") {
            assert!(micros > Some(1_000_000_000_000), "{quote:?}");
            continue;
        }
        assert_eq!(micros, expected, "{price:?} {size:?} {quality:?} {n:?} {references}");
        assert_eq!(quote.images, n.unwrap_or(1));
    }
    let policy = Policy { prices: [("m".to_owned(), output_only)].into(), ..Policy::default() };
    assert_eq!(policy.quote_hosted("m").cost, Some(Cost::from_micros(62_400)));
    assert_eq!(policy.quote_hosted("other").cost, None);
}

#[test]
fn real_cost_needs_every_price_it_depends_on() {
    let by_image = Price { image: Some(0.25), ..Price::default() };
    let by_token = Price { input_per_million: Some(2.0), output_per_million: Some(8.0), ..Price::default() };
    let both = Price { image: Some(0.25), ..by_token };
    // (price, images, input, output, micro-dollars)
    let table = [
        (by_image, 4, 0, 0, Some(1_000_000)),
        (by_image, 4, 500_000, 500_000, Some(1_000_000)),
        (by_token, 1, 500_000, 500_000, Some(5_000_000)),
        (by_token, 1, 0, 0, None),
        (both, 4, 500_000, 500_000, Some(6_000_000)),
        (Price { input_per_million: Some(2.0), ..by_image }, 1, 500_000, 500_000, Some(1_250_000)),
        (Price { output_per_million: Some(8.0), ..by_image }, 1, 500_000, 500_000, Some(4_250_000)),
        (Price::default(), 1, 1, 1, None),
    ];
    for (price, images, input, output, expected) in table {
        assert_eq!(price.cost(images, input, output).map(Cost::as_micros), expected, "{price:?} {images}");
    }
}

#[test]
fn reserved_call_obeys_the_limits_of_now() {
    let quote = quote(2, Some(1));
    let strict = Limits { images_per_day: Some(3), ..Limits::default() };
    let reserved = budget(Limits::default(), 2, 0).with(&quote);
    assert_eq!(reserved.admit_reserved(Limits::default(), &quote), Ok(()));
    assert!(reserved.admit_reserved(strict, &quote).is_err());
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let limit = || proptest::option::of(0_u64..40);
    (limit(), limit(), limit()).prop_map(|(images_per_day, day, thread)| Limits {
        images_per_day,
        cost_per_day: day.map(|cents| CENT.saturating_mul(cents)),
        cost_per_thread: thread.map(|cents| CENT.saturating_mul(cents)),
    })
}

proptest! {
    #[test]
    fn admitted_calls_never_exceed_a_limit_together(
        limits in any_limits(),
        calls in proptest::collection::vec((1_u32..4, proptest::option::of(0_u64..9)), 0..40),
    ) {
        let mut budget = budget(limits, 0, 0);
        let (mut sum_of_images, mut sum_of_costs) = (0, Cost::ZERO);
        for (images, cents) in calls {
            let quote = quote(images, cents);
            let admitted = budget.admit(&quote);
            let next = budget.with(&quote);
            // A call is admitted for what is left, and the decision is the same once it is reserved.
            prop_assert_eq!(next.admit_reserved(limits, &quote), admitted.clone());
            if admitted.is_ok() {
                budget = next;
                sum_of_images += u64::from(images);
                sum_of_costs = sum_of_costs.saturating_add(quote.cost.unwrap_or_default());
            }
            prop_assert!(limits.images_per_day.is_none_or(|max| sum_of_images <= max));
            prop_assert!(limits.cost_per_day.is_none_or(|max| sum_of_costs <= max));
            prop_assert!(limits.cost_per_thread.is_none_or(|max| sum_of_costs <= max));
        }
    }

    #[test]
    fn stricter_limits_admit_nothing_more(
        limits in any_limits(),
        other in any_limits(),
        images in 1_u32..4,
        cents in proptest::option::of(0_u64..9),
        used in (0_u64..40, 0_u64..40),
    ) {
        let quote = quote(images, cents);
        let stricter = budget(limits.stricter(other), used.0, used.1).admit(&quote);
        prop_assert_eq!(
            stricter.is_ok(),
            budget(limits, used.0, used.1).admit(&quote).is_ok() && budget(other, used.0, used.1).admit(&quote).is_ok()
        );
    }
}
