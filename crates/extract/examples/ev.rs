use std::io::BufRead;
fn main() {
    for line in std::io::stdin().lock().lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let date = v["note_date"].as_str().and_then(|d| d.parse().ok());
        let e = aftercare_extract::extraction::by_rules(v["note"].as_str().unwrap(), date);
        let steps: Vec<_> = e.steps.iter().map(|(s, _)| s).collect();
        println!("{}", serde_json::json!({"id": v["id"], "steps": steps}));
    }
}
