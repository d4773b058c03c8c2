// What belongs to an account, for both: password, devices, taking everything along, going.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { SessionView } from '../api/schema';
import { device } from '../device';
import { api } from '../device/api';
import { moment, t } from '../i18n';
import { look } from '../state';
import { Action, Field, Page, say, Summary, useWork } from '../ui';
import { Proof } from '../ui/proof';
import { save } from '../ui/save';

/** Where one came from. */
export const parent = (path: string): string => path.replace(/\/[^/]*$/, '');

export function Password() {
  const words = t().account;
  const { route, path } = useLocation();
  const back = parent(path);
  const [next, setNext] = useState('');
  const { busy, errors, setErrors, run } = useWork();
  const change = (current?: string): void => {
    if ([...next].length < 8) return setErrors({ next: t().errors.short });
    void run(async () => {
      await device.changePassword(current, next);
      say(t().saved);
      route(back);
    });
  };
  return (
    <Page title={words.password} back={back}>
      <Summary errors={errors} />
      <Field name="next" label={t().recover.password} hint={t().signUp.passwordHint} type="password" autocomplete="new-password" value={next} onValue={setNext} wrong={errors['next']} />
      <Proof name="current" label={words.current} button={t().save} busy={busy} onProof={change} />
    </Page>
  );
}

/** What a browser says of itself, in two words. */
function called(agent: string): string {
  const find = (names: Record<string, RegExp>): string | undefined => Object.entries(names).find(([, known]) => known.test(agent))?.[0];
  const browser = find({ Firefox: /Firefox/, Edge: /Edg/, Chrome: /Chrom/, Safari: /Safari/ });
  const system = find({ iPhone: /iPhone/, iPad: /iPad/, Android: /Android/, Windows: /Windows/, Mac: /Mac OS/, Linux: /Linux/ });
  return browser ? [browser, system].filter(Boolean).join(', ') : agent;
}

export function Devices() {
  const words = t().account;
  const back = parent(useLocation().path);
  const [devices, setDevices] = useState<SessionView[]>([]);
  const { busy, errors, run } = useWork();
  const fetch = async (): Promise<void> => setDevices((await api('get', '/api/sessions/', { query: { limit: 200 } })).items);
  useEffect(() => void run(fetch), []);
  return (
    <Page title={words.devices} back={back}>
      <Summary errors={errors} />
      <ul class="list">
        {devices.map((one) => (
          <li key={one.id} class="card stack tight">
            <p><strong>{called(one.device)}</strong></p>
            <p class="muted">{words.since(moment(one.created_at))}</p>
            {one.current ? <p><span class="badge good">{words.thisOne}</span></p> : (
              <Action busy={busy} aria-label={`${t().me.signOut}: ${called(one.device)}`} onPress={() => run(async () => {
                await api('delete', '/api/sessions/{id}/', { path: { id: one.id } });
                await fetch();
              })}>{t().me.signOut}</Action>
            )}
          </li>
        ))}
      </ul>
    </Page>
  );
}

export function MyData() {
  const words = t().account;
  const { route, path } = useLocation();
  const exported = useWork();
  const erased = useWork();
  const take = (password?: string): Promise<void> => exported.run(async () => {
    save('aftercare.json', JSON.stringify(await device.exported(password), null, 2), 'application/json');
  });
  const erase = (password?: string): Promise<void> => erased.run(async () => {
    await device.erase(password);
    route('/', true);
    await look();
  });
  return (
    <Page title={words.data} back={parent(path)}>
      <section class="card stack" aria-labelledby="take">
        <h2 id="take">{t().me.export}</h2>
        <p>{words.exportText}</p>
        <Summary errors={exported.errors} />
        <Proof name="taking" button={t().me.export} busy={exported.busy} onProof={take} />
      </section>
      <section class="card stack" aria-labelledby="go">
        <h2 id="go">{t().me.erase}</h2>
        <p>{words.eraseText}</p>
        <Summary errors={erased.errors} />
        <Proof name="erasing" button={t().me.erase} busy={erased.busy} onProof={erase} />
      </section>
    </Page>
  );
}
