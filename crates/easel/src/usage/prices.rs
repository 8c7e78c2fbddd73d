//! Estimates the cost of usage from the prices in the configuration.

use easel_config::Config;
use easel_imagegen::preset::Preset;
use easel_imagegen::spending::Cost;
use easel_preview::PROVIDER_ID;
use easel_protocol::usage::UsageTotals;
use easel_store::UsageRow;

/// Returns the counts with their estimated cost.
pub(super) fn with_cost(used: &UsageRow, config: &Config) -> UsageTotals {
    UsageTotals {
        images: used.images,
        synthetic_images: used.synthetic,
        input_tokens: used.input_tokens,
        output_tokens: used.output_tokens,
        estimated_cost_usd: estimate_cost(used, config),
    }
}

/// Returns the sum. Its cost is known if the cost of every part is.
pub(super) fn sum_totals(parts: impl IntoIterator<Item = UsageTotals>) -> UsageTotals {
    let zero = UsageTotals { estimated_cost_usd: Some(0.0), ..UsageTotals::default() };
    parts.into_iter().fold(zero, |sum, part| UsageTotals {
        images: sum.images + part.images,
        synthetic_images: sum.synthetic_images + part.synthetic_images,
        input_tokens: sum.input_tokens + part.input_tokens,
        output_tokens: sum.output_tokens + part.output_tokens,
        estimated_cost_usd: sum.estimated_cost_usd.zip(part.estimated_cost_usd).map(|(sum, part)| sum + part),
    })
}

/// Returns the cost in US dollars, or `None` if a price that it depends on is not configured. No price is ever guessed.
fn estimate_cost(used: &UsageRow, config: &Config) -> Option<f64> {
    let images = used.images.saturating_sub(used.synthetic);
    if is_free(&used.provider, config) || (images == 0 && used.input_tokens == 0 && used.output_tokens == 0) {
        return Some(0.0);
    }
    let price = config.prices.get(&used.model)?;
    price.cost(images, used.input_tokens, used.output_tokens).map(Cost::to_usd)
}

/// Returns whether the provider is the preview, which costs nothing.
fn is_free(provider: &str, config: &Config) -> bool {
    match config.model_providers.get(provider) {
        Some(provider) => provider.preset == Some(Preset::Preview),
        None => provider == PROVIDER_ID,
    }
}

#[cfg(test)]
mod tests {
    use easel_imagegen::spending::Price;
    use easel_protocol::id::ThreadId;

    use super::*;

    fn used(provider: &str, images: u64, synthetic: u64, input_tokens: u64, output_tokens: u64) -> UsageRow {
        let (day, thread_id, model) = (String::new(), ThreadId::default(), "m".to_owned());
        UsageRow {
            day,
            thread_id,
            provider: provider.to_owned(),
            model,
            images,
            synthetic,
            input_tokens,
            output_tokens,
        }
    }

    #[test]
    fn cost_is_known_if_every_price_is() {
        let by_image = Price { image: Some(0.25), ..Price::default() };
        let by_token = Price { input_per_million: Some(2.0), output_per_million: Some(8.0), ..Price::default() };
        let half = Price { input_per_million: Some(2.0), ..Price::default() };
        let both = Price { image: Some(0.25), ..by_token };
        // (price, images, synthetic, input, output, cost)
        let table = [
            (None, 0, 0, 0, 0, Some(0.0)),
            (None, 1, 0, 0, 0, None),
            (None, 2, 2, 0, 0, Some(0.0)),
            (None, 0, 0, 1, 0, None),
            (Some(by_image), 4, 0, 0, 0, Some(1.0)),
            (Some(by_image), 4, 2, 0, 0, Some(0.5)),
            (Some(by_image), 4, 0, 500_000, 500_000, Some(1.0)),
            (Some(by_image), 0, 0, 500_000, 0, None),
            (Some(by_token), 1, 0, 500_000, 500_000, Some(5.0)),
            (Some(by_token), 1, 0, 0, 0, None),
            (Some(by_token), 0, 0, 500_000, 0, Some(1.0)),
            (Some(half), 0, 0, 500_000, 1, None),
            (Some(half), 0, 0, 500_000, 0, Some(1.0)),
            (Some(both), 4, 0, 500_000, 500_000, Some(6.0)),
        ];
        for (price, images, synthetic, input, output, expected) in table {
            let mut config = Config::default();
            config.prices.extend(price.map(|price| ("m".to_owned(), price)));
            let used = used("openai", images, synthetic, input, output);
            assert_eq!(with_cost(&used, &config).estimated_cost_usd, expected, "{price:?} {used:?}");
        }
    }

    #[test]
    fn preview_costs_nothing_under_any_name() {
        let mut config = Config::default();
        let preview = easel_config::ProviderConfig { preset: Some(Preset::Preview), ..Default::default() };
        config.model_providers.insert("mine".to_owned(), preview);
        for provider in ["preview", "mine"] {
            assert_eq!(with_cost(&used(provider, 1, 1, 9, 9), &config).estimated_cost_usd, Some(0.0));
        }
        assert_eq!(with_cost(&used("other", 1, 1, 9, 9), &config).estimated_cost_usd, None);
    }

    #[test]
    fn sum_has_a_cost_if_every_part_has_one() {
        let part = |cost| UsageTotals { images: 1, estimated_cost_usd: cost, ..UsageTotals::default() };
        assert_eq!(sum_totals([]).estimated_cost_usd, Some(0.0));
        assert_eq!(sum_totals([part(Some(1.0)), part(Some(2.0))]), UsageTotals { images: 2, ..part(Some(3.0)) });
        assert_eq!(sum_totals([part(Some(1.0)), part(None)]).estimated_cost_usd, None);
    }
}
