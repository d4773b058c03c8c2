//! Accounts: the person, how they sign in, their wrapped keys and public bundle.

use crate::{StoreError, Tx, code, sql::execute, sql::fetch_all};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
    people::Role,
};
use uuid::Uuid;

/// A person. The address is sealed; nothing here opens a note.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Patient or doctor.
    pub role: Role,
    /// As shown to those they deal with.
    pub name: String,
    /// The address, sealed by the server's outer layer.
    pub email: Vec<u8>,
    /// When they signed up.
    pub created_at: Instant,
    /// How the password becomes keys.
    pub password: PasswordRow,
    /// The security stamp: a token with another one is no longer good.
    pub stamp: i32,
    /// Whether the server may hold their keys while they are signed in; `None`: as the deployment has it.
    pub assisted: Option<bool>,
}

/// How a doctor's notes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteMode {
    /// Their steps come into force at once.
    Activate,
    /// They wait for the doctor.
    Review,
}

/// How a password is checked: the parameters of its derivation, and what is compared.
#[derive(Clone, Debug)]
pub struct PasswordRow {
    /// Salt, 16 bytes.
    pub salt: Vec<u8>,
    /// Argon2id: memory in KiB, passes, lanes.
    pub kdf: (i32, i32, i32),
    /// `HMAC(K_ver, …)`, 32 bytes.
    pub verifier: Vec<u8>,
}

/// Public keys of one epoch.
#[derive(Clone, Debug)]
pub struct BundleRow {
    /// Counts key changes from 1.
    pub epoch: i32,
    /// X-Wing public key.
    pub enc_pk: Vec<u8>,
    /// Ed25519 public key.
    pub sign_pk: Vec<u8>,
    /// By `sign_pk`.
    pub sig: Vec<u8>,
    /// By the key of the epoch before; `None` for the first, and where keys were reset.
    pub succession: Option<Vec<u8>>,
    /// When it was made known.
    pub created_at: Instant,
}

/// The bucket of a login: of the keyed hash of the address, as the person is not known yet.
fn login_bucket(email_index: &[u8; 32]) -> i16 {
    (i16::from(email_index[0]) << 2) | i16::from(email_index[1] >> 6)
}

/// Signs a person up; [`StoreError::Taken`] where the address has an account.
pub async fn insert(
    tx: &mut Tx,
    person: &Person,
    email_index: &[u8; 32],
    recovery_verifier: &[u8],
    bundle: &BundleRow,
) -> Result<(), StoreError> {
    let (bucket, id) = (Bucket::of(person.id).get(), person.id.0);
    execute!(
        tx,
        "-- account::insert login\ninsert into login (bucket, email_index, user_id) values ($1, $2, $3)",
        login_bucket(email_index),
        email_index.as_slice(),
        id
    )?;
    let (m, t, p) = person.password.kdf;
    execute!(
        tx,
        "-- account::insert person
        insert into person (bucket, id, role, state, name, email, created_at, auth_scheme, salt, kdf_m, kdf_t, kdf_p, verifier, recovery_verifier, stamp)
        values ($1, $2, $3, 0, $4, $5, $6, 1, $7, $8, $9, $10, $11, $12, $13)",
        bucket,
        id,
        code::role(person.role),
        person.name.as_str(),
        person.email.as_slice(),
        person.created_at.as_micros(),
        person.password.salt.as_slice(),
        m,
        t,
        p,
        person.password.verifier.as_slice(),
        recovery_verifier,
        person.stamp
    )?;
    add_bundle(tx, person.id, bundle).await
}

/// Makes new public keys of a person known.
pub async fn add_bundle(tx: &mut Tx, id: UserId, bundle: &BundleRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::add_bundle
        insert into bundle (bucket, user_id, epoch, enc_pk, sign_pk, sig, succession, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        Bucket::of(id).get(),
        id.0,
        bundle.epoch,
        bundle.enc_pk.as_slice(),
        bundle.sign_pk.as_slice(),
        bundle.sig.as_slice(),
        bundle.succession.as_deref(),
        bundle.created_at.as_micros()
    )?;
    Ok(())
}

/// Whose address this is.
pub async fn find(tx: &mut Tx, email_index: &[u8; 32]) -> Result<Option<UserId>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid,),
        "-- account::find\nselect user_id from login where bucket = $1 and email_index = $2",
        login_bucket(email_index),
        email_index.as_slice()
    )?;
    Ok(rows.first().map(|row| UserId(row.0)))
}

type PersonRow = (i16, String, Vec<u8>, i64, Vec<u8>, i32, i32, i32, Vec<u8>, i32, Option<bool>);

/// A person by id.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<Person>, StoreError> {
    let rows = fetch_all!(
        tx,
        PersonRow,
        "-- account::get
        select role, name, email, created_at, salt, kdf_m, kdf_t, kdf_p, verifier, stamp, assisted
        from person where bucket = $1 and id = $2 and state = 0",
        Bucket::of(id).get(),
        id.0
    )?;
    rows.into_iter()
        .next()
        .map(|(role, name, email, created_at, salt, m, t, p, verifier, stamp, assisted)| {
            Ok(Person {
                id,
                role: code::to_role(role)?,
                name,
                email,
                created_at: created_at.into(),
                password: PasswordRow { salt, kdf: (m, t, p), verifier },
                stamp,
                assisted,
            })
        })
        .transpose()
}

