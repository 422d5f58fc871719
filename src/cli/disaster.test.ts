/** The drill: the database is exported sealed, and two of three keyholders open it with files alone. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { aBody, aCase, type Body, content } from '../cases/testing.ts';
import { keepReply } from '../conversation/store.ts';
import { sealFormKey } from '../grants/form-key.ts';
import { generateIdentity, type Recipient } from '../sealing/keys.ts';
import { newId, objectId, personId } from '../sealing/place.ts';
import { receiptAuthenticator } from '../sealing/receipt.ts';
import { sealStream } from '../sealing/seal.ts';
import { shareText, splitIdentity } from '../sealing/shares.ts';
import { sealMessage, submissionPlace } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { main as disaster } from './disaster.ts';
import { main as exportSealed } from './export-sealed.ts';

async function run(main: typeof disaster, args: string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line));
  return { code, said: lines.join('\n') };
}

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'letterbox-disaster-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const filesBelow = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));

async function handOver(db: TestDatabase, body: Body, person: string | null, to: Recipient): Promise<void> {
  const { organisation, form, generation } = body.target;
  const whose = person === null ? null : personId(person);
  const sealed = await sealFormKey(body.target, body.identity, whose, to, new Date());
  await db.admin.run(
    `insert into letterbox.key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
     values ($1, $2, $3, $4, $5, $6, now())`,
    [organisation, form, generation, person, sealed, body.managers[0].person],
  );
}

const SAID = 'I have found the film from the camera.';

/** A body with three cases, the first with a message, exported; three recovery shares in files; a reader's identity in another. */
async function aftermath() {
  const db = await testDatabase();
  const body = await aBody(db);
  const [recovery, reader] = [await generateIdentity(), await generateIdentity()];
  await handOver(db, body, null, recovery.recipient);
  await handOver(db, body, body.managers[1].person, reader.recipient);
  const file = randomBytes(2 * 1024 * 1024 + 5);
  const first = await aCase(db, body, file);
  const cases = [first, await aCase(db, body), await aCase(db, body)];
  const { draft } = first;
  const written = { id: objectId(newId()), text: SAID, by: null, now: new Date() };
  const message = await sealMessage(draft, draft.caseRecipient, written);
  await keepReply(db.slot, await receiptAuthenticator(draft.receiptCode), message, 'browser');
  const folder = scratch();
  const at = (name: string) => join(folder, name);
  const exported = await run(exportSealed, ['--database', db.adminUrl, '--out', at('sealed')]);
  const shares = await splitIdentity(recovery.identity, body.target.organisation, { k: 2, n: 3 });
  for (const share of shares) writeFileSync(at(`share-${share.number}.txt`), shareText(share));
  writeFileSync(at('reader.txt'), `# created today\n${reader.identity}\n`);
  const home = join(at('sealed'), body.target.organisation);
  const opened = join(at('opened'), body.target.organisation, 'review');
  return { db, body, file, first, cases, at, exported, home, opened };
}

test('two of three shares open everything; the export holds no plaintext and no secret', async () => {
  const { body, file, first, cases, at, exported, opened } = await aftermath();
  expect(exported).toEqual({
    code: 0,
    said: `3 cases, 3 attachments and 1 messages are in ${at('sealed')}, sealed.`,
  });
  for (const path of filesBelow(at('sealed'))) {
    const text = readFileSync(path, 'latin1');
    for (const secret of [
      content.answers.why,
      SAID,
      content.summary.title,
      'AGE-SECRET-KEY',
      'photo.jpg',
      body.identity,
    ])
      expect(text).not.toContain(secret);
    expect(path.endsWith('place.json') || text.startsWith('age-encryption.org/v1\n'), path).toBe(true);
  }
  const { code, said: told } = await run(disaster, [
    ...['--shares', at('share-1.txt'), at('share-3.txt'), at('sealed'), '--out', at('opened')],
  ]);
  expect([code, told]).toEqual([
    0,
    `3 cases, 3 attachments and 1 messages are open in ${at('opened')}. Guard that folder.`,
  ]);
  expect(readdirSync(opened).toSorted()).toEqual(cases.map(({ post }) => post.case).toSorted());
  const own = join(opened, first.post.case);
  expect(JSON.parse(readFileSync(join(own, 'answers.json'), 'utf8'))).toEqual(content.answers);
  expect(JSON.parse(readFileSync(join(own, 'summary.json'), 'utf8'))).toEqual(content.summary);
  const attachment = join(own, 'attachments', `${first.attachment.id} photo.jpg`);
  expect(readFileSync(attachment).equals(file)).toBe(true);
  const said = JSON.parse(readFileSync(join(own, 'messages.json'), 'utf8'));
  expect(said).toMatchObject([{ from: 'submitter', text: SAID }]);
  expect([statSync(attachment).mode & 0o777, statSync(own).mode & 0o777]).toEqual([0o600, 0o700]);
});

