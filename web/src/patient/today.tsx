// P1: what is to be done now, and one tap to say that it was.

import { useMemo, useState } from 'preact/hooks';
import { date, day, hour, moment, shortDay, t, time } from '../i18n';
import { Action, Icon, Page, PutOff } from '../ui';
import { KeyChanged } from '../ui/key-changed';
import { Changed } from './changes';
import { answers } from './answers';
import { answer, chart, complete, failed, now, put_off, refresh, reminders, steps, title, today, when, type Reminder } from './chart';
import { doctor } from './notes';
import { Travel } from './travel';
import { CheckIn } from './check-in';
import { gestures } from './gestures';

type Part = keyof ReturnType<typeof t>['today']['parts'];

function part(instant: string): Part {
  const at = hour(instant);
  return at < 4 ? 'night' : at < 11 ? 'morning' : at < 15 ? 'noon' : at < 21 ? 'evening' : 'night';
}

export function Today() {
  const words = t().today;
  const [sheet, setSheet] = useState<Reminder>();
  const all = reminders.value;
  const of_today = all.filter((one) => date(one.due_at) === today.value && one.status !== 'cancelled');
  const due = all.filter((one) => one.status === 'due');
  const over = of_today.filter((one) => ['done', 'skipped', 'missed'].includes(one.status));
  const later = of_today.filter((one) => one.status === 'upcoming');
  // A task that is due at a time stands there as a reminder already.
  const timed = new Set(of_today.map((one) => one.step_id));
  const tasks = (chart.value?.checklist ?? []).filter((step) => (step.status === 'active' || step.status === 'done') && !timed.has(step.id));
  const open = tasks.filter((step) => step.status === 'active');
  const needed = (chart.value?.plan ?? []).filter((step) => step.log && step.status === 'active');
  const next = all.find((one) => one.status === 'upcoming');
  const nothing = !all.length && !tasks.length;
  const parts: Part[] = ['morning', 'noon', 'evening', 'night'];

  return (
    <Page title={words.title} aside={<p class="muted">{day(now.value)}</p>}>
      <KeyChanged failure={failed.value} name={doctor(failed.value?.said.user_id ?? '')} onTrusted={() => refresh()} />
      <PutOff />
      <Standing />
      <Altered />
      <Travel />
      <Changed />
      <Extended />
      <Unreminded />
      {nothing && (
        <div class="card stack">
          <h2>{words.none}</h2>
          <p>{words.noneText}</p>
          {!chart.value?.doctors.length && <a class="button main" href="/me/doctors/choose">{words.choose}</a>}
        </div>
      )}
      {of_today.length > 0 && <p class="muted" role="status">{words.done(over.filter((one) => one.status === 'done').length, of_today.length)}</p>}
      {due.length > 0 && (
        <section class="group" aria-labelledby="now">
          <h2 id="now">{words.now}</h2>
          <ul class="group">{due.map((one) => <Dose key={one.id} reminder={one} onMore={setSheet} />)}</ul>
        </section>
      )}
      {!nothing && !due.length && !later.length && (
        <div class="card stack tight">
          <h2>{words.all}</h2>
          {next && <p>{words.next(title(steps.value.get(next.step_id)), `${day(next.due_at)}, ${time(next.due_at)}`)}</p>}
        </div>
      )}
      {parts.map((name) => {
        const these = later.filter((one) => part(one.due_at) === name);
        return these.length > 0 && (
          <section key={name} class="group" aria-labelledby={name}>
            <h2 id={name}>{words.parts[name]}</h2>
            <ul class="group">{these.map((one) => <Dose key={one.id} reminder={one} onMore={setSheet} />)}</ul>
          </section>
        );
      })}
      {needed.length > 0 && (
        <section class="group" aria-labelledby="needed">
          <h2 id="needed">{t().plan.asNeeded}</h2>
          <ul class="group">{needed.map((step) => <li key={step.id}><a class="link-row" href={`/plan/${step.id}`}>{title(step)}</a></li>)}</ul>
        </section>
      )}
      {open.length > 0 && (
        <section class="group" aria-labelledby="todo">
          <h2 id="todo">{words.todo}</h2>
          <ul class="group">
            {open.map((step) => (
              <li key={step.id} class="dose">
                <div>
                  <a class="what" href={`/plan/${step.id}`}>{title(step)}</a>
                  {when(step) && <p class="muted">{when(step)}</p>}
                </div>
                <button type="button" class="tick" aria-label={words.markDone(title(step))} onClick={() => void complete(step, 'done')}><Icon name="tick" /></button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {(over.length > 0 || tasks.length > open.length) && (
        <section class="group" aria-labelledby="over">
          <h2 id="over">{words.over}</h2>
          <ul class="group">
            {over.map((one) => <Dose key={one.id} reminder={one} onMore={setSheet} />)}
            {tasks.filter((step) => step.status === 'done').map((step) => (
              <li key={step.id} class="dose"><div class="what">{title(step)}</div><State status="done" /></li>
            ))}
          </ul>
        </section>
      )}
      {sheet && <CheckIn reminder={sheet} onClose={() => setSheet(undefined)} />}
    </Page>
  );
}

/** Whether what is shown is how it stands. */
function Standing() {
  const words = t().today;
  const unsent = answers.value.filter((one) => one.not_before < now.value).length;
  if (!failed.value && !unsent) return null;
  return (
    <div class="banner calm" role="status">
      {failed.value?.code === 'offline' && chart.value && <p>{words.asOf(`${shortDay(chart.value.at)}, ${time(chart.value.at)}`)}</p>}
      {failed.value && !['offline', 'key_changed'].includes(failed.value.code) && <p>{t().errors.other(failed.value.message)}</p>}
      {unsent > 0 && <p>{words.waiting(unsent)}</p>}
    </div>
  );
}

/** What nobody but the service can have done: its times are not those that the doctor has signed. */
function Altered() {
  const altered = (chart.value?.plan ?? []).filter((step) => step.altered && step.status === 'active');
  if (!altered.length) return null;
  return <div class="banner" role="alert">{altered.map((step) => <p key={step.id}>{t().today.altered(title(step))}</p>)}</div>;
}

/** P3: one sentence a day on what was missed and until when it goes on. */
function Extended() {
  const key = `extended ${today.value}`;
  const [read, setRead] = useState(localStorage.getItem('extended') === key);
  const longer = (chart.value?.plan ?? []).filter((step) => step.status === 'active' && (step.progress?.extended_by ?? 0) > 0);
  if (read || !longer.length) return null;
  return (
    <div class="banner">
      {longer.map((step) => <p key={step.id}>{t().today.extended(title(step), step.progress?.ends_at ? day(step.progress.ends_at) : '')}</p>)}
      <p><Action onPress={() => { localStorage.setItem('extended', key); setRead(true); }}>{t().ok}</Action></p>
    </div>
  );
}

/** Nobody is reminded who has not said how. */
function Unreminded() {
  const words = t().today;
  const [not, setNot] = useState(localStorage.getItem('no reminders') === 'chosen');
  const running = chart.value?.plan.some((step) => step.status === 'active' && step.progress);
  if (not || !running || chart.value?.channels.some((one) => one.kind !== 'calendar')) return null;
  return (
    <div class="banner calm">
      <p>{words.unreminded}</p>
      <p class="row">
        <a class="button main" href="/me/reminders">{words.remind}</a>
        <Action onPress={() => { localStorage.setItem('no reminders', 'chosen'); setNot(true); }}>{words.notNow}</Action>
      </p>
    </div>
  );
}

/** How something stands; an answer of another day than it was due says which. */
export function State({ status, at, due }: { status: string; at?: string | null | undefined; due?: string }) {
  const words = t().today;
  if (status === 'done') return <span class="state"><span aria-hidden="true">✓</span>{at ? words.taken(due && date(due) !== date(at) ? moment(at) : time(at)) : words.doneGroup}</span>;
  return <span class="state muted"><span aria-hidden="true">–</span>{status === 'skipped' ? words.skipped : words.missed}</span>;
}

/** Where it is: done by one tap, a push aside, or with more to say. */
function Dose({ reminder, onMore }: { reminder: Reminder; onMore: (reminder: Reminder) => void }) {
  const words = t().today;
  const step = steps.value.get(reminder.step_id);
  const what = title(step);
  const is_due = reminder.status === 'due';
  const earlier = date(reminder.due_at) !== today.value;
  const until = put_off.value[reminder.id] ?? '';
  const done = (): void => void answer(reminder, { status: 'done', at: new Date().toISOString() });
  const more = (): void => onMore(reminder);
  const pushed = useMemo(() => (is_due ? gestures(done, more) : {}), [reminder.id, is_due]);
  return (
    <li class={is_due ? 'dose due' : 'dose'} {...pushed}>
      <div>
        <a class="what" href={`/plan/${reminder.step_id}`}>{what}</a>
        <p class="muted">
          {earlier ? `${day(reminder.due_at)}, ` : ''}{time(reminder.due_at)}{is_due && step?.paused_until ? ` · ${t().plan.paused(shortDay(step.paused_until))}` : ''}{is_due && until > new Date(now.value).toISOString() ? ` · ${words.later}: ${time(until)}` : ''}
        </p>
      </div>
      {is_due ? (
        <button type="button" class="tick" aria-label={words.markDone(what)} onClick={done}>
          <Icon name="tick" />
        </button>
      ) : reminder.status === 'upcoming' ? <span /> : <State status={reminder.status} at={reminder.answered_at} due={reminder.due_at} />}
      {is_due && (
        <div class="again row">
          <Action onPress={more} aria-label={`${t().more}: ${what}`}>{t().more}</Action>
          <a class="button plain" href={`/plan/${reminder.step_id}`} aria-label={`${words.why} ${what}`}>{words.why}</a>
        </div>
      )}
    </li>
  );
}
