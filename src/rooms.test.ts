/** The arrows between rooms: docs/house.md is the rule, this makes it executable. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = import.meta.dirname;
const EVERYONE_MAY = ['store', 'web'];
const rules = readRules(readFileSync(join(SOURCE, '..', 'docs', 'house.md'), 'utf8'));

/** Rows such as `| cases | submissions, grants |`; a dash stands for nothing. *only …*: not even what everyone may. */
function readRules(text: string): Map<string, string[]> {
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)];
  return new Map(
    rows.map(([, room = '', may = '']) => [
      room,
      may
        .replace('only ', 'nothing, ')
        .split(',')
        .map((name) => name.trim().replaceAll('`', '')),
    ]),
  );
}

function files(extension: RegExp): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => extension.test(name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)];
  return found.map(([, path = '']) => relative(SOURCE, join(SOURCE, file, '..', path)));
}

const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const isTest = (file: string) => /\.test\.ts$|testing/.test(file);
const isBrowser = (file: string) => file.includes('/browser/') || file.endsWith('.browser.ts');

/** What opens sealed things, and who besides browsers may import it. */
const OPENING: Readonly<Record<string, readonly string[]>> = {
  'sealing/open.ts': ['conversation/opening.ts'],
  'conversation/opening.ts': ['conversation/onreturn.ts'],
  'conversation/onreturn.ts': ['conversation/return-routes.ts'],
};

/** Why this import may not be, or null. */
function objection(file: string, target: string): string | null {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (isTest(file) || from === 'cli') return null;
  const opens = OPENING[target];
  if (opens && !isBrowser(file) && from !== 'sealing' && !opens.includes(file))
    return 'opens sealed things outside a browser';
  if (from === to) return null;
  const may = rules.get(from);
  if (!may) return `is in a room that docs/house.md does not list (${from})`;
  if (!may.includes(to) && !(EVERYONE_MAY.includes(to) && may[0] !== 'nothing'))
    return `may not import ${to}`;
  if (/\/(routes|jobs)\.ts$/.test(target) || target.includes('/pages/'))
    return 'imports another room by its back door';
  return null;
}

test('imports between rooms follow the arrows of docs/house.md', () => {
  const sources = files(/\.ts$/);
  expect(sources.length).toBeGreaterThan(60);
  const objections = sources.flatMap((file) =>
    importsOf(file).flatMap((target) => {
      const why = objection(file, target);
      return why ? [`${file} → ${target}: ${why}`] : [];
    }),
  );
  expect(objections).toEqual([]);
});

test('negative control: a wrong arrow and an opening on the server are seen', () => {
  expect(objection('forms/routes.ts', 'cases/store.ts')).toContain('may not import');
  expect(objection('cases/acts.ts', 'sealing/open.ts')).toContain('opens sealed things');
  expect(objection('cases/routes.ts', 'conversation/opening.ts')).toContain('opens sealed things');
  expect(objection('conversation/desk-routes.ts', 'conversation/onreturn.ts')).toContain('opens sealed');
  expect(objection('sealing/seal.ts', 'store/store.ts')).toContain('may not import');
});

// A longer file states its reason here.
const LONGER: Record<string, string> = {
  'store/migrations/0001_base.sql': 'one picture of every table beats two halves of it',
};

test('no source file is longer than 350 lines without a stated reason', () => {
  const long = files(/\.(ts|njk|sql)$/).filter(
    (file) =>
      !isTest(file) && !LONGER[file] && readFileSync(join(SOURCE, file), 'utf8').split('\n').length > 350,
  );
  expect(long).toEqual([]);
});
