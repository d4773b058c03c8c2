//! Erasing a person: every row that is theirs, in every table.

use crate::{
    StoreError, Tx,
    sql::{fetch_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// Tables with rows of a person in the person's own bucket, and the column that says whose.
const OWN: [(&str, &str); 19] = [
    ("person", "id"),
    ("wrapped_key", "user_id"),
    ("session", "user_id"),
    ("regime", "person_id"),
    ("totp", "user_id"),
    ("passkey", "user_id"),
    ("key_reset", "user_id"),
    ("credential", "user_id"),
    ("device_state", "user_id"),
    ("channel", "user_id"),
    ("delivery", "user_id"),
    ("sending", "user_id"),
    ("reach", "user_id"),
    ("event", "user_id"),
    ("used_tap", "user_id"),
    ("directory", "doctor_id"),
    ("caseload", "doctor_id"),
    ("audit", "subject_id"),
    ("audit_head", "subject_id"),
];

/// Tables with rows about a patient, in the patient's bucket.
const ABOUT: [&str; 12] = [
    "care", "outbox", "note", "envelope", "step", "due", "check_in", "occurrence", "carried", "disclosure",
    "note_grant", "open_reminder",
];

async fn delete(tx: &mut Tx, table: &str, column: &str, id: UserId) -> Result<(), StoreError> {
    // The names are those above.
    let sql = format!("-- erase::delete\ndelete from {table} where bucket = $1 and {column} = $2");
    put!(tx, sql.as_str(), Bucket::of(id).get(), id.0)?;
    Ok(())
}

/// Erases a patient with all that was ever written about them, for whomever.
pub async fn patient(tx: &mut Tx, id: UserId) -> Result<(), StoreError> {
    let doctors = fetch_all!(
        tx,
        (Uuid,),
        "-- erase::patient doctors\nselect doctor_id from care where bucket = $1 and patient_id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    for (doctor,) in doctors {
        put!(
            tx,
            "-- erase::patient caseload
            delete from caseload where bucket = $1 and doctor_id = $2 and patient_id = $3",
            Bucket::of(UserId(doctor)).get(),
            doctor,
            id.0
        )?;
        put!(
            tx,
            "-- erase::patient events\ndelete from event where bucket = $1 and user_id = $2 and object_id = $3",
            Bucket::of(UserId(doctor)).get(),
            doctor,
            id.0
        )?;
    }
    for table in ABOUT {
        delete(tx, table, "patient_id", id).await?;
    }
    account(tx, id).await?;
    delete(tx, "bundle", "user_id", id).await
}

/// Erases a doctor's account. What they wrote belongs to their patients too: it stays, with the name and
/// the public keys that it is checked by.
pub async fn doctor(tx: &mut Tx, id: UserId, name: &str, now: Instant) -> Result<(), StoreError> {
    let patients = fetch_all!(
        tx,
        (Uuid,),
        "-- erase::doctor patients\nselect patient_id from caseload where bucket = $1 and doctor_id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    for (patient,) in patients {
        put!(
            tx,
            "-- erase::doctor care
            update care set until = $4 where bucket = $1 and patient_id = $2 and doctor_id = $3 and until is null",
            Bucket::of(UserId(patient)).get(),
            patient,
            id.0,
            now.as_micros()
        )?;
        put!(
            tx,
            "-- erase::doctor outbox\ndelete from outbox where bucket = $1 and patient_id = $2 and doctor_id = $3",
            Bucket::of(UserId(patient)).get(),
            patient,
            id.0
        )?;
    }
    account(tx, id).await?;
    put!(
        tx,
        "-- erase::doctor name
        insert into person (bucket, id, role, state, name, email, created_at, auth_scheme, salt, kdf_m, kdf_t, kdf_p, verifier, stamp)
        values ($1, $2, 1, 1, $3, $4, $5, 1, $4, 0, 0, 0, $4, 0)",
        Bucket::of(id).get(),
        id.0,
        name,
        [0_u8; 0].as_slice(),
        now.as_micros()
    )?;
    Ok(())
}

async fn account(tx: &mut Tx, id: UserId) -> Result<(), StoreError> {
    for (table, column) in OWN {
        delete(tx, table, column, id).await?;
    }
    put!(tx, "-- erase::account login\ndelete from login where user_id = $1", id.0)?;
    put!(tx, "-- erase::account attempts\ndelete from login_attempt where user_id = $1", id.0)?;
    Ok(())
}
