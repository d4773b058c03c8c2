// P11: how somebody is reached.

import { useEffect, useState } from 'preact/hooks';
import type { ChannelView, Tested } from '../api/schema';
import { device } from '../device';
import { api } from '../device/api';
import { subscription } from '../device/subscription';
import { t } from '../i18n';
import { Action, Choice, Field, Page, say, Sheet, Summary, useWork } from '../ui';
import { chart, refresh } from './chart';
import { Wishes } from './wishes';
import { r } from './reminders.words';

export function Reminders() {
  const words = r().reminders;
  const channels = chart.value?.channels ?? [];
  const of = (kind: string): ChannelView | undefined => channels.find((one) => one.kind === kind);
  return (
    <Page title={words.title} back="/me">
      <p>{words.text}</p>
      <ul class="list">
        <li><Phone channels={channels.filter((one) => one.kind === 'web_push')} /></li>
        <li><Email channel={of('email')} /></li>
        <li><Calendar channel={of('calendar')} /></li>
      </ul>
      <Wishes />
    </Page>
  );
}

function Card({ title, channel, children }: { title: string; channel: ChannelView | undefined; children?: preact.ComponentChildren }) {
  const words = r().reminders;
  const { busy, errors, run } = useWork();
  const [stages, setStages] = useState<Tested['stages']>();
  return (
    <section class="card stack" aria-label={title}>
      <div class="head">
        <h2>{title}</h2>
        {channel && <span class={channel.state === 'live' ? 'badge good' : 'badge look'}>{words.states[channel.state] ?? channel.state}</span>}
      </div>
      <Summary errors={errors} />
      {children}
      {stages && (
        <ul class="stack tight" role="status">
          {stages.map((one) => <li key={one.stage} class="state">{one.ok === false ? '✗' : one.ok ? '✓' : '…'} {words.stages[one.stage] ?? one.stage}: {one.detail}</li>)}
        </ul>
      )}
      {channel && (
        <div class="row">
          {channel.state === 'live' && channel.kind !== 'calendar' && (
            <Action busy={busy} onPress={() => run(async () => setStages((await api('post', '/api/channels/{id}/test/', { path: { id: channel.id } })).stages))}>{words.test}</Action>
          )}
          <Action busy={busy} onPress={() => run(async () => { await api('delete', '/api/channels/{id}/', { path: { id: channel.id } }); await refresh(); })}>{words.turnOff}</Action>
        </div>
      )}
    </section>
  );
}

