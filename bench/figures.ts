/** Figures, each with its bar, for people and for programs. */

export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it must at least or at most be; without one it is information. */
  readonly bar?: { readonly least: number } | { readonly most: number };
  readonly says: string;
};

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of them lies. @throws when there are none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (found === undefined) throw new Error('There is nothing to measure.');
  return found;
}

/** Null where there is no bar. */
export function meets({ value, bar }: Figure): boolean | null {
  if (!bar) return null;
  return 'least' in bar ? value >= bar.least : value <= bar.most;
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, bar, says } = figure;
    const passed = meets(figure);
    const wanted = bar ? ('least' in bar ? `≥ ${bar.least}` : `≤ ${bar.most}`) : '';
    const verdict = passed === null ? '' : passed ? 'passes' : 'FALLS SHORT';
    return [name, shown(figure.value), unit, wanted, verdict, says];
  });
  const all = [['figure', 'value', 'unit', 'bar', '', 'what it is'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row.map((cell, column) =>
        column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0),
      ),
    )
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

export function json(figures: readonly Figure[]): string {
  const entries = figures.map((figure) => {
    const { value, unit, bar } = figure;
    return [
      figure.name,
      { value: Number(value.toFixed(3)), unit, ...(bar ? { bar, passes: meets(figure) } : {}) },
    ];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

const shown = (value: number) =>
  value.toLocaleString('en-GB', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
