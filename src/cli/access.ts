/**
 * `letterbox access`: from a downloaded register, offline, who could read at a moment by what two people signed, and who
 * was given what until then.
 */

import { parseArgs } from 'node:util';
import { base64 } from '@scure/base';
import { couldRead, type History, historyOf, type Moment, type Over, overBefore } from '../grants/history.ts';
import { type CsvRow, csvText, WHY_OVER } from '../grants/history-csv.ts';
import { objectionToRelease, type ReleaseEntry, releaseIn } from '../grants/history-releases.ts';
import type { ProvenGrant } from '../grants/verify.ts';
import { RegisterError } from '../register/note.ts';
import type { Entry } from '../register/register.ts';
import { type Log, openDocuments, openLog, provenLog, sayFounding } from './downloaded.ts';
import type { Main } from './letterbox.ts';

const USAGE = [
  'letterbox access <register.tar | folder> [--form FORM] [--case ID] [--person NAME|ID] [--at 2026-11-02T14:30Z]',
  '  [--founding HASH] [--vkey KEY] [--csv]',
];
const NOT_SHOWN =
  'What this does not show: what a reader did with what they were given; and, as long as only the operator signs, that there is no second log.';

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      form: { type: 'string' },
      case: { type: 'string' },
      person: { type: 'string' },
      at: { type: 'string' },
      founding: { type: 'string' },
      vkey: { type: 'string' },
      csv: { type: 'boolean', default: false },
    },
  });
  const [path] = positionals;
  if (!path) {
    for (const line of USAGE) say(line);
    return 2;
  }
  try {
    // A file is only the file: what is said beside it would not be one.
    const aside = values.csv ? () => undefined : say;
    const { log, history } = await opened(path, values, aside);
    const question = questionOf(values, log, history);
    const [could, did] = [couldRows(question, log, history), didRows(question, log, history)];
    if (values.csv) say(csvText([...could, ...did]).trimEnd());
    else tell(question, could, did, log, say);
    return 0;
  } catch (error) {
    if (!(error instanceof RegisterError)) throw error;
    say(`NOT PROVEN: ${error.message}`);
    return 1;
  }
};

type Values = {
  readonly form?: string | undefined;
  readonly case?: string | undefined;
  readonly person?: string | undefined;
  readonly at?: string | undefined;
  readonly founding?: string | undefined;
  readonly vkey?: string | undefined;
};

/** The download, verified, with what its documents prove from the founding one down. */
async function opened(path: string, values: Values, say: (line: string) => void) {
  const log = await openLog(path, values.vkey);
  say(provenLog(log));
  const { documents, founding, unregistered } = await openDocuments(log);
  sayFounding(founding, values.founding, say);
  if (unregistered > 0)
    say(`${unregistered} documents of the download stand in no entry. They count for nothing.`);
  return { log, history: await historyOf(documents, founding) };
}

type Question = {
  readonly form: string | null;
  readonly case: { readonly id: string; readonly generation: number } | null;
  readonly person: string | null;
  readonly moment: Moment;
};

/** @throws RegisterError for a question that the download cannot answer */
function questionOf(values: Values, log: Log, history: History): Question {
  const posted = values.case ? submissionOf(values.case, log) : null;
  if (values.case && !posted)
    throw new RegisterError('no-case', `The register has no submission ${values.case}.`);
  const form = posted ? String(posted.form) : (values.form ?? null);
  if (posted && values.form && values.form !== form)
    throw new RegisterError('other-form', `The case ${values.case} was sent by the form ${form}.`);
  return {
    form,
    case: posted?.case ? { id: posted.case, generation: plainOf(history, posted) } : null,
    person: values.person ? personCalled(values.person, history) : null,
    moment: momentOf(values.at, log),
  };
}

const submissionOf = (id: string, { entries }: Log): Entry | null =>
  entries.find((entry) => entry?.kind === 'submission' && entry.case === id.toLowerCase()) ?? null;

function plainOf({ proven }: History, { form, generation }: Entry): number {
  const key = proven.keys.find((each) => each.key.form === form && each.key.generation === generation);
  return key?.plain ?? Number(generation);
}

function personCalled(asked: string, { directory }: History): string {
  const found = [...directory.everyone.values()].filter(
    ({ id, name, email }) =>
      id === asked.toLowerCase() ||
      email === asked.toLowerCase() ||
      name.toLowerCase() === asked.toLowerCase(),
  );
  const [person] = found;
  if (!person) throw new RegisterError('no-person', `Nobody called ${asked} was ever confirmed.`);
  if (found.length > 1)
    throw new RegisterError(
      'many-people',
      `${found.length} people are called ${asked}: ${found.map(({ id }) => id).join(', ')}. Give an id.`,
    );
  return person.id;
}

/** The moment: its instant, and after the last entry of the register that was written by then. */
function momentOf(typed: string | undefined, { entries }: Log): Moment {
  const at = new Date(typed ?? Date.now());
  if (Number.isNaN(at.getTime()))
    throw new RegisterError('bad-moment', `${typed} is no moment. Write it like 2026-11-02T14:30Z.`);
  const iso = at.toISOString();
  return { at: iso, position: entries.findLastIndex((entry) => entry !== null && entry.at <= iso) + 0.5 };
}

