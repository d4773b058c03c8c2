//! Whose data a request is about, once the access rule has allowed it.

use super::{actor::Actor, problem::Problem};
use aftercare_core::{
    access::{Act, Relation, may},
    id::UserId,
    people::Role,
};
use aftercare_store::{
    Tx,
    care::{self, Care},
};

/// A patient's data, of one doctor or of all.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Whose.
    pub patient: UserId,
    /// Of this doctor only; of all where the patient asks.
    pub doctor: Option<UserId>,
}

/// What `actor` may see of `patient` (of themselves where none is named) for an act. Ownership
/// comes from the token; whatever the rule does not allow does not exist.
pub async fn scope(tx: &mut Tx, actor: &Actor, patient: Option<UserId>, act: Act) -> Result<Scope, Problem> {
    let own = actor.role == Role::Patient;
    let patient = match patient {
        Some(patient) => patient,
        None if own => actor.id,
        None => {
            return Err(Problem::invalid_field(
                "?patient_id",
                "name the patient, as listed at /api/doctor/patients/",
            ));
        }
    };
    let care = if own { None } else { care::get(tx, patient, actor.id).await? };
    given(actor, patient, care.as_ref(), act)
}

/// The same of a patient whose care by `actor` is known.
pub fn given(actor: &Actor, patient: UserId, care: Option<&Care>, act: Act) -> Result<Scope, Problem> {
    let relation = Relation::of(actor.role, patient == actor.id, care.map(Care::is_current));
    if !may(relation, act) {
        return Err(Problem::not_found().refused(actor.id));
    }
    Ok(Scope { patient, doctor: (actor.role != Role::Patient).then_some(actor.id) })
}
