//! A plan's rows are of five kinds in one statement: each is read as what it is, in its order, on both engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::{
    course::{Answer, AnswerStatus, Outage, Policy},
    id::{CheckInId, NoteId, StepId, UserId},
    instant::{Instant, Span},
    step::Kind,
};
use aftercare_store::{
    Store, check_in, envelope,
    grant::{self, GrantRow},
    note::{self, Note, NoteState},
    on_both_engines,
    plan::{self, PlanRows},
    regime::{self, RegimeRow},
    service,
    step::{self, StepRow, Task},
};
use uuid::Uuid;

const PATIENT: UserId = UserId(Uuid::from_u128(1));
const SOMEBODY: UserId = UserId(Uuid::from_u128(2));
const DOCTORS: [UserId; 2] = [UserId(Uuid::from_u128(3)), UserId(Uuid::from_u128(4))];

fn at(minutes: i64) -> Instant {
    Instant::from_micros(1_770_000_000_000_000) + Span::from_minutes(minutes)
}

fn note(n: u128, doctor: UserId, over: Option<Instant>) -> Note {
    Note {
        id: NoteId(Uuid::from_u128(n)),
        patient_id: PATIENT,
        doctor_id: doctor,
        state: if over.is_some() { NoteState::Superseded } else { NoteState::Live },
        ticket: 1,
        created_at: at(0),
        provider: "rules".to_owned(),
        model: "1".to_owned(),
        fallback: false,
        superseded_at: over,
        superseded_by: None,
        activated_at: Some(at(0)),
        received_at: None,
        read_at: None,
    }
}

fn step(note: &Note, position: i16) -> StepRow {
    StepRow {
        id: StepId(Uuid::from_u128(note.id.0.as_u128() * 10 + u128::from(position.unsigned_abs()))),
        note_id: note.id,
        patient_id: PATIENT,
        doctor_id: note.doctor_id,
        position,
        kind: Kind::Plan,
        task: Task::Open,
        timing: Some(format!("{{\"{position}\":1}}")),
        policy: Policy::Extend,
        activated_at: at(0),
        due_at: None,
        answered_at: None,
        superseded_at: note.superseded_at,
        superseded_by: None,
        attention: 0,
        paused_until: None,
        folded: None,
    }
}

fn answer(ordinal: u32, recorded: i64) -> Answer {
    let (given, recorded_at) = (at(recorded - 1), at(recorded));
    Answer { ordinal, status: AnswerStatus::Done, at: given, recorded_at, cause: None }
}

