//! What happened to a person's account and data, on record: one hash chain a person, its head under
//! the master key, so that no row can be changed, moved or removed unseen.
//!
//! A row says who did what to what, and when: ids and numbers. No word of a note, no address.

use crate::app::App;
use aftercare_core::id::UserId;
use aftercare_seal::{bytes::same, pae, server::MasterKeys};
pub use aftercare_store::audit::{Head, lock_head};
use aftercare_store::{
    StoreError, Tx,
    audit::{self, Row},
};
use serde::Serialize;
use uuid::Uuid;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $number:literal $slug:literal,)+) => {
        /// What was done. The numbers stand in rows and are frozen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $name = $number,)+ }

        impl Action {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As clients see it.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }
        }
    };
}

actions! {
    /// An account was made.
    SignedUp = 1 "signed_up",
    /// Somebody signed in.
    SignedIn = 2 "signed_in",
    /// Somebody tried to, and did not show who they are.
    SignInFailed = 3 "sign_in_failed",
    /// Too many had failed: nothing was looked at.
    SignInRefused = 4 "sign_in_refused",
    /// A session was ended by its owner.
    SignedOut = 5 "signed_out",
    /// A refresh token was used again: its session was ended.
    TokenReused = 6 "token_reused",
    /// The password was changed.
    PasswordChanged = 7 "password_changed",
    /// The address was changed.
    EmailChanged = 8 "email_changed",
    /// The recovery code was used.
    Recovered = 9 "recovered",
    /// A recovery code was tried that is none.
    RecoveryFailed = 10 "recovery_failed",
    /// New keys were made known.
    KeysChanged = 11 "keys_changed",
    /// A second factor was set up.
    FactorAdded = 12 "factor_added",
    /// A second factor was removed.
    FactorRemoved = 13 "factor_removed",
    /// Whether the server may hold the keys was set.
    AssistedSet = 14 "assisted_set",
    /// A patient chose a doctor.
    DoctorChosen = 15 "doctor_chosen",
    /// A patient left a doctor.
    DoctorLeft = 16 "doctor_left",
    /// A note was written.
    NoteWritten = 17 "note_written",
    /// A doctor opened notes.
    NotesRead = 18 "notes_read",
    /// A doctor opened steps or reminders.
    PlanRead = 19 "plan_read",
    /// A note was sent to a model.
    Disclosed = 20 "disclosed",
    /// A note was opened to one more key.
    Granted = 21 "granted",
    /// Everything of one's own was taken out.
    Exported = 22 "exported",
    /// An account was erased.
    Erased = 23 "erased",
    /// Something was asked for that is somebody else's.
    Refused = 24 "refused",
    /// The operator opened, closed or approved an account.
    StateSet = 25 "state_set",
    /// A note was taken out for emergency access.
    EmergencyAccess = 26 "emergency_access",
    /// A new recovery code was made.
    RecoveryCodeMade = 27 "recovery_code_made",
    /// New keys were made known that the old have not signed.
    KeysReset = 28 "keys_reset",
    /// The organisation's word for somebody's keys was made known.
    Credentialed = 29 "credentialed",
    /// A doctor of theirs has erased their account: what they wrote stays.
    DoctorErased = 30 "doctor_erased",
}

/// What is put on record.
#[derive(Clone, Debug)]
pub struct Event {
    /// In whose record.
    pub subject: UserId,
    /// By whom; `None` where nobody was signed in.
    pub actor: Option<UserId>,
    /// What.
    pub action: Action,
    /// On what.
    pub object: Option<Uuid>,
    /// More, in a few plain values.
    pub detail: serde_json::Value,
}

impl Event {
    /// Something a person did to what is theirs.
    pub fn own(person: UserId, action: Action) -> Self {
        Self::by(person, person, action)
    }

    /// Something somebody did, in whose record it belongs.
    pub fn by(actor: UserId, subject: UserId, action: Action) -> Self {
        let detail = serde_json::Value::Null;
        Self { subject, actor: Some(actor), action, object: None, detail }
    }

