/** A browser that is given only what today's access rests on judges as if it had been given everything ever signed. */
import { beforeEach, expect, test } from 'vitest';
import { documentsInForce } from '../people/store.ts';
import { aFoundedBody, directoryOf, documentsOf, settled, type TestBody } from '../people/testing.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { endGrants } from './acts.ts';
import { signEnd } from './proposal.ts';
import {
  approval,
  approve,
  end,
  handOver,
  letRead,
  linesOf,
  openForm,
  post,
  propose,
  withdraw,
} from './testing.ts';
import { type Proven, provenLive, verifyGrants } from './verify.ts';

let body: TestBody;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
});

const inForce = async () => settled(await act(body.db.desk, body.ana.session, documentsInForce));
const judged = async (documents: Awaited<ReturnType<typeof inForce>>) =>
  verifyGrants(documents, await directoryOf(body, documents));
const soon = () => new Date(Date.now() + 86_400_000).toISOString();
const idsOf = (proven: Proven) => provenLive(proven, new Date().toISOString()).map(({ id }) => id);

/** Ana reads and made the key; Ben read and was ended, which turned it; one waits, one comes later, one was withdrawn. */
async function aLife(): Promise<{ readonly ended: string }> {
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  const ended = await propose(body, body.founder, body.ben);
  settled(await approve(body, body.second, ended));
  settled(await handOver(body, body.ana, ended));
  settled(await end(body, body.founder, ended, true));
  settled(await withdraw(body, body.second, await propose(body, body.founder, body.ben)));
  const later = await propose(body, body.founder, body.ben, { from: soon() });
  settled(await approve(body, body.second, later));
  await propose(body, body.founder, body.ben, { from: soon() });
  return { ended };
}

test('what is proven to be in force, to come or waiting is the same, and the past stays away', async () => {
  const { ended } = await aLife();
  const [now, ever] = [await inForce(), await documentsOf(body)];
  const [small, whole] = [await judged(now), await judged(ever)];
  expect(idsOf(small)).toEqual(idsOf(whole));
  expect(idsOf(small)).toHaveLength(2);
  expect(small.keys).toEqual(whole.keys);
  expect(small.keys).toHaveLength(2);
  const over = await linesOf(body, ended);
  expect(whole.grants.map(({ id }) => id)).toEqual(expect.arrayContaining(over));
  for (const line of over) expect(small.grants.map(({ id }) => id)).not.toContain(line);
  expect(now.filter(({ kind }) => kind === 'grant-end' || kind === 'withdrawal')).toEqual([]);
  expect(now.filter(({ kind }) => kind === 'grant')).toHaveLength(3);
  expect(ever.filter(({ kind }) => kind === 'grant')).toHaveLength(5);
});

test('a line that somebody opened again in the database comes with its end, and is not believed', async () => {
  const { ended } = await aLife();
  const [line] = await linesOf(body, ended);
  await body.db.admin.run(
    'update letterbox.grants set ended_at = null, ended_by = null, end_document = null where id = $1',
    [line ?? ''],
  );
  const now = await inForce();
  expect(idsOf(await judged(now))).not.toContain(line);
  // Negative control: were the end left out, the line would be believed.
  expect(idsOf(await judged(now.filter(({ kind }) => kind !== 'grant-end')))).toContain(line);
});

test('so does one whose row was taken away while another line of its document stays', async () => {
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  const both = await propose(body, body.founder, [body.ana, body.ben]);
  settled(await approve(body, body.second, both));
  const bens = (await linesOf(body, both))[1] ?? '';
  const signed = await signEnd(body.second.staff, [bens], 'No longer needed', new Date());
  settled(await endGrants(body.db.desk, body.second.session, signed, []));
  await body.db.admin.run('delete from letterbox.grants where id = $1', [bens]);
  expect(idsOf(await judged(await inForce()))).not.toContain(bens);
});

test('a withdrawn proposal that somebody has opened again and a second manager signed comes with its withdrawal', async () => {
  const id = await propose(body, body.founder, body.ben);
  const signed = await approval(body, body.second, id);
  settled(await withdraw(body, body.founder, id));
  await body.db.admin.run(
    'update letterbox.proposal set withdrawn_at = null, withdrawal = null where id = $1',
    [id],
  );
  settled(await post(body, body.second, 'approve', signed));
  const [line] = await linesOf(body, id);
  const now = await inForce();
  expect(idsOf(await judged(now))).not.toContain(line);
  expect(idsOf(await judged(now.filter(({ kind }) => kind !== 'withdrawal')))).toContain(line);
});