/// Locks a person's row until the transaction ends: changes to one account follow one another.
pub async fn lock(tx: &mut Tx, id: UserId) -> Result<(), StoreError> {
    fetch_all!(
        tx,
        (Uuid,),
        "-- account::lock\nselect id from person where bucket = $1 and id = $2",
        postgres(" for update"),
        "",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(())
}

/// Changes how a person signs in, and their security stamp with it: every other session ends.
pub async fn set_credentials(
    tx: &mut Tx,
    person: &Person,
    recovery_verifier: Option<&[u8]>,
) -> Result<(), StoreError> {
    let (m, t, p) = person.password.kdf;
    execute!(
        tx,
        "-- account::set_credentials
        update person set email = $3, salt = $4, kdf_m = $5, kdf_t = $6, kdf_p = $7, verifier = $8, stamp = $9,
          recovery_verifier = coalesce($10, recovery_verifier)
        where bucket = $1 and id = $2",
        Bucket::of(person.id).get(),
        person.id.0,
        person.email.as_slice(),
        person.password.salt.as_slice(),
        m,
        t,
        p,
        person.password.verifier.as_slice(),
        person.stamp,
        recovery_verifier
    )?;
    Ok(())
}

/// What a recovery code is compared with.
pub async fn recovery_verifier(tx: &mut Tx, id: UserId) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Option<Vec<u8>>,),
        "-- account::recovery_verifier\nselect recovery_verifier from person where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(rows.into_iter().next().and_then(|row| row.0))
}

/// Gives an account another address; [`StoreError::Taken`] where that has one.
pub async fn move_login(
    tx: &mut Tx,
    id: UserId,
    before: &[u8; 32],
    after: &[u8; 32],
) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::move_login new\ninsert into login (bucket, email_index, user_id) values ($1, $2, $3)",
        login_bucket(after),
        after.as_slice(),
        id.0
    )?;
    execute!(
        tx,
        "-- account::move_login old\ndelete from login where bucket = $1 and email_index = $2 and user_id = $3",
        login_bucket(before),
        before.as_slice(),
        id.0
    )?;
    Ok(())
}

/// Opens or closes an account; whether it exists. A closed one cannot sign in.
pub async fn set_open(tx: &mut Tx, id: UserId, open: bool) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        "-- account::set_open\nupdate person set state = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        i16::from(!open)
    )?;
    Ok(rows == 1)
}

/// Changes a person's name.
pub async fn rename(tx: &mut Tx, id: UserId, name: &str) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::rename\nupdate person set name = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        name
    )?;
    Ok(())
}

/// All public keys of a person, newest first.
pub async fn bundles(tx: &mut Tx, id: UserId) -> Result<Vec<BundleRow>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i32, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>, i64),
        "-- account::bundles
        select epoch, enc_pk, sign_pk, sig, succession, created_at from bundle
        where bucket = $1 and user_id = $2 order by epoch desc",
        Bucket::of(id).get(),
        id.0
    )?;
    let read = |(epoch, enc_pk, sign_pk, sig, succession, at): (i32, _, _, _, _, i64)| BundleRow {
        epoch,
        enc_pk,
        sign_pk,
        sig,
        succession,
        created_at: at.into(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Stores a wrapped account root key in its slot, replacing what was there.
pub async fn put_wrapped(
    tx: &mut Tx,
    id: UserId,
    slot: u8,
    epoch: i32,
    blob: &[u8],
) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::put_wrapped
        insert into wrapped_key (bucket, user_id, slot, epoch, blob) values ($1, $2, $3, $4, $5)
        on conflict (bucket, user_id, slot) do update set epoch = excluded.epoch, blob = excluded.blob",
        Bucket::of(id).get(),
        id.0,
        i16::from(slot),
        epoch,
        blob
    )?;
    Ok(())
}

/// A wrapped account root key: its epoch and the blob under the outer layer.
pub async fn wrapped(tx: &mut Tx, id: UserId, slot: u8) -> Result<Option<(i32, Vec<u8>)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (i32, Vec<u8>),
        "-- account::wrapped
        select epoch, blob from wrapped_key where bucket = $1 and user_id = $2 and slot = $3",
        Bucket::of(id).get(),
        id.0,
        i16::from(slot)
    )?;
    Ok(rows.into_iter().next())
}

/// All people, for the operator: id, role, name, when.
pub async fn list(tx: &mut Tx) -> Result<Vec<(UserId, Role, String, Instant)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, i16, String, i64),
        "-- account::list\nselect id, role, name, created_at from person where state = 0 order by id"
    )?;
    rows.into_iter()
        .map(|(id, role, name, at)| Ok((UserId(id), code::to_role(role)?, name, at.into())))
        .collect()
}

/// How a doctor wants their notes taken; `None`: as the deployment has it.
pub async fn note_mode(tx: &mut Tx, id: UserId) -> Result<Option<NoteMode>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Option<i16>,),
        "-- account::note_mode\nselect note_mode from person where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    rows.into_iter().next().and_then(|row| row.0).map(code::to_note_mode).transpose()
}

/// Sets it.
pub async fn set_note_mode(tx: &mut Tx, id: UserId, mode: Option<NoteMode>) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::set_note_mode\nupdate person set note_mode = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        mode.map(code::note_mode)
    )?;
    Ok(())
}

/// Sets whether the server may hold this person's keys.
pub async fn set_assisted(tx: &mut Tx, id: UserId, assisted: Option<bool>) -> Result<(), StoreError> {
    execute!(
        tx,
        "-- account::set_assisted\nupdate person set assisted = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        assisted
    )?;
    Ok(())
}
