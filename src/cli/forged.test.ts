/**
 * Whatever the owner of the database writes into it: whoever is named there gets ciphertext at worst, no browser seals
 * a key to them, and the register's reader is told.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { gets, posted, secretsOf } from '../cases/opening.testing.ts';
import { historyOf } from '../grants/history.ts';
import { objectionToRelease } from '../grants/history-releases.ts';
import {
  approval,
  approve,
  end,
  handed,
  handOver,
  letRead,
  linesOf,
  openForm,
  post,
  proposal,
  propose,
  provenIn,
  termsFound,
  turn,
} from '../grants/testing.ts';
import { provenLive } from '../grants/verify.ts';
import {
  aFoundedBody,
  documentsOf,
  enrol,
  forge,
  join,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { type SigningKey, signText } from '../sealing/signature.ts';
import { testDatabase } from '../store/testing.ts';
import { main as access } from './access.ts';
import { browsersDo, toldOf, writeGrant } from './forged.testing.ts';
import { main as verify } from './verify.ts';

vi.setConfig({ testTimeout: 60_000 });
const programs = { verify, access };

let body: TestBody;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  await letRead(body, body.ana);
  await openForm(body, body.ana);
});

const sql = (text: string, ...parameters: (string | Uint8Array)[]) => body.db.admin.run(text, parameters);
const resigned = async ({ text }: { text: string }, key: SigningKey) => ({
  text,
  signature: await signText(key, text),
});

/** A grant document and its approval, put into the table past every door, signed with these keys. */
async function written(who: SignedIn, proposerKey: SigningKey, approverKey: SigningKey) {
  const { signed } = await proposal(body, body.founder, who);
  const document = await forge(body.db, await resigned(signed, proposerKey));
  const { effect, organisation, state } = JSON.parse(signed.text);
  const at = new Date().toISOString();
  const said = { at, effect, kind: 'approval', organisation, people: 2, proposal: document };
  const text = JSON.stringify({ ...said, signer: body.second.staff.person, state });
  return { document, approval: await forge(body.db, await resigned({ text }, approverKey)) };
}

const hashesOf = async (kind: string) =>
  (await documentsOf(body)).filter((each) => each.kind === kind).map(({ hash }) => hash);

type Forgery = { readonly who: SignedIn; readonly lines: number };

