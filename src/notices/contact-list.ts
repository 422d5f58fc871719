/**
 * A list of people from elsewhere: what a body has of those whom an incident outside Letterbox affects, as a file from a
 * spreadsheet (CSV, RFC 4180, whatever its separator). What cannot be sent from it is named line by line with the reason;
 * nothing is guessed, and whoever is in it twice is told once.
 */
import Papa from 'papaparse';
import { type Affected, type Mention, peopleIn } from '../incidents/affected.ts';
import { parseAddress } from '../post/address.ts';

/** A line that is not sent as it stands; `line` as a spreadsheet counts them. */
export type Left = { readonly line: number; readonly who: string; readonly why: string };

export type ContactList = { readonly people: readonly Affected[]; readonly left: readonly Left[] };

const LARGEST = 20 * 1024 * 1024;
const MOST = 100_000;
const LONGEST_NAME = 120;

/** What a column may be called; the first that is there counts. */
const COLUMNS = {
  name: ['name', 'full name', 'your name', 'person', 'contact name'],
  first: ['first name', 'forename', 'given name'],
  last: ['last name', 'surname', 'family name'],
  email: ['email', 'e-mail', 'email address', 'e-mail address', 'mail'],
  phone: ['phone', 'telephone', 'mobile', 'phone number', 'telephone number'],
  reference: ['reference', 'ref', 'case', 'case reference', 'our reference'],
} as const;
const ADDRESS =
  /^(postal )?address( line)?( ?\d)?$|^street$|^town$|^city$|^town or city$|^county$|^post ?code$/;

