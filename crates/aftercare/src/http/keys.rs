//! Public keys: of those one deals with, with their history; the log of all of them; changing one's own.

use super::{
    actor::{Account, Actor},
    credentials::{ByPassword, ByRecovery, end_others, put_wrapped},
    json::{Id, Json, Params},
    problem::Problem,
};
use crate::{
    app::App,
    audit::{self, Action, Event},
    keyring::{self, Epoch, History},
};
use aftercare_core::{id::UserId, instant::Instant, people::Role};
use aftercare_seal::{Bytes, bundle::Bundle, bytes, credential::Credential, keylog::Checkpoint};
use aftercare_store::{Tx, account, care, credential, directory, key_log, passkey, person_lock};
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A person's public keys, signed by themselves. Bytes are base64url without padding.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleView {
    /// Whose: 16 bytes of the id.
    #[schema(value_type = String)]
    user_id: Bytes<16>,
    /// Counts key changes from 1.
    epoch: u32,
    /// X-Wing, 1216 bytes.
    #[schema(value_type = String)]
    enc_pk: Bytes<1216>,
    /// Ed25519, 32 bytes.
    #[schema(value_type = String)]
    sign_pk: Bytes<32>,
    /// By `sign_pk` over all of it, 64 bytes.
    #[schema(value_type = String)]
    sig: Bytes<64>,
}

impl BundleView {
    /// Of a bundle.
    pub(super) fn of(bundle: &Bundle) -> Self {
        let Bundle { user_id, epoch, enc_pk, sign_pk, sig } = bundle.clone();
        Self { user_id, epoch, enc_pk, sign_pk, sig }
    }
}

impl From<BundleView> for Bundle {
    fn from(BundleView { user_id, epoch, enc_pk, sign_pk, sig }: BundleView) -> Self {
        Self { user_id, epoch, enc_pk, sign_pk, sig }
    }
}

/// One epoch of somebody's keys.
#[derive(Serialize, ToSchema)]
pub struct EpochView {
    /// The keys.
    bundle: BundleView,
    /// Their id, 32 bytes, base64url.
    #[schema(value_type = String)]
    kid: Bytes<32>,
    /// By the key of the epoch before, 64 bytes, base64url; null for the first, and where keys were
    /// reset: then compare safety codes again.
    #[schema(value_type = Option<String>)]
    succession: Option<Bytes<64>>,
    /// When it was made known.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
}

impl EpochView {
    fn of(epoch: &Epoch) -> Self {
        Self {
            bundle: BundleView::of(&epoch.bundle),
            kid: epoch.bundle.kid(),
            succession: epoch.succession,
            created_at: epoch.created_at,
        }
    }
}

/// A patient's signed choice of a doctor. Bytes are base64url without padding.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementView {
    /// Counts this patient's statements about this doctor; the next has one more.
    n: i64,
    /// When, in seconds since 1970.
    time: i64,
    /// Chosen, or left.
    selected: bool,
    /// The patient's key it names and is signed with, 32 bytes.
    patient_kid: String,
    /// The doctor's key it names, 32 bytes.
    doctor_kid: String,
    /// Ed25519, 64 bytes.
    sig: String,
}

impl StatementView {
    /// The statement of a care, given the keys of both.
    pub(super) fn of(care: &care::Care, patient: &History, doctor: &History) -> Self {
        let first = || (patient.first().kid().0.to_vec(), doctor.first().kid().0.to_vec());
        let (patient_kid, doctor_kid) = care.statement.kids.clone().unwrap_or_else(first);
        Self {
            n: care.statement.n,
            time: care.statement.time,
            selected: care.is_current(),
            patient_kid: bytes::encode(&patient_kid),
            doctor_kid: bytes::encode(&doctor_kid),
            sig: bytes::encode(&care.statement.sig),
        }
    }
}

/// Somebody's public keys.
#[derive(Serialize, ToSchema)]
pub struct KeysView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// Newest first: the first is in use.
    history: Vec<EpochView>,
    /// What was stated between the one asking and this person, if anything was.
    statement: Option<StatementView>,
    /// Where a doctor's chain of notes for a patient stands: the next envelope has one more `seq` and
    /// this `prev`.
    chain: Option<ChainView>,
    /// For a doctor: an organisation's word for their keys, where one has signed for them.
    credential: Option<CredentialView>,
}

/// An organisation's word for a doctor's keys, signed away from this service. Bytes are base64url without
/// padding.
#[derive(Serialize, ToSchema)]
pub struct CredentialView {
    /// Whose: 16 bytes of the id.
    #[schema(value_type = String)]
    user_id: Bytes<16>,
    /// The keys, 32 bytes: those in use, or that those follow from.
    #[schema(value_type = String)]
    kid: Bytes<32>,
    /// Who the organisation says they are.
    name: String,
    /// From when, in seconds since 1970.
    issued_at: u64,
    /// Until when.
    expires_at: u64,
    /// By the organisation's key over `PAE("aftercare/v1/credential", S1, user_id, kid, name, LE64 issued_at, LE64
    /// expires_at)`, 64 bytes.
    #[schema(value_type = String)]
    sig: Bytes<64>,
}

