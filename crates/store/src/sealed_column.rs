//! Every column that is encrypted under a master key, so that it can be put under a newer one.

use crate::{
    StoreError, Tx,
    sql::{execute, fetch_all},
};
use uuid::Uuid;

/// A column that is encrypted under a master key.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its table.
    pub table: &'static str,
    /// The column that names the row it is bound to; `None`: the table has one row.
    row: Option<&'static str>,
    value: &'static str,
    /// How it is called in what it is bound to; `None`: by the row's slot.
    name: Option<&'static [u8]>,
    /// Whether the table lies in buckets.
    buckets: bool,
}

/// All of them.
pub const ALL: [Column; 10] = [
    Column { table: "person", row: Some("id"), value: "email", name: Some(b"email"), buckets: true },
    Column { table: "wrapped_key", row: Some("user_id"), value: "blob", name: None, buckets: true },
    Column { table: "session", row: Some("user_id"), value: "wrapped", name: Some(&[4]), buckets: true },
    Column { table: "passkey", row: Some("id"), value: "wrapped", name: Some(b"wrapped"), buckets: true },
    Column { table: "totp", row: Some("user_id"), value: "secret", name: Some(b"secret"), buckets: true },
    Column {
        table: "signing_key",
        row: Some("row_id"),
        value: "sealed",
        name: Some(b"seed"),
        buckets: false,
    },
    Column { table: "extractor_key", row: Some("id"), value: "sealed", name: Some(b"ark"), buckets: false },
    Column { table: "channel", row: Some("id"), value: "target", name: Some(b"target"), buckets: true },
    Column { table: "push_key", row: Some("id"), value: "sealed", name: Some(b"key"), buckets: false },
    Column { table: "service_secret", row: None, value: "sealed", name: Some(b"lookup"), buckets: false },
];

/// A value as it lies there.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its row's bucket.
    bucket: i16,
    /// The row it is bound to.
    pub row: Uuid,
    /// How its column is called there.
    pub column: Vec<u8>,
    /// The value.
    pub sealed: Vec<u8>,
}

impl Column {
    fn from(&self) -> (String, &'static str) {
        let bucket = if self.buckets { "bucket" } else { "0" };
        let slot = if self.name.is_none() { "slot" } else { "0" };
        let row = self.row.unwrap_or("$2");
        let what = format!("{bucket}, {row}, {slot}, {}", self.value);
        (what, self.value)
    }

    /// Some of the values that are not under a key.
    pub async fn not_under(&self, tx: &mut Tx, mk_id: u8, limit: i64) -> Result<Vec<Value>, StoreError> {
        let (what, value) = self.from();
        // The names are those above. The second byte is the key's number; what is empty is under none.
        let sql = format!(
            "-- sealed_column::not_under
            select {what} from {} where length({value}) > 2 and substr({value}, 2, 1) <> $1 and $2 = $2 limit $3",
            self.table
        );
        let number = [mk_id];
        let rows = match tx {
            // SQLite's numbers have no width of their own.
            Tx::Sqlite(_) => fetch_all!(
                tx,
                (i16, Uuid, i16, Vec<u8>),
                sql.as_str(),
                number.as_slice(),
                Uuid::nil(),
                limit
            )?,
            Tx::Postgres(_) => fetch_all!(
                tx,
                (i16, Uuid, i16, Vec<u8>),
                sql.replace("select 0,", "select 0::smallint,").replace(", 0, ", ", 0::smallint, ").as_str(),
                number.as_slice(),
                Uuid::nil(),
                limit
            )?,
        };
        let value = |(bucket, row, slot, sealed): (i16, Uuid, i16, Vec<u8>)| Value {
            bucket,
            row,
            column: self.name.map_or_else(|| vec![u8::try_from(slot).unwrap_or(0)], <[u8]>::to_vec),
            sealed,
        };
        Ok(rows.into_iter().map(value).collect())
    }

    /// How many values there are under each key.
    pub async fn count(&self, tx: &mut Tx) -> Result<Vec<(u8, i64)>, StoreError> {
        let sql = format!(
            "-- sealed_column::count
            select substr({0}, 2, 1), count(*) from {1} where length({0}) > 2 group by 1 order by 1",
            self.value, self.table
        );
        let rows = fetch_all!(tx, (Vec<u8>, i64), sql.as_str())?;
        Ok(rows.into_iter().map(|(id, n)| (id.first().copied().unwrap_or(0), n)).collect())
    }

    /// Puts a value in the place of one, while that is still there.
    pub async fn replace(&self, tx: &mut Tx, old: &Value, sealed: &[u8]) -> Result<bool, StoreError> {
        let bucket = if self.buckets { "bucket" } else { "$3" };
        let row = self.row.unwrap_or("$4");
        let sql = format!(
            "-- sealed_column::replace
            update {0} set {1} = $1 where {1} = $2 and {bucket} = $3 and {row} = $4",
            self.table, self.value
        );
        let rows = execute!(tx, sql.as_str(), sealed, old.sealed.as_slice(), old.bucket, old.row)?;
        Ok(rows > 0)
    }
}
