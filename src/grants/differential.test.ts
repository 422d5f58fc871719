/**
 * The model against the real thing: the same acts, tried in both by the same people. What the model refuses the database
 * refuses, what it takes the database takes, and after each act the same people can read the same submissions.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  found,
  join,
  leave,
  publish,
  resume,
  type SignedIn,
  signIn,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import { testDatabase } from '../store/testing.ts';
import { isRefusal } from '../web/refusal.ts';
import { endGrants } from './acts.ts';
import { DAY, type Scope } from './grant.ts';
import { signEnd } from './proposal.ts';
import {
  approve,
  approveKey,
  handOver,
  linesOf,
  makeKey,
  post,
  proposal,
  turn,
  withdraw,
} from './testing.ts';
import {
  type Account,
  type Cast,
  formName,
  mayRead,
  newest,
  plainOf,
  type Rules,
  STEP,
  type World,
} from './world.testing.ts';
import { type Act, attempt, lineName, offerName, type Terms } from './world-acts.testing.ts';
import { start } from './world-search.testing.ts';

const SEQUENCES = Number(process.env.LETTERBOX_SEQUENCES ?? 20);
const SEED = Number(process.env.LETTERBOX_SEED ?? 20_261_102);

const someone = (name: string, human: number, ...capacities: string[]): Account => ({
  ...{ name, human, capacities },
  email: `${name.toLowerCase().replaceAll(' ', '.')}@example.com`,
});
const ACCOUNTS = [
  ...[someone('First Manager', 0, 'manager'), someone('Second Manager', 1, 'manager')],
  ...[someone('Third Manager', 2, 'manager'), someone('Ana Caseworker', 3, 'caseworker')],
  someone('Ben Caseworker', 4, 'caseworker'),
];
const CAST: Cast = { accounts: ACCOUNTS, confirmed: 5, forms: 2, cases: 0, alike: [] };
const RULES: Rules = { cast: CAST, off: new Set() };

const face = fc.nat(719);
const dice = fc.tuple(fc.nat(18), face, face, face);
const sequences = fc.array(dice, { minLength: 10, maxLength: 18 });
type Dice = readonly [kind: number, a: number, b: number, c: number];

/**
 * What these dice try. The founder never goes: everything here is asked in their name. Nor is anything reviewed: the model
 * counts in days, and a review moves a line by the seconds since the last.
 */
function actOf(world: World, [kind, a, b, c]: Dice): Act | null {
  // Mostly what could be taken: managers who propose for caseworkers, and another manager who approves.
  const [anybody, whom, form] = [a % 5, b % 5, c % 2];
  const by = a % 8 === 0 ? anybody : a % 3;
  const reader = a % 8 === 0 ? anybody : 3 + (b % 2);
  const offers = world.offers.filter(({ status }) => status === 'open');
  const offer = offers[b % Math.max(1, offers.length)];
  const second = a % 8 === 0 || !offer ? anybody : (offer.by + 1 + (a % 2)) % 3;
  const lines = world.lines.filter(({ ended }) => !ended);
  const line = lines[b % Math.max(1, lines.length)];
  const from = c % 3 === 0 ? newest(world, form) + 1 : 1;
  const starts = c % 7 === 0 ? STEP : 0;
  const terms: Terms = {
    ...{
      people: b % 3 === 0 ? [reader, anybody].filter((each, i, all) => all.indexOf(each) === i) : [reader],
    },
    ...{ covers: [{ form, case: null, from }], starts, until: 90 },
  };
  const acts: readonly (Act | null)[] = [
    ...Array.from({ length: 5 }, (): Act => ({ do: 'propose', by, ...terms })),
    ...Array.from({ length: 5 }, (): Act | null =>
      offer ? { do: 'approve', by: second, offer: offerName(offer) } : null,
    ),
    offer ? { do: 'withdraw', by, offer: offerName(offer) } : null,
    line ? { do: 'end', by, line: lineName(line) } : null,
    { do: 'make', by: reader, form },
    { do: 'countersign', by, form },
    { do: 'turn', by: reader, form },
    { do: 'turn around', by, form },
    whom === 0 ? null : { do: c % 4 === 0 ? 'leave' : 'suspend', by, whom },
    { do: 'resume', by, whom },
    { do: c % 2 === 0 ? 'train' : 'lapse', whom },
  ];
  return acts[kind] ?? null;
}

/** A body with the same people, and what the model's names stand for in it. */
class Real {
  readonly offers = new Map<string, string>();
  readonly lines = new Map<string, string[]>();
  readonly body: TestBody;
  people: readonly SignedIn[];

