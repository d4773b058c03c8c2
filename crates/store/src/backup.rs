//! Copies of an embedded database while it is in use, and whether one is whole.

use crate::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{fs::File, os::unix::fs::OpenOptionsExt, path::Path};

/// Writes all that is committed at one moment into a new file, for its owner alone. Others go on reading and writing.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let cannot = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", to.display()));
    File::options().write(true).create_new(true).mode(0o600).open(to).map_err(cannot)?;
    let copied = Connection::open(from).and_then(|connection| {
        connection.busy_timeout(crate::engine::DEADLINE)?;
        // Into an empty file: SQLite takes that for a new one.
        connection.execute("vacuum into $1", [to.to_string_lossy().as_ref()])
    });
    if let Err(error) = copied {
        // Half a copy is none.
        let _ = std::fs::remove_file(to);
        return Err(error.into());
    }
    File::open(to).and_then(|file| file.sync_all()).map_err(cannot)
}

/// Looks at every page and index of a file; what is wrong, in SQLite's words.
pub fn check(file: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("pragma integrity_check")?;
    let said = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if said == ["ok"] { Ok(()) } else { Err(StoreError::Broken(said.join("; "))) }
}
