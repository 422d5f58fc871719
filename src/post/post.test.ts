/** Mail to one address at a time, over a real SMTP server; and webhooks. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createNet, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, parseAddress } from './address.ts';
import { type Mail, nextTry, openRelay, parseRelay, type RelayAddress } from './post.ts';
import { openPostbox } from './testing.ts';
import { parseWebhook, sendWebhook } from './webhook.ts';

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error('No address.');
  return parsed;
};
const relayAt = (text: string): RelayAddress => {
  const parsed = parseRelay(text);
  if (!parsed) throw new Error('No relay.');
  return parsed;
};
const FROM = address('letterbox@body.example');
const mail = (more: Partial<Mail> = {}): Mail => ({
  ...{
    id: randomUUID(),
    to: address('ana@body.example'),
    subject: 'Red alarm',
    text: 'Something stands open.',
  },
  ...more,
});
const SHORT = { connect: 500, answer: 500 };

async function withPostbox<T>(
  work: (box: Awaited<ReturnType<typeof openPostbox>>) => Promise<T>,
  ...how: Parameters<typeof openPostbox>
): Promise<T> {
  const box = await openPostbox(...how);
  try {
    return await work(box);
  } finally {
    await box.close();
  }
}

describe('a mail', () => {
  test('arrives at one address, with its identifier, as something no vacation notice answers', () =>
    withPostbox(async (box) => {
      const relay = openRelay(relayAt(box.url), FROM);
      const sent = mail({ text: 'A line\n.\nafter a dot, and one with an – in it' });
      expect(await relay.send(sent)).toEqual({ sent: true });
      relay.close();
      const [arrived] = await box.arrived(1);
      expect(arrived).toMatchObject({ from: FROM, to: ['ana@body.example'] });
      expect(arrived?.raw).toContain(`Message-ID: <${sent.id}@body.example>`);
      expect(arrived?.raw).toContain('Auto-Submitted: auto-generated');
    }));

  test('has one addressee and our headers, whatever its subject and text say', () =>
    withPostbox(async (box) => {
      const relay = openRelay(relayAt(box.url), FROM);
      const nasty = fc.oneof(
        fc.constantFrom('x\r\nBcc: eve@evil.example', '\nTo: eve@evil.example\n\n', '\u202eevil\u0000', ''),
        fc.string({ unit: 'binary', maxLength: 300 }),
      );
      await fc.assert(
        fc.asyncProperty(nasty, nasty, async (subject, text) => {
          const before = box.mails().length;
          expect(
            await relay.send(mail({ subject: subject.toWellFormed(), text: text.toWellFormed() })),
          ).toEqual({ sent: true });
          const arrived = box.mails()[before];
          expect(arrived?.to).toEqual(['ana@body.example']);
          const [head = ''] = (arrived?.raw ?? '').split('\r\n\r\n');
          const names = head
            .replace(/\r\n[ \t]/g, ' ')
            .split('\r\n')
            .map((line) => line.split(':')[0]?.toLowerCase());
          expect(names.filter((name) => ['to', 'cc', 'bcc'].includes(name ?? ''))).toEqual(['to']);
        }),
        { numRuns: 60 },
      );
      relay.close();
    }));

  test('cannot be addressed to two, or to a name that hides one', () => {
    for (const text of [
      'a@b.example,c@d.example',
      'Ana <a@b.example>',
      'a@b.example\r\nBcc: c@d.example',
      '',
      'a@b',
      '<a@b.example>',
    ])
      expect(parseAddress(text), text).toBeNull();
  });

  test('of a thousand, each arrives once', () =>
    withPostbox(async (box) => {
      const relay = openRelay(relayAt(box.url), FROM);
      const ids = Array.from({ length: 1000 }, () => randomUUID());
      const results = await Promise.all(ids.map((id) => relay.send(mail({ id }))));
      relay.close();
      expect(results.every(({ sent }) => sent)).toBe(true);
      const seen = box.mails().map(({ raw }) => /Message-ID: <([^@]+)@/.exec(raw)?.[1]);
      expect(seen.sort()).toEqual([...ids].sort());
    }));
});

describe('what does not go out', () => {
  test('is for good where the relay refuses it, and for later where it cannot just now', () =>
    withPostbox(
      async (box) => {
        const relay = openRelay(relayAt(box.url), FROM);
        expect(await relay.send(mail({ to: address('gone@body.example') }))).toMatchObject({
          sent: false,
          how: 'never',
        });
        expect(await relay.send(mail({ to: address('grey@body.example') }))).toMatchObject({
          sent: false,
          how: 'later',
        });
        expect(await relay.send(mail())).toEqual({ sent: true });
        relay.close();
        expect(box.mails()).toHaveLength(1);
      },
      (to) => (to.startsWith('gone') ? 550 : to.startsWith('grey') ? 451 : undefined),
    ));

  test('is for later where nobody answers, or nobody says anything', async () => {
    const silent = createNet(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const bound = silent.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
    const waits = openRelay(relayAt(`smtp+insecure://127.0.0.1:${port}`), FROM, SHORT);
    expect(await waits.send(mail())).toMatchObject({ sent: false, how: 'later' });
    waits.close();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    const nobody = openRelay(relayAt(`smtp+insecure://127.0.0.1:${port}`), FROM, SHORT);
    expect(await nobody.send(mail())).toEqual({
      ...{ sent: false, how: 'later', why: `The mail relay 127.0.0.1:${port} does not answer.` },
    });
    nobody.close();
  });

  test.each([
    ['says nothing more', () => undefined],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])(
    'is neither where the relay had all of it and then %s: it may be out, and is not sent again by itself',
    async (_what, then) => {
      let given = 0;
      const relay = createNet((socket) => {
        const answers = ['220 here', '250 here', '250 fine', '250 fine', '354 go on'];
        socket.write(`${answers.shift()}\r\n`);
        socket.on('error', () => undefined);
        socket.on('data', (data) => {
          const next = answers.shift();
          if (next) socket.write(`${next}\r\n`);
          if (!data.toString().endsWith('\r\n.\r\n')) return;
          given += 1;
          then(socket);
        });
      });
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
      const bound = relay.address();
      const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
      const sender = openRelay(relayAt(`smtp+insecure://127.0.0.1:${port}`), FROM, SHORT);
      expect(await sender.send(mail())).toMatchObject({ sent: false, how: 'unknown' });
      expect(given).toBe(1);
      sender.close();
      await new Promise<void>((resolve) => relay.close(() => resolve()));
    },
  );

  test('is never said in the clear to a relay elsewhere; negative control: where the address says so, it is', () =>
    withPostbox(async (box) => {
      const elsewhere: RelayAddress = {
        ...relayAt('smtp://relay.example'),
        host: '127.0.0.1',
        port: box.port,
      };
      expect(elsewhere.encrypted).toBe('before anything is said');
      const relay = openRelay(elsewhere, FROM, SHORT);
      expect(await relay.send(mail())).toMatchObject({
        sent: false,
        how: 'later',
        why: expect.stringMatching(/encryption/),
      });
      relay.close();
      expect(box.mails()).toEqual([]);
      const clear = openRelay({ ...elsewhere, encrypted: 'not at all' }, FROM);
      expect(await clear.send(mail())).toEqual({ sent: true });
      clear.close();
    }));

  test('is tried again with growing pauses, for three days', () => {
    const made = new Date('2026-11-02T09:00:00Z');
    const tries: number[] = [];
    let now: Date | null = made;
    while (now) {
      tries.push(now.getTime() - made.getTime());
      now = nextTry(tries.length, made, now);
    }
    expect(tries.slice(0, 5).map((ms) => ms / 60_000)).toEqual([0, 1, 6, 21, 81]);
    expect(tries.at(-1)).toBeGreaterThan(70 * 60 * 60_000);
    expect(tries.at(-1)).toBeLessThanOrEqual(72 * 60 * 60_000);
  });
});

describe('the address of a relay', () => {
  test('says how it is reached', () => {
    expect(relayAt('smtps://ana:p%40ss@mail.example')).toEqual({
      ...{
        host: 'mail.example',
        port: 465,
        encrypted: 'from the start',
        user: { name: 'ana', password: 'p@ss' },
      },
    });
    expect(relayAt('smtp://mail.example:2525')).toMatchObject({
      port: 2525,
      encrypted: 'before anything is said',
    });
    for (const text of [
      'mail.example',
      'http://mail.example',
      'smtp://',
      'smtp://mail.example/x',
      'smtp://mail.example?x=1',
    ])
      expect(parseRelay(text), text).toBeNull();
  });
});

describe('a webhook', () => {
  const secret = randomBytes(32);
  const hookAt = (url: string) => parseWebhook(`${url}#whsec_${secret.toString('base64')}`);

  test('is posted and signed, and follows nowhere', async () => {
    const seen: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        seen.push({ headers: request.headers, body });
        response.writeHead(request.url === '/moved' ? 302 : 204, { location: '/hook' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const base = `http://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}`;
    const [hook, moved] = [hookAt(`${base}/hook`), hookAt(`${base}/moved`)];
    if (!hook || !moved) throw new Error('No webhook.');
    const sending = { id: 'msg_1', event: { type: 'alarm' }, now: new Date('2026-11-02T09:00:00Z') };
    expect(await sendWebhook(hook, sending)).toEqual({ sent: true });
    expect(await sendWebhook(moved, sending)).toMatchObject({ sent: false, how: 'later' });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(seen).toHaveLength(2);
    const signed = createHmac('sha256', secret).update('msg_1.1793610000.{"type":"alarm"}').digest('base64');
    expect(seen[0]).toMatchObject({
      body: '{"type":"alarm"}',
      headers: { 'webhook-signature': `v1,${signed}` },
    });
    expect(await sendWebhook(hook, sending)).toMatchObject({ sent: false, how: 'later' });
  });

  test('goes to an encrypted address, or to this machine', () => {
    expect(hookAt('https://example.org/hook')).not.toBeNull();
    for (const url of ['http://example.org/hook', 'ftp://example.org', 'x'])
      expect(hookAt(url), url).toBeNull();
    expect(parseWebhook('https://example.org/hook')).toBeNull();
  });
});
