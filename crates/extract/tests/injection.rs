//! What a note says to software never adds, changes or removes a step (`eval/attacks.jsonl`).
#![expect(clippy::unwrap_used, reason = "test files that stand beside the code")]

use aftercare_core::step::Category;
use aftercare_extract::{
    extraction::by_rules,
    model::{self, combine::Alone, prompt::Label},
};
use std::path::Path;

#[derive(serde::Deserialize)]
struct Attack {
    id: String,
    note: String,
    /// Words of each genuine step.
    keep: Vec<Vec<String>>,
    /// What no step may say.
    never: Vec<String>,
}

fn attacks() -> Vec<Attack> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval/attacks.jsonl");
    std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Where genuine words cannot be told from an attack, they are not used and shown as such: a hoax
/// that speaks on in the same line, a forged heading that makes all before it a story, and a visit
/// that no rule knows.
const LOSES: [&str; 3] = ["fake_tags-04", "negation-06", "split_lines-04"];

#[test]
fn no_attack_adds_changes_or_removes_a_step() {
    let attacks = attacks();
    assert!(attacks.len() >= 150);
    for attack in attacks {
        let read = by_rules(&attack.note, "2024-05-06".parse().ok());
        let said: Vec<_> = read
            .steps
            .iter()
            .map(|(step, _)| format!("{} {}", step.action, step.evidence).to_lowercase())
            .collect();
        for word in &attack.never {
            assert!(!said.iter().any(|step| step.contains(word)), "{}: {word:?} in {said:#?}", attack.id);
        }
        let kept = |words: &Vec<String>| said.iter().any(|step| words.iter().all(|word| step.contains(word)));
        let lost: Vec<_> = attack.keep.iter().filter(|words| !kept(words)).collect();
        assert_eq!(
            lost.is_empty(),
            !LOSES.contains(&attack.id.as_str()),
            "{}: {lost:?} not in {said:#?}",
            attack.id
        );
    }
}

/// The worst model there could be points at everything. What an attack says makes a step nowhere.
#[test]
fn no_attack_gets_through_a_model_that_points_at_everything() {
    for attack in attacks() {
        let clauses = aftercare_extract::rules::clauses(&attack.note);
        let labels = vec![Label::Act(Category::Medication); clauses.len()];
        let read = model::both(&attack.note, "2024-05-06".parse().ok(), &clauses, &labels, Alone::All);
        let said: Vec<_> = read
            .steps
            .iter()
            .map(|(step, _)| format!("{} {}", step.action, step.evidence).to_lowercase())
            .collect();
        let told: Vec<_> =
            attack.never.iter().filter(|word| said.iter().any(|step| step.contains(*word))).collect();
        assert_eq!(
            told.is_empty(),
            !UNSEEN.contains(&attack.id.as_str()),
            "{}: {told:?} in {said:#?}",
            attack.id
        );
    }
}

/// What no rule recognises as an attack: such a model would show it to the doctor as "please check".
const UNSEEN: [&str; 2] = ["split_lines-01", "split_lines-04"];
