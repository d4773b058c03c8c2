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
    let mut routes = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} says not what it does");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let place = if path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
                assert_eq!(parameter["in"], place, "{method} {path} {name}");
            }
            routes.push(format!("{method} {path}"));
        }
    }
    routes.sort();
    insta::assert_snapshot!(routes.join("\n"), @r"
    delete /api/channels/{id}/
    delete /api/me/
    delete /api/mfa/passkeys/{id}/
    delete /api/mfa/totp/
    delete /api/my-doctors/{doctor_id}/
    delete /api/notes/{id}/
    delete /api/operator/session/
    delete /api/sessions/{id}/
    get /.well-known/jwks.json
    get /api/actionable-steps/
    get /api/adherence/
    get /api/audit/
    get /api/channels/
    get /api/channels/{id}/log/
    get /api/dev/clock/
    get /api/dev/mail/
    get /api/device-links/{id}/
    get /api/doctor/patients/
    get /api/doctors/
    get /api/emergency/
    get /api/events/
    get /api/extract/
    get /api/keys/log/
    get /api/keys/{user_id}/
    get /api/me/
    get /api/me/export/
    get /api/me/state/
    get /api/mfa/
    get /api/my-doctors/
    get /api/notes/
    get /api/notes/{id}/
    get /api/notes/{id}/envelope/
    get /api/notes/{id}/steps/
    get /api/operator/
    get /api/push-key/
    get /api/reminders/
    get /api/sessions/
    get /api/tap/{link}/
    get /api/travel-preview/
    get /cal/{file}
    get /healthz
    get /readyz
    patch /api/me/
    patch /api/mfa/passkeys/{id}/
    post /api/ack/
    post /api/auth/params/
    post /api/auth/passkey/
    post /api/channels/
    post /api/channels/{id}/confirm/
    post /api/channels/{id}/log/{message}/replay/
    post /api/channels/{id}/test/
    post /api/check-in/
    post /api/dev/clock/
    post /api/device-links/
    post /api/device-links/{id}/answer/
    post /api/extract/
    post /api/login/
    post /api/login/finish/
    post /api/login/passkey/
    post /api/logout/
    post /api/me/email/
    post /api/me/keys/
    post /api/me/password/
    post /api/me/recovery-code/
    post /api/mfa/passkeys/
    post /api/mfa/passkeys/confirm/
    post /api/mfa/totp/
    post /api/mfa/totp/confirm/
    post /api/notes/{id}/activate/
    post /api/notes/{id}/extract/
    post /api/notes/{id}/grants/
    post /api/notes/{id}/receipt/
    post /api/notes/{id}/undo/
    post /api/operator/doctors/{id}/approve/
    post /api/operator/mail-test/
    post /api/operator/model-test/
    post /api/operator/session/
    post /api/recovery/
    post /api/recovery/finish/
    post /api/recovery/reset/
    post /api/reminders/{id}/snooze/
    post /api/schedule-preview/
    post /api/select-doctor/
    post /api/signup/
    post /api/steps/{id}/complete/
    post /api/submit-notes/
    post /api/tap/
    post /api/tap/{link}/
    post /api/token/refresh/
    post /api/unsubscribe/{link}/
    put /api/me/state/
    put /api/notes/{id}/envelope/
    put /api/notes/{id}/steps/
    ");
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
