/** No manager alone lets anybody in, or back in, by any sequence of documents; with a rule taken away, one does. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { newId } from '../sealing/place.ts';
import { sha256Hex } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import { parsePeopleDocument } from './documents.ts';
import { makeEnrolment, makeFounding, type Signed, signMembership } from './enrolment.ts';
import { type Directory, type SignedDocument, stoodAt, verifyPeople } from './person.ts';
import { signLeaving, signResumption, signSuspension } from './standing-documents.ts';

const NOW = new Date('2026-11-02T09:00:00.000Z');
const PEOPLE = 6;
type Somebody = { readonly staff: StaffIdentity; readonly enrolment: string };
let anchor: string;
let everybody: Somebody[];
let beginnings: SignedDocument[];

beforeAll(async () => {
  const made = await makeFounding('Exampleshire', { name: 'P0', email: 'p0@example.com' }, NOW);
  anchor = made.staff.founding;
  everybody = [{ staff: made.staff, enrolment: anchor }];
  beginnings = [await documentAt(1, made)];
  for (let n = 1; n <= PEOPLE; n += 1) {
    const about = { ...made.staff, person: newId(), name: `P${n}`, email: `p${n}@example.com` };
    const enrolled = await makeEnrolment(about, NOW);
    everybody.push({ staff: enrolled.staff, enrolment: await sha256Hex(enrolled.text) });
    beginnings.push(await documentAt(n + 1, enrolled));
  }
});

async function documentAt(position: number, { text, signature }: Signed): Promise<SignedDocument> {
  const { kind, signer } = JSON.parse(text);
  return { kind, signer, text, signature, position, hash: await sha256Hex(text) };
}

type Step = {
  readonly what: 'confirm' | 'leave' | 'suspend' | 'resume';
  readonly by: number;
  readonly whom: number;
  readonly manager: boolean;
};
// Most of them among the first few, so that sequences get somewhere.
const anyOf = fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(PEOPLE) });
const anyStep: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('confirm', 'confirm', 'leave', 'suspend', 'suspend', 'resume', 'resume'),
  by: anyOf,
  whom: anyOf,
  manager: fc.boolean(),
});
const confirmed = (whom: number, by: number): Step => ({ what: 'confirm', by, whom, manager: true });
/** Four managers, confirmed as they should be: half of all sequences begin so. */
const FOUR = [
  confirmed(1, 0),
  ...[0, 1].map((by) => confirmed(2, by)),
  ...[0, 2].map((by) => confirmed(3, by)),
];
const anySteps = fc
  .tuple(fc.constantFrom([], FOUR), fc.array(anyStep, { minLength: 5, maxLength: 40 }))
  .map(([before, steps]) => [...before, ...steps]);

/** Every step signed by whoever it says, whether they may or not: it is for the directory to ignore. */
async function documentsOf(steps: readonly Step[]): Promise<SignedDocument[]> {
  const documents = [...beginnings];
  for (const [index, step] of steps.entries()) {
    const now = new Date(NOW.getTime() + index);
    documents.push(await documentAt(documents.length + 1, await signedStep(step, documents, now)));
  }
  return documents;
}

function signedStep({ what, by, whom, manager }: Step, documents: readonly SignedDocument[], now: Date) {
  const [{ staff }, target] = [person(by), person(whom)];
  const id = target.staff.person;
  if (what === 'leave') return signLeaving(staff, id, 'Gone', now);
  if (what === 'suspend') return signSuspension(staff, id, 'Wait', now);
  if (what === 'resume') {
    const { hash } = documents.findLast((each) => subject(each, 'suspension') === id) ?? { hash: anchor };
    return signResumption(staff, id, hash, now);
  }
  const capacities = manager ? (['manager'] as const) : ([] as const);
  // The oldest membership to hang on: whoever schemes takes that one.
  const about = { person: id, enrolment: target.enrolment, after: anchor, capacities: [...capacities] };
  return signMembership(staff, about, now);
}

function person(index: number): Somebody {
  const found = everybody[index];
  if (!found) throw new Error('There are not so many.');
  return found;
}

function subject({ text }: SignedDocument, kind: string): string | null {
  const document = parsePeopleDocument(text);
  return document?.kind === kind && 'person' in document && typeof document.person === 'string'
    ? document.person
    : null;
}

const manages = (directory: Directory, id: string) =>
  directory.everyone.get(id)?.capacities.includes('manager') ?? false;

