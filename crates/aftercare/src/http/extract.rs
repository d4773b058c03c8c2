//! `GET` and `POST /api/extract/`: a note sealed to whoever reads notes here, for doctors whose keys are
//! on their own device. Nothing of it is stored.

use super::{
    actor::{Actor, Doctor},
    json::Json,
    keys::BundleView,
    problem::Problem,
    scope::scope,
    submission::{attended, disclose, names},
};
use crate::{
    app::App, extractor, keyring::raw, plan::Habits, reader::Disclosure, reading::RULES_VERSION,
    reading::Reading,
};
use aftercare_core::{
    access::Act,
    id::{NoteId, UserId},
    instant::Instant,
    people::check_note,
};
use aftercare_seal::{
    Bytes, bytes,
    exchange::{self, Sealed},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who reads notes here, and under which key. Bytes are base64url without padding.
#[derive(Serialize, ToSchema)]
pub struct ExtractorInfo {
    /// The key to seal to.
    bundle: BundleView,
    /// Its id, 32 bytes.
    #[schema(value_type = String)]
    kid: Bytes<32>,
    /// When another takes its place.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
    /// `rules`, `developer-api`, `google-cloud`, `local` or `elsewhere`: who gets the text.
    provider: &'static str,
    /// What that means.
    meaning: &'static str,
    /// Whether names and numbers are masked before it leaves.
    deidentified: bool,
    /// By the service's token key (`/.well-known/jwks.json`) over
    /// `PAE("aftercare/v1/extractor", issuer, kid, provider)`.
    #[schema(value_type = String)]
    sig: Bytes<64>,
    /// That key's id.
    sig_kid: String,
}

/// Who reads notes here?
///
/// The key that a text is sealed to, and where that text would go.
#[utoipa::path(get, path = "/api/extract/", tag = "Notes and steps", security(("bearer" = [])), responses((status = 200, body = ExtractorInfo)))]
pub async fn extractor_info(State(app): State<App>, _: Actor) -> Result<Json<ExtractorInfo>, Problem> {
    let key = extractor::current(&app).await?;
    let provider = app.reader.provider();
    let kid = key.bundle.kid();
    let attested = exchange::attested(&app.config.issuer(), &kid, provider.name());
    let (sig, sig_kid) = app.tokens.attest(&attested);
    Ok(Json(ExtractorInfo {
        bundle: BundleView::of(&key.bundle),
        kid,
        expires_at: key.expires_at,
        provider: provider.name(),
        meaning: provider.meaning(),
        deidentified: app.reader.deidentifies(),
        sig,
        sig_kid,
    }))
}

/// A note to be read. Bytes are base64url without padding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToRead {
    /// One of the doctor's patients.
    #[schema(value_type = Uuid)]
    patient_id: UserId,
    /// The note it is to become: `UUIDv7`, made by the client.
    #[schema(value_type = Uuid)]
    note_id: NoteId,
    /// The extractor's key id, 32 bytes.
    #[schema(value_type = String)]
    to: Bytes<32>,
    /// HPKE encapsulated key, 1120 bytes.
    #[schema(value_type = String)]
    enc: Bytes<1120>,
    /// HPKE ciphertext of 32 bytes that the reply is sealed under, and the note's text.
    ct: String,
    /// As `GET` gave it: the doctor has agreed that it goes there.
    provider: String,
    /// Whether the doctor looks at the steps before they come into force; false: what is unsure gets
    /// no schedule.
    #[serde(default = "yes")]
    attended: bool,
}

fn yes() -> bool {
    true
}

/// What was read. Bytes are base64url without padding.
#[derive(Serialize, ToSchema)]
pub struct ReadBack {
    /// AES-256-GCM under the key that came with the text: steps, questions, and who read.
    ct: String,
}

/// Have a sealed note read
///
/// For doctors whose keys are on their own device. The text is opened in memory, read as
/// `/api/submit-notes/` would, and forgotten; the answer is sealed to the one who asked.
#[utoipa::path(post, path = "/api/extract/", tag = "Notes and steps", security(("bearer" = [])), request_body = ToRead, responses(
    (status = 200, body = ReadBack), (status = 404, description = "Not a patient of this doctor", body = Problem),
    (status = 409, description = "`stale_keys`: seal to the key of today; `other_provider`: it would go elsewhere now; `extraction_failed`", body = Problem),
    (status = 422, body = Problem)))]
pub async fn extract(
    State(app): State<App>,
    Doctor(actor): Doctor,
    Json(body): Json<ToRead>,
) -> Result<Json<ReadBack>, Problem> {
    let now = app.now();
    let mut tx = app.store.read().await?;
    scope(&mut tx, &actor, Some(body.patient_id), Act::WriteNote).await?;
    let habits = Habits::load(&mut tx, body.patient_id).await?;
    let names = names(&app, &mut tx, body.patient_id, actor.id).await?;
    drop(tx);
    if body.provider != app.reader.provider().name() {
        let detail = "it would go to another provider now; look at GET /api/extract/ and agree anew";
        return Err(Problem::conflict("other_provider", detail));
    }
    let key = extractor::by_kid(&app, &body.to).await?;
    let key = key.ok_or_else(|| Problem::conflict("stale_keys", "seal to the key of GET /api/extract/"))?;
    let malformed =
        || Problem::invalid_field("/ct", "does not open: seal it to the extractor's key, as yourself");
    let ct = bytes::decode(&body.ct).ok_or_else(malformed)?;
    let sealed = Sealed { to: body.to, enc: body.enc, ct };
    let (text, reply) = exchange::open(&sealed, raw(actor.id), &key.keys).map_err(|_| malformed())?;
    let text = std::str::from_utf8(&text).map_err(|_| malformed())?.to_owned();
    check_note(&text).map_err(|error| Problem::invalid_field("/ct", error))?;

    let failed = |failure: crate::reader::Failure| Problem::conflict("extraction_failed", failure.reason);
    let prepared = app.reader.prepare(text, names).await.map_err(failed)?;
    // That it is opened here is on record too where it goes nowhere else.
    let here = || Disclosure { provider: "rules", model: RULES_VERSION.to_owned(), masked: None };
    let sent = app.reader.disclosure(&prepared).unwrap_or_else(here);
    disclose(&app, actor.id, (body.patient_id, body.note_id), sent).await?;
    let date = habits.zone(now).to_datetime(now.timestamp()).date();
    let jitter = body.note_id.as_bytes()[15];
    let read = app.reader.read(prepared, Some(date), jitter, std::future::pending()).await;
    app.metrics.read(&read);
    let read = read.map_err(failed)?;
    let (read, doubtful) = attended(read, body.attended);
    if let Some(reason) = doubtful {
        return Err(Problem::conflict("extraction_failed", reason));
    }
    let reading =
        zeroize::Zeroizing::new(serde_json::to_vec(&Reading::of(&read)).map_err(Problem::internal)?);
    let ct = reply.seal(&body.to, &reading, &mut app.random.rng());
    Ok(Json(ReadBack { ct: bytes::encode(&ct) }))
}