/** What a browser shows by itself, and whether it came that far: four ticks. */
function Phone({ channels }: { channels: ChannelView[] }) {
  const words = r().reminders;
  const [ticks, setTicks] = useState<Partial<Record<Tick, boolean>>>({});
  const [here, setHere] = useState(localStorage.getItem('push channel'));
  const [names, setNames] = useState(false);
  const { busy, errors, setErrors, run } = useWork();
  const channel = channels.find((one) => one.id === here);
  const supported = 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
  const tick = (name: Tick, ok: boolean): void => setTicks((now) => ({ ...now, [name]: ok }));

  useEffect(() => {
    void device.showsNames().then(setNames);
    const told = ({ data }: MessageEvent<{ shown?: string }>): void => { if (data.shown === 'test') tick('shown', true); };
    navigator.serviceWorker?.addEventListener('message', told);
    return () => navigator.serviceWorker?.removeEventListener('message', told);
  }, []);

  const test = async (id: string): Promise<void> => {
    const { stages } = await api('post', '/api/channels/{id}/test/', { path: { id } });
    tick('sent', stages.some((one) => one.stage === 'handed' && one.ok === true));
  };
  const turn_on = (): Promise<void> => run(async () => {
    setTicks({});
    const allowed = (await Notification.requestPermission()) === 'granted';
    tick('permission', allowed);
    if (!allowed) return setErrors({ '': words.denied });
    const made = await subscription();
    tick('subscribed', true);
    const added = await api('post', '/api/channels/', { body: { kind: 'web_push', subscription: made } });
    localStorage.setItem('push channel', added.channel.id);
    setHere(added.channel.id);
    await test(added.channel.id);
    await refresh();
  });
  const turn_off = (id: string): Promise<void> => run(async () => {
    await (await (await navigator.serviceWorker.ready).pushManager.getSubscription())?.unsubscribe();
    await api('delete', '/api/channels/{id}/', { path: { id } });
    localStorage.removeItem('push channel');
    setHere(null);
    setTicks({});
    await refresh();
  });

  return (
    <section class="card stack" aria-label={words.phone}>
      <div class="head">
        <h2>{words.phone}</h2>
        {channel && <span class={channel.state === 'live' ? 'badge good' : 'badge look'}>{words.states[channel.state] ?? channel.state}</span>}
      </div>
      <Summary errors={errors} />
      {!supported && (/iPhone|iPad/.test(navigator.userAgent)
        ? <><p>{words.iphone}</p><ol class="steps">{words.iphoneSteps.map((one) => <li key={one}>{one}</li>)}</ol></>
        : <p>{words.unsupported}</p>)}
      {Object.keys(ticks).length > 0 && (
        <ul class="stack tight" role="status">
          {(['permission', 'subscribed', 'sent', 'shown'] as const).map((name) => (
            <li key={name} class="state">{ticks[name] === undefined ? '…' : ticks[name] ? '✓' : '✗'} {words.stages[name]}</li>
          ))}
        </ul>
      )}
      {supported && !channel && <Action kind="main" busy={busy} onPress={turn_on} aria-label={`${words.turnOn}: ${words.phone}`}>{words.turnOn}</Action>}
      {channel && (
        <>
          <Choice label={words.names} hint={words.namesHint} checked={names} onChange={(on) => { setNames(on); void device.showNames(on); }} />
          <div class="row">
            <Action busy={busy} onPress={() => run(async () => { setTicks({ permission: true, subscribed: true }); await test(channel.id); })}>{words.test}</Action>
            <Action busy={busy} onPress={() => turn_off(channel.id)}>{words.turnOff}</Action>
          </div>
        </>
      )}
    </section>
  );
}

type Tick = 'permission' | 'subscribed' | 'sent' | 'shown';

function Email({ channel }: { channel: ChannelView | undefined }) {
  const words = r().reminders;
  const [code, setCode] = useState('');
  const { busy, errors, run } = useWork();
  return (
    <Card title={words.email} channel={channel}>
      <Summary errors={errors} />
      {!channel && <Action kind="main" busy={busy} aria-label={`${words.turnOn}: ${words.email}`} onPress={() => run(async () => { await api('post', '/api/channels/', { body: { kind: 'email' } }); await refresh(); })}>{words.turnOn}</Action>}
      {channel?.state === 'unconfirmed' && (
        <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          void run(async () => { await api('post', '/api/channels/{id}/confirm/', { path: { id: channel.id }, body: { code: code.trim() } }); await refresh(); });
        }}>
          <Field name="code" label={words.code} hint={words.codeHint(chart.value?.me.email ?? '')} inputMode="numeric" autocomplete="one-time-code" value={code} onValue={setCode} />
          <Action kind="main" busy={busy}>{words.confirm}</Action>
        </form>
      )}
    </Card>
  );
}

function Calendar({ channel }: { channel: ChannelView | undefined }) {
  const words = r().reminders;
  const [url, setUrl] = useState<string>();
  const { busy, errors, run } = useWork();
  return (
    <Card title={words.calendar} channel={channel}>
      <p>{words.calendarText}</p>
      <Summary errors={errors} />
      {!channel && <Action busy={busy} aria-label={`${words.turnOn}: ${words.calendar}`} onPress={() => run(async () => { const { url } = await api('post', '/api/channels/', { body: { kind: 'calendar' } }); setUrl(url ?? undefined); await refresh(); })}>{words.turnOn}</Action>}
      {url && (
        <Sheet title={words.calendar} onClose={() => setUrl(undefined)}>
          <p>{words.calendarLink}</p>
          <p><a href={url.replace(/^http/, 'webcal')}>{url}</a></p>
          <Action onPress={() => navigator.clipboard.writeText(url).then(() => say(t().code.copied))}>{t().code.copy}</Action>
        </Sheet>
      )}
    </Card>
  );
}
