import { describe, expect, it } from 'vitest';
import { identityFromSecret, recipientOf } from './keys.ts';
import { openStaff } from './open.ts';
import { newId, personId } from './place.ts';
import { sealJson } from './seal.ts';
import { decodeStaff, encodeStaff, generateStaffKeys, sealStaff, staffPlace } from './staff.ts';
import { aPlace, otherKey, refusalOf } from './testing.ts';

const unlock = await identityFromSecret(crypto.getRandomValues(new Uint8Array(32)), 'unlock');
const staff = {
  organisation: aPlace.organisation,
  person: personId(newId()),
  ...(await generateStaffKeys()),
  founding: 'ab'.repeat(32),
};
const now = new Date();

describe('a staff identity', () => {
  it('is opened by each unlock method it was sealed to, and by no other', async () => {
    const sealed = await sealStaff(await recipientOf(unlock), staff, now);
    expect(await openStaff(unlock, sealed, staff)).toEqual(staff);
    expect(await refusalOf(() => openStaff(otherKey.identity, sealed, staff))).toBe('not-for-you');
  });

  it("is nobody else's", async () => {
    const sealed = await sealStaff(await recipientOf(unlock), staff, now);
    const other = { ...staff, person: personId(newId()) };
    expect(await refusalOf(() => openStaff(unlock, sealed, other))).toBe('wrong-place');
  });

  it('is refused if its halves do not belong together or it is somebody else inside', async () => {
    const recipient = await recipientOf(unlock);
    const place = { ...staffPlace(staff), at: now.toISOString() };
    const others = await generateStaffKeys();
    const forged = [
      { ...staff, recipient: others.recipient },
      { ...staff, verifyKey: others.verifyKey },
      { ...staff, person: personId(newId()) },
      { ...staff, founding: 'short' },
      [],
    ];
    for (const one of forged) {
      const sealed = await sealJson(recipient, place, one);
      expect(await refusalOf(() => openStaff(unlock, sealed, staff))).toBe('damaged');
    }
  });

  it('comes back from its bytes', () => {
    expect(decodeStaff(encodeStaff(staff))).toEqual(staff);
    expect(decodeStaff(new Uint8Array(0))).toBe(null);
  });
});
