// Somewhere else than at home: asked once for each place.

import { useState } from 'preact/hooks';
import { api } from '../device/api';
import { t, zone } from '../i18n';
import { Action, Summary, useWork } from '../ui';
import { now, refresh } from './chart';

export function Travel() {
  const words = t().travel;
  const there = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [asked, setAsked] = useState(localStorage.getItem('asked zone') === there);
  const { busy, errors, run } = useWork();
  const clock = (timeZone: string): string => new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(now.value);
  // Another name for the same time is no journey.
  if (asked || clock(there) === clock(zone.value)) return null;
  const place = there.split('/').at(-1)?.replaceAll('_', ' ') ?? there;
  const say = (travel?: 'keep' | 'move'): Promise<void> => run(async () => {
    if (travel) await api('patch', '/api/me/', { body: { time_zone: there, travel } });
    localStorage.setItem('asked zone', there);
    setAsked(true);
    await refresh();
  });
  return (
    <div class="banner calm">
      <p>{words.text(place, clock(there).split(', ').at(-1) ?? '')}</p>
      <Summary errors={errors} />
      <p class="row">
        <Action busy={busy} onPress={() => say('keep')}>{words.keep}</Action>
        <Action busy={busy} onPress={() => say('move')}>{words.move}</Action>
      </p>
    </div>
  );
}
