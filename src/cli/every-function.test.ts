/**
 * The access matrix in the database: every function that the role of a running process may run, called with the session of
 * every kind of principal and with arguments made from its catalogue entry, about every kind of object. It is asked what
 * the function says, what it changes, and whether what may not be seen can be told from what is not there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoginRole } from '../store/migrate.ts';
import { testDatabase } from '../store/testing.ts';
import { sessionOf } from './matrix-asking.testing.ts';
import { type Bodies, bodiesFor } from './matrix-bodies.testing.ts';
import { CAST, type Principal } from './matrix-cast.testing.ts';
import {
  callAs,
  callsOf,
  type DatabaseFunction,
  functionsOf,
  type Outcome,
  type Tables,
  tablesOf,
} from './matrix-functions.testing.ts';
import { principal, withWallDown } from './matrix-judging.testing.ts';
import { carriesCiphertext, type Mark, marksOf, wronglyGiven } from './matrix-marks.testing.ts';
import { isHiddenThing } from './matrix-rules.testing.ts';
import { aMatrix, type Matrix } from './matrix-world.testing.ts';

let matrix: Matrix;
let marks: readonly Mark[];
let bodies: Bodies;
let tables: Tables;
let outcomes: Outcome[];
beforeAll(async () => {
  matrix = await aMatrix(await testDatabase());
  [marks, bodies, tables] = [await marksOf(matrix), await bodiesFor(matrix), await tablesOf(matrix)];
  outcomes = await callAll('desk', await functionsOf(matrix, 'desk'));
}, 300_000);
afterAll(() => matrix?.db.close());

async function callAll(
  role: LoginRole,
  functions: readonly DatabaseFunction[],
  cast: readonly Principal[] = CAST,
) {
  const client = await matrix.db.admin.pool.connect();
  const all: Outcome[] = [];
  try {
    for (const who of cast)
      for (const of of functions)
        for (const call of await callsOf(matrix, of, who, bodies))
          all.push(await callAs(client, tables, role, sessionOf(matrix, who), { call, who }));
  } finally {
    client.release();
  }
  return all;
}

/** The functions that hand sealed things over. */
const HANDS_OVER = [
  'kept_identity',
  'list_cases',
  'my_form_keys',
  'notice_list',
  'recovery_envelopes',
  'release_case',
  'released_chunk',
];

const EVERYBODY = ['session', 'register_entry'];
const CONFIRMED = [...EVERYBODY, 'signed_document', 'training', 'away'];
const READERS = [
  'key_envelope',
  'case_envelope',
  'grants',
  'form_key',
  'message',
  'renewed_receipt',
  'case_step',
];
const MANAGERS = [
  'person',
  'invitation',
  'suspension',
  'published_form',
  'proposal',
  'grants',
  'form_key',
  'key_envelope',
  'recovery',
];
const ALARMS = ['alarm', 'outbox', 'quarantine', 'notice', 'notice_message'];
/** Anybody of a body opens an incident, which raises an alarm. */
const INCIDENTS = ['incident', 'incident_step', 'alarm', 'outbox'];
/** Which tables somebody may change by whatever function. */
function mayChange({ body, confirmed, capacities, reads, name }: Principal): string[] {
  if (!confirmed) return EVERYBODY;
  if (body === 'host')
    return [...EVERYBODY, 'signed_document', 'person', 'invitation', 'suspension', 'alarm', 'outbox'];
  return [
    ...CONFIRMED,
    ...(capacities.includes('watch') ? [] : INCIDENTS),
    ...(reads.length > 0 ? READERS : []),
    ...(capacities.includes('manager') ? MANAGERS : []),
    ...(capacities.includes('keyholder') ? ['recovery', 'recovery_consent'] : []),
    ...(capacities.some((each) => ['manager', 'data-protection-officer'].includes(each)) ? ALARMS : []),
    ...(capacities.includes('watch') ? ['watch_beat', 'canary', 'rehearsal', 'alarm', 'inspected'] : []),
    // Everybody may let themselves go.
    ...(name === 'a colleague without a grant' ? ['person'] : []),
  ];
}

