/** How long Watch took to find what it planted: counted for the desk's chart and the table beneath it. */
import type { Rehearsal } from './store.ts';

/** The upper ends of the bars, in seconds; the last takes all that took longer. */
const ENDS = [5, 10, 15, 20, 30, 45, 60, 120, 600] as const;

export type Bar = { readonly from: number; readonly to: number; readonly count: number };
export type Detection = {
  readonly found: number;
  readonly missed: number;
  /** Seconds by which half, and by which 99 of 100 were found; null while none was. */
  readonly half: number | null;
  readonly most: number | null;
  readonly bars: readonly Bar[];
};

/** What the rehearsals show. Those still under way count as nothing. */
export function detectionOf(rehearsals: readonly Rehearsal[]): Detection {
  const seconds = rehearsals
    .flatMap(({ planted_at, found_at }) =>
      found_at ? [(found_at.getTime() - planted_at.getTime()) / 1000] : [],
    )
    .sort((a, b) => a - b);
  const bars = ENDS.map((to, n) => {
    const from = ENDS[n - 1] ?? 0;
    const last = n === ENDS.length - 1;
    return { from, to, count: seconds.filter((each) => each >= from && (each < to || last)).length };
  });
  return {
    found: seconds.length,
    missed: rehearsals.filter(({ found_at, missed }) => !found_at && missed).length,
    half: quantile(seconds, 0.5),
    most: quantile(seconds, 0.99),
    bars,
  };
}

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
