/**
 * # Note: the inspection
 *
 * Watch asks from outside; this looks from inside, as a second pair of eyes: at the catalogue of the database, at what
 * its tables hold against what people signed, at the two sites as they answer, at the clock, the mail relay, the backups
 * and the files of keys. It changes nothing and mends nothing. Each *subject* looks for itself; what it finds is a
 * *finding*, and stands as long as it is found.
 *
 * A finding is told when it is seen in two looks in a row, so that a restart, an update or a slow answer is no alarm;
 * with a look every 15 seconds, that is half a minute. It is taken back by the first look that does not see it.
 * A subject that cannot look keeps what it saw last, and says that it is blind once its patience is over.
 *
 * Watch looks after it: where it has said nothing for two minutes, a report of Watch raises the alarm.
 *
 * LIMIT: it believes the database's catalogue and this machine's files. Whoever is superuser, or root, can mislead it.
 */
import { z } from 'zod';
import { AwayError } from '../store/away.ts';
import type { Database } from '../store/store.ts';

export type Finding = {
  /** The same whenever the same thing is seen again. */
  readonly key: string;
  /** Red: a submission could be read. Amber: a wall has a hole, or a guard is off, and others still stand. */
  readonly colour: 'red' | 'amber';
  /** What is set wrongly, and what to do, for people. */
  readonly seen: string;
  /** Where. */
  readonly address: string | null;
  /**
   * Whom it is told: one organisation by its id; `all` of them, where a wall has a hole; or whoever runs the `site`: the
   * host, and where nobody founded one, every body.
   */
  readonly whom: 'all' | 'site' | { readonly organisation: string };
};

export type Subject = {
  /** As it stands in "… cannot be inspected". */
  readonly name: string;
  /** How many looks in a row may fail before that is a finding of its own. */
  readonly patience: number;
  /** What stands open now. @throws when it cannot look */
  look(): Promise<readonly Finding[]>;
};

export type Inspection = {
  /** As letterbox_alarm. */
  readonly database: Database;
  readonly subjects: readonly Subject[];
  readonly everyMs?: number;
};

/** What a subject saw in its newest look and in the one before, and how often it has failed since. */
type Seen = { now: readonly Finding[]; before: readonly Finding[]; failed: number };

/** Looks at everything, in turn, each time `round` is called; tells the database what stands. */
export function openInspection({ database, subjects }: Inspection): { round(): Promise<void> } {
  const seen = new Map<Subject, Seen>();
  let rounds = 0;
  // Organisations that something was told to in the last round: they are told when it is gone.
  let told = new Set<string>();
  return {
    round: async () => {
      await Promise.all(subjects.map((subject) => lookAgain(subject, seen)));
      await database.run('select letterbox.inspection_done()');
      rounds += 1;
      // What an earlier process told stands until this one has looked twice.
      if (rounds < 2) return;
      const standing = [...seen.values()].flatMap(seenTwice);
      const all = await organisations(database);
      const first = rounds === 2;
      const next = new Set<string>();
      for (const { organisation, kind } of all) {
        const theirs = standing.filter((finding) => concerns(finding, organisation, kind, all));
        if (theirs.length > 0) next.add(organisation);
        if (theirs.length > 0 || told.has(organisation) || first) await tell(database, organisation, theirs);
      }
      told = next;
    },
  };
}

async function lookAgain(subject: Subject, seen: Map<Subject, Seen>): Promise<void> {
  const last = seen.get(subject) ?? { now: [], before: [], failed: 0 };
  try {
    seen.set(subject, { now: await subject.look(), before: last.now, failed: 0 });
  } catch (error) {
    // A database that is away is told of by everything else, and nothing could be told to it.
    if (error instanceof AwayError) throw error;
    const failed = last.failed + 1;
    const why = error instanceof Error ? error.message : String(error);
    const kept = last.now.filter(({ key }) => key !== blindKey(subject));
    const now = failed > subject.patience ? [...kept, blind(subject, why)] : last.now;
    seen.set(subject, { now, before: last.now, failed });
  }
}

const blindKey = ({ name }: Subject): string => `blind ${name}`;
const blind = (subject: Subject, why: string): Finding => ({
  ...{ key: blindKey(subject), colour: 'amber', address: null, whom: 'site' },
  seen: `${subject.name} cannot be inspected, so nobody notices what is set wrongly there: ${why}`,
});

function seenTwice({ now, before }: Seen): Finding[] {
  const known = new Set(before.map(({ key }) => key));
  return now.filter(({ key }) => known.has(key));
}

const organisationRow = z.object({ organisation: z.string(), kind: z.enum(['controller', 'host']) });
type Organisation = z.output<typeof organisationRow>;

function organisations(database: Database): Promise<Organisation[]> {
  return database.rows(organisationRow, 'select organisation, kind from letterbox.alarm_organisations()');
}

function concerns(
  { whom }: Finding,
  organisation: string,
  kind: Organisation['kind'],
  all: readonly Organisation[],
): boolean {
  if (whom === 'all') return true;
  if (whom === 'site') return kind === 'host' || !all.some((each) => each.kind === 'host');
  return whom.organisation === organisation;
}

async function tell(database: Database, organisation: string, findings: readonly Finding[]): Promise<void> {
  const told = findings.map(({ key, colour, seen, address }) => ({
    ...{ key: key.slice(0, 300), colour, seen: seen.slice(0, 1000), address: address?.slice(0, 500) ?? null },
  }));
  const sql = "select letterbox.alarm_found($1, 'configuration', $2)";
  await database.run(sql, [organisation, JSON.stringify(told)]);
}
