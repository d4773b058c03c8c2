//! A doctor's hand on a draft: the steps as they are to be, held to the note and to the plan.

use crate::{
    http::problem::FieldError,
    notebook::{OpenNote, StepText},
    plan::Plan,
    review::Edited,
};
use aftercare_core::{
    course::Policy,
    id::StepId,
    people::about,
    quote::{Folded, char_offset},
    step::{Category, Kind},
    supersede::may_continue,
    timing::Timing,
};
use aftercare_extract::extraction::About;
use serde::Deserialize;
use std::collections::HashSet;
use utoipa::ToSchema;

/// A draft as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Its steps, all of them, in their order; at most 100.
    steps: Vec<EditStep>,
    /// Questions whose step stands as it is.
    #[serde(default)]
    stands: Vec<Stands>,
}

/// A step as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditStep {
    /// The step of the draft that this was; absent for one added by hand.
    #[schema(value_type = Option<Uuid>)]
    id: Option<StepId>,
    /// `checklist` or `plan`.
    #[schema(value_type = String, example = "plan")]
    kind: Kind,
    /// What to do, 1 to 1000 characters.
    #[schema(example = "Take Drug A")]
    action: String,
    /// Words of the note that say so, verbatim; absent for a step that does not stand in it.
    #[serde(default)]
    evidence: String,
    /// `medication`, `test`, `appointment`, `measurement`, `lifestyle` or `other`.
    #[schema(value_type = String, example = "medication")]
    category: Category,
    /// When, as the subset of FHIR R4 `Timing.repeat`; for a checklist only `start`: when it is due.
    #[schema(value_type = Option<Object>, example = json!({"frequency": 1, "duration": {"value": 7, "unit": "d"}}))]
    timing: Option<Timing>,
    /// What a missed occurrence does: `extend` or `skip`; absent: as fits the timing.
    #[schema(value_type = Option<String>, example = "extend")]
    policy: Option<Policy>,
    /// A step of the plan in force whose count and log this one goes on with. It must fall due at
    /// the same times; how long it runs may change.
    #[schema(value_type = Option<Uuid>)]
    continues: Option<StepId>,
}

/// A question whose step stands as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    /// About which step of the draft.
    #[schema(value_type = Uuid)]
    step_id: StepId,
    /// What was asked.
    #[schema(value_type = String, example = "frequency")]
    about: About,
}

/// More is no plan that anybody follows.
const MAX_STEPS: usize = 100;

