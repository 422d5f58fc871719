/** The same room in a real browser: what Chromium seals Node opens, and the other way round. */
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from './encoding.ts';
import { openSubmission } from './open.ts';
import { formId } from './place.ts';
import { decodePost, encodePost, newCase, sealSubmission } from './submission.ts';
import { aPlace, key } from './testing.ts';

const form = {
  organisation: aPlace.organisation,
  form: formId('report'),
  version: 3,
  generation: 1,
  recipient: key.recipient,
};
const content = {
  answers: { what: 'A broken streetlamp', who: 'Zoë' },
  summary: { title: 'Lamp', lines: [] },
};

const flags = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
];
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync', ...flags],
});
const page = await browser.newPage();

/** The page's side: the modules of this room as one bundle, set on `globalThis.room`. */
async function bundled(): Promise<string> {
  const names = ['encoding', 'keys', 'open', 'receipt', 'shares', 'signature', 'submission'];
  const entry = `${names.map((name) => `import * as ${name} from '${import.meta.dirname}/${name}.ts';`).join('\n')}
    globalThis.room = { ${names.join()} };`;
  const bundle = await rolldown({
    input: 'entry',
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? entry : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife' });
  return output[0].code;
}

beforeAll(async () => {
  await page.route('http://localhost/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<p>Test</p>' }),
  );
  await page.goto('http://localhost/');
  await page.addScriptTag({ content: await bundled() });
});

afterAll(async () => {
  await browser.close();
});

describe('in Chromium', () => {
  it('a submission is sealed that opens here', async () => {
    const sent: string = await page.evaluate(`(async () => {
      const { encoding, submission } = room;
      const draft = await submission.newCase(${JSON.stringify(form)}, new Date());
      const content = { ...${JSON.stringify(content)}, equality: null };
      return encoding.toBase64url(submission.encodePost(await submission.sealSubmission(draft, content, [])));
    })()`);
    const post = decodePost(fromBase64url(sent) ?? new Uint8Array(0));
    if (post === null) throw new Error('Chromium made a post that is not canonical');
    expect(await openSubmission(key.identity, post, post)).toMatchObject(content);
  });

  it('a submission opens that was sealed here', async () => {
    const draft = await newCase(form, new Date());
    const post = encodePost(await sealSubmission(draft, { ...content, equality: null }, []));
    const opened = await page.evaluate(`(async () => {
      const { encoding, submission, open } = room;
      const post = submission.decodePost(encoding.fromBase64url(${JSON.stringify(toBase64url(post))}));
      return await open.openSubmission(${JSON.stringify(key.identity)}, post, post);
    })()`);
    expect(opened).toEqual({ ...content, caseIdentity: draft.caseIdentity });
  });

  it('keys, receipts, signatures and shares are the same as here', async () => {
    const found = await page.evaluate(`(async () => {
      const { keys, receipt, shares, signature } = room;
      const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
      const code = receipt.parseReceiptCode('7k2m q9xd ortv 4n8h wbz3 6cja');
      const signing = signature.parseSigningKey('nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A');
      const identity = keys.parseIdentity(${JSON.stringify(key.identity)});
      const split = await shares.splitIdentity(identity, ${JSON.stringify(aPlace.organisation)}, { k: 2, n: 3 });
      const joined = await shares.combineShares(split.slice(1).map(shares.shareText).map(shares.parseShare));
      return [
        await keys.identityFromSecret(secret, 'unlock'),
        await receipt.receiptAuthenticator(code),
        await signature.verifyKeyOf(signing),
        await signature.verifyText(await signature.verifyKeyOf(signing), 'x', await signature.signText(signing, 'x')),
        joined.identity,
      ];
    })()`);
    expect(found).toEqual([
      'AGE-SECRET-KEY-PQ-1T8L24Y3HVMFAE92DGK99LH0SYMWCU7KRWTW7ZXQDETDQ23P87LXQD0GMF3',
      'Fy1d4rcS5GtRMRAPonM9gS4ahFv-u97DFlD17qdrsVQ',
      '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      true,
      key.identity,
    ]);
  });
});
