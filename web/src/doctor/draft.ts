// A note on its way: what was written, what was read out of it, and what its doctor has made of that. In memory; the text
// is kept sealed on this device until it is sent.

import { signal } from '@preact/signals';
import type { Asked, OpenNote, Quote, StepText, Timing } from '../device/model';

export type Standing = 'open' | 'accepted' | 'edited' | 'removed';

/** A step under review. */
export interface Item {
  id: string;
  step: StepText;
  standing: Standing;
}

export interface Draft {
  patient: string;
  text: string;
  items: Item[];
  questions: Asked[];
  unused: Quote[];
  /** When to seek help: shown to the patient, never scheduled. */
  help: OpenNote['safety_net'];
  /** Sent: there for as long as it can be taken back. */
  sent?: { id: string; at: number } | undefined;
  dropped: number;
  read: OpenNote;
}

export const draft = signal<Draft | undefined>();

/** What was read, to be reviewed. */
export function reviewed(patient: string, read: OpenNote): Draft {
  return {
    patient,
    text: read.text,
    items: read.steps.map(([id, step]) => ({ id, step, standing: 'open' })),
    questions: read.review.questions,
    unused: read.review.unused,
    help: read.safety_net,
    dropped: read.review.rejected.length,
    read,
  };
}

/** What is still to be answered about a step before it can be accepted. */
export const open_questions = (now: Draft, id: string): Asked[] => now.questions.filter((one) => one.step_id === id && !one.answered);

/** What is left to look at. */
export const left = (now: Draft): number => now.items.filter((item) => item.standing === 'open').length;

export function stand(now: Draft, id: string, standing: Standing): Draft {
  return { ...now, items: now.items.map((item) => (item.id === id ? { ...item, standing } : item)) };
}

/** The doctor's answer to what was asked about a step: it stands as it is. */
export function answered(now: Draft, id: string, about: string): Draft {
  const questions = now.questions.map((one) => (one.step_id === id && one.about === about ? { ...one, answered: true } : one));
  return { ...now, questions };
}

/** A step as the doctor wants it: what was asked about it is answered by that. */
export function edited(now: Draft, id: string, step: StepText): Draft {
  const questions = now.questions.map((one) => (one.step_id === id ? { ...one, answered: true } : one));
  const there = now.items.some((item) => item.id === id);
  const item: Item = { id, step, standing: 'edited' };
  return { ...now, questions, items: there ? now.items.map((one) => (one.id === id ? item : one)) : [...now.items, item] };
}

/** Not to be shown as help: it stays among what is not used. */
export function unhelped(now: Draft, one: OpenNote['safety_net'][number]): Draft {
  const quote: Quote = { quote: one.evidence, start: one.evidence_start, end: one.evidence_start + [...one.evidence].length };
  return { ...now, help: now.help.filter((other) => other !== one), unused: [...now.unused, quote] };
}

/** The note as it is to be sealed. `kept` names steps of the running plan that steps of this one go on with. */
export function sealed(now: Draft, kept: Map<string, string>): OpenNote {
  const items = now.items.filter((item) => item.standing !== 'removed');
  const name = (id: string): string => kept.get(id) ?? id;
  const there = new Set(items.map((item) => item.id));
  return {
    text: now.text,
    steps: items.map(({ id, step }) => [name(id), kept.has(id) ? { ...step, continues: true } : step]),
    safety_net: now.help,
    review: {
      questions: now.questions.filter((one) => there.has(one.step_id)).map((one) => ({ ...one, step_id: name(one.step_id) })),
      unused: now.unused,
      rejected: now.read.review.rejected,
      follow: now.read.review.follow.filter((id) => there.has(id)).map(name),
    },
  };
}

/** Whether a schedule says when: else nobody is reminded. */
export const scheduled = (timing: Timing): boolean =>
  ['frequency', 'period', 'timeOfDay', 'when', 'dayOfWeek'].some((key) => key in timing) && !timing['asNeeded'];
