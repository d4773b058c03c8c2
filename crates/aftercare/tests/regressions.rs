//! Mistakes others made, one test each. Those of the pure core stand in `core/tests/regressions.rs`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare::{clock::ServiceClock, engine, http, random::Random, start};
use aftercare_core::{id::StepId, instant::Span};
use aftercare_store::{occurrence, testing::On};
use common::{TestApp, config};
use serde_json::{Value, json};

const NOTE: &str = "Take Drug A daily for 7 days. Take Drug B twice daily for 5 days. Buy Drug A.";

fn names(steps: &Value) -> Vec<&str> {
    steps.as_array().unwrap().iter().map(|step| step["action"].as_str().unwrap()).collect()
}

stories! {
    async fn items_of_one_note_do_not_cancel_each_other(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let submitted = doctor.submit(&patient, NOTE).await;
        assert_eq!(names(&submitted["plan"]), ["Take Drug A", "Take Drug B"]);
        app.advance(Span::from_days(2)).await;
        let steps = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(names(&steps["plan"]), ["Take Drug A", "Take Drug B"]);
        assert_eq!(names(&steps["checklist"]), ["Buy Drug A"]);
        assert!(steps["plan"].as_array().unwrap().iter().all(|step| step["status"] == "active"));
    }

    /// Hours late or all at once: the same occurrences with their true due times.
    async fn a_late_look_loses_no_reminder(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let submitted = doctor.submit(&patient, NOTE).await;
        // The clock jumps; nobody looked on the way. Short of an outage, in many small steps.
        for _ in 0..60 * 24 {
            app.app.clock.advance(Span::from_secs(150));
        }
        engine::round(&app.app).await.unwrap();
        let step: StepId = submitted["plan"][1]["id"].as_str().unwrap().parse().unwrap();
        let patient_id = patient.id().parse().unwrap();
        let mut tx = app.app.store.read().await.unwrap();
        let recorded = occurrence::of_step(&mut tx, patient_id, step).await.unwrap();
        let dues: Vec<_> = recorded.iter().map(|(_, due, _)| due.to_string()).collect();
        assert_eq!(dues, ["2026-02-02T07:00:00Z", "2026-02-02T19:00:00Z", "2026-02-03T07:00:00Z", "2026-02-03T19:00:00Z", "2026-02-04T07:00:00Z"]);
    }

    /// After an outage what closed meanwhile is nobody's miss, and only the latest is open.
    async fn no_storm_and_no_blame_after_an_outage(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, "Take Drug B twice daily for 5 days.").await;
        app.app.clock.advance(Span::from_hours(51));
        engine::round(&app.app).await.unwrap();
        let by_status = |status: &str| {
            let (patient, query) = (patient.clone(), format!("?status={status}"));
            async move { patient.reminders(&query).await.len() }
        };
        assert_eq!(by_status("not_delivered").await, 4);
        assert_eq!((by_status("missed").await, by_status("due").await), (0, 1));
        let dashboard = doctor.get("/api/doctor/patients/").await.ok();
        assert_eq!(dashboard["items"][0]["attention"], json!([]), "no false alarm");
        assert_eq!(dashboard["items"][0]["adherence"]["rate"], Value::Null, "not yet, never 0 %");
    }

    /// The engine and a late look at the same step, again and again: one row each.
    async fn looking_twice_records_once(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let submitted = doctor.submit(&patient, NOTE).await;
        let step: StepId = submitted["plan"][0]["id"].as_str().unwrap().parse().unwrap();
        for _ in 0..5 {
            app.advance(Span::from_hours(24)).await;
            tokio::join!(async { engine::round(&app.app).await.unwrap() }, async { engine::round(&app.app).await.unwrap() });
        }
        let mut tx = app.app.store.read().await.unwrap();
        let recorded = occurrence::of_step(&mut tx, patient.id().parse().unwrap(), step).await.unwrap();
        assert_eq!(recorded.iter().map(|(ordinal, ..)| *ordinal).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let listed = patient.reminders("").await;
        let listed = listed.iter().filter(|r| r["step_id"] == submitted["plan"][0]["id"]);
        let past: Vec<_> = listed.filter(|r| r["status"] != "upcoming").collect();
        assert_eq!(past.len(), 5);
    }

    /// A taper written after the day's first dose: its stages follow each other all the same.
    async fn stages_of_a_taper_never_share_a_day(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        app.advance(Span::from_hours(5)).await;
        doctor.submit(&patient, "Prednisolone 40 mg daily for 2 days, then 20 mg daily for 2 days, then 10 mg daily for 1 day.").await;
        let days: Vec<_> = patient.reminders("").await.iter().map(|r| r["due_local"].as_str().unwrap()[..10].to_owned()).collect();
        assert_eq!(days, ["2026-02-03", "2026-02-04", "2026-02-05", "2026-02-06", "2026-02-07"]);
        doctor.submit(&patient, "Prednisolone 40 mg daily for 2 days starting 5 February 2026, then 20 mg daily for 2 days.").await;
        let upcoming = patient.reminders("?status=upcoming").await;
        let days: Vec<_> = upcoming.iter().map(|r| r["due_local"].as_str().unwrap()[..10].to_owned()).collect();
        assert_eq!(days, ["2026-02-05", "2026-02-06", "2026-02-07", "2026-02-08"]);
    }

    /// New times of day: what fell due keeps its time, nothing becomes a miss by it.
    async fn a_new_breakfast_time_turns_nothing_into_a_miss(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, "Take Drug A every morning for 7 days.").await;
        app.advance(Span::from_hours(3)).await;
        patient.done(&patient.reminders("?status=due").await[0]).await.ok();
        let before = patient.reminders("").await;
        let change = json!({ "anchors": { "breakfast": "06:30", "first": "06:30" } });
        patient.json(axum::http::Method::PATCH, "/api/me/", change).await.ok();
        let after = patient.reminders("").await;
        for key in ["id", "due_at", "status", "answered_at"] {
            assert_eq!(before[0][key], after[0][key]);
        }
        assert!(after[1]["due_local"].as_str().unwrap().contains("T06:30:00"));
        app.advance(Span::from_days(1)).await;
        assert!(patient.reminders("?status=missed").await.is_empty());
    }
}

