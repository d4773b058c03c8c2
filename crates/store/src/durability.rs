//! Whether what PostgreSQL acknowledges is kept when a machine is lost: it is, where another machine has it by then.

use crate::{StoreError, Tx, sql::fetch_postgres};

/// What has to be set, and to what; each with what is lost without.
const NEEDED: [(&str, &[&str], &str); 4] = [
    ("fsync", &["on"], "a crash of the machine loses everything"),
    ("full_page_writes", &["on"], "a page half written at a crash stays so"),
    ("synchronous_commit", &["on", "remote_apply"], "a commit is acknowledged before another machine has it"),
    ("data_checksums", &["on"], "a page that a disk has changed is taken for good"),
];

/// What is missing for it, in plain words; nothing where all is well.
pub async fn missing(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    if let Tx::Sqlite(_) = tx {
        return Ok(vec!["the embedded database is one file on one machine: set database_url".to_owned()]);
    }
    let settings = fetch_postgres!(
        tx,
        (String, String),
        "-- durability::missing
        select name, setting from pg_settings where name in
          ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'synchronous_standby_names')"
    )?;
    Ok(judge(&settings))
}

fn judge(settings: &[(String, String)]) -> Vec<String> {
    let of = |name: &str| settings.iter().find(|setting| setting.0 == name).map_or("", |setting| &setting.1);
    let mut missing: Vec<_> = NEEDED
        .into_iter()
        .filter(|(name, good, _)| !good.contains(&of(name)))
        .map(|(name, good, why)| format!("{name} is {:?}, not {}: {why}", of(name), good.join(" or ")))
        .collect();
    if of("synchronous_standby_names").trim().is_empty() {
        missing.push(
            "synchronous_standby_names is empty: no other machine has a commit when it is acknowledged (Patroni: synchronous_mode and synchronous_mode_strict)"
                .to_owned(),
        );
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gap_is_named() {
        let settings = |changed: &[(&str, &str)]| {
            let mut all = vec![
                ("fsync", "on"),
                ("full_page_writes", "on"),
                ("synchronous_commit", "on"),
                ("data_checksums", "on"),
                ("synchronous_standby_names", "ANY 1 (*)"),
            ];
            for (name, value) in changed {
                all.retain(|setting| setting.0 != *name);
                all.push((name, value));
            }
            judge(
                &all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>(),
            )
        };
        assert_eq!(settings(&[]), [""; 0]);
        assert_eq!(settings(&[("synchronous_commit", "remote_apply")]), [""; 0]);
        for bad in [
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("synchronous_commit", "local"),
            ("synchronous_commit", "remote_write"),
            ("data_checksums", "off"),
            ("synchronous_standby_names", " "),
        ] {
            let missing = settings(&[bad]);
            assert!(missing.len() == 1 && missing[0].starts_with(bad.0), "{bad:?}: {missing:?}");
        }
    }
}
