/** What the register's entries say in words. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentOf, type Entry, parseEntry, sentence } from './register.ts';

const MIGRATIONS = join(import.meta.dirname, '../store/migrations');
const sql = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
  .join('\n');

/** Every kind of entry that a function of the database may write. */
function kindsWritten(): string[] {
  const appended = [
    ...sql.matchAll(/(?:register_append|append_document|register_body)\([^,()]+, '([a-z-]+)'/g),
  ];
  const documents = /create table signed_document[^;]*kind in \(([^)]*)\)/.exec(sql)?.[1] ?? '';
  const signed = [...documents.matchAll(/'([a-z-]+)'/g)];
  return [...new Set([...appended, ...signed].map(([, kind = '']) => kind))].sort();
}

const [ana, ben, cy] = ['a', 'b', 'c'].map((sign) => `${sign.repeat(8)}-0000-4000-8000-000000000000`);
const names = new Map([
  [`${ana}`, 'Ana'],
  [`${ben}`, 'Ben'],
  [`${cy}`, 'Cy'],
]);
const entry = (kind: string, facts: object = {}): Entry => {
  const about = { v: 1, entry: ana, organisation: ana, at: '2026-11-02T09:00:00.000Z', actor: ana };
  const parsed = parseEntry(JSON.stringify({ ...about, kind, ...facts }));
  if (!parsed) throw new Error('This is no entry.');
  return parsed;
};

test('every kind of entry that the database writes has a sentence of its own', () => {
  const kinds = kindsWritten();
  expect(kinds.length).toBeGreaterThan(25);
  for (const kind of kinds) expect(sentence(entry(kind)), kind).not.toContain('An entry of the kind');
});

test('negative control: a kind that nobody thought of is seen', () => {
  expect(sentence(entry('unthought'))).toBe('An entry of the kind unthought.');
});

test.each([
  [
    'grant',
    { people: [ben, cy], forms: ['review', 'victims'], training: { [`${ana}`]: 'x' } },
    'Ana proposed that Ben and Cy may read review, victims. Training was in date for Ana.',
  ],
  ['approval', { people: [ben], forms: ['review'] }, 'Ana approved that Ben may read review.'],
  [
    'review',
    { people: [ben], forms: ['review'] },
    'Ana confirmed that access of Ben to review is still needed.',
  ],
  ['grant-end', { people: [ben], forms: ['review'] }, 'Ana ended access of Ben to review.'],
  ['fulfilment', { people: [ben], forms: ['review'] }, 'Ana handed the keys of review to Ben.'],
  ['form-key', { form: 'review', generation: 2 }, 'Ana turned the key of review to generation 2.'],
  ['leaving', { subject: ana }, 'Ana left.'],
  ['leaving', { subject: ben }, 'Ana recorded that Ben has left.'],
  ['training', { subject: ben }, 'Ana recorded training of Ben, held elsewhere.'],
  ['recovery', { subject: ben, forms: ['review'] }, 'Ana began a recovery of the keys of review for Ben.'],
  [
    'grant',
    { people: Array.from({ length: 50 }, () => ben), forms: ['review'] },
    'and 45 others may read review.',
  ],
])('%s', (kind, facts, said) => {
  expect(sentence(entry(kind, facts), names)).toContain(said);
});

test('an entry names its document by a hash, or none', () => {
  expect(documentOf(entry('grant', { document: 'ab'.repeat(32) }))).toBe('ab'.repeat(32));
  for (const document of [undefined, '', 'AB'.repeat(32), 5])
    expect(documentOf(entry('grant', { document }))).toBeNull();
});
