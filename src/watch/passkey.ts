/**
 * A passkey of a program (WebAuthn Level 3): an ES256 key that lies in Watch's own state and not in a device. It makes
 * what a browser and an authenticator would make together, for the origin it was told.
 */
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { z } from 'zod';

/** Base64url of the credential's id, and of its private key as PKCS #8. */
export type Passkey = { readonly credential: string; readonly key: string };

const jwk = z.object({ x: z.string(), y: z.string() });
const b64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

export function newPasskey(): Passkey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    credential: b64(randomBytes(32)),
    key: b64(privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

const keyOf = ({ key }: Passkey) =>
  createPrivateKey({ key: Buffer.from(key, 'base64url'), type: 'pkcs8', format: 'der' });

/** Present and verified, and (bit 6) with its key attached; the counter stays at none, as synced passkeys have it. */
function authenticatorData(origin: string, flags: number, attached: Uint8Array = new Uint8Array()): Buffer {
  const party = createHash('sha256').update(new URL(origin).hostname).digest();
  return Buffer.concat([party, Uint8Array.of(flags, 0, 0, 0, 0), attached]);
}

const clientData = (type: string, challenge: string, origin: string): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));

/** What answers `challenge` when the passkey is made: no attestation (§8.7). */
export function registration(passkey: Passkey, challenge: string, origin: string) {
  const id = Buffer.from(passkey.credential, 'base64url');
  const data = authenticatorData(
    origin,
    0x45,
    Buffer.concat([new Uint8Array(16), Uint8Array.of(0, id.length), id, coseKey(passkey)]),
  );
  // CBOR by hand: {"fmt": "none", "attStmt": {}, "authData": bytes}.
  const attestationObject = Buffer.concat([
    Buffer.from([0xa3, 0x63, ...Buffer.from('fmt'), 0x64, ...Buffer.from('none')]),
    Buffer.from([0x67, ...Buffer.from('attStmt'), 0xa0, 0x68, ...Buffer.from('authData')]),
    Buffer.from([0x58, data.length]),
    data,
  ]);
  return {
    ...{ id: passkey.credential, rawId: passkey.credential, type: 'public-key', clientExtensionResults: {} },
    response: {
      clientDataJSON: b64(clientData('webauthn.create', challenge, origin)),
      attestationObject: b64(attestationObject),
    },
  };
}

/** The public key as COSE has it (RFC 9053 §7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}. */
export function coseKey(passkey: Passkey): Buffer {
  const { x, y } = jwk.parse(keyOf(passkey).export({ format: 'jwk' }));
  return Buffer.concat([
    Uint8Array.of(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32),
    Buffer.from(x, 'base64url'),
    Uint8Array.of(0x22, 0x58, 32),
    Buffer.from(y, 'base64url'),
  ]);
}

/** What answers `challenge` when somebody signs in by it. */
export function assertion(passkey: Passkey, challenge: string, origin: string) {
  const data = authenticatorData(origin, 0x05);
  const client = clientData('webauthn.get', challenge, origin);
  const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
  return {
    ...{ id: passkey.credential, rawId: passkey.credential, type: 'public-key', clientExtensionResults: {} },
    response: {
      clientDataJSON: b64(client),
      authenticatorData: b64(data),
      signature: b64(sign('sha256', signed, keyOf(passkey))),
    },
  };
}
