/** Who is believed: by signatures from the founding document down, whatever the server says. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../sealing/place.ts';
import { sha256Hex, signText } from '../sealing/signature.ts';
import { testDatabase } from '../store/testing.ts';
import { type MembershipDocument, peopleText } from './documents.ts';
import { makeEnrolment, type Signed, signMembership } from './enrolment.ts';
import type { SignedDocument } from './person.ts';
import { aFoundedBody, directoryOf, documentsOf, found, type SignedIn, type TestBody } from './testing.ts';

let body: TestBody;
let documents: SignedDocument[];
beforeAll(async () => {
  body = await aFoundedBody(await testDatabase());
  documents = await documentsOf(body);
});
afterAll(() => body.db.close());

/** The directory when these documents follow all that are there. */
async function directoryWith(...more: readonly Signed[]) {
  const added = await Promise.all(
    more.map(async ({ text, signature }, index) => {
      const { kind, signer } = JSON.parse(text);
      return { kind, signer, text, signature, hash: await sha256Hex(text), position: 1000 + index };
    }),
  );
  return directoryOf(body, [...documents, ...added]);
}

async function believed(...more: readonly Signed[]): Promise<string[]> {
  return [...(await directoryWith(...more)).people.values()].map(({ name }) => name);
}

async function aStranger() {
  const { organisation, founding } = body.founder.staff;
  const about = { organisation, founding, person: newId(), name: 'A Stranger', email: 'a@stranger.example' };
  const made = await makeEnrolment(about, new Date());
  const enrolment = await sha256Hex(made.text);
  const vouch = async (
    by: SignedIn,
    capacities: readonly ['caseworker'] | readonly [] = [],
    after?: string,
  ) =>
    signMembership(
      by.staff,
      {
        person: about.person,
        enrolment,
        after: after ?? (await directoryOf(body)).newest,
        capacities: [...capacities],
      },
      new Date(),
    );
  return { about, made, vouch };
}
const EVERYBODY = ['First Manager', 'Second Manager', 'Ana Caseworker', 'Ben Caseworker'];

