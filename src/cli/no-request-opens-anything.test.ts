/**
 * However a request about access is spoilt, whoever sends it and whoever signs it alone: nobody can read afterwards but
 * whom two different managers let read. Every batch begins in a copy of a world in which each door would let a genuine
 * request in, and is judged by asking the database about everybody, every form and every case.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DOORS } from '../web/doors.ts';
import { asMade, clothedPlans, hardPlans, type Plan, plans } from './fuzz-changes.testing.ts';
import { sendToSlot } from './fuzz-public.testing.ts';
import {
  aBase,
  type Base,
  closeBase,
  guiltyIn,
  type Outcome,
  runAll,
  runIn,
  type Template,
  type Without,
} from './fuzz-runs.testing.ts';
import type { Answer } from './fuzz-sending.testing.ts';

// Each signed act verifies everybody's documents anew. The same key, text and signature is asked once here.
vi.mock('../sealing/signature.ts', async (original) => {
  const real = await original<typeof import('../sealing/signature.ts')>();
  const remembered = <T>(work: (...words: string[]) => T) => {
    const known = new Map<string, T>();
    return (...words: string[]): T => {
      const name = words.join('\n');
      const found = known.get(name) ?? work(...words);
      known.set(name, found);
      return found;
    };
  };
  const hashed = remembered(real.sha256Hex);
  return {
    ...real,
    sha256Hex: (content: string | Uint8Array) =>
      typeof content === 'string' ? hashed(content) : real.sha256Hex(content),
    verifyText: remembered(real.verifyText),
  };
});

vi.mock('../sealing/keys.ts', async (original) => {
  const real = await original<typeof import('../sealing/keys.ts')>();
  const known = new Map<string, ReturnType<typeof real.parseRecipient>>();
  return {
    ...real,
    parseRecipient: (text: string) => {
      const found = known.get(text) ?? real.parseRecipient(text);
      known.set(text, found);
      return found;
    },
  };
});

/** The same seed plans the same requests; keys and ids are fresh each time. */
const SEED = Number(process.env.LETTERBOX_FUZZ_SEED ?? 20261102);

let base: Base;
beforeAll(async () => {
  base = await aBase();
}, 120_000);
afterAll(() => closeBase(base));

const random = (size: number, n: number) => fc.sample(plans, { numRuns: size, seed: SEED + n });
const inParts = (of: Template, all: readonly Plan[], size: number) =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => ({
    of,
    batch: all.slice(n * size, (n + 1) * size),
  }));

/** Batches small enough that what one request takes away is there for most others; the recoveries end soonest. */
function batches(): { of: Template; batch: readonly Plan[] }[] {
  const worlds = [base.ordinary, base.recovering];
  return [
    ...worlds.flatMap((of) => inParts(of, hardPlans(of.genuine.length), 500)),
    ...worlds.flatMap((of) => inParts(of, clothedPlans(of.genuine.length), 60)),
    ...Array.from({ length: 50 }, (_, n) => ({ of: base.ordinary, batch: random(130, n) })),
    ...Array.from({ length: 12 }, (_, n) => ({ of: base.recovering, batch: random(50, 1000 + n) })),
  ];
}

function counted(answers: readonly Answer[], name: (answer: Answer) => string | number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(`${name(answer)}`, (counts.get(`${name(answer)}`) ?? 0) + 1);
  return new Map([...counts].sort());
}
const inWords = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([each, count]) => `${each} ${count}×`).join(', ');

test('each genuine request is let in, and lets read whom two managers let and nobody else', async () => {
  for (const of of [base.ordinary, base.recovering]) {
    const alone = of.genuine.map((_, index) => ({ of, batch: [asMade(index)] }));
    for (const [index, outcome] of (await runAll(alone)).entries()) {
      const asked = of.genuine[index];
      expect([asked?.door, outcome.answers[0]?.kind, outcome.breach]).toEqual([asked?.door, 'accepted', []]);
      expect(outcome.usable).toBe(true);
      const opens = /approve|resumption/.test(asked?.door ?? '');
      expect(outcome.gained.length > 0, `${asked?.door} by ${asked?.by}`).toBe(opens);
    }
  }
});