/** What is wrong with an outcome, in words. */
function wrongIn({ call, who, said, refused, changed }: Outcome): string[] {
  const own = Object.entries(matrix.sessions).find(([name]) => name === who.name)?.[1]?.staff.organisation;
  const typed = call.args.join(' ');
  const wrong = [
    ...wronglyGiven(marks, who, call.name, said, typed).map((name) => `gave away ${name}`),
    ...(carriesCiphertext(said) && !HANDS_OVER.includes(call.name) ? ['something sealed'] : []),
    ...(who.body === null && !refused && !saysNothing(call.name, said)
      ? [`told nobody ${said.slice(0, 80)}`]
      : []),
    ...changed.flatMap(({ table, organisations }) => [
      ...(who.body === null || !mayChange(who).includes(table) ? [`changed ${table}`] : []),
      ...organisations
        .filter((each) => each !== own && !isFounding(who, table, each) && table !== OF_THE_SITE)
        .map(() => `wrote ${table} of another body`),
    ]),
    // Anything but a refusal is a defect, unless what was given is no value at all.
    ...(refused && !/^(LB4|22|23)/.test(said) ? [said] : []),
  ];
  const about = Object.values(call.about).map((thing) => thing?.name);
  return wrong.map((what) => `${who.name}, ${call.name} (${about.join(', ')}): ${what}`);
}
/** When the inspection was last through: one row, of no body. */
const OF_THE_SITE = 'inspected';
/** An operator lets a body be founded, which is nobody's yet. */
const isFounding = ({ body }: Principal, table: string, organisation: string): boolean =>
  body === 'host' && table === 'invitation' && organisation === 'none';
/** The hash of one's own secret is all that is told to nobody, and what Watch planted for anybody to find, or whether it did. */
const saysNothing = (name: string, said: string): boolean =>
  ['session_hash', 'planted_at', 'anything_planted'].includes(name) ||
  /^\[(\{("\w+":(null|""|"\(,*\)"),?)*\},?)*\]$/.test(said);

/** Where the doors about access let more people know that a case is there. */
const doorLike = (name: string): string =>
  ['access_state', 'propose_grant'].includes(name)
    ? '/access/propose'
    : name.startsWith('access_')
      ? '/access/history'
      : name;

/** Where a thing that somebody may not see can be told from one that is not there. */
function toldApart(of: readonly Outcome[]): string[] {
  const comparable = of.flatMap((outcome) => {
    const { call, who, said } = outcome;
    const hidden = Object.values(call.about).flatMap((thing) =>
      thing && isHiddenThing(who, thing, doorLike(call.name)) ? thing : [],
    );
    if (hidden.length !== 1) return [];
    const typed = hidden.flatMap(({ id, document }) => [id, document ?? id]);
    const masked = (text: string) => typed.reduce((so, each) => so.replaceAll(each, '…'), text);
    // What was signed is another text each time, about the same.
    const args = call.args.map((arg) =>
      arg.includes('"kind"') || arg.length === 90 ? 'signed' : masked(arg),
    );
    return [
      { group: `${who.name}, ${call.name}(${args.join(', ')})`, said: masked(said), name: hidden[0]?.name },
    ];
  });
  return [...Map.groupBy(comparable, ({ group }) => group)].flatMap(([group, some]) => {
    const answers = Map.groupBy(some, ({ said }) => said);
    if (answers.size < 2) return [];
    return [
      `${group}: ${[...answers].map(([said, same]) => `${said.slice(0, 100)} for ${[...new Set(same.map(({ name }) => name))]}`).join(' / ')}`,
    ];
  });
}

test('as the desk, whoever asks: nothing is said or changed that may not be', () => {
  expect(outcomes.length).toBeGreaterThan(8_000);
  expect([...new Set(outcomes.flatMap(wrongIn))]).toEqual([]);
});

test('as the desk, what somebody may not see cannot be told from what is not there', () => {
  expect(toldApart(outcomes)).toEqual([]);
});

