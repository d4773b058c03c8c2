// P2: the same with more to say: done earlier, later, or left out and why.

import { useState } from 'preact/hooks';
import { day, t, time } from '../i18n';
import { Action, Field, Sheet, Summary, useWork } from '../ui';
import { answer, later as put_later, now, steps, title, type Reminder } from './chart';

/** The present as an input of local date and time wants it. */
export function local(instant: number): string {
  const at = new Date(instant);
  return new Date(instant - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** `leaves`: it is about leaving this one out. */
export function CheckIn({ reminder, leaves = false, onClose }: { reminder: Reminder; leaves?: boolean; onClose: () => void }) {
  const words = t().check;
  const [at, setAt] = useState(local(now.value));
  const [leaving, setLeaving] = useState(leaves);
  const [cause, setCause] = useState<keyof typeof words.causes>();
  const [reason, setReason] = useState('');
  const { busy, errors, run } = useWork();
  const what = title(steps.value.get(reminder.step_id));

  const done = (): void => {
    const chosen = Math.min(Date.parse(at) || Date.now(), Date.now());
    void answer(reminder, { status: 'done', at: new Date(chosen).toISOString() });
    onClose();
  };
  const leave_out = (): void => {
    // The service learns of side effects, for the doctor to be told at once; any other reason is for the two alone.
    const said = cause === 'other' ? reason.trim() : cause && cause !== 'side_effect' ? words.causes[cause] : '';
    const given = { ...(cause === 'side_effect' && { cause }), ...(said && { reason: said }) };
    void answer(reminder, { status: 'skipped', at: new Date().toISOString(), ...given });
    onClose();
  };
  const later = (minutes: number): Promise<void> => run(async () => {
    await put_later(reminder, minutes);
    onClose();
  });

  return (
    <Sheet title={what} onClose={onClose}>
      <p class="muted">{t().today.dueAt(`${day(reminder.due_at)}, ${time(reminder.due_at)}`)}</p>
      <Summary errors={errors} />
      {leaving ? (
        <form class="stack" onSubmit={(event) => { event.preventDefault(); leave_out(); }}>
          {leaves && <p>{words.problem}</p>}
          <fieldset>
            <legend>{words.why}</legend>
            {(Object.keys(words.causes) as (keyof typeof words.causes)[]).map((name) => (
              <label key={name} class="choice">
                <input type="radio" name="cause" checked={cause === name} onChange={() => setCause(name)} />
                <span>{words.causes[name]}</span>
              </label>
            ))}
          </fieldset>
          {cause === 'other' && <Field name="reason" label={words.reason} value={reason} onValue={setReason} maxLength={500} />}
          <Action kind="main">{words.skip}</Action>
        </form>
      ) : (
        <div class="stack">
          <Field name="at" label={words.at} hint={words.atHint} type="datetime-local" max={local(now.value)} value={at} onValue={setAt} />
          <Action kind="good full" onPress={done}>{words.done}</Action>
          <div class="row">
            <Action busy={busy} onPress={() => later(15)}>{t().today.in15}</Action>
            <Action busy={busy} onPress={() => later(60)}>{t().today.in60}</Action>
            <Action onPress={() => setLeaving(true)}>{t().today.leaveOut}</Action>
          </div>
        </div>
      )}
    </Sheet>
  );
}
