/** TOTP (RFC 6238): the second factor beside a passphrase. */
import * as OTPAuth from 'otpauth';
import QRCode from 'qrcode';

const STEP_SECONDS = 30;

const totp = (secret: string, label: string) =>
  new OTPAuth.TOTP({
    issuer: 'Letterbox',
    label,
    secret: OTPAuth.Secret.fromBase32(secret),
    period: STEP_SECONDS,
  });

export type Offered = { readonly secret: string; readonly qr: string };

/** A fresh secret, base32, and its QR code as a data: image. */
export async function offerSecondFactor(label: string): Promise<Offered> {
  const secret = new OTPAuth.Secret({ size: 20 }).base32;
  return { secret, qr: await QRCode.toDataURL(totp(secret, label).toString()) };
}

/** The time step a code belongs to (one step of clock difference either way), or null. */
export function stepOf(secret: string, code: string, now: Date): number | null {
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return null;
  const delta = totp(secret, '').validate({ token, timestamp: now.getTime(), window: 1 });
  return delta === null ? null : Math.floor(now.getTime() / 1000 / STEP_SECONDS) + delta;
}

/** The code of this moment: for the demonstration, whose keys are public, and for tests. */
export function codeOf(secret: string, now: Date): string {
  return totp(secret, '').generate({ timestamp: now.getTime() });
}
