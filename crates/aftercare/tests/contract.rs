//! The published contract: `docs/openapi.json` is what the code says, and every route is in it.

mod common;

use common::TestApp;
use serde_json::Value;
use std::path::Path;

#[tokio::test]
async fn the_published_description_is_the_codes_own() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = serde_json::to_string_pretty(&aftercare::http::openapi()).unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let published = std::fs::read_to_string(&file).unwrap();
    assert!(
        published == current,
        "docs/openapi.json is out of date: run UPDATE_OPENAPI=1 cargo test -p aftercare --test contract"
    );
    let app = TestApp::new().await;
    let served = app.anon().get("/api/openapi.json").await.json;
    assert_eq!(served, serde_json::from_str::<Value>(&published).unwrap());
}

#[test]
fn every_route_is_described() {
    let api = serde_json::to_value(aftercare::http::openapi()).unwrap();
    assert_eq!(api["openapi"].as_str().unwrap(), "3.1.0");
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} says not what it does");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let place = if path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
                assert_eq!(parameter["in"], place, "{method} {path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_of_the_contract_needs_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let page = app.anon().get("/api/docs").await;
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert!(html.contains("/api/submit-notes/") && html.contains("Have a note read again"));
    assert!(!html.contains("<script") && !html.contains("https://"), "no script, no other origin");
}
