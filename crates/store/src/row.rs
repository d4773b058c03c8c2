//! What rows are read into: the same types on both engines, by the order of their columns on SQLite and by name or
//! order on PostgreSQL.

use rusqlite::{Row, types::FromSql};

/// Read from a row of SQLite, beginning at a place.
pub(crate) trait FromRow: Sized {
    /// The columns from `place` on, which moves behind them.
    fn read(row: &Row<'_>, place: &mut usize) -> rusqlite::Result<Self>;
}

/// The next column.
pub(crate) fn column<T: FromSql>(row: &Row<'_>, place: &mut usize) -> rusqlite::Result<T> {
    *place += 1;
    row.get(*place - 1)
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: FromSql),+> FromRow for ($($name,)+) {
            fn read(row: &Row<'_>, place: &mut usize) -> rusqlite::Result<Self> {
                Ok(($(column::<$name>(row, place)?,)+))
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
        #[derive(sqlx::FromRow)]
        $vis struct $name {
            $($vis $field: $type,)+
        }

        impl $crate::row::FromRow for $name {
            fn read(row: &rusqlite::Row<'_>, place: &mut usize) -> rusqlite::Result<Self> {
                Ok(Self { $($field: $crate::row::column(row, place)?,)+ })
            }
        }
    };
}

pub(crate) use row;
