// P5: what is done as needed: one tap to say that it was, and until when that is enough.

import { useState } from 'preact/hooks';
import { api } from '../device/api';
import type { Step } from '../device/model';
import { moment, t } from '../i18n';
import { Action, Field, Summary, useWork } from '../ui';
import { answers, record } from './answers';
import { now, refresh, title } from './chart';
import { local } from './check-in';
import { n } from './needed.words';

/** Writes down that it was done. */
const log = (step: Step, at: string): Promise<void> =>
  record(title(step), { reminder_id: `${step.id}.${at}`, step_id: step.id, status: 'done', at });

export function Needed({ step }: { step: Step }) {
  const words = n();
  const [at, setAt] = useState('');
  const { busy, errors, run } = useWork();
  const { latest, not_before } = step.log ?? { latest: [] };
  const unsent = answers.value.filter((one) => one.step_id === step.id).map((one) => one.at);
  const times = [...new Set([...unsent, ...latest])].sort((a, b) => Date.parse(b) - Date.parse(a));
  const last_day = times.filter((one) => Date.parse(one) > now.value - 86_400_000).length;
  const take_back = (one: string): Promise<void> => run(async () => {
    await api('post', '/api/steps/{id}/log/', { path: { id: step.id }, body: { at: one, taken_back: true } });
    await refresh();
  });
  return (
    <section class="stack" aria-labelledby="needed">
      <h2 id="needed">{t().plan.asNeeded}</h2>
      <p role="status">{words.day(last_day)}</p>
      {not_before && Date.parse(not_before) > now.value && <p class="banner" role="alert">{words.limit(moment(not_before))}</p>}
      <Summary errors={errors} />
      <Action kind="good full" onPress={() => void log(step, new Date().toISOString())}>{words.now}</Action>
      <form class="row" onSubmit={(event) => {
        event.preventDefault();
        const chosen = Math.min(Date.parse(at) || Date.now(), Date.now());
        void log(step, new Date(chosen).toISOString());
        setAt('');
      }}>
        <Field name="at" label={words.earlier} type="datetime-local" min={local(now.value - 6.9 * 86_400_000)} max={local(now.value)} value={at} onValue={setAt} />
        <Action>{words.add}</Action>
      </form>
      <ul class="group">
        {times.map((one) => (
          <li key={one} class="link-row">
            <span>{moment(one)}</span>
            {!unsent.includes(one) && Date.parse(one) > now.value - 6.9 * 86_400_000 && <Action busy={busy} aria-label={words.back(moment(one))} onPress={() => take_back(one)}>{t().undo}</Action>}
          </li>
        ))}
      </ul>
    </section>
  );
}
