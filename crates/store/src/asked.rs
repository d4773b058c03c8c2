//! Questions that are sent together: each answer is waited for when it is needed.

use crate::{StoreError, Tx, row::FromRow, wire};
use tokio_postgres::Row;

/// An answer that was asked for.
pub struct Asked<T>(Answer<T>);

enum Answer<T> {
    /// SQLite has it at once.
    Here(T),
    /// From PostgreSQL it is on its way.
    Coming(wire::Rows, Read<T>),
}

type Read<T> = Box<dyn FnOnce(&[Row]) -> Result<T, StoreError> + Send>;

impl<T> Asked<T> {
    /// What is there.
    pub(crate) fn here<R>(
        rows: Vec<R>,
        read: impl FnOnce(Vec<R>) -> Result<T, StoreError>,
    ) -> Result<Self, StoreError> {
        Ok(Self(Answer::Here(read(rows)?)))
    }

    /// What is on its way, and how it is read.
    pub(crate) fn coming<R: FromRow>(
        rows: wire::Rows,
        read: impl FnOnce(Vec<R>) -> Result<T, StoreError> + Send + 'static,
    ) -> Self {
        let read =
            |rows: &[Row]| read(rows.iter().map(|row| R::read(&mut row.into())).collect::<Result<_, _>>()?);
        Self(Answer::Coming(rows, Box::new(read)))
    }

    /// The answer; `tx` is what it was asked in.
    pub async fn answer(self, tx: &mut Tx) -> Result<T, StoreError> {
        match (self.0, tx) {
            (Answer::Here(answer), _) => Ok(answer),
            (Answer::Coming(rows, read), Tx::Postgres(held)) => read(&rows.come(held).await?),
            (Answer::Coming(..), Tx::Sqlite(_)) => {
                Err(StoreError::Broken("asked of another database".to_owned()))
            }
        }
    }
}