  constructor(body: TestBody, people: readonly SignedIn[]) {
    this.body = body;
    this.people = people;
  }

  who(account: number): SignedIn {
    const known = this.people[account];
    if (!known) throw new Error(`There is no account ${account}.`);
    return known;
  }

  /** Tries it; true when it was taken. */
  async attempt(act: Act): Promise<boolean> {
    const done = await this.#tried(act);
    if (isRefusal(done)) return false;
    if (act.do === 'resume') await this.#signInAgain(act.whom);
    return true;
  }

  async #tried(act: Act): Promise<unknown> {
    const { body } = this;
    switch (act.do) {
      case 'propose':
        return this.#propose(act);
      case 'approve':
        return this.#approve(act);
      case 'withdraw':
        return withdraw(body, this.who(act.by), this.offers.get(act.offer) ?? '');
      case 'end': {
        const signed = await signEnd(
          this.who(act.by).staff,
          this.lines.get(act.line) ?? [],
          'Over',
          new Date(),
        );
        return endGrants(body.db.desk, this.who(act.by).session, signed, []);
      }
      case 'make':
        return makeKey(body, this.who(act.by), formName(act.form));
      case 'countersign':
        return approveKey(body, this.who(act.by), formName(act.form));
      case 'turn':
      case 'turn around':
        return turn(body, this.who(act.by), formName(act.form));
      case 'leave':
      case 'suspend':
        return (act.do === 'leave' ? leave : suspend)(body.db, this.who(act.by), this.who(act.whom));
      case 'resume':
        return resume(body.db, this.who(act.by), this.who(act.whom));
      default:
        return null;
    }
  }

  async #propose(act: Terms & { readonly by: number }): Promise<unknown> {
    const scopes = act.covers.map(
      ({ form, from }): Scope => ({
        ...{ form: formName(form), case: null, fromGeneration: from, purpose: 'Review cases' },
      }),
    );
    const now = Date.now();
    const at = (days: number) => new Date(now + days * DAY).toISOString();
    const [by, people] = [this.who(act.by), act.people.map((each) => this.who(each))];
    const terms = { scopes, from: at(act.starts), until: at(act.until) };
    const { id, signed } = await proposal(this.body, by, people, terms);
    const done = await post(this.body, by, 'propose', signed);
    if (!isRefusal(done)) this.offers.set(offerName(act), id);
    return done;
  }

  async #approve(act: { readonly by: number; readonly offer: string }): Promise<unknown> {
    const id = this.offers.get(act.offer) ?? '';
    const done = await approve(this.body, this.who(act.by), id);
    if (!isRefusal(done)) await this.#remember(act.offer, id);
    return done;
  }

  /** The ids of a proposal's lines, by the names they have in the model. */
  async #remember(offer: string, id: string): Promise<void> {
    const ids = await linesOf(this.body, id);
    const [, people = '', covers = '', days = ''] = /^\d+>(\S+) (\S+) (\S+)$/.exec(offer) ?? [];
    people.split('+').forEach((person, i) => {
      const name = `${person} ${covers} ${days}`;
      this.lines.set(name, [...(this.lines.get(name) ?? []), ids[i] ?? '']);
    });
  }

  /** Whoever was suspended was signed out. */
  async #signInAgain(account: number): Promise<void> {
    const { name, staff } = this.who(account);
    const anew = await signIn(this.body.db, name, staff);
    this.people = this.people.map((each, i) => (i === account ? anew : each));
  }

  /** Everything that waits is handed over by whoever can. */
  async handOver(): Promise<void> {
    for (const id of this.offers.values())
      for (const by of this.people) await handOver(this.body, by, id).catch(() => null);
  }

  /** The course’s dates are moved as if time had passed. */
  async train(account: number, to: boolean): Promise<void> {
    await this.body.db.admin.run(
      `update letterbox.training set since = now() - interval '2 days', until = now() + $2::integer * interval '1 day'
       where person = $1`,
      [this.who(account).staff.person, to ? 300 : -1],
    );
  }

  /** Who may read which generation of which form, as the database decides it. */
  async readers(world: World): Promise<string[]> {
    const asked = world.keys.flatMap((keys, form) =>
      [...keys.keys(), keys.length].map((i) => [formName(form), i + 1] as const),
    );
    const sql = `select p.id, f.form, f.generation from letterbox.person p, unnest($2::text[], $3::integer[]) as f(form, generation)
      where p.organisation = $1 and letterbox.may_read(p.organisation, p.id, f.form, f.generation)`;
    const { organisation } = this.who(0).staff;
    const rows = await this.body.db.admin.rows(readerShape, sql, [
      organisation,
      asked.map(([form]) => form),
      asked.map(([, n]) => n),
    ]);
    const account = (id: string) => this.people.findIndex(({ staff }) => staff.person === id);
    return rows.map(({ id, form, generation }) => `${account(id)} ${form} ${generation}`).sort();
  }

  /** Who was sealed the newest key of each form, so that its turning can be due. */
  async holders(world: World): Promise<string[]> {
    const sql =
      'select person as id, form, generation from letterbox.key_envelope where organisation = $1 and person is not null';
    const rows = await this.body.db.admin.rows(readerShape, sql, [this.who(0).staff.organisation]);
    const account = (id: string) => this.people.findIndex(({ staff }) => staff.person === id);
    const current = (form: string, generation: number) =>
      world.keys.some((_, i) => formName(i) === form && newest(world, i) === generation);
    return rows
      .flatMap(({ id, form, generation }) => (current(form, generation) ? [`${account(id)} ${form}`] : []))
      .sort();
  }
}
const readerShape = z.object({ id: z.string(), form: z.string(), generation: z.number() });

