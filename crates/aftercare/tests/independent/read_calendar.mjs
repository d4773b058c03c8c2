// Reads a calendar with ical.js, as web mail programs do, with the zones that the calendar itself brings.
//
// In, on standard input: {ics, from, to}, instants in RFC 3339. Out: {times: [instants in UTC, sorted], cancelled: n}.
import ICAL from 'ical.js';

const { ics, from, to } = JSON.parse(await new Response(process.stdin).text());
const calendar = new ICAL.Component(ICAL.parse(ics));
for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
const [start, end] = [from, to].map((text) => new Date(text).getTime());
const times = [];
let cancelled = 0;
for (const component of calendar.getAllSubcomponents('vevent')) {
  if (component.getFirstPropertyValue('status') === 'CANCELLED') {
    cancelled += 1;
    continue;
  }
  const all = new ICAL.Event(component).iterator();
  for (let next = all.next(); next; next = all.next()) {
    const at = next.toJSDate().getTime();
    if (at >= end) break;
    if (at >= start) times.push(at);
  }
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({ times: times.map((at) => new Date(at).toISOString().replace('.000Z', 'Z')), cancelled }));
