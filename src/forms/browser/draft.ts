/**
 * What was typed so far, kept for a reload: in this tab's session storage, encrypted under a key that this browser
 * holds in IndexedDB and cannot hand out.
 *
 * LIMIT: whoever uses the same browser profile within `longest` and reopens the tab can go on where it was left, as
 * after leaving a half-filled paper on a desk. Sending, and *Exit this page*, delete it.
 */
import { fromBase64url, toBase64url } from '../../sealing/encoding.ts';

/** Milliseconds after which a draft that was not touched is worth nothing. */
const longest = 2 * 60 * 60 * 1000;

const prefix = 'letterbox-draft ';

/** Once everything was forgotten, nothing is kept any more while this document lives. */
let over = false;

export type Draft = {
  /** What was saved last, or null. */
  load(): Promise<unknown>;
  /** Keeps a JSON value instead of the last one. */
  save(value: unknown): Promise<void>;
  forget(): void;
};

/** The draft of one form in this tab. Where a browser keeps nothing, neither does it: saving and loading do nothing. */
export function draftOf(name: string): Draft {
  const place = prefix + name;
  let latest = 0;
  return {
    load: async () => {
      try {
        return await open(sessionStorage.getItem(place));
      } catch {
        return null;
      }
    },
    save: async (value) => {
      latest += 1;
      const turn = latest;
      try {
        const sealed = await close(value, sessionStorage.getItem(place));
        // What was saved later, or forgotten, in the meantime stands.
        if (turn === latest && !over) sessionStorage.setItem(place, sealed);
      } catch {
        // Private windows of some browsers: a reload then starts anew.
      }
    },
    forget: () => {
      latest += 1;
      forget(place);
    },
  };
}

/** Forgets every draft of this tab. What matters is done when it returns. */
export function forgetDrafts(): void {
  over = true;
  try {
    for (const place of Object.keys(sessionStorage)) if (place.startsWith(prefix)) forget(place);
  } catch {
    // Nothing is kept where storage is refused.
  }
}

type Kept = { readonly key: string; readonly at: number; readonly iv: string; readonly sealed: string };

function parse(text: string | null): Kept | null {
  if (text === null) return null;
  const kept: Partial<Kept> = JSON.parse(text);
  const { key, at, iv, sealed } = kept;
  if (typeof key !== 'string' || typeof at !== 'number') return null;
  return typeof iv === 'string' && typeof sealed === 'string' ? { key, at, iv, sealed } : null;
}

async function close(value: unknown, before: string | null): Promise<string> {
  const known = parse(before)?.key;
  const name = known ?? crypto.randomUUID();
  const key = (known && (await keyOf(name))) || (await newKey(name));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const content = new TextEncoder().encode(JSON.stringify(value));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, content));
  const kept: Kept = { key: name, at: Date.now(), iv: toBase64url(iv), sealed: toBase64url(sealed) };
  return JSON.stringify(kept);
}

async function open(text: string | null): Promise<unknown> {
  const kept = parse(text);
  if (!kept || Date.now() - kept.at > longest) return null;
  const [key, iv, sealed] = [await keyOf(kept.key), fromBase64url(kept.iv), fromBase64url(kept.sealed)];
  if (!key || !iv || !sealed) return null;
  const content = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed);
  return JSON.parse(new TextDecoder().decode(content));
}

function forget(place: string): void {
  try {
    const name = parse(sessionStorage.getItem(place))?.key;
    sessionStorage.removeItem(place);
    if (name) void inKeys('readwrite', (keys) => keys.delete(name)).catch(() => undefined);
  } catch {
    sessionStorage.removeItem(place);
  }
}

async function newKey(name: string): Promise<CryptoKey> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  await inKeys('readwrite', (keys) => keys.put({ key, at: Date.now() }, name));
  return key;
}

async function keyOf(name: string): Promise<CryptoKey | null> {
  const found = await inKeys('readonly', (keys) => keys.get(name));
  return typeof found === 'object' && found !== null && 'key' in found && found.key instanceof CryptoKey
    ? found.key
    : null;
}

/** Runs one request on the store of keys. */
async function inKeys(mode: IDBTransactionMode, ask: (keys: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('letterbox-drafts', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction('keys', mode);
      const request = ask(transaction.objectStore('keys'));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
