// A7: what happened to one's account and notes, newest first: all that was ever pushed, and who looked.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { EventView } from '../api/schema';
import { api } from '../device/api';
import { moment, t } from '../i18n';
import { Action, Page, Summary, useWork } from '../ui';
import { parent } from './account';

export function Notices() {
  const words = t().notices;
  const { path } = useLocation();
  const [items, setItems] = useState<EventView[]>([]);
  const [cursor, setCursor] = useState<string | null>();
  const { busy, errors, run } = useWork();
  const more = (): Promise<void> => run(async () => {
    const page = await api('get', '/api/audit/', { query: { limit: 50, cursor: cursor ?? undefined } });
    setItems([...items, ...page.items]);
    setCursor(page.next_cursor ?? null);
  });
  useEffect(() => void more(), []);
  return (
    <Page title={words.title} back={parent(path)}>
      <Summary errors={errors} />
      <ul class="list">
        {items.map((one) => (
          <li key={one.seq} class="card stack tight">
            <p>
              {one.action === 'note_written' && one.object_id && path.startsWith('/me')
                ? <a class="hit" href={`/notes/${one.object_id}`}>{words.what[one.action]}</a>
                : words.what[one.action] ?? one.action}
            </p>
            <p class="muted">{[one.actor_name, moment(one.at)].filter(Boolean).join(', ')}</p>
          </li>
        ))}
      </ul>
      {cursor && <Action busy={busy} onPress={more}>{t().more}</Action>}
    </Page>
  );
}
