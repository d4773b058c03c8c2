#!/usr/bin/env python3
"""Plants bugs, one at a time, in a copy of the source, and has the virtual world find them.

    eval/planted/run.py              plant all, print the table of docs/SIMULATION.md
    eval/planted/run.py --check      only look whether each bug can still be planted
    eval/planted/run.py TEXT ...     only those whose name holds one of these

A bug is a text that stands once in a file, and what to put in its place.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE, STORE, SERVICE = "crates/core/src", "crates/store/src", "crates/aftercare/src"
BUGS = [
    ("an answer given ahead is not on record once the one before it closes", f"{SERVICE}/record.rs",
     "is_new || one.ordinal >= open_from ||", "is_new || (one.ordinal >= open_from && one.ordinal == u32::MAX) ||"),
    ("a course goes on for one more than was prescribed", f"{CORE}/course.rs",
     "is_none_or(|planned| answered < planned)", "is_none_or(|planned| answered <= planned)"),
    ("an extension has twice the cap", f"{CORE}/course.rs",
     "planned.saturating_add(planned.div_ceil(2))", "planned.saturating_add(planned)"),
    ("what is closed or replaced may still be announced", f"{SERVICE}/record.rs",
     "(Some(_), None) => self.closed.push(key),", "(Some(_), None) => drop(self.closed.iter().chain(&[key])),"),
    ("whether a message is still true is not looked at when it is sent", f"{SERVICE}/delivery/claim.rs",
     "Some(open) => i32::try_from(open.len()).unwrap_or(i32::MAX),", "Some(_) => one.count.max(1),"),
    ("an outage is not put on record", f"{SERVICE}/engine.rs",
     "service::add_outage(&mut tx, Outage { from, to: now }).await?;", "let _ = Outage { from, to: now };"),
    ("who writes during an outage takes what nobody was reminded of for missed", f"{STORE}/service.rs",
     "last.filter(|last| now - *last > Outage::SILENCE);", "last.filter(|last| now - *last > Outage::SILENCE && *last > now);"),
    ("an answer like the last one, to another occurrence, is taken for a repetition", f"{SERVICE}/http/check_in.rs",
     "let last = locked.log.iter().rev().find(|before| before.ordinal == ordinal);", "let last = locked.log.last();"),
    ("a clock that is set back is followed", f"{SERVICE}/clock.rs",
     "if latest.saturating_sub(now) <= STANDS_STILL {", "if latest.saturating_sub(now) <= STANDS_STILL - STANDS_STILL {"),
    ("what is due is taken out of the queue before it is worked off", f"{SERVICE}/engine.rs",
     "let wakes = due::claim(&mut tx, buckets, now).await?;",
     "let wakes = due::claim(&mut tx, buckets, now).await?; tx.commit().await?; tx = app.store.write().await?;"),
    ("what is settled stays so when it is answered after all", f"{STORE}/look.rs",
     "where bucket = $1 and id = $2 and settled_count > $3", "where bucket = $1 and id = $2 and settled_count > $3 and settled is null"),
    ("a newer plan ends those of other doctors too", f"{STORE}/step.rs",
     "where bucket = $1 and note_id = $2 and superseded_at is null\",", "where bucket = $1 and note_id <= $2 and superseded_at is null\","),
    ("a tap is taken after the reminder has closed", f"{SERVICE}/http/tap.rs",
     "if now >= until {", "if now >= until && ordinal == u32::MAX {"),
]
SEEDS = range(1, 9)
WORLD = ["--people", "12", "--days", "30", "--as-found"]


def planted(text, before, after, what):
    count = text.count(before)
    if count != 1:
        sys.exit(f"{what}: stands {count} times, not once")
    return text.replace(before, after)


def main():
    for what, file, before, after in BUGS:
        planted((ROOT / file).read_text(), before, after, what)
    if "--check" in sys.argv:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source"
        ignore = shutil.ignore_patterns("target", ".git", "node_modules", "venv")
        shutil.copytree(ROOT, copy, ignore=ignore)
        # What others wrote is built once for all.
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        print("| bug | seed | steps of time | day | how it shows |\n|---|---|---|---|---|")
        missed = 0
        for what, file, before, after in BUGS:
            if sys.argv[1:] and not any(text in what for text in sys.argv[1:]):
                continue
            path = copy / file
            good = path.read_text()
            path.write_text(planted(good, before, after, what))
            build = ["cargo", "build", "--quiet", "--locked", "--package", "aftercare", "--target-dir", str(target)]
            subprocess.run(build, cwd=copy, check=True, stderr=subprocess.DEVNULL)
            found = None
            for seed in SEEDS:
                run = [str(target / "debug/aftercare"), "simulate", "--seed", str(seed), *WORLD]
                said = subprocess.run(run, capture_output=True, text=True).stderr
                if match := re.search(r"after (\d+) steps, on day (\d+)", said):
                    found = (seed, match[1], match[2], kind(said))
                    break
            missed += found is None
            seed, steps, day, how = found or ("**not found**", "", "", "")
            print(f"| {what} | {seed} | {steps} | {day} | {how} |", flush=True)
            path.write_text(good)
    sys.exit(1 if missed else 0)


def kind(said):
    """What did not hold, without ids and times."""
    text = said.splitlines()[0].removeprefix("aftercare: ")
    text = re.sub(r"\(Timing \{.*?\}\): |\(Timing.*?\}\)", "", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z", "…", text)
    text = re.sub(r"^(at the end: )?person \d+ at …: |person \d+ at the end: ", "", text)
    return text[:110].replace("|", "/")


main()
