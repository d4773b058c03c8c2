// Who uses this device, and their root key: sealed under the device's own key for as long as it stays unlocked.

import type { Account } from './model';
import * as store from './store';

export const account = (): Promise<Account | undefined> => store.get<Account>('account');

/** Keeps the root key, and what is remembered of others: that stays when the key is put away. */
export async function keep(key: Uint8Array, remembered: string): Promise<void> {
  await store.seal('root', [...key]);
  await store.seal('known', remembered);
}

/** What is remembered of others. */
export const known = (): Promise<string | undefined> => store.open<string>('known');

/** The root key, where it is kept. */
export async function reopen(): Promise<{ key: Uint8Array; remembered: string } | undefined> {
  const [root, remembered] = [await store.open<number[]>('root'), await known()];
  return root && remembered ? { key: new Uint8Array(root), remembered } : undefined;
}

/** Puts the root key away, and all that was opened with it. */
export async function put_away(): Promise<void> {
  await store.remove('root');
  await store.remove('chart');
  if (await store.get('names')) await store.seal('names', {});
}
