//! What has long been over is put away, and everybody is told the same of it as before.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use common::TestApp;
use serde_json::json;

/// All buckets have had their turn.
async fn tidied(app: &TestApp) {
    for _ in 0..32 {
        aftercare::engine::tidy(&app.app).await.unwrap();
        app.advance(Span::from_minutes(10)).await;
    }
}

async fn rows(app: &TestApp, table: &str) -> usize {
    let mut tx = app.app.store.read().await.unwrap();
    aftercare_store::inspect::table(&mut tx, table).await.unwrap().unwrap().len()
}

stories! {
    /// A course that has long been over lies in one row, and everybody is told the same of it as before.
    async fn what_has_long_been_over_is_put_away(app: TestApp) {
        let (ada, grace) = app.pair().await;
        let as_needed = "Take Drug B every 6 hours as needed for pain.";
        grace.submit(&ada, &format!("Take Drug A daily for 5 days. {as_needed} Buy a pill box.")).await;
        let steps = ada.get("/api/actionable-steps/").await.ok();
        let needed = steps["plan"].as_array().unwrap().iter().find(|step| step["policy"] == "log").unwrap();
        let needed = format!("/api/steps/{}/log/", needed["id"].as_str().unwrap());
        for day in 0..7 {
            app.advance(Span::from_hours(if day == 0 { 3 } else { 24 })).await;
            let due = ada.reminders("?status=due").await;
            let Some(due) = due.first() else { break };
            match day {
                1 => continue,
                2 => {
                    let why = json!({ "reminder_id": due["id"], "status": "skipped", "reason": "It made me sick." });
                    ada.post("/api/check-in/", why).await.ok();
                    // After all.
                    ada.done(due).await.ok()
                }
                _ => ada.done(due).await.ok(),
            };
            ada.post(&needed, json!({})).await.ok();
        }
        app.advance(Span::from_days(10)).await;
        let from = "?from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z";
        let told = async || {
            let (ada, grace) = (app.anon().log_in("Ada").await, app.anon().log_in("Grace").await);
            let mut steps = ada.get("/api/actionable-steps/").await.ok();
            for step in steps["plan"].as_array_mut().unwrap() {
                if let Some(log) = step["log"].as_object_mut() {
                    log.remove("last_day");
                    log.remove("not_before");
                }
            }
            let adherence = grace.get(&format!("/api/adherence/{from}&patient_id={}", ada.id())).await.ok();
            let export = ada.get("/api/me/export/").await.ok()["charts"][0]["answers"].clone();
            (steps, ada.reminders(from).await, adherence, export)
        };
        let before = told().await;
        assert_eq!(before.0["plan"][0]["status"], "completed", "{}", before.0);
        app.advance(Span::from_days(500)).await;
        tidied(&app).await;
        let rows = async |table| rows(&app, table).await;
        // The one with a reason stays where its reason is.
        assert_eq!((rows("occurrence").await, rows("check_in").await), (0, 1));
        let after = told().await;
        assert_eq!(after.0, before.0);
        assert_eq!(after.1, before.1);
        assert_eq!(after.2, before.2);
        assert_eq!(after.3, before.3);
        // What is said again is written down beside it, and put away in its time.
        let ada = app.anon().log_in("Ada").await;
        let log = ada.post(&needed, json!({})).await.ok()["log"].clone();
        assert_eq!(log["count"], before.0["plan"].as_array().unwrap().iter().find_map(|step| step["log"]["count"].as_u64()).unwrap() + 1);
        assert_eq!(rows("check_in").await, 2);
        app.advance(Span::from_days(500)).await;
        tidied(&app).await;
        assert_eq!(rows("check_in").await, 1);
        let ada = app.anon().log_in("Ada").await;
        assert_eq!(ada.get("/api/actionable-steps/").await.ok()["plan"][1]["log"]["count"], log["count"]);
    }
}
