// Passkeys: signing in by a touch, a glance or the lock of one's own device.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { PasskeyView } from '../api/schema';
import { device, passkeys } from '../device';
import { api } from '../device/api';
import { moment, t } from '../i18n';
import { Action, Field, Page, say, Sheet, Summary, useWork } from '../ui';
import { parent } from './account';

export function Passkeys() {
  const words = t().passkeys;
  const [there, setThere] = useState<PasskeyView[]>([]);
  const [doing, setDoing] = useState<{ remove?: PasskeyView }>();
  const { errors, run } = useWork();
  const fetch = async (): Promise<void> => setThere((await api('get', '/api/mfa/')).passkeys);
  useEffect(() => void run(fetch), []);
  return (
    <Page title={words.title} back={parent(useLocation().path)}>
      <p>{words.text}</p>
      <Summary errors={errors} />
      <ul class="list">
        {there.map((one) => (
          <li key={one.id} class="card stack tight">
            <p><strong>{one.name}</strong></p>
            <p class="muted">{t().account.since(moment(one.created_at))}</p>
            {!one.opens_account && <p class="muted">{words.beside}</p>}
            <Action aria-label={`${words.remove}: ${one.name}`} onPress={() => setDoing({ remove: one })}>{words.remove}</Action>
          </li>
        ))}
      </ul>
      {passkeys() ? <Action kind="main" onPress={() => setDoing({})}>{words.add}</Action> : <p class="banner">{words.none}</p>}
      {doing && <Sure remove={doing.remove} by_passkey={there.some((one) => one.opens_account)} onClose={() => setDoing(undefined)} onDone={() => run(fetch)} />}
    </Page>
  );
}

/** What changes how one signs in asks who is there: by password, or by a passkey there is. */
function Sure({ remove, by_passkey, onClose, onDone }: { remove: PasskeyView | undefined; by_passkey: boolean; onClose: () => void; onDone: () => unknown }) {
  const words = t().passkeys;
  const [name, setName] = useState(words.thisOne);
  const [password, setPassword] = useState('');
  const { busy, errors, setErrors, run } = useWork();
  const title = remove ? `${words.remove}: ${remove.name}` : words.add;
  const sure = (proof?: string): void => {
    if (proof === '') return setErrors({ sure: t().errors.required });
    void run(async () => {
      await (remove ? device.removePasskey(remove.id, proof) : device.addPasskey(name.trim() || words.thisOne, proof));
      say(t().saved);
      onClose();
      await onDone();
    });
  };
  return (
    <Sheet title={title} onClose={onClose}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); sure(password); }}>
        <Summary errors={errors} />
        {!remove && <Field name="name" label={words.name} value={name} onValue={setName} maxLength={60} />}
        <Field name="sure" label={t().signUp.password} type="password" autocomplete="current-password" value={password} wrong={errors['sure']} onValue={setPassword} />
        <Action kind="main" busy={busy}>{busy ? t().signIn.busy : remove ? words.remove : words.add}</Action>
        {by_passkey && passkeys() && <Action busy={busy} onPress={() => sure()}>{words.use}</Action>}
      </form>
    </Sheet>
  );
}
