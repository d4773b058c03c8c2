//! What a database that is spread over machines by `bucket` takes (Citus, hash partitions): every key of a table of
//! people's rows begins with the bucket, no key points across, and whatever locks or changes rows names buckets. Held by
//! reading the schema and every statement in the source.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aftercare_store::schema::MIGRATIONS;
use std::{collections::BTreeSet, path::Path};

/// Tables of the service itself: small, and on each machine whole.
const EVERYWHERE: [&str; 9] = [
    "outage", "heartbeat", "signing_key", "key_log", "extractor_key", "service_secret", "operator_pass",
    "push_key", "migration",
];

/// Statements that change rows of all buckets, each by itself on each machine: nothing is locked together.
const OVER_ALL: [&str; 10] = [
    "device_link::delete_expired",
    "erase::account login",
    "erase::account attempts",
    "login_attempt::delete_expired",
    "login_attempt::delete_of",
    "key_reset::delete_expired",
    "tap::forget_before",
    "idempotency::forget_before",
    "session::delete_expired",
    "throttle::forget_before",
];

fn statements_of_the_schema() -> Vec<String> {
    let lines =
        MIGRATIONS.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join(" ");
    text.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn keys_begin_with_the_bucket_and_point_at_nothing() {
    let mut tables = BTreeSet::new();
    for statement in statements_of_the_schema() {
        let lower = statement.to_lowercase();
        assert!(!lower.contains(" references ") && !lower.contains("foreign key"), "{statement}");
        assert!(!lower.contains("serial") && !lower.contains("nextval"), "{statement}");
        if let Some(table) = lower.strip_prefix("create table ") {
            let name = table.split([' ', '(']).next().unwrap().to_owned();
            if !EVERYWHERE.contains(&name.as_str()) {
                assert!(table.contains("bucket smallint not null"), "{statement}");
                assert!(table.contains("primary key (bucket, "), "{statement}");
                tables.insert(name);
            }
        } else if lower.starts_with("create ") && lower.contains(" index ") {
            let table = lower.split(" on ").nth(1).unwrap().split([' ', '(']).next().unwrap();
            assert!(EVERYWHERE.contains(&table) || lower.contains("(bucket, "), "{statement}");
        }
    }
    assert!(tables.len() > 25, "{tables:?}");
}

/// Each statement of the source, under the name it says: `noun::function`.
fn statements() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for (at, _) in source.match_indices("\"-- ") {
            let rest = &source[at + 4..];
            // To the end of the macro's arguments.
            let end = rest.find(")?").or_else(|| rest.find("\n}")).unwrap();
            let text = rest[..end].replace("\\n", "\n");
            let name = text.split(['\n', '"']).next().unwrap().trim().to_owned();
            found.push((name, text));
        }
    }
    found
}

#[test]
fn whatever_locks_or_changes_rows_names_buckets() {
    let statements = statements();
    assert!(statements.len() > 150, "{}", statements.len());
    let mut odd = Vec::new();
    for (name, text) in statements {
        let words: Vec<_> = text.split_whitespace().collect();
        let changed = words.windows(3).find_map(|words| match words {
            ["update", table, "set"] | ["delete", "from", table] => Some(*table),
            _ => None,
        });
        let locks = text.contains("for update");
        let table = changed.unwrap_or_default().trim_matches('"');
        let bound =
            ["bucket = ", "{bucket} = ", "(bucket", "bucket in ("].iter().any(|bound| text.contains(bound));
        let elsewhere = EVERYWHERE.contains(&table) || table.starts_with("limit_");
        if (changed.is_some() || locks) && !elsewhere && !bound {
            odd.push(name);
        }
    }
    odd.sort();
    let mut known = OVER_ALL.to_vec();
    known.sort_unstable();
    assert_eq!(odd, known);
}

#[test]
fn where_rows_are_spread_a_claim_names_one_bucket() {
    let claims = statements().into_iter().filter(|(_, text)| text.contains("skip locked"));
    let mut one_bucket = BTreeSet::new();
    let mut all = BTreeSet::new();
    for (name, text) in claims.filter(|(name, _)| !name.starts_with("limit")) {
        all.insert(name.clone());
        // Where it is taken from, and what it takes.
        if text.matches("bucket = $1").count() == 2 {
            one_bucket.insert(name);
        }
    }
    assert_eq!(all, BTreeSet::from(["due::claim".to_owned(), "delivery::claim".to_owned()]));
    assert_eq!(one_bucket, all);
}
