//! The rules that the store itself holds, on both engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_core::{
    course::{Occurrence, OccurrenceStatus, Outage},
    id::{Bucket, DeliveryId, NoteId, RelationshipId, StepId, UserId},
    instant::{Instant, Span},
    people::Role,
};
use aftercare_store::{
    StoreError,
    account::{self, PasswordRow, Person},
    bundle::{self, Bundle},
    care::{self, Care},
    delivery::{self, Attempt},
    directory::{self, Entry},
    due::{self, Wake},
    event, idempotency,
    note::{self, Note, NoteState},
    occurrence, on_both_engines, outbox,
    regime::{self, RegimeRow},
    service, wrapped_key,
};
use std::collections::BTreeSet;
use uuid::Uuid;

const NOW: i64 = 1_770_000_000_000_000;

fn now() -> Instant {
    Instant::from_micros(NOW)
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn person(id: UserId) -> Person {
    Person {
        id,
        role: Role::Patient,
        name: "Ada".to_owned(),
        email: vec![1; 40],
        created_at: now(),
        password: PasswordRow { salt: vec![2; 16], kdf: (65_536, 3, 1), verifier: vec![3; 32], short: false },
        stamp: 1,
        assisted: None,
        second_factor: false,
        time_zone: "UTC".to_owned(),
    }
}

fn a_bundle() -> Bundle {
    Bundle {
        epoch: 1,
        enc_pk: vec![4; 1216],
        sign_pk: vec![5; 32],
        sig: vec![6; 64],
        succession: None,
        created_at: now(),
    }
}

fn a_note(id: u128, state: NoteState) -> Note {
    Note {
        id: NoteId(Uuid::from_u128(id)),
        patient_id: user(1),
        doctor_id: user(2),
        state,
        ticket: 1,
        created_at: now(),
        provider: "rules".to_owned(),
        model: "1".to_owned(),
        fallback: false,
        superseded_at: None,
        superseded_by: None,
        activated_at: None,
        received_at: None,
        read_at: None,
    }
}

on_both_engines! {
    /// An account is found by its address's keyed hash, and one address is one account.
    async fn one_address_one_account(store: Store) {
        let mut tx = store.write().await.unwrap();
        account::insert(&mut tx, &person(user(1)), &[9; 32], &[7; 32], &a_bundle()).await.unwrap();
        wrapped_key::put(&mut tx, user(1), 1, 1, &[8; 92]).await.unwrap();
        wrapped_key::put(&mut tx, user(1), 1, 2, &[9; 92]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.read().await.unwrap();
        assert_eq!(account::find(&mut tx, &[9; 32]).await.unwrap(), Some(user(1)));
        assert_eq!(account::find(&mut tx, &[8; 32]).await.unwrap(), None);
        let found = account::get(&mut tx, user(1)).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.password.kdf), ("Ada", (65_536, 3, 1)));
        assert_eq!(wrapped_key::get(&mut tx, user(1), 1).await.unwrap(), Some((2, vec![9; 92])));
        assert_eq!(bundle::of(&mut tx, user(1)).await.unwrap().answer(&mut tx).await.unwrap()[0].enc_pk.len(), 1216);
        drop(tx);
        let mut tx = store.write().await.unwrap();
        let again = account::insert(&mut tx, &person(user(2)), &[9; 32], &[7; 32], &a_bundle()).await;
        assert!(matches!(again, Err(StoreError::Taken(_))));
    }

    /// Of two workers on one database none gets what the other holds, and together they get all.
    async fn claims_are_exclusive(store: Store) {
        let mut tx = store.write().await.unwrap();
        let buckets: BTreeSet<_> = (0..20).map(|n| Bucket::of(user(n)).get()).collect();
        let buckets: Vec<_> = buckets.into_iter().collect();
        for n in 0..20 {
            for minutes in [-1, 5] {
                let at = now() + Span::from_minutes(minutes);
                let wake = Wake::step(user(n), StepId(Uuid::from_u128(n)), at);
                due::insert(&mut tx, wake).await.unwrap();
                due::insert(&mut tx, wake).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        let mut reader = store.read().await.unwrap();
        let first = now() - Span::from_minutes(1);
        let heads: Vec<_> = buckets.iter().map(|bucket| (*bucket, first)).collect();
        let mut all = due::QUEUE.heads(&mut reader).await.unwrap();
        all.sort_unstable();
        assert_eq!(all, heads);
        let mut some = due::QUEUE.heads_of(&mut reader, &[buckets[7], buckets[3]]).await.unwrap();
        some.sort_unstable();
        assert_eq!(some, [heads[3], heads[7]]);
        assert_eq!(due::QUEUE.next(&mut reader).await.unwrap(), Some(first));
        drop(reader);
        let worker = |buckets: Vec<i16>| {
            let store = store.clone();
            async move {
                let mut tx = store.write().await.unwrap();
                let wakes = due::claim(&mut tx, &buckets, now()).await.unwrap();
                tokio::task::yield_now().await;
                tx.commit().await.unwrap();
                wakes
            }
        };
        let (a, b) = tokio::join!(worker(buckets[..12].to_vec()), worker(buckets[8..].to_vec()));
        let mut steps: Vec<_> = a.iter().chain(&b).map(|wake| wake.step_id).collect();
        steps.sort();
        steps.dedup();
        assert_eq!(steps.len(), a.len() + b.len(), "one wake went to two workers");
        assert_eq!(steps.len(), 20, "together they get all");
        assert!(worker(buckets).await.is_empty());
    }

    /// What a worker claimed and did not commit is there for the next.
    async fn an_undone_claim_comes_back(store: Store) {
        let wake = Wake::step(user(7), StepId(Uuid::from_u128(1)), now());
        let bucket = Bucket::of(user(7)).get();
        let mut tx = store.write().await.unwrap();
        due::insert(&mut tx, wake).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        assert_eq!(due::claim(&mut tx, &[bucket], now()).await.unwrap(), [wake]);
        drop(tx);
        let mut tx = store.write().await.unwrap();
        // PostgreSQL undoes it by the way: the same wake again waits for that.
        due::insert(&mut tx, wake).await.unwrap();
        assert_eq!(due::claim(&mut tx, &[bucket], now()).await.unwrap(), [wake]);
    }

    /// A message is taken once: out of the queue, or by whoever knows where in it it stands.
    async fn a_message_is_taken_once(store: Store) {
        let queued: Vec<_> = (1..4)
            .map(|n| Attempt { at: now(), delivery_id: DeliveryId(Uuid::from_u128(n)), user_id: user(n) })
            .collect();
        let leased: Vec<_> =
            queued.iter().map(|one| Attempt { at: now() + Span::from_secs(60), ..*one }).collect();
        let lease = leased[0].at;
        let buckets: Vec<_> = (1..4).map(|n| Bucket::of(user(n)).get()).collect();
        let mut tx = store.write().await.unwrap();
        delivery::enqueue(&mut tx, &queued).await.unwrap();
        let claimed = delivery::claim(&mut tx, &buckets[..1], now(), lease, 10).await.unwrap();
        assert_eq!(claimed, leased[..1]);
        let taken = delivery::take(&mut tx, &queued, lease).await.unwrap();
        let mut taken = taken.answer(&mut tx).await.unwrap();
        taken.sort_by_key(|one| one.delivery_id);
        assert_eq!(taken, leased[1..]);
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        let again = delivery::take(&mut tx, &queued, lease).await.unwrap();
        assert_eq!(again.answer(&mut tx).await.unwrap(), []);
        assert_eq!(delivery::claim(&mut tx, &buckets, now(), lease, 10).await.unwrap(), []);
        assert_eq!(delivery::claim(&mut tx, &buckets, lease, lease, 10).await.unwrap().len(), 3);
    }

    /// Never two live plans of one doctor for one patient.
    async fn one_live_note_a_care(store: Store) {
        let mut tx = store.write().await.unwrap();
        note::insert(&mut tx, &a_note(1, NoteState::Live)).await.unwrap();
        note::insert(&mut tx, &a_note(2, NoteState::ExtractionFailed)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        // Nobody waits for what says nothing: the refusal comes at the latest with the answer to the commit.
        let second = match note::insert(&mut tx, &a_note(3, NoteState::Live)).await {
            Ok(()) => tx.commit().await,
            refused => refused,
        };
        assert!(matches!(second, Err(StoreError::Taken(_) | StoreError::Conflict(_))), "{second:?}");
        let mut tx = store.read().await.unwrap();
        let list = note::list(&mut tx, user(1), Some(user(2)), false, None, 10).await.unwrap();
        assert_eq!(list.iter().map(|n| n.id.0.as_u128()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(note::by_doctor(&mut tx, user(2), a_note(1, NoteState::Live).id).await.unwrap().unwrap().patient_id, user(1));
        assert!(note::by_doctor(&mut tx, user(3), a_note(1, NoteState::Live).id).await.unwrap().is_none());
    }

    /// What was refused is not made permanent, whatever is asked after it; whoever has the connection next knows nothing
    /// of it.
    async fn a_refusal_is_heard(store: Store) {
        for _ in 0..20 {
            let mut tx = store.write().await.unwrap();
            note::insert(&mut tx, &a_note(1, NoteState::Live)).await.unwrap();
            let refused = match note::insert(&mut tx, &a_note(1, NoteState::Live)).await {
                Ok(()) => note::list(&mut tx, user(1), None, false, None, 10).await.map(|_| ()),
                refused => refused,
            };
            assert!(matches!(refused, Err(StoreError::Taken(_) | StoreError::Conflict(_))), "{refused:?}");
            if store.engine_name() == "PostgreSQL" {
                assert!(tx.commit().await.is_err(), "PostgreSQL undoes all of it");
            }
            let mut tx = store.read().await.unwrap();
            assert!(note::list(&mut tx, user(1), None, false, None, 10).await.unwrap().is_empty());
            tx.commit().await.unwrap();
        }
    }

    /// Answers that nobody has taken yet hold up no question, however large they are and whichever is taken first.
    async fn questions_are_asked_together(store: Store) {
        const MANY: usize = 40;
        let mut tx = store.write().await.unwrap();
        for n in (0_i64..).take(MANY) {
            let from = Instant::from_micros(n);
            let row = RegimeRow { from, time_zone: "UTC".to_owned(), anchors: "x".repeat(100_000) };
            regime::put(&mut tx, user(1), &row).await.unwrap();
        }
        let first = regime::of_people(&mut tx, &[user(1)]).await.unwrap();
        let second = regime::with_outages(&mut tx, user(1)).await.unwrap();
        note::insert(&mut tx, &a_note(1, NoteState::Live)).await.unwrap();
        let live = note::live(&mut tx, user(1), user(2)).await.unwrap();
        assert!(live.answer(&mut tx).await.unwrap().is_some());
        assert_eq!(second.answer(&mut tx).await.unwrap().0.len(), MANY);
        assert_eq!(first.answer(&mut tx).await.unwrap().len(), MANY);
        let untaken = regime::of_people(&mut tx, &[user(1)]).await.unwrap();
        drop(untaken);
        tx.commit().await.unwrap();
    }

    /// A doctor's side follows the patient's choice, however often it is told.
    async fn caseloads_follow_choices(store: Store) {
        let mut care = Care {
            id: RelationshipId(Uuid::from_u128(5)),
            patient_id: user(1),
            doctor_id: user(2),
            since: now(),
            until: None,
            statement: care::Statement { n: 1, time: 2, sig: vec![3; 64], kids: None },
            last_seq: 0,
            last_transcript: vec![0; 32],
            last_ticket: 0,
            live_ticket: 0,
            last_note_at: None,
            note_read_at: None,
            failed_ticket: 0,
        };
        let mut tx = store.write().await.unwrap();
        care::put(&mut tx, &care, Uuid::from_u128(1)).await.unwrap();
        let theirs = outbox::buckets(&mut tx).await.unwrap();
        assert_eq!(theirs.len(), 1);
        assert_eq!(outbox::work_off(&mut tx, &theirs, now(), || aftercare_core::id::EventId(Uuid::from_u128(9))).await.unwrap(), 1);
        assert_eq!(outbox::work_off(&mut tx, &theirs, now(), || aftercare_core::id::EventId(Uuid::from_u128(9))).await.unwrap(), 0);
        assert_eq!(care::caseload(&mut tx, user(2)).await.unwrap(), [user(1)]);
        let locked = care::lock(&mut tx, user(1), user(2)).await.unwrap();
        let locked = locked.answer(&mut tx).await.unwrap().unwrap();
        assert_eq!(care::take_ticket(&mut tx, &locked).await.unwrap(), 1);
        care.until = Some(now());
        care::put(&mut tx, &care, Uuid::from_u128(2)).await.unwrap();
        outbox::work_off(&mut tx, &theirs, now(), || aftercare_core::id::EventId(Uuid::from_u128(10))).await.unwrap();
        assert!(care::caseload(&mut tx, user(2)).await.unwrap().is_empty());
        // Of both the doctor is told.
        let told = event::after(&mut tx, user(2), aftercare_core::id::EventId(Uuid::nil()), 10).await.unwrap();
        assert_eq!(told.iter().map(|one| one.object_id).collect::<Vec<_>>(), [Some(user(1).0); 2]);
        let kept = care::get(&mut tx, user(1), user(2)).await.unwrap().unwrap();
        assert_eq!((kept.last_ticket, kept.is_current()), (1, false));
        assert!(care::of_patient(&mut tx, user(1)).await.unwrap().is_empty());
    }

    /// One row an occurrence, whatever is put how often.
    async fn one_row_an_occurrence(store: Store) {
        let step = StepId(Uuid::from_u128(1));
        let mut tx = store.write().await.unwrap();
        let later = || now() + Span::from_hours(1);
        for (ordinal, due_at, status) in [(0, now(), OccurrenceStatus::Due), (0, now(), OccurrenceStatus::Done), (1, later(), OccurrenceStatus::Due)] {
            let occurrence = Occurrence { ordinal, due_at, closes_at: later(), status, on_time: None, answered_at: None, cause: None };
            occurrence::put(&mut tx, &[(user(1), step, &occurrence)], now()).await.unwrap();
        }
        assert_eq!(occurrence::of_step(&mut tx, user(1), step).await.unwrap(), [(0, now(), 1), (1, later(), 0)]);
        occurrence::forget_from(&mut tx, user(1), step, later()).await.unwrap();
        assert_eq!(occurrence::of_step(&mut tx, user(1), step).await.unwrap(), [(0, now(), 1)]);
    }

    /// The directory is searched as text, never as a pattern.
    async fn the_directory_is_searched_by_text(store: Store) {
        let entry = |n, name: &str, specialty: Option<&str>| Entry {
            doctor_id: user(n),
            name: name.to_owned(),
            specialty: specialty.map(str::to_owned),
            bio: None,
            phone: None,
            searchable: true,
        };
        let mut tx = store.write().await.unwrap();
        directory::put(&mut tx, &entry(1, "Grace Hopper", Some("Cardiology"))).await.unwrap();
        directory::put(&mut tx, &entry(2, "Zo\u{eb} 100%", None)).await.unwrap();
        let found = async |tx: &mut aftercare_store::Tx, text: &str| {
            directory::search(tx, text, None, 10).await.unwrap().into_iter().map(|e| e.doctor_id).collect::<Vec<_>>()
        };
        assert_eq!(found(&mut tx, "CARDIO").await, [user(1)]);
        assert_eq!(found(&mut tx, "0%").await, [user(2)]);
        assert!(found(&mut tx, "%z").await.is_empty());
        assert_eq!(found(&mut tx, "").await.len(), 2);
        assert_eq!(directory::search(&mut tx, "", Some(user(1)), 10).await.unwrap().len(), 1);
    }

    /// The heartbeat never goes back, and outages are known by when they ended.
    async fn heartbeats_and_outages(store: Store) {
        let mut tx = store.write().await.unwrap();
        assert_eq!(service::heartbeat(&mut tx).await.unwrap(), None);
        service::beat(&mut tx, now()).await.unwrap();
        service::beat(&mut tx, now() - Span::from_hours(1)).await.unwrap();
        assert_eq!(service::heartbeat(&mut tx).await.unwrap(), Some(now()));
        service::add_outage(&mut tx, Outage { from: now(), to: now() + Span::from_hours(1) }).await.unwrap();
        for (since, found) in [(now(), 1), (now() + Span::from_hours(1), 0)] {
            let all = service::outages(&mut tx).await.unwrap().answer(&mut tx).await.unwrap();
            assert_eq!(all.since(since, now()).len(), found);
        }
    }

    /// A request key is begun once.
    async fn a_request_is_begun_once(store: Store) {
        let mut tx = store.write().await.unwrap();
        idempotency::begin(&mut tx, &[1; 32], &[2; 32], now()).await.unwrap();
        assert!(!idempotency::take_over(&mut tx, &[1; 32], 5, now(), now()).await.unwrap());
        // Who held it before whoever took it over writes nothing down.
        let earlier = now() - Span::from_hours(1);
        idempotency::finish(&mut tx, &[1; 32], earlier, 500, b"").await.unwrap();
        idempotency::forget(&mut tx, &[1; 32], earlier).await.unwrap();
        assert_eq!(idempotency::get(&mut tx, &[1; 32]).await.unwrap().unwrap().status, idempotency::IN_FLIGHT);
        idempotency::finish(&mut tx, &[1; 32], now(), 201, b"sealed").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        assert!(matches!(idempotency::begin(&mut tx, &[1; 32], &[2; 32], now()).await, Err(StoreError::Taken(_))));
        drop(tx);
        let mut tx = store.write().await.unwrap();
        let seen = idempotency::get(&mut tx, &[1; 32]).await.unwrap().unwrap();
        assert_eq!((seen.status, seen.answer.as_slice()), (201, b"sealed".as_slice()));
        assert_eq!(idempotency::forget_before(&mut tx, now() + Span::from_hours(1)).await.unwrap(), 1);
    }

    /// Zones and times of day are kept as they held.
    async fn regimes_are_a_history(store: Store) {
        let row = |hours, zone: &str| RegimeRow { from: now() + Span::from_hours(hours), time_zone: zone.to_owned(), anchors: "{}".to_owned() };
        let mut tx = store.write().await.unwrap();
        regime::put(&mut tx, user(1), &row(5, "Asia/Tokyo")).await.unwrap();
        regime::put(&mut tx, user(1), &row(0, "Europe/Berlin")).await.unwrap();
        let zones: Vec<_> = regime::of(&mut tx, user(1)).await.unwrap().into_iter().map(|r| r.time_zone).collect();
        assert_eq!(zones, ["Europe/Berlin", "Asia/Tokyo"]);
    }
}
