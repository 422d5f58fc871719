/** The register's reader is told of what no two people allowed, and can say who could read, from files alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { aCase, type Posted } from '../cases/testing.ts';
import { end, keysOf, letRead, linesOf, openForm, review } from '../grants/testing.ts';
import { aFoundedBody, forge, type SignedIn, settled, type TestBody } from '../people/testing.ts';
import { startSequencer } from '../register/jobs.ts';
import { registerRoutes } from '../register/routes.ts';
import { recipientOf } from '../sealing/keys.ts';
import { formId, newId, organisationId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import { main as access } from './access.ts';
import type { Main } from './letterbox.ts';
import { main as verify } from './verify.ts';

vi.setConfig({ testTimeout: 60_000 });

/** A body whose form Ana was let read, with one case. */
async function aStage() {
  const db = await testDatabase();
  const body = await aFoundedBody(db);
  const grant = await letRead(body, body.ana);
  await openForm(body, body.ana);
  const [key] = await keysOf(body, body.ana);
  if (!key) throw new Error('The reader holds no key.');
  const organisation = organisationId(body.founder.staff.organisation);
  const recipient = await recipientOf(key.identity);
  const target = { organisation, form: formId('review'), version: 1, generation: 1, recipient };
  return { body, grant, posted: await aCase(db, { slug: 'exampleshire', target }) };
}

const release = async ({ db }: TestBody, who: SignedIn, { post, attachment }: Posted) =>
  act(db.desk, who.session, async (tx) => {
    await tx.run('select * from letterbox.list_cases($1, null, 50)', ['review']);
    await tx.run('select * from letterbox.release_case($1)', [post.case]);
    await tx.run('select * from letterbox.release_attachment($1, $2)', [post.case, attachment.id]);
  });

/** A row in the table of grants that whoever owns the database wrote; it names `document`, or one that nobody ever signed. */
async function forgeGrant(body: TestBody, reader: SignedIn, document: string | null = null): Promise<void> {
  const { organisation } = body.founder.staff;
  const named = document ?? 'ab'.repeat(32);
  const proposal = newId();
  await body.db.admin.run(
    `insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2, decode(md5(random()::text), 'hex'), $3, now(), now() + interval '1 year', now())`,
    [organisation, proposal, body.founder.staff.person],
  );
  await body.db.admin.run(
    `insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose,
       document, proposer, approver, approval, approved_at) values ($1, gen_random_uuid(), $2, $3, 'review', 1, now() - interval '1 hour',
       now() + interval '1 year', now() + interval '1 year', 'Review cases', decode($4, 'hex'), $5, $6, '', now())`,
    [organisation, proposal, reader.staff.person, named, body.founder.staff.person, body.second.staff.person],
  );
}

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'letterbox-access-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What somebody of the body downloads from their register, up to its newest entry. */
async function download({ db, founder }: TestBody, folder = scratch()): Promise<string> {
  const sequencer = startSequencer({ database: db.register, dataDir: folder, everyMs: 3_600_000 });
  const [count, waiting] = [
    z.object({ n: z.bigint() }),
    `select count(*) as n from letterbox.register_entry e
    where not exists (select from letterbox.register_leaf l where l.entry = e.id)`,
  ];
  do await sequencer.tick();
  while ((await db.admin.one(count, waiting)).n > 0n);
  await sequencer.stop();
  const { organisation, person } = founder.staff;
  const actor = {
    organisation,
    person,
    name: founder.name,
    organisationName: '',
    kind: 'controller' as const,
    capacities: [],
    confirmed: true,
  };
  const app = await createSite({
    site: 'desk',
    assets: testAssets(),
    ready: async () => true,
    demonstration: () => false,
    whoIs: async () => ({ ...actor, session: founder.session }),
  });
  await app.register(registerRoutes({ desk: db.desk }));
  const { rawPayload, statusCode } = await app.inject('/register/download');
  expect(statusCode).toBe(200);
  const file = join(folder, `${newId()}.tar`);
  writeFileSync(file, rawPayload);
  return file;
}

async function run(main: Main, ...args: string[]) {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line));
  return { code, said: lines.join('\n') };
}

test('what two people allowed is proven offline; negative control: nothing is flagged', async () => {
  const { body, posted } = await aStage();
  settled(await release(body, body.ana, posted));
  const { code, said } = await run(verify, await download(body));
  expect(said).toContain(
    'each of the 3 entries that hand something over was allowed by two people’s signatures',
  );
  expect(said).toContain(`The founding document is ${body.founder.staff.founding}`);
  expect(code).toBe(0);
});

