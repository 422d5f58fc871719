/**
 * Sheets that somebody typed, and the identity they rebuild; pure, and only ever run in a browser. What is typed
 * and what comes of it goes nowhere from here: no sentence below repeats any of it but a sheet's number.
 */
import { type Identity, recipientOf } from '../sealing/keys.ts';
import { SealingError } from '../sealing/sealing.ts';
import { combineShares, parseShare, type Share } from '../sealing/shares.ts';
import type { RecoveryRule } from './recovery.ts';

/** A sentence about one of the fields that sheets are typed into, counted from 0; null: about all together. */
export type SheetProblem = { readonly field: number | null; readonly message: string };
export type Rebuilt = {
  readonly identity: Identity;
  readonly numbers: readonly number[];
  readonly set: string;
  readonly key: string;
};

/** Rebuilds the recovery identity of this organisation; every field that is wrong gets its sentence. */
export async function rebuildFrom(
  typed: readonly string[],
  organisation: string,
  { k, recipient }: RecoveryRule,
): Promise<Rebuilt | { readonly problems: SheetProblem[] }> {
  const read = typed.map((text) => readSheet(text, organisation));
  const shares = read.filter((each) => typeof each !== 'string');
  const problems = read.flatMap((each, field) =>
    typeof each === 'string' ? [{ field, message: each }] : twice(read, each, field),
  );
  if (problems.length > 0) return { problems };
  if (shares.length < k) return { problems: [{ field: null, message: `Type ${k} different sheets.` }] };
  try {
    const { identity } = await combineShares(shares);
    const numbers = shares.map(({ number }) => number).sort((a, b) => a - b);
    if ((await recipientOf(identity)) === recipient && shares[0])
      return { identity, numbers, set: shares[0].set, key: shares[0].key };
    return { problems: [{ field: null, message: OTHER_KEY }] };
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    return { problems: [{ field: null, message: TOGETHER[error.code] ?? OTHER_KEY }] };
  }
}

/** A sheet from what was typed, or what is wrong with it. */
function readSheet(text: string, organisation: string): Share | string {
  if (text.trim() === '')
    return 'Type this sheet, from “Letterbox recovery share” to the end of the line “Check”.';
  try {
    const share = parseShare(text);
    return share.organisation === organisation ? share : 'This sheet belongs to another organisation.';
  } catch (error) {
    if (error instanceof SealingError) return whatIsWrong(text);
    throw error;
  }
}

function twice(read: readonly (Share | string)[], share: Share, field: number): SheetProblem[] {
  const first = read.findIndex((each) => typeof each !== 'string' && each.number === share.number);
  return first < field ? [{ field, message: `This is sheet ${share.number} again. Type another one.` }] : [];
}

const LINES = [
  ['Set', 8],
  ['Key', 8],
  ['Data', 53],
  ['Check', 8],
] as const;

/** Which line to look at again: one that is missing, or too long or too short. */
function whatIsWrong(text: string): string {
  for (const [line, expected] of LINES) {
    const found = new RegExp(`^\\W*${line}\\b(.*(?:\\n(?!\\W*(?:Key|Data|Check)\\b).*)*)`, 'im').exec(text);
    if (!found) return `The line “${line}” is missing, or does not begin on a line of its own. ${AGAIN}`;
    const length = (found[1] ?? '').normalize('NFKC').replace(/[^0-9A-Za-z]/g, '').length;
    if (length !== expected)
      return `The line “${line}” has ${expected} letters and digits, and ${length} were typed. ${AGAIN}`;
  }
  return `One or more letters or digits are not as printed. ${AGAIN}`;
}

const AGAIN = 'Compare it with the paper and correct it.';
const OTHER_KEY =
  'Together these sheets do not rebuild the recovery key of your organisation’s founding document. They may be of an older set, or forged. Keep them and tell your data protection officer.';
const TOGETHER: Record<string, string> = {
  'mixed-shares':
    'These sheets are not of one set. Sheets of the same set have the same letters and digits after “Set”.',
  'too-few-shares': 'These are too few sheets. Their second line says how many are needed.',
};
