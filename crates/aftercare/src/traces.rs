//! Traces, behind the feature `otel`: how long requests, the engine's batches, messages and readings of notes take, told by
//! OTLP to whoever `OTEL_EXPORTER_OTLP_ENDPOINT` names. As in the log: routes, kinds and outcomes; nobody is in it, and no
//! word of anybody.

/// A span where traces are built in; elsewhere nothing, and its fields are not looked at.
macro_rules! span {
    ($($told:tt)*) => {{
        #[cfg(feature = "otel")]
        {
            tracing::info_span!(target: "aftercare::traces", $($told)*)
        }
        #[cfg(not(feature = "otel"))]
        {
            tracing::Span::none()
        }
    }};
}
pub(crate) use span;

#[cfg(feature = "otel")]
pub use otlp::{Sending, layer};

#[cfg(feature = "otel")]
mod otlp {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
    use tracing::Subscriber;
    use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

    /// What names whom to tell, as the specification has it.
    const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// Sends what is left when it is dropped.
    #[derive(Debug)]
    pub struct Sending(SdkTracerProvider);

    impl Drop for Sending {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "the last traces were not sent");
            }
        }
    }

    /// What sends spans; `None` where nobody is to be told.
    pub fn layer<S>() -> anyhow::Result<Option<(impl Layer<S>, Sending)>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        if ENDPOINTS.iter().all(|name| std::env::var_os(name).is_none()) {
            return Ok(None);
        }
        // Who calls by TLS asks for it; that it is there already is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("aftercare");
        }
        let provider = SdkTracerProvider::builder().with_resource(resource.build());
        let provider = provider.with_batch_exporter(exporter).build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("aftercare"))
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_target("aftercare::traces", tracing::Level::INFO));
        Ok(Some((spans, Sending(provider))))
    }
}
