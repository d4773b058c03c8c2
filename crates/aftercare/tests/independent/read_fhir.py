"""Reads a FHIR R4 Bundle as another system would. In: the Bundle as JSON; out: {types}."""
import json
import sys

from fhir.resources.R4B.bundle import Bundle

bundle = Bundle.model_validate(json.load(sys.stdin))
resources = [entry.resource for entry in bundle.entry]
names = {f"{one.get_resource_type()}/{one.id}" for one in resources}
for one in resources:
    for reference in [getattr(one, "subject", None), getattr(one, "author", None), *(getattr(one, "supportingInfo", None) or [])]:
        assert reference is None or reference.reference in names, f"{reference.reference} is not in the bundle"
for plan in (one for one in resources if one.get_resource_type() == "CarePlan"):
    assert plan.activity, "a plan without a step"
print(json.dumps({"types": [one.get_resource_type() for one in resources]}))
