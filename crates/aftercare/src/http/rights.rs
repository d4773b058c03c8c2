//! A person's rights: to take everything of theirs out, and to have it erased.

use super::{
    actor::{Account, Actor, Reader},
    audit::{EventView, event_views},
    credentials::Proof,
    json::Json,
    me::{Me, me},
    notes::NoteView,
    notes::on_record,
    problem::Problem,
    scope::scope,
    second_factor::{Factors, factors},
    view::{Show, StepView},
    words::{Sealed, Words},
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    plan::Plan,
};
use aftercare_core::{
    access::Act,
    course::{Answer, AnswerStatus},
    id::{NoteId, StepId, UserId},
    instant::Instant,
    people::Role,
};
use aftercare_store::{Tx, audit as rows, care, erase, note, person_lock};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An answer to a reminder, as it was given.
#[derive(Serialize, ToSchema)]
pub struct AnswerView {
    /// Of which step.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// Of which occurrence, from 0.
    ordinal: u32,
    /// `done` or `skipped`.
    #[schema(value_type = String)]
    status: AnswerStatus,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Instant,
}

/// Everything of a patient that one person may read.
#[derive(Serialize, ToSchema)]
pub struct Chart {
    /// The patient.
    #[schema(value_type = Uuid)]
    patient_id: UserId,
    /// Notes, newest first.
    notes: Vec<NoteView>,
    /// Steps, those that were replaced too.
    steps: Vec<StepView>,
    /// Answers, in the order they were given.
    answers: Vec<AnswerView>,
    /// In a sealed session: the notes, to be opened on the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Sealed>,
}

/// Everything of one's own.
#[derive(Serialize, ToSchema)]
pub struct Export {
    /// When it was taken out.
    #[schema(value_type = String, format = DateTime)]
    exported_at: Instant,
    /// The account.
    account: Me,
    /// What is asked for at sign-in beside the password.
    factors: Factors,
    /// A patient's doctors, past and present.
    #[schema(value_type = Vec<Uuid>)]
    doctors: Vec<UserId>,
    /// A patient's own chart; a doctor's part of those of their patients.
    charts: Vec<Chart>,
    /// The record of what happened, newest first.
    record: Vec<EventView>,
}

/// Take out everything of one's own
///
/// As JSON: account, notes, steps, answers, and the record of what happened.
#[utoipa::path(get, path = "/api/me/export/", tag = "Accounts", security(("bearer" = [])), responses(
    (status = 200, body = Export), (status = 401, description = "`step_up_required`", body = Problem)))]
pub async fn export(State(app): State<App>, actor: Actor, reader: Reader) -> Result<Json<Export>, Problem> {
    actor.signed_in_recently(&app)?;
    let mut tx = app.store.write().await?;
    audit::record(&app, &mut tx, Event::own(actor.id, Action::Exported)).await?;
    tx.commit().await?;

    let mut tx = app.store.read().await?;
    let (mut charts, mut exported) = (Vec::new(), Vec::new());
    let patients = match actor.role {
        Role::Patient => vec![(actor.id, None)],
        Role::Doctor => {
            let all = care::ever_in_caseload(&mut tx, actor.id).await?;
            all.into_iter().map(|patient| (patient, Some(actor.id))).collect()
        }
    };
    for (patient, doctor) in patients {
        charts.push(chart(&app, &mut tx, &actor, (patient, doctor), reader).await?);
        exported.push(patient);
    }
    let doctors = match actor.role {
        Role::Patient => care::ever_of_patient(&mut tx, actor.id).await?,
        Role::Doctor => Vec::new(),
    };
    let record = rows::newest(&mut tx, actor.id, None, i64::MAX).await?;
    let export = Export {
        exported_at: app.now(),
        account: me(&app, &mut tx, &actor).await?,
        factors: factors(&mut tx, &actor).await?,
        doctors,
        charts,
        record: event_views(&mut tx, record).await?,
    };
    drop(tx);
    for patient in exported {
        on_record(&app, &actor, patient, Action::Exported).await?;
    }
    Ok(Json(export))
}

async fn chart(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (patient, doctor): (UserId, Option<UserId>),
    reader: Reader,
) -> Result<Chart, Problem> {
    let now = app.now();
    let ever = Instant::from_micros(i64::MIN);
    let notes = note::list(tx, patient, doctor, false, None, i64::MAX).await?;
    let of_notes = notes.iter().map(|note| (note.id, note.doctor_id));
    // A doctor the patient has left has what they wrote, and nothing of what became of it.
    let (plan, logs): (_, Vec<(StepId, Vec<Answer>)>) =
        match scope(tx, actor, Some(patient), Act::ReadPlan).await {
            Ok(_) => {
                let asked = Plan::ask(tx, patient, doctor, ever, None).await?;
                let (plan, sources) = asked.with_sources(tx, now).await?;
                let ids: Vec<_> = plan.steps.iter().map(|step| step.row.id).collect();
                (Some(plan), ids.into_iter().zip(sources.answers).collect())
            }
            Err(problem) if problem.status() == 404 => (None, Vec::new()),
            Err(problem) => return Err(problem),
        };
    let of_plan = plan.iter().flat_map(Plan::notes);
    let ids: Vec<(NoteId, UserId)> = of_notes.chain(of_plan).collect();
    let words = Words::load(app, tx, actor, patient, &ids).await?;
    let show =
        |plan: &Plan| Show { habits: &plan.habits, language: reader.0, now }.steps(&plan.steps, &words);
    let steps = plan.as_ref().map_or_else(Vec::new, show);
    let answers =
        logs.into_iter().flat_map(|(step_id, log)| log.into_iter().map(move |answer| (step_id, answer)));
    let answers = answers.map(|(step_id, answer)| AnswerView {
        step_id,
        ordinal: answer.ordinal,
        status: answer.status,
        at: answer.at,
        recorded_at: answer.recorded_at,
    });
    let text = |id| words.note(id).map(|open| open.text.clone());
    Ok(Chart {
        patient_id: patient,
        notes: notes.iter().map(|note| NoteView::of(note, text(note.id))).collect(),
        steps,
        answers: answers.collect(),
        envelopes: words.into_sealed(),
    })
}

/// The end of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// The password as it is.
    current: Proof,
}

/// Erase one's own account
///
/// A patient's with everything that was ever written about them. What a doctor wrote stays with their
/// patients, under the doctor's name; the account and everything else of it goes. It cannot be undone.
#[utoipa::path(delete, path = "/api/me/", tag = "Accounts", security(("bearer" = [])), request_body = Erase, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem), (status = 422, body = Problem)))]
pub async fn erase_me(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<Erase>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    let person = body.current.check(&app, &actor).await?.person;
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    app.opened.end_of(actor.id);
    match actor.role {
        Role::Patient => erase::patient(&mut tx, actor.id).await?,
        Role::Doctor => {
            let patients = care::caseload(&mut tx, actor.id).await?;
            erase::doctor(&mut tx, actor.id, &person.name, app.now()).await?;
            for patient in patients {
                let event = Event::by(actor.id, patient, Action::DoctorErased);
                audit::record(&app, &mut tx, event).await?;
            }
        }
    }
    // In the service's own chain, naming nobody: that somebody was erased, and when.
    let nobody = app.master.digest("erased", &[actor.id.as_bytes()]).0;
    let object = Uuid::from_slice(&nobody[..16]).map_err(Problem::internal)?;
    let event = Event::own(UserId(Uuid::nil()), Action::Erased).anonymous().on(object);
    audit::record(&app, &mut tx, event).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
