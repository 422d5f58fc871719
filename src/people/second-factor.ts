/** TOTP (RFC 6238): the second factor beside a passphrase. */
import { randomInt } from 'node:crypto';
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

const WORDS =
  'amber anchor apple arrow autumn badge barley basket beacon bench bicycle blanket bottle bridge bronze brook bucket button cable candle canyon carpet castle cedar chalk cherry circle cliff clover copper cotton cradle crane crystal daisy dinner dolphin drawer eagle ember engine fabric falcon feather fiddle forest fossil garden ginger glacier granite guitar hammer harbour harvest hazel helmet honey island ivory jacket jigsaw kettle kitchen ladder lantern lemon lighthouse linen lobster magnet maple marble meadow mirror mountain napkin needle nettle nickel oak ocean olive orchard otter oyster paddle paper parcel pebble pepper pigeon pillow planet pocket poplar quarry quilt rabbit raven ribbon river rocket saddle salmon satchel shadow silver sparrow spruce stable statue summer sunset teapot thistle thunder ticket timber tractor tulip tunnel umbrella valley velvet village violet walnut water willow window winter yellow zebra'.split(
    ' ',
  );

/** Six random words of a list of 134 and four digits: 55 bits before OPAQUE's own stretching. */
export function suggestedPassphrase(): string {
  const words = Array.from({ length: 6 }, () => WORDS[randomInt(WORDS.length)]);
  return `${words.join(' ')} ${String(randomInt(10_000)).padStart(4, '0')}`;
}
