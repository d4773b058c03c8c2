// What was answered here: it shows at once, is kept on this device, and is sent when it can no longer be taken back.

import { signal } from '@preact/signals';
import { device } from '../device';
import type { Answer } from '../device/model';
import { t } from '../i18n';
import { say, told } from '../ui';

/** What was answered here and is not sent yet. */
export const answers = signal<Answer[]>([]);

/** So long what was answered can be taken back. */
const UNDO = 8_000;

let last = 0;

/** Shows what the device says that waits; unless something was answered since it was asked. */
export async function show(asked: Promise<Answer[]>): Promise<void> {
  const mine = ++last;
  const waiting = await asked;
  if (mine === last) answers.value = waiting;
}

/** Answers, in words for whom it is shown to. */
export async function record(what: string, given: Omit<Answer, 'not_before'>): Promise<void> {
  const put: Answer = { ...given, not_before: Date.now() + UNDO };
  answers.value = [...answers.value.filter((one) => one.reminder_id !== put.reminder_id), put];
  say(t().today.recordedFor(what), () => void show(device.takeBack(put.reminder_id)));
  try {
    await show(device.answer(put));
  } catch (thrown) {
    answers.value = answers.value.filter((one) => one !== put);
    say(told(thrown));
  }
}
