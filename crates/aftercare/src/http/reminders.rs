//! `GET /api/reminders/`: recorded past, computed future.

use super::{
    actor::Arriving,
    json::{Json, Params},
    notes::on_record,
    plan::{Reading, Wanted},
    problem::Problem,
    scope::Scope,
    view::{ReminderStatus, ReminderView, SealedReason},
    words::{Sealed, Words},
};
use crate::{
    app::App,
    audit::Action,
    plan::{Habits, Plan, PlanStep},
};
use aftercare_core::{
    course::{Occurrence, OccurrenceStatus, Window},
    id::{ReminderId, UserId},
    instant::{Instant, Span},
};
use aftercare_seal::bytes;
use aftercare_store::{
    check_in::{self, Reason},
    step::Task,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which reminders.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Due at or after (7 days ago).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Due before (in 30 days). At most 400 days after `from`.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Only those that stand so.
    status: Option<ReminderStatus>,
    /// For doctors: of which patient.
    #[param(value_type = Option<Uuid>)]
    patient_id: Option<UserId>,
}

/// Reminders in the order of their due times.
#[derive(Serialize, ToSchema)]
pub struct ReminderList {
    /// All of the interval.
    items: Vec<ReminderView>,
    /// Always null: the interval is the page.
    next_cursor: Option<String>,
    /// In a sealed session: the notes these stand in, to be opened on the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Sealed>,
}

/// List reminders
///
/// What has happened is on record, what is to come is computed: after a missed check-in the
/// extension is there at once.
#[utoipa::path(get, path = "/api/reminders/", tag = "Reminders and check-ins", security(("bearer" = [])), params(Which), responses(
    (status = 200, body = ReminderList), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn reminders(
    State(app): State<App>,
    arriving: Arriving,
    Params(which): Params<Which>,
) -> Result<Json<ReminderList>, Problem> {
    let now = app.now();
    let from = which.from.unwrap_or(now - Span::from_days(7));
    let to = which.to.unwrap_or_else(|| now.max(from) + Span::from_days(30));
    if to <= from {
        return Err(Problem::invalid_field("?to", "must be after `from`"));
    }
    if to - from > Span::from_days(400) {
        return Err(Problem::invalid_field("?to", "must be at most 400 days after `from`"));
    }
    let wanted = Wanted { patient: which.patient_id, since: from, live: false, now };
    let Reading { actor, mut tx, scope: Scope { patient, doctor }, plan, sealed, .. } =
        Reading::of(&app, arriving, wanted).await?;
    let skipped =
        |step: &PlanStep| step.occurrences().iter().any(|one| one.status == OccurrenceStatus::Skipped);
    let reasons = if plan.steps.iter().any(skipped) {
        check_in::reasons(&mut tx, patient, doctor, from).await?
    } else {
        Vec::new()
    };
    // A step that went on under a newer note keeps the reasons given under the older.
    let author = |reason: &Reason| plan.steps.iter().find(|step| step.row.id == reason.step_id);
    let older = reasons.iter().filter_map(|reason| Some((reason.note_id?, author(reason)?.row.doctor_id)));
    let notes = plan.notes().into_iter().chain(older).collect::<Vec<_>>();
    let words = Words::load_beside(&app, &mut tx, &actor, patient, &notes, sealed).await?;
    drop(tx);
    on_record(&app, &actor, patient, Action::PlanRead).await?;
    let all = plan.steps.iter().flat_map(|step| of_step(step, &plan.habits, &words, from, to, now));
    let wanted = all.filter(|item| which.status.is_none_or(|status| item.status == status));
    let mut items: Vec<_> = wanted.take(MOST + 1).collect();
    if items.len() > MOST {
        return Err(Problem::invalid_field("?to", "more than 5,000 reminders; ask for a shorter time"));
    }
    give_reasons(&mut items, &plan, &words, &reasons);
    items.sort_by_key(|item| (item.due_at, item.step_id));
    Ok(Json(ReminderList { items, next_cursor: None, envelopes: words.into_sealed() }))
}

