/** The database's catalogue against the one of this version: what somebody else than the migrations has changed. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { describeCatalogue, releasedCatalogue } from '../../store/catalogue.ts';
import { migrationFiles } from '../../store/migrate.ts';
import { act, type Database } from '../../store/store.ts';
import { isRefusal } from '../../web/refusal.ts';
import type { Finding, Subject } from '../inspection.ts';

/** A change of one thing of the catalogue; `was` and `is` are its lines without the thing's name, null where it is not. */
type Change = {
  readonly kind: string;
  readonly name: string;
  readonly was: string | null;
  readonly is: string | null;
};

/** How long an update may take, in milliseconds, before it is told that the database is another version's. */
const UPDATING = 10 * 60_000;

/** `steady`: milliseconds that are never set back. */
export function catalogueSubject(
  database: Database,
  steady: () => number = () => performance.now(),
): Subject {
  // As they were when this program started: an update may replace them beneath it.
  const [released, known] = [releasedCatalogue(), migrationFiles()];
  let otherSince: number | null = null;
  return {
    name: 'The catalogue of the database',
    patience: 1,
    look: async () => {
      const { applied, lines } = await catalogueOf(database);
      const other = otherVersion(known, applied);
      if (other === null) otherSince = null;
      else otherSince ??= steady();
      if (otherSince === null) return findingsIn(changes(released, lines));
      return other && steady() - otherSince >= UPDATING ? [other] : [];
    },
  };
}

async function catalogueOf(database: Database) {
  const found = await act(database, null, async (tx) => {
    await tx.run('set transaction isolation level repeatable read, read only');
    const shape = z.object({ applied: z.array(z.string()) });
    const { applied } = await tx.one(shape, 'select applied from letterbox.inspection()');
    return { applied, lines: await describeCatalogue(tx) };
  });
  if (isRefusal(found)) throw new Error(found.message);
  return found;
}

/** While the database is another version's, this version's catalogue is no measure for it. */
function otherVersion(known: readonly string[], applied: readonly string[]): Finding | null {
  const newer = applied.filter((file) => !known.includes(file));
  const missing = known.filter((file) => !applied.includes(file));
  if (newer.length + missing.length === 0) return null;
  const how = newer.length > 0 ? `${newer.join(', ')} is not known here` : `${missing.join(', ')} is missing`;
  return {
    ...{ key: `version ${newer.concat(missing).join(' ')}`, colour: 'amber', whom: 'site' },
    address: 'the database',
    seen:
      `The database was brought to another version than this program’s (${how}), so its catalogue is not compared ` +
      'with anything. Update all parts of Letterbox, run letterbox migrate, and start them again.',
  };
}

/** What differs; a further index opens nothing and is the operator’s own affair. */
export function changes(released: readonly string[], found: readonly string[]): Change[] {
  const [want, have] = [new Set(released), new Set(found)];
  const byThing = new Map<string, { was: string | null; is: string | null }>();
  const note = (line: string, side: 'was' | 'is') => {
    const [thing, detail] = parted(line);
    const before = byThing.get(thing) ?? { was: null, is: null };
    byThing.set(thing, { ...before, [side]: detail });
  };
  for (const line of released) if (!have.has(line)) note(line, 'was');
  for (const line of found) if (!want.has(line)) note(line, 'is');
  return [...byThing]
    .map(([thing, sides]) => {
      const at = thing.indexOf(' ');
      return { kind: thing.slice(0, at), name: thing.slice(at + 1), ...sides };
    })
    .filter(({ kind, was }) => kind !== 'index' || was !== null);
}