impl CredentialView {
    async fn load(tx: &mut Tx, id: UserId) -> Result<Option<Self>, Problem> {
        let Some(body) = credential::get(tx, id).await? else { return Ok(None) };
        let said: Credential = serde_json::from_slice(&body).map_err(Problem::internal)?;
        let Credential { user_id, kid, name, issued_at, expires_at, sig } = said;
        Ok(Some(Self { user_id, kid, name, issued_at, expires_at, sig }))
    }
}

/// The end of a doctor's chain of notes for a patient.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChainView {
    /// The newest envelope's number; 0 before the first.
    seq: i64,
    /// Its transcript, 32 bytes, base64url; zeros before the first.
    transcript: String,
}

impl ChainView {
    /// Of a care.
    pub(super) fn of(care: &care::Care) -> Self {
        Self { seq: care.last_seq, transcript: bytes::encode(&care.last_transcript) }
    }
}

/// Fetch somebody's public keys
///
/// One's own, those of a person one deals or has dealt with, and of a doctor in the directory.
#[utoipa::path(get, path = "/api/keys/{user_id}/", tag = "Keys", security(("bearer" = [])), params(("user_id" = Uuid, Path)), responses(
    (status = 200, body = KeysView), (status = 404, body = Problem)))]
pub async fn read_keys(
    State(app): State<App>,
    actor: Actor,
    Id(user_id): Id<UserId>,
) -> Result<Json<KeysView>, Problem> {
    let mut tx = app.store.read().await?;
    let care = match actor.role {
        Role::Patient => care::get(&mut tx, actor.id, user_id).await?,
        Role::Doctor => care::get(&mut tx, user_id, actor.id).await?,
    };
    let listed = directory::get(&mut tx, user_id).await?.is_some();
    if user_id != actor.id && care.is_none() && !listed {
        return Err(Problem::not_found());
    }
    Ok(Json(keys_of(&mut tx, &actor, user_id, care.as_ref()).await?))
}

/// Somebody's keys, for one who deals with them.
pub(super) async fn keys_of(
    tx: &mut Tx,
    actor: &Actor,
    user_id: UserId,
    care: Option<&care::Care>,
) -> Result<KeysView, Problem> {
    let history = History::load(tx, user_id).await?;
    let own = History::load(tx, actor.id).await?;
    let (patient, doctor) = if actor.role == Role::Patient { (&own, &history) } else { (&history, &own) };
    Ok(KeysView {
        user_id,
        statement: care.map(|care| StatementView::of(care, patient, doctor)),
        chain: care.filter(|_| actor.role == Role::Doctor).map(ChainView::of),
        history: history.epochs().iter().map(EpochView::of).collect(),
        credential: CredentialView::load(tx, user_id).await?,
    })
}

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Entries after this place (0: from the beginning).
    #[serde(default)]
    after: i64,
}

/// A key in the log.
#[derive(Serialize, ToSchema)]
pub struct LogEntry {
    /// Its place, from 1.
    n: i64,
    /// Whose, hashed; 32 bytes, base64url.
    user_hash: String,
    /// The key, 32 bytes, base64url.
    kid: String,
    /// Its epoch.
    epoch: i32,
    /// When it was made known, in seconds since 1970.
    time: i64,
    /// The chain's head with it, 32 bytes, base64url.
    head: String,
}

/// A part of the log of keys.
#[derive(Serialize, ToSchema)]
pub struct KeyLog {
    /// In their order; at most 500.
    items: Vec<LogEntry>,
    /// The newest place, with its head: keep it and compare it at the next sign-in.
    checkpoint: CheckpointView,
}

/// Where the log of keys stands, signed by the service: two that contradict each other are proof. Bytes are
/// base64url without padding.
#[derive(Serialize, ToSchema)]
pub struct CheckpointView {
    /// The service.
    issuer: String,
    /// The newest place.
    n: u64,
    /// The head there, 32 bytes.
    #[schema(value_type = String)]
    head: Bytes<32>,
    /// Now, in seconds since 1970.
    time: u64,
    /// By the service's token key (`/.well-known/jwks.json`) over `PAE("aftercare/v1/keylog-checkpoint",
    /// issuer, LE64 n, head, LE64 time)`, 64 bytes.
    #[schema(value_type = String)]
    sig: Bytes<64>,
    /// That key's id.
    sig_kid: String,
}

