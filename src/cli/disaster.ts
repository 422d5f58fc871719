/**
 * `letterbox disaster`: opens what `letterbox export-sealed` wrote, with keys and files alone: no server, no database.
 *
 *     letterbox disaster --shares 1.txt 3.txt sealed/ --out opened/
 *     letterbox disaster --identity recovery.txt sealed/ --out opened/
 *
 * The recovery identity (or a person's own) opens the form keys, those the case keys, those the rest. What does not
 * open is named, and the others are opened all the same.
 *
 * LIMIT: equality answers stay sealed: their place names the form's version, which the folder does not tell.
 */
import {
  createWriteStream,
  existsSync,
  openAsBlob,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { tidyName } from '../sealing/attachment.ts';
import { jsonOf } from '../sealing/encoding.ts';
import { type Identity, parseIdentity } from '../sealing/keys.ts';
import { type FormIdentities, open, openEnvelope, openStream, openSubmission } from '../sealing/open.ts';
import { formKeyPlace, objectId, personId } from '../sealing/place.ts';
import { SealingError } from '../sealing/sealing.ts';
import { combineShares, parseShare } from '../sealing/shares.ts';
import { type CaseAddress, messagePlace, submissionPlace } from '../sealing/submission.ts';
import type { Main } from './letterbox.ts';
import { folder, freshFolder, parseAddress, writeNew } from './sealed-folder.ts';

const USAGE = [
  'letterbox disaster (--identity FILE | --shares FILE FILE …) FOLDER [--out DIR]',
  '  FOLDER is what letterbox export-sealed wrote. Plaintext goes to DIR (opened/ unless told otherwise).',
].join('\n');

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      identity: { type: 'string' },
      shares: { type: 'string', multiple: true },
      out: { type: 'string', default: 'opened' },
    },
  });
  // `--shares A B C FOLDER`: all but the last of the words are shares too.
  const sealed = positionals.at(-1);
  const shares = [...(values.shares ?? []), ...positionals.slice(0, -1)];
  const oneWay = values.identity === undefined ? values.shares !== undefined : shares.length === 0;
  if (sealed === undefined || !oneWay) {
    say(USAGE);
    return 2;
  }
  const identity = await identityFrom(values.identity, shares);
  const { cases, attachments, messages, failures } = await rescue(identity, sealed, values.out);
  for (const failure of failures) say(`Not opened: ${failure}`);
  if (cases + failures.length === 0) throw new Error(`There is no case in ${sealed}.`);
  const counts = `${cases} cases, ${attachments} attachments and ${messages} messages`;
  say(`${counts} are open in ${values.out}. Guard that folder.`);
  return failures.length === 0 ? 0 : 1;
};

/** The identity in a file (as age writes them, comments and all), or the one that the shares in the files rebuild. */
async function identityFrom(file: string | undefined, shares: readonly string[]): Promise<Identity> {
  if (file === undefined) {
    const parsed = shares.map((share) => parseShare(readFileSync(share, 'utf8')));
    return (await combineShares(parsed)).identity;
  }
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return parseIdentity(lines.find((line) => line !== '' && !line.startsWith('#')) ?? '');
}

type Rescued = { cases: number; attachments: number; messages: number; failures: string[] };

/** Opens every case below `sealed` into `out`, a new folder. Failures name the case and say why. */
async function rescue(identity: Identity, sealed: string, out: string): Promise<Rescued> {
  const root = freshFolder(out);
  const formKeys = new Map<string, Promise<FormIdentities[]>>();
  const rescued: Rescued = { cases: 0, attachments: 0, messages: 0, failures: [] };
  for (const own of casesBelow(sealed)) {
    const home = dirname(dirname(own));
    try {
      const of = parseAddress(readFileSync(join(own, 'place.json'), 'utf8'));
      const name = `${home}\n${of.organisation}\n${of.form}\n${of.generation}`;
      const key = formKeys.get(name) ?? formKeysIn(join(home, 'form-keys'), of, identity);
      formKeys.set(name, key);
      const to = join(root, of.organisation, of.form, of.case);
      const caseIdentity = await rescueCase(await key, of, own, to);
      rescued.cases += 1;
      rescued.attachments += await rescueAttachments(caseIdentity, of, own, to, rescued.failures);
      rescued.messages += await rescueMessages(caseIdentity, of, own, to, rescued.failures);
    } catch (error) {
      rescued.failures.push(`${basename(own)}: ${sentence(error)}`);
    }
  }
  return rescued;
}

function casesBelow(sealed: string): string[] {
  const files = readdirSync(sealed, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => basename(file) === 'place.json')
    .map((file) => join(sealed, dirname(file)))
    .sort();
}