describe('the directory', () => {
  test('holds everybody whom enough managers confirmed, with the keys they gave themselves', async () => {
    const { people } = await directoryOf(body);
    expect([...people.values()].map(({ name }) => name)).toEqual(EVERYBODY);
    expect(people.get(body.ana.staff.person)?.recipient).toBe(body.ana.staff.recipient);
  });

  test('is empty under another founding document', async () => {
    const other = await found(body.db, 'otherwhere');
    const { people } = await directoryOf({ ...body, founder: other.founder }, documents);
    expect(people.size).toBe(0);
  });

  test('removing documents never adds anybody, and never gives anybody other keys', async () => {
    const whole = await directoryOf(body);
    await fc.assert(
      fc.asyncProperty(fc.subarray(documents), async (left) => {
        const { people } = await directoryOf(body, left);
        for (const [id, { fingerprint }] of people)
          expect(whole.people.get(id)?.fingerprint).toBe(fingerprint);
      }),
      { numRuns: 40 },
    );
  });

  test('an altered document counts for nothing, hash mended or not', async () => {
    const whole = await directoryOf(body);
    const anyAlteration = fc.record({
      index: fc.nat(documents.length - 1),
      at: fc.nat(400),
      mended: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(anyAlteration, async ({ index, at, mended }) => {
        const original = documents[index];
        if (!original) return;
        const place = at % original.text.length;
        const other = original.text[place] === 'a' ? 'b' : 'a';
        const text = original.text.slice(0, place) + other + original.text.slice(place + 1);
        const altered = { ...original, text, hash: mended ? await sha256Hex(text) : original.hash };
        const { people, ignored } = await directoryOf(body, documents.with(index, altered));
        expect(ignored.map(({ hash }) => hash)).toContain(altered.hash);
        for (const [id, { fingerprint }] of people)
          expect(whole.people.get(id)?.fingerprint).toBe(fingerprint);
      }),
      { numRuns: 40 },
    );
  });

  test('one person’s broken keys do not keep the rest from being verified', async () => {
    const { made } = await aStranger();
    const broken = JSON.parse(made.text);
    const text = peopleText({ ...broken, recipient: 'age1pq1broken' });
    expect(await believed({ text, signature: await signText(made.staff.signingKey, text) })).toEqual(
      EVERYBODY,
    );
  });
});

describe('a membership', () => {
  test('of two managers makes a stranger a colleague (the control of what follows)', async () => {
    const { made, vouch } = await aStranger();
    expect(await believed(made, await vouch(body.founder), await vouch(body.second))).toContain('A Stranger');
  });

  test('of one manager is not enough once there are two, not even when signed twice', async () => {
    const { made, vouch } = await aStranger();
    const again = await vouch(body.founder);
    expect(await believed(made, await vouch(body.founder), again)).toEqual(EVERYBODY);
  });

  test('of two managers about different capacities is not enough', async () => {
    const { made, vouch } = await aStranger();
    const [one, other] = [await vouch(body.founder), await vouch(body.second, ['caseworker'])];
    expect(await believed(made, one, other)).toEqual(EVERYBODY);
  });

  test('of somebody from outside makes no manager of them, and has to say so on both signatures', async () => {
    const { about, made } = await aStranger();
    const { newest: after } = await directoryOf(body);
    const enrolment = await sha256Hex(made.text);
    const vouch = (by: SignedIn, capacities: MembershipDocument['capacities'], outside: string | null) =>
      signMembership(by.staff, { person: about.person, enrolment, after, capacities, outside }, new Date());
    const both = (capacities: MembershipDocument['capacities'], one: string | null, other: string | null) =>
      Promise.all([vouch(body.founder, capacities, one), vouch(body.second, capacities, other)]);
    expect(await believed(made, ...(await both(['manager'], 'Finch', 'Finch')))).toEqual(EVERYBODY);
    expect(await believed(made, ...(await both([], 'Finch', null)))).toEqual(EVERYBODY);
    expect(await believed(made, ...(await both([], 'Finch', 'Finch')))).toContain('A Stranger');
  });

  test('signed by caseworkers counts for nothing', async () => {
    const { made, vouch } = await aStranger();
    expect(await believed(made, await vouch(body.ana), await vouch(body.ben))).toEqual(EVERYBODY);
  });

  test('signed with somebody else’s key in a manager’s name counts for nothing', async () => {
    const { made, vouch } = await aStranger();
    const inTheirName = await vouch({
      ...body.ana,
      staff: { ...body.second.staff, signingKey: body.ana.staff.signingKey },
    });
    expect(await believed(made, await vouch(body.founder), inTheirName)).toEqual(EVERYBODY);
  });

  test('signed by managers of another body counts for nothing', async () => {
    const { made, vouch } = await aStranger();
    const { founder } = await found(body.db, 'elsewhere');
    expect(await believed(made, await vouch(body.founder), await vouch(founder))).toEqual(EVERYBODY);
  });

  test('does not carry over to another enrolment of the same person', async () => {
    const { about, vouch } = await aStranger();
    const again = await makeEnrolment(about, new Date());
    const words = [await vouch(body.founder), await vouch(body.second)];
    expect(await believed({ text: again.text, signature: again.signature }, ...words)).toEqual(EVERYBODY);
  });

  test('cannot replace the keys of somebody confirmed', async () => {
    const about = { ...body.ana.staff, name: 'Ana Caseworker', email: 'ana.caseworker@example.com' };
    const made = await makeEnrolment(about, new Date());
    const [enrolment, { newest: after }] = [await sha256Hex(made.text), await directoryOf(body)];
    const words = { person: about.person, enrolment, after, capacities: [] };
    const signed = await Promise.all(
      [body.founder, body.second].map(({ staff }) => signMembership(staff, words, new Date())),
    );
    const { people } = await directoryWith(made, ...signed);
    expect(people.get(about.person)?.recipient).toBe(body.ana.staff.recipient);
  });
});

describe('a server that hides the second manager’s confirmation', () => {
  /** The directory without the second manager, with the stranger's enrolment and the founder's word at the end. */
  async function withoutTheSecond(after?: string): Promise<string[]> {
    const { made, vouch } = await aStranger();
    const word = await vouch(body.founder, [], after);
    const left = documents.filter(
      ({ kind, text }) => kind !== 'membership' || !text.includes(body.second.staff.person),
    );
    const next = async (signed: Signed, position: number) => {
      const { kind, signer } = JSON.parse(signed.text);
      return { ...signed, kind, signer, position, hash: await sha256Hex(signed.text) };
    };
    const { people } = await directoryOf(body, [...left, await next(made, 1000), await next(word, 1001)]);
    return [...people.values()].map(({ name }) => name);
  }

  test('loses everything that was signed after it', async () => {
    expect(await withoutTheSecond()).toEqual(['First Manager']);
  });

  test('LIMIT: has its way when the founder signs as if there had never been a second', async () => {
    expect(await withoutTheSecond(body.founder.staff.founding)).toEqual(['First Manager', 'A Stranger']);
  });
});
