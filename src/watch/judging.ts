/** What an answer means: a submission that can be read, one that lies loose, or something that answers and must not. */
import { type Got, headerOf } from './asking.ts';
import type { Question } from './census.ts';
import type { Needles } from './needles.ts';
import type { Persona } from './round.ts';
import { type Searched, search } from './search.ts';

/** What is told of one thing, in the words the desk shows. `key` is the same each time it is seen. */
export type Finding = {
  readonly key: string;
  readonly kind: 'readable' | 'loose' | 'elsewhere' | 'blind';
  readonly colour: 'red' | 'amber';
  readonly organisation: string | null;
  readonly form: string | null;
  readonly seen: string;
  readonly asWhom: string | null;
  readonly address: string | null;
  /** Which question, put as whom, brought it to light: it is gone when that one brings it to light no more. */
  readonly by: string;
};

export type Judged = {
  readonly findings: readonly Finding[];
  /** Rehearsals whose mark was in the answer. */
  readonly rehearsed: readonly string[];
};

/** Marks of rehearsals belong to a canary of this name, and an id. */
export const REHEARSAL = 'rehearsal ';

const TITLED = (persona: string): string => persona.charAt(0).toUpperCase() + persona.slice(1);

export async function searchGot(got: Got, needles: Needles): Promise<Searched> {
  const contentEncoding = headerOf(got, 'content-encoding');
  const headers = got.headers.map(([name, value]) => `${name}: ${value}`);
  const searched = await search({ bytes: got.bytes, headers, contentEncoding }, needles);
  return got.whole ? searched : { ...searched, unread: [...searched.unread, CUT_OFF] };
}

const CUT_OFF = 'It is longer than is looked at, or was broken off';

/** Judges what a persona got. `formOf` says whose canary it is. */
export function judge(
  { question, persona, got }: { readonly question: Question; readonly persona: Persona; readonly got: Got },
  { found, unread }: Searched,
  organisationOf: (canary: string) => string | null,
): Judged {
  const address = addressOf(question);
  const by = askedBy(question, persona);
  const leaks = found.filter(({ source }) => !source.canary.startsWith(REHEARSAL));
  const findings = leaks.map(({ colour, source, packed }): Finding => {
    const organisation = organisationOf(source.canary);
    const asWhom = persona.to(organisation);
    const how = packed.length > 0 ? `, packed (${packed.join(', ').slice(0, 200)})` : '';
    return {
      ...{ asWhom, address, by },
      key: `${colour} ${organisation} ${source.form} ${question.base} ${question.name}`.slice(0, 300),
      ...(colour === 'red' ? { kind: 'readable', colour } : { kind: 'loose', colour }),
      ...{ organisation, form: source.form },
      seen:
        colour === 'red'
          ? `${TITLED(asWhom)} could read a canary of this form (its ${source.part})${how}. What others sent can be read in the same way.`
          : `${TITLED(asWhom)} was handed sealed parts of a canary of this form (its ${source.part})${how}. Nobody can read them without a key, but they must not be handed out.`,
    };
  });
  const rehearsed = [...new Set(found.map(({ source }) => source.canary))].flatMap((canary) =>
    canary.startsWith(REHEARSAL) ? canary.slice(REHEARSAL.length) : [],
  );
  const about = { asWhom: persona.to(null), address, by };
  const answers = rehearsed.length > 0 ? [] : unexpected(question, got, about);
  return { findings: [...findings, ...answers, ...unreadable(unread, question, about)], rehearsed };
}

type About = Pick<Finding, 'asWhom' | 'address' | 'by'>;

/** A stranger to whom something answers that must not. What a rehearsal planted is none of that. */
function unexpected(question: Question, got: Got, about: About): Finding[] {
  if (about.asWhom !== STRANGER || question.stranger === 'open' || got.status < 200 || got.status > 299)
    return [];
  const seen =
    question.stranger === 'shut'
      ? 'A page that is for colleagues came to a stranger.'
      : 'Something answers to strangers at an address where nothing should be.';
  const key = `answers ${question.base} ${question.name}`.slice(0, 300);
  return [{ ...about, key, kind: 'elsewhere', colour: 'amber', organisation: null, form: null, seen }];
}

function unreadable(unread: readonly string[], question: Question, about: About): Finding[] {
  const [first] = unread;
  if (first === undefined) return [];
  const seen = `An answer could not be looked into: ${first.slice(0, 300)}.`;
  const key = `unread ${question.base} ${question.name}`.slice(0, 300);
  return [{ ...about, key, kind: 'blind', colour: 'amber', organisation: null, form: null, seen }];
}

export const STRANGER = 'a stranger';

const addressOf = ({ method, base, path }: Question): string => `${method} ${base}${path}`.slice(0, 500);
/** A question as somebody puts it, to know it again by. */
export const askedBy = (question: Question, { id }: Persona): string => `${id} ${addressOf(question)}`;
