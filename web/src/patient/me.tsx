// A6: settings, each with how it stands.

import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device } from '../device';
import { t } from '../i18n';
import { LanguageChoice } from '../screens/welcome';
import { look } from '../state';
import { Action, Page, Sheet } from '../ui';
import { chart } from './chart';

export function Me() {
  const words = t().me;
  const { route } = useLocation();
  const [leaving, setLeaving] = useState(false);
  const live = chart.value?.channels.filter((one) => one.state === 'live').length ?? 0;
  const anchors = chart.value?.me.anchors as Record<string, string> | undefined;
  const rows: [string, string, string][] = [
    ['/me/reminders', words.reminders, live ? words.remindersOn(live) : words.remindersOff],
    ['/me/doctors', words.doctors, chart.value?.doctors.map((one) => one.name).join(', ') ?? ''],
    ['/me/notices', t().me.notices, ''],
    ['/me/times', words.times, anchors ? `${anchors['wake']} … ${anchors['bedtime']}` : ''],
    ['/me/paper', words.paper, ''],
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