/** `table cases: of letterbox_owner` is `table cases` and what is said of it. */
function parted(line: string): readonly [thing: string, detail: string] {
  const at = line.indexOf(': ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
}

/** One finding for each kind of mistake, and each whom it gives something, however many things it concerns. */
export function findingsIn(found: readonly Change[]): Finding[] {
  return [...Map.groupBy(found, mistakeIn)].map(([mistake, some]) => {
    const lines = some.map(({ kind, name, was, is }) => `${kind} ${name} ${was} ${is}`).sort();
    const hash = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
    const things = some.map(thingIn).sort();
    const more = things.length > 4 ? ` and ${things.length - 4} more` : '';
    const named = things.slice(0, 4).join('; ') + more;
    const [does, mend] = SENTENCES[mistake.split(' ')[0] ?? ''] ?? CHANGED;
    const whom = mistake.slice(mistake.indexOf(' ') + 1);
    return {
      ...{ key: `catalogue ${mistake} ${hash}`, colour: 'amber', whom: 'all' },
      address: `the database: ${named}`,
      seen: `${does.replace('WHOM', () => whom)}: ${named}. ${mend.replace('WHOM', () => whom)}`,
    };
  });
}

const RIGHT = /^(.+?) may (\S+) (.+)$/;

/** What of a change is named where several of its kind are told together. */
function thingIn({ kind, name, was, is }: Change): string {
  if (kind === 'right') return name.replace(RIGHT, '$2 on $3');
  if (kind === 'member' || kind === 'elsewhere') return name;
  const how = was === null || is === null ? '' : ` (${differing(was, is)})`;
  return `${kind} ${name}${how}`;
}

/** Of two descriptions, what the second has instead. */
function differing(was: string, is: string): string {
  const [before, now] = [was.split(', '), is.split(', ')];
  const came = now.filter((part) => !before.includes(part));
  const went = before.filter((part) => !now.includes(part));
  const said = came.length > 0 ? `now ${came.join(', ')}` : `no longer ${went.join(', ')}`;
  return said.length > 120 ? `${said.slice(0, 120)} …` : said;
}

/** The kind of mistake, and after a space whom it gives something or takes it from. */
function mistakeIn({ kind, name, was, is }: Change): string {
  const whom = RIGHT.exec(name)?.[1] ?? 'somebody';
  if (kind === 'right' && was !== null) return `lacking ${whom}`;
  if (kind === 'right') return whom === 'everybody' ? 'everybody' : `right ${whom}`;
  if (kind === 'role' || kind === 'member' || kind === 'elsewhere') return kind;
  if (kind === 'table' && is?.includes('rows open')) return 'rows';
  if (kind === 'trigger' && is?.endsWith('switched off')) return 'trigger';
  if (was === null) return 'more';
  return is === null ? 'missing' : 'changed';
}

const WRITTEN = 'as the migrations write it (src/store/migrations)';
const CHANGED = [
  'Something of Letterbox’s database is not as the migrations made it',
  `Put it back ${WRITTEN}, and ask who changed it.`,
] as const;
/** What each is, before the things it concerns; and what to do. */
const SENTENCES: Readonly<Record<string, readonly [does: string, mend: string]>> = {
  everybody: [
    'Every account of the database server was given rights in Letterbox’s database',
    'Take them back with revoke … from public.',
  ],
  right: [
    'The database account WHOM was given rights in Letterbox’s database that it should not have',
    'Take them back with revoke … from WHOM.',
  ],
  lacking: [
    'The database account WHOM lacks rights that it needs',
    'Run letterbox migrate, and grant what is still missing.',
  ],
  role: [
    'A database account of Letterbox can do something else than it should',
    'Set it back with alter role.',
  ],
  member: ['A database account can act as another, with the rights of both', 'Take that back with revoke.'],
  elsewhere: [
    'Something outside Letterbox’s schema shows, copies or uses what is in it',
    'Drop it, and ask who could read by it.',
  ],
  rows: [
    'A table’s rows are not closed to all but the owner’s functions',
    'Enable and force row level security there.',
  ],
  trigger: [
    'What keeps rows of the database from being changed, or from contradicting each other, does not run',
    'Switch it on with alter table … enable trigger, and compare the table with a backup.',
  ],
  more: [
    'There is something in Letterbox’s database that this version did not make',
    'Look what it is for, and drop it.',
  ],
  missing: ['Something of Letterbox’s database is missing', `Put it back ${WRITTEN}.`],
  changed: CHANGED,
};
