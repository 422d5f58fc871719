/**
 * `npm start`: the whole product on one machine. Starts the database, brings it to the present,
 * serves both sites and the register's sequencer, and, unless told `--empty`, fills a demonstration
 * body. Stops everything in the reverse order.
 */
import { isLoopback } from '../alarm/inspection/loopback.ts';
import { openCluster } from '../store/cluster.ts';
import type { LoginRole } from '../store/migrate.ts';
import { openDatabase } from '../store/store.ts';
import { freshAssets } from '../web/assets.ts';
import { startAlarm } from './alarm.ts';
import { claim } from './claim.ts';
import { type Demonstration, prepareDemonstration } from './demonstration.ts';
import { startDesk } from './desk.ts';
import { foundingLink } from './invite-body.ts';
import { hostLink } from './invite-host.ts';
import type { Main } from './letterbox.ts';
import { startRegister } from './register.ts';
import { closeAll, type Part } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';
import { startSlot } from './slot.ts';
import { aborted, stopAsked } from './stopping.ts';
import { watchBeside } from './watch-beside.ts';

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
  const stop = stopAsked();
  const release = claim(settings.data);
  const parts = openParts();
  try {
    const served = serve({ settings, empty, parts, stop, say });
    await Promise.race([served.then(() => aborted(stop)), aborted(stop)]);
    // Asked to stop while it was starting: what it has begun comes to its end before it is closed.
    await parts.close(say);
    await served.catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
    return 0;
  } finally {
    await parts.close(say);
    release();
  }
};

/** What is open, to be closed in the reverse order; what is added after that is closed at once. */
type Parts = {
  add<P extends Part>(part: P): Promise<P>;
  close(say: (line: string) => void): Promise<void>;
};

function openParts(): Parts {
  const parts: Part[] = [];
  let closed = false;
  return {
    add: async (part) => {
      if (closed) {
        await part.close();
        throw new Error('Letterbox was stopped while it was starting.');
      }
      parts.push(part);
      return part;
    },
    close: (say) => {
      closed = true;
      return closeAll(parts, say);
    },
  };
}

type Serving = {
  readonly settings: Settings;
  readonly empty: boolean;
  readonly parts: Parts;
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
};

async function serve({ settings, empty, parts, stop, say }: Serving): Promise<void> {
  say(settings.databaseUrl ? 'Reaching the database …' : 'Starting the database …');
  const cluster = await openCluster(settings.data, settings.databaseUrl, settings.roleUrls, say);
  await parts.add({ close: cluster.stop });
  const assets = await freshAssets();
  const pool = (role: LoginRole, size: number) => parts.add(openDatabase(role, cluster.urls[role], size));
  const register = await pool('register', 3);
  const alarm = await pool('alarm', 4);
  const slot = await pool('slot', 8);
  const desk = await pool('desk', 8);
  const signin = await pool('signin', 4);
  const demonstration = empty ? null : await prepareDemonstration(settings, { cluster, desk, signin });
  await parts.add(startRegister(register, settings, say));
  const embedded = settings.databaseUrl === null;
  await parts.add(startAlarm({ settings, database: alarm, assets, embedded, say }));
  const { address } = await parts.add(
    await startSlot({ settings, database: slot, assets, demonstration: !empty, say }),
  );
  await parts.add(await startDesk({ settings, desk, signin, assets, demonstration, say }));
  await demonstration?.fill(address, stop);
  const watch = settings.watch ? watchBeside(settings.data, say) : null;
  if (watch) await parts.add(watch);
  announce(settings, demonstration, empty ? await linksToFound(cluster.adminUrl, settings.deskUrl) : [], say);
}

async function linksToFound(adminUrl: string, deskUrl: string): Promise<string[]> {
  return [
    `Found your body (once, within 7 days): ${await foundingLink(adminUrl, deskUrl, FIRST_SLUG)}`,
    `If somebody else runs this site, they found the host: ${await hostLink(adminUrl, deskUrl)}`,
  ];
}

/** The part of public addresses that the first body of an empty start gets; `invite-body` takes any. */
const FIRST_SLUG = 'our-body';

function announce(
  settings: Settings,
  demonstration: Demonstration | null,
  founding: readonly string[],
  say: (line: string) => void,
): void {
  say('');
  say(`  Public side   ${settings.publicUrl}`);
  say(`  Desk          ${settings.deskUrl}`);
  say('');
  if (demonstration) for (const line of demonstration.howToSignIn) say(`  ${line}`);
  for (const line of founding) say(`  ${line}`);
  say('');
  say('  Ctrl-C stops everything.');
}
