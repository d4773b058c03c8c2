// What the device gives to the page: answers of the service laid together with the words that were opened here.

import type { ChannelView, DoctorView, Me, NoteView, ReminderView, StepView } from '../api/schema';

/** A schedule: the subset of FHIR R4 `Timing.repeat`. */
export type Timing = Record<string, unknown>;

/** The words of a step, as sealed. */
export interface StepText {
  title: string;
  text: string;
  quote: string;
  quote_start: number;
  kind: 'checklist' | 'plan';
  category: string;
  schedule: Timing;
  policy?: string;
  sure?: boolean;
  continues?: boolean;
}

export interface Quote {
  quote: string;
  start: number;
  end: number;
}

export interface Asked {
  step_id: string;
  about: string;
  evidence: string;
  answered: boolean;
}

/** A note in the open. */
export interface OpenNote {
  text: string;
  steps: [string, StepText][];
  safety_net: { text: string; evidence: string; evidence_start: number }[];
  review: { questions: Asked[]; unused: Quote[]; rejected: { action: string; reason: string }[]; follow: string[] };
}

/** A step; `altered` where the service schedules it otherwise than its doctor has signed. */
export type Step = StepView & { words?: StepText; altered?: boolean };
export type Note = NoteView & { words?: OpenNote };

/** All that a patient sees, as of `at`. */
export interface Chart {
  at: string;
  me: Me;
  checklist: Step[];
  plan: Step[];
  safety_net: { text: string }[];
  reminders: ReminderView[];
  notes: Note[];
  doctors: (DoctorView & { since: string })[];
  channels: ChannelView[];
}

/** An answer that waits to be sent; it keeps the time at which it was given. */
export interface Answer {
  reminder_id: string;
  /** Of what is done as needed: of which step. Then `reminder_id` tells it from the others alone. */
  step_id?: string;
  status: 'done' | 'skipped';
  at: string;
  reason?: string;
  cause?: string;
  /** Not sent before: until then it can be taken back. */
  not_before: number;
}

/** Who uses this device. */
export interface Account {
  id: string;
  role: 'patient' | 'doctor';
  name: string;
  email: string;
  device_token?: string;
  /** Whether the keys stay here until its owner signs out: this device is theirs alone. */
  own: boolean;
  /** Else they are put away at this time. */
  open_until: number;
}

export type Session =
  | { state: 'out' }
  | { state: 'locked'; account: Account }
  | { state: 'open'; account: Account };

export interface NewAccount {
  role: 'patient' | 'doctor';
  name: string;
  email: string;
  password: string;
  time_zone: string;
  specialty?: string;
}

/** What a browser does with passkeys. */
export type Ceremony = 'create' | 'get';
