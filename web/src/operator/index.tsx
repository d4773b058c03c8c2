// For who runs the service: who waits, how it stands, whether mail and model work. Opened by a link of its machine; no
// name of a patient and no word of a note is here.

import { useEffect, useState } from 'preact/hooks';
import type { Overview, Tried } from '../api/schema';
import { Failure, type Said } from '../device/failure';
import { subscription } from '../device/subscription';
import { moment, t } from '../i18n';
import { LanguageChoice } from '../screens/welcome';
import { Action, Field, Page, say, Summary, useWork } from '../ui';
import { o } from './words';

/** Asks by the cookie of the operator's session, which no script reads. */
async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = { 'X-Aftercare-Cookie': '1', 'Content-Type': 'application/json' };
  const answer = await fetch(`/api/operator/${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body), cache: 'no-store' });
  const text = await answer.text();
  if (!answer.ok) throw new Failure(JSON.parse(text) as Said);
  return (text ? JSON.parse(text) : undefined) as T;
}

export default function Operator() {
  const [known, setKnown] = useState<Overview | 'closed'>();
  const { errors, run } = useWork();
  const refresh = async (): Promise<void> => {
    try {
      setKnown(await ask<Overview>('GET', ''));
    } catch (thrown) {
      if (Failure.of(thrown).code !== 'operator_only') throw thrown;
      setKnown('closed');
    }
  };
  useEffect(() => void run(async () => {
    const token = location.hash.slice(1);
    if (token) {
      // It is good once: it does not stay in the address.
      history.replaceState(null, '', '/setup');
      await ask('POST', 'session/', { token }).catch(() => undefined);
    }
    await refresh();
  }), []);
  const leave = (): Promise<void> => run(async () => {
    await ask('DELETE', 'session/');
    await refresh();
  });

  if (known === 'closed') {
    return (
      <Page title={o().closed}>
        <p>{o().closedText}</p>
        <p class="card"><code>aftercare operator link</code></p>
        <LanguageChoice />
      </Page>
    );
  }
  return (
    <Page title={o().title} aside={known && <Action onPress={leave}>{o().leave}</Action>}>
      <Summary errors={errors} />
      {known ? <Shown known={known} onChange={() => run(refresh)} /> : <p class="muted">{t().loading}</p>}
      <p class="muted small">{o().ways}</p>
      <LanguageChoice />
    </Page>
  );
}

function Shown({ known, onChange }: { known: Overview; onChange: () => unknown }) {
  const words = o();
  const { rows } = words;
  const approving = useWork();
  const [to, setTo] = useState('');
  const [url, setUrl] = useState('');
  const lines: [string, string][] = [
    [rows.version, known.version],
    [rows.database, `${known.database}, ${known.schema}`],
    [rows.profile, known.profile],
    [rows.worker, known.worker ? moment(known.worker) : words.never],
    [rows.oldest_due, words.seconds(known.oldest_due_seconds)],
    [rows.oldest_message, words.seconds(known.oldest_message_seconds)],
    [rows.mail, known.mail ? words.mailSent : words.mailKept],
    [rows.reader, `${known.reader} (${known.meaning})`],
  ];
  const alive = known.worker && Date.now() - Date.parse(known.worker) < 180_000;
  const trouble = !alive ? words.silent : known.oldest_due_seconds > 60 ? words.late(known.oldest_due_seconds) : undefined;
  return (
    <>
      <section class="card stack" aria-labelledby="health">
        <h2 id="health">{words.health}</h2>
        <p class={trouble ? 'banner' : 'state'} role="status">{trouble ?? `✓ ${words.good}`}</p>
        <ul class="list">{lines.map(([name, value]) => <li key={name} class="link-row"><span>{name}</span><span class="value">{value}</span></li>)}</ul>
      </section>
      <section class="card stack" aria-labelledby="doctors">
        <h2 id="doctors">{words.doctors}</h2>
        <Summary errors={approving.errors} />
        <p>{!known.approves_doctors ? words.noApproval : known.waiting.length ? words.sure : words.noDoctors}</p>
        <ul class="list">
          {known.waiting.map((one) => (
            <li key={one.id} class="row">
              <span class="grow"><strong>{one.name}</strong>{one.specialty && `, ${one.specialty}`}<br /><span class="muted">{t().account.since(moment(one.since))}</span></span>
              <Action busy={approving.busy} aria-label={`${words.approve}: ${one.name}`} onPress={() => approving.run(async () => {
                await ask('POST', `doctors/${one.id}/approve/`);
                say(words.approved(one.name));
                await onChange();
              })}>{words.approve}</Action>
            </li>
          ))}
        </ul>
      </section>
      <Try title={words.mail} button={words.send} work={() => ask('POST', 'channel-test/', { kind: 'email', address: to.trim() })}>
        <Field name="address" label={words.to} type="email" inputMode="email" autocomplete="email" value={to} onValue={setTo} />
      </Try>
      <Try title={words.push} button={words.pushTry} work={push}>
        <p>{words.pushText}</p>
      </Try>
      <Try title={words.hook} button={words.hookTry} work={() => ask('POST', 'channel-test/', { kind: 'webhook', url: url.trim() })}>
        <Field name="url" label={words.hookTo} value={url} onValue={setUrl} />
      </Try>
      <Try title={words.model} button={words.try} work={() => ask('POST', 'model-test/')}>
        <p>{known.reader}</p>
      </Try>
    </>
  );
}

/** Has this browser shown something: it is asked whether it may. */
async function push(): Promise<Tried> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Failure({ code: 'denied', detail: o().denied });
  return ask('POST', 'channel-test/', { kind: 'web_push', subscription: await subscription() });
}

/** Something that either works or does not, and says why. */
function Try({ title, button, work, children }: { title: string; button: string; work: () => Promise<Tried>; children: preact.ComponentChildren }) {
  const [tried, setTried] = useState<Tried>();
  const { busy, errors, run } = useWork();
  return (
    <form class="card stack" noValidate aria-label={title} onSubmit={(event) => {
      event.preventDefault();
      setTried(undefined);
      void run(async () => setTried(await work()));
    }}>
      <h2>{title}</h2>
      <Summary errors={errors} />
      {children}
      <Action busy={busy}>{button}</Action>
      <p role="status">{tried && `${tried.ok ? '✓' : '✗'} ${tried.detail}`}</p>
    </form>
  );
}
