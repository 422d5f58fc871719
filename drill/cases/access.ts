/** Mistakes with access: what staff and managers propose, approve and forget. */

import { readFileSync } from 'node:fs';
import { REVIEWS, VICTIMS_MESSAGES } from '../../src/cli/watched.testing.ts';
import { publishForm } from '../../src/forms/acts.ts';
import { actOnProposal } from '../../src/grants/acts.ts';
import { approve, end, proposal, propose, withdraw } from '../../src/grants/testing.ts';
import { join, refusalOf, type SignedIn, settled, type TestBody } from '../../src/people/testing.ts';
import { canonicalJson } from '../../src/sealing/encoding.ts';
import { newId } from '../../src/sealing/place.ts';
import { signText } from '../../src/sealing/signature.ts';
import { act } from '../../src/store/store.ts';
import { type Case, type Made, NOTHING_TO_UNDO } from '../case.ts';
import { askAll, askDoors, changeFunction, everybodyReads } from '../probes.ts';
import { again, aReader, managers } from '../readers.ts';
import type { World } from '../world.ts';

/** Proposals for these people, each as somebody would send it past every page; what came of them. */
async function proposeTo(world: World, people: readonly unknown[]): Promise<Made> {
  const { body, db } = world;
  const founder = await again(world, body.founder);
  const said: string[] = [];
  for (const to of people) {
    const { signed } = await proposal({ ...body, founder }, founder, body.ben, { scopes: [REVIEWS] });
    const text = canonicalJson({ ...JSON.parse(signed.text), people: to });
    const forged = { text, signature: await signText(founder.staff.signingKey, text) };
    said.push(refusalOf(await actOnProposal(db.desk, founder.session, 'propose', forged)));
  }
  const made = said.includes('no refusal');
  return {
    refused: made ? null : `Each proposal was refused (${[...new Set(said)].join(', ')}).`,
    out: () => askAll(world),
    undo: NOTHING_TO_UNDO,
  };
}

let twin: SignedIn | null = null;
/** The founder's second account, under the same name. */
async function twinOf(world: World, { founder, second }: TestBody): Promise<SignedIn> {
  twin ??= await join(world.db, founder, founder.name, ['manager'], [founder, second]);
  return again(world, twin);
}

/** Writes the first grant there is into the table once more, changed so; why that failed, or null. */
async function grantLike({ db }: World, change: object): Promise<string | null> {
  const sql = `insert into letterbox.grants select (json_populate_record(g, $1::json)).*
    from (select * from letterbox.grants limit 1) g`;
  const row = JSON.stringify({ id: newId(), ...change });
  return db.admin.run(sql, [row]).then(
    () => null,
    (error: Error) => error.message,
  );
}

async function publishing(world: World, definition: object): Promise<Made> {
  const founder = await again(world, world.body.founder);
  const refused = await act(world.db.desk, founder.session, (tx) => publishForm(tx, definition));
  return {
    refused: refused ? refused.message : null,
    out: () => askAll(world),
    undo: NOTHING_TO_UNDO,
  };
}

const shipped = (): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL('../../forms/review.json', import.meta.url), 'utf8'));

const INVERTED = `select g.document from letterbox.grants g where g.organisation = org and not exists (
  select from letterbox.grants x where x.organisation = org and x.person = who and x.form = of_form and x.ended_at is null and x.until > at)
  limit 1`;

