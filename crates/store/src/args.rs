//! The values of a statement's parameters on their way to PostgreSQL. They are put into the form of the wire where they
//! are at hand, so that a statement can be sent and its answer come later.

use std::error::Error;
use tokio_postgres::types::{self, IsNull, ToSql, Type, private::BytesMut};
use uuid::Uuid;

/// What a parameter may be. The type goes with the statement: PostgreSQL cannot tell that of `unnest($1)`.
pub(crate) trait Value: ToSql {
    /// Its type there.
    const TYPE: Type;
    /// That of an array of such.
    const ARRAY: Type;

    /// How many there are of it.
    fn rows(&self) -> usize {
        1
    }
}

macro_rules! values {
    ($($type:ty: $one:ident, $many:ident;)+) => {$(
        impl Value for $type {
            const TYPE: Type = Type::$one;
            const ARRAY: Type = Type::$many;
        }
    )+};
}

values! {
    bool: BOOL, BOOL_ARRAY;
    i16: INT2, INT2_ARRAY;
    i32: INT4, INT4_ARRAY;
    i64: INT8, INT8_ARRAY;
    &str: TEXT, TEXT_ARRAY;
    String: TEXT, TEXT_ARRAY;
    Uuid: UUID, UUID_ARRAY;
    &[u8]: BYTEA, BYTEA_ARRAY;
    Vec<u8>: BYTEA, BYTEA_ARRAY;
}

impl<const N: usize> Value for [u8; N] {
    const TYPE: Type = Type::BYTEA;
    const ARRAY: Type = Type::BYTEA_ARRAY;
}

impl<T: Value> Value for Option<T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Value> Value for &T {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;

    fn rows(&self) -> usize {
        T::rows(self)
    }
}

impl<T: Value> Value for &[T] {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;

    fn rows(&self) -> usize {
        self.len()
    }
}

impl<T: Value> Value for Vec<T> {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;

    fn rows(&self) -> usize {
        self.len()
    }
}

/// The values of a statement's parameters, in their order.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) types: Vec<Type>,
    pub(crate) values: Vec<Encoded>,
    /// Over how many rows the statement goes.
    pub(crate) rows: usize,
    room: BytesMut,
}

/// A value as it goes over the wire; without one, null.
#[derive(Debug)]
pub(crate) struct Encoded(Result<Option<BytesMut>, String>);

impl Args {
    /// With the next one.
    pub(crate) fn bind<T: Value>(mut self, value: &T) -> Self {
        self.rows = self.rows.max(value.rows());
        let done = value.to_sql(&T::TYPE, &mut self.room);
        let bytes = self.room.split();
        self.types.push(T::TYPE);
        self.values.push(Encoded(match done {
            Ok(IsNull::No) => Ok(Some(bytes)),
            Ok(IsNull::Yes) => Ok(None),
            Err(error) => Err(error.to_string()),
        }));
        self
    }
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Ok(Some(bytes)) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            Ok(None) => Ok(IsNull::Yes),
            Err(error) => Err(error.as_str().into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    types::to_sql_checked!();
}

/// Values for [`Args`], one after the other.
macro_rules! args {
    ($($value:expr),* $(,)?) => { $crate::args::Args::default()$(.bind(&$value))* };
}

pub(crate) use args;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_types() {
        let bytes: &[u8] = &[1];
        let args = args![
            7_i16,
            Some("a"),
            None::<Uuid>,
            bytes,
            vec![bytes],
            vec![Some(1_i64)],
            [0_u8; 4],
            vec![1_u8]
        ];
        let types = [
            Type::INT2,
            Type::TEXT,
            Type::UUID,
            Type::BYTEA,
            Type::BYTEA_ARRAY,
            Type::INT8_ARRAY,
            Type::BYTEA,
            Type::BYTEA,
        ];
        assert_eq!(args.types, types);
        assert_eq!((args.rows, args![vec![7_i16, 8, 9], 1_i16].rows), (1, 3));
        assert_eq!(args.values[0].0, Ok(Some(BytesMut::from(&[0, 7][..]))));
        assert_eq!(args.values[2].0, Ok(None));
    }
}
