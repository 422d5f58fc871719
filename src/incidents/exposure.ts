/**
 * # Note: what was exposed
 *
 * Of a form and a time, the register says exactly which cases were there (from the entry of their arrival to the entry of
 * their erasure) and to whom Letterbox gave what of them. Both ends of the time belong to it, and a moment is a time too:
 * a backup of that night. Canaries are no cases.
 *
 * LIMIT: it does not say what came out past Letterbox (a copied disk, a proxy), nor what anybody did with what they were
 * given. That is not knowable here, and the page says so.
 */
import type { Exposure } from './incidents.ts';
import type { Asked, ExposedCase, Given, SeenMeanwhile } from './store.ts';

export type Reach = {
  readonly exposure: Exposure;
  /** Null: it was outside Letterbox, and nothing is known here. */
  readonly known: Known | null;
};

export type Known = {
  readonly cases: readonly ExposedCase[];
  readonly files: number;
  /** Sent without JavaScript: our server could read them for a moment when they came. */
  readonly onArrival: number;
  readonly erased: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
  readonly given: readonly Given[];
  readonly seen: SeenMeanwhile;
};

export function reachOf(
  exposure: Exposure,
  cases: readonly ExposedCase[],
  given: readonly Given[],
  seen: SeenMeanwhile,
): Reach {
  return {
    exposure,
    known: {
      ...{ cases, given, seen },
      files: cases.reduce((sum, each) => sum + each.files, 0),
      onArrival: cases.filter(({ arrival }) => arrival === 'server').length,
      erased: cases.filter(({ erasedAt }) => erasedAt !== null).length,
      oldest: cases[0]?.receivedAt ?? null,
      newest: cases.at(-1)?.receivedAt ?? null,
    },
  };
}

/** Over all of them, each case once: `readable` where any exposure let it be read. */
export type InAll = { readonly cases: number; readonly readable: number; readonly outside: boolean };

export function exposedInAll(reaches: readonly Reach[]): InAll {
  const ids = (of: readonly Reach[]) =>
    new Set(of.flatMap(({ known }) => known?.cases.map(({ id }) => id) ?? []));
  return {
    cases: ids(reaches).size,
    readable: ids(reaches.filter(({ exposure }) => exposure.facts.how === 'readable')).size,
    outside: reaches.some(({ known }) => known === null),
  };
}

/** What the register is asked about it; null where it was outside Letterbox. */
export function askedIn({ facts: { form, colleague, since, until } }: Exposure): Asked | null {
  if (form === null) return null;
  return { form, colleague, since: new Date(since), until: until === null ? null : new Date(until) };
}
