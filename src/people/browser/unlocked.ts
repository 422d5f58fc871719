/**
 * # Note: what the browser remembers
 *
 * The unlocked staff identity is kept in two halves: here an AES-GCM key that no script can export,
 * in the server's session the ciphertext. Neither opens anything without the other, and ending the
 * session deletes the ciphertext. (WebCrypto's AES-GCM, for a thing that is never stored beyond the
 * session: everything that lasts is an age file.)
 */
import { z } from 'zod';
import { fromHex, toHex } from '../../sealing/encoding.ts';
import { decodeStaff, encodeStaff, type StaffIdentity } from '../../sealing/staff.ts';
import { ask } from '../../web/browser/ask.ts';

const DATABASE = 'letterbox-desk';
const STORE = 'session';
const KEY = 'key';
const NONCE = 12;

/** The identity this browser may use now, or null when it is locked. */
export async function unlocked(): Promise<StaffIdentity | null> {
  const key = await readKey();
  if (!key) return null;
  const answer = await ask('/session/kept');
  if (!answer.ok) return null;
  const { half } = z.object({ half: z.string().nullable() }).parse(answer.body);
  const bytes = half === null ? null : fromHex(half);
  if (!bytes) return null;
  try {
    const opened = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: bytes.slice(0, NONCE) },
      key,
      bytes.slice(NONCE),
    );
    return decodeStaff(new Uint8Array(opened));
  } catch {
    return null;
  }
}

/** Keeps the identity for this session under a fresh key. Throws when the server did not take its half. */
export async function keep(identity: StaffIdentity): Promise<void> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, key, encodeStaff(identity)),
  );
  const answer = await ask('/session/kept', { half: toHex(nonce) + toHex(sealed) }, 'PUT');
  if (!answer.ok) throw new Error(answer.message);
  await inStore('readwrite', (store) => store.put(key, KEY));
}

/** Forgets this browser's half: what the server still holds opens nothing any more. */
export async function forget(): Promise<void> {
  await inStore('readwrite', (store) => store.delete(KEY)).catch(() => undefined);
}

async function readKey(): Promise<CryptoKey | null> {
  const found: unknown = await inStore('readonly', (store) => store.get(KEY)).catch(() => null);
  return found instanceof CryptoKey ? found : null;
}

function inStore(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.transaction?.addEventListener('complete', () => database.close());
    };
  });
}
