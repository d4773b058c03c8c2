// The patient's chart on this page: as it was last known at once, then as it is; with what was answered here since.

import { computed, effect, signal } from '@preact/signals';
import { device, follow } from '../device';
import { api } from '../device/api';
import { Failure } from '../device/failure';
import type { Answer, Chart, Step } from '../device/model';
import type { ReminderView } from '../api/schema';
import { date, shortDay, t, time, zone } from '../i18n';
import { hush, say } from '../ui';
import { answers, record, show } from './answers';

/** As last known. */
export const chart = signal<Chart | undefined>();
/** Why it could not be fetched. */
export const failed = signal<Failure | undefined>();
/** The present, told anew each half minute. */
export const now = signal(Date.now());

/** A reminder as it stands with the answers given here. */
export type Reminder = ReminderView & { answer?: Answer };

export const reminders = computed<Reminder[]>(() =>
  (chart.value?.reminders ?? []).map((reminder) => {
    const answer = answers.value.find((one) => one.reminder_id === reminder.id);
    if (answer) return { ...reminder, status: answer.status, answered_at: answer.at, answer };
    const begun = reminder.status === 'upcoming' && Date.parse(reminder.due_at) <= now.value;
    return begun ? { ...reminder, status: 'due' } : reminder;
  }),
);

/** All steps there ever were, by id. */
export const steps = computed(() => new Map([...(chart.value?.plan ?? []), ...(chart.value?.checklist ?? [])].map((step) => [step.id, step])));

/** When a step is due, in words: a task on its day. */
export const when = (step: Step): string => (step.due_at ? t().plan.dueOn(shortDay(step.due_at)) : step.timing_text);

export const title = (step: Step | undefined): string => step?.words?.title ?? step?.action ?? '…';
export const today = computed(() => date(now.value));

/** Fetches everything; answers that wait are sent first, `at_once` also what could still be taken back. */
export async function refresh(at_once = false): Promise<void> {
  try {
    await device.flush(at_once);
    const fresh = await device.chart();
    zone.value = fresh.me.time_zone;
    chart.value = fresh;
    failed.value = undefined;
  } catch (thrown) {
    failed.value = Failure.of(thrown);
  }
  await show(device.waiting());
}

/** What was asked to come later here, until when. */
export const put_off = signal<Record<string, string>>({});

/** Has a reminder come again later. */
export async function later(reminder: Reminder, minutes: number): Promise<void> {
  const { snoozed_until } = await api('post', '/api/reminders/{id}/snooze/', { path: { id: reminder.id }, body: { minutes } });
  put_off.value = { ...put_off.value, [reminder.id]: snoozed_until };
  say(`${t().today.later}: ${time(snoozed_until)}`);
}

/** Answers a reminder. */
export const answer = (reminder: Reminder, given: Omit<Answer, 'reminder_id' | 'not_before'>): Promise<void> =>
  record(title(steps.value.get(reminder.step_id)), { reminder_id: reminder.id, ...given });

/** Marks a task of the checklist. */
export async function complete(step: Step, status: 'done' | 'open'): Promise<void> {
  const put = (to: string): void => {
    if (!chart.value) return;
    const checklist = chart.value.checklist.map((one) => (one.id === step.id ? { ...one, status: to as Step['status'] } : one));
    chart.value = { ...chart.value, checklist };
  };
  put(status === 'done' ? 'done' : 'active');
  try {
    await api('post', '/api/steps/{id}/complete/', { path: { id: step.id }, body: { status } });
    if (status === 'done') say(t().today.recordedFor(title(step)), () => void complete(step, 'open'));
  } catch (thrown) {
    put(step.status);
    say(Failure.of(thrown).code === 'offline' ? t().errors.offline : t().errors.other(Failure.of(thrown).message));
  }
}

let begun = false;

/** Begins to follow: what is kept here, then the service, then whatever happens. */
export function start(): () => void {
  void device.lastChart().then((known) => {
    if (known && !chart.value) {
      zone.value = known.me.time_zone;
      chart.value = known;
    }
  });
  if (!begun) void refresh();
  begun = true;
  const tick = setInterval(() => (now.value = Date.now()), 30_000);
  const anyway = setInterval(() => document.visibilityState === 'visible' && void refresh(), 120_000);
  const unfollow = follow(() => void refresh());
  const unsend = effect(() => {
    const next = Math.min(...answers.value.map((one) => one.not_before).filter((at) => at > Date.now()));
    if (!Number.isFinite(next)) return;
    const soon = setTimeout(() => void refresh(), next - Date.now() + 200);
    return () => clearTimeout(soon);
  });
  const back = (): void => {
    now.value = Date.now();
    void refresh();
  };
  const turned = (): void => {
    if (document.visibilityState === 'visible') return back();
    if (!answers.value.length) return;
    // Who has turned away takes nothing back, and may not look again for hours: by then it would count as missed.
    hush();
    void refresh(true);
  };
  addEventListener('online', back);
  document.addEventListener('visibilitychange', turned);
  return () => {
    clearInterval(tick);
    clearInterval(anyway);
    unfollow();
    removeEventListener('online', back);
    document.removeEventListener('visibilitychange', turned);
    unsend();
    chart.value = undefined;
    answers.value = [];
    begun = false;
  };
}
