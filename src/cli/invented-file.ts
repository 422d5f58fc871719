/** Invented files to attach: a scanned letter as a PDF of some two megabytes, or a short e-mail as text. */
import { type Chance, people } from './invented.ts';

export type InventedFile = {
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
};

/** Of the kinds that `forms/review.json` takes. */
export function inventFile(chance: Chance, lines: readonly string[]): InventedFile {
  if (chance.often(0.5)) {
    const text = [`From: ${chance.pick(people.officers)}, Exampleshire Police (invented)`, '', ...lines].join(
      '\n',
    );
    return { name: 'email from the force.txt', type: 'text/plain', content: new TextEncoder().encode(text) };
  }
  return { name: 'outcome letter, scanned.pdf', type: 'application/pdf', content: scannedLetter(chance) };
}

const [WIDTH, HEIGHT] = [1240, 1754]; // A4 at 150 dots an inch

/** One page, one grey picture: bars where the words of a letter would be. PDF 1.4 (ISO 32000), uncompressed. */
function scannedLetter(chance: Chance): Uint8Array<ArrayBuffer> {
  const picture = new Uint8Array(WIDTH * HEIGHT).fill(247);
  for (let y = 180; y < HEIGHT - 200; y += 34) {
    for (let x = 150; x < WIDTH - chance.whole(140, 420); ) {
      const word = chance.whole(20, 130);
      for (let row = y; row < y + 13; row += 1) picture.fill(60, row * WIDTH + x, row * WIDTH + x + word);
      x += word + 14;
    }
  }
  const draw = 'q 595 0 0 842 0 0 cm /Scan Do Q';
  const image = `/Type /XObject /Subtype /Image /Width ${WIDTH} /Height ${HEIGHT} /ColorSpace /DeviceGray /BitsPerComponent 8`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /Scan 5 0 R >> >> >>',
    `<< /Length ${draw.length} >>\nstream\n${draw}\nendstream`,
    `<< ${image} /Length ${picture.length} >>\nstream\n`,
  ];
  const starts: number[] = [];
  const head = objects.reduce((text, object, index) => {
    starts.push(text.length);
    return `${text}${index + 1} 0 obj\n${object}${index < 4 ? '\nendobj\n' : ''}`;
  }, '%PDF-1.4\n');
  const end = '\nendstream\nendobj\n';
  const offsets = starts.map((start) => `${String(start).padStart(10, '0')} 00000 n \n`).join('');
  const table = `xref\n0 6\n0000000000 65535 f \n${offsets}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n`;
  const at = head.length + picture.length + end.length;
  return new Uint8Array(
    Buffer.concat([Buffer.from(head), picture, Buffer.from(`${end}${table}${at}\n%%EOF\n`)]),
  );
}
