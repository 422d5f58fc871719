/** Watch's eyes: a mark or a piece of ciphertext is found however it is packed, and nothing else is. */
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { newMark } from './mark.ts';
import { needlesOf } from './needles.ts';
import { type Answer, search } from './search.ts';

const MARK = newMark();
const SEALED = Buffer.concat([
  Buffer.from('age-encryption.org/v1\n-> mlkem768x25519 '.padEnd(64, 'x')),
  randomBytes(3000),
]);
const source = { canary: 'one', form: 'review' };
const needles = needlesOf(
  [{ ...source, part: 'answer why', mark: MARK }],
  [{ ...source, part: 'answers', bytes: SEALED }],
);
const answer = (bytes: Uint8Array | string, more: Partial<Answer> = {}): Answer => ({
  ...{ bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes, headers: [] },
  ...more,
});
const coloursIn = async (bytes: Uint8Array | string, more: Partial<Answer> = {}) =>
  (await search(answer(bytes, more), needles)).found.map(({ colour }) => colour);
const near = MARK.replace(/.$/, (last) => (last === '0' ? '1' : '0')).replace(
  /^(.{8})./,
  (_all, head) => `${head}${MARK[8] === '0' ? '1' : '0'}`,
);

const utf16 = (text: string, swapped = false) => {
  const bytes = Buffer.from(text, 'utf16le');
  return swapped ? bytes.swap16() : bytes;
};
const xml = (text: string) => `<?xml version="1.0"?><sst><si><t>${text}</t></si></sst>`;
const file = (name: string, text: string | Uint8Array) =>
  Buffer.from(zipSync({ [name]: typeof text === 'string' ? Buffer.from(text) : text }));
const pdf = (text: string, packed = false) => {
  const stream = `BT /F1 12 Tf 20 700 Td (${text}) Tj ET`;
  const data = packed ? deflateSync(Buffer.from(stream)) : Buffer.from(stream);
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    null,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  const parts = [Buffer.from('%PDF-1.4\n')];
  for (const [n, object] of objects.entries()) {
    const head = `${n + 1} 0 obj\n`;
    const body = object ?? `<< /Length ${data.length}${packed ? ' /Filter /FlateDecode' : ''} >>\nstream\n`;
    parts.push(
      Buffer.from(head + body),
      ...(object ? [] : [data, Buffer.from('\nendstream')]),
      Buffer.from('\nendobj\n'),
    );
  }
  return Buffer.concat([...parts, Buffer.from('trailer << /Root 1 0 R /Size 6 >>\n%%EOF\n')]);
};
const everySign = (how: (code: number) => string) => (text: string) =>
  [...text].map((sign) => how(sign.charCodeAt(0))).join('');
const hex = (code: number) => code.toString(16).padStart(2, '0');