/** How many different managers, in good standing when they signed, say this of somebody up to that position. */
function managersSaying(
  directory: Directory,
  documents: readonly SignedDocument[],
  until: number,
  says: (document: SignedDocument) => boolean,
): number {
  const signers = documents
    .filter((each) => each.position <= until && says(each))
    .filter(({ signer, position }) => manages(directory, signer) && stoodAt(directory, signer, position));
  return new Set(signers.map(({ signer }) => signer)).size;
}

/** Told from the documents themselves, not as the directory counts: what one manager alone has opened. */
function openedAlone(directory: Directory, documents: readonly SignedDocument[]): string[] {
  const from = (id: string) => directory.standing.get(id)?.[0]?.from ?? 0;
  return [...directory.standing].flatMap(([id, spans]) =>
    spans.flatMap((span, index) => {
      const others = [...directory.everyone.keys()].filter(
        (each) => manages(directory, each) && from(each) < span.from,
      );
      // The founding itself, and whom a founder confirms who never had a second manager beside them.
      if (id === person(0).staff.person ? index === 0 : index === 0 && others.length < 2) return [];
      const enough = index === 0 ? confirmedByTwo(span.from) : liftedByTwo(span.from);
      return enough ? [] : [`${directory.everyone.get(id)?.name} at ${span.from}`];

      function confirmedByTwo(at: number): boolean {
        const says = (each: SignedDocument) => subject(each, 'membership') === id && each.signer !== id;
        return managersSaying(directory, documents, at, says) >= 2;
      }
      function liftedByTwo(at: number): boolean {
        const counting = documents.filter(
          (each) =>
            subject(each, 'suspension') === id &&
            each.position < at &&
            !directory.ignored.some(({ hash }) => hash === each.hash),
        );
        return counting.every(({ hash }) => {
          const says = (each: SignedDocument) =>
            subject(each, 'resumption') === id && each.text.includes(hash) && each.signer !== id;
          return managersSaying(directory, documents, at, says) >= 2;
        });
      }
    }),
  );
}

/** Positions at which fewer than two managers stood, after there had been two. */
function leftAlone(directory: Directory, documents: readonly SignedDocument[]): number[] {
  const standingAt = (position: number) =>
    [...directory.everyone.keys()].filter(
      (id) => manages(directory, id) && stoodAt(directory, id, position) !== null,
    ).length;
  const counts = documents.map(({ position }) => standingAt(position + 0.5));
  const first = counts.findIndex((count) => count >= 2);
  return first === -1 ? [] : counts.slice(first).filter((count) => count < 2);
}

type Judge = typeof verifyPeople;
type Violation = (directory: Directory, documents: readonly SignedDocument[]) => readonly unknown[];

async function violated(judge: Judge, violation: Violation, numRuns: number): Promise<boolean> {
  const law = fc.asyncProperty(anySteps, async (steps) => {
    const documents = await documentsOf(steps);
    return violation(await judge(documents, anchor), documents).length === 0;
  });
  return (await fc.check(law, { numRuns, endOnFailure: true })).failed;
}

type Rules = typeof import('./two-managers.ts');
/** The directory's judgement with one of its rules taken away. */
async function judgeWith(rules: Partial<Rules>): Promise<Judge> {
  vi.resetModules();
  vi.doMock('./two-managers.ts', async (original) => ({ ...(await original<Rules>()), ...rules }));
  const judge = (await import('./person.ts')).verifyPeople;
  vi.doUnmock('./two-managers.ts');
  vi.resetModules();
  return judge;
}

describe('by any sequence of documents', () => {
  test('nobody is let in, or back in, by one manager alone', async () => {
    expect(await violated(verifyPeople, openedAlone, 150)).toBe(false);
  });

  test('two managers in good standing always remain, once there were two', async () => {
    expect(await violated(verifyPeople, leftAlone, 150)).toBe(false);
  });

  test('without the rule that two remain, one alone still opens nothing', async () => {
    expect(await violated(await judgeWith({ canDoWithout: () => true }), openedAlone, 100)).toBe(false);
  });
});

describe('negative control: it is seen', () => {
  test('when one signature lets somebody in', async () => {
    const judge = await judgeWith({ signaturesNeeded: () => 1 });
    expect(await violated(judge, openedAlone, 300)).toBe(true);
  });

  test('when one signature lifts a suspension', async () => {
    const judge = await judgeWith({ mayLift: () => true });
    expect(await violated(judge, openedAlone, 300)).toBe(true);
  });

  test('when the last managers can be closed out', async () => {
    const judge = await judgeWith({ canDoWithout: () => true });
    expect(await violated(judge, leftAlone, 300)).toBe(true);
  });
});