test('a case released by a grant that somebody wrote into the database is told to the register’s reader', async () => {
  const { body, posted } = await aStage();
  settled(await release(body, body.ana, posted));
  await forgeGrant(body, body.ben);
  settled(await release(body, body.ben, posted));
  const file = await download(body);
  const { code, said } = await run(verify, file);
  expect(said.match(/^NOT ALLOWED BY TWO SIGNATURES: entry \d+.*Ben Caseworker.*$/gm)).toHaveLength(3);
  expect(said).not.toMatch(/NOT ALLOWED.*Ana/);
  expect(code).toBe(1);
  const told = await run(access, file);
  expect(told.said).toMatch(/^ {2}Ana Caseworker .*Signed by First Manager and Second Manager/m);
  expect(told.said).not.toMatch(/Ben Caseworker <.*Signed by/);
  expect(told.said).toMatch(/Ben Caseworker was given the case .*NOT ALLOWED BY TWO SIGNATURES/);
});

test('a row that names another person’s grant is told, and so is one that was ended and opened again', async () => {
  const { body, grant, posted } = await aStage();
  const { document } = await body.db.admin.one(
    z.object({ document: z.string() }),
    "select encode(document, 'hex') as document from letterbox.grants",
  );
  await forgeGrant(body, body.ben, document);
  settled(await release(body, body.ben, posted));
  settled(await end(body, body.second, grant));
  await body.db.admin.run(
    'update letterbox.grants set ended_at = null, ended_by = null, end_document = null',
  );
  settled(await release(body, body.ana, posted));
  const { code, said } = await run(verify, await download(body));
  expect(said.match(/^NOT ALLOWED.*Ben Caseworker was given a case.*did not let this person/gm)).toHaveLength(
    1,
  );
  expect(said.match(/^NOT ALLOWED.*Ana Caseworker was given a case.*did not let this person/gm)).toHaveLength(
    1,
  );
  expect(code).toBe(1);
});

test('who could read is said for any moment, by form, case and person, and as a file', async () => {
  const { body, grant, posted } = await aStage();
  settled(await release(body, body.ana, posted));
  settled(await review(body, body.second, await linesOf(body, grant)));
  const during = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 20));
  settled(await end(body, body.founder, grant));
  const file = await download(body);
  const could = /^ {2}Ana Caseworker <.*Signed by/m;
  expect((await run(access, file)).said).not.toMatch(could);
  expect((await run(access, file, '--at', during)).said).toMatch(could);
  expect((await run(access, file, '--at', during)).said).toContain('Not any more: ended by a manager');
  expect((await run(access, file, '--at', '2020-01-01T00:00Z')).said).toMatch(/Nobody\.\n\n.*\n {2}Nobody\./);
  const about = [
    '--case',
    posted.post.case,
    '--person',
    'ana caseworker',
    '--form',
    'review',
    '--at',
    during,
  ];
  expect((await run(access, file, ...about)).said).toMatch(could);
  expect((await run(access, file, '--person', 'Ben Caseworker', '--at', during)).said).not.toMatch(could);
  expect(await run(access, file, '--person', 'Nobody')).toMatchObject({ code: 1 });
  expect(await run(access, file, '--case', newId())).toMatchObject({ code: 1 });
  expect(await run(access, file, '--founding', 'ab'.repeat(32))).toMatchObject({ code: 1 });
  const csv = await run(access, file, '--csv', '--at', during);
  expect(csv.said.split('\r\n').map((line) => line.split(',').slice(1, 4).join())).toEqual([
    'What,Person,Address',
    'could read,Ana Caseworker,ana.caseworker@example.com',
    'was given a list,Ana Caseworker,',
    'was given a case,Ana Caseworker,',
  ]);
});

test('a download without a document that its register names proves nothing; one that no entry names counts for nothing', async () => {
  const { body, grant, posted } = await aStage();
  settled(await release(body, body.ana, posted));
  settled(await end(body, body.second, grant));
  const file = await download(body);
  const without = await rewritten(file, (documents) => documents.filter(({ kind }) => kind !== 'grant-end'));
  for (const main of [verify, access]) expect(await run(main, without)).toMatchObject({ code: 1 });
  const altered = await rewritten(file, (documents) =>
    documents.map((each) => ({ ...each, text: each.text.replace('No longer needed', 'Never mind') })),
  );
  expect((await run(verify, altered)).said).toContain('NOT PROVEN: The document of entry');
  const bogus = {
    kind: 'approval',
    organisation: body.founder.staff.organisation,
    signer: body.ben.staff.person,
  };
  await forge(body.db, { text: JSON.stringify(bogus), signature: '' });
  const { code, said } = await run(verify, await download(body));
  expect(said).toContain('1 signed documents of the download stand in no entry');
  expect(code).toBe(0);
});

const documents = z.array(z.looseObject({ kind: z.string(), text: z.string() }));

/** The download with other documents. */
async function rewritten(
  file: string,
  change: (from: z.infer<typeof documents>) => unknown,
): Promise<string> {
  const [from, to] = [extract(), pack()];
  from.end(readFileSync(file));
  for await (const entry of from) {
    const content = await buffer(entry);
    const changed = () => JSON.stringify(change(documents.parse(JSON.parse(content.toString()))));
    to.entry({ name: entry.header.name }, entry.header.name === 'documents.json' ? changed() : content);
  }
  to.finalize();
  const path = `${file}.changed`;
  writeFileSync(path, await buffer(to));
  return path;
}
