"""Reads a calendar with other people's libraries: icalendar, and recurring-ical-events for the rules.

In, on standard input: {ics, from, to}, instants in RFC 3339. Out: {times: [instants in UTC, sorted], cancelled: n}.
"""
import json
import sys
from datetime import datetime, timezone

import icalendar
import recurring_ical_events

asked = json.load(sys.stdin)
calendar = icalendar.Calendar.from_ical(asked["ics"])
start, end = (datetime.fromisoformat(asked[key]) for key in ("from", "to"))
live = [event for event in calendar.walk("VEVENT") if event["STATUS"] != "CANCELLED"]
cancelled = len(calendar.walk("VEVENT")) - len(live)
for event in live:
    alarm, = event.walk("VALARM")
    assert alarm["ACTION"] == "DISPLAY" and alarm["TRIGGER"].dt.total_seconds() == 0
    assert event["SUMMARY"] == "Aftercare" and event["CLASS"] == "PRIVATE"
calendar.subcomponents = [part for part in calendar.subcomponents if part.get("STATUS") != "CANCELLED"]
found = recurring_ical_events.of(calendar).between(start, end)
times = sorted(event["DTSTART"].dt.astimezone(timezone.utc) for event in found)
times = [time for time in times if start <= time < end]
print(json.dumps({"times": [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times], "cancelled": cancelled}))
