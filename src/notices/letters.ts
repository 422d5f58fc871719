/**
 * Letters, print-ready: one PDF with all of them, tagged and titled, each beginning on a sheet of its own, with the address
 * where the window of a DL envelope is (GOV.UK Notify's letter specification: 24.6 mm from the left, 39.5 mm from the top,
 * 95.4 by 26.8 mm) and its reference at the foot of each page, so that sheets of two letters are not mixed up.
 *
 * Runs in a browser, so that names and addresses never leave it, and in Node.
 */
import { create } from 'fontkit';
import { type Doc, type Fonts, foot, openPdf } from '../incidents/pdf.ts';
import { headingIn } from '../incidents/wording.ts';

export type Letter = {
  readonly reference: string;
  /** Lines, the name first. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};
export type Sheet = { readonly from: string; readonly date: string };

const MM = 72 / 25.4;
const MARGIN = 20 * MM;
const WINDOW = { left: 24.6 * MM, top: 39.5 * MM, width: 95.4 * MM, height: 26.8 * MM };
const TEXT_FROM = 95 * MM;
const ADDRESS_SIZES = [10, 9, 8, 7, 6];
const LINE = 1.2;

/** Those that can be printed, and those whose letters our font does not have, each with the sign. */
export function printable(
  letters: readonly Letter[],
  { body }: Fonts,
): {
  readonly fine: readonly Letter[];
  readonly not: readonly { readonly letter: Letter; readonly sign: string }[];
} {
  const font = create(body);
  if (!('hasGlyphForCodePoint' in font)) throw new Error('The font is a collection of fonts.');
  const missing = ({ to, subject, text }: Letter) =>
    [...new Set(`${to}${subject}${text}`)].find(
      (sign) => !/\s/.test(sign) && !font.hasGlyphForCodePoint(sign.codePointAt(0) ?? 0),
    );
  const looked = letters.map((letter) => ({ letter, sign: missing(letter) }));
  return {
    fine: looked.flatMap(({ letter, sign }) => (sign === undefined ? [letter] : [])),
    not: looked.flatMap(({ letter, sign }) => (sign === undefined ? [] : [{ letter, sign }])),
  };
}

/** All of them in one document. `printed`: told how many are done, and waited for, so that a page can show it. */
export async function lettersPdf(
  letters: readonly Letter[],
  fonts: Fonts,
  sheet: Sheet,
  printed: (count: number) => Promise<void> = async () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { doc, bytes } = openPdf(`${letters.length} letters from ${sheet.from}`, fonts, MARGIN);
  const root = doc.struct('Document');
  doc.addStructure(root);
  let first = 0;
  for (const [n, letter] of letters.entries()) {
    doc.addPage();
    const section = doc.struct('Sect', { title: letter.reference });
    root.add(section);
    write(doc, section, letter, sheet);
    section.end();
    first = numbered(doc, first, letter.reference);
    if (n % 20 === 0) await printed(n);
  }
  root.end();
  doc.end();
  return bytes;
}

function write(doc: Doc, section: PDFKit.PDFStructureElement, letter: Letter, { from, date }: Sheet): void {
  const put = (kind: string, draw: () => void) => section.add(doc.struct(kind, {}, draw));
  put('P', () => {
    doc.font('bold').fontSize(11).text(shown(from), MARGIN, MARGIN, { align: 'right' });
  });
  put('P', () => {
    const { size, lines } = fitted(doc.font('body'), letter.to.split('\n').map(shown));
    for (const [nth, line] of lines.entries())
      doc.fontSize(size).text(line, WINDOW.left, WINDOW.top + nth * size * LINE, { lineBreak: false });
  });
  put('P', () => {
    doc
      .font('body')
      .fontSize(10.5)
      .text(date, MARGIN, TEXT_FROM - 10 * MM, { align: 'right' });
  });
  put('H1', () => {
    doc.font('bold').fontSize(13).text(shown(letter.subject), MARGIN, TEXT_FROM);
  });
  doc.moveDown(0.6);
  for (const paragraph of letter.text.split(/\n{2,}/)) {
    const heading = headingIn(paragraph);
    if (heading && doc.y > doc.page.height - MARGIN - 72) doc.addPage();
    put(heading ? 'H2' : 'P', () => {
      doc
        .font(heading ? 'bold' : 'body')
        .fontSize(10.5)
        .text(shown(heading ?? paragraph), MARGIN, doc.y);
    });
    doc.moveDown(heading ? 0.2 : 0.6);
  }
}

/** The lines of an address as large as the window allows; what is too wide goes on in the next line. */
function fitted(
  doc: Doc,
  address: readonly string[],
): { readonly size: number; readonly lines: readonly string[] } {
  const within = (size: number) => {
    doc.fontSize(size);
    return address.flatMap((line) => wrapped(doc, line));
  };
  const sizes = ADDRESS_SIZES.map((size) => ({ size, lines: within(size) }));
  const [smallest] = sizes.slice(-1);
  const fits = sizes.find(({ size, lines }) => lines.length * size * LINE <= WINDOW.height);
  return fits ?? smallest ?? { size: 6, lines: address };
}

function wrapped(doc: Doc, line: string): string[] {
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && doc.widthOfString(longer) <= WINDOW.width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

/** Numbers the pages of the letter that was just written, and lets go of them; the number of the next page. */
function numbered(doc: Doc, first: number, reference: string): number {
  const { start, count } = doc.bufferedPageRange();
  for (let page = Math.max(first, start); page < start + count; page += 1) {
    const says = `${reference}  ·  page ${page - first + 1} of ${start + count - first}`;
    foot(doc, page, says, { size: 8, margin: MARGIN });
  }
  doc.flushPages();
  return start + count;
}

const READ_FROM_RIGHT =
  /(?<=[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Nko}\p{M}\p{P}]) +(?=[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Nko}])/gu;

/** The library sets what stands between two spaces from left to right, so words that are read from the right stay together. */
const shown = (text: string): string => text.replaceAll(READ_FROM_RIGHT, '\u00a0');
