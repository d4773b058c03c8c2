//! `GET /api/emergency/`: who else can open notes, so that everybody sees whether anybody can.

use super::{actor::Account, json::Json, keys::BundleView, problem::Problem};
use crate::app::App;
use aftercare_seal::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Who can open notes in an emergency.
#[derive(Serialize, ToSchema)]
pub struct Emergency {
    /// Null: nobody but a note's patient and doctor opens it.
    recipient: Option<RecipientView>,
    /// Its key id, 32 bytes, base64url: devices seal to no other than one they were told of.
    #[schema(value_type = Option<String>)]
    kid: Option<Bytes<32>>,
}

/// A recipient whose key lies in shares with several people: some of them together open what is sealed
/// to it, away from this service. Taking notes out for it is on the patient's record.
#[derive(Serialize, ToSchema)]
pub struct RecipientView {
    /// Its public keys.
    bundle: BundleView,
    /// So many shares open.
    threshold: u8,
    /// So many there are.
    shares: u8,
}

/// See who can open notes in an emergency
///
/// Notes are sealed to their patient, their doctor and this recipient, where the operator has made one.
#[utoipa::path(get, path = "/api/emergency/", tag = "Keys", security(("bearer" = [])), responses((status = 200, body = Emergency)))]
pub async fn emergency(State(app): State<App>, _: Account) -> Result<Json<Emergency>, Problem> {
    let recipient = app.emergency.as_ref();
    Ok(Json(Emergency {
        kid: recipient.map(|recipient| recipient.bundle.kid()),
        recipient: recipient.map(|recipient| RecipientView {
            bundle: BundleView::of(&recipient.bundle),
            threshold: recipient.threshold,
            shares: recipient.shares,
        }),
    }))
}
