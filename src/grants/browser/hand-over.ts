/** Handing keys to grantees: only after this browser has verified each grant by itself. */
import { z } from 'zod';
import { fingerprintWords } from '../../sealing/keys.ts';
import { ask } from '../../web/browser/ask.ts';
import { formKeysFor } from '../handing.ts';
import { waitingShape } from '../shapes.ts';
import { type ProvenGrant, provenLive } from '../verify.ts';
import { caseKeyFor } from './case-key.ts';
import { ownFormKeys } from './form-keys.ts';
import { NotVerified, type Verified, verified } from './proven.ts';

export type Grantee = {
  readonly name: string;
  readonly words: readonly string[];
  readonly lines: readonly (ProvenGrant & { readonly title: string })[];
};

/** To whom keys wait to be handed, and how many of the lines that wait nothing proves. */
export async function waitingGrantees(): Promise<{ grantees: readonly Grantee[]; unproven: number }> {
  const lines = await waitingLines();
  if (lines.length === 0) return { grantees: [], unproven: 0 };
  const { directory, proven } = await verified();
  const live = provenLive(proven, new Date().toISOString());
  const found = lines.flatMap(({ grant_id, form, titles }) => {
    const line = live.find(({ id }) => id === grant_id);
    return line ? [{ ...line, title: titles ?? form ?? '' }] : [];
  });
  const grantees = [...new Set(found.map(({ person }) => person))].flatMap((id) => {
    const person = directory.people.get(id);
    const of = found.filter((line) => line.person === id);
    return person ? [{ name: person.name, words: fingerprintWords(person.fingerprint), lines: of }] : [];
  });
  return { grantees, unproven: lines.length - found.length };
}

/** Seals to each proven grantee what their grants cover, and posts it all at once; how many lines were fulfilled. */
export async function handOverAll(): Promise<number> {
  const { grantees } = await waitingGrantees();
  const lines = grantees.flatMap((grantee) => grantee.lines);
  if (lines.length === 0) return 0;
  const who = await verified();
  const keys = (await Promise.all(lines.map((line) => sealedFor(who, line)))).flat();
  if (keys.length === 0) throw new NotVerified(NOT_SIGNED);
  const answer = await ask('/grants/fulfil', { keys });
  if (!answer.ok) throw new NotVerified(answer.message);
  return lines.length;
}

async function sealedFor({ staff, proven }: Verified, line: ProvenGrant) {
  if (line.case !== null) return [await caseKeyFor(line, line.case)];
  const keys = await formKeysFor(staff.organisation, line, await ownFormKeys(), proven, new Date());
  if (keys === null) throw new NotVerified(NOT_SIGNED);
  return keys;
}

async function waitingLines(): Promise<z.infer<typeof waitingShape>[]> {
  const answer = await ask('/waiting');
  if (!answer.ok) throw new NotVerified(answer.message);
  return z
    .array(waitingShape)
    .parse(answer.body)
    .filter(({ what }) => what === 'fulfil');
}

const NOT_SIGNED =
  'You do not have every key that this grant covers just as it was signed, so nothing was handed over.';