/** Tries each envelope of that form and generation: the identity may be the recovery one or a person's. */
async function formKeyIn(keys: string, of: CaseAddress, identity: Identity): Promise<Identity> {
  const start = `${of.form}-${of.generation}-`;
  const names = existsSync(keys) ? readdirSync(keys).filter((name) => name.startsWith(start)) : [];
  for (const name of names) {
    const whose = name.slice(start.length, -'.age'.length);
    try {
      const place = formKeyPlace(of, whose === 'recovery' ? null : personId(whose));
      return await openEnvelope(identity, readFileSync(join(keys, name)), place);
    } catch (error) {
      if (!(error instanceof SealingError) || !['not-for-you', 'bad-id'].includes(error.code)) throw error;
    }
  }
  throw new Error(`No key of the form ${of.form}, generation ${of.generation}, opens with this identity.`);
}

/**
 * What may open a case of that generation: its key, or its key with an older one inside. Nothing beside the sealed
 * objects says whether a key was made around an older one, so each of those is tried.
 */
async function formKeysIn(keys: string, of: CaseAddress, identity: Identity): Promise<FormIdentities[]> {
  const outer = await formKeyIn(keys, of, identity);
  const found: FormIdentities[] = [outer];
  for (let generation = of.generation - 1; generation > 0; generation -= 1) {
    const inner = await formKeyIn(keys, { ...of, generation }, identity).catch(() => null);
    if (inner !== null) found.push([outer, inner]);
  }
  return found;
}

async function rescueCase(
  keys: readonly FormIdentities[],
  of: CaseAddress,
  own: string,
  to: string,
): Promise<Identity> {
  const file = (name: string) => readFileSync(join(own, `${name}.age`));
  const sealed = { answers: file('answers'), summary: file('summary'), caseKey: file('case-key') };
  const tries = keys.map((key) => () => openSubmission(key, of, sealed));
  const { caseIdentity, answers, summary } = await firstThatOpens(tries);
  folder(to);
  writeNew(join(to, 'answers.json'), `${JSON.stringify(answers, null, 2)}\n`);
  writeNew(join(to, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return caseIdentity;
}

/** The first try that succeeds; where none does, what the first one said. */
async function firstThatOpens<T>(tries: readonly (() => Promise<T>)[]): Promise<T> {
  const results = tries.map((attempt) => attempt());
  return Promise.any(results).catch(() => Promise.race(results.slice(0, 1)));
}

async function rescueAttachments(
  key: Identity,
  of: CaseAddress,
  own: string,
  to: string,
  failures: string[],
): Promise<number> {
  const sealed = join(own, 'attachments');
  if (!existsSync(sealed)) return 0;
  let opened = 0;
  for (const file of readdirSync(sealed)) {
    try {
      await rescueAttachment(key, of, join(sealed, file), folder(join(to, 'attachments')));
      opened += 1;
    } catch (error) {
      failures.push(`${of.case}, attachment ${file}: ${sentence(error)}`);
    }
  }
  return opened;
}

/** The conversation as one file, in its order. */
async function rescueMessages(
  key: Identity,
  of: CaseAddress,
  own: string,
  to: string,
  failures: string[],
): Promise<number> {
  const sealed = join(own, 'messages');
  if (!existsSync(sealed)) return 0;
  const opened: unknown[] = [];
  for (const file of readdirSync(sealed).sort()) {
    try {
      const [, id = '', whose = ''] = /^\d+-([0-9a-f-]{36})-(.+)\.age$/.exec(file) ?? [];
      const person = whose === 'submitter' ? null : personId(whose);
      const found = await open(key, readFileSync(join(sealed, file)), messagePlace(of, objectId(id), person));
      opened.push({ from: whose, at: found.place.at, ...contentOf(found.content) });
    } catch (error) {
      failures.push(`${of.case}, message ${file}: ${sentence(error)}`);
    }
  }
  writeNew(join(to, 'messages.json'), `${JSON.stringify(opened, null, 2)}\n`);
  return opened.length;
}

const contentOf = (content: Uint8Array): object => z.looseObject({}).parse(jsonOf(content));

/** Streams one attachment out; it gets its name only when it is whole. */
async function rescueAttachment(key: Identity, of: CaseAddress, from: string, to: string): Promise<void> {
  const id = objectId(basename(from, '.age'));
  const place = submissionPlace(of, 'attachment', id);
  const { content, name } = await openStream(key, (await openAsBlob(from)).stream(), place);
  // The submitter chose the name: tidied again, and never without the id before it.
  const path = join(to, `${id} ${shortened(tidyName(name ?? { name: 'file', type: '' }).name)}`);
  const part = join(to, `${id}.part`);
  try {
    await pipeline(content, createWriteStream(part, { mode: 0o600, flags: 'wx' }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** File systems count bytes, 255 of them: the end of a long name is kept, for its extension. */
function shortened(name: string): string {
  const signs = [...name];
  while (Buffer.byteLength(signs.join('')) > 200) signs.shift();
  return signs.join('');
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
