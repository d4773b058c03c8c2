//! How patients see a doctor: part of `/api/me/`.

use super::{
    actor::Actor,
    problem::{FieldError, Problem},
};
use crate::app::App;
use aftercare_core::people::{Name, Role, about};
use aftercare_store::{Tx, directory};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How patients see a doctor.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    /// What they do.
    specialty: Option<String>,
    /// A few words about them.
    bio: Option<String>,
    /// Where patients reach them: `+`, digits, spaces and `()-/.`.
    phone: Option<String>,
    /// Whether patients find them by searching; who has their id chooses them anyway.
    searchable: bool,
    /// Whether patients can choose them and they can write: the operator has approved them, where that is asked for.
    approved: bool,
}

/// What to change of it; an empty text takes away what is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// What they do.
    specialty: Option<String>,
    /// A few words about them.
    bio: Option<String>,
    /// Where patients reach them: `+`, digits, spaces and `()-/.`.
    phone: Option<String>,
    /// Whether patients find them by searching.
    searchable: Option<bool>,
}

/// A change whose texts are as they may be.
pub(super) struct Checked {
    specialty: Option<String>,
    bio: Option<String>,
    phone: Option<String>,
    searchable: Option<bool>,
}

impl ProfileChange {
    pub(super) fn check(&self, role: Role, errors: &mut Vec<FieldError>) -> Checked {
        if role != Role::Doctor {
            errors.push(FieldError::at("/profile", "is for doctors; leave it out"));
        }
        let mut text = |pointer, given: Option<&str>, most| {
            let given = given?;
            if given.trim().is_empty() {
                return Some(String::new());
            }
            about(given, most).map_err(|error| errors.push(FieldError::at(pointer, error))).ok()
        };
        let checked = Checked {
            phone: text("/profile/phone", self.phone.as_deref(), 40),
            specialty: text("/profile/specialty", self.specialty.as_deref(), 100),
            bio: text("/profile/bio", self.bio.as_deref(), 500),
            searchable: self.searchable,
        };
        let dials = |text: &str| text.chars().all(|c| c.is_ascii_digit() || "+ ()-/.".contains(c));
        if checked.phone.as_deref().is_some_and(|phone| !dials(phone)) {
            errors.push(FieldError::at("/profile/phone", "must be a number such as +49 30 1234567"));
        }
        checked
    }
}

/// A doctor's; nothing for patients.
pub(super) async fn of(app: &App, tx: &mut Tx, actor: &Actor) -> Result<Option<Profile>, Problem> {
    if actor.role != Role::Doctor {
        return Ok(None);
    }
    let found = directory::find(tx, actor.id).await?;
    Ok(found.map(|(entry, listed)| Profile {
        specialty: entry.specialty,
        bio: entry.bio,
        phone: entry.phone,
        searchable: entry.searchable,
        approved: listed || !app.config.approves_doctors(),
    }))
}

/// Changes how patients see a doctor.
pub(super) async fn change(
    tx: &mut Tx,
    actor: &Actor,
    name: Option<&Name>,
    change: Option<Checked>,
) -> Result<(), Problem> {
    let Some((mut entry, _)) = directory::find(tx, actor.id).await? else { return Ok(()) };
    if let Some(name) = name {
        name.as_str().clone_into(&mut entry.name);
    }
    if let Some(Checked { specialty, bio, phone, searchable }) = change {
        for (there, text) in
            [(&mut entry.specialty, specialty), (&mut entry.bio, bio), (&mut entry.phone, phone)]
        {
            if let Some(text) = text {
                *there = Some(text).filter(|text| !text.is_empty());
            }
        }
        entry.searchable = searchable.unwrap_or(entry.searchable);
    }
    Ok(directory::put(tx, &entry).await?)
}
