/** `letterbox export-sealed`: a body's sealed files out of a database, for the disaster tool. Ciphertext only. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Database, openDatabase } from '../store/store.ts';
import type { Main } from './letterbox.ts';

const USAGE = 'letterbox export-sealed --database ADMINISTRATOR’S URL --organisation SLUG --out FOLDER';
const bytes = z.instanceof(Uint8Array);

export const main: Main = async (args, say) => {
  const options = {
    database: { type: 'string' },
    organisation: { type: 'string' },
    out: { type: 'string' },
  } as const;
  const { database: url, organisation, out } = parseArgs({ args, options }).values;
  if (!url || !organisation || !out) {
    say(USAGE);
    return 2;
  }
  const database = openDatabase('admin', url, 1);
  try {
    await exportKeys(database, organisation, out);
    say(`Wrote ${await exportCases(database, organisation, out)} sealed cases into ${out}.`);
    return 0;
  } finally {
    await database.close();
  }
};

const OF = 'organisation = (select id from letterbox.organisation where slug = $1)';

async function exportKeys(database: Database, slug: string, out: string): Promise<void> {
  const shape = z.object({ form: z.string(), generation: z.number(), sealed: bytes });
  const sql = `select form, generation, sealed from letterbox.key_envelope where person is null and ${OF}`;
  mkdirSync(join(out, 'form-keys'), { recursive: true, mode: 0o700 });
  for (const { form, generation, sealed } of await database.rows(shape, sql, [slug])) {
    writeFileSync(join(out, 'form-keys', `${form}-${generation}.age`), sealed);
  }
}

const caseShape = z.object({
  organisation: z.string(),
  id: z.string(),
  form: z.string(),
  version: z.number(),
  generation: z.number(),
  answers: bytes,
  summary: bytes,
  case_key: bytes,
});

async function exportCases(database: Database, slug: string, out: string): Promise<number> {
  const ids = await database.rows(
    z.object({ id: z.string() }),
    `select id from letterbox.cases where ${OF} order by id`,
    [slug],
  );
  for (const { id } of ids) {
    const found = await database.one(caseShape, `select * from letterbox.cases where ${OF} and id = $2`, [
      slug,
      id,
    ]);
    const folder = join(out, 'cases', id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { organisation, form, version, generation } = found;
    writeFileSync(
      join(folder, 'place.json'),
      JSON.stringify({ organisation, form, version, generation, case: id }),
    );
    writeFileSync(join(folder, 'answers.age'), found.answers);
    writeFileSync(join(folder, 'summary.age'), found.summary);
    writeFileSync(join(folder, 'case-key.age'), found.case_key);
    await exportAttachments(database, organisation, id, folder);
  }
  return ids.length;
}

async function exportAttachments(
  database: Database,
  organisation: string,
  id: string,
  folder: string,
): Promise<void> {
  const shape = z.object({ attachment: z.string(), sealed: bytes });
  const sql = `select k.attachment, string_agg(k.bytes, ''::bytea order by k.n) as sealed from letterbox.attachment_chunk k
    join letterbox.attachment a on a.organisation = k.organisation and a.case_id = k.case_id and a.id = k.attachment
    where k.organisation = $1 and k.case_id = $2 group by k.attachment`;
  const rows = await database.rows(shape, sql, [organisation, id]);
  if (rows.length > 0) mkdirSync(join(folder, 'attachments'), { mode: 0o700 });
  for (const { attachment, sealed } of rows)
    writeFileSync(join(folder, 'attachments', `${attachment}.age`), sealed);
}
