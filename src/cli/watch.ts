/**
 * `letterbox watch`: the outside-in monitor, best on another machine. It opens no database and reads none of a site's
 * settings: what it is told stands in its own file.
 */
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { openAsking } from '../watch/asking.ts';
import { rawConfig, readConfig, readState, stateFile, writeConfig, writeState } from '../watch/config.ts';
import { look } from '../watch/elsewhere.ts';
import { type RoundTold, type WatchOptions, watch, watchOnce } from '../watch/watch.ts';
import { claim } from './claim.ts';
import type { Main } from './letterbox.ts';
import { stopAsked } from './stopping.ts';
import { joinAsWatch } from './watch-join.ts';

const USAGE = `Usage:
  letterbox watch [--config watch.json] [--once]     go round, and alarm
  letterbox watch join LINK [--public URL]           take an account, by a link from the desk's page Watch
  letterbox watch add URL [--text TEXT]              watch an address that must not answer strangers, or never show a text
                                                     (https://…, or tcp://host:port for a port that must be closed)`;

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ config: { type: 'string', default: 'watch.json' }, once: { type: 'boolean', default: false } },
      ...{ text: { type: 'string' }, public: { type: 'string' }, help: { type: 'boolean', default: false } },
    },
  });
  const [what, argument, ...more] = positionals;
  const { config: path } = values;
  if (values.help || more.length > 0 || (what !== undefined && argument === undefined)) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  if (what === 'join') return join(path, argument ?? '', values.public, say);
  if (what === 'add') return add(path, argument ?? '', values.text, say);
  if (what === undefined) return goRound(path, values.once, say);
  say(USAGE);
  return 2;
};

type Say = (line: string) => void;

async function goRound(path: string, once: boolean, say: Say): Promise<number> {
  const options = { config: readConfig(path), statePath: stateFile(path), say };
  // A second Watch with the same marks would take the first one's rehearsals for leaks.
  const release = claim(dirname(path), { name: basename(path), elsewhere: 'take another --config' });
  try {
    return await goRoundAlone(options, once, say);
  } finally {
    release();
  }
}

async function goRoundAlone(options: Omit<WatchOptions, 'stop'>, once: boolean, say: Say): Promise<number> {
  if (once) {
    const told = await watchOnce({ ...options, stop: new AbortController().signal });
    say(inWords(told));
    return told.findings.length > 0 ? 1 : 0;
  }
  say(`Watching every ${options.config.every} seconds. Ctrl-C stops it.`);
  let first = true;
  await watch({ ...options, stop: stopAsked() }, (told) => {
    if (first) say(inWords(told));
    first = false;
  });
  return 0;
}

const inWords = ({ asked, seconds, findings }: RoundTold): string =>
  `Went round: ${asked} questions in ${seconds.toFixed(1)} seconds. ${findings.length === 0 ? 'Nothing stands open.' : `${findings.length} things stand open or cannot be seen.`}`;

/** Adds an address and looks at it at once. */
async function add(path: string, url: string, text: string | undefined, say: Say): Promise<number> {
  const rule = text === undefined ? { url, must: 'never answer' } : { url, must: 'never contain', text };
  const before = rawConfig(path);
  const known = Array.isArray(before.elsewhere) ? before.elsewhere : [];
  const isSame = (each: unknown) => JSON.stringify(each) === JSON.stringify(rule);
  const undo = existsSync(path) ? before : null;
  writeConfig(path, { ...before, elsewhere: [...known.filter((each) => !isSame(each)), rule] });
  const added = parsed(path, undo).elsewhere.at(-1);
  if (!added) throw new Error(`${path} could not be written.`);
  const asking = openAsking();
  const finding = await look(asking, added);
  asking.close();
  say(finding ? `${finding.seen} ${url}` : 'In order: nothing that must not be there was seen.');
  say(`It stands in ${path}. Run letterbox watch to have it looked at again and again.`);
  return finding ? 1 : 0;
}

/** The file, or, where what was added is no rule, the file as it was before. @throws one line */
function parsed(path: string, before: Readonly<Record<string, unknown>> | null) {
  try {
    return readConfig(path);
  } catch (error) {
    writeConfig(path, before ?? {});
    throw error;
  }
}

async function join(path: string, link: string, publicUrl: string | undefined, say: Say): Promise<number> {
  const before = rawConfig(path);
  const desk = URL.canParse(link) ? new URL(link).origin : '';
  const site = publicUrl ?? before.public;
  if (site === undefined)
    throw new Error('Say where the public side is, too: --public https://letters.example.org');
  writeConfig(path, { ...before, public: site, desk });
  parsed(path, before);
  const asking = openAsking();
  const { account, words } = await joinAsWatch(asking, link).finally(() => asking.close());
  const state = readState(stateFile(path));
  writeState(stateFile(path), { ...state, accounts: [...state.accounts, account] });
  say(`Watch has joined ${account.organisationName}. Its words, to be compared on the desk’s page People:`);
  say(`  ${words.join(' ')}`);
  say('Once it is confirmed, run letterbox watch. It can be confirmed while it runs.');
  return 0;
}
