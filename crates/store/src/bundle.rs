//! People's public keys, one row an epoch.

use crate::{
    Asked, StoreError, Tx,
    sql::{ask_all, put},
};
use aftercare_core::{
    id::{Bucket, UserId},
    instant::Instant,
};

/// Public keys of one epoch.
#[derive(Clone, Debug)]
pub struct Bundle {
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

/// Makes new public keys of a person known.
pub async fn add(tx: &mut Tx, id: UserId, bundle: &Bundle) -> Result<(), StoreError> {
    put!(
        tx,
        "-- bundle::add
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

/// All public keys of a person, newest first.
pub async fn of(tx: &mut Tx, id: UserId) -> Result<Asked<Vec<Bundle>>, StoreError> {
    ask_all!(
        tx,
        (i32, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>, i64),
        "-- bundle::of
        select epoch, enc_pk, sign_pk, sig, succession, created_at from bundle
        where bucket = $1 and user_id = $2 order by epoch desc",
        [Bucket::of(id).get(), id.0],
        |rows| {
            let read = |(epoch, enc_pk, sign_pk, sig, succession, at): (i32, _, _, _, _, i64)| Bundle {
                epoch,
                enc_pk,
                sign_pk,
                sig,
                succession,
                created_at: at.into(),
            };
            Ok(rows.into_iter().map(read).collect())
        }
    )
}