/**
 * Doors of the desk that change something and are no part of who can read: signing in, the session, leave taken back,
 * alarms, incidents, and what Watch tells.
 */
const ELSEWHERE = [
  ...[
    '/sign-in',
    '/sign-out',
    '/session',
    '/join',
    '/away/:away/forget',
    '/alarms',
    '/incidents',
    '/notices',
  ],
  ...['/watch/report', '/watch/canaries', '/watch/rehearsals'],
  ...['/cases/:case/messages', '/cases/:case/receipt', '/cases/:case/state', '/cases/:case/assignment'],
];

test('every door that changes something about access is among those that are asked', () => {
  const asked = [...base.ordinary.genuine, ...base.recovering.genuine].map(({ door }) => door);
  const doors = DOORS.filter(
    ({ site, method, path }) =>
      site === 'desk' && method !== 'GET' && !ELSEWHERE.some((each) => path.startsWith(each)),
  );
  expect([...new Set(asked)].sort()).toEqual(doors.map(({ method, path }) => `${method} ${path}`).sort());
});

test('10,000 spoilt requests to the desk let nobody else read, break nothing, and are no defect', async () => {
  const jobs = batches();
  const outcomes = await runAll(jobs);
  const answers = outcomes.flatMap((each) => each.answers);
  const told = `seed ${SEED}, ${answers.length} requests`;
  console.info(`${told}; statuses: ${inWords(counted(answers, ({ status }) => status))}`);
  console.info(`${told}; ${inWords(counted(answers, ({ kind }) => kind))}`);
  for (const [n, { breach, said }] of outcomes.entries()) {
    const job = jobs[n];
    const guilty = breach.length > 0 && job ? await guiltyIn(job.of, job.batch, {}) : null;
    expect({ breach, guilty }, told).toEqual({ breach: [], guilty: null });
    expect(said, told).toEqual([]);
  }
  expect(answers.length).toBeGreaterThanOrEqual(10_000);
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  const usable = outcomes.map((each) => each.usable);
  expect(usable).not.toContain(false);
  expect(usable.filter((each) => each === true).length).toBeGreaterThan(usable.length / 2);
  for (const door of new Set(answers.map((each) => each.door))) {
    const [there, of] = [
      (kinds: string) => counts.get(kinds) ?? 0,
      answers.filter((each) => each.door === door),
    ];
    const counts = counted(of, ({ kind }) => kind);
    expect(there('accepted'), `${door} never let anything in`).toBeGreaterThan(0);
    const past = there('accepted') + there('by rule') + there('by signature');
    expect(past / of.length, `${door}: ${inWords(counts)}`).toBeGreaterThan(0.15);
  }
}, 400_000);

test('spoilt posts to the public side change nothing about who can read', async () => {
  const jobs = Array.from({ length: 3 }, (_, n) => ({ of: base.ordinary, batch: random(200, 2000 + n) }));
  const outcomes = await runAll(jobs, { sending: sendToSlot });
  const answers = outcomes.flatMap((each) => each.answers);
  console.info(
    `${answers.length} to the public side; statuses: ${inWords(counted(answers, ({ status }) => status))}`,
  );
  expect(outcomes.flatMap(({ breach, said }) => [...breach, ...said])).toEqual([]);
  const posts = counted(
    answers.filter(({ door }) => door === 'POST :cases'),
    ({ status }) => status,
  );
  expect(posts.get('201'), 'what was not spoilt is taken').toBeGreaterThan(0);
  // A new case is read by those who read the form, and by nobody else.
  const rob = base.ordinary.world.people.rob.staff.person;
  const readers = base.ordinary.before.filter((each) => each.endsWith('review all') && !each.startsWith(rob));
  const [first] = outcomes;
  expect(first?.gained.length).toBe(readers.length * newCases(first));
  const desk = answers.filter(({ door }) =>
    DOORS.some(({ site, path }) => site === 'desk' && door === `POST ${path}`),
  );
  expect(desk.filter(({ status }) => status < 400 && status !== 204)).toEqual([]);
});