async function aBody(slug: string, db: Awaited<ReturnType<typeof testDatabase>>): Promise<Real> {
  const { founder, recovery } = await found(db, slug);
  const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  const both = [founder, second];
  const third = await join(db, founder, 'Third Manager', ['manager'], both);
  const ana = await join(db, founder, 'Ana Caseworker', ['caseworker'], both);
  const ben = await join(db, founder, 'Ben Caseworker', ['caseworker'], both);
  const body = { db, founder, second, ana, ben, recovery };
  for (const form of [0, 1]) await publish(body, formName(form));
  return new Real(body, [founder, second, third, ana, ben]);
}

/** In the model, who may read which generation of which form. */
function readersIn(world: World): string[] {
  return world.keys
    .flatMap((keys, form) =>
      [...keys.keys(), keys.length].flatMap((i) =>
        ACCOUNTS.flatMap((_, account) =>
          mayRead(RULES, world, account, form, { plain: plainOf(world, form, i + 1) })
            ? [`${account} ${formName(form)} ${i + 1}`]
            : [],
        ),
      ),
    )
    .sort();
}
function holdersIn(world: World): string[] {
  return world.envelopes
    .flatMap((of, account) =>
      of.flatMap((bits, form) =>
        newest(world, form) > 0 && bits & (1 << newest(world, form)) ? [`${account} ${formName(form)}`] : [],
      ),
    )
    .sort();
}

test(`${SEQUENCES} random sequences mean the same to the model and to the database`, {
  timeout: 900_000,
}, async () => {
  const db = await testDatabase();
  let [bodies, taken, refused] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(sequences, async (rolled) => {
      bodies += 1;
      const real = await aBody(`body-${bodies}`, db);
      let { world } = start(CAST);
      const said: string[] = [];
      for (const each of rolled) {
        const act = actOf(world, each);
        if (!act) continue;
        if (act.do === 'train' || act.do === 'lapse') {
          const next = attempt(RULES, world, act);
          if (next) await real.train(act.whom, act.do === 'train');
          world = next ?? world;
          continue;
        }
        const isKeyAct = act.do === 'turn' || act.do === 'turn around';
        // The model hands over even where nobody is left who could: then whether a turn is due may differ.
        if (isKeyAct && JSON.stringify(await real.holders(world)) !== JSON.stringify(holdersIn(world)))
          continue;
        // A browser turns the way its person can: plain where they read, around where they do not.
        if (
          isKeyAct &&
          (act.do === 'turn') !==
            mayRead(RULES, world, act.by, act.form, { plain: newest(world, act.form) + 1 })
        )
          continue;
        const next = attempt(RULES, world, act);
        const done = await real.attempt(act).catch((error: unknown) => {
          if (/Refused|No key of this form is proven|no key to countersign/.test(String(error))) return false;
          throw error;
        });
        said.push(`${done ? 'took' : 'refused'} ${JSON.stringify(act)}`);
        expect(done, said.join('\n')).toBe(next !== null);
        if (!next) {
          refused += 1;
          continue;
        }
        taken += 1;
        world = next;
        await real.handOver();
        expect(await real.readers(world), said.join('\n')).toEqual(readersIn(world));
      }
    }),
    { seed: SEED, numRuns: SEQUENCES, endOnFailure: true },
  );
  expect(taken).toBeGreaterThan(SEQUENCES * 3);
  console.log(
    `differential: ${bodies} bodies, ${taken} acts taken by both, ${refused} refused by both, seed ${SEED}`,
  );
});
