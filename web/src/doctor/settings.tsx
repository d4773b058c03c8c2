import { useLocation } from 'preact-iso';
import { device } from '../device';
import { t } from '../i18n';
import { LanguageChoice } from '../screens/welcome';
import { look, session } from '../state';
import { Action, Choice, Page } from '../ui';
import { single, useSingle } from './keyboard';
import { d } from './words';

export function Settings() {
  const { route } = useLocation();
  const now = session.value;
  return (
    <Page title={d().rail.settings}>
      {now?.state === 'open' && <p><strong>{now.account.name}</strong><br /><span class="muted">{now.account.email}</span></p>}
      <ul class="list">
        {[['profile', d().profile.title], ['notices', t().me.notices], ['password', t().account.password], ['passkeys', t().passkeys.title], ['devices', t().account.devices], ['data', t().account.data]].map(([to, name]) => (
          <li key={to}><a class="link-row" href={`/settings/${to}`}>{name}</a></li>
        ))}
      </ul>
      <LanguageChoice />
      <Choice label={d().keys.on} checked={single.value} onChange={useSingle} />
      <div class="row">
        <Action onPress={() => device.lock()}>{t().me.lock}</Action>
        <Action onPress={async () => { await device.signOut(); route('/', true); await look(); }}>{t().me.signOut}</Action>
      </div>
    </Page>
  );
}
