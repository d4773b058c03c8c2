//! People and plans by the hundred thousand, for measuring: rows as the product writes them, written in bulk.

use crate::{
    StoreError, Tx,
    channel::{self, Channel, ChannelKind, ChannelState},
    code,
    many::insert_many,
    sql::{execute, fetch_one, fetch_postgres},
};
use aftercare_core::{
    course::{Occurrence, Policy},
    id::{Bucket, ChannelId, StepId, UserId},
    instant::Instant,
    step::Kind,
};
use uuid::Uuid;

/// A step of somebody who is made up.
#[derive(Clone, Debug)]
pub struct Made {
    /// Whose.
    pub patient_id: UserId,
    /// Which.
    pub step_id: StepId,
    /// Its schedule.
    pub timing: String,
    /// When it came into force.
    pub activated_at: Instant,
}

/// Whether anybody has an account: nobody measures among people.
pub async fn is_inhabited(tx: &mut Tx) -> Result<bool, StoreError> {
    let row = fetch_one!(tx, (Uuid,), "-- crowd::is_inhabited\nselect id from person limit 1")?;
    Ok(row.is_some())
}

/// Adds patients who can sign in nowhere, in one zone and with one set of times of day (JSON).
pub async fn people(
    tx: &mut Tx,
    people: &[UserId],
    zone: &str,
    anchors: &str,
    now: Instant,
) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- crowd::people
        insert into person (bucket, id, role, state, name, email, created_at, auth_scheme, salt, kdf_m, kdf_t, kdf_p, verifier, stamp)",
        people,
        |one| [
            Bucket::of(*one).get(),
            one.0,
            0_i16,
            0_i16,
            "Somebody",
            [0_u8; 40].as_slice(),
            now.as_micros(),
            1_i16,
            [0_u8; 16].as_slice(),
            0,
            0,
            0,
            [0_u8; 32].as_slice(),
            0
        ],
        ""
    )?;
    insert_many!(
        tx,
        "-- crowd::people regimes\ninsert into regime (bucket, person_id, from_at, time_zone, anchors)",
        people,
        |one| [Bucket::of(*one).get(), one.0, 0_i64, zone, anchors],
        ""
    )
}

/// Adds steps out of no note.
pub async fn steps(tx: &mut Tx, steps: &[Made]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- crowd::steps
        insert into step (bucket, id, note_id, patient_id, doctor_id, position, kind, state, timing, policy, activated_at)",
        steps,
        |one| [
            Bucket::of(one.patient_id).get(),
            one.step_id.0,
            Uuid::nil(),
            one.patient_id.0,
            Uuid::nil(),
            0_i16,
            code::kind(Kind::Plan),
            0_i16,
            one.timing.as_str(),
            code::policy(Policy::Skip),
            one.activated_at.as_micros()
        ],
        ""
    )
}

/// Gives people a channel each, to any HTTP service, with the person's own id; its target is sealed.
pub async fn channels(
    tx: &mut Tx,
    channels: impl IntoIterator<Item = (UserId, Vec<u8>)>,
    now: Instant,
) -> Result<(), StoreError> {
    for (user_id, target) in channels {
        let channel = Channel {
            id: ChannelId(user_id.0),
            user_id,
            kind: ChannelKind::Http,
            state: ChannelState::Live,
            place: 0,
            name: "here".to_owned(),
            target,
            secret_hash: None,
            created_at: now,
            handed_at: None,
            reached_at: None,
            failing_since: None,
            fault: None,
        };
        channel::insert(tx, &channel).await?;
    }
    Ok(())
}

/// Adds what has happened of steps: occurrences that were all done when they fell due.
pub async fn done(tx: &mut Tx, happened: &[(&Made, &Occurrence)]) -> Result<(), StoreError> {
    insert_many!(
        tx,
        "-- crowd::done
        insert into occurrence (bucket, due_at, step_id, ordinal, patient_id, closes_at, status, recorded_at)",
        happened,
        |one| [
            Bucket::of(one.0.patient_id).get(),
            one.1.due_at.as_micros(),
            one.0.step_id.0,
            i32::try_from(one.1.ordinal).unwrap_or(i32::MAX),
            one.0.patient_id.0,
            one.1.closes_at.as_micros(),
            code::occurrence(one.1.status),
            one.1.due_at.as_micros()
        ],
        ""
    )?;
    insert_many!(
        tx,
        "-- crowd::done answers
        insert into check_in (bucket, step_id, id, patient_id, ordinal, status, at, recorded_at)",
        happened,
        |one| [
            Bucket::of(one.0.patient_id).get(),
            one.0.step_id.0,
            Uuid::from_u128(u128::from(one.1.ordinal)),
            one.0.patient_id.0,
            i32::try_from(one.1.ordinal).unwrap_or(i32::MAX),
            0_i16,
            one.1.due_at.as_micros(),
            one.1.due_at.as_micros()
        ],
        ""
    )
}

/// How much PostgreSQL has written to its log, in bytes; `None` on SQLite.
pub async fn logged(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let rows =
        fetch_postgres!(tx, (i64,), "-- crowd::logged\nselect (pg_current_wal_lsn() - '0/0')::bigint")?;
    Ok(rows.first().map(|row: &(i64,)| row.0))
}

/// Leaves a database as it is some time after it was filled: on the disk, and known to its planner.
pub async fn settle(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(held) = tx {
        // As long as it takes.
        for statement in ["vacuum (analyze)", "checkpoint"] {
            held.batch(statement).await?;
        }
    }
    Ok(())
}

/// Takes the snapshot of a transaction that reads, and holds it however long nothing is asked: rows that are taken away are
/// kept for it.
pub async fn hold(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(_) = tx {
        execute!(tx, "-- crowd::hold\nset local idle_in_transaction_session_timeout = 0")?;
    }
    is_inhabited(tx).await?;
    Ok(())
}
