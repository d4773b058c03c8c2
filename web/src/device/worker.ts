// The device: the keys, and all that is done with them, on a thread of its own. The page never sees a key or a token.
// It asks `{id, name, args}` and is answered `{id, value}` or `{id, failure}`; unasked it is told `{event}`, or asked for a
// passkey, `{ask, op, options}`, and answers `{answered, given}` or `{answered, failure}`.

import type { Export } from '../api/schema';
import type { Device, NewDevice } from './wasm/patient/aftercare_browser';
import { keep, known, put_away, reopen, account as kept } from './account';
import { Failure } from './failure';
import * as service from './service';
import * as store from './store';
import type { Account, Ceremony, Chart, NewAccount, OpenNote, Session, Timing } from './model';
import { chart, flush, names, queue, read, waiting, type Put } from './chart';

type Module = typeof import('./wasm/doctor/aftercare_browser');
/** Of a doctor, with what only doctors do; calls for them come from doctors' screens alone. */
type Keys = Device & import('./wasm/doctor/aftercare_browser').Device;

const modules = {
  async patient() {
    const url = (await import('./wasm/patient/aftercare_browser_bg.wasm?url')).default;
    const module = await import('./wasm/patient/aftercare_browser');
    await module.default({ module_or_path: url });
    return module as unknown as Module;
  },
  async doctor() {
    const url = (await import('./wasm/doctor/aftercare_browser_bg.wasm?url')).default;
    const module = await import('./wasm/doctor/aftercare_browser');
    await module.default({ module_or_path: url });
    return module;
  },
};

/** As a new device, while it waits. */
let waiting_as: NewDevice | undefined;
let loading: Partial<Record<Account['role'], Promise<Module>>> = {};
let device: Device | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;
let following: AbortController | undefined;

function load(role: Account['role']): Promise<Module> {
  loading[role] ??= modules[role]();
  return loading[role];
}

/** The keys, reopened where this device has kept them. */
async function opened(): Promise<Keys> {
  if (!device) {
    const account = await kept();
    const root = account && (await reopen());
    if (!account || !root) throw new Failure({ code: 'locked', detail: 'unlock first' });
    device = (await load(account.role)).Device.resume(service.send, root.key, root.remembered);
    pinned = device.pinned();
  }
  return device as Keys;
}

/** Keys are put away after a while without a touch, unless this device is its owner's alone. */
async function touched(): Promise<void> {
  const account = await kept();
  if (!account || account.own) return;
  clearTimeout(idle);
  const while_ = account.role === 'doctor' ? 30 * 60_000 : 15 * 60_000;
  idle = setTimeout(() => void lock(), while_);
  await store.put('account', { ...account, open_until: Date.now() + while_ } satisfies Account);
}

/** Wipes keys. While something is opened with them that has to come to its end first. */
function wipe(old: Device | undefined): void {
  try {
    old?.free();
  } catch {
    setTimeout(() => wipe(old), 100);
  }
}

/** Lets go of the keys and of what came with them. */
function release(): void {
  wipe(device);
  device = undefined;
  following?.abort();
  following = undefined;
  service.forget();
}

/** What one tab locks is locked in all. */
const tabs = new BroadcastChannel('device');
tabs.onmessage = () => {
  release();
  postMessage({ event: 'locked' });
};

async function lock(): Promise<void> {
  release();
  await put_away();
  tabs.postMessage('locked');
  postMessage({ event: 'locked' });
}

/** Whom this device knew when that was kept last. */
let pinned: string | undefined;

/** What is known of others is kept here. */
async function remember(own: Device): Promise<void> {
  await keep(own.rootKey(), own.remember());
  pinned = own.pinned();
}

/** Whoever was met just now is known from now on, here and on the account's other devices: keys that are not theirs are
 * noticed only by who knows those that are. */
async function settle(): Promise<void> {
  const own = device;
  if (!own || pinned === own.pinned()) return;
  // Other calls come to their end meanwhile: it is kept once.
  pinned = own.pinned();
  await remember(own);
  await own.keep().catch(() => undefined);
}

const nfc = (text: string): string => text.normalize('NFC');

/** Somebody has signed in: this device is theirs now. */
async function entered(fresh: Device, own: boolean): Promise<Account> {
  const before = await kept();
  const me = await service.request<{ id: string; role: Account['role']; name: string; email: string }>('GET', '/api/me/');
  const new_keys = await store.get<boolean>('new keys');
  if (before && before.id !== me.id) await store.clear();
  const account: Account = { id: me.id, role: me.role, name: me.name, email: me.email, own: own && me.role === 'patient', open_until: 0, ...(service.device_token && { device_token: service.device_token }) };
  await store.put('account', account);
  const before_this = before?.id === me.id ? await known() : undefined;
  if (before_this) fresh.know(before_this);
  await fresh.keep();
  await fresh.followKeyLog();
  if (new_keys) await fresh.restate();
  await store.remove('new keys');
  await remember(fresh);
  wipe(device);
  device = me.role === 'patient' ? fresh : undefined;
  // Doctors go on with what doctors do.
  if (me.role === 'doctor') wipe(fresh);
  await touched();
  return account;
}

