// One patient's record as their doctor sees it, opened on this device.

import type { ReminderList, ReminderView, Steps, NoteList, NoteView } from '../api/schema';
import { device } from '../device';
import type { OpenNote, Step } from '../device/model';

export interface Record_ {
  plan: Step[];
  checklist: Step[];
  notes: (NoteView & { words?: OpenNote | undefined })[];
  reminders: ReminderView[];
  reasons: Record<string, string>;
  help: OpenNote['safety_net'];
}

/** Fetches and opens it. */
export async function record(patient: string): Promise<Record_> {
  const from = new Date(Date.now() - 30 * 86_400_000).toISOString();
  const to = new Date(Date.now() + 60 * 86_400_000).toISOString();
  const [steps, notes, reminders] = await Promise.all([
    device.read(`/api/actionable-steps/?patient_id=${patient}`),
    device.read(`/api/notes/?patient_id=${patient}`),
    device.request('GET', `/api/reminders/?patient_id=${patient}&from=${from}&to=${to}`),
  ]);
  const words = { ...steps.words, ...notes.words };
  const named = (step: Step): Step => {
    const own = words[step.note_id]?.steps.find(([id]) => id === step.id)?.[1];
    return own ? { ...step, words: own } : step;
  };
  const { plan, checklist } = steps.answer as Steps;
  const list = reminders as ReminderList;
  const in_force = (notes.answer as NoteList).items.filter((note) => note.status === 'active');
  return {
    plan: plan.map(named),
    checklist: checklist.map(named),
    notes: (notes.answer as NoteList).items.map((note) => ({ ...note, words: words[note.id] })),
    reminders: list.items,
    help: in_force.flatMap((note) => words[note.id]?.safety_net ?? []),
    reasons: list.items.some((one) => one.sealed_reason) ? await device.reasons(list) : {},
  };
}
