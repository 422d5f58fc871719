/** Sealing and sending in a real browser, against the real site and the real database. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { formsRoutes } from '../forms/routes.ts';
import { FULL, shippedJson } from '../forms/shipped.testing.ts';
import { publishedForm, publishedForms } from '../forms/store.ts';
import { openStream, openSubmission } from '../sealing/open.ts';
import { caseId, objectId } from '../sealing/place.ts';
import { parseReceiptCode, referenceOf } from '../sealing/receipt.ts';
import { parseSealed, type Sealed } from '../sealing/seal.ts';
import { submissionPlace } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { renderer } from '../web/render.ts';
import { createSite } from '../web/server.ts';
import { postCases } from './acts.ts';
import { sealedOnArrival } from './arrival.ts';
import { openIntake } from './intake.ts';
import { submissionsRoutes } from './routes.ts';
import { approveKey, type OpenForm, openForm } from './testing.ts';

const definition = z.looseObject({ id: z.string(), title: z.string() }).parse(shippedJson('review'));
const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'letterbox-submissions-'));
const assets = { ...testAssets(), folder };
let browser: Browser;

beforeAll(async () => {
  writeFileSync(join(folder, 'slot.js'), await script());
  writeFileSync(
    join(folder, 'slot.css'),
    readFileSync(join(import.meta.dirname, '../web/pages/letterbox.css')),
  );
  const quiet = [
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
  });
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

async function script(): Promise<string> {
  const files = ['send.ts'].map((name) => join(import.meta.dirname, 'browser', name));
  const entry = files.map((file) => `import ${JSON.stringify(file)};`).join('\n');
  const virtual = {
    ...{ name: 'entry', resolveId: (id: string) => (id === 'entry' ? id : null) },
    load: (id: string) => (id === 'entry' ? entry : null),
  };
  const build = await rolldown({ input: 'entry', platform: 'browser', plugins: [virtual] });
  const { output } = await build.generate({ format: 'es', codeSplitting: false });
  await build.close();
  return output[0].code;
}

type Stage = {
  db: TestDatabase;
  open: OpenForm;
  page: Page;
  context: BrowserContext;
  url: string;
  /** Answers 503 to so many requests of a kind: before they are taken in, or after. */
  trouble: { before: Record<string, number>; after: Record<string, number> };
  /** Every body that the browser sent, and every error that its pages had. */
  sent: Buffer[];
  errors: string[];
};

async function stage(): Promise<Stage> {
  const db = await testDatabase();
  const open = await openForm(db.admin, 'exampleshire', definition);
  const intake = openIntake((batch) => postCases(db.slot, batch));
  const app = await createSite({ site: 'slot', assets, ready: async () => true, demonstration: () => false });
  const trouble: Stage['trouble'] = { before: {}, after: {} };
  const counted = (left: Record<string, number>, method: string) => {
    const now = left[method] ?? 0;
    left[method] = Math.max(0, now - 1);
    return now > 0;
  };
  app.addHook('preHandler', async (request, reply) => {
    if (counted(trouble.before, request.method)) return reply.status(503).send('{}');
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode < 300 && counted(trouble.after, request.method)) {
      reply.status(503);
      return '{}';
    }
    return typeof payload === 'string' ? withSender(payload, open) : payload;
  });
  await app.register(
    formsRoutes({
      publishedForm: (organisation, form) => publishedForm(db.slot, organisation, form),
      listForms: () => publishedForms(db.slot),
      ...sealedOnArrival({ database: db.slot, intake }),
    }),
  );
  await app.register(submissionsRoutes({ database: db.slot, intake }));
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const url = address.replace('127.0.0.1', 'localhost');
  const context = await browser.newContext();
  const page = await context.newPage();
  const [sent, errors]: [Buffer[], string[]] = [[], []];
  page.on('request', (request) => sent.push(request.postDataBuffer() ?? Buffer.alloc(0)));
  page.on('pageerror', (error) => errors.push(error.message));
  onTestFinished(async () => {
    await context.close();
    await app.close();
  });
  return { db, open, page, context, url, trouble, sent, errors };
}

