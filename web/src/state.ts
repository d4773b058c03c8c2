// Who is here.

import { signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { device, on } from './device';
import type { Session } from './device/model';

/** Undefined until this device has told. */
export const session = signal<Session | undefined>();

export async function look(): Promise<void> {
  session.value = await device.session();
}

/** The recovery code where it was put off: sealed among what all devices of the account share, until it is saved. */
export const putOff = signal<string | undefined>();
export const SHELF = 'recovery code';

/** Before all else once there is a note to lose; whether it was put off is asked when somebody has come in. */
export function useCode(needed: boolean): void {
  const { path, route } = useLocation();
  useEffect(() => void device.fromShelf(SHELF).then((code) => (putOff.value = code || undefined), () => undefined), []);
  useEffect(() => {
    if (needed && putOff.value && path !== '/code') route('/code', true);
  }, [needed, putOff.value, path]);
}

/** Whose device this is. */
export const own = (): string => (session.value?.state === 'open' ? session.value.account.id : '');

// Where a link led somebody who was not in yet: they go on there.
if (/^\/((choose|compare)\/|link$)/.test(location.pathname)) sessionStorage.setItem('wanted', location.pathname + location.hash);

/** Where somebody goes who has come in. */
export function onward(): string {
  const wanted = sessionStorage.getItem('wanted') ?? '/';
  sessionStorage.removeItem('wanted');
  return wanted;
}

on((event) => {
  if (event === 'locked') void look();
});

// A touch now and then keeps the keys from being put away.
let touched = 0;
for (const event of ['pointerdown', 'keydown'] as const) {
  addEventListener(event, () => {
    if (session.value?.state !== 'open' || Date.now() - touched < 30_000) return;
    touched = Date.now();
    void device.touched();
  }, { passive: true });
}
