/** One round: every question as every persona, at a pace that the site does not notice. */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Session } from './account.ts';
import type { Asking, Got } from './asking.ts';
import type { Question } from './census.ts';
import { type Finding, judge, searchGot } from './judging.ts';
import type { Needles } from './needles.ts';
import type { Searched } from './search.ts';

/** As whom Watch asks: what they are to a body (null: to nobody in particular), and what their requests carry. */
export type Persona = {
  readonly id: string;
  readonly to: (organisation: string | null) => string;
  readonly session: Session;
};

export type Round = {
  readonly asking: Asking;
  readonly needles: Needles;
  /** Questions a second. */
  readonly rate: number;
  readonly organisationOf: (canary: string) => string | null;
  /** Called at once with what is found the first time in this round, and with the rehearsals that were found. */
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
  readonly onRehearsed: (rehearsal: string) => Promise<void>;
  /** Called at about so many seconds while questions are being put: a slow round is not taken for silence. */
  readonly onGoing: () => Promise<void>;
  readonly goingEvery: number;
  readonly stop: AbortSignal;
  /** Answers that were searched before and held nothing: most pages are the same in each round. */
  readonly clean: Set<string>;
};

export type Asked = { readonly question: Question; readonly persona: Persona };
export type RoundResult = {
  readonly asked: number;
  readonly unanswered: number;
  readonly found: ReadonlyMap<string, Finding>;
  /** Whether every question was put: only then is what was not found gone. */
  readonly whole: boolean;
};

const WORKERS = 6;

/** Puts the questions in their order. */
export async function ask(round: Round, questions: readonly Asked[]): Promise<RoundResult> {
  const found = new Map<string, Finding>();
  const rehearsed = new Set<string>();
  const began = performance.now();
  let next = 0;
  let unanswered = 0;
  let told = began;
  const worker = async (): Promise<void> => {
    while (next < questions.length && !round.stop.aborted) {
      const nth = next;
      next += 1;
      const asked = questions[nth];
      if (!asked) return;
      // All at once and then none for a moment: a site that wakes for each question by itself needs a third more for it.
      const due = (Math.floor(nth / WORKERS) * WORKERS * 1000) / round.rate;
      const early = began + due - performance.now();
      if (early > 1) await wait(early, undefined, { signal: round.stop }).catch(() => undefined);
      const before: Searched[] = [];
      const got = await put(round, asked, async (piece) => {
        before.push(await searched(round, piece));
      });
      if (performance.now() - told > round.goingEvery * 1000) {
        told = performance.now();
        await round.onGoing();
      }
      if (!got) {
        unanswered += 1;
        continue;
      }
      const judged = judge(
        { ...asked, got },
        together([...before, await searched(round, got)]),
        round.organisationOf,
      );
      const fresh = judged.findings.filter(({ key }) => !found.has(key));
      for (const finding of fresh) found.set(finding.key, finding);
      if (fresh.length > 0) await round.onFound(fresh);
      for (const each of judged.rehearsed)
        if (!rehearsed.has(each)) {
          rehearsed.add(each);
          await round.onRehearsed(each);
        }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return { asked: questions.length, unanswered, found, whole: !round.stop.aborted };
}

function put(
  { asking }: Round,
  { question, persona }: Asked,
  onPiece: (piece: Got) => Promise<void>,
): Promise<Got | null> {
  const { base, path, method } = question;
  const posted = method === 'POST' ? { 'content-type': 'application/json', origin: base } : {};
  const headers = {
    accept: method === 'POST' ? 'application/json' : 'text/html,application/json;q=0.9,*/*;q=0.8',
    'sec-fetch-site': 'same-origin',
    ...posted,
    ...persona.session,
  };
  const body = method === 'POST' ? { body: '{}' } : {};
  return asking.ask({ url: base + path, method, headers, ...body }, onPiece);
}

const NOTHING: Searched = { found: [], unread: [] };

async function searched({ clean, needles }: Round, got: Got): Promise<Searched> {
  const print = createHash('sha256')
    .update(got.bytes)
    .update(JSON.stringify(got.headers.filter(isTelling)))
    .digest('base64');
  if (clean.has(print)) return NOTHING;
  const result = await searchGot(got, needles);
  if (result.found.length === 0 && result.unread.length === 0) clean.add(print);
  return result;
}

const together = (pieces: readonly Searched[]): Searched => ({
  found: pieces.flatMap(({ found }) => found),
  unread: pieces.flatMap(({ unread }) => unread),
});

/** A date says nothing, and is another each time. */
const isTelling = ([name]: readonly [string, string]): boolean =>
  !['date', 'age', 'x-request-id'].includes(name);
