//! The web app: files that the build has embedded, compressed already, named by their hash where they may be kept for
//! ever; and one page for every place in it.

use super::problem::Problem;
use crate::app::App;
use aftercare_seal::bytes;
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::LazyLock};

/// What the build has embedded: names below `web/dist`, and contents. Empty where the web app was not built.
const EMBEDDED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// What the page may do: load what is of this origin, compile WASM, and nothing else. No inline script or style, no
/// text as code (Trusted Types), no frame.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
const PAGE: &str = "index.html";

/// An embedded file.
struct File {
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
    hash: [u8; 32],
}

static FILES: LazyLock<BTreeMap<&str, File>> = LazyLock::new(|| {
    let find = |name: &str| EMBEDDED.iter().find(|(own, _)| *own == name).map(|(_, content)| *content);
    let own = EMBEDDED.iter().filter(|(name, _)| !matches!(ending(name), "gz" | "br"));
    own.map(|(name, plain)| {
        let (gzip, brotli) = (find(&format!("{name}.gz")), find(&format!("{name}.br")));
        (*name, File { plain, gzip, brotli, hash: Sha256::digest(plain).into() })
    })
    .collect()
});

/// The routes of the web app.
pub(super) fn routes() -> Router<App> {
    let mut router = Router::new()
        .route("/", get(|headers: HeaderMap| async move { page(&headers) }))
        .route("/.well-known/aftercare-web.json", get(|| async { hashes() }));
    for (name, file) in FILES.iter().filter(|(name, _)| **name != PAGE) {
        router = router.route(
            &format!("/{name}"),
            get(move |headers: HeaderMap| async move { file.answer(name, &headers) }),
        );
    }
    router
}

/// What no route answers: the app's page to somebody who looks with a browser, who may have kept the address of a place
/// in it.
pub(super) async fn fallback(request: Request) -> Response {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let looks = accepts.is_some_and(|accept| accept.contains("text/html"));
    let path = request.uri().path();
    let place = !path.starts_with("/api/") && !path.contains('.');
    if request.method() == Method::GET && looks && place {
        return page(request.headers());
    }
    Problem::not_found().into_response()
}

fn page(headers: &HeaderMap) -> Response {
    let Some(file) = FILES.get(PAGE) else {
        let text = "<!doctype html><html lang=en><meta charset=utf-8><title>Aftercare</title><p>The web app was not built into this program: run <code>make web</code>, then build again. The API is at <a href=/api/docs/>/api/docs/</a>.";
        return ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
    };
    file.answer(PAGE, headers)
}

/// The hash of every file, for who checks what a server hands out against what was released.
fn hashes() -> Response {
    let hashes: BTreeMap<_, _> =
        FILES.iter().map(|(name, file)| (format!("/{name}"), bytes::encode(&file.hash))).collect();
    axum::Json(serde_json::json!({ "algorithm": "sha-256", "files": hashes })).into_response()
}

impl File {
    fn answer(&'static self, name: &str, asked: &HeaderMap) -> Response {
        let accepts = asked.get(header::ACCEPT_ENCODING).and_then(|accepts| accepts.to_str().ok());
        let takes = |coding| {
            let codings = accepts.unwrap_or_default().split(',').map(str::trim);
            codings.map(|one| one.split(';').next()).any(|one| one == Some(coding))
        };
        let (coding, content) = match (self.brotli, self.gzip) {
            (Some(brotli), _) if takes("br") => (Some("br"), brotli),
            (_, Some(gzip)) if takes("gzip") => (Some("gzip"), gzip),
            _ => (None, self.plain),
        };
        let tag = format!("\"{}{}\"", bytes::encode(&self.hash[..12]), coding.unwrap_or_default());
        let known = asked.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
        let mut response = if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(content).into_response()
        };
        let headers = response.headers_mut();
        // Names below `assets/` carry a hash of what they name.
        let kept =
            if name.starts_with("app/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::CACHE_CONTROL, kept);
        set(header::ETAG, &tag);
        set(header::VARY, "accept-encoding");
        set(header::CONTENT_TYPE, kind(name));
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
        if let Some(coding) = coding {
            set(header::CONTENT_ENCODING, coding);
        }
        response
    }
}

fn ending(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn kind(name: &str) -> &'static str {
    match ending(name) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}
