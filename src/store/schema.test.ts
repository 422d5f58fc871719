/** The migrations' sum, compared with a golden file: a right given by mistake shows in review. */
import { expect, test } from 'vitest';
import { describeCatalogue } from './catalogue.ts';
import { act } from './store.ts';
import { testDatabase } from './testing.ts';

test('the schema is the golden one (schema.txt; vitest -u rewrites it)', async () => {
  const db = await testDatabase();
  const lines = await act(db.admin, null, describeCatalogue);
  if (!Array.isArray(lines)) throw new Error('The catalogue was refused.');
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('schema.txt');
  expect(await act(db.alarm, null, describeCatalogue), 'a role without rights sees the same').toEqual(lines);
});
