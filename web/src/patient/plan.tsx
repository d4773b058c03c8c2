// P4: the plan and the checklist.

import type { Step } from '../device/model';
import { moment, shortDay, t } from '../i18n';
import { Page } from '../ui';
import { chart, reminders, title, when } from './chart';
import { Days } from './days';
import { State } from './today';

export const current = (step: Step): boolean => step.status === 'active';

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
                <a class="link-row" href={`/plan/${step.id}`}><span>{title(step)}</span><span class="value">{step.status === 'done' ? <State status="done" /> : when(step)}</span></a>
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
  const { log, progress } = step;
  if (log) return <p class="muted">{words.logged(log.count, moment(log.latest[0] ?? 0))}</p>;
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
