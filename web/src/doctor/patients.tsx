// D1: everybody, those who need a look first. The server computes it without reading a word.

import { signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import type { DashboardLine } from '../api/schema';
import { follow } from '../device';
import { api } from '../device/api';
import { moment, shortDay, t } from '../i18n';
import { Choice, Field, Page, PutOff, told } from '../ui';
import { Week } from '../patient/days';
import { useKeys } from './keyboard';
import { OwnLink } from './link';
import { d } from './words';

export const patients = signal<DashboardLine[]>([]);
const known = signal(false);
const failed = signal<unknown>();

export async function refresh(): Promise<void> {
  try {
    const all: DashboardLine[] = [];
    let cursor: string | undefined;
    do {
      const page = await api('get', '/api/doctor/patients/', { query: { limit: 200, cursor } });
      all.push(...page.items);
      cursor = page.next_cursor ?? undefined;
    } while (cursor && all.length < 2_000);
    patients.value = all;
    failed.value = undefined;
  } catch (thrown) {
    failed.value = thrown;
  }
  known.value = true;
}

export function start(): () => void {
  void refresh();
  const anyway = setInterval(() => document.visibilityState === 'visible' && void refresh(), 120_000);
  const unfollow = follow(() => void refresh());
  return () => {
    clearInterval(anyway);
    unfollow();
    patients.value = [];
    known.value = false;
  };
}

export const reason = (name: string): string => d().patients.reasons[name] ?? name;

type Order = 'look' | 'name' | 'ends' | 'note';

const by = (key: (one: DashboardLine) => string) => (one: DashboardLine, other: DashboardLine): number => key(one).localeCompare(key(other));
/** Those of one place stay as the service has them: who needs a look first, then by name. */
const orders: Record<Order, (one: DashboardLine, other: DashboardLine) => number> = {
  look: () => 0,
  name: by((one) => one.patient.name),
  ends: by((one) => one.plan.ends_at ?? '~'),
  note: (one, other) => by((line) => line.last_note_at ?? '')(other, one),
};

export function Patients() {
  const words = d().patients;
  const { route } = useLocation();
  const [query, setQuery] = useState('');
  const [look, setLook] = useState(false);
  const [order, setOrder] = useState<Order>('look');
  const table = useRef<HTMLTableElement>(null);
  const found = patients.value.filter((one) => one.patient.name.toLowerCase().includes(query.toLowerCase()) && (!look || one.attention.length > 0)).sort(orders[order]);

  const links = (): HTMLAnchorElement[] => [...(table.current?.querySelectorAll<HTMLAnchorElement>('a.open') ?? [])];
  const at = (): number => links().indexOf(document.activeElement as HTMLAnchorElement);
  const move = (by: number): void => links()[Math.max(0, Math.min(links().length - 1, at() + by))]?.focus();
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    n: () => {
      const one = found[Math.max(0, at())];
      if (one) route(`/patients/${one.patient.id}/write`);
    },
  });

  return (
    <Page title={words.title} wide>
      <PutOff />
      {failed.value !== undefined && <p class="banner" role="status">{told(failed.value)}</p>}
      {known.value && !patients.value.length && <><div class="card stack tight"><h2>{words.none}</h2><p>{words.noneText}</p></div><OwnLink /></>}
      {patients.value.length > 0 && (
        <>
          <Field name="q" label={words.search} type="search" value={query} onValue={setQuery} autocomplete="off" />
          <div class="row">
            <Choice label={words.onlyLook} checked={look} onChange={setLook} />
            <div class="field">
              <label for="order">{words.order}</label>
              <select id="order" value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
                {(Object.keys(orders) as Order[]).map((name) => <option key={name} value={name}>{words.orders[name]}</option>)}
              </select>
            </div>
          </div>
          <div class="scroll card" tabIndex={0} role="region" aria-label={words.title}>
            <table ref={table}>
              <thead>
                <tr><th scope="col">{words.name}</th><th scope="col">{words.look}</th><th scope="col">{words.plan}</th><th scope="col">{words.week}</th><th scope="col">{words.rate}</th></tr>
              </thead>
              <tbody>
                {found.map((one) => (
                  <tr key={one.patient.id}>
                    <th scope="row"><a class="open hit" href={`/patients/${one.patient.id}`}>{one.patient.name}</a></th>
                    <td>{one.attention.map((name) => <span key={name} class="badge look">{reason(name)}</span>)}</td>
                    <td>{words.planStates[one.plan.state] ?? one.plan.state}{one.plan.ends_at && Date.parse(one.plan.ends_at) > Date.now() && ` ${t().plan.until(shortDay(one.plan.ends_at))}`}</td>
                    <td><Week days={one.adherence.last_7_days} /></td>
                    <td>{one.adherence.rate === null || one.adherence.rate === undefined ? '–' : `${Math.round(one.adherence.rate * 100)} %`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Page>
  );
}

/** What is known of a patient; undefined where they are none of this doctor's. */
export function line(id: string): DashboardLine | undefined {
  return patients.value.find((one) => one.patient.id === id);
}

export const last = (one: DashboardLine): string => (one.last_note_at ? moment(one.last_note_at) : '–');
