// What this device keeps: one IndexedDB store of names and values. What must not be read by who takes the disk is
// sealed under a key that the browser keeps and never hands out.

let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('aftercare', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('kept');
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opening;
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await database()).transaction('kept', mode);
  const asked = work(transaction.objectStore('kept'));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const get = <T>(name: string): Promise<T | undefined> => run('readonly', (store) => store.get(name));
export const put = (name: string, value: unknown): Promise<IDBValidKey> =>
  run('readwrite', (store) => store.put(value, name));
export const remove = (name: string): Promise<undefined> => run('readwrite', (store) => store.delete(name));
export const clear = (): Promise<undefined> => run('readwrite', (store) => store.clear());

/** Reads, changes and writes a value in one transaction: two tabs lose nothing of each other's. */
export async function change<T>(name: string, work: (value: T | undefined) => T): Promise<T> {
  const transaction = (await database()).transaction('kept', 'readwrite');
  const store = transaction.objectStore('kept');
  let changed: T;
  const asked: IDBRequest<T | undefined> = store.get(name);
  asked.onsuccess = () => {
    changed = work(asked.result);
    store.put(changed, name);
  };
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(changed);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** A value under this device's key. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  ct: ArrayBuffer;
}

async function key(): Promise<CryptoKey> {
  const kept = await get<CryptoKey>('key');
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  // Another tab may have made one meanwhile: the first stands.
  return change<CryptoKey>('key', (there) => there ?? made);
}

/** A value sealed under this device's key, bound to a name. */
export async function sealed(name: string, value: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  const additionalData = new TextEncoder().encode(name);
  return { iv, ct: await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, await key(), plain) };
}

/** Opens it; nothing where it does not open. */
export async function opened<T>(name: string, { iv, ct }: Sealed): Promise<T | undefined> {
  const additionalData = new TextEncoder().encode(name);
  try {
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, await key(), ct))) as T;
  } catch {
    return undefined;
  }
}

/** Keeps a value sealed under its name. */
export const seal = async (name: string, value: unknown): Promise<unknown> => put(name, await sealed(name, value));

/** Opens what was kept so; nothing where there is nothing. */
export async function open<T>(name: string): Promise<T | undefined> {
  const kept = await get<Sealed>(name);
  return kept && opened<T>(name, kept);
}