test('positive control: every function does what it is for, for somebody', () => {
  const never = [...new Set(outcomes.map(({ call }) => call.name))].filter(
    (name) => !outcomes.some(({ call, who, refused }) => call.name === name && who.body !== null && !refused),
  );
  // Both forms have their keys; a recovery is under way, to which all have consented, and nobody carries it out. Two have
  // agreed to a notice already, which has nobody in it.
  expect(never).toEqual([
    ...['approve_form_key', 'approve_notice', 'begin_recovery', 'consent_to_recovery', 'hand_over_recovery'],
    ...['make_form_key', 'message_done', 'propose_notice'],
  ]);
  const given = (name: Principal['name']) => [
    ...new Set(
      outcomes
        .filter(({ who, said }) => who.name === name && carriesCiphertext(said))
        .map(({ call }) => call.name),
    ),
  ];
  expect(given('a reader of the form')).toEqual([
    'list_cases',
    'my_form_keys',
    'notice_list',
    'release_case',
    'released_chunk',
  ]);
  expect(given('a manager without a grant')).toEqual(['recovery_envelopes']);
  for (const name of ['a stranger', 'a colleague without a grant', 'a reader whose grant ended'])
    expect(given(name), name).toEqual([]);
});

/** What the other roles may change: they have no sessions, and act for whoever comes. */
const OTHERS: Readonly<Record<Exclude<LoginRole, 'desk'>, readonly string[]>> = {
  slot: ['cases', 'attachment', 'attachment_chunk', 'equality_answer', 'register_entry'],
  signin: [
    ...['organisation', 'person', 'invitation', 'signed_document', 'passkey', 'passphrase', 'session'],
    'register_entry',
  ],
  register: ['register_log', 'register_leaf', 'register_checkpoint'],
  alarm: ['alarm', 'outbox', 'register_entry'],
};

test.each(['slot', 'signin', 'register'] as const)(
  'as letterbox_%s nothing of any submission, person or grant comes out',
  async (role) => {
    const stranger = principal('a stranger');
    const said = await callAll(role, await functionsOf(matrix, role), [stranger]);
    const wrong = said.flatMap((outcome) => [
      ...wronglyGiven(marks, stranger, outcome.call.name, outcome.said, outcome.call.args.join(' ')),
      ...(carriesCiphertext(outcome.said) ? ['something sealed'] : []),
      ...outcome.changed
        .filter(({ table }) => !OTHERS[role].includes(table))
        .map(({ table }) => `changed ${table}`),
    ]);
    expect(said.filter(({ refused }) => !refused).length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  },
);

describe('negative controls: a function with a mistake is seen', () => {
  const desk = async (...names: string[]) =>
    callAll(
      'desk',
      (await functionsOf(matrix, 'desk')).filter(({ name }) => names.includes(name)),
    );
  const db = () => matrix.db;

  test('the decision forgets whose grant it is', async () => {
    const wrong = await withWallDown(db(), 'reading_grant', 'g.person = who and', '', async () =>
      (await desk('release_case')).flatMap(wrongIn),
    );
    expect(wrong).toContainEqual(
      expect.stringMatching(/^a colleague without a grant, release_case .*the answers of the case$/),
    );
  });

  test('an act forgets to ask for a manager', async () => {
    const was = `require_actor('manager')`;
    const wrong = await withWallDown(db(), 'end_grants', was, 'require_actor()', async () =>
      (await desk('end_grants')).flatMap(wrongIn),
    );
    expect(wrong).toContainEqual(
      expect.stringMatching(/^a colleague without a grant, end_grants .*: changed grants$/),
    );
  });

  test('an act forgets the body', async () => {
    const was = 'a.organisation = who.organisation and';
    const told = await withWallDown(db(), 'forget_away', was, '', async () =>
      toldApart(await desk('forget_away')),
    );
    expect(told).toContainEqual(
      expect.stringMatching(/^a manager without a grant, forget_away.*for a leave of elsewhere/),
    );
  });

  test('a function forgets to ask who calls', async () => {
    const was = 'who acting := require_colleague();';
    const wrong = await withWallDown(
      db(),
      'own_people',
      was,
      'who acting := (select row(p.organisation, p.id, p.name, p.capacities, true, p.kind)::acting from person p limit 1);',
      async () => (await desk('own_people')).flatMap(wrongIn),
    );
    expect(wrong).toContainEqual(expect.stringMatching(/^a stranger, own_people .*: told nobody/));
  });

  test('an argument that nobody said what to call with, fails by its name', async () => {
    const loose = { name: 'loose', names: ['whereabouts'], types: ['point'] };
    await expect(callsOf(matrix, loose, CAST[0], bodies)).rejects.toThrow(
      'cannot call loose: it has nothing for whereabouts point',
    );
  });
});
