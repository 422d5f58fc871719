/** Ending access turns the form's key: what arrives later opens with nothing that somebody kept. */
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import {
  aFoundedBody,
  join,
  leave,
  recoveryOf,
  refusalOf,
  type SignedIn,
  settled,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import { type Identity, parseRecipient } from '../sealing/keys.ts';
import { type FormIdentities, openSubmission } from '../sealing/open.ts';
import { formId } from '../sealing/place.ts';
import { newCase, type SealedPost, sealSubmission } from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { turnKey } from './acts.ts';
import { parseDocument } from './documents.ts';
import { sign, turnFormKey } from './form-key.ts';
import { whatWaits } from './store.ts';
import {
  approve,
  end,
  handOver,
  keysOf,
  letRead,
  linesOf,
  openForm,
  propose,
  provenIn,
  stateOf,
  turn,
  turnOf,
  whole,
} from './testing.ts';

let body: TestBody;
/** Both read the form; the founder and the second manager do not. */
let anas: string;
let bens: string;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  anas = await letRead(body, body.ana);
  await openForm(body, body.ana);
  bens = await letRead(body, body.ben);
  settled(await handOver(body, body.ana, bens));
});

const content = {
  answers: { why: 'They knew' },
  summary: { title: 'About a review', lines: [] },
  equality: null,
};

/** A submission as a browser seals it to what the public side publishes at this moment. */
async function submitted(): Promise<SealedPost> {
  const shape = z.object({
    generation: z.number(),
    recipient: z.string(),
    inner_text: z.string().nullable(),
  });
  const sql =
    "select generation, recipient, inner_text from letterbox.published_forms() where form = 'review'";
  const { generation, recipient, inner_text } = await body.db.slot.one(shape, sql);
  const inner = inner_text && keyShape.parse(JSON.parse(inner_text)).recipient;
  const target = {
    ...{ organisation: body.founder.staff.organisation, form: formId('review'), version: 1, generation },
    ...{ recipient: parseRecipient(recipient), ...(inner && { inner: parseRecipient(inner) }) },
  };
  return sealSubmission(await newCase(target, new Date()), content, []);
}

const keyShape = z.object({ recipient: z.string() });

/** Every way these secrets might open it: each alone, and each inside each other. */
function waysOf(secrets: readonly Identity[]): FormIdentities[] {
  return secrets.flatMap((outer): FormIdentities[] => [
    outer,
    ...secrets.map((inner): FormIdentities => [outer, inner]),
  ]);
}

async function opens(post: SealedPost, secrets: readonly Identity[]): Promise<boolean> {
  for (const way of waysOf(secrets)) {
    const opened = await openSubmission(way, post, post).catch(() => null);
    if (opened) return true;
  }
  return false;
}

const secretsOf = async (who: SignedIn): Promise<Identity[]> =>
  (await keysOf(body, who)).map(({ identity }) => identity);
const waits = async (who: SignedIn) =>
  settled(await act(body.db.desk, who.session, whatWaits)).map(({ what }) => what);

test('what arrives after an end opens for those who still read, and with no key of whoever lost access', async () => {
  const kept = await secretsOf(body.ben);
  expect(await opens(await submitted(), kept), 'control: before the end it does').toBe(true);
  settled(await end(body, body.second, bens, true));
  const later = await submitted();
  expect(await opens(later, kept)).toBe(false);
  expect(await opens(later, await secretsOf(body.ana))).toBe(true);
});

test('the manager who ended it made a key that opens nothing by itself, nor with what they could ever get', async () => {
  const turned = await turnOf(body, body.second, 'review', new Set());
  expect(JSON.parse(turned.text).around, 'a manager’s key lies around the one before').not.toBeNull();
  settled(await end(body, body.second, bens, true));
  expect(await secretsOf(body.second)).toEqual([]);
  const [outer] = (await keysOf(body, body.ana)).filter(({ around }) => around !== null);
  expect(await opens(await submitted(), outer ? [outer.identity] : [])).toBe(false);
});

test('the next reader at the desk turns it to a plain key, and then nothing waits', async () => {
  settled(await end(body, body.second, bens, true));
  expect(await waits(body.ana)).toEqual(['turn-key']);
  expect(await waits(body.second)).toEqual([]);
  settled(await turn(body, body.ana));
  expect(await waits(body.ana)).toEqual([]);
  expect((await stateOf(body)).forms[0]?.generation).toBe(3);
  expect((await provenIn(body)).keys.map(({ plain }) => plain)).toEqual([1, 1, 3]);
  expect(await opens(await submitted(), await secretsOf(body.ana))).toBe(true);
});

