// D7: what has come from patients, by what it asks for. Computed by the service without reading a word.

import type { DashboardLine } from '../api/schema';
import { moment, shortDay, t } from '../i18n';
import { Page } from '../ui';
import { patients, reason } from './patients';
import { d } from './words';

type Group = 'problems' | 'joined' | 'silent' | 'unread' | 'over';

const groups: Record<Group, (one: DashboardLine) => boolean> = {
  problems: (one) => one.attention.some((name) => ['side_effect', 'paused', 'extraction_failed'].includes(name)),
  silent: (one) => one.attention.some((name) => ['lapsed', 'incomplete', 'not_started', 'unreachable'].includes(name)),
  joined: (one) => !one.last_note_at,
  unread: (one) => one.plan.state === 'running' && !!one.last_note_at && !one.last_note_read_at,
  over: (one) => one.plan.state === 'over' || one.attention.includes('ends_soon'),
};

export function Inbox() {
  const words = d().inbox;
  const there = (Object.keys(groups) as Group[]).map((name) => [name, patients.value.filter(groups[name])] as const).filter(([, found]) => found.length);
  return (
    <Page title={words.title} wide>
      {!there.length && <div class="card"><p>{words.none}</p></div>}
      {there.map(([name, found]) => (
        <section key={name} class="group" aria-labelledby={name}>
          <h2 id={name}>{words.groups[name]}</h2>
          <ul class="list">
            {found.map((one) => (
              <li key={one.patient.id}>
                <a class="link-row" href={`/patients/${one.patient.id}`}>
                  <span>{one.patient.name}</span>
                  <span class="value">{said(name, one)}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Page>
  );
}

function said(group: Group, one: DashboardLine): string {
  if (group === 'joined') return t().doctors.since(shortDay(one.since));
  if (group === 'unread') return one.last_note_at ? d().send.sent(moment(one.last_note_at)) : '';
  if (group === 'over') return one.plan.ends_at ? t().plan.until(shortDay(one.plan.ends_at)) : d().patients.planStates['over'] ?? '';
  return one.attention.map(reason).join(', ');
}
