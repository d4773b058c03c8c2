//! The directory of doctors patients choose from.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all, fetch_one, put},
};
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
    /// Where patients reach them.
    pub phone: Option<String>,
    /// Whether patients find them by searching; with their link they do anyway.
    pub searchable: bool,
}

fn search_text(entry: &Entry) -> String {
    let [specialty, bio] = [&entry.specialty, &entry.bio].map(|text| text.as_deref().unwrap_or_default());
    format!("{} {specialty} {bio}", entry.name).to_lowercase()
}

/// Lists a doctor, or changes how they are listed.
pub async fn put(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    put!(
        tx,
        "-- directory::put
        insert into directory (bucket, doctor_id, name, search, specialty, bio, phone, searchable) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (bucket, doctor_id) do update
        set name = excluded.name, search = excluded.search, specialty = excluded.specialty, bio = excluded.bio, phone = excluded.phone,
          searchable = excluded.searchable",
        Bucket::of(entry.doctor_id).get(),
        entry.doctor_id.0,
        entry.name.as_str(),
        search_text(entry),
        entry.specialty.as_deref(),
        entry.bio.as_deref(),
        entry.phone.as_deref(),
        entry.searchable
    )?;
    Ok(())
}

type Row = (Uuid, String, Option<String>, Option<String>, Option<String>, bool);

fn read((id, name, specialty, bio, phone, searchable): Row) -> Entry {
    Entry { doctor_id: UserId(id), name, specialty, bio, phone, searchable }
}

/// One doctor, whether patients find them or not.
pub async fn find(tx: &mut Tx, doctor: UserId) -> Result<Option<(Entry, bool)>, StoreError> {
    let row = fetch_one!(
        tx,
        (Uuid, String, Option<String>, Option<String>, Option<String>, bool, bool),
        "-- directory::find
        select doctor_id, name, specialty, bio, phone, searchable, listed from directory where bucket = $1 and doctor_id = $2",
        Bucket::of(doctor).get(),
        doctor.0
    )?;
    let read = |(id, name, specialty, bio, phone, searchable, listed)| {
        (read((id, name, specialty, bio, phone, searchable)), listed)
    };
    Ok(row.map(read))
}

/// One doctor whom patients find.
pub async fn get(tx: &mut Tx, doctor: UserId) -> Result<Option<Entry>, StoreError> {
    Ok(find(tx, doctor).await?.filter(|(_, listed)| *listed).map(|(entry, _)| entry))
}

/// Doctors whose name, specialty or words about them contain the text, by id, beginning after one.
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
        select doctor_id, name, specialty, bio, phone, searchable from directory
        where listed and searchable and search like $1 escape '!' and doctor_id > $2 order by doctor_id limit $3",
        pattern,
        after.map_or(Uuid::nil(), |id| id.0),
        limit
    )?;
    Ok(rows.into_iter().map(read).collect())
}

/// Lets patients find a doctor, or not; whether there is one.
pub async fn list(tx: &mut Tx, doctor: UserId, listed: bool) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- directory::list\nupdate directory set listed = $3 where bucket = $1 and doctor_id = $2",
        Bucket::of(doctor).get(),
        doctor.0,
        listed
    )?;
    Ok(rows == 1)
}

/// Doctors whom patients do not find: they wait to be approved, or were closed. By id.
pub async fn unlisted(tx: &mut Tx, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = fetch_all!(
        tx,
        Row,
        "-- directory::unlisted
        select doctor_id, name, specialty, bio, phone, searchable from directory where not listed order by doctor_id limit $1",
        limit
    )?;
    Ok(rows.into_iter().map(read).collect())
}
