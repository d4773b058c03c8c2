//! How rows lie in PostgreSQL: what is written again has room where it lies.

use aftercare_core::{
    announce::Open,
    course::{Occurrence, OccurrenceStatus},
    id::{NoteId, StepId, UserId},
    instant::{Instant, Span},
};
use aftercare_store::{
    Store, envelope,
    note::{Note, NoteState},
    occurrence,
    open_reminder::{self, OpenReminder},
    testing,
};
use uuid::Uuid;

const PATIENT: UserId = UserId(Uuid::from_u128(1));
/// So many rows are written, on several pages.
const ROWS: u32 = 500;

fn day(n: i64) -> Instant {
    Instant::from_micros(1_770_000_000_000_000) + Span::from_days(n)
}

fn step(n: u32) -> StepId {
    StepId(Uuid::from_u128(u128::from(n)))
}

/// A PostgreSQL whose rows lie on itself.
async fn store() -> Option<Store> {
    if std::env::var_os("CITUS").is_some() {
        return None;
    }
    Some(testing::store(testing::On::Postgres, std::path::Path::new("")).await)
}

#[tokio::test]
async fn what_is_written_twice_touches_no_index_again() {
    let Some(store) = store().await else { return };
    let mut tx = store.write().await.unwrap();
    for status in [OccurrenceStatus::Due, OccurrenceStatus::Missed] {
        let occurrence = Occurrence {
            ordinal: 0,
            due_at: day(0),
            closes_at: day(1),
            status,
            on_time: None,
            answered_at: None,
            cause: None,
        };
        let rows: Vec<_> = (0..ROWS).map(|n| (PATIENT, step(n), &occurrence)).collect();
        occurrence::put(&mut tx, &rows, day(1)).await.unwrap();
    }
    for n in 0..2 {
        let open = Open {
            due_at: day(n),
            closes_at: day(n + 1),
            once: false,
            said: 0,
            said_at: None,
            snoozed_until: None,
        };
        let reminder = |of| OpenReminder { patient_id: PATIENT, step_id: step(of), ordinal: 0, open };
        open_reminder::put(&mut tx, &(0..ROWS).map(reminder).collect::<Vec<_>>()).await.unwrap();
    }
    for table in ["occurrence", "open_reminder"] {
        let updated = format!(
            "select n_tup_upd * 1000 + n_tup_hot_upd from pg_stat_xact_user_tables where relid = '{table}'::regclass"
        );
        // All of them, and all where they lie.
        assert_eq!(testing::number(&mut tx, &updated).await, i64::from(ROWS) * 1001, "{table}");
    }
}

#[tokio::test]
async fn a_note_lies_in_its_row() {
    let Some(store) = store().await else { return };
    let mut tx = store.write().await.unwrap();
    let note = Note {
        id: NoteId(Uuid::from_u128(3)),
        patient_id: PATIENT,
        doctor_id: UserId(Uuid::from_u128(2)),
        state: NoteState::Live,
        ticket: 1,
        created_at: day(0),
        provider: "rules".to_owned(),
        model: "1".to_owned(),
        fallback: false,
        superseded_at: None,
        superseded_by: None,
        activated_at: Some(day(0)),
        received_at: None,
        read_at: None,
    };
    // Nothing that could be written shorter.
    let mixed = |n: u64| (n * n * n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0];
    let body: Vec<u8> = (0..6_000).map(mixed).collect();
    envelope::add(&mut tx, &note, 1, &body, "[]").await.unwrap();
    assert_eq!(envelope::newest(&mut tx, PATIENT, note.id).await.unwrap(), Some(body));
    let beside = "select pg_relation_size(reltoastrelid) from pg_class where oid = 'envelope'::regclass";
    assert_eq!(testing::number(&mut tx, beside).await, 0);
}