/// The words of a draft after an edit, or every field that is not as it should be.
pub fn apply(
    edit: &Edit,
    before: &OpenNote,
    plan: &Plan,
    mut new_id: impl FnMut() -> StepId,
) -> Result<OpenNote, Vec<FieldError>> {
    let mut errors = Vec::new();
    if edit.steps.len() > MAX_STEPS {
        errors.push(FieldError::at("/steps", "must be at most 100"));
    }
    let folded = Folded::new(&before.text);
    let (mut taken, mut were) = (HashSet::new(), HashSet::new());
    let mut steps: Vec<(StepId, StepText)> = Vec::new();
    for (place, step) in edit.steps.iter().enumerate().take(MAX_STEPS) {
        let mut at = |field: &str, error: String| {
            errors.push(FieldError::at(format!("/steps/{place}/{field}"), error));
        };
        if step.id.is_some_and(|id| before.step(id).is_none()) {
            at("id", "must be a step of this draft; leave it out to add one".to_owned());
        }
        // A step that is to go on no longer needs an id of its own: the one it had is of the plan.
        let own = step.id.filter(|id| !before.step(*id).is_some_and(|was| was.continues));
        let id = step.continues.or(own).unwrap_or_else(&mut new_id);
        if !taken.insert(id) || step.id.is_some_and(|id| !were.insert(id)) {
            at("id", "must not be given twice".to_owned());
        }
        match read(step, before, &folded) {
            Ok(text) => {
                if let Err(error) = continued(step, &text, plan) {
                    at("continues", error);
                }
                steps.push((id, text));
            }
            Err((field, error)) => at(field, error),
        }
    }
    for (place, stands) in edit.stands.iter().enumerate() {
        let asked =
            |asked: &crate::review::Asked| (asked.step_id, asked.about) == (stands.step_id, stands.about);
        if !before.review.questions.iter().any(asked) {
            errors.push(FieldError::at(format!("/stands/{place}"), "must be a question of this draft"));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let edited: Vec<_> = edit
        .steps
        .iter()
        .zip(&steps)
        .map(|(step, (id, text))| Edited {
            was: step.id.and_then(|was| Some((was, before.step(was)?))),
            is: (*id, text),
        })
        .collect();
    let stands: Vec<_> = edit.stands.iter().map(|stands| (stands.step_id, stands.about)).collect();
    let review = before.review.edited(&edited, &stands);
    Ok(OpenNote::of(before.text.clone(), steps, before.safety_net.clone(), review))
}

type Fault = (&'static str, String);

fn read(step: &EditStep, before: &OpenNote, note: &Folded) -> Result<StepText, Fault> {
    let action = about(&step.action, 1000).map_err(|error| ("action", error.to_string()))?;
    if action.is_empty() {
        return Err(("action", "must say what to do".to_owned()));
    }
    let (quote, quote_start) = evidence(step, before, note)?;
    let schedule = step.timing.clone().unwrap_or_default();
    schedule.check().map_err(|error| ("timing", error.to_string()))?;
    let task = Timing { start: schedule.start, ..Timing::default() };
    if step.kind == Kind::Checklist && schedule != task {
        return Err(("timing", "a checklist step is done once: only `start` says when it is due".to_owned()));
    }
    match step.policy {
        Some(_) if step.kind == Kind::Checklist || !schedule.is_scheduled() => {
            return Err(("policy", "is for steps with a schedule; leave it out".to_owned()));
        }
        Some(Policy::Extend)
            if schedule.duration.is_none() && schedule.count.is_none() && schedule.until.is_none() =>
        {
            return Err(("policy", "a step without an end has nothing to extend: use skip".to_owned()));
        }
        Some(Policy::Log) => return Err(("policy", "must be extend or skip".to_owned())),
        _ => {}
    }
    Ok(StepText {
        title: action.clone(),
        text: action,
        quote,
        quote_start,
        kind: step.kind,
        category: step.category,
        schedule,
        policy: step.policy,
        // The doctor has looked at it.
        sure: None,
        continues: step.continues.is_some(),
    })
}

/// The quote as it stands in the note, with its place in characters.
fn evidence(step: &EditStep, before: &OpenNote, note: &Folded) -> Result<(String, usize), Fault> {
    if step.evidence.is_empty() {
        return Ok((String::new(), 0));
    }
    let was = step.id.and_then(|id| before.step(id)).filter(|was| was.quote == step.evidence);
    if let Some(was) = was {
        return Ok((was.quote.clone(), was.quote_start));
    }
    let found = note.find(&step.evidence, 0);
    let found = found.ok_or((
        "evidence",
        "must stand in the note, word by word; leave it out where it does not".to_owned(),
    ))?;
    Ok((before.text[found.clone()].to_owned(), char_offset(&before.text, found.start)))
}

/// Whether a step may go on with the one it names.
fn continued(step: &EditStep, text: &StepText, plan: &Plan) -> Result<(), String> {
    let Some(id) = step.continues else { return Ok(()) };
    let old = plan.steps.iter().find(|old| old.row.id == id && old.is_active());
    let old = old.ok_or("must be a step of your plan for this patient that is in force")?;
    let schedule = old.timing.clone().unwrap_or_default();
    if old.row.kind != text.kind {
        return Err("a checklist step and a plan step cannot go on with each other".to_owned());
    }
    if text.kind == Kind::Plan && !may_continue(&schedule, &text.schedule) {
        return Err("falls due at other times than the step it would go on with; leave it out to begin anew"
            .to_owned());
    }
    Ok(())
}
