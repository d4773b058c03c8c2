// P12: a patient's times of day; and how their notes stay private.

import { useState } from 'preact/hooks';
import { api } from '../device/api';
import { t, zone } from '../i18n';
import { Action, Field, Page, say, Summary, useWork } from '../ui';
import { chart, refresh } from './chart';

export function Times() {
  const words = t().times;
  const [anchors, setAnchors] = useState({ ...(chart.value?.me.anchors as Record<string, string>) });
  const [place, setPlace] = useState(zone.value);
  const { busy, errors, run } = useWork();
  return (
    <Page title={words.title} back="/me">
      <p>{words.text}</p>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void run(async () => {
          const moved = place !== zone.value;
          await api('patch', '/api/me/', { body: { anchors, ...(moved && { time_zone: place, travel: 'move' as const }) } });
          await refresh();
          say(t().saved);
        });
      }}>
        <Summary errors={errors} />
        {Object.entries(words.names).map(([name, label]) => (
          <Field key={name} name={name} label={label} type="time" value={anchors[name] ?? ''} onValue={(value) => setAnchors({ ...anchors, [name]: value })} />
        ))}
        <div class="field">
          <label for="zone">{words.zone}</label>
          <select id="zone" value={place} onChange={(event) => setPlace(event.currentTarget.value)}>
            {[...new Set([place, ...Intl.supportedValuesOf('timeZone')])].map((name) => <option key={name}>{name}</option>)}
          </select>
        </div>
        <Action kind="main" busy={busy}>{t().save}</Action>
      </form>
    </Page>
  );
}

export function Privacy() {
  const words = t().welcome;
  return (
    <Page title={words.privacy} back="/me">
      <ol class="stack">{words.privacyText.map((text) => <li key={text} class="card">{text}</li>)}</ol>
    </Page>
  );
}
