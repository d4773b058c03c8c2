//! What rows are read into: the same types on both engines, by the order of their columns.

use crate::StoreError;
use uuid::Uuid;

/// A row of either engine, read from its first column on.
pub(crate) struct Columns<'r> {
    row: On<'r>,
    place: usize,
}

enum On<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> From<&'r rusqlite::Row<'r>> for Columns<'r> {
    fn from(row: &'r rusqlite::Row<'r>) -> Self {
        Self { row: On::Sqlite(row), place: 0 }
    }
}

impl<'r> From<&'r tokio_postgres::Row> for Columns<'r> {
    fn from(row: &'r tokio_postgres::Row) -> Self {
        Self { row: On::Postgres(row), place: 0 }
    }
}

/// What a column is read into.
pub(crate) trait Column:
    rusqlite::types::FromSql + for<'a> tokio_postgres::types::FromSql<'a>
{
}

impl Column for bool {}
impl Column for i16 {}
impl Column for i32 {}
impl Column for i64 {}
impl Column for String {}
impl Column for Vec<u8> {}
impl Column for Uuid {}
impl<T: Column> Column for Option<T> {}

impl Columns<'_> {
    /// Passes over some.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.place += columns;
    }

    /// The next one.
    pub(crate) fn next<T: Column>(&mut self) -> Result<T, StoreError> {
        self.place += 1;
        match self.row {
            On::Sqlite(row) => Ok(row.get(self.place - 1)?),
            On::Postgres(row) => {
                row.try_get(self.place - 1).map_err(|error| StoreError::Broken(error.to_string()))
            }
        }
    }
}

/// Read from a row.
pub(crate) trait FromRow: Sized {
    /// From its next columns.
    fn read(row: &mut Columns<'_>) -> Result<Self, StoreError>;
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Column),+> FromRow for ($($name,)+) {
            fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
                Ok(($(row.next::<$name>()?,)+))
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);

/// A row with names: its fields stand in the order of the statement's columns.
macro_rules! row {
    ($vis:vis struct $name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $vis struct $name {
            $($vis $field: $type,)+
        }

        impl $crate::row::FromRow for $name {
            fn read(row: &mut $crate::row::Columns<'_>) -> Result<Self, $crate::StoreError> {
                Ok(Self { $($field: row.next()?,)+ })
            }
        }
    };
}

pub(crate) use row;
