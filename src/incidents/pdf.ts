/**
 * What every document that we print has: A4, tagged, titled, fit to be kept (PDF/A-2a, ISO 19005-2), real text in embedded
 * fonts, pages numbered where a screen reader passes over it. Runs in Node and in browsers, so fonts come as bytes.
 */
import PDFDocument from 'pdfkit';

export type Doc = PDFKit.PDFDocument;
/** Two fonts of one family, as files. */
export type Fonts = { readonly body: Uint8Array<ArrayBuffer>; readonly bold: Uint8Array<ArrayBuffer> };

/** A document without a page yet, `body` and `bold` at hand. `bytes`: all of it, once `doc.end()` was called. */
export function openPdf(
  title: string,
  { body, bold }: Fonts,
  margin: number,
): { readonly doc: Doc; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } {
  const doc = new PDFDocument({
    ...{ size: 'A4', margin, bufferPages: true, autoFirstPage: false },
    // None of its own: those are not there in a browser.
    font: '',
    ...{ pdfVersion: '1.7', subset: 'PDF/A-2a', tagged: true, lang: 'en-GB', displayTitle: true },
    info: { Title: title, Creator: 'Letterbox', Producer: 'Letterbox' },
  });
  const chunks: Uint8Array[] = [];
  doc.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const bytes = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) =>
    doc.on('end', () => resolve(joined(chunks))).on('error', reject),
  );
  doc.registerFont('body', body.buffer);
  doc.registerFont('bold', bold.buffer);
  return { doc, bytes };
}

/** Writes a line at the foot of this page of those that are held. */
export function foot(
  doc: Doc,
  page: number,
  text: string,
  { size, margin }: { size: number; margin: number },
): void {
  doc.switchToPage(page);
  // Below the margin a text would start a new page.
  doc.page.margins.bottom = 0;
  doc.markContent('Artifact', { type: 'Pagination' });
  doc
    .font('body')
    .fontSize(size)
    .text(text, margin, doc.page.height - margin / 2 - size, {
      ...{ align: 'right', lineBreak: false, width: doc.page.width - 2 * margin },
    });
  doc.endMarkedContent();
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
