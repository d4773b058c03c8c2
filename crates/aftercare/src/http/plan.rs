//! A plan and the notes that it stands in, for whoever may read it.

use super::{
    actor::{Actor, Arriving},
    problem::Problem,
    scope::{Scope, scope},
};
use crate::{
    app::App,
    plan::{AskedPlan, Plan},
};
use aftercare_core::{
    access::Act,
    id::{NoteId, UserId},
    instant::Instant,
};
use aftercare_store::{Asked, StoreError, Tx, envelope::Sealed, note};

/// Of which patient, for doctors; and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Whose; a patient's own where nobody is named.
    pub(super) patient: Option<UserId>,
    /// Of what was in force then or later.
    pub(super) since: Instant,
    /// Whether also notes without a step.
    pub(super) live: bool,
    /// As of when.
    pub(super) now: Instant,
}

/// What is read.
pub(super) struct Reading {
    /// Who reads.
    pub(super) actor: Actor,
    /// In what else can be asked.
    pub(super) tx: Tx,
    /// Whose it is.
    pub(super) scope: Scope,
    /// The plan.
    pub(super) plan: Plan,
    /// All notes in force with their authors, where they were wanted.
    pub(super) live: Vec<(NoteId, UserId)>,
    /// The notes of its steps as they lie there.
    pub(super) sealed: Vec<Sealed>,
}

impl Reading {
    /// Reads it; a patient's own is asked for along with their session.
    pub(super) async fn of(app: &App, mut arriving: Arriving, wanted: Wanted) -> Result<Self, Problem> {
        let mut early = None;
        if let Some((tx, own)) = arriving.own(wanted.patient) {
            early = Some(Questions::ask(tx, own, Scope { patient: own, doctor: None }, wanted).await?);
        }
        let (actor, mut tx) = arriving.actor(app).await?;
        let scope = scope(&mut tx, &actor, wanted.patient, Act::ReadPlan).await?;
        let asked = match early {
            Some(asked) => asked,
            None => Questions::ask(&mut tx, actor.id, scope, wanted).await?,
        };
        let (plan, sources) = asked.plan.with_sources(&mut tx, wanted.now).await?;
        let live = match asked.live {
            Some(live) => live.answer(&mut tx).await?,
            None => Vec::new(),
        };
        Ok(Self { actor, tx, scope, plan, live, sealed: sources.sealed })
    }
}

struct Questions {
    plan: AskedPlan,
    live: Option<Asked<Vec<(NoteId, UserId)>>>,
}

impl Questions {
    async fn ask(
        tx: &mut Tx,
        reader: UserId,
        Scope { patient, doctor }: Scope,
        wanted: Wanted,
    ) -> Result<Self, StoreError> {
        let plan = Plan::ask(tx, patient, doctor, wanted.since, Some(reader)).await?;
        let live = if wanted.live { Some(note::live_ids(tx, patient, doctor).await?) } else { None };
        Ok(Self { plan, live })
    }
}