/// Opens why occurrences were left out, or gives it as it is; of several reasons the last.
fn give_reasons(items: &mut [ReminderView], plan: &Plan, words: &Words, reasons: &[Reason]) {
    for item in items.iter_mut().filter(|item| item.status == ReminderStatus::Skipped) {
        let given = reasons.iter().rev().find(|r| r.step_id == item.step_id && r.ordinal == item.ordinal);
        let step = plan.steps.iter().find(|step| step.row.id == item.step_id);
        let Some((given, step)) = given.zip(step) else { continue };
        let note = given.note_id.unwrap_or(step.row.note_id);
        if let Some(open) = words.note(note) {
            item.reason = open.reason(note, given.check_in_id, &given.sealed);
        } else {
            let ct = bytes::encode(&given.sealed);
            item.sealed_reason = Some(SealedReason { note_id: note, id: given.check_in_id, ct });
        }
    }
}

/// At most so many in one answer.
const MOST: usize = 5_000;

/// A step's reminders due in an interval.
fn of_step(
    step: &PlanStep,
    habits: &Habits,
    words: &Words,
    from: Instant,
    to: Instant,
    now: Instant,
) -> Vec<ReminderView> {
    let action = words.step(step.row.note_id, step.row.id).map(|text| text.title.as_str());
    let show = ShowReminder { step, habits, action };
    let Some((course, replay)) = &step.course else {
        return show.task(now).into_iter().filter(|item| item.due_at >= from && item.due_at < to).collect();
    };
    let past = replay.occurrences.iter().filter(|o| o.due_at >= from && o.due_at < to);
    let past = past.map(|occurrence| show.happened(occurrence));
    let future = course.upcoming(replay).skip_while(|(_, window)| window.due_at < from);
    let future = future.take_while(|(_, window)| window.due_at < to);
    let future = future.map(|(ordinal, window)| show.upcoming(ordinal, window));
    past.chain(future).take(MOST + 1).collect()
}

/// What is needed to show a step's reminders.
pub(crate) struct ShowReminder<'a> {
    pub(crate) step: &'a PlanStep,
    pub(crate) habits: &'a Habits,
    pub(crate) action: Option<&'a str>,
}

impl ShowReminder<'_> {
    fn base(&self, ordinal: u32, due_at: Instant, status: ReminderStatus) -> ReminderView {
        let zone = self.habits.zone(due_at).clone();
        let planned = self.step.course.as_ref().map_or(Some(1), |(course, _)| course.planned());
        ReminderView {
            id: ReminderId::of(self.step.row.id, ordinal),
            step_id: self.step.row.id,
            ordinal,
            of: planned,
            due_at,
            due_local: due_at
                .timestamp()
                .to_zoned_datetime(zone)
                .strftime("%Y-%m-%dT%H:%M:%S%:z")
                .to_string(),
            closes_at: None,
            status,
            action: self.action.map(str::to_owned),
            extension: planned.is_some_and(|planned| ordinal >= planned),
            on_time: None,
            answered_at: None,
            reason: None,
            sealed_reason: None,
        }
    }

    /// One that has happened.
    pub(crate) fn happened(&self, occurrence: &Occurrence) -> ReminderView {
        ReminderView {
            closes_at: Some(occurrence.closes_at),
            on_time: occurrence.on_time,
            answered_at: occurrence.answered_at,
            ..self.base(occurrence.ordinal, occurrence.due_at, occurrence.status.into())
        }
    }

    /// One still to come.
    pub(crate) fn upcoming(&self, ordinal: u32, window: Window) -> ReminderView {
        ReminderView {
            closes_at: Some(window.closes_at),
            ..self.base(ordinal, window.due_at, ReminderStatus::Upcoming)
        }
    }

    /// A task's due date, if it has one.
    pub(crate) fn task(&self, now: Instant) -> Option<ReminderView> {
        let row = &self.step.row;
        let due_at = row.due_at?;
        let status = match row.task {
            Task::Done => ReminderStatus::Done,
            Task::Skipped => ReminderStatus::Skipped,
            Task::Open if row.superseded_at.is_some() => ReminderStatus::Cancelled,
            Task::Open if due_at <= now => ReminderStatus::Due,
            Task::Open => ReminderStatus::Upcoming,
        };
        Some(ReminderView { answered_at: row.answered_at, ..self.base(0, due_at, status) })
    }
}
