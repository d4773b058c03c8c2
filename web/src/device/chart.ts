// A patient's chart: what the service knows of times laid together with the words opened here; and their answers, kept
// until they are sent.

import type { ChannelList, Me, MyDoctors, NoteList, ReminderList, Steps } from '../api/schema';
import { Failure } from './failure';
import type { Answer, Chart, OpenNote, Step } from './model';
import * as service from './service';
import * as store from './store';
import type { Device } from './wasm/patient/aftercare_browser';

const DAY = 86_400_000;

/** Asks for everything and opens it. */
export async function chart(device: Device): Promise<Chart> {
  const now = Date.now();
  const from = new Date(now - 60 * DAY).toISOString();
  const to = new Date(now + 60 * DAY).toISOString();
  const get = <T>(path: string): Promise<T> => service.request<T>('GET', path);
  const [me, steps, reminders, notes, doctors, channels] = await Promise.all([
    get<Me>('/api/me/'),
    get<Steps>('/api/actionable-steps/?include=superseded'),
    get<ReminderList>(`/api/reminders/?from=${from}&to=${to}`),
    get<NoteList>('/api/notes/?limit=200'),
    get<MyDoctors>('/api/my-doctors/'),
    get<ChannelList>('/api/channels/'),
  ]);
  const envelopes = [...new Map([...(steps.envelopes ?? []), ...(notes.envelopes ?? [])].map((one) => [id_of(one), one])).values()];
  const words = JSON.parse(await device.open(JSON.stringify({ envelopes }))) as Record<string, OpenNote>;
  const named = (step: Step): Step => {
    const own = words[step.note_id]?.steps.find(([id]) => id === step.id)?.[1];
    if (!own) return step;
    // What the service schedules must be what the doctor has signed.
    const altered = step.kind === 'plan' && !!step.timing && !same(step.timing, own.schedule);
    return { ...step, words: own, ...(altered && { altered }) };
  };
  const in_force = notes.items.filter((note) => note.status === 'active');
  const made: Chart = {
    at: new Date(now).toISOString(),
    me,
    checklist: steps.checklist.map(named),
    plan: steps.plan.map(named),
    safety_net: in_force.flatMap((note) => words[note.id]?.safety_net ?? []),
    reminders: reminders.items,
    notes: notes.items.map((note) => ({ ...note, ...(words[note.id] && { words: words[note.id] as OpenNote }) })),
    doctors: doctors.items.filter((one) => !one.until).map((one) => ({ ...one.doctor, since: one.since })),
    channels: channels.items,
  };
  // Its doctor learns that it is here. What cannot be said now is said with the next chart.
  const fresh = notes.items.filter((note) => words[note.id] && !note.received_at);
  await Promise.all(fresh.map((note) => receipt(note.id, 'received').catch(() => undefined)));
  return made;
}

const receipt = (note: string, status: 'received' | 'read'): Promise<unknown> => service.request('POST', `/api/notes/${note}/receipt/`, { status });

/** Says that a note was read: now, or when there is a network again. */
export async function read(note: string): Promise<void> {
  await store.change<string[]>('read', (notes = []) => [...new Set([...notes, note])]);
  await say_read();
}

async function say_read(): Promise<void> {
  for (const note of (await store.get<string[]>('read')) ?? []) {
    await receipt(note, 'read');
    await store.change<string[]>('read', (notes = []) => notes.filter((one) => one !== note));
  }
}

/** Whether two values are the same in JSON, in whatever order their names stand. */
function same(one: unknown, other: unknown): boolean {
  const sorted = (_: string, value: unknown): unknown =>
    value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

function id_of(sealed: { envelope: Record<string, unknown> }): string {
  return String(sealed.envelope['note_id']);
}

/** What is due soon, by reminder: for notifications on this device. */
export function names(chart: Chart): Record<string, string> {
  const steps = new Map([...chart.plan, ...chart.checklist].map((step) => [step.id, step.words?.title]));
  const soon = chart.reminders.filter((one) => one.status === 'upcoming' || one.status === 'due');
  return Object.fromEntries(soon.flatMap((one) => (steps.get(one.step_id) ? [[one.id, steps.get(one.step_id)]] : [])) as [string, string][]);
}

/** An answer to keep, or one to take back before it is sent. */
export type Put = Answer | { reminder_id: string; taken_back: true };

/** An answer as it is kept: its reason sealed. */
type Kept = Omit<Answer, 'reason'> & { reason?: store.Sealed };

/** Keeps an answer: closing the page loses nothing. A later answer to the same takes the place of one unsent. */
export async function queue(put: Put): Promise<Answer[]> {
  const { reminder_id } = put;
  const kept = 'taken_back' in put ? undefined : { ...put, reason: put.reason && (await store.sealed(reminder_id, put.reason)) } as Kept;
  await store.change<Kept[]>('answers', (answers = []) => {
    const others = answers.filter((answer) => answer.reminder_id !== reminder_id);
    return kept ? [...others, kept] : others;
  });
  return waiting();
}

/** What is not sent yet. */
export async function waiting(): Promise<Answer[]> {
  const kept = (await store.get<Kept[]>('answers')) ?? [];
  return Promise.all(kept.map(async ({ reason, ...answer }) => {
    const said = reason && (await store.opened<string>(answer.reminder_id, reason));
    return { ...answer, ...(said && { reason: said }) };
  }));
}

/** Sends what waits, each with the time it was given at; what can still be taken back stays, unless `at_once`. How many stay. */
export function flush(device: Device, at_once: boolean): Promise<number> {
  // One tab at a time: none is sent twice.
  return navigator.locks.request('answers', async () => {
    for (const answer of (await waiting()).filter((one) => at_once || one.not_before <= Date.now())) {
      try {
        await say(device, answer);
      } catch (thrown) {
        const failure = Failure.of(thrown);
        // Refused by the service, not by somebody on the way, it is of no avail to try again; the chart that is fetched next
        // shows how it stands.
        const { status = 0, code } = failure.said;
        const settled = status >= 400 && status < 429 && status !== 401 && !['in_flight', 'unavailable'].includes(code);
        if (!settled) throw failure;
      }
      await store.change<Kept[]>('answers', (now = []) => now.filter((one) => one.reminder_id !== answer.reminder_id || one.at !== answer.at));
    }
    await say_read();
    return (await waiting()).length;
  });
}

async function say(device: Device, answer: Answer): Promise<void> {
  const { reminder_id, step_id, status, at, cause, reason } = answer;
  if (step_id) {
    await service.request('POST', `/api/steps/${step_id}/log/`, { at }, reminder_id);
    return;
  }
  if (reason) {
    await device.skip(JSON.stringify({ id: reminder_id, step_id: await step_of(reminder_id) }), at, reason);
    return;
  }
  // The same answer said again is one answer.
  await service.request('POST', '/api/check-in/', { reminder_id, status, at, ...(cause && { cause }) }, `${reminder_id}.${at}`);
}

async function step_of(reminder: string): Promise<string | undefined> {
  const last = await store.open<Chart>('chart');
  return last?.reminders.find((one) => one.id === reminder)?.step_id;
}
