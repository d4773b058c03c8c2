// What was pushed, shown: that something is due, and what only where its owner wants names on this device, since nobody
// else knows them.

import * as store from './device/store';

declare const self: ServiceWorkerGlobalScope;

interface Taps {
  id: string;
  done: string;
  later: string;
}

interface Pushed {
  id: string;
  kind: string;
  /** Says that it was shown. */
  ack: string;
  notification: { title: string; body: string; tag: string; navigate: string; app_badge?: number };
  reminders: Taps[];
}

/** What a notification carries until it is touched. */
interface Carried {
  navigate: string;
  taps?: Taps;
}

/** An answer from a notification that is not sent yet. */
export interface Tap {
  tap: string;
  at: string;
}

const words = {
  en: { due: 'You have something due.', many: (n: number) => `You have ${n} things due.`, update: 'You have an update.', test: 'This is a test: messages arrive here.', done: 'Done', later: 'In 15 minutes' },
  de: { due: 'Es steht etwas an.', many: (n: number) => `Es stehen ${n} Dinge an.`, update: 'Es gibt etwas Neues.', test: 'Das ist ein Test: Nachrichten kommen hier an.', done: 'Erledigt', later: 'In 15 Minuten' },
};

async function shown(pushed: Pushed): Promise<void> {
  const { notification, reminders, kind } = pushed;
  const { tag } = notification;
  if (kind === 'clear') {
    for (const old of await self.registration.getNotifications({ tag })) old.close();
    return;
  }
  const language = (await store.get<string>('language')) === 'de' ? 'de' : 'en';
  const said = words[language];
  const names = await named(reminders);
  const bodies: Record<string, string> = { plan_changed: said.update, test: said.test };
  const body = names ?? bodies[kind] ?? (reminders.length > 1 ? said.many(reminders.length) : reminders.length ? said.due : notification.body);
  const only = reminders.length === 1 ? reminders[0] : undefined;
  const actions = only ? [{ action: 'done', title: said.done }, { action: 'later', title: said.later }] : [];
  const data: Carried = { navigate: notification.navigate, ...(only && { taps: only }) };
  const options = { body, tag, data, actions, renotify: true, icon: '/icon-192.png', badge: '/icon-192.png', lang: language };
  await self.registration.showNotification(notification.title, options as NotificationOptions);
  await post('/api/ack/', { ack: pushed.ack });
  for (const page of await self.clients.matchAll({ type: 'window' })) page.postMessage({ shown: kind });
}

/** What is due, by name, where that is wanted; else nothing. */
async function named(reminders: Taps[]): Promise<string | undefined> {
  const names = await store.open<Record<string, string>>('names');
  const known = reminders.map(({ id }) => names?.[id]);
  return known.length && known.every(Boolean) ? [...new Set(known)].join(', ') : undefined;
}

async function post(path: string, body: unknown): Promise<boolean> {
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return answer.status < 500;
  } catch {
    return false;
  }
}

async function touched(action: string, carried: Carried): Promise<void> {
  const token = action === 'done' ? carried.taps?.done : action === 'later' ? carried.taps?.later : undefined;
  if (token) {
    const tap: Tap = { tap: token, at: new Date().toISOString() };
    await store.change<Tap[]>('taps', (taps = []) => [...taps, tap]);
    await flush();
    return;
  }
  const { pathname, search } = new URL(carried.navigate);
  const pages = await self.clients.matchAll({ type: 'window' });
  const page = pages[0];
  if (!page) return void (await self.clients.openWindow(pathname + search));
  await page.focus();
  page.postMessage({ go: pathname });
}

/** Sends what was answered from notifications; without a network it waits for the next occasion. */
export async function flush(): Promise<void> {
  for (const tap of (await store.get<Tap[]>('taps')) ?? []) {
    if (!(await post('/api/tap/', tap))) {
      await (self.registration as unknown as { sync?: { register(tag: string): Promise<void> } }).sync?.register('taps').catch(() => undefined);
      return;
    }
    await store.change<Tap[]>('taps', (taps = []) => taps.filter((one) => one.tap !== tap.tap));
  }
}

/** Listens for what is pushed, and for touches. */
export function listen(): void {
  self.addEventListener('push', (event) => {
    if (event.data) event.waitUntil(shown(event.data.json() as Pushed));
  });
  self.addEventListener('notificationclick', (event) => {
    event.notification.close();
    event.waitUntil(touched(event.action, event.notification.data as Carried));
  });
  self.addEventListener('sync', ((event: ExtendableEvent) => event.waitUntil(flush())) as EventListener);
}
