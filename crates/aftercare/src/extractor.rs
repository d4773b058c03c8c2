//! What texts are sealed to that are to be read once and stored nowhere: a key for a day, shared by the
//! replicas and then gone, so that what was sealed to it opens for nobody.

use crate::{app::App, http::problem::Problem};
use aftercare_core::instant::{Instant, Span};
use aftercare_seal::{
    Bytes,
    ark::{Ark, Keys},
    bundle::Bundle,
};
use aftercare_store::{
    StoreError, Tx,
    extractor_key::{self, Row},
};
use uuid::Uuid;

/// A key is given out for so long, ...
pub const DAY: Span = Span::from_hours(24);
/// ... and opens what was sealed to it for so long more.
const GRACE: Span = Span::from_hours(1);

/// Removes the keys that open nothing any more.
pub async fn forget(tx: &mut Tx, now: Instant) -> Result<(), StoreError> {
    extractor_key::delete_before(tx, now - DAY - GRACE).await.map(drop)
}

/// The key of today.
pub struct ExtractorKey {
    /// Its private half.
    pub keys: Keys,
    /// Its public half.
    pub bundle: Bundle,
    /// When another takes its place.
    pub expires_at: Instant,
}

fn opened(app: &App, row: &Row) -> Result<ExtractorKey, Problem> {
    let id = Bytes(*row.id.as_bytes());
    let ark = app.master.open_column("extractor_key", id, b"ark", &row.sealed)?;
    let ark: [u8; 32] = ark.as_slice().try_into().map_err(Problem::internal)?;
    let keys = Ark::from_bytes(ark).keys(id);
    let bundle = Bundle::of(&keys, 1);
    Ok(ExtractorKey { keys, bundle, expires_at: row.created_at + DAY })
}

/// The key to seal to; makes one where there is none of today, and removes those of before.
pub async fn current(app: &App) -> Result<ExtractorKey, Problem> {
    let now = app.clock.wall();
    let fresh = |rows: Vec<Row>| rows.into_iter().next().filter(|row| now - row.created_at < DAY);
    let mut tx = app.store.read().await?;
    let found = fresh(extractor_key::all(&mut tx).await?);
    drop(tx);
    if let Some(row) = found {
        return opened(app, &row);
    }
    let mut tx = app.store.write().await?;
    extractor_key::lock(&mut tx).await?;
    if let Some(row) = fresh(extractor_key::all(&mut tx).await?) {
        return opened(app, &row);
    }
    let (id, mut rng): (Uuid, _) = (app.random.id(now), app.random.rng());
    let ark = Ark::random(&mut rng);
    let sealed =
        app.master.seal_column("extractor_key", Bytes(*id.as_bytes()), b"ark", ark.expose(), &mut rng);
    let row = Row { id, created_at: now, sealed };
    extractor_key::add(&mut tx, &row).await?;
    forget(&mut tx, now).await?;
    tx.commit().await?;
    opened(app, &row)
}

/// The key that something was sealed to, while it opens.
pub async fn by_kid(app: &App, kid: &Bytes<32>) -> Result<Option<ExtractorKey>, Problem> {
    let now = app.clock.wall();
    let mut tx = app.store.read().await?;
    let rows = extractor_key::all(&mut tx).await?;
    drop(tx);
    for row in rows.iter().filter(|row| now - row.created_at < DAY + GRACE) {
        let key = opened(app, row)?;
        if key.bundle.kid() == *kid {
            return Ok(Some(key));
        }
    }
    Ok(None)
}
