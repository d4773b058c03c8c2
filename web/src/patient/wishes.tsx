// When somebody wants to be told, and how often.

import { useState } from 'preact/hooks';
import { api } from '../device/api';
import { t } from '../i18n';
import { Action, Choice, Field, say, Summary, useWork } from '../ui';
import { chart, refresh } from './chart';
import { r } from './reminders.words';

interface Wishes_ {
  quiet: { from: string; to: string } | null;
  repeat: boolean;
  digest: boolean;
}

export function Wishes() {
  const words = r().wishes;
  const before = chart.value?.me.reminders as unknown as Wishes_;
  const [quiet, setQuiet] = useState(before.quiet !== null);
  const [times, setTimes] = useState(before.quiet ?? { from: '22:00', to: '07:00' });
  const [repeat, setRepeat] = useState(before.repeat);
  const [digest, setDigest] = useState(before.digest);
  const { busy, errors, run } = useWork();
  return (
    <section class="card stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void run(async () => {
          await api('patch', '/api/me/', { body: { reminders: { ...before, quiet: quiet ? times : null, repeat, digest } } });
          await refresh();
          say(t().saved);
        });
      }}>
        <Summary errors={errors} />
        <Choice label={words.quiet} checked={quiet} onChange={setQuiet} />
        {quiet && (
          <div class="row">
            <Field name="from" label={words.from} type="time" value={times.from} onValue={(from) => setTimes({ ...times, from })} />
            <Field name="to" label={words.to} type="time" value={times.to} onValue={(to) => setTimes({ ...times, to })} />
          </div>
        )}
        <Choice label={words.repeat} checked={repeat} onChange={setRepeat} />
        <Choice label={words.digest} checked={digest} onChange={setDigest} />
        <Action busy={busy}>{t().save}</Action>
      </form>
    </section>
  );
}
