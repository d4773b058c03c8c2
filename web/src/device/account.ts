// Who uses this device, and their root key: sealed under the device's own key for as long as it stays unlocked.

import type { Account } from './model';
import * as store from './store';

interface Root {
  key: number[];
  remembered: string;
}

export const account = (): Promise<Account | undefined> => store.get<Account>('account');

/** Keeps the root key, and what is remembered of others. */
export async function keep(key: Uint8Array, remembered: string): Promise<void> {
  await store.seal('root', { key: [...key], remembered } satisfies Root);
}

/** The root key, where it is kept. */
export async function reopen(): Promise<{ key: Uint8Array; remembered: string } | undefined> {
  const root = await store.open<Root>('root');
  return root && { key: new Uint8Array(root.key), remembered: root.remembered };
}

/** Puts the root key away, and all that was opened with it. */
export async function put_away(): Promise<void> {
  await store.remove('root');
  await store.remove('chart');
  if (await store.get('names')) await store.seal('names', {});
}
