/** Access to one case and no other: a legal adviser from outside. */
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { fulfilGrants } from '../grants/acts.ts';
import { effectOf } from '../grants/grant.ts';
import { myFormKeys, whatWaits } from '../grants/store.ts';
import {
  approve,
  end,
  keysOf,
  letRead,
  linesOf,
  openForm,
  propose,
  provenIn,
  stateFor,
  termsFound,
} from '../grants/testing.ts';
import { aFoundedBody, join, refusalOf, type SignedIn, settled, type TestBody } from '../people/testing.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { openCaseKey, openEnvelope, openJson } from '../sealing/open.ts';
import { formId, personId } from '../sealing/place.ts';
import {
  caseKeyPlaceFor,
  newCase,
  type SealedPost,
  sealCaseKeyTo,
  sealSubmission,
  submissionPlace,
} from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { postCases } from '../submissions/acts.ts';
import { listCases, myForms, releaseCase } from './store.ts';

let body: TestBody;
let adviser: SignedIn;
let theirs: SealedPost;
let other: SealedPost;

beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  const managers = [body.founder, body.second];
  adviser = await join(body.db, body.founder, 'Noel Finch', [], managers, { outside: 'Finch & Lane' });
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  theirs = await posted('about theirs');
  other = await posted('about another');
});

async function posted(why: string): Promise<SealedPost> {
  const shape = z.object({ recipient: z.string() });
  const { recipient } = await body.db.slot.one(shape, 'select recipient from letterbox.published_forms()');
  const { organisation } = body.founder.staff;
  const target = {
    organisation,
    form: formId('review'),
    version: 1,
    generation: 1,
    recipient: parseRecipient(recipient),
  };
  const content = { answers: { why }, summary: { title: why, lines: [] }, equality: null };
  const post = await sealSubmission(await newCase(target, new Date()), content, []);
  const [result] = await postCases(body.db.slot, [{ slug: 'exampleshire', post }]);
  expect(result?.verdict).toBe('accepted');
  return post;
}

const terms = () => ({
  scopes: [{ form: 'review', case: theirs.case, fromGeneration: 1, purpose: 'Review cases' }],
});

/** Proposed, approved, and the case's key handed over by a reader of the form. */
async function letReadOne(): Promise<string> {
  const id = await propose(body, body.founder, adviser, terms());
  settled(await approve(body, body.second, id));
  settled(await hand(body.ana, id));
  return id;
}

async function hand(by: SignedIn, id: string) {
  const [grant = ''] = await linesOf(body, id);
  const line = (await provenIn(body)).grants.find((each) => each.id === grant);
  const [own] = await keysOf(body, body.ana);
  if (!line || !own) throw new Error('The grant is proven, and Ana holds the key.');
  const identity = await openCaseKey(own.identity, theirs, theirs.caseKey);
  const to = parseRecipient(line.recipient);
  const sealed = await sealCaseKeyTo(theirs, personId(line.person), to, identity, new Date());
  return fulfilGrants(body.db.desk, by.session, [
    { grant, generation: null, sealed: Buffer.from(sealed).toString('hex') },
  ]);
}

const asAdviser = <T>(work: Parameters<typeof act<T>>[2]) => act(body.db.desk, adviser.session, work);

test('they open that case by a key sealed to them, and its summary is not theirs', async () => {
  await letReadOne();
  const row = settled(await asAdviser((tx) => releaseCase(tx, theirs.case)));
  expect([row.to_person, row.summary]).toEqual([true, null]);
  const place = caseKeyPlaceFor(theirs, adviser.staff.person);
  const key = await openEnvelope(adviser.staff.identity, row.case_key, place);
  expect(await openJson(key, row.answers, submissionPlace(theirs, 'answers'))).toEqual({
    why: 'about theirs',
  });
});

test('no other case is theirs, listed or released, and no key of the form', async () => {
  await letReadOne();
  const listed = settled(await asAdviser((tx) => listCases(tx, 'review', null)));
  expect(listed.map(({ id, summary }) => [id, summary])).toEqual([[theirs.case, null]]);
  expect(refusalOf(await asAdviser((tx) => releaseCase(tx, other.case)))).toBe('missing');
  expect(settled(await asAdviser(myFormKeys))).toEqual([]);
  expect(settled(await asAdviser(myForms))).toMatchObject([
    { form: 'review', cases: 1n, whole: false, has_key: true },
  ]);
  const control = settled(await act(body.db.desk, body.ana.session, (tx) => listCases(tx, 'review', null)));
  expect(control).toHaveLength(2);
});

test('the preview counts one submission, the form’s readers with them, and says who is from outside', async () => {
  const id = await propose(body, body.founder, adviser, terms());
  const proposal = await termsFound(body, id);
  const state = await stateFor(body, proposal);
  const effect = effectOf(state, proposal, new Date().toISOString());
  expect(effect).toMatchObject({ readers: 2, outside: 1 });
  expect(effect.scopes[0]?.submissions.count).toBe(1);
});

test('the key waits for a reader of the form; nobody else can hand it over', async () => {
  const id = await propose(body, body.founder, adviser, terms());
  settled(await approve(body, body.second, id));
  const waits = async (who: SignedIn) =>
    settled(await act(body.db.desk, who.session, whatWaits)).map(({ what, case_id }) => [what, case_id]);
  expect(await waits(body.ana)).toEqual([['fulfil', theirs.case]]);
  expect(await waits(body.second)).toEqual([]);
  expect(refusalOf(await asAdviser((tx) => releaseCase(tx, theirs.case)))).toBe('no-key-yet');
  expect(refusalOf(await hand(body.second, id))).toBe('not-a-reader');
  settled(await hand(body.ana, id));
  expect(await waits(body.ana)).toEqual([]);
});

test('its end stops them at once, and the form keeps its key', async () => {
  const id = await letReadOne();
  settled(await end(body, body.second, id, true));
  expect(refusalOf(await asAdviser((tx) => releaseCase(tx, theirs.case)))).toBe('missing');
  expect(settled(await asAdviser((tx) => listCases(tx, 'review', null)))).toEqual([]);
  expect((await provenIn(body)).keys).toHaveLength(1);
});

test('a case that is not there cannot be given', async () => {
  const absent = '01900000-0000-7000-8000-000000000000';
  const scopes = terms().scopes.map((scope) => ({ ...scope, case: absent }));
  await expect(propose(body, body.founder, adviser, { scopes })).rejects.toThrow('missing');
});