test("a reader's own identity opens what was handed to them; a stranger's opens nothing", async () => {
  const { at } = await aftermath();
  const reader = await run(disaster, ['--identity', at('reader.txt'), at('sealed'), '--out', at('opened')]);
  expect(reader.code).toBe(0);
  writeFileSync(at('stranger.txt'), (await generateIdentity()).identity);
  const stranger = await run(disaster, ['--identity', at('stranger.txt'), at('sealed'), '--out', at('none')]);
  expect(stranger.code).toBe(1);
  expect(stranger.said).toContain('No key of the form review, generation 1, opens with this identity.');
  expect(filesBelow(at('none'))).toEqual([]);
});

test('one share is too few, and no keys or an occupied folder are refused', async () => {
  const { at } = await aftermath();
  const one = run(disaster, ['--shares', at('share-1.txt'), at('sealed'), '--out', at('opened')]);
  await expect(one).rejects.toThrow('2 different shares are needed.');
  expect((await run(disaster, [at('sealed')])).code).toBe(2);
  expect((await run(exportSealed, ['--out', ''])).code).toBe(2);
  const occupied = run(disaster, ['--identity', at('reader.txt'), at('sealed'), '--out', at('sealed')]);
  await expect(occupied).rejects.toThrow('is not empty');
});

test('what was swapped, altered or cut short is named and left out; the rest is opened', async () => {
  const { at, home, cases, opened } = await aftermath();
  const [swapped, cut, whole] = cases.map(({ post }) => post.case);
  const attachments = cases.map(({ attachment }) => attachment.id);
  const path = (id: string | undefined, ...names: string[]) => join(home, 'cases', id ?? '', ...names);
  cpSync(path(whole, 'summary.age'), path(swapped, 'summary.age'));
  const sealed = path(cut, 'attachments', `${attachments[1]}.age`);
  writeFileSync(sealed, readFileSync(sealed).subarray(0, -1));
  const { code, said } = await run(disaster, [
    ...['--shares', at('share-2.txt'), at('share-3.txt'), at('sealed'), '--out', at('opened')],
  ]);
  expect(code).toBe(1);
  expect(said.split('\n').slice(0, -1).toSorted()).toEqual(
    [
      `Not opened: ${swapped}: This was sealed for another place than where it was found.`,
      `Not opened: ${cut}, attachment ${attachments[1]}.age: This was altered or cut short, and cannot be opened.`,
    ].toSorted(),
  );
  expect(said).toContain('2 cases, 1 attachments and 0 messages are open');
  expect(filesBelow(opened).some((file) => file.endsWith('.part'))).toBe(false);
});

test('a hostile file name stays inside its folder', async () => {
  const { at, home, first, opened } = await aftermath();
  const id = objectId(newId());
  const place = { ...submissionPlace(first.draft, 'attachment', id), at: new Date().toISOString() };
  const name = { name: '../../../../outside.sh', type: 'text/plain' };
  const stream = await sealStream(first.draft.caseRecipient, place, 3, new Blob(['abc']).stream(), name);
  const sealed = new Uint8Array(await new Response(stream).arrayBuffer());
  writeFileSync(join(home, 'cases', first.post.case, 'attachments', `${id}.age`), sealed);
  const args = [
    '--shares',
    at('share-1.txt'),
    '--shares',
    at('share-2.txt'),
    at('sealed'),
    '--out',
    at('opened'),
  ];
  expect((await run(disaster, args)).code).toBe(0);
  expect(filesBelow(at('')).filter((file) => file.endsWith('outside.sh'))).toEqual([
    join(opened, first.post.case, 'attachments', `${id} .._.._.._.._outside.sh`),
  ]);
});

test('a name of 200 signs of four bytes each is shortened and its extension kept', async () => {
  const { at, home, first, opened } = await aftermath();
  const id = objectId(newId());
  const place = { ...submissionPlace(first.draft, 'attachment', id), at: new Date().toISOString() };
  const name = { name: `${'📷'.repeat(95)}.jpg`, type: 'image/jpeg' };
  const stream = await sealStream(first.draft.caseRecipient, place, 3, new Blob(['abc']).stream(), name);
  const sealed = new Uint8Array(await new Response(stream).arrayBuffer());
  writeFileSync(join(home, 'cases', first.post.case, 'attachments', `${id}.age`), sealed);
  const args = ['--identity', at('reader.txt'), at('sealed'), '--out', at('opened')];
  expect((await run(disaster, args)).code).toBe(0);
  const names = readdirSync(join(opened, first.post.case, 'attachments'));
  expect(names.find((each) => each.startsWith(id))).toMatch(/📷\.jpg$/u);
});
