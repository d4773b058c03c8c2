// Day by day: coloured squares, with a word for who does not see colours, and a table for who wants one.

import { date, day, shortDay, t, weekday } from '../i18n';
import { today, type Reminder } from './chart';

export type DayState = 'done' | 'part' | 'missed' | 'skipped' | 'due' | 'upcoming' | 'none';

const marks: Record<DayState, string> = { done: '✓', part: '◐', missed: '–', skipped: '–', due: '•', upcoming: '', none: '' };

function of(day: Reminder[]): DayState {
  const all = (status: string): boolean => day.every((one) => one.status === status);
  const some = (status: string): boolean => day.some((one) => one.status === status);
  if (!day.length) return 'none';
  if (some('due')) return 'due';
  if (all('upcoming')) return 'upcoming';
  if (all('done')) return 'done';
  if (some('done')) return 'part';
  return some('skipped') && !some('missed') ? 'skipped' : some('upcoming') ? 'upcoming' : 'missed';
}

/** What happened or is to come on each day from the first to the last of these. */
function by_day(reminders: Reminder[]): [string, DayState][] {
  const first = reminders[0];
  const last = reminders.at(-1);
  if (!first || !last) return [];
  const days: [string, DayState][] = [];
  const end = date(last.due_at);
  for (let noon = Date.parse(`${date(first.due_at)}T12:00:00Z`); days.length < 400; noon += 86_400_000) {
    const name = new Date(noon).toISOString().slice(0, 10);
    days.push([name, of(reminders.filter((one) => date(one.due_at) === name))]);
    if (name >= end) break;
  }
  return days;
}

export function Days({ reminders, table }: { reminders: Reminder[]; table?: boolean }) {
  const days = by_day(reminders);
  const words = t().plan;
  const at = (name: string): string => `${name}T12:00:00Z`;
  if (!days.length) return null;
  return (
    <>
      <ul class="grid-days" aria-hidden={table ? 'true' : undefined}>
        {days.map(([name, state]) => (
          <li key={name} class={`cell ${state}${name === today.value ? ' today' : ''}`}>
            <span>
              {Number(name.slice(8))} <span aria-hidden="true">{marks[state]}</span>
              <span class="out-of-sight">{shortDay(at(name))}: {words.dayStates[state]}</span>
            </span>
          </li>
        ))}
      </ul>
      {table && (
        <details>
          <summary>{words.asTable}</summary>
          <table>
            <thead><tr><th scope="col">{words.date}</th><th scope="col">{words.days}</th></tr></thead>
            <tbody>{days.map(([name, state]) => <tr key={name}><th scope="row">{day(at(name))}</th><td>{words.dayStates[state]}</td></tr>)}</tbody>
          </table>
        </details>
      )}
    </>
  );
}

/** The last seven days of somebody, tiny. */
export function Week({ days }: { days: string[] }) {
  const words = t().plan.dayStates;
  const text = days.map((state, n) => `${weekday(Date.now() - (days.length - 1 - n) * 86_400_000)}: ${words[state] ?? state}`).join(', ');
  return (
    <span class="week" role="img" aria-label={text}>
      {days.map((state, n) => <span key={n} class={`cell ${state}`} />)}
    </span>
  );
}
