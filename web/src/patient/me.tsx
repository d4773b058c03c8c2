// A6 and P12: settings, each with how it stands.

import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device } from '../device';
import { api } from '../device/api';
import { t, zone } from '../i18n';
import { LanguageChoice } from '../screens/welcome';
import { look } from '../state';
import { Action, Field, Page, say, Sheet, Summary, useWork } from '../ui';
import { chart, refresh } from './chart';

export function Me() {
  const words = t().me;
  const { route } = useLocation();
  const [leaving, setLeaving] = useState(false);
  const live = chart.value?.channels.filter((one) => one.state === 'live').length ?? 0;
  const anchors = chart.value?.me.anchors as Record<string, string> | undefined;
  const rows: [string, string, string][] = [
    ['/me/reminders', words.reminders, live ? words.remindersOn(live) : words.remindersOff],
    ['/me/doctors', words.doctors, chart.value?.doctors.map((one) => one.name).join(', ') ?? ''],
    ['/me/notices', t().notices.title, ''],
    ['/me/times', words.times, anchors ? `${anchors['breakfast']} … ${anchors['bedtime']}` : ''],
    ['/me/password', t().account.password, ''],
    ['/me/passkeys', t().passkeys.title, ''],
    ['/me/devices', t().account.devices, ''],
    ['/me/data', t().account.data, ''],
    ['/me/privacy', words.privacy, ''],
  ];
  return (
    <Page title={chart.value?.me.name ?? words.title}>
      <ul class="list">
        {rows.map(([to, name, value]) => <li key={to}><a class="link-row" href={to}><span>{name}</span><span class="value">{value}</span></a></li>)}
      </ul>
      <LanguageChoice />
      <div class="row">
        <Action onPress={() => device.lock()}>{words.lock}</Action>
        <Action onPress={() => setLeaving(true)}>{words.signOut}</Action>
      </div>
      {leaving && (
        <Sheet title={words.signOut} onClose={() => setLeaving(false)}>
          <p>{words.signOutText}</p>
          <Action kind="main" onPress={async () => { await device.signOut(); route('/', true); await look(); }}>{words.signOut}</Action>
        </Sheet>
      )}
    </Page>
  );
}

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
