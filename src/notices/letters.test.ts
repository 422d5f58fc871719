/** Letters as documents: real text, tagged, each on its own sheet, the address in the window. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getDocumentProxy } from 'unpdf';
import { describe, expect, test } from 'vitest';
import { merged } from '../incidents/wording.ts';
import { type Letter, lettersPdf, printable } from './letters.ts';
import { FROM, WORDING } from './testing.ts';

const require = createRequire(import.meta.url);
const font = (name: string) =>
  new Uint8Array(readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)));
const fonts = { body: font('DejaVuSans'), bold: font('DejaVuSans-Bold') };
const sheet = { from: FROM, date: '28 November 2026' };
const letterTo = (name: string, n = 1, long = 1): Letter => {
  const reference = `N4QXK-${String(n).padStart(5, '0')}`;
  const who = { name, references: ['4QXKC-9T1ZD'], received: '3 May 2026', told: 'names' };
  const words = { ...WORDING, done: `${WORDING.done} `.repeat(long) };
  return {
    reference,
    to: `${name}\n${n} Long Street\nExampleton\nEX1 2MP`,
    ...merged(words, who, { reference, from: FROM }),
  };
};
const MM = 72 / 25.4;

describe('letters', () => {
  test('are one tagged, titled document, in which each letter begins on a sheet of its own and is numbered by itself', async () => {
    const letters = [letterTo('Ana', 1), letterTo('Bo', 2, 300), letterTo('Cy', 3)];
    const pdf = await getDocumentProxy(await lettersPdf(letters, fonts, sheet));
    const { info } = await pdf.getMetadata();
    expect(info).toMatchObject({ Title: `3 letters from ${FROM}`, PDFFormatVersion: '1.7' });
    expect(await pdf.getMarkInfo()).toMatchObject({ Marked: true });
    const pages = await Promise.all(Array.from({ length: pdf.numPages }, (_, n) => pdf.getPage(n + 1)));
    const texts = await Promise.all(
      pages.map(async (page) =>
        (await page.getTextContent()).items.map((item) => ('str' in item ? item.str : '')).join(' '),
      ),
    );
    const feet = texts.map((text) => /(N4QXK-\d{5})\s+·\s+page (\d) of (\d)/.exec(text)?.slice(1).join(' '));
    expect(feet).toEqual(['N4QXK-00001 1 1', 'N4QXK-00002 1 2', 'N4QXK-00002 2 2', 'N4QXK-00003 1 1']);
    expect(texts[0]).toContain('Dear Ana,');
    expect(texts[0]).not.toContain('Bo');
    const kinds = new Set(JSON.stringify(await pages[0]?.getStructTree()).match(/"role":"\w+"/g));
    for (const kind of ['Document', 'Sect', 'P', 'H1', 'H2'])
      expect([...kinds].join(), kind).toContain(`"${kind}"`);
  });

  test('have the address in the window of the envelope, however long it is, and nothing else there', async () => {
    const long = {
      ...letterTo('Wolfeschlegelsteinhausenbergerdorff '.repeat(3).trim()),
      to: `${'Wolfeschlegelsteinhausenbergerdorff '.repeat(3).trim()}\nFlat 7\nThe Long House\n1 Long Street\nExampleton\nEX1 2MP`,
    };
    const pdf = await getDocumentProxy(await lettersPdf([letterTo('Ana'), long], fonts, sheet));
    for (const [n, of] of [letterTo('Ana'), long].entries()) {
      const page = await pdf.getPage(n + 1);
      const height = page.view[3] ?? 0;
      const items = (await page.getTextContent()).items.flatMap((item) =>
        'str' in item && item.str.trim() !== ''
          ? [
              {
                text: item.str,
                left: Number(item.transform[4]),
                top: height - Number(item.transform[5]),
                right: Number(item.transform[4]) + item.width,
              },
            ]
          : [],
      );
      const inside = items.filter(({ top }) => top > 39.5 * MM && top <= 66.3 * MM);
      expect(
        inside
          .map(({ text }) => text)
          .join(' ')
          .replaceAll(/\s+/g, ' '),
      ).toBe(of.to.replaceAll('\n', ' '));
      for (const { left, right } of inside) {
        expect(left).toBeGreaterThanOrEqual(24 * MM);
        expect(right).toBeLessThanOrEqual(120.5 * MM);
      }
    }
  });

  test('to whom our font cannot write are named, with the sign; the others are made', () => {
    const { fine, not } = printable(
      [letterTo('Ana'), letterTo('王小明'), letterTo('שלום כהן'), letterTo('Ольга')],
      fonts,
    );
    expect(fine.map(({ to }) => to.split('\n')[0])).toEqual(['Ana', 'שלום כהן', 'Ольга']);
    expect(not.map(({ sign }) => sign)).toEqual(['王']);
  });
});
