"""Reads metrics with the reference parser of OpenMetrics. In: {text}. Out: {sample: value}, labels in the name's braces."""
import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

found = {}
for family in text_string_to_metric_families(json.load(sys.stdin)["text"]):
    for sample in family.samples:
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
        found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
print(json.dumps(found))
