/** Sheets typed by hand: what is forgiven, what is said about what is not, and that nothing typed is ever repeated. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateIdentity, type Identity, recipientOf } from '../sealing/keys.ts';
import { newId, organisationId } from '../sealing/place.ts';
import { shareText, splitIdentity } from '../sealing/shares.ts';
import type { RecoveryRule } from './recovery.ts';
import { rebuildFrom } from './recovery-sheets.ts';

const organisation = organisationId(newId());
let identity: Identity;
let rule: RecoveryRule;
let sheets: string[];
beforeAll(async () => {
  const made = await generateIdentity();
  identity = made.identity;
  rule = { recipient: made.recipient, k: 2, n: 3 };
  sheets = (await splitIdentity(identity, organisation, rule)).map(shareText);
});

const sheet = (number: number): string => sheets[number - 1] ?? '';
const rebuild = (...typed: string[]) => rebuildFrom(typed, organisation, rule);
async function problemsOf(...typed: string[]): Promise<string[]> {
  const result = await rebuild(...typed);
  if (!('problems' in result)) throw new Error('The sheets were taken.');
  return result.problems.map(({ field, message }) => `${field}: ${message}`);
}

describe('sheets that are right', () => {
  test('rebuild the identity, whichever two and in whichever order', async () => {
    for (const [a, b] of [
      [1, 2],
      [3, 1],
      [2, 3],
    ] as const) {
      const rebuilt = await rebuild(sheet(a), sheet(b));
      expect(rebuilt).toMatchObject({ identity, numbers: [a, b].sort() });
    }
  });

  test('may be typed in any case, without spaces or line breaks, with O for 0 and l for 1', async () => {
    const loose = sheet(1).toLowerCase().replace(/\s+/g, ' ');
    const dense = sheet(2).replace(/Data.*/g, (line) => line.replace(/0/g, 'O').replace(/1/g, 'l'));
    expect(await rebuild(loose, dense)).toMatchObject({ identity });
  });
});

describe('sheets that are not', () => {
  test('one that is empty, and the same sheet twice', async () => {
    expect(await problemsOf(sheet(1), ' ')).toEqual([expect.stringMatching(/^1: Type this sheet/)]);
    expect(await problemsOf(sheet(1), sheet(1))).toEqual(['1: This is sheet 1 again. Type another one.']);
  });

  test('one symbol too many, a missing line and a wrong symbol are each said where they are', async () => {
    expect(await problemsOf(sheet(1).replace(/^Data /m, 'Data 7'), sheet(2))).toEqual([
      expect.stringContaining('0: The line “Data” has 53 letters and digits, and 54 were typed.'),
    ]);
    expect(await problemsOf(sheet(1), sheet(2).replace(/^Check.*$/m, ''))).toEqual([
      expect.stringContaining('1: The line “Check” is missing'),
    ]);
    const wrong = sheet(1).replace(
      /^(Data .)(.)/m,
      (_all, before, sign) => `${before}${sign === '7' ? '8' : '7'}`,
    );
    expect(await problemsOf(wrong, sheet(2))).toEqual([expect.stringContaining('0: One or more letters')]);
  });

  test('of another organisation, of another splitting, and of another key', async () => {
    const other = await splitIdentity(identity, organisationId(newId()), rule);
    expect(await problemsOf(sheet(1), other.map(shareText)[1] ?? '')).toEqual([
      '1: This sheet belongs to another organisation.',
    ]);
    const again = (await splitIdentity(identity, organisation, rule)).map(shareText);
    expect(await problemsOf(sheet(1), again[1] ?? '')).toEqual([expect.stringContaining('not of one set')]);
    const foreign = (await splitIdentity((await generateIdentity()).identity, organisation, rule)).map(
      shareText,
    );
    expect(await problemsOf(foreign[0] ?? '', foreign[1] ?? '')).toEqual([
      expect.stringContaining('do not rebuild the recovery key'),
    ]);
  });

  test('fewer than the founding document asks for, whatever the sheets say of themselves', async () => {
    const stricter = { ...rule, k: 3 };
    const result = await rebuildFrom([sheet(1), sheet(2)], organisation, stricter);
    expect(result).toEqual({ problems: [{ field: null, message: 'Type 3 different sheets.' }] });
  });

  test('are never repeated in what is said: property over cut and altered sheets', async () => {
    const data = /Data (.*)/.exec(sheet(1))?.[1]?.replace(/ /g, '') ?? '';
    const altered = fc
      .tuple(fc.nat(300), fc.string({ maxLength: 5 }))
      .map(([at, text]) => sheet(1).slice(0, at) + text + sheet(1).slice(at + 1));
    await fc.assert(
      fc.asyncProperty(altered, async (typed) => {
        const result = await rebuild(typed, sheet(2));
        if (!('problems' in result)) {
          expect(await recipientOf(result.identity)).toBe(rule.recipient);
          return;
        }
        const said = result.problems
          .map(({ message }) => message)
          .join(' ')
          .replace(/ /g, '');
        for (let at = 0; at + 6 <= data.length; at += 1) expect(said).not.toContain(data.slice(at, at + 6));
      }),
      { numRuns: 100 },
    );
  });
});
