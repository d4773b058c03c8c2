// P5: one step with the doctor's own words.

import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import { api } from '../device/api';
import { day, moment, t } from '../i18n';
import { Lost } from '../screens/lost';
import { Action, Page, Summary, useWork } from '../ui';
import { chart, refresh, reminders, steps, title, when } from './chart';
import { CheckIn } from './check-in';
import { Days } from './days';
import { Needed } from './needed';
import { Pause } from './pause';
import { current, Progress } from './plan';
import { State } from './today';

export function StepScreen() {
  const words = t().plan;
  const step = steps.value.get(useRoute().params['id'] ?? '');
  const [asking, setAsking] = useState<'leave' | 'pause'>();
  const { busy, errors, run } = useWork();
  if (!step) return <Lost />;
  const own = reminders.value.filter((one) => one.step_id === step.id && one.status !== 'cancelled');
  const close = (): void => setAsking(undefined);
  const due = own.find((one) => one.status === 'due');
  const over = own.filter((one) => ['done', 'skipped', 'missed'].includes(one.status)).reverse();
  const goOn = async (): Promise<void> => {
    await api('post', '/api/steps/{id}/pause/', { path: { id: step.id }, body: { until: null } });
    await refresh();
  };
  const note = chart.value?.notes.find((one) => one.id === step.note_id);
  return (
    <Page title={title(step)} back="/plan">
      <p><span class="badge">{words.states[step.status]}</span></p>
      {when(step) && <p>{when(step)}</p>}
      <Progress step={step} />
      {step.log && current(step) && <Needed step={step} />}
      {step.words?.quote && (
        <section class="card stack tight" aria-labelledby="source">
          <h2 id="source">{words.source}</h2>
          <blockquote><mark>{step.words.quote}</mark></blockquote>
          {note && <p><a href={`/notes/${step.note_id}#${step.id}`}>{words.openNote}</a></p>}
        </section>
      )}
      {step.kind === 'plan' && current(step) && (
        <div class="row">
          {step.progress && <a class="button" href="/me/times">{words.changeTimes}</a>}
          {step.paused_until ? <Action busy={busy} onPress={() => run(goOn)}>{words.goOn}</Action> : step.progress && <Action onPress={() => setAsking('pause')}>{words.pause}</Action>}
          {due && <Action onPress={() => setAsking('leave')}>{words.problem}</Action>}
        </div>
      )}
      <Summary errors={errors} />
      {due && asking === 'leave' && <CheckIn reminder={due} leaves onClose={close} />}
      {asking === 'pause' && <Pause step={step} onClose={close} />}
      {own.length > 0 && (
        <section class="stack tight" aria-labelledby="days">
          <h2 id="days">{words.days}</h2>
          <Days reminders={own} table />
        </section>
      )}
      {over.length > 0 && (
        <section class="stack tight" aria-labelledby="history">
          <h2 id="history">{words.history}</h2>
          <ul class="group">
            {over.map((one) => <li key={one.id} class="link-row"><span>{moment(one.due_at)}</span><State status={one.status} at={one.answered_at} due={one.due_at} /></li>)}
          </ul>
        </section>
      )}
      {step.progress?.ends_at && <p class="muted">{words.until(day(step.progress.ends_at))}</p>}
    </Page>
  );
}
