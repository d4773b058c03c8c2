// P9 and P10: choosing doctors and leaving them.

import { useLocation, useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { DoctorView } from '../api/schema';
import { device } from '../device';
import { api } from '../device/api';
import { day, t } from '../i18n';
import { Action, Field, Page, Sheet, Summary, useWork } from '../ui';
import { Compared, SafetyCode } from '../ui/safety';
import { chart, refresh } from './chart';

/** Everybody there is, or the one of a doctor's own link. */
export function ChooseDoctor() {
  const words = t().doctors;
  const { route } = useLocation();
  const linked = useRoute().params['id'];
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<DoctorView[]>();
  const [chosen, setChosen] = useState<DoctorView>();
  const { busy, errors, run } = useWork();
  const search = useWork();

  const mine = new Set(chart.value?.doctors.map((one) => one.id));
  useEffect(() => {
    const asked = setTimeout(() => void search.run(async () => {
      const { items } = await api('get', '/api/doctors/', { query: linked && !query ? { id: linked } : { limit: 50, q: query } });
      setFound(items);
      if (linked && !query && !mine.has(linked)) setChosen(items[0]);
    }), query ? 200 : 0);
    return () => clearTimeout(asked);
  }, [query, linked]);

  return (
    <Page title={words.title} back="/me/doctors">
      <Summary errors={search.errors} />
      <Field name="q" label={words.search} type="search" value={query} onValue={setQuery} autocomplete="off" />
      <ul class="list" aria-live="polite">
        {found?.map((one) => (
          <li key={one.id} class="card row">
            <span class="grow"><strong>{one.name}</strong>{one.specialty && <><br /><span class="muted">{one.specialty}</span></>}{one.bio && <><br />{one.bio}</>}</span>
            {mine.has(one.id)
              ? <span class="badge good">{words.chosen}</span>
              : <Action onPress={() => setChosen(one)} aria-label={`${words.choose}: ${one.name}`}>{words.choose}</Action>}
          </li>
        ))}
        {found?.length === 0 && <li class="muted">{query || linked ? words.none : words.nobody}</li>}
      </ul>
      {chosen && (
        <Sheet title={words.confirmTitle(chosen.name)} onClose={() => setChosen(undefined)}>
          <p>{words.confirmText}</p>
          <Summary errors={errors} />
          <Action kind="main" busy={busy} onPress={() => run(async () => {
            await device.choose(chosen.id, true);
            await refresh();
            route('/me/doctors');
          })}>{words.choose}</Action>
        </Sheet>
      )}
    </Page>
  );
}

export function Doctors() {
  const words = t().doctors;
  const [leaving, setLeaving] = useState<DoctorView>();
  const { busy, errors, run } = useWork();
  return (
    <Page title={words.mine} back="/me">
      <Summary errors={errors} />
      <ul class="list">
        {chart.value?.doctors.map((one) => (
          <li key={one.id} class="card stack tight">
            <h2>{one.name}</h2>
            <p class="muted">{[one.specialty, words.since(day(one.since))].filter(Boolean).join(', ')}</p>
            {one.phone && <p><a class="hit" href={`tel:${one.phone.replace(/[^+\d]/g, '')}`}>{words.call(one.phone)}</a></p>}
            <div class="row">
              <SafetyCode mine={chart.value?.me.id ?? ''} id={one.id} name={one.name} />
              <Action onPress={() => setLeaving(one)} aria-label={`${words.leave}: ${one.name}`}>{words.leave}</Action>
            </div>
          </li>
        ))}
      </ul>
      <a class="button main" href="/me/doctors/choose">{words.title}</a>
      {leaving && (
        <Sheet title={words.leave} onClose={() => setLeaving(undefined)}>
          <p>{words.leaveText(leaving.name)}</p>
          <Action kind="main" busy={busy} onPress={() => run(async () => {
            await device.choose(leaving.id, false);
            setLeaving(undefined);
            await refresh();
          })}>{words.leave}</Action>
        </Sheet>
      )}
    </Page>
  );
}

/** Another's code, held against what is known of one's doctors. */
export const Compare = () => <Compared nameOf={(id) => chart.value?.doctors.find((one) => one.id === id)?.name} />;