/** The page of the form with the sender beside it, wherever the composition puts it. */
function withSender(html: string, { slug, target }: OpenForm): string {
  if (!html.includes('</letterbox-fill>') || html.includes('<letterbox-send')) return html;
  const organisation = { slug, name: 'Exampleshire Office for Policing' };
  const form = { ...definition, id: target.form };
  const sender = renderer('slot', assets)('submissions/pages/sending.njk', { organisation, form });
  return html.replace('</letterbox-fill>', `</letterbox-fill>${sender}`);
}

const answers = { ...FULL.review, why: 'Nobody spoke to Mr Oakapple, who saw it.' };

/** Hands the answers over as the form does, and leaves the outcome in `window.outcome`. */
async function handOver(
  page: Page,
  change: Record<string, unknown> = {},
  files: [string, number][] = [],
): Promise<void> {
  await page.evaluate(
    ([said, changed, made]) => {
      const form = document.querySelector('letterbox-fill');
      const text = document.querySelector('script[data-published]')?.textContent ?? '{}';
      const published = { ...JSON.parse(text), ...changed };
      const given = made.map(([name, size]) => {
        const file = new File([new Uint8Array(size).map((_, index) => index % 251)], name, {
          type: 'application/pdf',
        });
        return { question: 'letter', id: crypto.randomUUID(), file };
      });
      const letter = given.map(({ id, file }) => ({ id, name: file.name, type: file.type, size: file.size }));
      const detail = {
        ...{ published, answers: { ...said, letter }, equality: { age: '30 to 39' } },
        ...{ summary: { title: 'Ana Silva', lines: [] }, today: '2026-04-10', files: given },
        respond: (outcome: Promise<unknown>) => {
          Object.assign(window, { outcome: 'pending' });
          outcome.then(
            (value) => Object.assign(window, { outcome: value }),
            (error) => Object.assign(window, { outcome: String(error) }),
          );
        },
      };
      form?.dispatchEvent(new CustomEvent('letterbox-send', { detail, bubbles: true, cancelable: true }));
    },
    [answers, change, files] as const,
  );
}

const outcomeOf = (page: Page) =>
  page.evaluate(() => Object.getOwnPropertyDescriptor(window, 'outcome')?.value);

const stored = z.object({
  ...{ id: z.string(), arrival: z.string(), answers: z.instanceof(Buffer), summary: z.instanceof(Buffer) },
  case_key: z.instanceof(Buffer),
});

function whole(bytes: Uint8Array): Sealed {
  const sealed = parseSealed(new Uint8Array(bytes));
  if (!sealed) throw new Error('This is not a sealed object.');
  return sealed;
}

async function openStored({ db, open }: Stage) {
  const row = await db.admin.one(stored, 'select * from letterbox.cases');
  const of = { ...open.target, case: caseId(row.id) };
  const sealed = { answers: whole(row.answers), summary: whole(row.summary), caseKey: whole(row.case_key) };
  return { row, of, ...(await openSubmission(open.identity, of, sealed)) };
}

const count = z.object({ n: z.bigint() });
const caseCount = async ({ db }: Stage) =>
  Number((await db.admin.one(count, 'select count(*) as n from letterbox.cases')).n);

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const run = `axe.run({ resultTypes: ["violations"] })
    .then((found) => found.violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ' ' + node.target)))`;
  return z.array(z.string()).parse(await page.evaluate(run));
}

