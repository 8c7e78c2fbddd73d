//! What a call costs, before and after it is made.

use easel_protocol::record::AppliedImage;
use serde::{Deserialize, Serialize};

use super::Cost;

/// Tokens of an image of 1,024 × 1,024 pixels by its quality, as OpenAI documents them for its image models. Larger
/// images take more in proportion. An unknown quality counts as the highest.
const LOW_TOKENS: u64 = 272;
const MEDIUM_TOKENS: u64 = 1_056;
const HIGH_TOKENS: u64 = 4_160;

/// The pixels of such an image.
const UNIT_PIXELS: u64 = 1_024 * 1_024;

/// The pixels of an image whose size the model chooses: the largest of the sizes that it chooses from.
const AUTO_PIXELS: u64 = 1_024 * 1_536;

/// Tokens of a reference image: more than OpenAI counts for one that it reads in full detail.
const REFERENCE_TOKENS: u64 = 8_000;

/// `[prices.MODEL]` of the configuration: what a model costs in US dollars. A price that is not configured is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// The price of one image.
    pub image: Option<f64>,
    /// The price of a million input tokens.
    pub input_per_million: Option<f64>,
    /// The price of a million output tokens.
    pub output_per_million: Option<f64>,
}

impl Price {
    /// Returns the cost of images and tokens, or `None` if a price that it depends on is unknown.
    ///
    /// With a price for an image, each token price that is known adds its part. Without one, the tokens are the cost.
    pub fn cost(self, images: u64, input_tokens: u64, output_tokens: u64) -> Option<Cost> {
        let part = |tokens, per_million: Option<f64>| match tokens {
            0 => Some(Cost::ZERO),
            tokens => per_million.map(|price| Cost::of_tokens(tokens, price)),
        };
        let of_input = part(input_tokens, self.input_per_million);
        let of_output = part(output_tokens, self.output_per_million);
        let of_tokens = of_input.zip(of_output).map(|(input, output)| input.saturating_add(output));
        match self.image {
            _ if images == 0 => of_tokens,
            Some(each) => {
                let of_images = Cost::from_usd(each).saturating_mul(images);
                let known = [of_input, of_output].into_iter().flatten();
                Some(known.fold(of_images, Cost::saturating_add))
            }
            None => of_tokens.filter(|_| input_tokens > 0 || output_tokens > 0),
        }
    }

    /// Estimates the cost of a call: one input token for each byte of the prompt, more than any tokenizer makes of it,
    /// and the output tokens of the requested size and quality. A mask and previews are not counted.
    pub(super) fn estimate(self, prompt: &str, parameters: &AppliedImage, references: usize) -> Option<Cost> {
        let images = u64::from(parameters.n.unwrap_or(1));
        let of_references = REFERENCE_TOKENS.saturating_mul(references as u64);
        let input_tokens = (prompt.len() as u64).saturating_add(of_references);
        self.cost(images, input_tokens, images.saturating_mul(output_tokens(parameters)))
    }

    /// Estimates the cost of an image before its size and quality are known. Its prompt is part of the conversation.
    pub(super) fn estimate_hosted(self) -> Option<Cost> {
        self.cost(1, 0, output_tokens(&AppliedImage::default()))
    }
}

/// Estimates the output tokens of one image.
fn output_tokens(parameters: &AppliedImage) -> u64 {
    let of_unit = match parameters.quality.as_deref() {
        Some("low") => LOW_TOKENS,
        Some("medium") => MEDIUM_TOKENS,
        Some(_) | None => HIGH_TOKENS,
    };
    let pixels = parse_pixels(parameters.size.as_deref()).unwrap_or(AUTO_PIXELS).max(UNIT_PIXELS);
    of_unit.saturating_mul(pixels).div_ceil(UNIT_PIXELS)
}

/// Returns the number of pixels of a size `WIDTHxHEIGHT`.
fn parse_pixels(size: Option<&str>) -> Option<u64> {
    let (width, height) = size?.split_once('x')?;
    let (width, height): (u32, u32) = (width.parse().ok()?, height.parse().ok()?);
    Some(u64::from(width) * u64::from(height))
}
