/** What is asked in a round: every door about every canary, and what lies around by habit. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Canary } from './canary.ts';
import { HABITS, variantsOf } from './habits.ts';

/** A route as the site lists it. Audiences other than these two are for those who are signed in. */
export const doorShape = z.object({
  site: z.enum(['slot', 'desk']),
  method: z.string(),
  path: z.string(),
  audience: z.string(),
});
export type Door = z.output<typeof doorShape>;

export type Question = {
  readonly base: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** How it is spoken of: the door's pattern, or the path itself. */
  readonly name: string;
  /** What a stranger may get with status 200: anything (`open`), or nothing (`shut`: a staff door; `nothing`: no door). */
  readonly stranger: 'open' | 'shut' | 'nothing';
  /** Every so many rounds only: what is large, and what is asked as the less likely persona. */
  readonly every: number;
};

export type Sites = { readonly public: string; readonly desk: string; readonly others: readonly string[] };

/** Where a door is found: at its site, and at every other address of it. */
const basesOf = (site: 'slot' | 'desk', sites: Sites): string[] => [
  site === 'slot' ? sites.public : sites.desk,
  ...sites.others,
];

const LARGE = /download|\/documents|history\.csv/;
const OPEN = ['public', 'receipt'];

/** Every door that is asked by GET, with each canary, form and body in its address; and the release of each canary. */
export function doorQuestions(doors: readonly Door[], sites: Sites, canaries: readonly Canary[]): Question[] {
  return doors.flatMap((door) => {
    const release = door.method === 'POST' && door.path.endsWith('/release');
    if (door.method !== 'GET' && !release) return [];
    return addressesOf(door.path, canaries).flatMap((path) =>
      basesOf(door.site, sites).map(
        (base): Question => ({
          ...{ base, path, method: release ? 'POST' : 'GET', name: `${door.method} ${door.path}` },
          stranger: OPEN.includes(door.audience) || door.path === '/sign-in' ? 'open' : 'shut',
          every: LARGE.test(door.path) ? 40 : 1,
        }),
      ),
    );
  });
}

const NOBODY = randomUUID();

function addressesOf(pattern: string, canaries: readonly Canary[]): string[] {
  if (!/[:*]/.test(pattern)) return [pattern];
  const about: readonly (Canary | null)[] = canaries.length > 0 ? canaries : [null];
  const filled = about.flatMap((canary) => {
    const known: Readonly<Record<string, string | undefined>> = {
      ...{ organisation: canary?.slug, form: canary?.form, case: canary?.case, n: '0', '*': 'x' },
      ...{ attachment: canary?.attachments[0] },
    };
    const path = pattern.replace(/:(\w+)|\*/g, (whole, name) => known[name ?? whole] ?? NOBODY);
    return path;
  });
  return [...new Set(filled)];
}

/** What is at no door: left behind by habit, or a case's address spelt so that a cache or a rule takes it for another. */
export function otherQuestions(
  sites: Sites,
  canaries: readonly Canary[],
  expected: readonly string[],
): Question[] {
  const bases = [...new Set([sites.public, sites.desk, ...sites.others])];
  const nowhere = (base: string, path: string): Question => ({
    ...{ base, path, method: 'GET', name: path, stranger: 'nothing', every: 1 },
  });
  const habits = bases.flatMap((base) =>
    HABITS.filter((path) => !expected.includes(path)).map((path) => nowhere(base, path)),
  );
  const firsts = [...new Map(canaries.map((each) => [`${each.organisation} ${each.form}`, each])).values()];
  const spelt = firsts.flatMap(({ slug, form, case: id, attachments: [file] }) => [
    ...[
      `/cases/${id}`,
      `/forms/${form}/cases`,
      `/${slug}/${form}/cases/${id}`,
      `/api/cases/${id}`,
      `/submissions/${id}`,
    ],
    ...(file ? [`/cases/${id}/attachments/${file}`, `/attachments/${file}`, `/files/${file}`] : []),
  ]);
  const addresses = spelt.flatMap((path) => [path, ...variantsOf(path)]);
  return [...habits, ...bases.flatMap((base) => addresses.map((path) => nowhere(base, path)))];
}
