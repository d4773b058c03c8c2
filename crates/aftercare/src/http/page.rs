//! Pages of lists.

use super::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// The checked size of a page.
pub(super) fn page_size(limit: Option<i64>) -> Result<i64, Problem> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(Problem::invalid_field("?limit", "must be from 1 to 200")),
    }
}

/// Which page of a list that is short enough to be looked at whole.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// At most so many, 1 to 200 (50).
    pub(super) limit: Option<i64>,
    /// From the page before.
    pub(super) cursor: Option<usize>,
}

impl Page {
    /// Its items, and the cursor of the next.
    pub(super) fn cut<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), Problem> {
        let limit = usize::try_from(page_size(self.limit)?).map_err(Problem::internal)?;
        let from = self.cursor.unwrap_or(0).min(items.len());
        let next = (from + limit < items.len()).then(|| (from + limit).to_string());
        Ok((items.into_iter().skip(from).take(limit).collect(), next))
    }
}
