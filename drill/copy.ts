/** Copies of the whole deployment, made while it is in use, and started again later. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, healthy, startProgram, temporaryFolder, until } from '../bench/site.ts';
import { releaseCase } from '../src/cases/store.ts';
import { keysOf } from '../src/grants/testing.ts';
import { type SignedIn, settled, signIn } from '../src/people/testing.ts';
import { act } from '../src/store/store.ts';
import type { TestDatabase } from '../src/store/testing.ts';
import { isRefusal } from '../src/web/refusal.ts';
import { type Made, type Piece, piece } from './case.ts';
import { askDoors, openAnswers } from './probes.ts';
import { aReader } from './readers.ts';
import { cosigned } from './witness.ts';
import { databases, type World } from './world.ts';

export type Copy = {
  readonly data: string;
  /** Starts it as a site of its own; it can be started once. */
  open(witnesses?: string): Promise<Site>;
  remove(): Promise<void>;
};

/** The data folder as it is now, with its keys and passwords. */
export async function aCopy(world: World): Promise<Copy> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  mkdirSync(data);
  chmodSync(data, 0o711);
  await copyOf(world, data);
  let site: Site | null = null;
  return {
    data,
    open: async (witnesses) => {
      site = await openSite(data, witnesses);
      return site;
    },
    remove: async () => {
      await site?.stop();
      folder.remove();
    },
  };
}

/** A copy of the whole data folder while it is in use, as a host's job makes it (PostgreSQL's own way of a base backup). */
async function copyOf({ db, data }: World, to: string): Promise<void> {
  const client = await db.admin.pool.connect();
  try {
    await client.query("select pg_backup_start('drill', true)");
    // With its owners, as PostgreSQL asks; a file that goes away meanwhile is not missed.
    spawnSync('cp', ['-a', `${data}/.`, to]);
    for (const gone of ['watch', 'running.pid', 'postgres/postmaster.pid'])
      rmSync(join(to, gone), { recursive: true, force: true });
    const { rows } = await client.query<{ label: string }>(
      'select labelfile as label from pg_backup_stop(false)',
    );
    const postgres = join(to, 'postgres');
    const label = join(postgres, 'backup_label');
    writeFileSync(label, rows[0]?.label ?? '');
    const { uid, gid } = statSync(join(postgres, 'PG_VERSION'));
    chownSync(label, uid, gid);
    // What was written to the log meanwhile belongs to it.
    spawnSync('cp', ['-a', join(data, 'postgres', 'pg_wal'), postgres]);
  } finally {
    client.release();
  }
}

type Site = { readonly publicUrl: string; readonly deskUrl: string; stop(): Promise<void> };

/** Starts the copy as a site of its own, without a Watch. */
async function openSite(data: string, witnesses: string | undefined): Promise<Site> {
  const [slot, desk] = [await freePort(), await freePort()];
  const urls = { publicUrl: `http://localhost:${slot}`, deskUrl: `http://localhost:${desk}` };
  const program = startProgram(['start', '--empty'], {
    ...{ LETTERBOX_DATA: data, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(slot), LETTERBOX_DESK_PORT: String(desk) },
    ...{ LETTERBOX_PUBLIC_URL: urls.publicUrl, LETTERBOX_DESK_URL: urls.deskUrl },
    ...(witnesses === undefined ? {} : { LETTERBOX_WITNESSES: witnesses }),
  });
  await until(() => healthy(urls.deskUrl), program, 'The copy');
  return { ...urls, stop: () => program.stop() };
}

/**
 * Somebody may read; a copy is made; their access ends, which is in the register and cosigned; the copy is started, and they
 * sign in there. `takesOver`: the deployment's own addresses lead there.
 */
export async function goBack(
  world: World,
  { witnessed, takesOver }: { readonly witnessed: boolean; readonly takesOver: boolean },
): Promise<Made> {
  const { reader, end } = await aReader(world, `Olga Once ${Date.now()}`);
  const copy = await aCopy(world);
  await end();
  await cosigned(world.db.admin, reader.staff.organisation);
  const site = await copy.open(witnessed ? world.witnesses : undefined);
  const db = databases(copy.data);
  if (takesOver) world.answerFrom(site);
  return {
    refused: null,
    alarms: db.admin,
    out: async () => {
      const there = takesOver ? world : { ...world, publicUrl: site.publicUrl, deskUrl: site.deskUrl };
      return readAgain(there, db, await signIn(db, reader.name, reader.staff));
    },
    undo: async () => {
      world.answerFrom(null);
      await db.close();
      await copy.remove();
    },
  };
}

/** All that comes out to them at the doors, and what their own key opens of it. */
async function readAgain(world: World, db: TestDatabase, reader: SignedIn): Promise<Piece[]> {
  const as = 'somebody whose access has ended';
  const pieces = await askDoors(world, [{ as, session: reader.session }]);
  const body = { ...world.body, db };
  for (const submission of world.submissions) {
    const key = (await keysOf(body, reader)).find(({ form }) => form === submission.form);
    const got = await act(db.desk, reader.session, (tx) => releaseCase(tx, submission.case));
    if (isRefusal(got) || !key) {
      pieces.push(piece(as, 'the release', isRefusal(got) ? got.message : 'no key'));
      continue;
    }
    const own = { ...world, readerKey: async () => key.identity };
    const opened = await openAnswers(own, submission, settled(got).answers);
    pieces.push(piece(as, 'what their key opens', JSON.stringify(opened ?? 'did not open')));
  }
  return pieces;
}
