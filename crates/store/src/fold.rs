//! Courses that have long been over, put away: all answers of one in its step's own row, as JSON. A course is computed from
//! its schedule and its answers, so nothing of it changes: [`whole`] lays them together with what was said since.

use crate::{
    StoreError, Tx, check_in, code,
    sql::{fetch_all, fetch_one, put},
};
use aftercare_core::{
    course::Answer,
    id::{Bucket, StepId, UserId},
    instant::Instant,
};
use uuid::Uuid;

/// So many steps of a bucket at once.
const AT_ONCE: i64 = 200;

/// As it stands in the JSON: ordinal, status, when it was done, when that was said, cause.
type Folded = (u32, i16, i64, i64, Option<i16>);

/// Steps of a bucket that began before an instant, of which nothing happens any more by itself and nothing was said since.
pub async fn candidates(
    tx: &mut Tx,
    bucket: i16,
    before: Instant,
) -> Result<Vec<(UserId, StepId)>, StoreError> {
    let rows = fetch_all!(
        tx,
        (Uuid, Uuid),
        "-- fold::candidates
        select step.patient_id, step.id from step
        where step.bucket = $1 and step.activated_at < $2
          and exists (select 1 from check_in where bucket = $1 and step_id = step.id and reason is null)
          and not exists (select 1 from check_in where bucket = $1 and step_id = step.id and recorded_at >= $2)
          and not exists (select 1 from due where bucket = $1 and step_id = step.id)
        order by 1, 2 limit $3",
        bucket,
        before.as_micros(),
        AT_ONCE
    )?;
    Ok(rows.into_iter().map(|(patient, step)| (UserId(patient), StepId(step))).collect())
}

/// Puts the answers of a step together. Those with a reason beside them stay as well, for the reason's sake. Their person is
/// locked.
pub async fn fold(tx: &mut Tx, patient: UserId, step: StepId) -> Result<(), StoreError> {
    let bucket = Bucket::of(patient).get();
    let before = fetch_one!(
        tx,
        (Option<String>,),
        "-- fold::fold before\nselect folded from step where bucket = $1 and id = $2",
        bucket,
        step.0
    )?;
    let rows = check_in::of_step(tx, patient, step).await?;
    let all = whole(before.and_then(|row| row.0).as_deref(), rows)?;
    let all: Vec<Folded> = all.iter().map(write).collect();
    let json = serde_json::to_string(&all).map_err(|error| StoreError::Broken(error.to_string()))?;
    put!(
        tx,
        "-- fold::fold step\nupdate step set folded = $3 where bucket = $1 and id = $2",
        bucket,
        step.0,
        json.as_str()
    )?;
    put!(
        tx,
        "-- fold::fold answers\ndelete from check_in where bucket = $1 and step_id = $2 and reason is null",
        bucket,
        step.0
    )?;
    Ok(())
}

fn write(answer: &Answer) -> Folded {
    let Answer { ordinal, status, at, recorded_at, cause } = *answer;
    (ordinal, code::answer(status), at.as_micros(), recorded_at.as_micros(), cause.map(code::cause))
}

/// A step's whole log: what was put away, and the rows there are. A row that was put away and is there all the same has a
/// reason beside it, and is not told twice.
pub fn whole(folded: Option<&str>, rows: Vec<Answer>) -> Result<Vec<Answer>, StoreError> {
    let Some(json) = folded else { return Ok(rows) };
    let mut all = read(json)?;
    let until = all.last().map(|last| last.recorded_at);
    all.extend(rows.into_iter().filter(|row| until.is_none_or(|until| row.recorded_at > until)));
    Ok(all)
}

fn read(json: &str) -> Result<Vec<Answer>, StoreError> {
    let all: Vec<Folded> =
        serde_json::from_str(json).map_err(|error| StoreError::Broken(format!("folded answers: {error}")))?;
    all.into_iter()
        .map(|(ordinal, status, at, recorded_at, cause)| {
            Ok(Answer {
                ordinal,
                status: code::to_answer(status)?,
                at: at.into(),
                recorded_at: recorded_at.into(),
                cause: cause.map(code::to_cause).transpose()?,
            })
        })
        .collect()
}
