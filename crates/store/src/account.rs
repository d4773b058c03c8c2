//! Accounts: the person, how they sign in, their wrapped keys and public bundle.

use crate::{
    Asked, StoreError, Tx,
    bundle::{self, Bundle},
    code,
    row::{Columns, FromRow, row},
    sql::{ask_all, execute, fetch_all, fetch_one, put},
};
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
    /// Whether more than the password is asked for when they sign in: a [code](crate::totp) or a
    /// [passkey](crate::passkey).
    pub second_factor: bool,
    /// The IANA zone they live in now: that of their newest [regime](crate::regime).
    pub time_zone: String,
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
    /// Whether it is known to be so short that it is not enough without a second factor.
    pub short: bool,
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
    bundle: &Bundle,
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
    put!(
        tx,
        "-- account::insert person
        insert into person (bucket, id, role, state, name, email, created_at, auth_scheme, salt, kdf_m, kdf_t, kdf_p, verifier, recovery_verifier, stamp, short_password)
        values ($1, $2, $3, 0, $4, $5, $6, 1, $7, $8, $9, $10, $11, $12, $13, $14)",
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
        person.stamp,
        person.password.short
    )?;
    bundle::add(tx, person.id, bundle).await
}

/// Whose address this is. Whether it is anybody's takes the same time: there is always one row.
pub async fn find(tx: &mut Tx, email_index: &[u8; 32]) -> Result<Option<UserId>, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<Uuid>,),
        "-- account::find
        select user_id from (select 1) as one left join login on bucket = $1 and email_index = $2",
        login_bucket(email_index),
        email_index.as_slice()
    )?;
    Ok(row.and_then(|row| row.0).map(UserId))
}

row! {
    struct PersonRow {
        role: i16,
        name: String,
        email: Vec<u8>,
        created_at: i64,
        salt: Vec<u8>,
        kdf_m: i32,
        kdf_t: i32,
        kdf_p: i32,
        verifier: Vec<u8>,
        stamp: i32,
        short_password: bool,
        assisted: Option<bool>,
        second_factor: bool,
        time_zone: Option<String>,
    }
}

impl PersonRow {
    fn read(self, id: UserId) -> Result<Person, StoreError> {
        Ok(Person {
            id,
            role: code::to_role(self.role)?,
            name: self.name,
            email: self.email,
            created_at: self.created_at.into(),
            password: PasswordRow {
                salt: self.salt,
                kdf: (self.kdf_m, self.kdf_t, self.kdf_p),
                verifier: self.verifier,
                short: self.short_password,
            },
            stamp: self.stamp,
            assisted: self.assisted,
            second_factor: self.second_factor,
            time_zone: self.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        })
    }
}

/// The columns of a [`PersonRow`].
macro_rules! of_person {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "select role, name, email, person.created_at, salt, kdf_m, kdf_t, kdf_p, verifier, stamp, short_password, assisted,
              exists (select 1 from totp where totp.bucket = $1 and totp.user_id = $2 and confirmed_at is not null)
                or exists (select 1 from passkey where passkey.bucket = $1 and passkey.user_id = $2) as second_factor,
              (select time_zone from regime where regime.bucket = $1 and person_id = $2 order by from_at desc limit 1) as time_zone",
            $tail
        )
    };
}

/// A person by id.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<Person>, StoreError> {
    let row = fetch_one!(
        tx,
        PersonRow,
        of_person!("-- account::get\n", " from person where bucket = $1 and id = $2 and state = 0"),
        Bucket::of(id).get(),
        id.0
    )?;
    row.map(|row| row.read(id)).transpose()
}

/// How somebody is called, though their account be closed or gone.
pub async fn name(tx: &mut Tx, id: UserId) -> Result<Option<String>, StoreError> {
    let row = fetch_one!(
        tx,
        (String,),
        "-- account::name\nselect name from person where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(row.map(|row| row.0))
}

/// How a person's password becomes keys: its salt, and memory in KiB, passes and lanes. Whether there is such a
/// person takes the same time.
pub async fn parameters(tx: &mut Tx, id: UserId) -> Result<Option<(Vec<u8>, (i32, i32, i32))>, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<Vec<u8>>, Option<i32>, Option<i32>, Option<i32>),
        "-- account::parameters
        select salt, kdf_m, kdf_t, kdf_p from (select 1) as one
        left join person on bucket = $1 and id = $2 and state = 0",
        Bucket::of(id).get(),
        id.0
    )?;
    let found = row.and_then(|(salt, m, t, p)| Some((salt?, (m?, t?, p?))));
    Ok(found)
}

