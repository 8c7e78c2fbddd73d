use easel_protocol::approval::ApprovalScope;
use easel_protocol::record::{AppliedImage, ImageAction};

use super::grants::MAX_THREADS;
use super::*;
use crate::spending::{Limit, Limits, Reset, Used};

#[test]
fn running_turn_adopts_what_is_stricter() {
    let policy = |is_for_all, is_over_limits| ApprovalPolicy { is_for_all, is_over_limits };
    let (never, over_limit, always) = (policy(false, false), policy(false, true), policy(true, true));
    // (policy at the start, current policy, policy of the turn, whether the change is stricter)
    for (started, current, expected, is_stricter) in [
        (never, over_limit, never, false),
        (over_limit, never, never, true),
        (over_limit, always, always, true),
        (always, over_limit, always, false),
        (never, always, policy(true, false), true),
        (always, never, policy(true, false), false),
    ] {
        assert_eq!(started.stricter(current), expected, "{started:?} {current:?}");
        assert_eq!(current.is_stricter_than(started), is_stricter, "{started:?} {current:?}");
        assert!(!started.is_stricter_than(started));
    }
}

#[test]
fn grant_covers_its_scope_extent_and_day() {
    use ApprovalScope::{Call, Day, Session, Turn};
    use Extent::{OverLimits, WithinLimits};
    let (a, b) = (ThreadId::from("a"), ThreadId::from("b"));
    let covers = |grants: &Grants| {
        [(&a, WithinLimits), (&a, OverLimits), (&b, WithinLimits), (&b, OverLimits)]
            .map(|(thread, extent)| grants.covers(thread, extent, 5))
    };
    let mut grants = Grants::default();
    assert_eq!(covers(&grants), [false; 4]);
    for scope in [Call, Turn] {
        grants.add(scope, &a, OverLimits, 10);
        assert_eq!(covers(&grants), [false; 4]);
    }
    grants.add(Session, &a, WithinLimits, 10);
    assert_eq!(covers(&grants), [true, false, false, false]);
    grants.add(Day, &a, WithinLimits, 10);
    assert_eq!(covers(&grants), [true, false, true, false]);
    grants.add(Session, &a, OverLimits, 10);
    grants.add(Session, &a, WithinLimits, 10);
    assert_eq!(covers(&grants), [true, true, true, false]);
    assert!(grants.covers(&a, WithinLimits, 9) && !grants.covers(&a, WithinLimits, 10), "the day has ended");
    grants.add(Session, &b, WithinLimits, 20);
    assert_eq!(covers(&grants), [false, false, true, false], "an approval ends with its day");
}

fn request(prompt: &str, cost: Option<Cost>, refusal: Option<LimitError>) -> ApprovalRequest {
    let used = |images, cost| Used { images, cost, unpriced_images: 0 };
    ApprovalRequest {
        thread_id: "thread".into(),
        turn_id: "turn".into(),
        item_id: "item".into(),
        cwd: "/project".to_owned(),
        provider: "mock".to_owned(),
        bills: true,
        requested: RequestedImage {
            action: ImageAction::Generate,
            prompt: prompt.to_owned(),
            parameters: AppliedImage::default(),
        },
        references: Vec::new(),
        quote: Quote { model: "pencil".to_owned(), images: 2, cost, price: None },
        budget: Budget {
            limits: Limits { images_per_day: Some(5), cost_per_day: Some(Cost::from_usd(1.0)), cost_per_thread: None },
            today: used(7, Cost::from_usd(0.25)),
            thread: used(1, Cost::ZERO),
            reset: Reset { at_ms: 10, text: "midnight".to_owned() },
        },
        refusal,
        hook: None,
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn question_names_maker_price_and_limit() {
    let limit = LimitError::UnknownPrice { model: "pencil".to_owned(), limit: Limit::CostPerDay };
    let question = request("a cat", None, Some(limit)).to_question();
    assert!(question.starts_with("Make 2 images with pencil of the provider mock at an unknown price, although "));
    assert!(question.contains("limits.cost_per_day") && question.ends_with("? Prompt: \"a cat\""), "{question}");
    let question = request(&"ü".repeat(30_000), Some(Cost::from_usd(0.08)), None).to_question();
    assert!(question.contains("for about $0.08? Prompt: \"üü") && question.chars().count() < 300, "{question}");
    let question = ApprovalRequest { bills: false, ..request("a cat", None, None) }.to_question();
    assert_eq!(question, "Make 2 images with pencil of the provider mock, which bills nothing? Prompt: \"a cat\"");
    let hook = |reason: &str| HookQuestion { hook: "1 of hooks.pre_tool_use".to_owned(), reason: reason.to_owned() };
    let asked = |reason| ApprovalRequest { hook: Some(hook(reason)), ..request("a cat", None, None) };
    let question = asked("a cat again.").to_question();
    assert!(question.starts_with("The hook 1 of hooks.pre_tool_use asks: a cat again. Make 2 images "), "{question}");
    assert!(asked("").to_question().starts_with("The hook 1 of hooks.pre_tool_use asks. Make 2 images "));
    assert_eq!(asked("").to_params(7).image_generation.cause, ApprovalCause::Hook);
}

#[test]
fn params_say_what_is_left_and_cut_the_prompt() {
    let params = request(&"ü".repeat(30_000), Some(Cost::from_usd(0.08)), None).to_params(7);
    assert_eq!(params.image_generation.cause, ApprovalCause::Always);
    let image = params.image_generation;
    assert_eq!((params.started_at_ms, image.count, image.timeout_ms), (7, 2, 5_000));
    assert_eq!((image.images_left_today, image.cost_left_today_usd), (Some(0), Some(0.75)));
    assert_eq!((image.estimated_cost_usd, image.cost_left_in_thread_usd), (Some(0.08), None));
    assert_eq!(image.prompt.chars().count(), PROMPT_CHARS + 1);
}

#[test]
fn denial_of_a_call_over_a_limit_names_both() {
    let limit = LimitError::UnknownPrice { model: "pencil".to_owned(), limit: Limit::CostPerDay };
    let error = Denial::TimedOut(Duration::from_secs(5)).to_error(Some(&limit), None);
    assert_eq!(error.kind, ImageErrorKind::BudgetExceeded);
    assert!(error.message.contains("limits.cost_per_day") && error.message.contains("within 5 s"), "{error:?}");
    for denial in [Denial::Denied, Denial::NobodyToAsk, Denial::Disconnected, Denial::InvalidResponse] {
        assert_eq!(denial.to_error(None, None).kind, ImageErrorKind::ApprovalDenied);
    }
    let hook = HookQuestion { hook: "1 of hooks.pre_tool_use".to_owned(), reason: String::new() };
    let error = Denial::NobodyToAsk.to_error(None, Some(&hook));
    assert!(error.message.contains("(the hook 1 of hooks.pre_tool_use)"), "{error:?}");
}

#[test]
fn remembered_threads_are_bounded() {
    let mut grants = Grants::default();
    for number in 0..2 * MAX_THREADS {
        grants.add(ApprovalScope::Session, &ThreadId::from(number.to_string()), Extent::WithinLimits, 10);
    }
    assert_eq!(grants.threads.len(), MAX_THREADS);
    assert!(grants.covers("0", Extent::WithinLimits, 5));
    assert!(!grants.covers(&(2 * MAX_THREADS - 1).to_string(), Extent::WithinLimits, 5), "the user is asked again");
}