impl CheckpointView {
    fn sign(app: &App, n: i64, head: &[u8]) -> Result<Self, Problem> {
        let checkpoint = Checkpoint {
            issuer: app.config.issuer(),
            n: u64::try_from(n).map_err(Problem::internal)?,
            head: Bytes::try_from(head)?,
            time: u64::try_from(app.clock.wall().as_secs()).map_err(Problem::internal)?,
        };
        let (sig, sig_kid) = app.tokens.attest(&checkpoint.message());
        let Checkpoint { issuer, n, head, time } = checkpoint;
        Ok(Self { issuer, n, head, time, sig, sig_kid })
    }
}

/// Read the log of keys
///
/// Every key there ever was, in one chain that names nobody. Who is shown other keys than others
/// are, is shown another chain.
#[utoipa::path(get, path = "/api/keys/log/", tag = "Keys", security(("bearer" = [])), params(After), responses((status = 200, body = KeyLog)))]
pub async fn read_log(
    State(app): State<App>,
    // A device follows it from its first sign-in.
    _: Account,
    Params(which): Params<After>,
) -> Result<Json<KeyLog>, Problem> {
    let mut tx = app.store.read().await?;
    let (n, head) = key_log::head(&mut tx).await?;
    let items = key_log::list(&mut tx, which.after, 500).await?.into_iter().map(|row| LogEntry {
        n: row.n,
        user_hash: bytes::encode(&row.user_hash),
        kid: bytes::encode(&row.kid),
        epoch: row.epoch,
        time: row.at,
        head: bytes::encode(&row.head),
    });
    Ok(Json(KeyLog { items: items.collect(), checkpoint: CheckpointView::sign(&app, n, &head)? }))
}

/// New keys of one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeys {
    /// The next epoch's public keys.
    bundle: BundleView,
    /// Over the same bytes as the bundle's own signature, by the key in use; 64 bytes, base64url.
    #[schema(value_type = String)]
    succession: Bytes<64>,
    /// The new root key under the password.
    password: ByPassword,
    /// The same under a new recovery code.
    recovery: ByRecovery,
}

/// Change one's own keys
///
/// For a device that was lost unlocked. The new keys are signed by the old: whoever has them pinned
/// goes on with them. Every session ends but this; notes are opened to the new key by grants.
#[utoipa::path(post, path = "/api/me/keys/", tag = "Keys", security(("bearer" = [])), request_body = NewKeys, responses(
    (status = 204), (status = 401, description = "`step_up_required`", body = Problem),
    (status = 403, description = "`assisted_session`", body = Problem),
    (status = 409, description = "`conflict`: other keys were made known meanwhile", body = Problem), (status = 422, body = Problem)))]
pub async fn change_keys(
    State(app): State<App>,
    Account(actor): Account,
    Json(body): Json<NewKeys>,
) -> Result<StatusCode, Problem> {
    actor.signed_in_recently(&app)?;
    if !actor.is_sealed() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "assisted_session",
            "Not in this session",
            "keys are changed where they are made: sign in with auth_key on a device of yours",
        ));
    }
    body.password.check().map_err(|error| Problem::invalid_field("/password/kdf", error))?;
    let bundle = Bundle::from(body.bundle);
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    let history = History::load(&mut tx, actor.id).await?;
    bundle.verify().map_err(|error| Problem::invalid_field("/bundle", error))?;
    bundle.succeeds(history.current(), &body.succession).map_err(|_| {
        Problem::invalid_field(
            "/succession",
            "must be by the key in use, over the next epoch's bundle of this account",
        )
    })?;
    let now = app.now();
    keyring::publish(&mut tx, &bundle, Some(body.succession), now).await?;
    let epoch = i32::try_from(bundle.epoch).map_err(Problem::internal)?;
    replace_credentials(&app, &mut tx, &actor, &body.password, &body.recovery, epoch).await?;
    let event = Event::own(actor.id, Action::KeysChanged).with(serde_json::json!({ "epoch": bundle.epoch }));
    audit::record(&app, &mut tx, event).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn replace_credentials(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    password: &ByPassword,
    recovery: &ByRecovery,
    epoch: i32,
) -> Result<(), Problem> {
    let mut person = super::person::person(tx, actor.id).await?;
    person.password = password.row(app, actor.id);
    person.stamp += 1;
    let recovery_verifier = recovery.verifier(app, actor.id);
    account::set_credentials(tx, &person, Some(&recovery_verifier.0)).await?;
    put_wrapped(app, tx, actor.id, 1, epoch, &password.wrapped).await?;
    put_wrapped(app, tx, actor.id, 2, epoch, &recovery.wrapped).await?;
    passkey::close_all(tx, actor.id).await?;
    end_others(app, tx, actor, person.stamp).await
}