const newCases = (outcome: Outcome | undefined) =>
  outcome?.answers.filter(({ door, status }) => door === 'POST :cases' && status === 201).length ?? 0;

/** Takes a clause out of a function as it stands in this database. */
const without =
  (name: string, clause: string): Without =>
  ({ admin }) =>
    admin.run(
      `do $do$ declare was text := pg_get_functiondef(to_regproc('letterbox.${name}'));
         became text := replace(was, $clause$${clause}$clause$, '');
       begin
         if became = was then raise exception 'This clause is not there.'; end if;
         execute became;
       end $do$`,
    );
const noRule: Without = ({ admin }) =>
  admin.run(`do $$ declare c text; begin
    for c in select conname from pg_constraint where conrelid = 'letterbox.grants'::regclass and contype = 'c'
      and pg_get_constraintdef(oid) like '%approver%' loop
      execute format('alter table letterbox.grants drop constraint %I', c);
    end loop; end $$`);
const noSamePerson: Without = ({ admin }) =>
  admin.run(`create or replace function letterbox.same_person(org uuid, one uuid, other uuid) returns boolean
    language sql stable as 'select false'`);

const GUARDS: readonly (readonly [string, Without, RegExp])[] = [
  [
    'an approver may be the proposer',
    async (db) => {
      await without(
        'approve_grant',
        "if who.person = p.proposer then perform refuse('LB403', 'own-proposal'); end if;",
      )(db);
      await noSamePerson(db);
      await noRule(db);
    },
    /^POST \/proposals\/:proposal\/approve$/,
  ],
  ['one person may sign with two accounts', noSamePerson, /^POST \/proposals\/:proposal\/approve$/],
  [
    'a proposal is as good as a grant',
    ({ admin }) =>
      admin.run(`create function letterbox.slip() returns trigger language plpgsql security definer as $$ begin
        insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose,
          document, proposer, approver, approval, approved_at)
        select new.organisation, gen_random_uuid(), new.id, p.id, 'review', 1, now(), now() + interval '1 day', now() + interval '1 day',
          '', new.document, new.proposer, q.id, '', now() from letterbox.person p, letterbox.person q
        where p.organisation = new.organisation and q.organisation = new.organisation and p.id <> new.proposer and q.id <> p.id
          and q.id <> new.proposer and p.name like 'Cara%' limit 1;
        return null; end $$;
        create trigger slip after insert on letterbox.proposal for each row execute function letterbox.slip()`),
    /^POST \/access\/propose$/,
  ],
  [
    'everybody may read',
    ({ admin }) =>
      admin.run(`create or replace function letterbox.may_read(org uuid, who uuid, of_form text, of_generation integer,
        of_case uuid default null, at timestamptz default now()) returns boolean language sql stable as 'select true'`),
    /./,
  ],
];

describe('negative control: with a guard down the same requests let somebody else read, and the request is named', () => {
  const isAboutProposals = ({ genuine }: Plan) => {
    const { ordinary } = base;
    const door = ordinary.genuine[genuine % ordinary.genuine.length]?.door ?? '';
    return /propos/.test(door);
  };
  test.each(GUARDS)(
    '%s',
    async (_name, down, door) => {
      const how = { without: down };
      const all = random(9000, 0).filter(isAboutProposals);
      for (const { of, batch } of inParts(base.ordinary, all, 150)) {
        const { breach } = await runIn(of, batch, how);
        const reads = breach.filter((each) => each.startsWith('reads: '));
        if (reads.length === 0) continue;
        const guilty = await guiltyIn(of, batch, how);
        expect(guilty?.answer.door).toMatch(door);
        return;
      }
      expect.fail('The leak was not seen.');
    },
    180_000,
  );
});
