//! The story of a plan: from a note through missed check-ins to an override, on both engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use common::TestApp;
use serde_json::{Value, json};

const EXAMPLE: &str = "Buy Drug A. Take Drug A daily for 7 days.";

stories! {
    /// The user's example, from the note to eight days because of one missed.
    async fn a_missed_day_makes_seven_days_eight(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let submitted = doctor.submit(&patient, EXAMPLE).await;
        assert_eq!(submitted["status"], "active");
        assert_eq!(submitted["extractor"]["provider"], "rules");
        assert_eq!(submitted["checklist"][0]["action"], "Buy Drug A");
        assert_eq!(submitted["plan"][0]["action"], "Take Drug A");
        assert_eq!(submitted["plan"][0]["timing"], json!({"frequency": 1, "period": 1, "periodUnit": "d", "duration": {"value": 7, "unit": "d"}}));
        assert_eq!(submitted["plan"][0]["timing_text"], "once a day, 08:00, for 7 days");
        assert_eq!(submitted["changes"]["starts"].as_array().unwrap().len(), 2);

        let upcoming = patient.reminders("").await;
        assert_eq!(upcoming.len(), 7);
        assert_eq!(upcoming[0]["due_local"], "2026-02-02T08:00:00+01:00");
        assert_eq!(upcoming[0]["status"], "upcoming");

        // Six days done, the third missed.
        for day in 0..7 {
            app.advance(Span::from_hours(if day == 0 { 3 } else { 24 })).await;
            let due = patient.reminders("?status=due").await;
            assert_eq!(due.len(), 1, "day {day}");
            if day != 2 {
                let answer = patient.done(&due[0]).await.ok();
                assert_eq!(answer["reminder"]["on_time"], true);
            }
        }
        let steps = patient.get("/api/actionable-steps/").await.ok();
        let progress = &steps["plan"][0]["progress"];
        assert_eq!((&progress["done"], &progress["missed"], &progress["planned"]), (&json!(6), &json!(1), &json!(7)));
        assert_eq!(steps["plan"][0]["status"], "active");
        let left = patient.reminders("?status=upcoming").await;
        assert_eq!(left.len(), 1);
        assert_eq!((&left[0]["extension"], &left[0]["ordinal"], &left[0]["of"]), (&json!(true), &json!(7), &json!(7)));
        assert_eq!(left[0]["due_local"], "2026-02-09T08:00:00+01:00");

        app.advance(Span::from_hours(24)).await;
        let answer = patient.done(&patient.reminders("?status=due").await[0]).await.ok();
        assert_eq!(answer["step"]["status"], "completed");
        assert_eq!(answer["step"]["progress"]["extended_by"], 1);

        // The doctor sees the same.
        let dashboard = doctor.get("/api/doctor/patients/").await.ok();
        let line = &dashboard["items"][0];
        assert_eq!((&line["adherence"]["done"], &line["adherence"]["missed"]), (&json!(7), &json!(1)));
        assert_eq!(line["attention"], json!([]));
        assert_eq!(line["patient"]["email"], "ada@people.example");
    }

    /// A correction of the miss takes the extension back.
    async fn a_correction_shrinks_the_extension(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, EXAMPLE).await;
        app.advance(Span::from_hours(51)).await;
        let missed = patient.reminders("?status=missed").await;
        assert_eq!(missed.len(), 2);
        assert_eq!(patient.reminders("").await.len(), 9);
        let body = json!({ "reminder_id": missed[0]["id"], "status": "done", "at": "2026-02-02T07:10:00Z" });
        let answer = patient.post("/api/check-in/", body).await.ok();
        assert_eq!((&answer["reminder"]["status"], &answer["reminder"]["on_time"]), (&json!("done"), &json!(true)));
        assert_eq!(patient.reminders("").await.len(), 8);
    }

    /// A newer note replaces this doctor's plan and nobody else's.
    async fn a_newer_note_overrides_its_own_doctors_plan_only(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let other = app.doctor("Mary").await;
        patient.select(&other).await;
        doctor.submit(&patient, EXAMPLE).await;
        other.submit(&patient, "Take Drug C twice daily for 5 days.").await;
        app.advance(Span::from_hours(3)).await;

        let newer = doctor.submit(&patient, "Take Drug B at 10 pm for 3 days.").await;
        let actions = |value: &serde_json::Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|s| s["action"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(actions(&newer["changes"]["stops"]), ["Buy Drug A", "Take Drug A"]);
        assert_eq!(actions(&newer["changes"]["starts"]), ["Take Drug B"]);
        let steps = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(actions(&steps["checklist"]), Vec::<String>::new());
        assert_eq!(actions(&steps["plan"]), ["Take Drug C", "Take Drug B"]);
        let all = patient.get("/api/actionable-steps/?include=superseded").await.ok();
        assert_eq!(all["plan"].as_array().unwrap().len(), 3);
        assert_eq!(all["plan"][0]["superseded_by"], newer["note"]["id"]);
        // What was open is called off, and cannot be answered.
        let cancelled = patient.reminders("?status=cancelled").await;
        assert_eq!(cancelled.len(), 1);
        assert_eq!(patient.done(&cancelled[0]).await.problem(), (409, "superseded"));
        let upcoming = patient.reminders("?status=upcoming").await;
        assert!(upcoming.iter().all(|r| r["action"] != "Take Drug A"));

        // A note with nothing to do ends the plan, and says so.
        let nothing = doctor.submit(&patient, "All is well. No further treatment needed.").await;
        assert_eq!(actions(&nothing["changes"]["stops"]), ["Take Drug B"]);
        let steps = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(actions(&steps["plan"]), ["Take Drug C"]);
    }

    /// Too early, twice, changed, somebody else's.
    async fn answers_are_taken_as_the_contract_says(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let stranger = app.patient("Eve").await;
        doctor.submit(&patient, EXAMPLE).await;
        let reminders = patient.reminders("").await;
        assert_eq!(patient.done(&reminders[1]).await.problem(), (409, "too_early"));
        app.advance(Span::from_hours(2)).await;
        assert_eq!(stranger.done(&reminders[0]).await.problem(), (404, "not_found"));
        assert_eq!(doctor.done(&reminders[0]).await.problem(), (403, "forbidden"));
        patient.done(&reminders[0]).await.ok();
        patient.done(&reminders[0]).await.ok();
        let skipped = json!({ "reminder_id": reminders[0]["id"], "status": "skipped", "reason": "felt sick" });
        let answer = patient.post("/api/check-in/", skipped).await.ok();
        assert_eq!(answer["reminder"]["status"], "skipped");
        assert_eq!(answer["step"]["progress"]["skipped"], 1);
        let for_doctor = doctor.reminders(&format!("?status=skipped&patient_id={}", patient.id())).await;
        assert_eq!((&for_doctor[0]["reason"], for_doctor.len()), (&json!("felt sick"), 1));
        assert_eq!(patient.reminders("?status=skipped").await[0]["reason"], "felt sick");
        let future = json!({ "reminder_id": reminders[0]["id"], "status": "done", "at": "2030-01-01T00:00:00Z" });
        assert_eq!(patient.post("/api/check-in/", future).await.problem(), (422, "invalid"));
        app.advance(Span::from_hours(9 * 24 + 1)).await;
        assert_eq!(patient.done(&reminders[1]).await.problem(), (409, "too_late"));
    }

    /// A task is answered once, may be opened again, and its due date is a reminder.
    async fn tasks_are_listed_and_reminded_once(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let submitted = doctor.submit(&patient, "CBC in 1 week. Buy a thermometer.").await;
        let tasks = submitted["checklist"].as_array().unwrap();
        assert_eq!(tasks.len(), 2, "{submitted}");
        let reminders = patient.reminders("").await;
        assert_eq!(reminders.len(), 1);
        assert_eq!(reminders[0]["due_local"], "2026-02-09T08:00:00+01:00");
        let complete = |id: &serde_json::Value, status: &str| {
            let path = format!("/api/steps/{}/complete/", id.as_str().unwrap());
            let (patient, status) = (patient.clone(), status.to_owned());
            async move { patient.post(&path, json!({ "status": status })).await.ok()["status"].clone() }
        };
        assert_eq!(complete(&tasks[1]["id"], "done").await, "done");
        assert_eq!(complete(&tasks[1]["id"], "open").await, "active");
        app.advance(Span::from_days(8)).await;
        assert_eq!(patient.reminders("?status=due").await.len(), 1);
        let answer = patient.done(&reminders[0]).await.ok();
        assert_eq!((&answer["reminder"]["status"], &answer["step"]["status"]), (&json!("done"), &json!("done")));
    }

    /// What is done as needed is written down when it is done, never due, and counts for nothing else.
    async fn as_needed_is_a_log(app: TestApp) {
        let (ada, grace) = app.pair().await;
        grace.submit(&ada, "Take Drug A every 6 hours as needed for pain. Take Drug B daily for 7 days.").await;
        let list = ada.get("/api/actionable-steps/").await.ok();
        let step = list["plan"].as_array().unwrap().iter().find(|step| step["policy"] == "log").unwrap();
        assert_eq!(step["log"], json!({ "count": 0, "last_day": 0, "latest": [] }));
        let path = format!("/api/steps/{}/log/", step["id"].as_str().unwrap());
        let log = async |body: Value| ada.post(&path, body).await.ok()["log"].clone();
        // The clock says 05:00.
        assert_eq!(log(json!({})).await["not_before"], "2026-02-02T11:00:00Z");
        app.advance(Span::from_hours(30)).await;
        let logged = log(json!({ "at": "2026-02-03T10:30:00Z" })).await;
        let times = json!(["2026-02-03T10:30:00Z", "2026-02-02T05:00:00Z"]);
        let whole = json!({ "count": 2, "last_day": 1, "latest": times, "not_before": "2026-02-03T16:30:00Z" });
        assert_eq!(logged, whole);
        assert_eq!(log(json!({ "at": "2026-02-03T10:30:00Z" })).await, whole, "said twice it is one");
        let back = json!({ "at": "2026-02-03T10:30:00Z", "taken_back": true });
        assert_eq!(log(back.clone()).await["latest"], json!(["2026-02-02T05:00:00Z"]));
        assert_eq!(log(back).await["count"], 1);
        // The doctor sees it; it is nothing due, and no figure counts it.
        let seen = grace.get(&format!("/api/actionable-steps/?patient_id={}", ada.id())).await.ok();
        let seen = seen["plan"].as_array().unwrap().iter().find(|step| step["policy"] == "log").unwrap().clone();
        assert_eq!(seen["log"]["count"], 1);
        assert!(ada.reminders("").await.iter().all(|one| one["step_id"] != step["id"]));
        for at in ["2026-02-03T11:00:01Z", "2026-01-27T10:59:59Z"] {
            assert_eq!(ada.post(&path, json!({ "at": at })).await.problem(), (422, "invalid"), "{at}");
        }
        let other = list["plan"].as_array().unwrap().iter().find(|step| step["policy"] != "log").unwrap();
        let other = format!("/api/steps/{}/log/", other["id"].as_str().unwrap());
        assert_eq!(ada.post(&other, json!({})).await.problem(), (409, "not_as_needed"));
        // A newer note.
        grace.submit(&ada, "Take Drug C daily for 7 days.").await;
        assert_eq!(ada.post(&path, json!({})).await.problem(), (409, "superseded"));
        let export = ada.get("/api/me/export/").await.ok();
        let answers = export["charts"][0]["answers"].as_array().unwrap();
        assert_eq!(answers.len(), 3, "{answers:?}");
    }

    /// Three in a row unanswered: the doctor is told, and the course ends at its cap.
    async fn never_answering_is_noticed_and_ends(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, EXAMPLE).await;
        let attention = || async { doctor.get("/api/doctor/patients/?attention=true").await.ok()["items"].as_array().unwrap().first().map(|line| line["attention"].clone()) };
        app.advance(Span::from_days(1)).await;
        assert_eq!(attention().await, None);
        app.advance(Span::from_days(3)).await;
        assert_eq!(attention().await, Some(json!(["lapsed"])));
        app.advance(Span::from_days(10)).await;
        let steps = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(steps["plan"][0]["status"], "incomplete");
        assert_eq!(steps["plan"][0]["progress"]["missed"], 11);
        assert_eq!(attention().await, Some(json!(["lapsed", "incomplete"])));
    }

    /// A change of zone moves what is to come and leaves what was.
    async fn a_journey_moves_the_future_only(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, EXAMPLE).await;
        app.advance(Span::from_hours(30)).await;
        let before = patient.reminders("").await;
        let change = json!({ "time_zone": "America/New_York" });
        let me = patient.json(axum::http::Method::PATCH, "/api/me/", change).await.ok();
        assert_eq!(me["time_zone"], "America/New_York");
        let after = patient.reminders("").await;
        assert_eq!(before[0]["due_at"], after[0]["due_at"]);
        assert!(after.last().unwrap()["due_local"].as_str().unwrap().ends_with("T08:00:00-05:00"), "{after:?}");
        let bad = json!({ "time_zone": "Mars/Base", "anchors": {"first": "20:00", "last": "08:00"} });
        let answer = patient.json(axum::http::Method::PATCH, "/api/me/", bad).await;
        assert_eq!(answer.problem(), (422, "invalid"));
        assert_eq!(answer.json["errors"].as_array().unwrap().len(), 2);
    }
}
