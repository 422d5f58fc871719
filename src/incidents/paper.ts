/**
 * Documents as PDF that everybody can read: tagged, titled, with real text in embedded fonts, fit to be
 * kept (PDF/A-2a, ISO 19005-2). Headings, paragraphs and lists; page numbers are decoration to a screen reader.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Doc, foot, openPdf } from './pdf.ts';

export type Paper = {
  readonly title: string;
  /** Below the title: whose it is, and of when. */
  readonly lead: readonly string[];
  readonly sections: readonly {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    /** Shown so that nobody overlooks them. */
    readonly gaps?: readonly string[];
  }[];
};

const MARGIN = 56;
const require = createRequire(import.meta.url);
const file = (path: string) => new Uint8Array(readFileSync(path));
const fonts = () => ({
  body: file(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  bold: file(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')),
});
type Look = { readonly font: 'body' | 'bold'; readonly size: number; readonly gap: number };
const TITLE: Look = { font: 'bold', size: 20, gap: 10 };
const HEADING: Look = { font: 'bold', size: 13, gap: 6 };
const BODY: Look = { font: 'body', size: 10.5, gap: 8 };
const GAP: Look = { font: 'bold', size: 10.5, gap: 8 };

/** The document's bytes. */
export async function printed(paper: Paper): Promise<Buffer> {
  const { doc, bytes } = openPdf(paper.title, fonts(), MARGIN);
  doc.addPage();
  write(doc, paper);
  number(doc);
  doc.end();
  return Buffer.from(await bytes);
}

function write(doc: Doc, { title, lead, sections }: Paper): void {
  const root = doc.struct('Document');
  doc.addStructure(root);
  const put = (kind: string, text: string, { font, size, gap }: Look) =>
    root.add(
      doc.struct(kind, {}, () => {
        doc
          .font(font)
          .fontSize(size)
          .text(text, { paragraphGap: 2 })
          .moveDown(gap / size);
      }),
    );
  put('H1', title, TITLE);
  for (const line of lead) put('P', line, BODY);
  for (const { heading, paragraphs, gaps = [] } of sections) {
    // A heading does not stand alone at the foot of a page.
    if (doc.y > doc.page.height - MARGIN - 72) doc.addPage();
    put('H2', heading, HEADING);
    for (const line of paragraphs) put('P', line, BODY);
    for (const line of gaps) put('P', `Not known yet: ${line}`, GAP);
  }
  root.end();
}

function number(doc: Doc): void {
  const { count } = doc.bufferedPageRange();
  for (let page = 0; page < count; page += 1)
    foot(doc, page, `Page ${page + 1} of ${count}`, { size: 8.5, margin: MARGIN });
}
