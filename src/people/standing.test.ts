/** Leaving, suspension and its lifting, and leave: by the database, and by every browser after it. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { type Directory, stoodAt, verifyPeople } from './person.ts';
import { actOnStanding, forgetAway } from './standing-acts.ts';
import { signLeaving, signResumption, signSuspension } from './standing-documents.ts';
import { findActor, people } from './store.ts';
import {
  away,
  confirm,
  documentsIn,
  type Enrolled,
  enrol,
  entriesOf,
  forge,
  found,
  join,
  leave,
  refusalOf,
  resume,
  type SignedIn,
  settled,
  signIn,
  suspend,
  train,
} from './testing.ts';

let db: TestDatabase;
let founder: SignedIn;
let second: SignedIn;
let third: SignedIn;
let ana: Enrolled;
beforeEach(async () => {
  db = await testDatabase();
  founder = (await found(db, 'exampleshire')).founder;
  second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  third = await join(db, founder, 'Third Manager', ['manager'], [founder, second]);
  ana = await join(db, founder, 'Ana Caseworker', ['caseworker'], [founder, second]);
});

const directory = async (): Promise<Directory> =>
  verifyPeople(await documentsIn(db, founder.staff), founder.staff.founding);
const believed = async ({ staff }: SignedIn) => (await directory()).people.has(staff.person);
const signedIn = async ({ session }: SignedIn) => (await findActor(db.desk, { letterbox: session })) !== null;
/** The same person in a new session, as after signing in again. */
const again = ({ name, staff }: SignedIn) => signIn(db, name, staff);
const passkeys = async ({ staff }: SignedIn) => {
  const sql = `select k.credential as id from letterbox.passkey k, letterbox.passkey_for(k.credential) f
    where k.person = $1`;
  return (await db.admin.rows(z.object({ id: z.string() }), sql, [staff.person])).length;
};

describe('leaving', () => {
  test('ends every session, signing in and all belief at once, and keeps the person in the history', async () => {
    expect([await signedIn(ana), await passkeys(ana), await believed(ana)]).toEqual([true, 1, true]);
    const other = await again(ana);
    settled(await leave(db, second, ana));
    expect([await signedIn(ana), await signedIn(other), await passkeys(ana)]).toEqual([false, false, 0]);
    expect(await believed(ana)).toBe(false);
    const { everyone } = await directory();
    expect(everyone.get(ana.staff.person)?.name).toBe('Ana Caseworker');
  });

  test('one may leave by oneself; another’s leaving is a manager’s', async () => {
    const ben = await join(db, founder, 'Ben Caseworker', ['caseworker'], [founder, second]);
    expect(refusalOf(await leave(db, ana, ben))).toBe('not-manager');
    settled(await leave(db, ana, ana));
    expect(await believed(ana)).toBe(false);
    expect(refusalOf(await leave(db, founder, ana))).toBe('left-already');
  });

  test('of a manager is refused where fewer than two would remain, by oneself too', async () => {
    settled(await leave(db, founder, third));
    expect(refusalOf(await leave(db, founder, second))).toBe('last-managers');
    expect(refusalOf(await leave(db, second, second))).toBe('last-managers');
    await forge(db, await signLeaving(founder.staff, second.staff.person, 'Away with them', new Date()));
    expect(await believed(second), 'nor does a browser believe it from the database').toBe(true);
  });

  test('keeps what was signed before, and nothing signed after', async () => {
    const late = await enrol(db, founder, 'Late Person', []);
    settled(await confirm(db, third, late, []));
    settled(await leave(db, founder, third));
    expect(await confirm(db, founder, late, []), 'two have signed').toEqual({ confirmed: true });
    await forge(db, await signLeaving(third.staff, ana.staff.person, 'Out of spite', new Date()));
    expect(await believed(ana)).toBe(true);
  });

  test('who comes back is another person, with other keys and two new signatures', async () => {
    settled(await leave(db, founder, ana));
    const back = await join(db, founder, 'Ana Caseworker', ['caseworker'], [founder, second]);
    expect(back.staff.person).not.toBe(ana.staff.person);
    expect([await believed(back), await believed(ana)]).toEqual([true, false]);
  });

  test('once there were two managers, it takes two for ever', async () => {
    settled(await leave(db, second, founder));
    const late = await enrol(db, second, 'Late Person', []);
    expect(await confirm(db, second, late, [])).toEqual({ confirmed: false });
    expect(await believed(late)).toBe(false);
    expect(await confirm(db, third, late, [])).toEqual({ confirmed: true });
  });
});