export const ACCESS: readonly Case[] = [
  {
    n: 1,
    how: 'A manager proposes access for “everyone”, “*”, nobody in particular and null. A grant names people, one by one.',
    expects: 'refused',
    make: (world) => proposeTo(world, [['*'], ['everyone'], [], null, 'everyone']),
    control: everybodyReads,
  },
  {
    n: 2,
    how: 'A manager proposes access for a domain, a group, an address and a link.',
    expects: 'refused',
    make: (world) =>
      proposeTo(world, [['example.org'], ['caseworkers'], ['ben@example.org'], ['https://example.org/join']]),
    control: everybodyReads,
  },
  {
    n: 3,
    how: 'A manager proposes access for somebody of another body on the same site.',
    expects: 'refused',
    make: async (world) => {
      const { rows } = await world.db.admin.pool.query<{ id: string }>(
        "select p.id from letterbox.person p join letterbox.organisation o on o.id = p.organisation where o.slug = 'elsewhere' limit 1",
      );
      return proposeTo(world, [[rows[0]?.id]]);
    },
    control: everybodyReads,
  },
  {
    n: 4,
    how: 'A manager proposes the wrong form for the right person. One signature opens nothing; a second person sees the effect first.',
    expects: 'refused',
    make: async (world) => {
      const body = await managers(world);
      const id = await propose(body, body.founder, body.ben, {
        scopes: [VICTIMS_MESSAGES],
      });
      return {
        refused: 'A proposal with one signature gives nothing.',
        out: () => askAll(world),
        undo: async () => {
          settled(await withdraw(body, body.founder, id));
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 5,
    how: 'Nobody takes somebody off: their access runs out by its own date.',
    expects: 'refused',
    make: async (world) => {
      const { reader: late } = await aReader(world, 'Noor Forgotten');
      // Time passes: the day up to which two managers signed is over.
      await world.db.admin.run(
        "update letterbox.grants set starts = starts - interval '1 year', until = now() - interval '1 minute' where person = $1",
        [late.staff.person],
      );
      return {
        refused: 'Access has an end when it is given; after it the database hands nothing over.',
        out: async () =>
          askDoors(world, [{ as: 'whoever was forgotten', session: (await again(world, late)).session }]),
        undo: NOTHING_TO_UNDO,
      };
    },
    control: everybodyReads,
  },
  {
    n: 6,
    how: 'A manager has a second account under the same name and approves with it what they proposed with the first.',
    expects: 'refused',
    make: async (world) => {
      const body = await managers(world);
      const twin = await twinOf(world, body);
      const id = await propose(body, body.founder, body.ben, { scopes: [REVIEWS] });
      const said = refusalOf(await approve(body, twin, id));
      return {
        refused: said === 'no refusal' ? null : `The approval was refused (${said}).`,
        out: () => askAll(world),
        undo: async () => {
          settled(await withdraw(body, body.founder, id));
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 11,
    how: 'A manager publishes a form that says “public” of itself in many ways. Published is a word about questions, never about answers.',
    expects: 'refused',
    make: (world) =>
      publishing(world, { ...shipped(), public: true, audience: 'public', visibility: 'everyone' }),
    control: everybodyReads,
  },
  {
    n: 12,
    how: 'Grants without a person, without a form, with an empty one, for “*” and without an end are written into the database. An empty rule denies.',
    expects: 'refused',
    make: async (world) => {
      const said = await Promise.all(
        [{ person: null }, { form: null }, { form: '' }, { form: '*' }, { until: null }].map((change) =>
          grantLike(world, change),
        ),
      );
      return {
        refused: said.includes(null) ? null : `No such row came to be: ${said[0]}.`,
        out: () => askAll(world),
        undo: NOTHING_TO_UNDO,
      };
    },
    control: everybodyReads,
  },
  {
    n: 15,
    how: 'An account “API test” is written into the database, confirmed by nobody, and signed in.',
    expects: { noticed: /API test|nobody signed|without.*sign|colleague/i },
    make: async (world) => {
      const { organisation } = world.body.founder.staff;
      const { rows } = await world.db.admin.pool.query<{ id: string }>(
        `insert into letterbox.person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient, verify_key, confirmed_at)
         select organisation, gen_random_uuid(), 'API test', 'api@example.org', '{caseworker}', now(), now(), recipient, verify_key, now()
         from letterbox.person where id = $1 returning id`,
        [world.body.ben.staff.person],
      );
      const person = rows[0]?.id ?? '';
      const session = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
      await world.db.admin.run(
        'insert into letterbox.session (secret_hash, organisation, person, opened_at, seen_at) values (sha256($1), $2, $3, now(), now())',
        [session, organisation, person],
      );
      return {
        refused: null,
        out: () => askDoors(world, [{ as: 'the account for a test', session: session.toString('hex') }]),
        undo: async () => {
          await world.db.admin.run('delete from letterbox.session where person = $1', [person]);
          await world.db.admin.run('delete from letterbox.person where id = $1', [person]);
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 16,
    how: 'The database is told that nobody is the same person, so that one manager with two accounts approves alone. Browsers seal no key by such a grant.',
    expects: { noticed: /same_person/ },
    make: async (world) => {
      const undo = await changeFunction(world, 'same_person', 'select false');
      const body = await managers(world);
      const twin = await twinOf(world, body);
      const id = await propose(body, body.founder, body.ben, { scopes: [REVIEWS] });
      const said = refusalOf(await approve(body, twin, id));
      return {
        refused: said === 'no refusal' ? null : `The approval was refused (${said}).`,
        out: () => askAll(world),
        undo: async () => {
          await undo();
          settled(await end(body, body.founder, id));
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 19,
    how: 'A form is brought in whose definition carries grants and readers.',
    expects: 'refused',
    make: (world) => publishing(world, { ...shipped(), grants: [{ to: '*' }], readers: ['everyone'] }),
    control: everybodyReads,
  },
  {
    n: 35,
    how: 'The decision about who may read is inverted in the database: all get ciphertext but those who may read.',
    expects: { noticed: /reading_grant/ },
    make: async (world) => ({
      refused: null,
      out: () => askAll(world),
      undo: await changeFunction(world, 'reading_grant', INVERTED),
    }),
    control: everybodyReads,
  },
];
