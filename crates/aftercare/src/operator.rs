//! Who runs the service, in a browser: a link that their machine prints, good once and for an hour, opens a session of
//! twelve. Whoever can print it has the machine anyway; nothing of people's is shown but names.

use crate::app::App;
use aftercare_core::instant::Span;
use aftercare_seal::{Bytes, bytes};
use aftercare_store::{
    StoreError, Tx,
    operator_pass::{self, Pass},
};
use zeroize::Zeroizing;

/// A link is good for so long.
pub const LINK: Span = Span::from_hours(1);
/// A session ends after so long.
pub const SESSION: Span = Span::from_hours(12);

fn digest(app: &App, token: &str) -> Bytes<32> {
    app.master.digest("operator-pass", &[token.as_bytes()])
}

/// A fresh token: 256 random bits, base64url.
async fn fresh(app: &App, tx: &mut Tx, pass: Pass, lasts: Span) -> Result<Zeroizing<String>, StoreError> {
    let token = Zeroizing::new(bytes::encode(&bytes::random::<32>(&mut app.random.rng())));
    operator_pass::insert(tx, &digest(app, &token).0, pass, app.clock.wall() + lasts).await?;
    Ok(token)
}

/// A link for the operator's browser.
pub async fn link(app: &App) -> Result<String, StoreError> {
    let mut tx = app.store.write().await?;
    let token = fresh(app, &mut tx, Pass::Link, LINK).await?;
    tx.commit().await?;
    Ok(format!("{}/setup#{}", app.config.pages(), *token))
}

/// Opens a session with what stands behind the `#` of a link; `None` where it is none, or was used.
pub async fn enter(app: &App, token: &str) -> Result<Option<Zeroizing<String>>, StoreError> {
    let mut tx = app.store.write().await?;
    if !operator_pass::take(&mut tx, &digest(app, token).0, Pass::Link, app.clock.wall()).await? {
        return Ok(None);
    }
    let session = fresh(app, &mut tx, Pass::Session, SESSION).await?;
    tx.commit().await?;
    Ok(Some(session))
}

/// Whether a session is open.
pub async fn is_open(app: &App, token: &str) -> Result<bool, StoreError> {
    let mut tx = app.store.peek().await?;
    operator_pass::is_open(&mut tx, &digest(app, token).0, app.clock.wall()).await
}

/// Ends a session.
pub async fn leave(app: &App, token: &str) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    operator_pass::take(&mut tx, &digest(app, token).0, Pass::Session, app.clock.wall()).await?;
    tx.commit().await
}