async function signed_in(email: string, password: string, own: boolean, totp?: string): Promise<Account> {
  const before = await kept();
  const beside = JSON.stringify({
    ...(totp && { totp }),
    ...(before?.email === email && before.device_token && { device_token: before.device_token }),
  });
  const { Device } = await load('patient');
  return entered(await Device.signIn(service.send, nfc(email), nfc(password), beside), own);
}

async function signed_in_with_passkey(own: boolean): Promise<Account> {
  const { Device } = await load('patient');
  return entered(await Device.signInWithPasskey(service.send, ask), own);
}

/** Signs in once more: what takes or destroys everything asks for a sign-in of the last minutes. Without a password, by a passkey. */
async function again(password: string | undefined): Promise<void> {
  const account = await kept();
  if (!account) throw new Failure({ code: 'locked', detail: 'unlock first' });
  if (password) await signed_in(account.email, password, account.own);
  else await signed_in_with_passkey(account.own);
}

const asked = new Map<number, { resolve: (given: unknown) => void; reject: (said: string) => void }>();
let last_asked = 0;

/** Has the page ask the browser for a passkey: a worker cannot. */
function ask(op: Ceremony, options: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    asked.set(++last_asked, { resolve, reject });
    postMessage({ ask: last_asked, op, options });
  });
}

async function session(): Promise<Session> {
  const account = await kept();
  if (!account) return { state: 'out' };
  if (!account.own && Date.now() > account.open_until) await put_away();
  return (await reopen()) ? { state: 'open', account } : { state: 'locked', account };
}

