/** Who could read and who did, as a file for spreadsheets: RFC 4180, and nothing in it is taken for a formula. */
import { csv } from '../web/csv.ts';
import type { Over } from './history.ts';

const HEADINGS = [
  'At',
  'What',
  'Person',
  'Address',
  'From outside',
  'Form',
  'Case',
  'Purpose',
  'Signed by',
  'Approved',
  'From',
  'Until',
  'Over since',
  'Why',
  'First',
  'Last',
  'Times',
] as const;
export type CsvRow = Partial<Record<(typeof HEADINGS)[number], string>>;

/** A file of these rows with their headings; lines end as the RFC has it. */
export function csvText(rows: readonly CsvRow[]): string {
  const lines = [HEADINGS, ...rows.map((row) => HEADINGS.map((heading) => row[heading] ?? ''))];
  return csv(lines);
}

/** Why a line that was in force then is not in force any more, in words. */
export const WHY_OVER: Record<Over['why'], string> = {
  ended: 'ended by a manager',
  until: 'its last day was over',
  silence: 'nobody confirmed that it was still needed',
  left: 'they left',
  suspended: 'they were suspended',
};
