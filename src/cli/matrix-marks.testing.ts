/** What gives a thing away in an answer, and who may be given it. */

import { z } from 'zod';
import { content } from '../cases/testing.ts';
import { bytesOf, toBase64url, toHex } from '../sealing/encoding.ts';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import type { BodyName, Principal, Thing, Who } from './matrix-cast.testing.ts';
import { readsCase, readsWhole, wasLetRead } from './matrix-rules.testing.ts';
import type { Matrix, Peopled } from './matrix-world.testing.ts';

/** Where an answer came from: the name of a door or of a function. */
export type Mark = {
  readonly name: string;
  readonly needles: readonly string[];
  readonly mayBeGiven: (who: Principal, where: string) => boolean;
};

/** Bytes as they would stand in an answer: as themselves, in hex, in base64 and base64url. */
function spellings(bytes: Uint8Array): string[] {
  const base64 = Buffer.from(bytes).toString('base64');
  return [
    Buffer.from(bytes.subarray(-24)).toString('latin1'),
    toHex(bytes).slice(-48),
    base64.slice(-48, -4),
    toBase64url(bytes).slice(-48, -4),
  ];
}
const never = (): boolean => false;

async function marksOfCase(thing: Thing, { cases, name }: Peopled, chunk: Uint8Array): Promise<Mark[]> {
  const posted = cases[thing.name];
  if (!posted) throw new Error(`There is no case ${thing.name}.`);
  const { post, message } = posted;
  const reads = (who: Principal) => readsCase(who, thing);
  const readsAll = (who: Principal) => readsWhole(who, thing);
  // The register names cases to everybody of the body who audits it; so do those who see everybody's access.
  const known = (who: Principal, where: string) =>
    who.body === name &&
    (reads(who) ||
      (where.includes('/access/history') && wasLetRead(who, thing)) ||
      thing.name === "the adviser's case" ||
      / \/(register|documents)|\b(own_entries|documents)$/.test(where) ||
      (who.confirmed && who.capacities.some((each) => each !== 'caseworker')));
  return [
    { name: `the answers of ${thing.name}`, needles: spellings(post.answers), mayBeGiven: reads },
    { name: `the summary of ${thing.name}`, needles: spellings(post.summary), mayBeGiven: readsAll },
    { name: `the key of ${thing.name}`, needles: spellings(post.caseKey), mayBeGiven: readsAll },
    { name: `the file of ${thing.name}`, needles: spellings(chunk), mayBeGiven: reads },
    { name: `the message of ${thing.name}`, needles: spellings(message), mayBeGiven: reads },
    { name: `the receipt's key of ${thing.name}`, needles: spellings(post.receiptKey), mayBeGiven: never },
    {
      name: `the equality answers of ${thing.name}`,
      needles: spellings(post.equality ?? post.receiptKey),
      mayBeGiven: never,
    },
    {
      name: `the id of ${thing.name}`,
      needles: [post.case, await referenceOf(caseId(post.case))],
      mayBeGiven: known,
    },
  ];
}

/** What only people of the body may learn: who there is, and the ids by which things are asked about. */
function marksOfBody(of: BodyName, names: readonly string[], things: readonly Thing[]): Mark[] {
  const inside = (who: Principal) => who.body === of;
  const ids = things.filter((each) =>
    ['proposal', 'grant', 'recovery', 'away', 'person'].includes(each.kind),
  );
  return [
    ...names.map((name) => ({ name: `${name} of ${of}`, needles: [name], mayBeGiven: inside })),
    ...ids.map(({ name, id, document }) => ({
      ...{ name: `the id of ${name}`, needles: [id, document ?? id], mayBeGiven: inside },
    })),
  ];
}

const envelopeRow = z.object({
  organisation: z.string(),
  person: z.string().nullable(),
  sealed: z.instanceof(Uint8Array),
});

/** Secrets of form keys: each for its own person; the recovery recipient's for those who carry a recovery out. */
async function marksOfKeys({ db, ours, theirs, sessions }: Matrix): Promise<Mark[]> {
  const rows = await db.admin.rows(
    envelopeRow,
    `select organisation, person, sealed from letterbox.key_envelope
     union all select organisation, person, sealed from letterbox.case_envelope`,
  );
  return rows.map(({ organisation, person, sealed }, i): Mark => {
    const body = [ours, theirs].find(({ body }) => body.founder.staff.organisation === organisation);
    const isOwn = (who: Principal) =>
      sessionOf(sessions, who.name)?.staff.person === person && who.reads.length > 0;
    const recovers = (who: Principal, where: string) =>
      who.body === body?.name &&
      who.capacities.some((each) => each === 'manager' || each === 'keyholder') &&
      /envelopes$/.test(where);
    return {
      name: `a key sealed, number ${i}`,
      needles: spellings(sealed),
      mayBeGiven: person ? isOwn : recovers,
    };
  });
}
const sessionOf = (sessions: Matrix['sessions'], name: string) =>
  Object.entries(sessions).find(([each]) => each === name)?.[1] ?? null;

const chunkRow = z.object({ case_id: z.string(), bytes: z.instanceof(Uint8Array) });

/** Every mark of the world. */
export async function marksOf(matrix: Matrix): Promise<Mark[]> {
  const { db, ours, theirs, things, kept } = matrix;
  const chunks = await db.admin.rows(chunkRow, 'select case_id, bytes from letterbox.attachment_chunk');
  const chunkOf = (id: string) => chunks.find((each) => each.case_id === id)?.bytes ?? new Uint8Array(64);
  const cases = things.filter(({ kind, of }) => kind === 'case' && of !== null);
  const ofCases = await Promise.all(
    cases.map((thing) => marksOfCase(thing, thing.of === ours.name ? ours : theirs, chunkOf(thing.id))),
  );
  const names = ({ body }: Peopled) =>
    db.admin
      .rows(
        z.object({ name: z.string(), email: z.string() }),
        `select name, email from letterbox.person where organisation = $1 and name <> 'First Manager'`,
        [body.founder.staff.organisation],
      )
      .then((rows) => rows.flatMap(({ name, email }) => [name, email]));
  const secrets: Who = 'a reader of the form';
  return [
    ...ofCases.flat(),
    ...(await marksOfKeys(matrix)),
    ...marksOfBody('exampleshire', await names(ours), ours.things),
    ...marksOfBody('elsewhere', await names(theirs), theirs.things),
    {
      name: 'what a browser left with its session',
      needles: spellings(kept),
      mayBeGiven: (who) => who.name === secrets,
    },
    {
      name: 'what was written',
      needles: [content.answers.why, content.summary.title, 'photo.jpg'],
      mayBeGiven: never,
    },
  ];
}

/** The marks in an answer that this principal may not be given; what they typed themselves tells them nothing. */
export function wronglyGiven(
  marks: readonly Mark[],
  who: Principal,
  where: string,
  text: string,
  typed: string,
): string[] {
  return marks
    .filter(
      ({ needles, mayBeGiven }) =>
        needles.some((needle) => text.includes(needle) && !typed.includes(needle)) && !mayBeGiven(who, where),
    )
    .map(({ name }) => name);
}

/** Sealed objects of whatever kind begin so, as bytes, in base64 and in hex. */
const SEALED = bytesOf('age-encryption.org/v1');
const BEGINNINGS = [
  Buffer.from(SEALED).toString('latin1'),
  Buffer.from(SEALED.subarray(0, 18)).toString('base64'),
  toHex(SEALED),
];
export const carriesCiphertext = (text: string): boolean => BEGINNINGS.some((mark) => text.includes(mark));
