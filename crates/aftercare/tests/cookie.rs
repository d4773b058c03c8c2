//! The refresh token of a browser, in a cookie.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use axum::{
    body::Body,
    http::{Method, header},
};
use common::{Answer, TestApp};
use serde_json::{Value, json};

/// Renews, with a cookie or without, with the header that asks for one or without.
async fn renew(app: &TestApp, body: &Value, cookie: Option<&str>, asks: bool) -> Answer {
    let mut request = app.anon().request(Method::POST, "/api/token/refresh/");
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, format!("theme=dark; {cookie}"));
    }
    if asks {
        request = request.header("x-aftercare-cookie", "1");
    }
    app.anon().send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn set(answer: &Answer) -> (String, String) {
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    (pair.to_owned(), attributes.to_owned())
}

#[tokio::test]
async fn the_refresh_token_of_a_browser() {
    let app = TestApp::new().await;
    let ada = app.patient("Ada").await;
    let given = json!({ "refresh_token": ada.tokens["refresh_token"] });
    let renewed = renew(&app, &given, None, true).await;
    assert_eq!((renewed.status, &renewed.json["refresh_token"]), (200, &Value::Null), "not for scripts");
    let (pair, attributes) = set(&renewed);
    assert!(pair.starts_with("__Host-aftercare_rt=art1."), "{pair}");
    // As long as the session at the most: twelve hours of an assisted one.
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");

    // The page of another site can have it sent, but not the header beside it.
    let empty = json!({});
    assert_eq!(renew(&app, &empty, Some(&pair), false).await.problem(), (401, "invalid_credentials"));
    assert_eq!(renew(&app, &empty, None, true).await.problem(), (401, "invalid_credentials"));
    let again = renew(&app, &empty, Some(&pair), true).await;
    assert_eq!(again.status, 200);
    assert_ne!(set(&again).0, pair, "each is good once");

    let access = again.json["access_token"].as_str().unwrap().to_owned();
    let out = common::Client { token: Some(access), ..app.anon() }.post("/api/logout/", empty.clone()).await;
    let (gone, attributes) = set(&out);
    assert_eq!((gone.as_str(), attributes.ends_with("Max-Age=0")), ("__Host-aftercare_rt=", true));
    assert_eq!(renew(&app, &empty, Some(&set(&again).0), true).await.status, 401);

    // Who asks for no cookie gets none.
    let ben = app.patient("Ben").await;
    let plain = renew(&app, &json!({ "refresh_token": ben.tokens["refresh_token"] }), None, false).await;
    assert!(plain.headers.get(header::SET_COOKIE).is_none() && plain.json["refresh_token"].is_string());
}
