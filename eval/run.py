#!/usr/bin/env python3
"""Measures extraction on the project's cases and prints what went wrong.

    eval/run.py AFTERCARE [--reader rules|openai|gemini] [--errors N] [FILE ...]

Without --reader: the rules, and each live model that the environment configures
(AFTERCARE_OPENAI__BASE_URL with AFTERCARE_OPENAI__MODEL, GEMINI_API_KEY). Figures are those of
score.py; the published ones stand in docs/EVALUATION.md.
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared/data/extraction/dev.jsonl"
HEADLINE = ["precision", "recall", "full_step_f1", "strict_step_f1", "timing_wrong_rate", "timing_missing_rate",
            "timing_invented_rate", "false_steps_in_empty_notes", "empty_notes", "hallucination_rate"]


def read(aftercare, reader, cases, notes):
    env = dict(os.environ)
    # A note more or less makes no figure: a slow model is waited for.
    env.setdefault("AFTERCARE_MODEL__TIMEOUT_SECONDS", "75")
    env.setdefault("AFTERCARE_MODEL__BUDGET_SECONDS", "80")
    lines = "".join(json.dumps({k: case[k] for k in ("id", "note", "note_date") if k in case}) + "\n" for case in cases)
    done = subprocess.run([aftercare, "extract", "--extractor", reader], input=lines, env=env, text=True,
                          stdout=subprocess.PIPE, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(cases):
        sys.exit(f"{reader}: {len(answers)} answers to {len(cases)} notes: it broke off")
    for case, answer in zip(cases, answers):
        if answer.setdefault("id", case["id"]) != case["id"]:
            sys.exit(f"{reader}: an answer to {answer['id']} where {case['id']} was asked")
        if "error" in answer:
            notes.append(f"{answer['id']}: {answer['error']}")
            answer["steps"] = []
    return answers


def readers_of(args):
    return args.reader or ["rules"] + [
        reader for reader, name in [("openai", "AFTERCARE_OPENAI__BASE_URL"), ("gemini", "GEMINI_API_KEY")]
        if os.environ.get(name)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("aftercare")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--reader", action="append", choices=["rules", "openai", "gemini"])
    parser.add_argument("--errors", type=int, default=5, help="of how many notes to print the errors")
    args = parser.parse_intermixed_args()
    files = args.files or [HERE / "cases.jsonl", HERE / "more.jsonl"] + ([SHARED] if SHARED.exists() else [])
    for reader in readers_of(args):
        for file in files:
            cases = [json.loads(line) for line in file.read_text().splitlines()]
            failures = []
            answers = read(args.aftercare, reader, cases, failures)
            with tempfile.TemporaryDirectory() as folder:
                predictions, errors = pathlib.Path(folder, "p.jsonl"), pathlib.Path(folder, "e.jsonl")
                figures = pathlib.Path(folder, "f.json")
                predictions.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
                table = subprocess.run([sys.executable, HERE / "score.py", file, predictions, "--json", figures,
                                        "--errors", errors], text=True, stdout=subprocess.PIPE, check=True).stdout
                all_figures = json.loads(figures.read_text())
                wrong = [json.loads(line) for line in errors.read_text().splitlines()]
            overall = all_figures.get("overall", all_figures)
            print(f"== {reader} on {file.name}: " + ", ".join(
                f"{name} {overall[name]:.1f}" for name in HEADLINE if name in overall))
            print(table[table.index("per category"):] if "per category" in table else table)
            taken = [(number, answer) for answer in answers for number, step in enumerate(answer["steps"])
                     if step["category"] == "medication" and step["kind"] == "plan" and step["timing"]]
            asked = sum(any(question["step"] == number and question["about"] in ("timing", "duplicate")
                            for question in answer["questions"]) for number, answer in taken)
            print(f"asked about the schedule of {asked} of {len(taken)} scheduled medicines")
            for failure in failures:
                print(f"not read: {failure}")
            worst = collections.Counter(error["id"] for error in wrong if error["error"] != "dup")
            by_id = {case["id"]: case for case in cases}
            for case, _ in worst.most_common(args.errors):
                print(f"-- {case}: {by_id[case]['note']}")
                for error in wrong:
                    if error["id"] == case and error["error"] != "dup":
                        shown = {k: (error[k] or {}).get("evidence") for k in ("gold", "pred")}
                        print(f"   {error['error']}: gold {shown['gold']!r}, read {shown['pred']!r}")
            print()


if __name__ == "__main__":
    main()
