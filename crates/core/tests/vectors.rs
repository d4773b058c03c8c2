//! Every published vector of the scheduling contract.

use aftercare_core::replay::Case;

#[test]
fn every_vector_is_reproduced() {
    let vectors = include_str!("data/vectors.jsonl");
    let mut count = 0;
    for line in vectors.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let replay = serde_json::to_value(case.replay().unwrap()).unwrap();
        assert_eq!(Some(&replay), case.expect.as_ref(), "{}", case.name.unwrap_or_default());
        count += 1;
    }
    assert_eq!(count, 43);
}