test('a form with files is sealed in the browser and sent once, though the service falters before and after taking it', async () => {
  const at = await stage();
  const { page, url, trouble, sent } = at;
  await page.goto(`${url}/exampleshire/review/fill`);
  Object.assign(trouble.before, { PUT: 1 });
  Object.assign(trouble.after, { PUT: 1, POST: 1 });
  await handOver(page, {}, [
    ['letter.pdf', 2_500_000],
    ['small.pdf', 10],
  ]);
  await page.getByRole('heading', { name: 'Sent', exact: true }).waitFor();
  expect(await outcomeOf(page)).toEqual({ sent: true });
  expect(await caseCount(at)).toBe(1);

  const { row, of, caseIdentity, answers: opened } = await openStored(at);
  expect(row.arrival).toBe('browser');
  expect(opened).toMatchObject(answers);
  const files = z
    .object({ letter: z.array(z.object({ id: z.string(), size: z.number() })) })
    .parse(opened).letter;
  for (const file of files) {
    const chunks = await at.db.admin.rows(
      z.object({ bytes: z.instanceof(Buffer) }),
      'select bytes from letterbox.attachment_chunk where attachment = $1 order by n',
      [file.id],
    );
    const stream = new Blob(chunks.map(({ bytes }) => new Uint8Array(bytes))).stream();
    const content = await openStream(
      caseIdentity,
      stream,
      submissionPlace(of, 'attachment', objectId(file.id)),
    );
    const bytes = new Uint8Array(await new Response(content.content).arrayBuffer());
    expect(bytes.length).toBe(file.size);
    expect(bytes.every((byte, index) => byte === index % 251)).toBe(true);
  }

  expect(await page.locator('[data-reference]').textContent()).toBe(await referenceOf(caseId(row.id)));
  const code = parseReceiptCode((await page.locator('[data-receipt-code]').textContent()) ?? '');
  if (!code) throw new Error('There is no receipt code.');
  expect(await page.evaluate(() => document.querySelector('letterbox-fill'))).toBe(null);
  expect(await page.title()).toContain('Sent');
  expect(await violations(page)).toEqual([]);
  const everything = Buffer.concat(sent).toString('latin1');
  expect(everything.length).toBeGreaterThan(2_500_000);
  for (const secret of ['Oakapple', 'Ana Silva', 'letter.pdf', '30 to 39', code])
    expect(everything).not.toContain(secret);
  expect(at.errors).toEqual([]);
});

test('without a connection it says so, keeps everything, and sends when asked again', async () => {
  const at = await stage();
  const { page, url, context } = at;
  await page.goto(`${url}/exampleshire/review/fill`);
  await context.setOffline(true);
  await handOver(page, {}, [['letter.pdf', 100]]);
  await page.getByRole('heading', { name: 'It has not been sent yet' }).waitFor();
  expect(await page.locator('[data-why]').textContent()).toContain('not connected');
  expect([await outcomeOf(page), await violations(page)]).toEqual(['pending', []]);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'It has not been sent yet' }).waitFor();
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Sent', exact: true }).waitFor();
  expect([await outcomeOf(page), await caseCount(at)]).toEqual([{ sent: true }, 1]);
});

test('who goes back to the answers finds them, and sends the same case when nothing was changed', async () => {
  const at = await stage();
  const { page, url, context, trouble } = at;
  await page.goto(`${url}/exampleshire/review/fill`);
  // The post is taken in, but its acknowledgement is lost and the connection goes.
  Object.assign(trouble.after, { POST: 1 });
  page.once('response', () => void context.setOffline(true));
  await handOver(page);
  await page.getByRole('button', { name: 'Back to my answers' }).click();
  await expect.poll(() => page.locator('letterbox-fill').isVisible()).toBe(true);
  expect(await outcomeOf(page)).toMatchObject({ sent: false });
  expect(await caseCount(at)).toBe(1);
  await context.setOffline(false);
  await handOver(page);
  await page.getByRole('heading', { name: 'Sent', exact: true }).waitFor();
  expect(await caseCount(at)).toBe(1);
});

test('nothing is sealed or sent to a recipient that the signed document does not name', async () => {
  const at = await stage();
  const { page, url, sent } = at;
  const other = await openForm(at.db.admin, 'elsewhere', definition);
  await page.goto(`${url}/exampleshire/review/fill`);
  const before = sent.length;
  await handOver(page, { recipient: other.target.recipient });
  await expect.poll(() => outcomeOf(page)).toMatchObject({ sent: false });
  expect(z.object({ message: z.string() }).parse(await outcomeOf(page)).message).toContain(
    'two people signed',
  );
  expect([sent.length, await caseCount(at)]).toEqual([before, 0]);
  expect(await page.locator('letterbox-fill').isVisible()).toBe(true);
});

test('when the key was turned meanwhile, the form comes back with the reason', async () => {
  const at = await stage();
  const { page, url } = at;
  await page.goto(`${url}/exampleshire/review/fill`);
  await approveKey(at.db.admin, { ...at.open.target, generation: 2 });
  await handOver(page);
  await expect.poll(() => outcomeOf(page)).toMatchObject({ sent: false });
  expect(z.object({ message: z.string() }).parse(await outcomeOf(page)).message).toContain(
    'Load the page again',
  );
  expect(await page.locator('letterbox-fill').isVisible()).toBe(true);
  await page.reload();
  await handOver(page);
  await page.getByRole('heading', { name: 'Sent', exact: true }).waitFor();
});
