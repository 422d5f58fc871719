/** Judges answers by the oracle, and says in words which are wrong. */

import { z } from 'zod';
import type { TestDatabase } from '../store/testing.ts';
import { type Answer, type Ask, type Sites, sessionOf } from './matrix-asking.testing.ts';
import type { Bodies } from './matrix-bodies.testing.ts';
import { CAST, type Principal, type Who } from './matrix-cast.testing.ts';
import { carriesCiphertext, type Mark, wronglyGiven } from './matrix-marks.testing.ts';
import { verdictOn } from './matrix-oracle.testing.ts';
import { isHidden, type Verdict } from './matrix-rules.testing.ts';
import type { Matrix } from './matrix-world.testing.ts';

export type Asked = {
  readonly ask: Ask;
  readonly who: Principal;
  readonly answer: Answer;
  readonly typed: string;
};
export type Stage = {
  readonly matrix: Matrix;
  readonly marks: readonly Mark[];
  readonly sites: Sites;
  readonly bodies: Bodies;
};

const DONE = [200, 201, 204];
const NOT_DONE = [400, 401, 403, 404, 409, 413, 415, 422];

/** Whether the answer is what the oracle says it must be. */
function fits(verdict: Verdict, { ask, answer: { status, headers } }: Asked): boolean {
  const isGet = ask.door.method === 'GET';
  const malformed = Object.values(ask.about).some((thing) => thing?.wellFormed === false);
  switch (verdict) {
    case 'yes':
      return DONE.includes(status) || (!isGet && status === 303 && headers.location !== '/sign-in');
    case 'absent':
    case 'refused':
      return malformed ? status === 404 || status === 403 : status === (verdict === 'absent' ? 404 : 403);
    case 'no':
      return NOT_DONE.includes(status);
    case 'sign in':
      return isGet ? status === 303 && headers.location === '/sign-in' : status === 401;
    case 'sent on':
      return status === 303 && headers.location !== '/sign-in';
    case 'any':
      return status < 500;
  }
}

/** Asks once; null where there is nothing to send in that way. */
export async function askAs(
  { matrix, sites, bodies }: Stage,
  ask: Ask,
  who: Principal,
): Promise<Asked | null> {
  const by = Object.entries(matrix.sessions).find(([name]) => name === who.name)?.[1] ?? null;
  const manager = matrix.ours.body.second;
  if (ask.sent === 'borrowed' && by === manager) return null;
  const body =
    ask.sent === 'nothing' ? {} : await bodies(ask.name, ask.sent === 'own' ? by : manager, ask.about);
  if (body === null || (ask.sent === 'borrowed' && !('signature' in body))) return null;
  const answer = await sites.ask(ask, sessionOf(matrix, who), body);
  return { ask, who, answer, typed: `${ask.path} ${JSON.stringify(body)}` };
}

/** What is wrong with an answer, in words; nothing where all is as it must be. */
export function wrongIn(marks: readonly Mark[], asked: Asked): string[] {
  const { ask, who, answer, typed } = asked;
  const verdict = verdictOn(ask.name, who, ask.about, ask.sent);
  const status = fits(verdict, asked) ? [] : [`${answer.status} instead of "${verdict}"`];
  const text = `${JSON.stringify(answer.headers)} ${answer.text}`;
  const given = wronglyGiven(marks, who, ask.name, text, typed).map((name) => `gave away ${name}`);
  const sealed = carriesCiphertext(text) && !HANDS_OVER.has(ask.name) ? ['something sealed'] : [];
  const about = Object.values(ask.about).map((thing) => thing?.name);
  return [...status, ...given, ...sealed].map(
    (what) => `${who.name}, ${ask.name} (${about.join(', ')}; sent: ${ask.sent}): ${what}`,
  );
}

/** The doors that hand sealed things over; nothing sealed comes out of any other. */
export const HANDS_OVER: ReadonlySet<string> = new Set([
  'GET desk /keys',
  'GET desk /forms/:form/cases',
  'POST desk /recovery/:recovery/envelopes',
  'POST desk /cases/:case/release',
  'POST desk /notices/:notice/list',
  'GET desk /cases/:case/attachments/:attachment',
]);

/** What a client could compare: all but the date, with what was typed taken out. */
export function comparable({ ask, answer }: Asked): string {
  const { date: _, 'content-length': __, ...headers } = answer.headers;
  const typed = Object.values(ask.about).flatMap((thing) =>
    thing ? [thing.id, thing.document ?? thing.id] : [],
  );
  return typed.reduce(
    (text, each) => text.replaceAll(each, '…'),
    JSON.stringify([answer.status, headers, answer.text]),
  );
}

/** Where a thing that somebody may not see can be told from one that is not there. */
export function toldApart(asked: readonly Asked[]): string[] {
  const groups = Map.groupBy(
    asked.filter(({ ask, who }) => isHidden(who, ask.about, ask.name) && ask.door.site === 'desk'),
    ({ ask, who }) => `${who.name}, ${ask.name}, ${Object.keys(ask.about)}, sent: ${ask.sent}`,
  );
  return [...groups].flatMap(([name, group]) => {
    const answers = Map.groupBy(group, comparable);
    if (answers.size < 2) return [];
    const kinds = [...answers.values()].map(
      (same) => `[${same.map(({ ask }) => Object.values(ask.about).map((thing) => thing?.name))}]`,
    );
    return [`${name}: ${kinds.join(' / ')}`];
  });
}

export const principal = (name: Who): Principal => {
  const found = CAST.find((each) => each.name === name);
  if (!found) throw new Error(`Nobody is called ${name}.`);
  return found;
};

/** Asks as everybody, some at once. */
export async function askAll(
  stage: Stage,
  asks: readonly Ask[],
  cast: readonly Principal[] = CAST,
): Promise<Asked[]> {
  const all: Asked[] = [];
  for (const ask of asks)
    for (let from = 0; from < cast.length; from += 4) {
      const asked = await Promise.all(cast.slice(from, from + 4).map((who) => askAs(stage, ask, who)));
      all.push(...asked.flatMap((each) => each ?? []));
    }
  return all;
}

/** Replaces a function by one with a mistake in it, and puts it back. */
export async function withWallDown<T>(
  db: TestDatabase,
  name: string,
  was: string,
  mistake: string,
  work: () => Promise<T>,
): Promise<T> {
  const { sql } = await db.admin.one(
    z.object({ sql: z.string() }),
    `select pg_get_functiondef(oid) as sql from pg_proc where pronamespace = 'letterbox'::regnamespace and proname = $1`,
    [name],
  );
  if (!sql.includes(was)) throw new Error(`The wall ${name} is not as it was: it does not say ${was}.`);
  await db.admin.run(sql.replace(was, mistake));
  try {
    return await work();
  } finally {
    await db.admin.run(sql);
  }
}
