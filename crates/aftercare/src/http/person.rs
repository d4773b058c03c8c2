//! People in answers.

use super::problem::Problem;
use crate::{app::App, keyring::raw};
use aftercare_core::{id::UserId, instant::Instant, people::Role};
use aftercare_store::{
    Tx,
    account::{self, Person},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    pub id: UserId,
    /// `patient` or `doctor`.
    #[schema(value_type = String, example = "patient")]
    pub role: Role,
    /// As shown to those they deal with.
    pub name: String,
    /// Where they sign in.
    pub email: String,
    /// IANA time zone.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
}

/// A person as they see themselves.
pub(super) fn user_view(app: &App, person: Person) -> Result<UserView, Problem> {
    let email = email_of(app, &person)?;
    let Person { id, role, name, time_zone, created_at, .. } = person;
    Ok(UserView { id, role, name, email, time_zone, created_at })
}

/// A person's address, opened.
pub(super) fn email_of(app: &App, person: &Person) -> Result<String, Problem> {
    let email = app.master.open_column("person", raw(person.id), b"email", &person.email)?;
    String::from_utf8(email.to_vec()).map_err(Problem::internal)
}

/// Who somebody is, for those who deal with them.
pub(super) async fn person(tx: &mut Tx, id: UserId) -> Result<Person, Problem> {
    account::get(tx, id).await?.ok_or_else(|| Problem::internal(format!("no person {id}")))
}
