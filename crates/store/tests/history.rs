//! What a patient had before is not read for what they have now, where PostgreSQL knows nothing of its tables yet: then of
//! two ways that look alike it takes either, and keeps to it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::{
    course::Policy,
    id::{NoteId, StepId, UserId},
    instant::{Instant, Span},
    step::Kind,
};
use aftercare_store::{
    Store, Tx, due, envelope,
    grant::{self, GrantRow},
    note::{self, Note, NoteState},
    open_reminder, plan,
    step::{self, StepRow, Task},
    testing,
};
use uuid::Uuid;

const PATIENT: UserId = UserId(Uuid::from_u128(1));
const DOCTOR: UserId = UserId(Uuid::from_u128(2));
/// To whom all of the doctor's notes are opened.
const SUCCESSOR: UserId = UserId(Uuid::from_u128(3));
/// So many notes came before the one in force.
const BEFORE: u32 = 300;
/// What a question may read, of all tables: the row that it is about, and how it was found.
const FEW: i64 = 6;
/// So many rows this transaction has read, found or not.
const READ: &str = "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_xact_user_tables";

fn now() -> Instant {
    Instant::from_micros(1_770_000_000_000_000)
}

fn note(n: u32) -> Note {
    let at = now() - Span::from_minutes((BEFORE - n).into());
    let over = (n < BEFORE).then_some(at);
    Note {
        id: NoteId(Uuid::from_u128(100 + u128::from(n))),
        patient_id: PATIENT,
        doctor_id: DOCTOR,
        state: if over.is_some() { NoteState::Superseded } else { NoteState::Live },
        ticket: n.into(),
        created_at: at,
        provider: "rules".to_owned(),
        model: "1".to_owned(),
        fallback: false,
        superseded_at: over,
        superseded_by: None,
        activated_at: Some(at),
        received_at: None,
        read_at: None,
    }
}

fn step(note: &Note) -> StepRow {
    StepRow {
        id: StepId(note.id.0),
        note_id: note.id,
        patient_id: PATIENT,
        doctor_id: DOCTOR,
        position: 0,
        kind: Kind::Checklist,
        task: Task::Open,
        timing: None,
        policy: Policy::Skip,
        activated_at: note.created_at,
        due_at: None,
        answered_at: None,
        superseded_at: note.superseded_at,
        superseded_by: None,
        attention: 0,
        paused_until: None,
        folded: None,
    }
}

async fn filled() -> Store {
    let store = testing::store(testing::On::Postgres, std::path::Path::new("")).await;
    let mut tx = store.write().await.unwrap();
    for n in 0..=BEFORE {
        let note = note(n);
        note::insert(&mut tx, &note).await.unwrap();
        envelope::add(&mut tx, &note, i64::from(n) + 1, &[7; 100], "[]").await.unwrap();
        step::insert(&mut tx, &[&step(&note)]).await.unwrap();
        let to_successor = GrantRow {
            note_id: note.id,
            patient_id: PATIENT,
            recipient_id: SUCCESSOR,
            recipient_kid: vec![3; 32],
            by_id: DOCTOR,
            body: b"{}".to_vec(),
            created_at: note.created_at,
        };
        grant::put(&mut tx, &to_successor).await.unwrap();
    }
    tx.commit().await.unwrap();
    store
}

