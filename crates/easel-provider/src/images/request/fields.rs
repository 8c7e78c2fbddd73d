//! The fields of a request other than images: only those that the profile declares, and never `null`.

use easel_imagegen::capability::Parameter;
use easel_imagegen::port::{ImageJob, image_error};
use easel_protocol::record::{ImageError, ImageErrorKind};
use serde_json::{Map, Value};

use crate::profile::{ApiProfile, PathStyle, ResponseFormat, SizeStyle};

/// Whether a request has the field `response_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::images) enum ResponseFormatField {
    /// As the profile declares it.
    Declared,
    /// Omitted, because the provider rejected the field.
    Omitted,
}

/// Returns the fields of the request for `job`.
///
/// # Errors
///
/// Fails if the size of the job cannot be written in the provider's style.
pub(super) fn build_fields(
    profile: &ApiProfile,
    model: &str,
    job: &ImageJob,
    response_format: ResponseFormatField,
) -> Result<Map<String, Value>, ImageError> {
    let requested = &job.requested;
    let mut fields = Map::new();
    if profile.path_style == PathStyle::V1 {
        fields.insert("model".to_owned(), model.into());
    }
    fields.insert("prompt".to_owned(), requested.prompt.as_str().into());
    let parameters = &requested.parameters;
    let declared = |parameter| profile.generate.parameters.contains(&parameter);
    let or_auto = |value: &Option<String>| Value::from(value.as_deref().unwrap_or("auto"));
    if declared(Parameter::Background) {
        fields.insert("background".to_owned(), or_auto(&parameters.background));
    }
    if declared(Parameter::Quality) {
        fields.insert("quality".to_owned(), or_auto(&parameters.quality));
    }
    if declared(Parameter::Size) {
        fields.extend(size(profile.generate.size, parameters.size.as_deref())?);
    }
    if let Some(format) = parameters.output_format.as_deref().filter(|_| declared(Parameter::OutputFormat)) {
        fields.insert("output_format".to_owned(), format.into());
    }
    if let Some(n) = parameters.n.filter(|_| declared(Parameter::N)) {
        fields.insert("n".to_owned(), n.into());
    }
    let response_format = match (profile.generate.response_format, response_format) {
        (None, _) | (Some(ResponseFormat::TryB64Json), ResponseFormatField::Omitted) => None,
        (Some(ResponseFormat::B64Json | ResponseFormat::TryB64Json), _) => Some("b64_json"),
        (Some(ResponseFormat::Base64), _) => Some("base64"),
    };
    if let Some(format) = response_format {
        fields.insert("response_format".to_owned(), format.into());
    }
    if is_streamed(profile, job) {
        fields.insert("stream".to_owned(), true.into());
    }
    if has_previews(profile, job) {
        fields.insert("partial_images".to_owned(), job.partial_images.into());
    }
    Ok(fields)
}

/// Returns whether the request asks for a stream.
pub(super) fn is_streamed(profile: &ApiProfile, job: &ImageJob) -> bool {
    profile.stream_images || has_previews(profile, job)
}

fn has_previews(profile: &ApiProfile, job: &ImageJob) -> bool {
    profile.partial_images && job.partial_images > 0
}

/// Returns the fields for the size of the image.
fn size(style: SizeStyle, size: Option<&str>) -> Result<Vec<(String, Value)>, ImageError> {
    let Some(size) = size.filter(|size| *size != "auto") else {
        return Ok(match style {
            SizeStyle::Text => vec![("size".to_owned(), "auto".into())],
            SizeStyle::TextWithoutAuto | SizeStyle::WidthHeight | SizeStyle::AspectResolution | SizeStyle::Never => {
                Vec::new()
            }
        });
    };
    Ok(match style {
        SizeStyle::Text | SizeStyle::TextWithoutAuto => vec![("size".to_owned(), size.into())],
        SizeStyle::WidthHeight => {
            let (width, height) = parse_size(size)?;
            vec![("width".to_owned(), width.into()), ("height".to_owned(), height.into())]
        }
        SizeStyle::AspectResolution => {
            let (width, height) = parse_size(size)?;
            vec![
                ("aspect_ratio".to_owned(), aspect_ratio(width, height).into()),
                ("resolution".to_owned(), resolution(width, height).into()),
            ]
        }
        SizeStyle::Never => Vec::new(),
    })
}

fn parse_size(size: &str) -> Result<(u32, u32), ImageError> {
    let sides = size.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sides.filter(|(width, height)| *width > 0 && *height > 0).ok_or_else(|| {
        let message = "`size` must be WIDTHxHEIGHT in pixels, or auto";
        image_error(ImageErrorKind::InvalidArguments, message)
    })
}

/// Returns the nearest ratio that xAI supports. Ratios compare by their logarithms, so that portrait and landscape are
/// treated alike.
fn aspect_ratio(width: u32, height: u32) -> &'static str {
    const RATIOS: [(&str, f64); 13] = [
        ("1:1", 1.0),
        ("4:3", 4.0 / 3.0),
        ("3:4", 3.0 / 4.0),
        ("3:2", 3.0 / 2.0),
        ("2:3", 2.0 / 3.0),
        ("16:9", 16.0 / 9.0),
        ("9:16", 9.0 / 16.0),
        ("2:1", 2.0),
        ("1:2", 0.5),
        ("19.5:9", 19.5 / 9.0),
        ("9:19.5", 9.0 / 19.5),
        ("20:9", 20.0 / 9.0),
        ("9:20", 9.0 / 20.0),
    ];
    let target = (f64::from(width) / f64::from(height)).ln();
    let distance = |ratio: f64| (ratio.ln() - target).abs();
    let nearest = RATIOS.iter().min_by(|(_, a), (_, b)| distance(*a).total_cmp(&distance(*b)));
    nearest.map_or("1:1", |(name, _)| name)
}

/// Returns the nearer resolution: `1k` is about 1,024² pixels, `2k` four times as many.
fn resolution(width: u32, height: u32) -> &'static str {
    if u64::from(width) * u64::from(height) > 2 * 1_024 * 1_024 { "2k" } else { "1k" }
}