    /// To what.
    #[must_use]
    pub fn on(self, object: Uuid) -> Self {
        Self { object: Some(object), ..self }
    }

    /// By nobody who is signed in.
    #[must_use]
    pub fn anonymous(self) -> Self {
        Self { actor: None, ..self }
    }

    /// With more about it.
    #[must_use]
    pub fn with(self, detail: impl Serialize) -> Self {
        Self { detail: serde_json::to_value(detail).unwrap_or_default(), ..self }
    }
}

/// Puts an event on record, in the transaction of what it tells of. Comes last there: it locks the
/// subject's chain.
pub async fn record(app: &App, tx: &mut Tx, event: Event) -> Result<(), StoreError> {
    let head = lock_head(tx, event.subject).await?.answer(tx).await?;
    record_after(app, tx, head, event).await
}

/// The same where the chain is locked already, the last of all that is.
pub async fn record_after(
    app: &App,
    tx: &mut Tx,
    head: Option<Head>,
    event: Event,
) -> Result<(), StoreError> {
    let (seq, before) = head.map_or((0, vec![0; 32]), |head| (head.seq, head.hash));
    let detail = if event.detail.is_null() { String::new() } else { event.detail.to_string() };
    let mut row = Row {
        subject_id: event.subject,
        seq: seq + 1,
        at: app.now(),
        actor_id: event.actor,
        action: event.action as i16,
        object_id: event.object,
        detail,
        hash: Vec::new(),
    };
    row.hash = hash(&before, &row);
    let mac = app.master.digest(PURPOSE, &[row.subject_id.as_bytes(), &row.hash]).0;
    audit::add(tx, &row, &mac).await
}

const PURPOSE: &str = "audit";

fn hash(before: &[u8], row: &Row) -> Vec<u8> {
    let optional = |id: Option<Uuid>| id.map_or(Vec::new(), |id| id.as_bytes().to_vec());
    let parts: [&[u8]; 9] = [
        b"aftercare/v1/audit",
        before,
        row.subject_id.as_bytes(),
        &row.seq.to_le_bytes(),
        &row.at.as_micros().to_le_bytes(),
        &optional(row.actor_id.map(|id| id.0)),
        &row.action.to_le_bytes(),
        &optional(row.object_id),
        row.detail.as_bytes(),
    ];
    pae::hash(&pae::pae(&parts)).to_vec()
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row is missing, or stands where another should.
    #[error("row {0} is missing or out of its place")]
    Place(i64),
    /// A row is not as it was written.
    #[error("row {0} was changed")]
    Row(i64),
    /// The newest rows are gone, or were added by another.
    #[error("the head is not that of the newest row")]
    Head,
    /// The head was not written by this service.
    #[error("the head is not under the service's key")]
    Mac,
}

/// Checks a person's whole chain against its head.
pub async fn verify(
    tx: &mut Tx,
    master: &MasterKeys,
    subject: UserId,
    head: Option<&Head>,
) -> Result<Result<i64, Fault>, StoreError> {
    const PAGE: i64 = 500;
    let (mut before, mut seq) = (vec![0; 32], 0);
    loop {
        let rows = audit::oldest(tx, subject, seq, PAGE).await?;
        for row in &rows {
            if row.seq != seq + 1 {
                return Ok(Err(Fault::Place(seq + 1)));
            }
            if row.hash != hash(&before, row) {
                return Ok(Err(Fault::Row(row.seq)));
            }
            (before, seq) = (row.hash.clone(), row.seq);
        }
        if rows.is_empty() {
            break;
        }
    }
    let Some(head) = head.filter(|head| (head.seq, &head.hash) == (seq, &before)) else {
        return Ok(Err(Fault::Head));
    };
    let good = same(&master.digest(PURPOSE, &[subject.as_bytes(), &head.hash]).0, &head.mac);
    Ok(if good { Ok(seq) } else { Err(Fault::Mac) })
}