#[tokio::test]
async fn what_is_over_is_not_read() {
    if std::env::var_os("CITUS").is_some() {
        // It counts what its machines have read, and not for us.
        return;
    }
    let store = filled().await;
    let live = note(BEFORE).id;
    let ever = Instant::from_micros(i64::MAX);
    macro_rules! reads_few {
        ($what:literal, |$tx:ident| $ask:expr) => {{
            let mut tx = store.write().await.unwrap();
            let before = testing::number(&mut tx, READ).await;
            let $tx: &mut Tx = &mut tx;
            $ask;
            let read = testing::number(&mut tx, READ).await - before;
            assert!(read <= FEW, "{}: {read} rows", $what);
        }};
    }
    reads_few!("the plan", |tx| {
        let asked = plan::rows(tx, PATIENT, Some(DOCTOR), ever, None).await.unwrap();
        assert_eq!(asked.answer(tx).await.unwrap().steps.len(), 1);
    });
    reads_few!("the plan with its notes", |tx| {
        let asked = plan::rows(tx, PATIENT, Some(DOCTOR), ever, Some(PATIENT)).await.unwrap();
        assert_eq!(asked.answer(tx).await.unwrap().sealed.len(), 1);
    });
    reads_few!("its wakes", |tx| {
        due::since_of_plan(tx, PATIENT, DOCTOR, now()).await.unwrap().answer(tx).await.unwrap();
    });
    reads_few!("the note in force, sealed", |tx| {
        let asked = envelope::live(tx, PATIENT, DOCTOR).await.unwrap();
        assert_eq!(asked.answer(tx).await.unwrap().len(), 1);
    });
    reads_few!("a note's envelope", |tx| {
        assert_eq!(envelope::some(tx, PATIENT, &[live], PATIENT).await.unwrap().len(), 1);
    });
    reads_few!("the same, opened to somebody who has many", |tx| {
        let given = envelope::some(tx, PATIENT, &[live], SUCCESSOR).await.unwrap();
        assert_eq!(given[0].grants.len(), 1);
    });
    reads_few!("that alone", |tx| {
        assert!(envelope::newest(tx, PATIENT, live).await.unwrap().is_some());
    });
    reads_few!("a note", |tx| assert!(note::get(tx, PATIENT, live).await.unwrap().is_some()));
    reads_few!("the note in force", |tx| {
        assert!(note::live(tx, PATIENT, DOCTOR).await.unwrap().answer(tx).await.unwrap().is_some());
    });
    reads_few!("a note's steps", |tx| {
        assert_eq!(step::of_note(tx, PATIENT, live).await.unwrap().len(), 1);
    });
    reads_few!("a step", |tx| {
        let asked = step::get(tx, PATIENT, StepId(live.0)).await.unwrap();
        assert!(asked.answer(tx).await.unwrap().is_some());
    });
    reads_few!("the end of a plan", |tx| {
        step::supersede(tx, PATIENT, live, now(), live).await.unwrap();
    });
}

/// To whom a note is not, it is not given.
#[tokio::test]
async fn a_note_is_given_for_its_patient_alone() {
    let store = filled().await;
    let mut tx = store.read().await.unwrap();
    // Somebody of the same bucket, so that the row itself is found.
    let bucket = aftercare_core::id::Bucket::of(PATIENT);
    let other = (3..100_000)
        .map(|n| UserId(Uuid::from_u128(n)))
        .find(|id| aftercare_core::id::Bucket::of(*id) == bucket);
    let found = envelope::some(&mut tx, other.unwrap(), &[note(BEFORE).id], DOCTOR).await.unwrap();
    assert!(found.is_empty());
}

/// A plan is kept for a few rows, and made anew for many: one of an empty table would compare each with each.
#[tokio::test]
async fn what_goes_over_many_rows_is_planned_for_them() {
    if std::env::var_os("CITUS").is_some() {
        // There every statement is planned by its values.
        return;
    }
    let store = testing::store(testing::On::Postgres, std::path::Path::new("")).await;
    let mut tx = store.write().await.unwrap();
    for (people, kept, anew) in [(3, 1, 0), (16, 2, 0), (17, 2, 1), (3, 2, 2)] {
        let people: Vec<_> = (0..people).map(|n| UserId(Uuid::from_u128(n))).collect();
        open_reminder::of_people(&mut tx, &people).await.unwrap().answer(&mut tx).await.unwrap();
        for (how, times) in [("generic", kept), ("custom", anew)] {
            let sql = format!(
                "select {how}_plans from pg_prepared_statements where statement like '-- open_reminder::of_people%'"
            );
            assert_eq!(testing::number(&mut tx, &sql).await, times, "{how} for {}", people.len());
        }
    }
}
