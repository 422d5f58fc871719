/** From a passkey's PRF output or OPAQUE's export key to the identity that opens the staff identity. */

import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import { type Identity, identityFromSecret } from '../../sealing/keys.ts';

/** Which secret is drawn from a passkey: the same for everybody, separate from any other use of it. */
const salt = async () =>
  crypto.subtle.digest('SHA-256', new TextEncoder().encode('letterbox unlock passkey 1'));

/** The unlock identity of a passkey; null where the authenticator has no PRF. */
export type FromPasskey<R> = { readonly response: R; readonly unlock: Identity | null };

/** Makes a passkey. Some authenticators give their PRF only when used, so it is used once right away. */
export async function makePasskey(
  optionsJSON: PublicKeyCredentialCreationOptionsJSON,
): Promise<FromPasskey<RegistrationResponseJSON>> {
  const made = await startRegistration({ optionsJSON: await withPrf(optionsJSON) });
  const secret = prfOf(made) ?? (prfEnabled(made) ? await evaluate(made.id, optionsJSON.rp.id) : null);
  return { response: withoutResults(made), unlock: secret && (await unlockIdentity(secret)) };
}

/** One gesture: proves who one is and gives the unlock identity. */
export async function usePasskey(
  optionsJSON: PublicKeyCredentialRequestOptionsJSON,
): Promise<FromPasskey<AuthenticationResponseJSON>> {
  const used = await startAuthentication({ optionsJSON: await withPrf(optionsJSON) });
  const secret = prfOf(used);
  return { response: withoutResults(used), unlock: secret && (await unlockIdentity(secret)) };
}

/** A passphrase in its one spelling, whatever keyboard it was typed on: OpaqueString of RFC 8265, without outer spaces. */
export function inOneSpelling(passphrase: string): string {
  return passphrase
    .replace(/\p{Zs}/gu, ' ')
    .normalize('NFC')
    .trim();
}

/** The unlock identity behind a passphrase: from OPAQUE's export key, base64url. */
export function passphraseUnlock(exportKey: string): Promise<Identity> {
  return identityFromSecret(new TextEncoder().encode(exportKey), 'letterbox unlock passphrase');
}

function unlockIdentity(secret: Uint8Array): Promise<Identity> {
  return identityFromSecret(secret, 'letterbox unlock passkey');
}

async function withPrf<T extends object>(options: T): Promise<T> {
  return { ...options, extensions: { prf: { eval: { first: await salt() } } } };
}

async function evaluate(id: string, rpId: string | undefined): Promise<Uint8Array | null> {
  const challenge = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(24))));
  const optionsJSON: PublicKeyCredentialRequestOptionsJSON = {
    challenge: challenge.replaceAll('+', '-').replaceAll('/', '_'),
    allowCredentials: [{ id, type: 'public-key' }],
    userVerification: 'required',
    ...(rpId === undefined ? {} : { rpId }),
  };
  return prfOf(await startAuthentication({ optionsJSON: await withPrf(optionsJSON) }));
}

type WithResults = { readonly clientExtensionResults: object };

function prfResult(made: WithResults): object | null {
  const results = made.clientExtensionResults;
  return 'prf' in results && typeof results.prf === 'object' ? results.prf : null;
}

function prfEnabled(made: WithResults): boolean {
  const prf = prfResult(made);
  return prf !== null && 'enabled' in prf && prf.enabled === true;
}

function prfOf(made: WithResults): Uint8Array | null {
  const prf = prfResult(made);
  const results = prf && 'results' in prf && typeof prf.results === 'object' ? prf.results : null;
  const first = results && 'first' in results ? results.first : null;
  return first instanceof ArrayBuffer ? new Uint8Array(first) : null;
}

/** What goes to the server carries no PRF output: that secret never leaves the browser. */
function withoutResults<R extends WithResults>(response: R): R {
  return { ...response, clientExtensionResults: {} };
}
