// P4 and P5: the plan and the checklist, and one step with the doctor's own words.

import { lazy, useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import { api } from '../device/api';
import type { Step } from '../device/model';
import { day, moment, shortDay, t } from '../i18n';
import { Lost } from '../screens/lost';
import { Action, Page, Summary, useWork } from '../ui';
import { chart, refresh, reminders, steps, title } from './chart';
import { CheckIn } from './check-in';
import { Days } from './days';
import { State } from './today';

const Pause = lazy(() => import('./pause').then((all) => all.Pause));

const current = (step: Step): boolean => step.status === 'active';

export function Plan() {
  const words = t().plan;
  const plan = (chart.value?.plan ?? []).filter((step) => step.status !== 'draft');
  const list = (chart.value?.checklist ?? []).filter((step) => step.status !== 'draft');
  const running = plan.filter(current);
  const tasks = list.filter((step) => current(step) || step.status === 'done');
  const earlier = [...plan, ...list].filter((step) => !current(step) && !tasks.includes(step));
  const help = chart.value?.safety_net ?? [];
  return (
    <Page title={words.title}>
      {!plan.length && !list.length && <div class="card stack tight"><h2>{words.none}</h2><p>{t().today.noneText}</p></div>}
      <ul class="group">{running.map((step) => <li key={step.id}><Card step={step} /></li>)}</ul>
      {tasks.length > 0 && (
        <section class="group" aria-labelledby="checklist">
          <h2 id="checklist">{words.checklist}</h2>
          <ul class="group">
            {tasks.map((step) => (
              <li key={step.id}>
                <a class="link-row" href={`/plan/${step.id}`}><span>{title(step)}</span><span class="value">{step.status === 'done' ? <State status="done" /> : step.timing_text}</span></a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {help.length > 0 && (
        <section class="banner" aria-labelledby="help">
          <h2 id="help">{words.seekHelp}</h2>
          <ul>{help.map((one) => <li key={one.text}>{one.text}</li>)}</ul>
        </section>
      )}
      {earlier.length > 0 && (
        <details>
          <summary>{words.earlier} ({earlier.length})</summary>
          <ul class="group">
            {earlier.map((step) => (
              <li key={step.id}><a class="link-row" href={`/plan/${step.id}`}><span>{title(step)}</span><span class="value">{words.states[step.status]}</span></a></li>
            ))}
          </ul>
        </details>
      )}
    </Page>
  );
}

export function Progress({ step }: { step: Step }) {
  const words = t().plan;
  const { progress } = step;
  if (!progress) return null;
  const parts = [
    progress.planned ? words.progress(progress.done, progress.planned) : words.open(progress.done),
    progress.ends_at && words.until(shortDay(progress.ends_at)),
    progress.extended_by > 0 && words.extendedBy(progress.extended_by),
    step.paused_until && words.paused(shortDay(step.paused_until)),
  ];
  return <p class="muted">{parts.filter(Boolean).join(' · ')}</p>;
}

function Card({ step }: { step: Step }) {
  const own = reminders.value.filter((one) => one.step_id === step.id && one.status !== 'cancelled');
  return (
    <article class="card stack tight">
      <h2><a href={`/plan/${step.id}`}>{title(step)}</a></h2>
      <p>{step.timing_text}</p>
      <Progress step={step} />
      <Days reminders={own} />
    </article>
  );
}

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
      {step.timing_text && <p>{step.timing_text}</p>}
      <Progress step={step} />
      {step.words?.quote && (
        <section class="card stack tight" aria-labelledby="source">
          <h2 id="source">{words.source}</h2>
          <blockquote><mark>{step.words.quote}</mark></blockquote>
          {note && <p><a href={`/notes/${step.note_id}#${step.id}`}>{words.openNote}</a></p>}
        </section>
      )}
      {step.kind === 'plan' && current(step) && (
        <div class="row">
          <a class="button" href="/me/times">{words.changeTimes}</a>
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
