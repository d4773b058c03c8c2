//! The house holds: who may depend on whom, and files of a readable length.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::{collections::BTreeSet, path::Path};

const MEMBERS: [&str; 7] = [
    "aftercare", "aftercare-core", "aftercare-device", "aftercare-extract", "aftercare-seal",
    "aftercare-store", "aftercare-browser",
];

fn packages() -> Vec<Package> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap().packages
}

/// What a crate needs to run, by name.
fn needs(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn siblings_depend_as_the_architecture_says() {
    let edges = |name: &str| -> &[&str] {
        match name {
            "aftercare" => &MEMBERS[1..6],
            "aftercare-device" => &["aftercare-core", "aftercare-extract", "aftercare-seal"],
            "aftercare-browser" => &["aftercare-core", "aftercare-device", "aftercare-seal"],
            "aftercare-store" | "aftercare-extract" => &["aftercare-core"],
            _ => &[],
        }
    };
    for package in packages() {
        let siblings: BTreeSet<_> =
            needs(&package).into_iter().filter(|name| MEMBERS.contains(name)).collect();
        assert_eq!(siblings, edges(&package.name).iter().copied().collect(), "{}", package.name);
    }
}

#[test]
fn each_outside_thing_has_its_place() {
    let places: [(&str, &[&str]); 6] = [
        ("tokio-postgres", &["aftercare-store"]),
        ("rusqlite", &["aftercare-store"]),
        ("axum", &["aftercare"]),
        ("reqwest", &["aftercare", "aftercare-extract"]),
        ("tokio", &["aftercare", "aftercare-extract", "aftercare-store"]),
        ("utoipa", &["aftercare"]),
    ];
    for (thing, allowed) in places {
        for package in packages() {
            assert!(
                !needs(&package).contains(thing) || allowed.contains(&package.name.as_str()),
                "{thing} in {}",
                package.name
            );
        }
    }
}

#[test]
fn versions_stand_once_for_the_whole_workspace() {
    for package in packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let dependencies = manifest.split("dependencies]").skip(1);
        for line in dependencies.flat_map(|part| part.lines().take_while(|line| !line.starts_with('['))) {
            let own =
                line.contains('=') && !line.contains("workspace = true") && !line.contains("path = \".\"");
            assert!(!own, "{}: {line}", package.name);
        }
    }
}

#[test]
fn no_source_file_is_longer_than_450_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root];
    let mut long = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                if lines > 450 {
                    long.push(format!("{}: {lines}", path.display()));
                }
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The checklist names what there is: each test and each file, and every requirement once.
#[test]
fn the_checklist_names_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let list = std::fs::read_to_string(root.join("docs/CHECKLIST.md")).unwrap();
    let mut named = 0;
    for quoted in list.split('`').skip(1).step_by(2) {
        let (file, function) =
            quoted.split_once("::").map_or((quoted, None), |(file, name)| (file, Some(name)));
        if !file.contains('/')
            || !file.contains('.')
            || file.starts_with('/')
            || file.contains('…')
            || file.contains("://")
        {
            continue;
        }
        let tests = file.strip_prefix("tests/").map(|file| format!("crates/aftercare/tests/{file}"));
        let path = root.join(tests.as_deref().unwrap_or(file));
        assert!(path.exists(), "{quoted} is not there");
        if let Some(function) = function {
            named += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            // Functions, stories on both engines, or the engines of a whole file.
            assert!(text.contains(&format!("fn {function}(")), "{quoted} is not there");
        }
    }
    assert!(named > 100, "{named}");
    let rows = list.lines().filter_map(|line| line.strip_prefix("| V"));
    let ids: Vec<&str> =
        rows.flat_map(|row| row.split('|').next().unwrap().split(',').map(str::trim)).collect();
    let different: std::collections::BTreeSet<_> = ids.iter().map(|id| id.trim_start_matches('V')).collect();
    assert_eq!((ids.len(), different.len()), (253, 253), "requirements of levels 1 and 2 in ASVS 5.0.0");
}