/** The proven lines in force at the moment, each with what has ended it since. */
function couldRows(question: Question, log: Log, history: History): CsvRow[] {
  const { at } = question.moment;
  const rows = couldRead(history, question, question.moment).map((line): CsvRow => {
    const person = history.directory.everyone.get(line.person);
    const over = overSince(line, log, history);
    return {
      ...{ At: at, What: 'could read', Person: called(line.person, history), Address: person?.email ?? '' },
      ...{ 'From outside': person?.outside ?? '', Form: line.form, Case: line.case ?? '' },
      'Signed by': `${called(line.proposer, history)}; ${called(line.approver, history)}`,
      ...{ Purpose: line.purpose, Approved: line.approvedAt, From: line.from, Until: line.until },
      ...{ 'Over since': over?.since ?? '', Why: over ? WHY_OVER[over.why] : '' },
    };
  });
  return rows.sort(byPerson);
}

/** What has ended a line by now, as all documents of the download say it. */
function overSince(
  { id, person, until }: ProvenGrant,
  { entries }: Log,
  { directory, proven }: History,
): Over | null {
  const now = proven.grants.find((each) => each.id === id);
  const gone = entries[directory.standing.get(person)?.at(-1)?.to ?? -1];
  return overBefore(new Date().toISOString(), {
    ...{ until, reviewBy: now?.reviewBy ?? until, endedAt: now?.endedAt ?? null },
    leftAt: gone?.kind === 'leaving' ? gone.at : null,
    suspendedAt: gone?.kind === 'suspension' ? gone.at : null,
  });
}

/** What the register says was handed over until the moment, by person, form and case. */
function didRows(question: Question, { entries }: Log, history: History): CsvRow[] {
  const given = new Map<string, { row: CsvRow; times: number }>();
  for (const [index, entry] of entries.entries()) {
    const release = entry && releaseIn(entry);
    if (!release || index > question.moment.position || !isAbout(release, question)) continue;
    const of = release.kind === 'list' ? (question.case?.id ?? '') : (release.case ?? '');
    const why = objectionToRelease(history, release, index) === null ? '' : 'NOT ALLOWED BY TWO SIGNATURES';
    const name = [release.kind === 'list', release.actor, release.form, of, why].join(' ');
    const before = given.get(name);
    const row: CsvRow = {
      At: question.moment.at,
      What: release.kind === 'list' ? 'was given a list' : 'was given a case',
      ...{ Person: called(release.actor ?? '', history), Form: release.form ?? '', Case: of, Why: why },
      ...{ First: before?.row.First ?? release.at, Last: release.at },
    };
    given.set(name, { row, times: (before?.times ?? 0) + 1 });
  }
  return [...given.values()].map(({ row, times }): CsvRow => ({ ...row, Times: String(times) }));
}

const called = (id: string, { directory }: History): string => directory.everyone.get(id)?.name ?? id;

const byPerson = (one: CsvRow, other: CsvRow): number => ((one.Person ?? '') < (other.Person ?? '') ? -1 : 1);

function isAbout(release: ReleaseEntry, { form, case: of, person }: Question): boolean {
  if (form !== null && release.form !== form) return false;
  if (person !== null && release.actor !== person) return false;
  return of === null || release.case === of.id || (release.cases ?? []).includes(of.id);
}

type Say = (line: string) => void;

function tell(
  question: Question,
  could: readonly CsvRow[],
  did: readonly CsvRow[],
  log: Log,
  say: Say,
): void {
  const { form, case: of, moment } = question;
  const what = of ? `the case ${of.id} of ${form}` : (form ?? 'any form');
  say('');
  say(`Who could read ${what} at ${moment.at}, by what two people signed:`);
  for (const line of could.length > 0 ? could.map(couldLine) : ['  Nobody.']) say(line);
  say('');
  say('Who was given something of it until then, as the register says:');
  for (const line of did.length > 0 ? did.map(didLine) : ['  Nobody.']) say(line);
  say('');
  say(`Drawn up from ${log.checkpoint.size} entries, root ${base64.encode(log.checkpoint.root)}.`);
  say(NOT_SHOWN);
}

function couldLine(row: CsvRow): string {
  const who = `${row.Person} <${row.Address}>${row['From outside'] ? ` of ${row['From outside']}` : ''}`;
  const what = `${row.Form}${row.Case ? `, case ${row.Case}` : ''}, until ${row.Until}, for “${row.Purpose}”`;
  const over = row.Why ? ` Not any more: ${row.Why}, ${row['Over since']}.` : '';
  return `  ${who}: ${what}. Signed by ${row['Signed by']?.replace('; ', ' and ')}.${over}`;
}

function didLine(row: CsvRow): string {
  const listed = row.What === 'was given a list';
  const what =
    listed && row.Case ? `a list with the case ${row.Case}` : listed ? 'a list' : `the case ${row.Case}`;
  const when = row.Times === '1' ? `once, ${row.First}` : `${row.Times} times, ${row.First} to ${row.Last}`;
  return `  ${row.Person} was given ${what} of ${row.Form}, ${when}.${row.Why ? ` ${row.Why}.` : ''}`;
}