describe('a suspension', () => {
  test('ends sessions and signing in until two managers lift it', async () => {
    settled(await suspend(db, founder, ana));
    expect([await signedIn(ana), await passkeys(ana), await believed(ana)]).toEqual([false, 0, false]);
    expect(await resume(db, second, ana)).toEqual({ stands: false });
    expect([await passkeys(ana), await believed(ana)]).toEqual([0, false]);
    expect(refusalOf(await resume(db, second, ana))).toBe('signed-already');
    expect(await resume(db, third, ana)).toEqual({ stands: true });
    expect([await signedIn(ana), await passkeys(ana), await believed(ana)]).toEqual([false, 1, true]);
    expect(await signedIn(await again(ana))).toBe(true);
  });

  test('is refused to caseworkers, of oneself, twice, and where fewer than two managers would remain', async () => {
    expect(refusalOf(await suspend(db, ana, third))).toBe('not-manager');
    expect(refusalOf(await suspend(db, third, third))).toBe('own-suspension');
    settled(await suspend(db, founder, third));
    expect(refusalOf(await suspend(db, founder, third))).toBe('suspended-already');
    expect(refusalOf(await suspend(db, founder, second))).toBe('last-managers');
    await forge(db, await signSuspension(founder.staff, second.staff.person, 'Out of the way', new Date()));
    expect(await believed(second), 'nor does a browser believe it from the database').toBe(true);
  });

  test('is lifted neither by the person, nor by a caseworker, nor by two signatures of one manager', async () => {
    const fourth = await join(db, founder, 'Fourth Manager', ['manager'], [founder, second]);
    settled(await suspend(db, founder, fourth));
    expect(refusalOf(await resume(db, fourth, fourth))).toBe('signed-out');
    expect(refusalOf(await resume(db, ana, fourth))).toBe('not-manager');
    const { hash = '' } =
      (await documentsIn(db, founder.staff)).findLast(({ kind }) => kind === 'suspension') ?? {};
    const sign = ({ staff }: SignedIn, seconds: number) =>
      signResumption(staff, fourth.staff.person, hash, new Date(Date.now() + seconds * 1000));
    for (const by of [founder, founder, fourth, ana]) await forge(db, await sign(by, Math.random() * 1000));
    expect(await believed(fourth), 'nor by as many from the database').toBe(false);
    await forge(db, await sign(second, 0));
    expect(await believed(fourth), 'control: by a second manager it is').toBe(true);
  });

  test('lifting one does not lift the next', async () => {
    settled(await suspend(db, founder, ana));
    const { hash = '' } =
      (await documentsIn(db, founder.staff)).findLast(({ kind }) => kind === 'suspension') ?? {};
    for (const by of [second, third]) settled(await resume(db, by, ana));
    settled(await suspend(db, founder, ana));
    const old = await signResumption(founder.staff, ana.staff.person, hash, new Date());
    expect(refusalOf(await actOnStanding(db.desk, founder.session, 'resumption', old))).toBe('missing');
    expect(await resume(db, second, ana)).toEqual({ stands: false });
    expect(await believed(ana)).toBe(false);
  });

  test('counts from its position on: what was signed before stands, what is signed meanwhile does not', async () => {
    settled(await suspend(db, founder, third));
    for (const by of [founder, second]) settled(await resume(db, by, third));
    const all = await documentsIn(db, founder.staff);
    const at = (kind: string, last = true) =>
      (last ? all.findLast((each) => each.kind === kind) : all.find((each) => each.kind === kind))
        ?.position ?? 0;
    const now = await directory();
    const stood = (position: number) => stoodAt(now, third.staff.person, position) !== null;
    expect(stood(at('suspension'))).toBe(false);
    expect(stood(at('suspension') - 0.5)).toBe(true);
    expect(stood(at('resumption', false))).toBe(false);
    expect(stood(at('resumption') + 0.5)).toBe(true);
  });

  test('that another manager signed while this one waited is seen: they no longer act', async () => {
    expect(await suspendEachOther()).toEqual(['signed-out', []]);
  });

  test('negative control: without looking again, the database lets act whom no browser believes', async () => {
    await db.admin.run(`create or replace function letterbox.actor_in_turn(capacity text default null)
      returns letterbox.acting language plpgsql volatile as $$
      declare who letterbox.acting := letterbox.require_actor(capacity);
      begin
        perform pg_advisory_xact_lock(hashtext('people' || who.organisation));
        return who;
      end $$`);
    const [refusal, ignored] = await suspendEachOther();
    expect([refusal, ignored.length]).toEqual(['no refusal', 1]);
  });

  /** The founder suspends the second manager, who suspends Ana while that is under way. */
  async function suspendEachOther(): Promise<[string, readonly { hash: string }[]]> {
    const first = await signSuspension(founder.staff, second.staff.person, 'To be cleared', new Date());
    let meanwhile: Promise<unknown> = Promise.resolve();
    await act(db.desk, founder.session, async (tx) => {
      await tx.run('select letterbox.suspend_person($1, $2)', [first.text, first.signature]);
      meanwhile = suspend(db, second, ana);
      await waitingForTurn();
    });
    return [refusalOf(await meanwhile), (await directory()).ignored];
  }
  async function waitingForTurn(): Promise<void> {
    const sql = `select count(*)::integer as n from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    for (;;) if ((await db.admin.one(z.object({ n: z.number() }), sql)).n > 0) return;
  }
});

describe('leave', () => {
  test('is told by the person or a manager, listed until it is over, and taken back', async () => {
    const { id } = settled(await away(db, ana, ana, 1, 10));
    settled(await away(db, founder, ana, 20, 30));
    expect(refusalOf(await away(db, ana, third, 1, 2))).toBe('not-manager');
    const listed = async () =>
      settled(await act(db.desk, founder.session, people)).find((row) => row.id === ana.staff.person)?.away;
    expect((await listed())?.map((each) => each.id)[0]).toBe(id);
    expect(await listed()).toHaveLength(2);
    const ben = await join(db, founder, 'Ben Caseworker', ['caseworker'], [founder, second]);
    expect(refusalOf(await forgetAway(db.desk, ben.session, id))).toBe('missing');
    settled(await forgetAway(db.desk, ana.session, id));
    expect(await listed()).toHaveLength(1);
    await db.admin.run('update letterbox.away set first_day = current_date - 9, last_day = current_date - 1');
    expect(await listed()).toEqual([]);
  });

  test('is refused for days that do not fit, and changes nobody’s standing', async () => {
    for (const [first, last] of [
      [5, 4],
      [-9, -1],
      [1, 900],
    ] as const)
      expect(refusalOf(await away(db, ana, ana, first, last))).toBe('days');
    settled(await away(db, ana, ana, 0, 5));
    expect([await signedIn(ana), await believed(ana)]).toEqual([true, true]);
  });
});

test('each act leaves exactly one register entry, and each refusal exactly one', async () => {
  const kinds = async (work: () => Promise<unknown>) => (await entriesOf(db, work)).map(({ kind }) => kind);
  expect(await kinds(() => suspend(db, founder, ana))).toEqual(['suspension']);
  expect(await kinds(() => suspend(db, founder, ana))).toEqual(['refusal']);
  expect(await kinds(() => resume(db, second, ana))).toEqual(['resumption']);
  expect(await kinds(() => resume(db, third, ana))).toEqual(['resumption']);
  expect(await kinds(() => resume(db, third, ana))).toEqual(['refusal']);
  expect(await kinds(() => leave(db, second, ana))).toEqual(['leaving']);
  expect(await kinds(() => leave(db, second, ana))).toEqual(['refusal']);
  let told = { id: '' };
  const tell = async () => {
    told = settled(await away(db, third, third, 1, 2));
  };
  expect(await kinds(tell)).toEqual(['away']);
  expect(await kinds(() => away(db, third, third, 2, 1))).toEqual(['refusal']);
  expect(await kinds(() => forgetAway(db.desk, third.session, told.id))).toEqual(['away-forgotten']);
  expect(await kinds(() => forgetAway(db.desk, third.session, told.id))).toEqual(['refusal']);
});

test('after any sequence of acts, the database lets stand exactly whom the documents prove', async () => {
  const ben = await enrol(db, founder, 'Ben Manager', ['manager']);
  const cy = await enrol(db, founder, 'Cy Caseworker', []);
  const waiting: readonly Enrolled[] = [ben, cy];
  const everybody: readonly SignedIn[] = [founder, second, third, ana, ...waiting];
  const anybody = fc.nat(everybody.length - 1);
  const step = fc.record({
    what: fc.constantFrom('confirm', 'leave', 'suspend', 'suspend', 'resume', 'resume', 'resume', 'train'),
    by: anybody,
    whom: anybody,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      for (const { what, by, whom } of steps) await take(what, by, whom);
      expect(await standingInDatabase()).toEqual([...(await directory()).people.keys()].sort());
      expect((await directory()).ignored).toEqual([]);
    }),
    { numRuns: 8, endOnFailure: true },
  );

  // Each run goes on where the one before ended: the longer, the stranger.
  async function take(what: string, by: number, whom: number): Promise<void> {
    const [actor, target] = [everybody[by], everybody[whom]];
    if (!actor || !target) return;
    const signer = await again(actor);
    if (what === 'leave') await leave(db, signer, target);
    else if (what === 'suspend') await suspend(db, signer, target);
    else if (what === 'resume') await resume(db, signer, target);
    else if (what === 'train') await train(db, signer).catch(() => undefined);
    else {
      const enrolled = waiting.find((each) => each === target);
      if (enrolled)
        await confirm(db, signer, enrolled, enrolled === ben ? ['manager'] : []).catch(() => undefined);
    }
  }
  async function standingInDatabase(): Promise<string[]> {
    const sql = 'select id from letterbox.person where letterbox.stands(organisation, id)';
    return (await db.admin.rows(z.object({ id: z.string() }), sql)).map(({ id }) => id).sort();
  }
});
