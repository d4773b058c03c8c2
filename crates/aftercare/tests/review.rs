//! Review before effect: a draft changes nothing, questions are answered first, and what was put
//! into force can be taken back for a minute.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aftercare_core::instant::Span;
use aftercare_store::inspect;
use axum::http::Method;
use common::{Client, TestApp};
use serde_json::{Value, json};

async fn draft(doctor: &Client, patient: &Client, note: &str) -> Value {
    let body = json!({ "patient_id": patient.id(), "note": note, "mode": "review" });
    let answer = doctor.post("/api/submit-notes/", body).await;
    assert_eq!((answer.status, &answer.json["status"]), (201, &json!("draft")), "{}", answer.json);
    answer.json
}

fn path(draft: &Value, what: &str) -> String {
    format!("/api/notes/{}/{what}", draft["note"]["id"].as_str().unwrap())
}

/// A shown step as it is given back in an edit.
fn again(step: &Value) -> Value {
    let fields = ["id", "kind", "action", "evidence", "category", "timing"];
    fields
        .iter()
        .map(|field| ((*field).to_owned(), step[*field].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn steps(draft: &Value) -> Vec<Value> {
    let of = |kind: &str| draft[kind].as_array().unwrap().iter().map(again).collect::<Vec<_>>();
    [of("checklist"), of("plan")].concat()
}

async fn put(doctor: &Client, draft: &Value, body: Value) -> common::Answer {
    doctor.json(Method::PUT, &path(draft, "steps/"), body).await
}

async fn activate(doctor: &Client, draft: &Value) -> Value {
    let done = doctor.post(&path(draft, "activate/"), json!({})).await.ok();
    assert_eq!(done["status"], "active");
    done
}

/// Everything the patient sees of their plan.
async fn seen(patient: &Client) -> (Value, Vec<Value>) {
    let steps = patient.get("/api/actionable-steps/?include=superseded").await.ok();
    (steps, patient.reminders("?to=2026-03-02T00:00:00Z").await)
}

/// Every row of the tables that hold a plan.
async fn rows(app: &TestApp) -> Vec<Vec<String>> {
    let mut tx = app.app.store.read().await.unwrap();
    let mut all = Vec::new();
    for table in ["step", "occurrence", "check_in", "carried"] {
        let rows = inspect::table(&mut tx, table).await.unwrap().unwrap();
        // When a row was written again is the one thing that may differ.
        let row = |row: &String| {
            let mut row: Value = serde_json::from_str(row).unwrap();
            row.as_object_mut().unwrap().remove("recorded_at").filter(|_| table == "occurrence");
            row.to_string()
        };
        let mut rows: Vec<_> = rows.iter().map(row).collect();
        rows.sort();
        all.push(rows);
    }
    all
}

stories! {
    async fn a_draft_changes_nothing_until_it_is_put_into_force(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        doctor.submit(&patient, "Take Drug A daily for 7 days.").await;
        app.advance(Span::from_days(1)).await;
        let before = (seen(&patient).await, rows(&app).await);
        let draft = draft(&doctor, &patient, "Buy Drug B. Take Drug B twice daily for 5 days.").await;
        assert_eq!(draft["plan"][0]["status"], "draft");
        assert_eq!(draft["changes"]["stops"][0]["action"], "Take Drug A");
        assert_eq!(draft["changes"]["starts"].as_array().unwrap().len(), 2);
        assert_eq!((seen(&patient).await, rows(&app).await), before);
        assert_eq!(patient.get("/api/notes/").await.ok()["items"].as_array().unwrap().len(), 1);
        assert_eq!(patient.get(&path(&draft, "")).await.problem(), (404, "not_found"));
        assert_eq!(patient.get(&path(&draft, "envelope/")).await.problem(), (404, "not_found"));
        let listed = doctor.get(&format!("/api/notes/?patient_id={}", patient.id())).await.ok();
        assert_eq!(listed["items"][0]["status"], "draft");
        assert_eq!(doctor.get(&path(&draft, "steps/")).await.ok(), draft);

        let done = activate(&doctor, &draft).await;
        assert_eq!(done["changes"]["stops"][0]["action"], "Take Drug A");
        let steps = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(steps["plan"][0]["action"], "Take Drug B");
        assert_eq!(steps["checklist"][0]["action"], "Buy Drug B");
        assert_eq!(doctor.post(&path(&draft, "activate/"), json!({})).await.problem(), (409, "already_active"));
    }

    async fn what_the_note_leaves_open_is_asked_and_answered_first(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let draft = draft(&doctor, &patient, "Take amoxicillin 500 mg. Take paracetamol 1 g.").await;
        let asked = draft["questions"].as_array().unwrap();
        assert_eq!(asked.iter().map(|q| &q["about"]).collect::<Vec<_>>(), ["frequency", "frequency"]);
        let refused = doctor.post(&path(&draft, "activate/"), json!({})).await;
        assert_eq!(refused.problem(), (409, "open_questions"));
        assert_eq!(refused.json["errors"][1]["pointer"], "/questions/1");

        // One is answered by a schedule, the other by saying that it stands.
        let mut steps = steps(&draft);
        steps[0]["timing"] = json!({"frequency": 3, "duration": {"value": 7, "unit": "d"}});
        let stands = json!([{"step_id": steps[1]["id"], "about": "frequency"}]);
        let edited = put(&doctor, &draft, json!({"steps": steps, "stands": stands})).await.ok();
        assert!(edited["questions"].as_array().unwrap().iter().all(|q| q["answered"] == true));
        assert_eq!(edited["plan"][0]["progress"]["planned"], 21);
        let done = activate(&doctor, &draft).await;
        assert_eq!(done["plan"][0]["timing"]["frequency"], 3);
        assert_eq!(patient.reminders("?to=2026-02-10T00:00:00Z").await.len(), 21);
    }

    /// A schedule that waits for something is proposed to a doctor who reviews, and reminds nobody
    /// where none does.
    async fn what_waits_for_something_reminds_nobody_unasked(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let note = "Restart apixaban 5 mg BID on postop day 2.";
        let submitted = doctor.submit(&patient, note).await;
        assert_eq!((&submitted["status"], &submitted["questions"][0]["about"]), (&json!("active"), &json!("timing")));
        assert_eq!(submitted["plan"][0]["action"], "Restart apixaban 5 mg BID on postop day 2");
        assert_eq!(submitted["plan"][0]["timing"], Value::Null);
        assert_eq!(patient.reminders("?to=2026-02-10T00:00:00Z").await, [Value::Null; 0]);

        let draft = draft(&doctor, &patient, note).await;
        assert_eq!(draft["plan"][0]["timing"]["frequency"], 2);
        let stands = json!([{"step_id": draft["plan"][0]["id"], "about": "timing"}]);
        put(&doctor, &draft, json!({"steps": steps(&draft), "stands": stands})).await.ok();
        activate(&doctor, &draft).await;
        assert_eq!(patient.reminders("?to=2026-02-03T00:00:00Z").await.len(), 2);
    }

    async fn an_edit_is_held_to_the_note_and_refused_whole(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let draft = draft(&doctor, &patient, "Take Drug A daily for 7 days.").await;
        let good = steps(&draft)[0].clone();
        let with = |field: &str, value: Value| {
            let mut step = good.clone();
            step[field] = value;
            json!([step])
        };
        for (steps, pointer) in [
            (with("evidence", "Take Drug B daily".into()), "/steps/0/evidence"),
            (with("id", patient.id().into()), "/steps/0/id"),
            (with("action", "".into()), "/steps/0/action"),
            (with("timing", json!({"frequency": 0})), "/steps/0/timing"),
            (with("timing", json!({"frequencie": 1})), "/steps/0/timing/frequencie"),
            (with("policy", "log".into()), "/steps/0/policy"),
            (with("kind", "checklist".into()), "/steps/0/timing"),
            (with("continues", patient.id().into()), "/steps/0/continues"),
            (json!([good, good]), "/steps/1/id"),
        ] {
            let refused = put(&doctor, &draft, json!({ "steps": steps })).await;
            assert_eq!(refused.problem(), (422, "invalid"), "{steps}");
            assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{}", refused.json);
        }
        assert_eq!(doctor.get(&path(&draft, "steps/")).await.ok(), draft);

        let added = json!({"kind": "checklist", "action": "Buy Drug A", "category": "medication"});
        let edited = put(&doctor, &draft, json!({"steps": [added, good]})).await.ok();
        assert_eq!((&edited["checklist"][0]["action"], &edited["plan"][0]["id"]), (&json!("Buy Drug A"), &good["id"]));
        let nothing = put(&doctor, &draft, json!({"steps": []})).await.ok();
        assert_eq!((nothing["plan"].as_array().unwrap().len(), &nothing["status"]), (0, &json!("draft")));
    }

    async fn a_step_goes_on_with_its_count_its_log_and_its_reasons(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let first = doctor.submit(&patient, "Take Drug A daily for 7 days. Walk daily for 20 minutes.").await;
        let old = first["plan"][0]["id"].clone();
        app.advance(Span::from_hours(4)).await;
        let due = patient.reminders("?status=due").await;
        let due = due.iter().find(|r| r["step_id"] == old).unwrap();
        let skipped = json!({"reminder_id": due["id"], "status": "skipped", "reason": "I felt sick"});
        patient.post("/api/check-in/", skipped).await.ok();
        app.advance(Span::from_days(1)).await;

        let draft = draft(&doctor, &patient, "Take Drug A daily for 10 days. Buy Drug C.").await;
        let mut steps = steps(&draft);
        steps[1]["continues"] = old.clone();
        let edited = put(&doctor, &draft, json!({ "steps": steps })).await.ok();
        assert_eq!(edited["changes"]["continues"][0]["id"], old);
        assert_eq!(edited["changes"]["stops"].as_array().unwrap().len(), 1);
        let done = activate(&doctor, &draft).await;
        assert_eq!(done["changes"]["continues"][0]["progress"]["skipped"], 1);
        assert_eq!(done["changes"]["continues"][0]["progress"]["planned"], 10);
        let reminders = patient.reminders("?status=skipped").await;
        assert_eq!((&reminders[0]["id"], &reminders[0]["reason"]), (&due["id"], &json!("I felt sick")));
        // Its next answers go on in the same log.
        let open = patient.reminders("?status=due").await;
        assert_eq!((open.len(), &open[0]["step_id"], &open[0]["ordinal"]), (1, &old, &json!(1)));
        patient.done(&open[0]).await.ok();
        let plan = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!((&plan["plan"][0]["id"], &plan["plan"][0]["progress"]["done"]), (&old, &json!(1)));

        // Read later, the note says what has become of its steps, and what it changed.
        let read = doctor.get(&path(&draft, "steps/")).await.ok();
        assert_eq!(read["plan"][0]["progress"]["done"], 1);
        let of = |answer: &Value| {
            ["stops", "starts", "continues"].map(|what| {
                let steps = answer["changes"][what].as_array().unwrap();
                steps.iter().map(|step| step["id"].clone()).collect::<Vec<_>>()
            })
        };
        assert_eq!(of(&read), of(&done));

        let other = self::draft(&doctor, &patient, "Take Drug A twice daily for 10 days.").await;
        let mut steps = self::steps(&other);
        steps[0]["continues"] = old;
        let refused = put(&doctor, &other, json!({ "steps": steps })).await;
        assert_eq!((refused.problem().0, &refused.json["errors"][0]["pointer"]), (422, &json!("/steps/0/continues")));
    }

    async fn a_step_that_is_not_to_go_on_after_all_begins_anew(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let first = doctor.submit(&patient, "Take Drug A daily for 7 days.").await;
        let old = first["plan"][0]["id"].clone();
        let draft = draft(&doctor, &patient, "Take Drug A daily for 10 days.").await;
        let mut steps = steps(&draft);
        steps[0]["continues"] = old.clone();
        let edited = put(&doctor, &draft, json!({ "steps": steps })).await.ok();
        let edited = put(&doctor, &draft, json!({ "steps": self::steps(&edited) })).await.ok();
        assert_ne!(edited["plan"][0]["id"], old);
        let done = activate(&doctor, &draft).await;
        assert_eq!(done["changes"]["stops"][0]["id"], old);
        assert_eq!(done["changes"]["continues"], json!([]));
    }

    async fn taken_back_within_a_minute_nothing_has_been(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let first = doctor.submit(&patient, "Take Drug A daily for 7 days. Buy Drug A.").await;
        app.advance(Span::from_hours(30)).await;
        let before = (seen(&patient).await, rows(&app).await);
        let draft = draft(&doctor, &patient, "Take Drug A daily for 10 days. Take Drug B daily for 5 days.").await;
        let mut steps = steps(&draft);
        steps[0]["continues"] = first["plan"][0]["id"].clone();
        put(&doctor, &draft, json!({ "steps": steps })).await.ok();
        activate(&doctor, &draft).await;
        assert_ne!(rows(&app).await, before.1);
        app.advance(Span::from_secs(50)).await;
        let undone = doctor.post(&path(&draft, "undo/"), json!({})).await.ok();
        assert_eq!((&undone["status"], undone["plan"].as_array().unwrap().len()), (&json!("draft"), 2));
        assert_eq!((seen(&patient).await, rows(&app).await), before);

        activate(&doctor, &draft).await;
        app.advance(Span::from_secs(61)).await;
        assert_eq!(doctor.post(&path(&draft, "undo/"), json!({})).await.problem(), (409, "too_late"));
        // A plan of another note can be answered at once, and then stays.
        let next = doctor.submit(&patient, "Take Drug C daily for 3 days. Buy Drug C.").await;
        let task = next["checklist"][0]["id"].as_str().unwrap();
        patient.post(&format!("/api/steps/{task}/complete/"), json!({"status": "done"})).await.ok();
        assert_eq!(doctor.post(&path(&next, "undo/"), json!({})).await.problem(), (409, "answered"));
    }

    async fn a_draft_is_its_doctors_alone(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let other = app.doctor("Edsger").await;
        patient.select(&other).await;
        let draft = draft(&doctor, &patient, "Take Drug A daily for 7 days.").await;
        for (method, what) in [
            (Method::GET, "steps/"), (Method::PUT, "steps/"), (Method::POST, "activate/"),
            (Method::POST, "undo/"), (Method::DELETE, ""),
        ] {
            let body = if method == Method::PUT { json!({"steps": []}) } else { json!({}) };
            let path = path(&draft, what);
            assert_eq!(other.json(method.clone(), &path, body.clone()).await.problem(), (404, "not_found"), "{path}");
            assert_eq!(patient.json(method.clone(), &path, body.clone()).await.problem(), (403, "forbidden"), "{path}");
            assert_eq!(app.anon().json(method, &path, body).await.problem(), (401, "unauthenticated"), "{path}");
        }
        assert_eq!(doctor.post(&path(&draft, "undo/"), json!({})).await.problem(), (409, "too_late"));
        assert_eq!(doctor.delete(&path(&draft, "")).await.status, 204);
        assert_eq!(doctor.get(&path(&draft, "steps/")).await.problem(), (404, "not_found"));
        let listed = doctor.get(&format!("/api/notes/?patient_id={}", patient.id())).await.ok();
        assert_eq!(listed["items"], json!([]));

        let left = self::draft(&doctor, &patient, "Take Drug A daily for 7 days.").await;
        patient.delete(&format!("/api/my-doctors/{}/", doctor.id())).await;
        assert_eq!(doctor.post(&path(&left, "activate/"), json!({})).await.problem(), (404, "not_found"));
    }

    async fn a_doctor_sets_what_becomes_of_their_notes(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        assert_eq!(doctor.get("/api/me/").await.ok()["note_mode"], "activate");
        assert!(patient.get("/api/me/").await.ok().get("note_mode").is_none());
        let review = json!({"note_mode": "review"});
        let refused = patient.json(Method::PATCH, "/api/me/", review.clone()).await;
        assert_eq!(refused.json["errors"][0]["pointer"], "/note_mode");
        doctor.json(Method::PATCH, "/api/me/", review).await.ok();
        assert_eq!(doctor.submit(&patient, "Buy Drug A.").await["status"], "draft");
        let body = json!({"patient_id": patient.id(), "note": "Buy Drug A.", "mode": "activate"});
        assert_eq!(doctor.post("/api/submit-notes/", body).await.ok()["status"], "active");
    }

    async fn a_doctor_says_how_patients_see_them(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let change = async |profile: Value| doctor.json(Method::PATCH, "/api/me/", json!({ "profile": profile })).await;
        let found = async || patient.get("/api/doctors/").await.ok()["items"].clone();
        let before = doctor.get("/api/me/").await.ok()["profile"].clone();
        assert_eq!((&before["searchable"], &before["approved"]), (&json!(true), &json!(true)));
        let now = change(json!({ "specialty": "Paediatrics", "bio": "Mondays" })).await.ok()["profile"].clone();
        assert_eq!((&now["specialty"], &now["bio"]), (&json!("Paediatrics"), &json!("Mondays")));
        assert_eq!(found().await[0]["specialty"], "Paediatrics");
        // Taken away, and found no more; who has the id chooses them anyway.
        let now = change(json!({ "bio": "", "searchable": false })).await.ok()["profile"].clone();
        assert_eq!((&now["specialty"], &now["bio"]), (&json!("Paediatrics"), &Value::Null));
        assert_eq!(found().await, json!([]));
        let by_id = patient.get(&format!("/api/doctors/?id={}", doctor.id())).await.ok();
        assert_eq!(by_id["items"][0]["id"], doctor.id());
        let eve = app.patient("Eve").await;
        assert_eq!(eve.post("/api/select-doctor/", json!({ "doctor_id": doctor.id() })).await.status, 201);
        let now = change(json!({ "phone": "+49 30 1234567" })).await.ok()["profile"].clone();
        assert_eq!(now["phone"], "+49 30 1234567");
        let wrong = change(json!({ "phone": "call me" })).await;
        assert_eq!(wrong.json["errors"][0]["pointer"], "/profile/phone");
        let long = change(json!({ "bio": "x".repeat(501) })).await;
        assert_eq!(long.json["errors"][0]["pointer"], "/profile/bio");
        let refused = patient.json(Method::PATCH, "/api/me/", json!({ "profile": {} })).await;
        assert_eq!(refused.json["errors"][0]["pointer"], "/profile");
        assert!(patient.get("/api/me/").await.ok().get("profile").is_none());
    }

    /// The later act wins: a draft written before another note replaces it when it is put into force.
    async fn a_draft_put_into_force_replaces_what_came_between(app: TestApp) {
        let (patient, doctor) = app.pair().await;
        let draft = draft(&doctor, &patient, "Take Drug A daily for 7 days.").await;
        doctor.submit(&patient, "Take Drug B daily for 7 days.").await;
        let done = activate(&doctor, &draft).await;
        assert_eq!(done["changes"]["stops"][0]["action"], "Take Drug B");
        let plan = patient.get("/api/actionable-steps/").await.ok();
        assert_eq!(plan["plan"].as_array().unwrap().len(), 1);
        assert_eq!(plan["plan"][0]["action"], "Take Drug A");
    }
}