/** @returns a sentence where the file as a whole is none of that kind */
export function readContactList(bytes: Uint8Array): ContactList | { readonly problem: string } {
  if (bytes.length > LARGEST)
    return { problem: 'The file is larger than 20 MB. Split it, and make one incident of each part.' };
  const text = decoded(bytes);
  if (text === null)
    return { problem: 'This is no text. Save the list as CSV (UTF-8) and choose that file.' };
  const delimiter = delimiterIn(text.split(/\r?\n/, 1).join());
  const { data } = Papa.parse<string[]>(text, { delimiter });
  const [head = [], ...rows] = data;
  const columns = columnsIn(
    head.map((cell) => cell.replace('\ufeff', '').trim().toLowerCase().replaceAll(/[_:]+/g, ' ')),
  );
  if (columns === null)
    return {
      problem: `The first line has to name the columns: a name (or first name and last name), and email or address. It names: ${head.join(', ').slice(0, 200) || 'nothing'}. Its separator was taken to be “${delimiter === '\t' ? 'a tab' : delimiter}”.`,
    };
  const lines = rows
    .map((cells, nth) => ({ cells, line: nth + 2 }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  if (lines.length === 0)
    return { problem: 'There is nobody in this file: it has a first line and nothing below.' };
  if (lines.length > MOST) return { problem: 'There are more than 100,000 lines in this file. Split it.' };
  const read = lines.map(({ cells, line }) => ({ line, ...readLine(cells, head.length, columns) }));
  const left = read.flatMap(({ line, who, why }) => (why === null ? [] : [{ line, who, why }]));
  const people = peopleIn(
    read.flatMap(({ line, mention, why }) =>
      why === null && mention ? [{ ...mention, case: lineName(line) }] : [],
    ),
  );
  return { people, left: [...left, ...twinsIn(people)].toSorted((one, other) => one.line - other.line) };
}

/** What stands most often between the names of the columns. */
function delimiterIn(head: string): string {
  const counted = [',', ';', '\t', '|'].map((sign) => ({ sign, count: head.split(sign).length }));
  return counted.toSorted((one, other) => other.count - one.count)[0]?.sign ?? ',';
}

const lineName = (line: number) => `line ${String(line).padStart(7, '0')}`;
const lineOf = (name: string) => Number(name.slice(5));

/** UTF-8, UTF-16 with its mark, or what Windows writes in Britain; null for what is no text. */
function decoded(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const wide =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
  const text = wide
    ? new TextDecoder(wide).decode(bytes)
    : (tried('utf-8', bytes) ?? tried('windows-1252', bytes));
  return text === null || text.includes('\0') || text.startsWith('PK\u0003\u0004') ? null : text;
}

function tried(encoding: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

type Columns = { readonly [K in keyof typeof COLUMNS]: number | null } & {
  readonly address: readonly number[];
};

function columnsIn(head: readonly string[]): Columns | null {
  const at = (names: readonly string[]) => {
    const found = head.findIndex((name) => names.includes(name));
    return found < 0 ? null : found;
  };
  const columns = {
    ...{ name: at(COLUMNS.name), first: at(COLUMNS.first), last: at(COLUMNS.last) },
    ...{ email: at(COLUMNS.email), phone: at(COLUMNS.phone), reference: at(COLUMNS.reference) },
    address: head.flatMap((name, nth) => (ADDRESS.test(name) ? [nth] : [])),
  };
  const named = columns.name !== null || columns.last !== null;
  return named && (columns.email !== null || columns.phone !== null || columns.address.length > 0)
    ? columns
    : null;
}

type ReadLine = {
  readonly who: string;
  readonly why: string | null;
  readonly mention?: Omit<Mention, 'case'>;
};

function readLine(cells: readonly string[], width: number, columns: Columns): ReadLine {
  const cell = (at: number | null) => (at === null ? '' : (cells[at] ?? '').trim());
  const name =
    columns.name === null ? `${cell(columns.first)} ${cell(columns.last)}`.trim() : cell(columns.name);
  const [email, phone, reference] = [cell(columns.email), cell(columns.phone), cell(columns.reference)];
  const address = columns.address
    .flatMap((at) =>
      cell(at)
        .split(/\n|, */)
        .map((line) => line.trim()),
    )
    .filter(Boolean);
  const who = shortened(name || email || cells.find((each) => each.trim() !== '')?.trim() || '');
  // A row that slipped has other cells under its headings: nothing of it can be trusted.
  if (cells.length !== width)
    return { who, why: `It has ${cells.length} cells and the first line has ${width}: something slipped.` };
  const why = objectionTo({ name, email, phone, reference, address });
  if (why) return { who, why };
  return {
    ...{ who, why: null },
    mention: {
      ...{ reference, receivedAt: new Date(0), role: 'wrote', by: null, name, address },
      ...{ emails: email === '' ? [] : [email], phones: phone === '' ? [] : [phone] },
      ...{ kinds: [], victim: null, child: null, wish: null },
    },
  };
}

const shortened = (text: string) =>
  (text.length > 60 ? `${text.slice(0, 60)} …` : text).replaceAll(UNSEEN, '�');

type Typed = {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly reference: string;
  readonly address: readonly string[];
};
/** Signs that control a screen or turn a text's direction, and those that cannot be seen. */
const UNSEEN = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

function objectionTo({ name, email, phone, reference, address }: Typed): string | null {
  const all = [name, email, phone, reference, ...address];
  if (all.some((text) => text.search(UNSEEN) >= 0))
    return 'It has signs that cannot be seen or that turn the text around.';
  if (all.some((text) => text.includes('�') || !text.isWellFormed()))
    return 'Some of its letters were damaged when the file was saved.';
  if (
    [name, email, reference, ...address].some((text) => /^[=+@]|^-(?!$)/.test(text)) ||
    (/^[=+@-]/.test(phone) && !/^\+[\d\s()-]+$/.test(phone))
  )
    return 'A cell begins as a formula does (=, +, - or @).';
  if (name === '') return 'It has no name.';
  if (name.length > LONGEST_NAME)
    return `Its name has ${name.length} characters: more than ${LONGEST_NAME} is hardly a name.`;
  if (!/\p{L}/u.test(name)) return 'Its name has no letter in it.';
  if (name.includes('@')) return 'Its name looks like an e-mail address: something slipped.';
  if (email !== '' && parseAddress(email) === null) return `“${shortened(email)}” is no e-mail address.`;
  if (address.length > 6 || address.some((line) => line.length > 60))
    return 'Its address does not fit the window of an envelope: six lines of 60 characters at most.';
  if (address.length === 1 && email === '') return 'Its address is a single line.';
  return null;
}

/** Lines whose person is told by another line. */
function twinsIn(people: readonly Affected[]): Left[] {
  return people.flatMap(({ mentions: [first, ...rest], name }) =>
    rest.map((each) => ({
      ...{ line: lineOf(each.case), who: shortened(name) },
      why: `The same person as line ${first ? lineOf(first.case) : '?'}: told once, with all references.`,
    })),
  );
}