/// What an account is opened with.
#[derive(Clone, Debug)]
pub struct Opener {
    /// The root key under the password and the outer layer.
    pub wrapped: Vec<u8>,
    /// The public keys in use. Those of the root key, once it is open.
    pub bundle: Bundle,
}

struct OpenerRow {
    person: PersonRow,
    keys: KeysRow,
}

row! {
    struct KeysRow {
        blob: Vec<u8>,
        epoch: i32,
        enc_pk: Vec<u8>,
        sign_pk: Vec<u8>,
        sig: Vec<u8>,
        succession: Option<Vec<u8>>,
        known_since: i64,
    }
}

impl FromRow for OpenerRow {
    fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { person: FromRow::read(row)?, keys: FromRow::read(row)? })
    }
}

/// A person and what their account is opened with, in one statement: signing in is what everybody does.
pub async fn opener(tx: &mut Tx, id: UserId) -> Result<Option<(Person, Opener)>, StoreError> {
    let row = fetch_one!(
        tx,
        OpenerRow,
        of_person!(
            "-- account::opener\n",
            ", blob, bundle.epoch, enc_pk, sign_pk, sig, succession, bundle.created_at as known_since
            from person
            join wrapped_key on wrapped_key.bucket = $1 and wrapped_key.user_id = $2 and slot = 1
            join bundle on bundle.bucket = $1 and bundle.user_id = $2
            where person.bucket = $1 and person.id = $2 and state = 0 order by bundle.epoch desc limit 1"
        ),
        Bucket::of(id).get(),
        id.0
    )?;
    let Some(row) = row else { return Ok(None) };
    let OpenerRow { person, keys } = row;
    let KeysRow { blob, epoch, enc_pk, sign_pk, sig, succession, known_since } = keys;
    let bundle = Bundle { epoch, enc_pk, sign_pk, sig, succession, created_at: known_since.into() };
    Ok(Some((person.read(id)?, Opener { wrapped: blob, bundle })))
}

/// Changes how a person signs in, and their security stamp with it: every other session ends.
pub async fn set_credentials(
    tx: &mut Tx,
    person: &Person,
    recovery_verifier: Option<&[u8]>,
) -> Result<(), StoreError> {
    let (m, t, p) = person.password.kdf;
    put!(
        tx,
        "-- account::set_credentials
        update person set email = $3, salt = $4, kdf_m = $5, kdf_t = $6, kdf_p = $7, verifier = $8, stamp = $9,
          recovery_verifier = coalesce($10, recovery_verifier), short_password = $11
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
        recovery_verifier,
        person.password.short
    )?;
    Ok(())
}

/// What a recovery code is compared with.
pub async fn recovery_verifier(tx: &mut Tx, id: UserId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = fetch_one!(
        tx,
        (Option<Vec<u8>>,),
        "-- account::recovery_verifier
        select recovery_verifier from (select 1) as one left join person on bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0
    )?;
    Ok(row.and_then(|row| row.0))
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
    put!(
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
    put!(
        tx,
        "-- account::rename\nupdate person set name = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        name
    )?;
    Ok(())
}

/// Whether anybody has an account.
pub async fn anybody(tx: &mut Tx) -> Result<bool, StoreError> {
    let row = fetch_one!(tx, (Uuid,), "-- account::anybody\nselect id from person limit 1")?;
    Ok(row.is_some())
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
pub async fn note_mode(tx: &mut Tx, id: UserId) -> Result<Asked<Option<NoteMode>>, StoreError> {
    ask_all!(
        tx,
        (Option<i16>,),
        "-- account::note_mode\nselect note_mode from person where bucket = $1 and id = $2",
        [Bucket::of(id).get(), id.0],
        |rows| rows.first().and_then(|row| row.0).map(code::to_note_mode).transpose()
    )
}

/// Sets it.
pub async fn set_note_mode(tx: &mut Tx, id: UserId, mode: Option<NoteMode>) -> Result<(), StoreError> {
    put!(
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
    put!(
        tx,
        "-- account::set_assisted\nupdate person set assisted = $3 where bucket = $1 and id = $2",
        Bucket::of(id).get(),
        id.0,
        assisted
    )?;
    Ok(())
}
