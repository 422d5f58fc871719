/** The real thing, done in Node as browsers do it: every reader has gone, two keyholders and two sheets bring the keys back. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  aFoundedBody,
  directoryOf,
  documentsOf,
  entriesOf,
  join,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { recipientOf } from '../sealing/keys.ts';
import { newId } from '../sealing/place.ts';
import { shareText, splitIdentity } from '../sealing/shares.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { testDatabase } from '../store/testing.ts';
import { recoverKeys, type SealedKey } from './browser/recovery-keys.ts';
import { type HandOver, handOverOf, recoveryRule, verifyRecoveries } from './recovery.ts';
import { actOnRecovery, handOverRecovery, recoveryEnvelopes } from './recovery-acts.ts';
import { signRecovery } from './recovery-documents.ts';
import { rebuildFrom } from './recovery-sheets.ts';
import { end, keysOf, letRead, openForm, provenIn, turn } from './testing.ts';
import { provenInForce } from './verify.ts';

let body: TestBody;
let kim: SignedIn;
let lee: SignedIn;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  const managers = [body.founder, body.second];
  kim = await join(body.db, body.founder, 'Kim Keyholder', ['keyholder'], managers);
  lee = await join(body.db, body.founder, 'Lee Sheetwright', ['keyholder'], managers);
  // Ben is the only reader, and turned the key once. As he goes a manager ends his access, which turns it again, around his.
  const bens = await letRead(body, body.ben);
  await openForm(body, body.ben);
  settled(await turn(body, body.ben));
  settled(await end(body, body.founder, bens, true));
  await letRead(body, body.ana);
});

/** Begun by the founder for Ana, with the consents of both keyholders; gives the recovery's hash. */
async function consented(): Promise<string> {
  const { db, founder, ana } = body;
  const about = {
    kind: 'recovery',
    id: newId(),
    person: ana.staff.person,
    forms: ['review'],
    reason: 'Ben has gone',
  } as const;
  const signed = await signRecovery(founder.staff, about, new Date());
  settled(await actOnRecovery(db.desk, founder.session, 'begin', signed));
  const recovery = await sha256Hex(signed.text);
  for (const who of [kim, lee]) {
    const consent = await signRecovery(who.staff, { kind: 'recovery-consent', recovery }, new Date());
    settled(await actOnRecovery(db.desk, who.session, 'consent', consent));
  }
  return recovery;
}

/** What a browser makes of the documents; throws the sentence it would show. */
async function proved(
  recovery: string,
  documents?: Awaited<ReturnType<typeof documentsOf>>,
): Promise<HandOver> {
  const all = documents ?? (await documentsOf(body));
  const directory = await directoryOf(body, all);
  const founding = all.find(({ kind }) => kind === 'founding')?.text ?? '';
  const found = (await verifyRecoveries(all, directory)).recoveries.find(({ hash }) => hash === recovery);
  const at = new Date().toISOString();
  const lines = provenInForce(await provenIn(body), at);
  const handOver = handOverOf(found, recoveryRule(founding).k, directory, lines, at);
  if ('problem' in handOver) throw new Error(handOver.problem);
  return handOver;
}

/** Sheets 1 and 3 of a printed set, typed in. */
async function typedIn() {
  const { organisation } = body.founder.staff;
  const rule = { recipient: await recipientOf(body.recovery), k: 2, n: 3 };
  const sheets = (await splitIdentity(body.recovery, organisation, rule)).map(shareText);
  const rebuilt = await rebuildFrom([sheets[0] ?? '', sheets[2] ?? ''], organisation, rule);
  if ('problems' in rebuilt) throw new Error(rebuilt.problems.map(({ message }) => message).join());
  return rebuilt.identity;
}

async function given(recovery: string): Promise<SealedKey[]> {
  const found = settled(await recoveryEnvelopes(body.db.desk, kim.session, recovery));
  return found.map((each) => ({ ...each, sealed: Buffer.from(each.sealed).toString('hex') }));
}
const opened = async (handOver: HandOver, envelopes: readonly SealedKey[]) =>
  recoverKeys(await typedIn(), kim.staff.organisation, handOver, envelopes, await provenIn(body), new Date());

test('whoever is named opens the old keys afterwards, and not before', async () => {
  expect(await keysOf(body, body.ana), 'nobody handed anything over').toEqual([]);
  const recovery = await consented();
  const handOver = await proved(recovery);
  const entries = await entriesOf(body.db, async () => {
    const { keys, failed } = await opened(handOver, await given(recovery));
    expect(failed).toEqual([]);
    const done = await signRecovery(kim.staff, { kind: 'recovery-end', recovery, done: true }, new Date());
    settled(await handOverRecovery(body.db.desk, kim.session, done, keys));
  });
  expect(entries.map(({ kind }) => kind)).toEqual(['recovery-envelopes', 'recovery-end']);

  const signed = (await provenIn(body)).keys.map(({ key }) => [key.form, key.generation, key.recipient]);
  const held = await keysOf(body, body.ana);
  const own = await Promise.all(
    held.map(async (key) => [key.form, key.generation, await recipientOf(key.identity)]),
  );
  expect(own).toEqual(signed);
  expect(own).toHaveLength(3);
  expect(held.map(({ around }) => around)).toEqual([null, null, 2]);
  expect(await keysOf(body, kim), 'who carried it out gets nothing').toEqual([]);
  await expect(proved(recovery)).rejects.toThrow(/carried out already/);
});

describe('a server that lies', () => {
  test('hides a consent, or shows a recovery that another signed: nothing is opened', async () => {
    const recovery = await consented();
    const documents = await documentsOf(body);
    const consents = documents.filter(({ kind }) => kind === 'recovery-consent');
    await expect(
      proved(
        recovery,
        documents.filter((each) => each !== consents[0]),
      ),
    ).rejects.toThrow(/Not enough keyholders/);
    const swapped = documents.map((each) => {
      if (each.kind !== 'recovery') return each;
      return { ...each, text: each.text.replaceAll(body.ana.staff.person, body.ben.staff.person) };
    });
    await expect(proved(recovery, swapped)).rejects.toThrow(/No manager’s signature/);
  });

  test('gives an envelope of another place or key: that one stays closed, the others open', async () => {
    const recovery = await consented();
    const handOver = await proved(recovery);
    const [first, second, ...rest] = await given(recovery);
    if (!first || !second) throw new Error('All were given.');
    const swapped = [first, { ...second, sealed: first.sealed }, ...rest];
    const { keys, failed } = await opened(handOver, swapped);
    expect(keys.map(({ generation }) => generation)).toEqual([1, 3]);
    expect(failed).toEqual([{ form: 'review', generation: 2 }]);
    expect((await opened(handOver, [])).keys).toEqual([]);
  });
});
