//! The operator's pages: opened by a link that is good once, from a machine that can print it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::operator;
use aftercare_core::instant::Span;
use aftercare_store::testing::On;
use axum::{
    body::Body,
    http::{Method, header},
};
use common::{
    Answer, TestApp,
    independent::{browser, opened},
    sink::Sink,
};
use serde_json::{Value, json};

/// Asks as the operator's browser does.
async fn ask(app: &TestApp, method: Method, path: &str, cookie: &str, body: Value) -> Answer {
    let request = app.anon().request(method, path).header("x-aftercare-cookie", "1");
    let request = request.header(header::CONTENT_TYPE, "application/json").header(header::COOKIE, cookie);
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    app.anon().send(request.body(body).unwrap()).await
}

async fn enter(app: &TestApp, link: &str) -> Answer {
    let token = link.split_once('#').unwrap().1;
    app.anon().json(Method::POST, "/api/operator/session/", json!({ "token": token })).await
}

fn cookie(answer: &Answer) -> String {
    answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

stories! {
    async fn a_link_opens_the_pages_once(app: TestApp) {
        let link = operator::link(&app.app).await.unwrap();
        assert!(link.contains("/setup#"), "{link}");
        let opened = enter(&app, &link).await;
        assert_eq!(opened.status, 204);
        let attributes = opened.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(attributes.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200"), "{attributes}");
        let session = cookie(&opened);
        assert_eq!(enter(&app, &link).await.problem(), (401, "operator_only"), "good once");
        let overview = ask(&app, Method::GET, "/api/operator/", &session, Value::Null).await.ok();
        assert_eq!((&overview["provider"], &overview["mail"]), (&json!("rules"), &json!(false)));
        // What the link carried opens nothing by itself, and a cookie without the header is not looked at.
        let token = link.split_once('#').unwrap().1;
        let forged = format!("__Host-aftercare_op={token}");
        assert_eq!(ask(&app, Method::GET, "/api/operator/", &forged, Value::Null).await.status, 401);
        let request = app.anon().request(Method::GET, "/api/operator/").header(header::COOKIE, &session);
        assert_eq!(app.anon().send(request.body(Body::empty()).unwrap()).await.status, 401);

        assert_eq!(ask(&app, Method::DELETE, "/api/operator/session/", &session, Value::Null).await.status, 204);
        assert_eq!(ask(&app, Method::GET, "/api/operator/", &session, Value::Null).await.status, 401);
    }

    async fn links_and_sessions_end(app: TestApp) {
        let (late, link) = (operator::link(&app.app).await.unwrap(), operator::link(&app.app).await.unwrap());
        let session = cookie(&enter(&app, &link).await);
        app.app.clock.pass(operator::LINK + Span::from_secs(1));
        assert_eq!(enter(&app, &late).await.status, 401);
        assert_eq!(ask(&app, Method::GET, "/api/operator/", &session, Value::Null).await.status, 200);
        app.app.clock.pass(operator::SESSION);
        assert_eq!(ask(&app, Method::GET, "/api/operator/", &session, Value::Null).await.status, 401);
    }

    async fn ways_and_model_are_tried(app: TestApp) {
        let session = cookie(&enter(&app, &operator::link(&app.app).await.unwrap()).await);
        let mail = ask(&app, Method::POST, "/api/operator/channel-test/", &session, json!({ "kind": "email", "address": "ops@hospital.example" })).await.ok();
        assert_eq!(mail["ok"], true);
        let kept = app.app.mail.kept();
        assert_eq!((kept[0].to.as_str(), kept.len()), ("ops@hospital.example", 1));
        let nowhere = ask(&app, Method::POST, "/api/operator/channel-test/", &session, json!({ "kind": "email", "address": "nowhere" })).await;
        assert_eq!(nowhere.json["errors"][0]["pointer"], "/address");
        let sink = Sink::start().await;
        let hook = async || ask(&app, Method::POST, "/api/operator/channel-test/", &session, json!({ "kind": "webhook", "url": sink.url("ops") })).await.ok();
        assert_eq!(hook().await["ok"], true);
        assert_eq!(sink.take()[0].json()["type"], "message.test");
        sink.answer(&[(500, None)]);
        assert_eq!(hook().await["ok"], false);
        let browser = browser();
        let subscription = json!({ "endpoint": sink.url("push"), "keys": browser["keys"] });
        let push = json!({ "kind": "web_push", "subscription": subscription });
        assert_eq!(ask(&app, Method::POST, "/api/operator/channel-test/", &session, push).await.ok()["ok"], true);
        let came: Vec<_> = sink.take().into_iter().map(|one| one.body).collect();
        assert!(opened(&browser, came.iter().rev().take(1))[0].contains("test"));
        let model = ask(&app, Method::POST, "/api/operator/model-test/", &session, Value::Null).await.ok();
        assert_eq!(model["ok"], true, "{model}");
        assert!(model["detail"].as_str().unwrap().starts_with("rules found 2 steps in"), "{model}");
    }
}

/// Where doctors are approved, those who wait are seen, and patients find them from then on.
#[tokio::test]
async fn doctors_are_approved_on_the_page() {
    let app = TestApp::with(On::Sqlite, &[("AFTERCARE_APPROVE_DOCTORS", "true")]).await;
    let (ada, grace) = (app.patient("Ada").await, app.doctor("Grace").await);
    let session = cookie(&enter(&app, &operator::link(&app.app).await.unwrap()).await);
    let waiting = async || {
        ask(&app, Method::GET, "/api/operator/", &session, Value::Null).await.ok()["waiting"].clone()
    };
    let found = async || ada.get("/api/doctors/").await.ok()["items"].as_array().unwrap().len();
    assert_eq!((waiting().await[0]["name"].as_str().unwrap(), found().await), ("Grace", 0));
    let path = format!("/api/operator/doctors/{}/approve/", grace.id());
    assert_eq!(ask(&app, Method::POST, &path, &session, Value::Null).await.status, 204);
    assert_eq!((waiting().await, found().await), (json!([]), 1));
    let patient = format!("/api/operator/doctors/{}/approve/", ada.id());
    assert_eq!(ask(&app, Method::POST, &patient, &session, Value::Null).await.status, 404);
}
