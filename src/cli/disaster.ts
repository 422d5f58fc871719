/**
 * `letterbox disaster`: opens exported sealed files with keys alone, on a machine without Letterbox's
 * server or database. See docs/operating-disaster.md for how the files get out of a database.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Identity, parseIdentity } from '../sealing/keys.ts';
import { open, openEnvelope } from '../sealing/open.ts';
import { caseId, formId, formKeyPlace, objectId, organisationId } from '../sealing/place.ts';
import { combineShares, parseShare } from '../sealing/shares.ts';
import { type CaseAddress, submissionPlace } from '../sealing/submission.ts';
import type { Main } from './letterbox.ts';

const USAGE =
  'letterbox disaster (--identity FILE | --share FILE --share FILE …) --out FOLDER <exported folder>';

const addressShape = z.object({
  organisation: z.string().transform(organisationId),
  form: z.string().transform(formId),
  version: z.number(),
  generation: z.number(),
  case: z.string().transform(caseId),
});

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      identity: { type: 'string' },
      share: { type: 'string', multiple: true },
      out: { type: 'string' },
    },
  });
  const [folder] = positionals;
  if (!folder || !values.out || (!values.identity && !values.share)) {
    say(USAGE);
    return 2;
  }
  const recovery = values.identity
    ? parseIdentity(readFileSync(values.identity, 'utf8').trim())
    : (await combineShares((values.share ?? []).map((file) => parseShare(readFileSync(file, 'utf8')))))
        .identity;
  const cases = readdirSync(join(folder, 'cases'));
  for (const name of cases) await openCase(folder, name, recovery, join(values.out, name));
  say(`Opened ${cases.length} cases into ${values.out}. Keep it somewhere as safe as the cases deserve.`);
  return 0;
};

/** recovery identity → form key → case key → answers and attachments, each place checked. */
async function openCase(folder: string, name: string, recovery: Identity, out: string): Promise<void> {
  const from = (file: string) => readFileSync(join(folder, 'cases', name, file));
  const of: CaseAddress = addressShape.parse(JSON.parse(from('place.json').toString()));
  const envelope = readFileSync(join(folder, 'form-keys', `${of.form}-${of.generation}.age`));
  const formKey = await openEnvelope(recovery, envelope, formKeyPlace(of, null));
  const caseKey = await openEnvelope(formKey, from('case-key.age'), submissionPlace(of, 'case-key'));
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const write = (file: string, content: Uint8Array) =>
    writeFileSync(join(out, file), content, { mode: 0o600 });
  write('answers.json', (await open(caseKey, from('answers.age'), submissionPlace(of, 'answers'))).content);
  write('summary.json', (await open(formKey, from('summary.age'), submissionPlace(of, 'summary'))).content);
  const attachments = join(folder, 'cases', name, 'attachments');
  for (const file of existsSync(attachments) ? readdirSync(attachments) : []) {
    const id = objectId(file.replace(/\.age$/, ''));
    const opened = await open(
      caseKey,
      readFileSync(join(attachments, file)),
      submissionPlace(of, 'attachment', id),
    );
    write(`${id}-${opened.name?.name.replace(/[^\w.-]/g, '_') ?? 'attachment'}`, opened.content);
  }
}
