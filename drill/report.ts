/** What the drill found, as a table in the terminal and as a page fit for a regulator. */

import type { Case } from './case.ts';
import { CATALOGUE, type Mistake } from './catalogue.ts';
import type { Outcome } from './running.ts';

export type Report = {
  readonly version: string;
  readonly at: Date;
  readonly seconds: number;
  readonly outcomes: readonly Outcome[];
  readonly cases: readonly Case[];
};

const cell = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
const seconds = (value: number): string => `${value.toFixed(0)} s`;

export const HEAD = `${cell('', 3)} ${cell('mistake', 58)} ${'R'.padStart(2)} ${'A'.padStart(5)} ${'L'.padStart(4)}  control  result`;

export function line({ n, passed, out, noticed, entries, control, says }: Outcome): string {
  const mistake = CATALOGUE.find((each) => each.n === n)?.mistake ?? '';
  const leaks = control && control.readable + control.loose > 0 ? 'leaks' : 'silent';
  const alarmed = noticed ? seconds(noticed.seconds) : '–';
  return `${String(n).padStart(3)} ${cell(mistake, 58)} ${String(out.readable).padStart(2)} ${alarmed.padStart(5)} ${String(entries).padStart(4)}  ${leaks.padEnd(7)}  ${passed ? 'passed' : `FAILED: ${says}`}`;
}

/** The catalogue's lines that are no case of the drill, each with why. */
export const notDrilled = (): readonly Mistake[] =>
  CATALOGUE.filter(({ notDrilled: why }) => why !== undefined);

export function summary({ outcomes, seconds: took }: Report): string {
  const failed = outcomes.filter(({ passed }) => !passed).length;
  const readable = outcomes.reduce((sum, { out }) => sum + out.readable, 0);
  const asked = outcomes.reduce((sum, { out }) => sum + out.asked, 0);
  const slowest = Math.max(0, ...outcomes.map(({ noticed }) => noticed?.seconds ?? 0));
  return `${outcomes.length} mistakes made, ${readable} submissions readable in ${asked} answers, ${failed} failed; the slowest alarm came after ${seconds(slowest)}; ${notDrilled().length} lines of the catalogue are not drilled. It took ${Math.round(took / 60)} minutes.`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const STYLE = `body{font:19px/1.5 system-ui,Arial,sans-serif;margin:0;color:#0b0c0c}main{max-width:960px;margin:0 auto;padding:24px 16px}
h1{font-size:36px;line-height:1.2}h2{font-size:27px;margin-top:40px}table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:700;padding:8px 0}
th,td{border-bottom:1px solid #b1b4b6;text-align:left;vertical-align:top;padding:8px 16px 8px 0}.number{text-align:right;font-variant-numeric:tabular-nums}
.passed{color:#005a30;font-weight:700}.failed{color:#942514;font-weight:700}.scroll{overflow-x:auto}dt{font-weight:700}dd{margin:0 0 8px}
article{border-left:5px solid #b1b4b6;padding-left:16px;margin:24px 0}p{max-width:44em}`;

/** One page that needs nothing else: no script, no picture, no address. */
export function page(report: Report): string {
  const { version, at, outcomes, cases } = report;
  const when = new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'Europe/London',
  }).format(at);
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Letterbox: the drill, ${escaped(when)}</title><style>${STYLE}</style></head><body><main>
<h1>What a single mistake lets out</h1>
<p>On ${escaped(when)} a catalogue of single mistakes was really made, one after the other, on a temporary deployment of Letterbox ${escaped(version)}: each by the means by which it happens, by somebody who is entitled to do so. Then everybody who must not read (a stranger, somebody of another body, a colleague without access, somebody whose access has ended, the host’s operator, and the accounts of the database) asked for everything.</p>
<p><strong>${escaped(summary(report))}</strong></p>
<p>A mistake passes when nobody unintended can read a submission, and it was either refused or noticed within a minute; or when no program can notice it, and what came out is sealed. Each has a control: the wall that stands against it is really taken down, and then something of a submission must be seen, or the case proves nothing.</p>
${results(outcomes)}
<h2>Each mistake</h2>
${outcomes.map((outcome) => article(outcome, cases)).join('\n')}
<h2>What was not drilled</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Not drilled"><table><caption>Lines of the catalogue that are no case of this drill</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Mistake</th><th scope="col">Why</th></tr></thead><tbody>
${notDrilled()
  .map(
    ({ n, mistake, notDrilled: why = '' }) =>
      `<tr><td class="number">${n}</td><th scope="row">${escaped(mistake)}</th><td>${escaped(why)}</td></tr>`,
  )
  .join('\n')}
</tbody></table></div>
<h2>What this cannot show</h2>
<p>A malicious server, a reader who copies what they may read, two people who act together, and mistakes that nobody has thought of. “Readable” means that the words somebody wrote were found in an answer, a file or a log, decoded and unpacked; a photograph of them would not be.</p>
</main></body></html>
`;
}

function results(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ n, passed, out, noticed, entries, control }) => {
    const mistake = CATALOGUE.find((each) => each.n === n)?.mistake ?? '';
    const quarantined = noticed?.quarantined ? ', closed' : '';
    const leaks = control ? `${control.readable} readable, ${control.loose} sealed` : 'not made';
    return `<tr><td class="number">${n}</td><th scope="row"><a href="#case-${n}">${escaped(mistake)}</a></th><td class="number">${out.readable} of ${out.asked}</td><td>${noticed ? `${seconds(noticed.seconds)}${quarantined}` : '–'}</td><td class="number">${entries}</td><td>${leaks}</td><td class="${passed ? 'passed' : 'failed'}">${passed ? 'Passed' : 'Failed'}</td></tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Results"><table><caption>Results</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Mistake</th><th scope="col">Answers in which a submission could be read</th><th scope="col">Alarm after</th><th scope="col">Register entries</th><th scope="col">Answers with the wall down</th><th scope="col">Result</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function article({ n, passed, says, out, noticed, seconds: took }: Outcome, cases: readonly Case[]): string {
  const one = cases.find((each) => each.n === n);
  const mistake = CATALOGUE.find((each) => each.n === n)?.mistake ?? '';
  return `<article id="case-${n}"><h3>${n}. ${escaped(mistake)}</h3><dl>
<dt>How it was made</dt><dd>${escaped(one?.how ?? '')}</dd>
<dt>What came of it</dt><dd class="${passed ? '' : 'failed'}">${escaped(says)}</dd>
<dt>What was looked through</dt><dd>${out.asked} answers and files; ${out.readable} in which a submission could be read, ${out.loose} with ciphertext.</dd>
${noticed ? `<dt>What the alarm said, after ${seconds(noticed.seconds)}</dt><dd>${escaped(noticed.seen)}</dd>` : ''}
<dt>The control</dt><dd>${escaped(one?.control.how ?? '')}</dd>
<dt>Time</dt><dd>${seconds(took)}</dd></dl></article>`;
}
