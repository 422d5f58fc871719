/**
 * `letterbox export-sealed --database URL --out DIR`: everything that is sealed, as age files in folders, for
 * `letterbox disaster` or any age tool. Nothing is opened: whoever runs it needs no key and learns no more than from
 * a backup of the database.
 *
 * LIMIT: like a backup it goes below the functions that write the register. Only who administers the database can.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { caseId, formId, organisationId } from '../sealing/place.ts';
import { act, openDatabase, type Tx } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';
import type { Main } from './letterbox.ts';
import { addressText, folder, freshFolder, writeNew } from './sealed-folder.ts';

const USAGE = 'letterbox export-sealed --database ADMINISTRATOR’S URL --out DIR [--organisation SLUG]';

type Exported = { readonly cases: number; readonly attachments: number; readonly messages: number };

export const main: Main = async (args, say) => {
  const { values } = parseArgs({
    args,
    options: { database: { type: 'string' }, out: { type: 'string' }, organisation: { type: 'string' } },
  });
  const url = values.database ?? process.env.DATABASE_URL;
  if (!url || !values.out) {
    say(USAGE);
    return 2;
  }
  const exported = await exportSealed(url, values.out, values.organisation ?? null);
  const { cases, attachments, messages } = exported;
  say(`${cases} cases, ${attachments} attachments and ${messages} messages are in ${values.out}, sealed.`);
  return 0;
};

/** Writes everything sealed that the database holds, as it was at one moment. `slug` null: of every body. */
async function exportSealed(adminUrl: string, out: string, slug: string | null): Promise<Exported> {
  const root = freshFolder(out);
  const database = openDatabase('admin', adminUrl, 1);
  try {
    const done = await act(database, null, async (tx) => {
      await tx.run('set transaction isolation level repeatable read, read only');
      await tx.run('set local role letterbox_owner');
      const total = { cases: 0, attachments: 0, messages: 0 };
      for (const { id } of await organisations(tx, slug)) {
        const home = folder(join(root, organisationId(id)));
        await exportKeys(tx, id, home);
        await exportEquality(tx, id, home);
        const { cases, attachments, messages } = await exportCases(tx, id, home);
        total.cases += cases;
        total.attachments += attachments;
        total.messages += messages;
      }
      return total;
    });
    if (isRefusal(done)) throw new Error(done.message);
    return done;
  } finally {
    await database.close();
  }
}

const bytes = z.instanceof(Uint8Array);
const idRow = z.object({ id: z.string() });

async function organisations(tx: Tx, slug: string | null): Promise<{ id: string }[]> {
  const found = await tx.rows(
    idRow,
    'select id from letterbox.organisation where slug = $1 or $1 is null order by slug',
    [slug],
  );
  if (slug !== null && found.length === 0) throw new Error(`There is no body ${slug} here.`);
  return found;
}

const keyRow = z.object({
  form: z.string(),
  generation: z.int(),
  person: z.string().nullable(),
  sealed: bytes,
});

async function exportKeys(tx: Tx, organisation: string, home: string): Promise<void> {
  const rows = await tx.rows(
    keyRow,
    'select form, generation, person, sealed from letterbox.key_envelope where organisation = $1',
    [organisation],
  );
  const keys = folder(join(home, 'form-keys'));
  for (const { form, generation, person, sealed } of rows) {
    writeNew(join(keys, `${formId(form)}-${generation}-${person ?? 'recovery'}.age`), sealed);
  }
}

const equalityRow = z.object({ id: z.string(), form: z.string(), generation: z.int(), sealed: bytes });

async function exportEquality(tx: Tx, organisation: string, home: string): Promise<void> {
  const rows = await tx.rows(
    equalityRow,
    'select id, form, generation, sealed from letterbox.equality_answer where organisation = $1',
    [organisation],
  );
  for (const { id, form, generation, sealed } of rows) {
    writeNew(join(folder(join(home, 'equality', `${formId(form)}-${generation}`)), `${id}.age`), sealed);
  }
}

const caseRow = z.object({
  id: z.string().transform(caseId),
  form: z.string().transform(formId),
  version: z.int(),
  generation: z.int(),
  answers: bytes,
  summary: bytes,
  case_key: bytes,
});
const PAGE = 200;
const FIRST = '00000000-0000-0000-0000-000000000000';

async function exportCases(tx: Tx, organisation: string, home: string): Promise<Exported> {
  let [cases, attachments, messages, after] = [0, 0, 0, FIRST];
  folder(join(home, 'cases'));
  for (;;) {
    const rows = await tx.rows(
      caseRow,
      `select id, form, version, generation, answers, summary, case_key from letterbox.cases
       where organisation = $1 and id > $2 and not letterbox.is_canary(organisation, id) order by id limit $3`,
      [organisation, after, PAGE],
    );
    for (const { id, answers, summary, case_key, ...of } of rows) {
      const own = folder(join(home, 'cases', id));
      const address = { organisation: organisationId(organisation), case: id, ...of };
      writeNew(join(own, 'place.json'), addressText(address));
      writeNew(join(own, 'answers.age'), answers);
      writeNew(join(own, 'summary.age'), summary);
      writeNew(join(own, 'case-key.age'), case_key);
      attachments += await exportAttachments(tx, organisation, id, own);
      messages += await exportMessages(tx, organisation, id, own);
      after = id;
    }
    cases += rows.length;
    if (rows.length < PAGE) return { cases, attachments, messages };
  }
}

async function exportMessages(tx: Tx, organisation: string, id: string, own: string): Promise<number> {
  const rows = await tx.rows(
    z.object({ id: z.string(), person: z.string().nullable(), sealed: bytes }),
    'select id, person, sealed from letterbox.message where organisation = $1 and case_id = $2 order by at, id',
    [organisation, id],
  );
  for (const [nth, message] of rows.entries()) {
    const name = `${String(nth + 1).padStart(4, '0')}-${message.id}-${message.person ?? 'submitter'}.age`;
    writeNew(join(folder(join(own, 'messages')), name), message.sealed);
  }
  return rows.length;
}

async function exportAttachments(tx: Tx, organisation: string, id: string, own: string): Promise<number> {
  const listed = await tx.rows(
    z.object({ id: z.string(), chunks: z.int() }),
    'select id, chunks from letterbox.attachment where organisation = $1 and case_id = $2',
    [organisation, id],
  );
  for (const attachment of listed) {
    const file = openSync(join(folder(join(own, 'attachments')), `${attachment.id}.age`), 'wx', 0o600);
    try {
      // One chunk at a time, whatever the size: memory stays flat.
      for (let n = 0; n < attachment.chunks; n += 1) {
        const chunk = await tx.one(
          z.object({ bytes }),
          `select bytes from letterbox.attachment_chunk
           where organisation = $1 and case_id = $2 and attachment = $3 and n = $4`,
          [organisation, id, attachment.id, n],
        );
        writeFileSync(file, chunk.bytes); // by descriptor: goes on where the last one ended
      }
    } finally {
      closeSync(file);
    }
  }
  return listed.length;
}
