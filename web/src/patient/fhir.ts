// What is planned, and the notes it comes from, as a FHIR R4 Bundle: made on this device, for another system.

import type { Chart, Step, Timing } from '../device/model';

type Resource = Record<string, unknown> & { resourceType: string; id: string };

const UCUM = 'http://unitsofmeasure.org';
const of = (type: string, id: string): { reference: string } => ({ reference: `${type}/${id}` });

/** Our schedule as a FHIR Timing; what FHIR says elsewhere (as needed) is left out. */
export function timing(own: Timing): Record<string, unknown> | undefined {
  const { duration, until, start: _, asNeeded: _needed, timeOfDay, ...rest } = own as Timing & {
    duration?: { value: number; unit: string };
    until?: string;
    timeOfDay?: string[];
  };
  const repeat = {
    ...rest,
    ...('period' in rest && !('periodUnit' in rest) && { periodUnit: 'd' }),
    ...('frequency' in rest && !('period' in rest) && { period: 1, periodUnit: 'd' }),
    ...(timeOfDay && { timeOfDay: timeOfDay.map((time) => (time.length === 5 ? `${time}:00` : time)) }),
    ...(duration && { boundsDuration: { value: duration.value, unit: duration.unit, system: UCUM, code: duration.unit } }),
    ...(until && { boundsPeriod: { end: until } }),
  };
  return Object.keys(repeat).length ? { repeat } : undefined;
}

const standing: Record<string, string> = {
  draft: 'not-started', active: 'in-progress', done: 'completed', completed: 'completed', ended: 'completed',
  incomplete: 'stopped', superseded: 'stopped', cancelled: 'cancelled', skipped: 'cancelled',
};

function activity(step: Step): Record<string, unknown> {
  const scheduled = step.words && timing(step.words.schedule);
  return {
    detail: {
      kind: step.category === 'appointment' ? 'Appointment' : step.category === 'medication' ? 'MedicationRequest' : 'Task',
      status: standing[step.status] ?? 'unknown',
      ...(scheduled ? { scheduledTiming: scheduled } : step.timing_text && { scheduledString: step.timing_text }),
      description: [step.words?.title ?? step.action, step.words?.quote && `“${step.words.quote}”`].filter(Boolean).join(' – '),
    },
    ...(step.log && { progress: [{ text: `${step.log.count} done as needed` }] }),
    ...(step.progress && { progress: [{ text: `${step.progress.done} done, ${step.progress.missed} missed, ${step.progress.skipped} skipped` }] }),
  };
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Everything a patient sees. */
export function bundle(chart: Chart): Resource {
  const { me } = chart;
  const all = [...chart.plan, ...chart.checklist].filter((step) => step.status !== 'draft');
  const notes = chart.notes.filter((note) => all.some((step) => step.note_id === note.id) || note.status === 'active');
  const resources: Resource[] = [
    { resourceType: 'Patient', id: me.id, name: [{ text: me.name }] },
    ...chart.doctors.map((doctor): Resource => ({
      resourceType: 'Practitioner',
      id: doctor.id,
      name: [{ text: doctor.name }],
      ...(doctor.phone && { telecom: [{ system: 'phone', value: doctor.phone }] }),
      ...(doctor.specialty && { qualification: [{ code: { text: doctor.specialty } }] }),
    })),
    ...notes.map((note): Resource => {
      const known = chart.doctors.some((doctor) => doctor.id === note.doctor_id);
      return {
        resourceType: 'CarePlan',
        id: note.id,
        status: note.status === 'active' ? 'active' : 'revoked',
        intent: 'plan',
        subject: of('Patient', me.id),
        created: note.created_at,
        ...(known && { author: of('Practitioner', note.doctor_id) }),
        ...(note.words && { supportingInfo: [of('DocumentReference', `text-${note.id}`.slice(0, 64))] }),
        activity: all.filter((step) => step.note_id === note.id).map(activity),
      };
    }),
    ...notes.flatMap((note): Resource[] => (note.words ? [{
      resourceType: 'DocumentReference',
      id: `text-${note.id}`.slice(0, 64),
      status: note.status === 'active' ? 'current' : 'superseded',
      subject: of('Patient', me.id),
      date: note.created_at,
      content: [{ attachment: { contentType: 'text/plain; charset=utf-8', data: base64(note.words.text) } }],
    }] : [])),
  ];
  // An empty list is no list in FHIR.
  for (const one of resources) if (Array.isArray(one['activity']) && !one['activity'].length) delete one['activity'];
  return {
    resourceType: 'Bundle',
    id: crypto.randomUUID(),
    type: 'collection',
    timestamp: chart.at,
    entry: resources.map((resource) => ({ fullUrl: `urn:uuid:${resource.id.replace(/^text-/, '')}${resource.resourceType === 'DocumentReference' ? '-text' : ''}`, resource })),
  } as Resource;
}