/// Notes 1 (over) and 2 (in force) of the first doctor, 3 of the second; a step at places 0 and 1 of each; answers,
/// times of day, an outage.
async fn filled(store: &Store) {
    let mut tx = store.write().await.unwrap();
    for note in [note(1, DOCTORS[0], Some(at(60))), note(2, DOCTORS[0], None), note(3, DOCTORS[1], None)] {
        note::insert(&mut tx, &note).await.unwrap();
        step::insert(&mut tx, &[&step(&note, 1), &step(&note, 0)]).await.unwrap();
        let n = note.id.0.as_u128();
        for (more, body) in [(1, b"old"), (2, b"new")] {
            let seq = 10 * i64::try_from(n).unwrap() + more;
            envelope::add(&mut tx, &note, seq, body, "[]").await.unwrap();
        }
        for (id, ordinal, recorded) in [(3, 1, 9), (2, 0, 7), (1, 2, 9)] {
            let id = CheckInId(Uuid::from_u128(100 * n + id));
            check_in::insert(&mut tx, PATIENT, step(&note, 0).id, id, &answer(ordinal, recorded), None)
                .await
                .unwrap();
        }
        for recipient_id in [PATIENT, SOMEBODY] {
            let (note_id, created_at) = (note.id, at(1));
            let body = recipient_id.0.as_bytes().to_vec();
            let recipient_kid = vec![3; 32];
            let by_id = note.doctor_id;
            let given = GrantRow {
                note_id,
                patient_id: PATIENT,
                recipient_id,
                recipient_kid,
                by_id,
                body,
                created_at,
            };
            grant::put(&mut tx, &given).await.unwrap();
        }
    }
    for (person, from) in [(PATIENT, 5), (PATIENT, 2), (SOMEBODY, 1)] {
        let regime = RegimeRow { from: at(from), time_zone: "UTC".to_owned(), anchors: from.to_string() };
        regime::put(&mut tx, person, &regime).await.unwrap();
    }
    service::add_outage(&mut tx, Outage { from: at(20), to: at(30) }).await.unwrap();
    service::beat(&mut tx, at(40)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn asked(store: &Store, doctor: Option<UserId>, since: Instant, reader: Option<UserId>) -> PlanRows {
    let mut tx = store.peek().await.unwrap();
    plan::rows(&mut tx, PATIENT, doctor, since, reader).await.unwrap().answer(&mut tx).await.unwrap()
}

on_both_engines! {
    async fn each_row_is_read_as_what_it_is(store: Store) {
        filled(&store).await;
        let steps = |rows: &PlanRows| -> Vec<_> {
            rows.steps.iter().map(|step| (step.note_id.0.as_u128(), step.position)).collect()
        };
        let now = Instant::from_micros(i64::MAX);
        let rows = asked(&store, None, now, None).await;
        assert_eq!(steps(&rows), [(2, 0), (2, 1), (3, 0), (3, 1)]);
        let second = &rows.steps[1];
        assert_eq!((second.doctor_id, second.kind), (DOCTORS[0], Kind::Plan));
        assert_eq!((second.timing.as_deref(), second.activated_at), (Some("{\"1\":1}"), at(0)));
        // In the order in which they were recorded, then by their ids.
        let of_second = rows.answers.iter().filter(|(id, _)| *id == step(&note(2, DOCTORS[0], None), 0).id);
        let of_second: Vec<_> = of_second.map(|(_, answer)| *answer).collect();
        assert_eq!(of_second, [answer(0, 7), answer(2, 9), answer(1, 9)]);
        assert_eq!(rows.answers.len(), 6);
        let regimes: Vec<_> = rows.regimes.iter().map(|regime| (regime.from, regime.anchors.as_str())).collect();
        assert_eq!(regimes, [(at(2), "2"), (at(5), "5")]);
        assert!(rows.sealed.is_empty());
        let lasting = Outage { from: at(40), to: at(9_000) };
        assert_eq!(rows.outages.since(at(0), at(9_000)), [Outage { from: at(20), to: at(30) }, lasting]);
    }

    async fn one_doctors_of_a_time_and_for_a_reader(store: Store) {
        filled(&store).await;
        let rows = asked(&store, Some(DOCTORS[0]), at(60), Some(SOMEBODY)).await;
        let notes: Vec<_> = rows.steps.iter().map(|step| step.note_id.0.as_u128()).collect();
        assert_eq!(notes, [1, 1, 2, 2]);
        // The newest form of each, with what this reader was granted.
        let sealed: Vec<_> =
            rows.sealed.iter().map(|note| (note.id.0.as_u128(), note.body.as_slice(), note.grants.len())).collect();
        assert_eq!(sealed, [(1, &b"new"[..], 1), (2, &b"new"[..], 1)]);
        assert_eq!(rows.sealed[0].grants[0], SOMEBODY.0.as_bytes());
        let rows = asked(&store, Some(DOCTORS[0]), at(61), Some(DOCTORS[0])).await;
        assert_eq!((rows.steps.len(), rows.sealed.len()), (2, 1));
        assert!(rows.sealed[0].grants.is_empty());
        let nothing = asked(&store, Some(SOMEBODY), at(0), Some(PATIENT)).await;
        assert!(nothing.steps.is_empty() && nothing.answers.is_empty() && nothing.sealed.is_empty());
        assert_eq!(nothing.regimes.len(), 2);
    }
}
