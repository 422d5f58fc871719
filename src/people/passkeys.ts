/** Passkeys on the server's side: options with PRF, and verification of what the browser answers. */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';

/** Where passkeys belong: the desk's host name and origin. */
export type RelyingParty = { readonly id: string; readonly origin: string };

/** Options for a new passkey; the browser adds the PRF salt, which is the same for everybody. */
export function registrationOptions(party: RelyingParty, userName: string) {
  return generateRegistrationOptions({
    rpName: 'Letterbox desk',
    rpID: party.id,
    userName,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

export type Registered = {
  readonly credential: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
};

/** The registered credential, or null when the answer is not to our challenge. */
export async function verifyRegistration(
  party: RelyingParty,
  challenge: string,
  response: RegistrationResponseJSON,
): Promise<Registered | null> {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
    });
    if (!verified || !registrationInfo) return null;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { credential: id, publicKey, counter, transports: response.response.transports ?? [] };
  } catch {
    return null;
  }
}

export function authenticationOptions(party: RelyingParty) {
  return generateAuthenticationOptions({ rpID: party.id, userVerification: 'required' });
}

type Known = { readonly public_key: Uint8Array; readonly counter: bigint };

/** The authenticator's new counter, or null when the answer is not to our challenge by this key. */
export async function verifyAuthentication(
  party: RelyingParty,
  challenge: string,
  response: AuthenticationResponseJSON,
  known: Known,
): Promise<number | null> {
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      credential: {
        id: response.id,
        publicKey: new Uint8Array(known.public_key),
        counter: Number(known.counter),
      },
    });
    return verified ? authenticationInfo.newCounter : null;
  } catch {
    return null;
  }
}

const text = z.string().max(20_000);
const attachment = z.enum(['cross-platform', 'platform']).optional();

// Only what is verified is let in; in particular no PRF output, which the browser never sends.
export const registrationResponse: z.ZodType<RegistrationResponseJSON> = z
  .object({
    id: text,
    rawId: text,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: text,
      attestationObject: text,
      transports: z.array(z.string().max(40)).max(10).optional(),
    }),
    authenticatorAttachment: attachment,
    clientExtensionResults: z.object({}),
  })
  .transform(withoutUndefined<RegistrationResponseJSON>);

export const authenticationResponse: z.ZodType<AuthenticationResponseJSON> = z
  .object({
    id: text,
    rawId: text,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: text,
      authenticatorData: text,
      signature: text,
      userHandle: text.optional(),
    }),
    authenticatorAttachment: attachment,
    clientExtensionResults: z.object({}),
  })
  .transform(withoutUndefined<AuthenticationResponseJSON>);

/** JSON has no undefined; the library's types want absent keys absent. */
function withoutUndefined<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value));
}
