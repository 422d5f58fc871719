/**
 * Whether what the register says was handed over was allowed by two people then. A row that somebody wrote into the
 * database opens nothing (walls.md), but what was released by it stands in the register for ever, and is told here.
 *
 * LIMIT: a release in the very moment in which an end is being written may stand after it, and is told as not allowed.
 */
import { z } from 'zod';
import { couldRead, type History, type Moment } from './history.ts';

const word = z.string().optional().catch(undefined);
const shape = z.object({
  kind: z.enum(['release', 'attachment-release', 'list']),
  at: z.iso.datetime({ precision: 3 }),
  actor: word,
  form: word,
  case: word,
  /** Of what was released; an attachment's entry does not say it. */
  generation: z.number().optional().catch(undefined),
  /** Hash of the grant document by which the database allowed it. */
  grant: word,
  cases: z.array(z.string()).optional().catch(undefined),
});
/** An entry of the register about something handed over. */
export type ReleaseEntry = z.infer<typeof shape>;

/** An entry as one of these, or null for all others. */
export function releaseIn(entry: unknown): ReleaseEntry | null {
  return shape.safeParse(entry).data ?? null;
}

/** Why no two signatures allowed a release, or null. `position`: between which documents it stands in the register. */
export function objectionToRelease(history: History, entry: ReleaseEntry, position: number): string | null {
  const { actor: person, form } = entry;
  if (person === undefined || form === undefined) return 'It does not say who was given what.';
  const moment: Moment = { at: entry.at, position };
  const asked = { form, case: null, person };
  const lines = couldRead(history, asked, moment);
  if (entry.kind === 'list') return objectionToList(entry, lines);
  const named = history.proven.grants.some(({ document }) => document === entry.grant);
  if (!named) return 'The grant it names was never signed by two people.';
  const allowed = lines.some(
    (line) =>
      line.document === entry.grant &&
      (line.case === null ? line.fromGeneration <= plainOf(history, entry) : line.case === entry.case),
  );
  return allowed ? null : 'The grant it names did not let this person read this case then.';
}

function objectionToList(entry: ReleaseEntry, lines: ReturnType<typeof couldRead>): string | null {
  const single = new Set(lines.map((line) => line.case));
  const allowed = single.has(null) || (entry.cases ?? []).every((id) => single.has(id));
  return allowed ? null : 'No grant that two people signed let this person read this form then.';
}

/** The generation whose secret opens what was released. */
function plainOf({ proven }: History, { form, generation }: ReleaseEntry): number {
  if (generation === undefined) return Number.POSITIVE_INFINITY;
  const key = proven.keys.find((each) => each.key.form === form && each.key.generation === generation);
  return key?.plain ?? generation;
}
