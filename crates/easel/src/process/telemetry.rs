//! The export of traces to OpenTelemetry, with the conventions for generative AI.
//!
//! It starts if a variable names an endpoint, and its SDK reads the other `OTEL_` variables itself. The spans are those
//! of [`easel_imagegen::phase`] that are about a turn, a call or a request. They have ids, names, numbers and kinds of
//! errors, and never texts: no prompt, no message of a model, no path.

mod spans;

use std::time::Duration;

use easel_config::Environment;
use easel_imagegen::phase;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use self::spans::GenAiSpans;

/// How long the process waits for the export of the last spans when it exits.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The variables that turn the export on.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Keeps the export alive. Dropping it exports the spans that are left, for at most [`FLUSH_TIMEOUT`]. The queue before
/// it is bounded by the SDK, which drops spans when it is full.
pub(crate) struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Starts the export if the environment asks for it.
    ///
    /// # Errors
    /// If a variable is invalid, or no client can be built.
    pub(crate) fn start(environment: &Environment) -> Option<Result<Self, ExporterBuildError>> {
        let variable = |name| environment.text(name).unwrap_or_default();
        let is_off =
            variable("OTEL_SDK_DISABLED").eq_ignore_ascii_case("true") || variable("OTEL_TRACES_EXPORTER") == "none";
        if is_off || ENDPOINTS.iter().all(|name| variable(name).is_empty()) {
            return None;
        }
        // Fails only if a crypto provider is already installed. That one is used then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut resource = Resource::builder();
        if variable("OTEL_SERVICE_NAME").is_empty() {
            resource = resource.with_service_name("easel");
        }
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
        Some(exporter.map(|exporter| {
            let provider = SdkTracerProvider::builder().with_resource(resource.build());
            Self(provider.with_batch_exporter(exporter).build())
        }))
    }

    /// Returns the layer that turns spans of Easel into spans of OpenTelemetry.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        GenAiSpans::new(self.0.tracer("easel")).with_filter(filter_fn(is_exported))
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

/// Returns whether spans are exported. Phases, whose level is `debug`, are not.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && [phase::TARGET, phase::REQUESTS].contains(&metadata.target())
        && *metadata.level() <= Level::INFO
}