/** Each lets somebody read by the database's word alone. */
const FORGERIES: Readonly<Record<string, () => Promise<Forgery>>> = {
  'a row with no document': async () => {
    await writeGrant(body, { person: body.ben });
    return { who: body.ben, lines: 1 };
  },
  'a row with documents that the reader signed under the names of two managers': async () => {
    const { signingKey } = body.ben.staff;
    await writeGrant(body, { person: body.ben, ...(await written(body.ben, signingKey, signingKey)) });
    return { who: body.ben, lines: 1 };
  },
  'a row that one manager signed under both names': async () => {
    const { signingKey } = body.founder.staff;
    await writeGrant(body, { person: body.ben, ...(await written(body.ben, signingKey, signingKey)) });
    return { who: body.ben, lines: 1 };
  },
  'a row whose document carries the signature of another grant': async () => {
    const [other] = (await documentsOf(body)).filter(({ kind }) => kind === 'grant');
    const { signed } = await proposal(body, body.founder, body.ben);
    const document = await forge(body.db, { text: signed.text, signature: other?.signature ?? '' });
    await writeGrant(body, { person: body.ben, document });
    return { who: body.ben, lines: 1 };
  },
  'a row that names the documents of another person’s grant': async () => {
    const [document = ''] = await hashesOf('grant');
    const [signed = ''] = await hashesOf('approval');
    await writeGrant(body, { person: body.ben, document, approval: signed });
    return { who: body.ben, lines: 1 };
  },
  'a proposal that waits, with the approval of another grant': async () => {
    const { document } = await termsFound(body, await propose(body, body.founder, body.ben));
    const [signed = ''] = await hashesOf('approval');
    await writeGrant(body, { person: body.ben, document, approval: signed });
    return { who: body.ben, lines: 1 };
  },
  'a proposal and an approval by the two accounts of one person': async () => {
    const both = [body.founder, body.second];
    const one = await join(body.db, body.founder, 'Mia Manager', ['manager'], both);
    const two = await join(body.db, body.founder, "Mi'a Manager", ['manager'], both);
    const id = await propose(body, one, body.ben);
    const signed = await approval(body, two, id);
    expect(refusalOf(await post(body, two, 'approve', signed))).toBe('same-person');
    const { document } = await termsFound(body, id);
    const approved = { document, approval: await forge(body.db, signed) };
    await writeGrant(body, { person: body.ben, ...approved, proposer: one, approver: two });
    return { who: body.ben, lines: 1 };
  },
  'a person whose row says that they are a manager, who then approves': async () => {
    const cara = await join(
      body.db,
      body.founder,
      'Cara Caseworker',
      ['caseworker'],
      [body.founder, body.second],
    );
    await sql("update letterbox.person set capacities = '{manager}' where id = $1", body.ben.staff.person);
    const id = await propose(body, body.founder, cara);
    expect(refusalOf(await approve(body, body.ben, id)), 'the database believes its row').toBe('no refusal');
    return { who: cara, lines: 1 };
  },
  'somebody whose confirmation and training stand in rows alone': async () => {
    const una = await enrol(body.db, body.founder, 'Una Unconfirmed', ['caseworker']);
    const { organisation, person } = una.staff;
    await sql("update letterbox.person set confirmed_at = now() - interval '1 day' where id = $1", person);
    await sql(
      `insert into letterbox.training (organisation, person, document, course, since, until)
       values ($1, $2, sha256('x'), 'none', now() - interval '1 day', now() + interval '1 year')`,
      ...[organisation, person],
    );
    await writeGrant(body, { person: una });
    return { who: una, lines: 1 };
  },
  'training that stands in a row alone, though two managers then sign': async () => {
    const both = [body.founder, body.second];
    const ula = await join(body.db, body.founder, 'Ula Untrained', ['caseworker'], both, { untrained: true });
    await sql(
      `insert into letterbox.training (organisation, person, document, course, since, until)
       values ($1, $2, sha256('x'), 'none', now() - interval '1 day', now() + interval '1 year')`,
      ...[ula.staff.organisation, ula.staff.person],
    );
    await letRead(body, ula);
    return { who: ula, lines: 1 };
  },
  'a copied envelope beside the row': async () => {
    await writeGrant(body, { person: body.ben });
    await sql(
      `insert into letterbox.key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
       select organisation, form, generation, $1, sealed, sealed_by, now() from letterbox.key_envelope where person = $2`,
      ...[body.ben.staff.person, body.ana.staff.person],
    );
    return { who: body.ben, lines: 1 };
  },
};

describe('a forged row', () => {
  test.each(Object.entries(FORGERIES))('%s: ciphertext, no key, and it is told', async (_name, forgery) => {
    const first = await posted(body);
    const { who, lines } = await forgery();
    expect(await gets(body, who, first)).toBe('ciphertext');
    expect(await browsersDo(body, body.ana, who)).toEqual({ believe: false, sealTo: false });
    settled(await turn(body, body.ana));
    expect(await gets(body, who, await posted(body)), 'after the next turn of the key').toBe('ciphertext');
    const told = await toldOf(body, programs);
    expect([told.verify.code, told.marked, told.releases]).toEqual([1, lines, 2]);
    // Whom nobody ever confirmed has no name that is proven.
    const { person } = who.staff;
    const called = `(${who.name}|Person ${person.slice(0, 8)}|${person})`;
    expect(told.verify.said).toMatch(new RegExp(`NOT ALLOWED BY TWO SIGNATURES: .*${called}`));
    expect(told.access.said).not.toMatch(new RegExp(`${called} <.*Signed by`));
    expect(told.access.said).toMatch(new RegExp(`${called} was given the case .*NOT ALLOWED`));
  });

  test('negative control: what two managers signed is believed, sealed to, opens, and is not marked', async () => {
    const first = await posted(body);
    settled(await handOver(body, body.ana, await letRead(body, body.ben)));
    expect(await gets(body, body.ben, first)).toBe('opened');
    expect(await browsersDo(body, body.ana, body.ben)).toEqual({ believe: true, sealTo: true });
    settled(await turn(body, body.ana));
    expect(await gets(body, body.ben, await posted(body))).toBe('opened');
    const told = await toldOf(body, programs);
    expect([told.verify.code, told.marked, told.releases]).toEqual([0, 0, 0]);
    expect(told.access.said).toMatch(/Ben Caseworker <.*Signed by First Manager and Second Manager/);
  });

  test('a key is handed over by a line that is proven, and by no other', async () => {
    await writeGrant(body, { person: body.ben });
    const real = await linesOf(body, await letRead(body, body.ben));
    const { grants } = await provenIn(body);
    const handedTo = (await handed(body, body.ana, grants)).map(({ grant }) => grant);
    expect(handedTo.filter((id) => !real.includes(id) && !grants.some((line) => line.id === id))).toEqual([]);
    expect(grants.filter(({ person }) => person === body.ben.staff.person).map(({ id }) => id)).toEqual(real);
  });
});

