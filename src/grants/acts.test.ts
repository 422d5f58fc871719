/** Two signatures, over the state as it is: what the database takes and what it refuses. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  aFoundedBody,
  entriesOf,
  join,
  publish,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { endGrants, fulfilGrants } from './acts.ts';
import { sign } from './form-key.ts';
import { endOfDayAfter } from './grant.ts';
import type { HandedKey } from './handing.ts';
import { signApproval, signEnd } from './proposal.ts';
import { myFormKeys, whatWaits } from './store.ts';
import {
  approval,
  approve,
  approveKey,
  end,
  handed,
  handOver,
  keysOf,
  letRead,
  linesOf,
  makeKey,
  openForm,
  post,
  proposal,
  propose,
  provenIn,
  review,
  stateFor,
  termsFound,
  turn,
  whole,
  withdraw,
} from './testing.ts';

let body: TestBody;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
});

async function mayRead(who: SignedIn, generation = 1, form = 'review'): Promise<boolean> {
  const sql = 'select letterbox.may_read($1, $2, $3, $4) as may';
  const { organisation, person } = who.staff;
  const row = await body.db.admin.one(z.object({ may: z.boolean() }), sql, [
    organisation,
    person,
    form,
    generation,
  ]);
  return row.may;
}
const waits = async (who: SignedIn) =>
  settled(await act(body.db.desk, who.session, whatWaits)).map(({ what }) => what);
const leaves = (who: SignedIn) =>
  body.db.admin.run('update letterbox.person set left_at = now() where id = $1', [who.staff.person]);
const expires = async (id: string) => {
  const over = "until = now() - interval '1 second'";
  await body.db.admin.run(`update letterbox.proposal set ${over} where id = $1`, [id]);
  const begun = "starts = now() - interval '1 day'";
  await body.db.admin.run(`update letterbox.grants set ${begun}, ${over} where proposal = $1`, [id]);
};
const isFulfilled = async (id: string) => {
  const sql = 'select bool_and(fulfilled_at is not null) as done from letterbox.grants where proposal = $1';
  return (await body.db.admin.one(z.object({ done: z.boolean() }), sql, [id])).done;
};
const aManager = (name: string) =>
  join(body.db, body.founder, name, ['manager'], [body.founder, body.second]);

describe('a proposal', () => {
  test('lets nobody read', async () => {
    await propose(body, body.founder, body.ana);
    expect(await mayRead(body.ana)).toBe(false);
  });

  test('is refused for oneself, from a caseworker, and for somebody who has left', async () => {
    expect(
      refusalOf(
        await post(body, body.founder, 'propose', (await proposal(body, body.founder, body.founder)).signed),
      ),
    ).toBe('own-grant');
    expect(
      refusalOf(await post(body, body.ana, 'propose', (await proposal(body, body.ana, body.ben)).signed)),
    ).toBe('not-manager');
    const { signed } = await proposal(body, body.founder, body.ana);
    await leaves(body.ana);
    expect(refusalOf(await post(body, body.founder, 'propose', signed))).toBe('grantee');
  });

  test('is refused for another’s key, for an unknown purpose and for an unknown form', async () => {
    const { signed } = await proposal(body, body.founder, body.ana);
    const { people, scopes } = JSON.parse(signed.text);
    const named = (change: object) => ({ people: [{ ...people[0], ...change }] });
    const covering = (change: object) => ({ scopes: [{ ...scopes[0], ...change }] });
    const changed = async (change: object) =>
      refusalOf(
        await post(
          body,
          body.founder,
          'propose',
          await sign(body.founder.staff, { ...JSON.parse(signed.text), ...change }),
        ),
      );
    expect(await changed(named({ recipient: body.ben.staff.recipient }))).toBe('grantee-key');
    expect(await changed(covering({ purpose: 'Curiosity' }))).toBe('purpose');
    expect(await changed(covering({ form: 'unheard-of' }))).toBe('purpose');
    expect(await changed(named({ person: newId() }))).toBe('grantee');
    expect(await changed({ state: 'a'.repeat(64) })).toBe('state-moved');
    expect(await changed({})).toBe('no refusal');
  });

  test('may last to the end of the 365th day and no longer', async () => {
    const until = (days: number) => ({ until: endOfDayAfter(new Date().toISOString(), days) });
    const long = await proposal(body, body.founder, body.ana, until(367));
    expect(refusalOf(await post(body, body.founder, 'propose', long.signed))).toBe('until');
    const past = await proposal(body, body.founder, body.ana, until(-1));
    expect(refusalOf(await post(body, body.founder, 'propose', past.signed))).toBe('until');
    await propose(body, body.founder, body.ana, until(365));
  });

  test('is taken once', async () => {
    const { signed } = await proposal(body, body.founder, body.ana);
    settled(await post(body, body.founder, 'propose', signed));
    expect(refusalOf(await post(body, body.founder, 'propose', signed))).toBe('document-replayed');
  });

  test('in another manager’s name, or signed by another, is refused', async () => {
    const { signed } = await proposal(body, body.founder, body.ana);
    expect(refusalOf(await post(body, body.second, 'propose', signed))).toBe('document-mismatch');
    const forged = { ...body.founder.staff, signingKey: body.second.staff.signingKey };
    const wrong = await sign(forged, JSON.parse(signed.text));
    expect(refusalOf(await post(body, body.founder, 'propose', wrong))).toBe('bad-signature');
    expect(refusalOf(await post(body, body.founder, 'approve', signed))).toBe('document-mismatch');
    expect(refusalOf(await post(body, body.founder, 'propose', { ...signed, text: '{' }))).toBe(
      'document-mismatch',
    );
  });
});

describe('an approval', () => {
  test('by a second manager lets that person read that form, and nobody else anything', async () => {
    await publish(body, 'complaint');
    await letRead(body, body.ana);
    expect(await mayRead(body.ana)).toBe(true);
    expect(await mayRead(body.ana, 1, 'complaint')).toBe(false);
    for (const other of [body.ben, body.founder, body.second]) expect(await mayRead(other)).toBe(false);
  });

  test('is refused to the proposer, to the grantee and to a caseworker', async () => {
    const grantee = await aManager('Third Manager');
    const id = await propose(body, body.founder, grantee);
    expect(refusalOf(await approve(body, body.founder, id))).toBe('own-proposal');
    expect(refusalOf(await approve(body, grantee, id))).toBe('own-grant');
    expect(refusalOf(await approve(body, body.ben, id))).toBe('not-manager');
    expect(await mayRead(grantee)).toBe(false);
  });

  test('counts for its own proposal only: moved to another it is refused', async () => {
    const [one, other] = [
      await propose(body, body.founder, body.ana),
      await propose(body, body.founder, body.ben),
    ];
    const signed = await approval(body, body.second, one);
    const { document } = await termsFound(body, other);
    const text = signed.text.replace((await termsFound(body, one)).document, document);
    expect(refusalOf(await post(body, body.second, 'approve', { ...signed, text }))).toBe('bad-signature');
    const mine = await sign(body.second.staff, { ...JSON.parse(signed.text), proposal: document });
    expect(refusalOf(await post(body, body.second, 'approve', mine))).toBe('state-moved');
    expect(await mayRead(body.ben)).toBe(false);
  });

  test('counts once', async () => {
    const id = await propose(body, body.founder, body.ana);
    const signed = await approval(body, body.second, id);
    settled(await post(body, body.second, 'approve', signed));
    expect(refusalOf(await post(body, body.second, 'approve', signed))).toBe('approved-already');
    settled(await end(body, body.founder, id));
    expect(refusalOf(await post(body, body.second, 'approve', signed))).toBe('approved-already');
    expect(await mayRead(body.ana)).toBe(false);
  });

  test('is void once the state has moved, even when it is signed afresh', async () => {
    const id = await propose(body, body.founder, body.ana);
    const before = await approval(body, body.second, id);
    await letRead(body, body.ben);
    expect(refusalOf(await post(body, body.second, 'approve', before))).toBe('state-moved');
    expect(refusalOf(await approve(body, body.second, id))).toBe('state-moved');
    expect(await mayRead(body.ana)).toBe(false);
  });

  test('is refused with another number of people than will be able to read', async () => {
    await letRead(body, body.ben);
    const id = await propose(body, body.founder, body.ana);
    const terms = await termsFound(body, id);
    const state = await stateFor(body, terms);
    const typed = async (people: number) =>
      refusalOf(
        await post(
          body,
          body.second,
          'approve',
          await signApproval(body.second.staff, state, terms, people, new Date()),
        ),
      );
    expect(await typed(1)).toBe('people-count');
    expect(await typed(3)).toBe('people-count');
    expect(await typed(2)).toBe('no refusal');
  });

  test('is refused after the last day, after a withdrawal, and when the proposer has left or is no manager', async () => {
    const third = await aManager('Third Manager');
    const [expired, withdrawn, orphan] = [
      await propose(body, body.founder, body.ana),
      await propose(body, body.founder, body.ana),
      await propose(body, third, body.ana),
    ];
    await expires(expired);
    settled(await withdraw(body, body.founder, withdrawn));
    expect(refusalOf(await approve(body, body.second, expired))).toBe('expired');
    expect(refusalOf(await approve(body, body.second, withdrawn))).toBe('ended-already');
    const change = (sql: string) =>
      body.db.admin.run(`update letterbox.person set ${sql} where id = $1`, [third.staff.person]);
    await change("capacities = '{caseworker}'");
    expect(refusalOf(await approve(body, body.second, orphan))).toBe('proposer-gone');
    await change("capacities = '{manager}', left_at = now()");
    expect(refusalOf(await approve(body, body.second, orphan))).toBe('proposer-gone');
    await change('left_at = null');
    expect(refusalOf(await approve(body, body.second, orphan))).toBe('no refusal');
  });

  test('of a document that is none of this body’s is refused as missing', async () => {
    const id = await propose(body, body.founder, body.ana);
    const other = await aFoundedBody(body.db, 'otherwhere');
    const signed = await approval(body, body.second, id);
    const theirs = {
      ...JSON.parse(signed.text),
      organisation: other.founder.staff.organisation,
      signer: other.founder.staff.person,
    };
    expect(
      refusalOf(await post(body, other.founder, 'approve', await sign(other.founder.staff, theirs))),
    ).toBe('missing');
  });
});

describe('the end of a grant', () => {
  test('needs one manager, and stops reading and the keys at once', async () => {
    const id = await letRead(body, body.ana);
    await openForm(body, body.ana);
    expect(await keysOf(body, body.ana)).toHaveLength(1);
    expect(refusalOf(await end(body, body.ben, id))).toBe('not-manager');
    settled(await end(body, body.second, id));
    expect(await mayRead(body.ana)).toBe(false);
    expect(settled(await act(body.db.desk, body.ana.session, myFormKeys))).toEqual([]);
    expect(refusalOf(await end(body, body.second, id))).toBe('ended-already');
  });

  test('comes by itself after the last day, and when somebody leaves', async () => {
    const id = await letRead(body, body.ana);
    await openForm(body, body.ana);
    await letRead(body, body.ben);
    await expires(id);
    expect(await mayRead(body.ana)).toBe(false);
    expect(settled(await act(body.db.desk, body.ana.session, myFormKeys))).toEqual([]);
    expect(await mayRead(body.ben)).toBe(true);
    await leaves(body.ben);
    expect(await mayRead(body.ben)).toBe(false);
  });

  test('covers no generation before the one it begins with', async () => {
    await letRead(body, body.ben);
    await openForm(body, body.ben);
    await letRead(body, body.ana, { scopes: [whole('review', 2)] });
    expect(await mayRead(body.ana, 1)).toBe(false);
    expect(await mayRead(body.ana, 2)).toBe(true);
  });
});

describe('a form’s key', () => {
  test('is made by a reader only and countersigned by a manager who is somebody else', async () => {
    expect(refusalOf(await makeKey(body, body.ana))).toBe('not-a-reader');
    const third = await aManager('Third Manager');
    await letRead(body, third);
    settled(await makeKey(body, third));
    expect(refusalOf(await makeKey(body, third))).toBe('key-made-already');
    expect(refusalOf(await approveKey(body, third))).toBe('own-key');
    expect(refusalOf(await approveKey(body, body.ben))).toBe('not-manager');
    expect(await waits(body.founder)).toEqual(['approve-key']);
    settled(await approveKey(body, body.founder));
    expect(refusalOf(await approveKey(body, body.second))).toBe('approved-already');
  });

  test('whose maker may no longer read is not countersigned, and another reader makes a new one', async () => {
    const [first] = [await letRead(body, body.ana), await letRead(body, body.ben)];
    settled(await makeKey(body, body.ana));
    expect(refusalOf(await makeKey(body, body.ben))).toBe('key-made-already');
    expect(await waits(body.ben)).toEqual([]);
    settled(await end(body, body.founder, first));
    expect(await waits(body.ben)).toEqual(['make-key']);
    expect(await waits(body.founder)).toEqual([]);
    expect(refusalOf(await approveKey(body, body.founder))).toBe('maker-gone');
    settled(await makeKey(body, body.ben));
    settled(await approveKey(body, body.founder));
    expect(await keysOf(body, body.ben)).toHaveLength(1);
    const rest = 'select count(*)::integer as n from letterbox.key_envelope where person = $1';
    expect((await body.db.admin.one(z.object({ n: z.number() }), rest, [body.ana.staff.person])).n).toBe(0);
  });
});

describe('handing over a key', () => {
  test('waits for every reader without an envelope, and opens what the maker’s key opens', async () => {
    await letRead(body, body.ana);
    await openForm(body, body.ana);
    const id = await letRead(body, body.ben);
    expect(await waits(body.ana)).toEqual(['fulfil']);
    expect(await waits(body.ben)).toEqual([]);
    settled(await handOver(body, body.ana, id));
    expect(await waits(body.ana)).toEqual([]);
    const [own, handed] = [await keysOf(body, body.ana), await keysOf(body, body.ben)];
    expect(handed).toEqual(own);
    expect(await isFulfilled(id)).toBe(true);
  });

  test('of a turned key comes with the turn itself', async () => {
    await letRead(body, body.ana);
    await openForm(body, body.ana);
    const id = await letRead(body, body.ben);
    settled(await handOver(body, body.ana, id));
    settled(await turn(body, body.ana));
    expect(await waits(body.ana)).toEqual([]);
    expect((await keysOf(body, body.ben)).map(({ generation }) => generation)).toEqual([1, 2]);
  });

  test('covers exactly the generations in use that the grant covers', async () => {
    await letRead(body, body.ana);
    await openForm(body, body.ana);
    settled(await turn(body, body.ana));
    const id = await letRead(body, body.ben, { scopes: [whole('review', 2)] });
    const [grant = ''] = await linesOf(body, id);
    const [line] = (await provenIn(body)).grants.filter((each) => each.id === grant);
    if (!line) throw new Error('The line is proven.');
    const [first, second] = await handed(body, body.ana, [{ ...line, fromGeneration: 1 }]);
    if (!first || !second) throw new Error('There are two keys.');
    const hand = async (...keys: HandedKey[]) =>
      refusalOf(await fulfilGrants(body.db.desk, body.ana.session, keys));
    expect(await hand(first)).toBe('generations');
    expect(await hand(first, second)).toBe('generations');
    expect(await hand(second, second)).toBe('generations');
    expect(await hand(second, { ...second, generation: 3 })).toBe('generations');
    expect(await hand({ ...second, generation: null })).toBe('generations');
    expect(await hand(second)).toBe('no refusal');
  });

  test('is refused to who has no key, to oneself, and where the grant is not in force', async () => {
    const mine = await letRead(body, body.ana);
    await openForm(body, body.ana);
    const id = await letRead(body, body.ben);
    const [grant = ''] = await linesOf(body, id);
    const [line] = (await provenIn(body)).grants.filter((each) => each.id === grant);
    const [key] = await handed(body, body.ana, line ? [line] : []);
    const hand = async (by: SignedIn, to: string) =>
      refusalOf(
        await fulfilGrants(body.db.desk, by.session, [
          { generation: 1, sealed: key?.sealed ?? '', grant: to },
        ]),
      );
    expect(await hand(body.second, grant)).toBe('not-a-reader');
    expect(await hand(body.ben, grant)).toBe('own-grant');
    expect(await hand(body.ana, newId())).toBe('missing');
    settled(await end(body, body.founder, id));
    expect(await hand(body.ana, grant)).toBe('not-in-force');
    const [again = ''] = await linesOf(body, await letRead(body, body.ben));
    settled(await end(body, body.founder, mine));
    expect(await hand(body.ana, again)).toBe('not-a-reader');
  });

  test('mends an envelope that cannot be opened', async () => {
    await letRead(body, body.ana);
    await openForm(body, body.ana);
    const id = await letRead(body, body.ben);
    const [grant = ''] = await linesOf(body, id);
    settled(await fulfilGrants(body.db.desk, body.ana.session, [{ grant, generation: 1, sealed: '00' }]));
    await expect(keysOf(body, body.ben)).rejects.toThrow();
    settled(await handOver(body, body.ana, id));
    expect(await keysOf(body, body.ben)).toHaveLength(1);
  });

  test('is not needed again where access is renewed', async () => {
    await letRead(body, body.ana);
    await openForm(body, body.ana);
    const id = await letRead(body, body.ben);
    settled(await handOver(body, body.ana, id));
    settled(await end(body, body.founder, id));
    const renewed = await letRead(body, body.ben);
    expect(await isFulfilled(renewed)).toBe(true);
    expect(await waits(body.ana)).toEqual([]);
  });
});

test('each act about access leaves exactly one register entry, and each refusal exactly one', async () => {
  const kinds = async (work: () => Promise<unknown>) =>
    (await entriesOf(body.db, work)).map(({ kind }) => kind);
  const { id, signed } = await proposal(body, body.founder, body.ana);
  const propose_ = () => post(body, body.founder, 'propose', signed);
  expect(await kinds(propose_)).toEqual(['grant']);
  expect(await kinds(propose_)).toEqual(['refusal']);
  expect(await kinds(() => approve(body, body.founder, id))).toEqual(['refusal']);
  expect(await kinds(() => approve(body, body.second, id))).toEqual(['approval']);
  expect(await kinds(() => makeKey(body, body.ben))).toEqual(['refusal']);
  expect(await kinds(() => makeKey(body, body.ana))).toEqual(['form-key']);
  expect(await kinds(() => approveKey(body, body.ana))).toEqual(['refusal']);
  expect(await kinds(() => approveKey(body, body.founder))).toEqual(['form-key-approval']);
  const other = await letRead(body, body.ben);
  expect(await kinds(() => handOver(body, body.ana, other))).toEqual(['fulfilment']);
  expect(await kinds(() => handOver(body, body.ben, other))).toEqual(['refusal']);
  const none = { text: 'none', signature: '' };
  expect(await kinds(() => endGrants(body.db.desk, body.founder.session, none, []))).toEqual(['refusal']);
  const lines = await linesOf(body, id);
  const wrong = async () => {
    const ending = await signEnd(body.founder.staff, lines, 'Over', new Date());
    const forged = { ...ending, signature: signed.signature };
    return endGrants(body.db.desk, body.founder.session, forged, []);
  };
  expect(await kinds(wrong)).toEqual(['refusal']);
  expect(await kinds(() => review(body, body.founder, lines))).toEqual(['review']);
  expect(await kinds(() => turn(body, body.ana))).toEqual(['form-key']);
  expect(await kinds(() => end(body, body.founder, id))).toEqual(['grant-end']);
});
