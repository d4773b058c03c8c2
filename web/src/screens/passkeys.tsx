// Passkeys: signing in by a touch, a glance or the lock of one's own device.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { PasskeyView } from '../api/schema';
import { device, passkeys } from '../device';
import { api } from '../device/api';
import { moment, t } from '../i18n';
import { Action, Field, Page, say, Sheet, Summary, useWork } from '../ui';
import { Proof } from '../ui/proof';
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
      {doing && <Sure remove={doing.remove} onClose={() => setDoing(undefined)} onDone={() => run(fetch)} />}
    </Page>
  );
}

/** What changes how one signs in asks who is there. */
function Sure({ remove, onClose, onDone }: { remove: PasskeyView | undefined; onClose: () => void; onDone: () => unknown }) {
  const words = t().passkeys;
  const [name, setName] = useState(words.thisOne);
  const { busy, errors, run } = useWork();
  const sure = (password?: string): Promise<void> => run(async () => {
    await (remove ? device.removePasskey(remove.id, password) : device.addPasskey(name.trim() || words.thisOne, password));
    say(t().saved);
    onClose();
    await onDone();
  });
  return (
    <Sheet title={remove ? `${words.remove}: ${remove.name}` : words.add} onClose={onClose}>
      <Summary errors={errors} />
      {!remove && <Field name="name" label={words.name} value={name} onValue={setName} maxLength={60} />}
      <Proof name="sure" button={remove ? words.remove : words.add} busy={busy} onProof={sure} />
    </Sheet>
  );
}
