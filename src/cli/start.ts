/**
 * `npm start`: the whole product on one machine. Starts the database, brings it to the present,
 * serves both sites and the register's sequencer, and, unless told `--empty`, fills a demonstration
 * body. Stops everything in the reverse order.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openCluster } from '../store/cluster.ts';
import { writePrivate } from '../store/embedded.ts';
import { openDatabase } from '../store/store.ts';
import { freshAssets } from '../web/assets.ts';
import { type Demonstration, prepareDemonstration } from './demonstration.ts';
import { startDesk } from './desk.ts';
import { foundingLink } from './invite-body.ts';
import type { Main } from './letterbox.ts';
import { startRegister } from './register.ts';
import { type Part, type Served, stopAsked } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';
import { startSlot } from './slot.ts';

export const main: Main = async (args, say) => {
  const unknown = args.find((word) => word !== '--empty');
  if (unknown)
    throw new Error(
      `npm start does not know ${unknown}. It takes --empty: start without demonstration data.`,
    );
  const settings = readSettings(process.env);
  const empty = args.includes('--empty');
  if (!empty && !isLoopback(settings.host)) {
    throw new Error(
      'The demonstration listens on loopback only, since its keys are public. Use --empty, or unset LETTERBOX_HOST.',
    );
  }
  const release = claim(settings.data);
  const parts: Part[] = [];
  const closeAll = async () => {
    for (const part of parts.splice(0).reverse()) await part.close();
    release();
  };
  try {
    const stopped = stopAsked();
    await serve(settings, empty, parts, say);
    return await stopped;
  } finally {
    await closeAll();
  }
};

async function serve(
  settings: Settings,
  empty: boolean,
  parts: Part[],
  say: (line: string) => void,
): Promise<void> {
  say(settings.databaseUrl ? 'Reaching the database …' : 'Starting the database …');
  const cluster = await openCluster(settings.data, settings.databaseUrl, settings.roleUrls);
  parts.push({ close: cluster.stop });
  const assets = await freshAssets();
  const pool = (role: 'slot' | 'desk' | 'signin' | 'register', size: number) => {
    const database = openDatabase(role, cluster.urls[role], size);
    parts.push(database);
    return database;
  };
  const [register, slot, desk, signin] = [
    pool('register', 2),
    pool('slot', 8),
    pool('desk', 8),
    pool('signin', 4),
  ];
  const demonstration = empty ? null : await prepareDemonstration(settings, { cluster, desk, signin });
  const served = async (part: Promise<Served>): Promise<string> => {
    const { address, close } = await part;
    parts.push({ close });
    return address;
  };
  parts.push(startRegister(register, settings.data));
  const address = await served(startSlot({ settings, database: slot, assets, demonstration: !empty, say }));
  await served(startDesk({ settings, desk, signin, assets, demonstration, say }));
  await demonstration?.fill(address);
  announce(
    settings,
    demonstration,
    empty ? await foundingLink(cluster.adminUrl, settings.deskUrl, FIRST_SLUG) : null,
    say,
  );
}

/** The part of public addresses that the first body of an empty start gets; `invite-body` takes any. */
const FIRST_SLUG = 'our-body';

function announce(
  settings: Settings,
  demonstration: Demonstration | null,
  founding: string | null,
  say: (line: string) => void,
): void {
  say('');
  say(`  Public side   ${settings.publicUrl}`);
  say(`  Desk          ${settings.deskUrl}`);
  say('');
  if (demonstration) for (const line of demonstration.howToSignIn) say(`  ${line}`);
  if (founding) say(`  Found your body (once, within 7 days): ${founding}`);
  say('');
  say('  Ctrl-C stops everything.');
}

/** One program a data folder: a second one is told so; a killed one's claim is taken over. */
function claim(data: string): () => void {
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const file = join(data, 'running.pid');
  const before = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (before > 0 && before !== process.pid && isLetterbox(before)) {
    throw new Error(
      `Letterbox already runs on ${data} (process ${before}). Stop it first, or set LETTERBOX_DATA.`,
    );
  }
  writePrivate(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

function isLetterbox(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const command = `/proc/${pid}/cmdline`;
    return !existsSync(command) || readFileSync(command, 'utf8').includes('letterbox.ts');
  } catch {
    return false;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
