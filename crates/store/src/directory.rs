//! The directory of doctors patients choose from.

use crate::{StoreError, Tx, sql::execute, sql::fetch_all};
use aftercare_core::id::{Bucket, UserId};
use uuid::Uuid;

/// A doctor as patients see them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who.
    pub doctor_id: UserId,
    /// Their name.
    pub name: String,
    /// What they do.
    pub specialty: Option<String>,
    /// A few words about them.
    pub bio: Option<String>,
}

fn search_text(entry: &Entry) -> String {
    format!("{} {}", entry.name, entry.specialty.as_deref().unwrap_or_default()).to_lowercase()
}

/// Lists a doctor, or changes how they are listed.
pub async fn put(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- directory::put
        insert into directory (bucket, doctor_id, name, search, specialty, bio) values ($1, $2, $3, $4, $5, $6)
        on conflict (bucket, doctor_id) do update
        set name = excluded.name, search = excluded.search, specialty = excluded.specialty, bio = excluded.bio",
        Bucket::of(entry.doctor_id).get(),
        entry.doctor_id.0,
        entry.name.as_str(),
        search_text(entry),
        entry.specialty.as_deref(),
        entry.bio.as_deref()
    )?;
    Ok(())
}

type Row = (Uuid, String, Option<String>, Option<String>);

fn read((id, name, specialty, bio): Row) -> Entry {
    Entry { doctor_id: UserId(id), name, specialty, bio }
}

/// One doctor.
pub async fn get(tx: &mut Tx, doctor: UserId) -> Result<Option<Entry>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- directory::get
        select doctor_id, name, specialty, bio from directory where bucket = $1 and doctor_id = $2",
        Bucket::of(doctor).get(),
        doctor.0
    )?;
    Ok(rows.into_iter().next().map(read))
}

/// Doctors whose name or specialty contains the text, by id, beginning after one.
pub async fn search(
    tx: &mut Tx,
    text: &str,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let pattern =
        format!("%{}%", text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_"));
    let rows = fetch_all!(
        tx,
        Row,
        "-- directory::search
        select doctor_id, name, specialty, bio from directory
        where search like $1 escape '!' and doctor_id > $2 order by doctor_id limit $3",
        pattern,
        after.map_or(Uuid::nil(), |id| id.0),
        limit
    )?;
    Ok(rows.into_iter().map(read).collect())
}