#[tokio::test]
async fn a_restart_loses_and_changes_nothing() {
    let app = TestApp::new().await;
    let (patient, doctor) = app.pair().await;
    doctor.submit(&patient, NOTE).await;
    app.advance(Span::from_hours(30)).await;
    let before = (patient.reminders("").await, patient.get("/api/actionable-steps/").await.ok());
    let now = app.app.now();
    app.app.store.close();

    let clock = ServiceClock::standing(app.app.clock.wall());
    let again = start::open(config(&app.folder, &[]), Random::seeded(8), clock).await.unwrap();
    assert_eq!(again.now(), now, "the test clock does not fall back");
    let mut patient = patient;
    patient.service = http::service(again.clone());
    assert_eq!((patient.reminders("").await, patient.get("/api/actionable-steps/").await.ok()), before);
    engine::leap(&again, Span::from_hours(24)).await.unwrap();
    assert_eq!(patient.reminders("?status=due").await.len(), 2);
}

#[tokio::test]
async fn without_its_master_key_the_service_does_not_start() {
    let app = TestApp::with(On::Sqlite, &[]).await;
    app.pair().await;
    app.app.store.close();
    let clock = || ServiceClock::standing(app.app.clock.wall());
    let key = app.folder.path().join("data.key");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions()) & 0o777,
        0o600
    );
    std::fs::rename(&key, app.folder.path().join("elsewhere")).unwrap();
    let open = || start::open(config(&app.folder, &[]), Random::seeded(8), clock());
    let error = format!("{:#}", open().await.err().unwrap());
    assert!(error.contains("is gone"), "{error}");
    assert!(!key.exists(), "no new key is made over an old database");
    std::fs::write(&key, format!("k1:{}\n", "A".repeat(43))).unwrap();
    let error = format!("{:#}", open().await.err().unwrap());
    assert!(error.contains("does not open this database"), "{error}");
}
