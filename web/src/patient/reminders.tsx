// P11: how somebody is reached.

import { useState } from 'preact/hooks';
import type { ChannelView, Tested } from '../api/schema';
import { api } from '../device/api';
import { t } from '../i18n';
import { Action, Field, Page, Sheet, Summary, useWork } from '../ui';
import { chart, refresh } from './chart';

export function Reminders() {
  const words = t().reminders;
  const channels = chart.value?.channels ?? [];
  const of = (kind: string): ChannelView | undefined => channels.find((one) => one.kind === kind);
  return (
    <Page title={words.title} back="/me">
      <p>{words.text}</p>
      <ul class="list">
        <li><Email channel={of('email')} /></li>
        <li><Calendar channel={of('calendar')} /></li>
      </ul>
    </Page>
  );
}

function Card({ title, channel, children }: { title: string; channel: ChannelView | undefined; children?: preact.ComponentChildren }) {
  const words = t().reminders;
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

function Email({ channel }: { channel: ChannelView | undefined }) {
  const words = t().reminders;
  const [code, setCode] = useState('');
  const { busy, errors, run } = useWork();
  return (
    <Card title={words.email} channel={channel}>
      <Summary errors={errors} />
      {!channel && <Action kind="main" busy={busy} onPress={() => run(async () => { await api('post', '/api/channels/', { body: { kind: 'email' } }); await refresh(); })}>{words.turnOn}</Action>}
      {channel?.state === 'pending' && (
        <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          void run(async () => { await api('post', '/api/channels/{id}/confirm/', { path: { id: channel.id }, body: { code: code.trim() } }); await refresh(); });
        }}>
          <Field name="code" label={words.code} inputMode="numeric" autocomplete="one-time-code" value={code} onValue={setCode} />
          <Action kind="main" busy={busy}>{words.confirm}</Action>
        </form>
      )}
    </Card>
  );
}

function Calendar({ channel }: { channel: ChannelView | undefined }) {
  const words = t().reminders;
  const [url, setUrl] = useState<string>();
  const { busy, errors, run } = useWork();
  return (
    <Card title={words.calendar} channel={channel}>
      <p>{words.calendarText}</p>
      <Summary errors={errors} />
      {!channel && <Action busy={busy} onPress={() => run(async () => { const { url } = await api('post', '/api/channels/', { body: { kind: 'calendar' } }); setUrl(url ?? undefined); await refresh(); })}>{words.turnOn}</Action>}
      {url && (
        <Sheet title={words.calendar} onClose={() => setUrl(undefined)}>
          <p>{words.calendarLink}</p>
          <p><a href={url.replace(/^http/, 'webcal')}>{url}</a></p>
        </Sheet>
      )}
    </Card>
  );
}