test.each(['ends by its date', 'is suspended', 'leaves'])(
  'where somebody %s, whoever comes next turns the key',
  async (how) => {
    const kept = await secretsOf(body.ben);
    if (how === 'is suspended') settled(await suspend(body.db, body.second, body.ben));
    else if (how === 'leaves') settled(await leave(body.db, body.second, body.ben));
    else
      await body.db.admin.run(
        `update letterbox.grants set starts = now() - interval '2 days', until = now() - interval '1 second' where proposal = $1`,
        [bens],
      );
    expect(await waits(body.second)).toEqual(['turn-key']);
    expect(await waits(body.ana)).toEqual(['turn-key']);
    if (how !== 'ends by its date') {
      settled(await turn(body, body.second));
      expect(await opens(await submitted(), kept)).toBe(false);
      expect(await opens(await submitted(), await secretsOf(body.ana))).toBe(true);
    }
  },
);

test('a manager who once read makes no key around the one they may have kept, and what they end is ended all the same', async () => {
  const third = await join(body.db, body.founder, 'Third Manager', ['manager'], [body.founder, body.second]);
  const thirds = await letRead(body, third);
  settled(await handOver(body, body.ana, thirds));
  const kept = await secretsOf(third);
  const unkept = await turnOf(body, body.founder, 'review', new Set(await linesOf(body, bens)));
  const asIf = { ...unkept, ...(await signAround(third, unkept)) };
  settled(await end(body, third, thirds));
  expect(
    await turnFormKey(
      third.staff,
      await provenIn(body),
      formId('review'),
      await recoveryOf(body),
      new Date(),
    ),
  ).toBeNull();
  expect(refusalOf(await turnKey(body.db.desk, third.session, asIf))).toBe('held-the-key');
  expect(await waits(third)).toEqual([]);
  expect(await waits(body.second)).toEqual(['turn-key']);
  settled(await turn(body, body.second));
  expect(await opens(await submitted(), kept)).toBe(false);
  // Negative control: with the guard down, their key counts in the database, and no browser believes it.
  settled(await end(body, body.second, bens));
  await body.db.admin.run(`create or replace function letterbox.was_let_read(org uuid, who uuid, of_form text, of_generation integer)
    returns boolean language sql stable as 'select false'`);
  const again = await turnOf(body, body.founder);
  settled(await turnKey(body.db.desk, third.session, { ...again, ...(await signAround(third, again)) }));
  expect((await provenIn(body)).keys).toHaveLength(2);
});

/** The same key, signed by somebody else. */
async function signAround(by: SignedIn, { text }: { readonly text: string }) {
  const document = parseDocument(text);
  if (document?.kind !== 'form-key') throw new Error('This is no form key.');
  return sign(by.staff, { ...document, signer: by.staff.person });
}

test('a manager who does not read turns nothing while nobody has lost access', async () => {
  expect(refusalOf(await turn(body, body.second))).toBe('not-due');
});

test('nobody turns a key to somebody who may not read, twice, or without the recovery envelope', async () => {
  const good = await turnOf(body, body.ana);
  const post = (envelopes: typeof good.envelopes) =>
    turnKey(body.db.desk, body.ana.session, { ...good, envelopes });
  const mine = good.envelopes.find(({ person }) => person !== null);
  const stranger = { person: body.founder.staff.person, sealed: mine?.sealed ?? '' };
  expect(refusalOf(await post([...good.envelopes, stranger]))).toBe('not-a-reader');
  expect(refusalOf(await post(good.envelopes.filter(({ person }) => person !== null)))).toBe('not-a-reader');
  expect(refusalOf(await turnKey(body.db.desk, body.ben.session, good))).toBe('document-mismatch');
  expect(refusalOf(await post(good.envelopes))).toBe('no refusal');
  expect(refusalOf(await post(good.envelopes))).toBe('key-made-already');
});

test('from now on: nothing that was there opens, everything later does', async () => {
  const third = body.second;
  settled(await end(body, body.founder, bens));
  settled(await turn(body, body.ana));
  const before = await submitted();
  const scopes = [whole('review', (await stateOf(body)).forms[0]?.generation ?? 0)].map((scope) => ({
    ...scope,
    fromGeneration: scope.fromGeneration + 1,
  }));
  const id = await propose(body, body.founder, body.ben, { scopes });
  settled(await approve(body, third, id));
  expect(await waits(body.ana)).toEqual(['turn-key']);
  settled(await turn(body, body.ana));
  expect(await opens(before, await secretsOf(body.ben))).toBe(false);
  expect(await opens(await submitted(), await secretsOf(body.ben))).toBe(true);
  expect(anas).not.toBe(id);
});
