"""What is in deploy/, read by other people's programs: PromQL's parser, a linter of Dockerfiles, a reader of YAML.

In: {"root", "metrics": OpenMetrics text}. Out: {"exprs", "unknown": metrics that nobody tells, "dockerfile": findings,
"compose"}.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import promql_parser
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

asked = json.load(sys.stdin)
deploy = Path(asked["root"]) / "deploy"

told = set()
for family in text_string_to_metric_families(asked["metrics"]):
    told.add(family.name)
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [])
    told.update(family.name + suffix for suffix in suffixes)

rules = yaml.safe_load((deploy / "prometheus/alerts.yaml").read_text())
exprs = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
board = json.loads((deploy / "grafana/aftercare.json").read_text())
exprs += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
unknown = set()
for expr in exprs:
    # Raises where it is no PromQL.
    written = str(promql_parser.parse(expr))
    unknown |= set(re.findall(r"aftercare_\w+", written)) - told

linter = Path(sys.executable).parent / "hadolint"
found = subprocess.run([linter, deploy / "docker/Dockerfile"], capture_output=True, text=True)
print(json.dumps({
    "exprs": len(exprs),
    "unknown": sorted(unknown),
    "dockerfile": found.stdout + found.stderr,
    "compose": yaml.safe_load((deploy / "docker/compose.yaml").read_text()),
}))
