import { api } from './api';

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

/** This browser, as the service sends to it. It has to allow it first. */
export async function subscription(): Promise<{ endpoint: string; keys: { p256dh: string; auth: string } }> {
  const { key } = await api('get', '/api/push-key/');
  const { pushManager } = await navigator.serviceWorker.ready;
  const made = (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })).toJSON();
  const { endpoint, keys } = made as { endpoint: string; keys: { p256dh: string; auth: string } };
  return { endpoint, keys };
}