const calls = {
  async speak(tag: string): Promise<void> {
    service.speak(tag);
    await store.put('language', tag);
  },
  session,
  touched,
  lock,
  /** Tells the page of what happens at the service, as it happens. */
  follow(): void {
    if (following) return;
    following = new AbortController();
    void service.follow((event) => postMessage({ event }), following.signal);
  },

  async signUp(who: NewAccount): Promise<string> {
    const named = { ...who, email: nfc(who.email), password: nfc(who.password), name: nfc(who.name) };
    return (await load('patient')).signUp(service.send, JSON.stringify(named));
  },
  signIn: signed_in,
  signInWithPasskey: signed_in_with_passkey,
  async recover(email: string, code: string, password: string): Promise<string> {
    return (await load('patient')).recover(service.send, nfc(email), code, nfc(password));
  },
  async reset(email: string, code: string, password: string): Promise<string> {
    const made = await (await load('patient')).reset(service.send, nfc(email), code, nfc(password));
    // With the next sign-in: doctors are chosen by a statement that the new keys have signed.
    await store.put('new keys', true);
    return made;
  },
  async signOut(): Promise<void> {
    try {
      await service.request('POST', '/api/logout/');
    } catch {
      // It ends by itself where nobody answers; here it ends now.
    }
    release();
    await store.clear();
    tabs.postMessage('locked');
  },
  /** Without the current one a passkey is shown in the place of it. */
  async changePassword(current: string | undefined, next: string): Promise<void> {
    await again(current);
    await (await opened()).changePassword(current && nfc(current), nfc(next));
  },
  /** Begins to wait as a new device; what it shows. */
  async waitAsNew(): Promise<string> {
    waiting_as = await (await load('patient')).NewDevice.begin(service.send);
    return waiting_as.code();
  },
  /** Whether a device of the same person has handed it the key: then it is in. */
  async handed(own: boolean): Promise<boolean> {
    const fresh = await waiting_as?.poll(service.send);
    if (!fresh) return false;
    waiting_as = undefined;
    await entered(fresh, own);
    return true;
  },
  async handTo(code: string, password?: string): Promise<void> {
    await again(password);
    await (await opened()).handTo(code);
  },
  async addPasskey(name: string, password?: string): Promise<void> {
    await again(password);
    await (await opened()).addPasskey(name, ask);
  },
  async removePasskey(id: string, password?: string): Promise<void> {
    await again(password);
    await service.request('DELETE', `/api/mfa/passkeys/${id}/`);
  },
  async erase(password?: string): Promise<void> {
    await again(password);
    await (await opened()).erase(password && nfc(password));
    release();
    await store.clear();
  },
  /** Everything of one's own, with the words opened here. */
  async exported(password?: string): Promise<unknown> {
    await again(password);
    const own = await opened();
    const all = await service.request<Export>('GET', '/api/me/export/');
    const charts = [];
    for (const chart of all.charts) {
      const { envelopes = [], ...rest } = chart;
      charts.push({ ...rest, words: JSON.parse(await own.open(JSON.stringify({ envelopes }))) as unknown, envelopes });
    }
    return { ...all, charts };
  },

  request: (method: string, path: string, body?: unknown): Promise<unknown> => service.request(method, path, body),

  async chart(): Promise<Chart> {
    const own = await opened();
    const made = await chart(own);
    // Locked meanwhile: nothing that was opened stays.
    if (device !== own) throw new Failure({ code: 'locked', detail: 'unlock first' });
    await store.seal('chart', made);
    if (await store.get('names')) await store.seal('names', names(made));
    return made;
  },
  /** Whether notifications on this device say what is due: its owner's wish, and nobody else's knowledge. */
  showsNames: async (): Promise<boolean> => (await store.get('names')) !== undefined,
  async showNames(on: boolean): Promise<void> {
    const last = await store.open<Chart>('chart');
    await (on ? store.seal('names', last ? names(last) : {}) : store.remove('names'));
  },
  lastChart: () => store.open<Chart>('chart'),
  answer: (answer: Put) => queue(answer),
  takeBack: (reminder: string) => queue({ reminder_id: reminder, taken_back: true }),
  waiting,
  readNote: read,
  async flush(at_once: boolean): Promise<number> {
    return flush(await opened(), at_once);
  },

  async choose(doctor: string, selected: boolean): Promise<unknown> {
    const own = await opened();
    return JSON.parse(await own.choose(doctor, selected)) as unknown;
  },
  async safetyCode(id: string): Promise<string> {
    return (await opened()).safetyCode(id);
  },
  async safetyPair(id: string): Promise<string> {
    return (await opened()).safetyPair(id);
  },
  async fromShelf(name: string): Promise<string | undefined> {
    return (await opened()).fromShelf(name);
  },
  async putOnShelf(name: string, text: string): Promise<void> {
    const own = await opened();
    await own.putOnShelf(name, text);
    await remember(own);
  },
  async trust(id: string): Promise<void> {
    await (await opened()).trust(id);
  },
  async grantAll(to: string, password?: string): Promise<number> {
    if (password) await again(password);
    return (await opened()).grantAll(to);
  },
  /** An answer of the service with the words of its envelopes: `{answer, words: {note_id: OpenNote}}`. */
  async read<T>(path: string): Promise<{ answer: T; words: Record<string, OpenNote> }> {
    const own = await opened();
    const answer = await service.request<T>('GET', path);
    return { answer, words: JSON.parse(await own.open(JSON.stringify(answer))) as Record<string, OpenNote> };
  },
  async reasons(answer: unknown): Promise<Record<string, string>> {
    return JSON.parse(await (await opened()).openReasons(JSON.stringify(answer))) as Record<string, string>;
  },

  // What doctors do.
  async readHere(note: string): Promise<OpenNote> {
    return JSON.parse((await opened()).readHere(note)) as OpenNote;
  },
  async readThere(patient: string, note: string, provider: string): Promise<OpenNote> {
    const own = await opened();
    own.agree(provider);
    return JSON.parse(await own.readThere(patient, note)) as OpenNote;
  },
  async submit(patient: string, words: OpenNote, mode: 'activate' | 'review'): Promise<unknown> {
    return JSON.parse(await (await opened()).submit(patient, JSON.stringify(words), mode)) as unknown;
  },
  async newId(): Promise<string> {
    return (await opened()).newId();
  },
  async timingText(timing: Timing, anchors: unknown, language: string): Promise<string> {
    return (await load('doctor')).timingText(JSON.stringify(timing), JSON.stringify(anchors), language);
  },
  async preview(timing: Timing, anchors: unknown, zone: string): Promise<{ upcoming: string[]; ends_at: string | null }> {
    const foretold = (await load('doctor')).preview(JSON.stringify(timing), JSON.stringify(anchors), zone);
    return JSON.parse(foretold) as { upcoming: string[]; ends_at: string | null };
  },
  keepDraft: (patient: string, text: string) =>
    text ? store.seal(`draft ${patient}`, text) : store.remove(`draft ${patient}`),
  draft: (patient: string) => store.open<string>(`draft ${patient}`),
};

export type Calls = typeof calls;

type Message = { id: number; name: keyof Calls; args: unknown[] } | { answered: number; given?: unknown; failure?: string };

addEventListener('message', (event: MessageEvent<Message>) => {
  if ('answered' in event.data) {
    const { answered, given, failure } = event.data;
    const asking = asked.get(answered);
    asked.delete(answered);
    if (failure === undefined) asking?.resolve(given);
    else asking?.reject(failure);
    return;
  }
  const { id, name, args } = event.data;
  const call = calls[name] as (...args: unknown[]) => unknown;
  Promise.resolve()
    .then(() => call(...args))
    .finally(settle)
    .then((value) => postMessage({ id, value }))
    .catch((thrown: unknown) => {
      const failure = Failure.of(thrown);
      if (failure.code === 'signed_out') void lock();
      postMessage({ id, failure: failure.said });
    });
});