/** Ways to pack a text, each with what it makes of one. */
const PACKINGS: Readonly<Record<string, (text: string) => Uint8Array | string>> = {
  plain: (text) => text,
  'upper case': (text) => text.toUpperCase(),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64, one sign further': (text) => Buffer.from(`x${text}`).toString('base64'),
  'base64, two signs further': (text) => Buffer.from(`xy${text}`).toString('base64'),
  'base64 behind other letters': (text) => `abc${Buffer.from(text).toString('base64')}`,
  'base64url in JSON': (text) => JSON.stringify({ data: Buffer.from(`??>>${text}`).toString('base64url') }),
  'base64 in lines': (text) =>
    (
      Buffer.from(text)
        .toString('base64')
        .match(/.{1,20}/g) ?? []
    ).join('\r\n'),
  'base64 in lines in JSON': (text) =>
    JSON.stringify(
      (
        Buffer.from(text)
          .toString('base64')
          .match(/.{1,20}/g) ?? []
      ).join('\n'),
    ),
  'base64 twice': (text) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'bytea of PostgreSQL': (text) => `\\x${Buffer.from(text).toString('hex')}`,
  'hex with colons': (text) => (Buffer.from(text).toString('hex').match(/../g) ?? []).join(':'),
  'percent signs': everySign((code) => `%${hex(code)}`),
  'percent signs twice': everySign((code) => `%25${hex(code)}`),
  'decimal entities': everySign((code) => `&#${code};`),
  'hex entities': everySign((code) => `&#x${hex(code)};`),
  'JSON escapes': everySign((code) => `\\u00${hex(code)}`),
  'JavaScript escapes': everySign((code) => `\\x${hex(code)}`),
  'octal escapes': everySign((code) => `\\${code.toString(8).padStart(3, '0')}`),
  'quoted-printable': (text) => (text.replaceAll('=', '=3D').match(/[\s\S]{1,10}/g) ?? []).join('=\r\n'),
  'UTF-16 LE': (text) => utf16(text),
  'UTF-16 BE with its mark': (text) => Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(text, true)]),
  'broken by markup': (text) => text.replace(/(.{5})/g, '$1<wbr><b class="x">'),
  'broken by soft hyphens': (text) => text.replace(/(.{7})/g, '$1\u00ad'),
  'broken by lines': (text) => text.replace(/(.{9})/g, '$1\n  '),
  gzip: (text) => gzipSync(text),
  'gzip, named, with more behind it': (text) =>
    Buffer.concat([
      Buffer.from('1f8b0808000000000003', 'hex'),
      Buffer.from('a.sql\0'),
      gzipSync(text).subarray(10),
      randomBytes(9),
    ]),
  zlib: (text) => deflateSync(text),
  'zlib inside something': (text) => Buffer.concat([randomBytes(50), deflateSync(text), randomBytes(50)]),
  zstd: (text) => zstdCompressSync(text),
  zip: (text) => file('a.txt', text),
  'zip in zip': (text) => file('inner.zip', file('a.txt', text)),
  'name in zip': (text) => file(`${text.replace(/[^a-z0-9]/gi, '')}.txt`, 'nothing'),
  xlsx: (text) => file('xl/sharedStrings.xml', xml(text)),
  'xlsx in runs': (text) => file('xl/sharedStrings.xml', xml(text.replace(/(.{6})/g, '$1</t></r><r><t>'))),
  pdf: (text) => pdf(text.replace(/[()\\]/g, '')),
  'pdf, packed': (text) => pdf(text.replace(/[()\\]/g, ''), true),
};
const TEXT = Object.keys(PACKINGS).filter((name) => !/pdf|name in zip|upper case/.test(name));

