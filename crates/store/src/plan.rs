//! All that a plan is replayed out of, in one statement: a plan is what is read most, and a statement more costs more than
//! what it finds.

use crate::{
    Asked, StoreError, Tx, check_in,
    envelope::{self, Sealed, SealedRow},
    regime::RegimeRow,
    row::{Columns, FromRow},
    service::Outages,
    sql::ask_all,
    step::{self, StepRow},
};
use aftercare_core::{
    course::Answer,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// What a plan is replayed out of.
#[derive(Debug, Default)]
pub struct PlanRows {
    /// The steps, in the order of notes and places.
    pub steps: Vec<StepRow>,
    /// What was answered of them, in the order in which it was given.
    pub answers: Vec<(StepId, Answer)>,
    /// The person's regimes, in order.
    pub regimes: Vec<RegimeRow>,
    /// The outages of the service.
    pub outages: Outages,
    /// The steps' notes as they lie there for a reader, where there is one.
    pub sealed: Vec<Sealed>,
}

/// A row of one kind. First stands which it is, then an instant or two, then the columns of each kind, empty in all others.
enum Part {
    Step(step::Row),
    Answer(Uuid, check_in::Row),
    Regime(RegimeRow),
    Outage(i64, Option<i64>),
    Sealed(SealedRow),
}

impl FromRow for Part {
    fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
        let (which, at, until): (i32, i64, Option<i64>) = FromRow::read(row)?;
        Ok(match which {
            0 => Self::Outage(at, until),
            1 => {
                let (id, step, ordinal, status, cause) = FromRow::read(row)?;
                Self::Answer(id, (step, ordinal, status, at, until.unwrap_or(at), cause))
            }
            2 => {
                row.skip(5);
                Self::Regime(RegimeRow { from: at.into(), time_zone: row.next()?, anchors: row.next()? })
            }
            3 => {
                row.skip(7);
                let (note, patient, body, granted) = FromRow::read(row)?;
                Self::Sealed((note, at, body, granted, patient))
            }
            _ => {
                row.skip(11);
                Self::Step(FromRow::read(row)?)
            }
        })
    }
}

/// Columns that are empty in a row.
macro_rules! no {
    (answer) => {
        "null, null, null, null, null, "
    };
    (regime) => {
        "null, null, "
    };
    (note) => {
        "null, null, null, null, "
    };
    (step) => {
        "null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null "
    };
}

/// The text of the question, and what more is asked.
macro_rules! rows {
    ($name:literal, $($more:expr),*) => {
        concat!(
            "-- plan::",
            $name,
            "
        with mine as (
          select id, note_id, doctor_id, position, kind, state, timing, policy, activated_at, due_at, answered_at, superseded_at,
            superseded_by, attention, paused_until, folded
          from step where bucket = $1 and patient_id = $2 and (doctor_id = $3 or $3 is null)
            and coalesce(superseded_at, 9223372036854775807) >= $4)
        select 4, activated_at, due_at, cast(null as uuid), cast(null as uuid), cast(null as integer), cast(null as smallint),
          cast(null as smallint), cast(null as text), cast(null as text), cast(null as uuid), cast(null as uuid),
          cast(null as bytea), cast(null as bytea), mine.* from mine
        union all select 0, from_at, to_at, ",
            no!(answer),
            no!(regime),
            no!(note),
            no!(step),
            "from outage
        union all select 0, at, null, ",
            no!(answer),
            no!(regime),
            no!(note),
            no!(step),
            "from heartbeat
        union all select 1, at, recorded_at, check_in.id, step_id, ordinal, status, cause, ",
            no!(regime),
            no!(note),
            no!(step),
            "from mine join check_in on check_in.bucket = $1 and check_in.step_id = mine.id
        union all select 2, from_at, null, ",
            no!(answer),
            "time_zone, anchors, ",
            no!(note),
            no!(step),
            "from regime where bucket = $1 and person_id = $2"
            $(, $more)*
        )
    };
}

/// That of a patient's steps, of one doctor or of all: of those in force, and of those that were still in force at `since`;
/// with their notes for a reader, where one is given. Steps are asked for in the words of the index `step_in_force`.
pub async fn rows(
    tx: &mut Tx,
    patient: UserId,
    doctor: Option<UserId>,
    since: Instant,
    reader: Option<UserId>,
) -> Result<Asked<PlanRows>, StoreError> {
    let (bucket, doctor, since) = (Bucket::of(patient).get(), doctor.map(|id| id.0), since.as_micros());
    let read = move |rows| gather(rows, patient);
    match reader {
        None => ask_all!(tx, Part, rows!("rows",), [bucket, patient.0, doctor, since], read),
        Some(reader) => ask_all!(
            tx,
            Part,
            rows!(
                "with_notes",
                "
        union all select 3, envelope.seq, null, ",
                no!(answer),
                no!(regime),
                "envelope.note_id, envelope.patient_id, envelope.body, note_grant.body, ",
                no!(step),
                "from (select distinct note_id from mine) as wanted
          join envelope on envelope.bucket = $1 and envelope.note_id = wanted.note_id
          left join note_grant on note_grant.bucket = $1 and note_grant.note_id = envelope.note_id
            and note_grant.recipient_id = $5"
            ),
            [bucket, patient.0, doctor, since, reader.0],
            read
        ),
    }
}

fn gather(parts: Vec<Part>, patient: UserId) -> Result<PlanRows, StoreError> {
    let mut rows = PlanRows::default();
    let (mut answers, mut outages, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Step(row) => rows.steps.push(row.read(patient)?),
            Part::Answer(id, row) => answers.push((id, check_in::read(row)?)),
            Part::Regime(row) => rows.regimes.push(row),
            Part::Outage(from, to) => outages.push((from, to)),
            Part::Sealed(row) => sealed.push(row),
        }
    }
    rows.steps.sort_by_key(|step| (step.note_id, step.position));
    answers.sort_by_key(|(id, (_, answer))| (answer.recorded_at, *id));
    rows.answers = answers.into_iter().map(|(_, answer)| answer).collect();
    rows.regimes.sort_by_key(|regime| regime.from);
    rows.outages = Outages::of(outages);
    sealed.sort_by_key(|(note, seq, ..)| (*note, *seq));
    rows.sealed = envelope::gather(sealed, patient);
    Ok(rows)
}