describe('a row of a grant that is over, written anew', () => {
  const restores: Readonly<Record<string, readonly [ends: (id: string) => Promise<unknown>, sql: string]>> = {
    'its end taken out': [
      async (id) => settled(await end(body, body.second, id, true)),
      'update letterbox.grants set ended_at = null, ended_by = null, end_document = null where proposal = $1',
    ],
    'its last day stretched': [
      async () => {
        const reads = () =>
          body.db.admin.one(
            z.object({ may: z.boolean() }),
            "select letterbox.may_read($1, $2, 'review', 1) as may",
            [body.ben.staff.organisation, body.ben.staff.person],
          );
        await expect.poll(reads, { timeout: 10_000 }).toEqual({ may: false });
        settled(await turn(body, body.second));
      },
      "update letterbox.grants set until = now() + interval '1 year' where proposal = $1",
    ],
  };

  test.each(Object.entries(restores))(
    '%s: nothing later opens, and it is told',
    async (how, [ends, restore]) => {
      const short = new Date(Date.now() + 2000).toISOString();
      const id = await letRead(body, body.ben, how.startsWith('its last') ? { until: short } : {});
      settled(await handOver(body, body.ana, id));
      expect(await gets(body, body.ben, await posted(body)), 'control: before').toBe('opened');
      const kept = await secretsOf(body, body.ben);
      await ends(id);
      const later = await posted(body);
      await sql(restore, id);
      expect(await gets(body, body.ben, later, kept)).toBe('ciphertext');
      expect(await browsersDo(body, body.ana, body.ben)).toEqual({ believe: false, sealTo: false });
      const told = await toldOf(body, programs);
      expect([told.verify.code, told.marked, told.releases]).toEqual([1, 1, 1]);
    },
  );

  test('its review put off: no browser believes it after the quarter, and a release by it is told', async () => {
    const id = await letRead(body, body.ben, { until: new Date(Date.now() + 200 * DAY).toISOString() });
    await sql("update letterbox.grants set review_by = now() + interval '1 year' where proposal = $1", id);
    const at = (days: number) => new Date(Date.now() + days * DAY).toISOString();
    const of = async (days: number) =>
      provenLive(await provenIn(body), at(days)).some(({ person }) => person === body.ben.staff.person);
    expect([await of(91), await of(93)]).toEqual([true, false]);
    const history = await historyOf(await documentsOf(body), body.founder.staff.founding);
    const { document } = await termsFound(body, id);
    const entry = {
      kind: 'release',
      actor: body.ben.staff.person,
      form: 'review',
      generation: 1,
      grant: document,
    } as const;
    expect(objectionToRelease(history, { ...entry, at: at(91) }, 1e9)).toBeNull();
    expect(objectionToRelease(history, { ...entry, at: at(93) }, 1e9)).toContain('did not let this person');
  });

  test('`fulfilled_at` set: the reader waits for a key that nobody is asked for, and opens nothing', async () => {
    const id = await letRead(body, body.ben);
    const first = await posted(body);
    await sql('update letterbox.grants set fulfilled_at = now() where proposal = $1', id);
    expect(await gets(body, body.ben, first)).toBe('ciphertext');
    settled(await handOver(body, body.ana, id));
    expect(await gets(body, body.ben, first), 'two managers did sign').toBe('opened');
  });
});

const DAY = 24 * 60 * 60 * 1000;