describe('a mark', () => {
  test.each(Object.entries(PACKINGS))('is found: %s', async (_name, pack) => {
    expect(await coloursIn(pack(`Dear Sir, ${MARK} and so on`))).toEqual(['red']);
    expect(await coloursIn(pack(`Dear Sir, ${near} and so on`)), 'negative control').toEqual([]);
  });

  test.each(['gzip', 'br', 'zstd', 'deflate', 'deflate, raw', 'gzip, br'])(
    'is found behind Content-Encoding %s',
    async (coding) => {
      const text = `Dear Sir, ${MARK} and so on`;
      const packed: Record<string, Buffer> = {
        ...{
          gzip: gzipSync(text),
          br: brotliCompressSync(text),
          zstd: zstdCompressSync(text),
          deflate: deflateSync(text),
        },
        ...{ 'deflate, raw': deflateRawSync(text), 'gzip, br': brotliCompressSync(gzipSync(text)) },
      };
      const contentEncoding = coding === 'deflate, raw' ? 'deflate' : coding;
      expect(await coloursIn(packed[coding] ?? '', { contentEncoding })).toEqual(['red']);
    },
  );

  test('is found in headers and addresses', async () => {
    expect(
      await coloursIn('', { headers: [`content-disposition: attachment; filename="${MARK}.pdf"`] }),
    ).toEqual(['red']);
    expect(
      await coloursIn('', { headers: [`location: /x?q=${Buffer.from(MARK).toString('base64url')}`] }),
    ).toEqual(['red']);
  });

  test.each(TEXT)('is found in a binary file: %s', async (name) => {
    const packed = PACKINGS[name]?.(`Dear Sir, ${MARK} and so on`) ?? '';
    const inside = typeof packed === 'string' ? Buffer.from(packed, 'latin1') : packed;
    const file = Buffer.concat([randomBytes(3000), inside, Buffer.from([0x9c, 0, 0xff]), randomBytes(3000)]);
    expect(await coloursIn(file)).toEqual(['red']);
  });

  test('that was cut off is found by its first 15 signs, and not by 14', async () => {
    expect(await coloursIn(`${MARK.slice(0, 15)}…`)).toEqual(['red']);
    expect(await coloursIn(`${MARK.slice(0, 14)}…`)).toEqual([]);
  });

  test('is found in any three packings, one in the other, with anything around', async () => {
    const packing = fc.constantFrom(...TEXT);
    await fc.assert(
      fc.asyncProperty(
        fc.array(packing, { minLength: 1, maxLength: 3 }),
        fc.string({ maxLength: 40 }),
        async (names, around) => {
          const inner = (text: string, name: string): string => {
            const packed = PACKINGS[name]?.(text) ?? text;
            return typeof packed === 'string' ? packed : Buffer.from(packed).toString('base64');
          };
          const text = `${around} ${names.reduce(inner, ` ${MARK} `)} ${around}`;
          const { found } = await search(answer(text), needles, { depth: 10, room: 2 ** 26, parts: 20_000 });
          expect(
            found.map(({ colour }) => colour),
            names.join(' in '),
          ).toEqual(['red']);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('ciphertext', () => {
  test.each([
    ['whole', SEALED],
    ['from the middle', SEALED.subarray(1000, 2200)],
    ['as base64url', Buffer.from(JSON.stringify({ sealed: SEALED.toString('base64url') }))],
    ['as hex', Buffer.from(`\\x${SEALED.toString('hex')}`)],
    ['in a gzipped dump', gzipSync(Buffer.concat([randomBytes(500), SEALED, randomBytes(500)]))],
  ])('is found: %s', async (_name, bytes) => {
    expect(await coloursIn(bytes)).toEqual(['amber']);
  });

  test('of another case is none of ours', async () => {
    expect(await coloursIn(Buffer.concat([SEALED.subarray(0, 64), randomBytes(3000)]))).toEqual([]);
  });
});

describe('what is not there', () => {
  test('is not found in texts, in random bytes, or in words like marks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
        ),
        async (text) => {
          expect(await coloursIn(Buffer.from(text, 'latin1'))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
    for (let n = 0; n < 1000; n += 1) expect(await coloursIn(newMark())).toEqual([]);
  });
});

test('neither a long register nor megabytes of noise are more than is looked at', async () => {
  const line = () =>
    JSON.stringify({ kind: 'submission', case: newMark(), sealed: randomBytes(32).toString('hex') });
  const log = Buffer.from(Array.from({ length: 15_000 }, line).join('\n'));
  for (const bytes of [
    log,
    randomBytes(8_000_000),
    Buffer.concat([log, randomBytes(1_000_000)]),
    Buffer.concat([log.subarray(0, 1_000_000), randomBytes(100_000)]),
  ])
    expect(await search(answer(bytes), needles)).toEqual({ found: [], unread: [] });
}, 60_000);

describe('what cannot be looked into', () => {
  test('is named: a bomb, a password, a coding nobody knows', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 });
    expect((await search(answer(bomb), needles)).unread.join()).toMatch(/unpacks to more/);
    expect((await search(answer(bomb, { contentEncoding: 'gzip' }), needles)).unread.join()).toMatch(
      /more than is looked at/,
    );
    const nested = Array.from({ length: 6 }).reduce<Buffer>((inner) => gzipSync(inner), Buffer.from(MARK));
    expect((await search(answer(nested), needles)).found, 'LIMIT: deeper than is looked').toEqual([]);
    const locked = file('secret.txt', 'nothing');
    locked.writeUInt16LE(1, 6);
    expect((await search(answer(locked), needles)).unread).toEqual(['zip: secret.txt has a password']);
    expect((await search(answer('x', { contentEncoding: 'zopfli' }), needles)).unread).toEqual([
      'content coding zopfli: not known',
    ]);
    const garbage = Buffer.from('%PDF-1.7\n no pdf at all');
    expect((await search(answer(garbage), needles)).unread.join()).toMatch(/pdf/);
  });
});
