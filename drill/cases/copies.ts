/** Mistakes with copies of everything: data on a site for trying things, uploads among pictures, an older node, a download under way. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort, healthy, startProgram, temporaryFolder, until } from '../../bench/site.ts';
import { type SignedIn, settled } from '../../src/people/testing.ts';
import { act } from '../../src/store/store.ts';
import { isRefusal } from '../../src/web/refusal.ts';
import { type Case, cannotBeMade, type Piece, piece } from '../case.ts';
import { askAll, openedByReader, strangerAt } from '../probes.ts';
import { answerAt } from '../proxies.ts';
import { aReader } from '../readers.ts';
import type { World } from '../world.ts';

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

/** Starts the copy as a site of its own, without a Watch. */
async function openSite(data: string) {
  const [slot, desk] = [await freePort(), await freePort()];
  const urls = { publicUrl: `http://localhost:${slot}`, deskUrl: `http://localhost:${desk}` };
  const program = startProgram(['start', '--empty'], {
    ...{ LETTERBOX_DATA: data, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(slot), LETTERBOX_DESK_PORT: String(desk) },
    ...{ LETTERBOX_PUBLIC_URL: urls.publicUrl, LETTERBOX_DESK_URL: urls.deskUrl },
  });
  await until(() => healthy(urls.deskUrl), program, 'The copy');
  return { ...urls, stop: () => program.stop() };
}

const releaseRow = z.object({ release: z.bigint() });
const chunkRow = z.object({ bytes: z.instanceof(Uint8Array).nullable() });

/** Begins a download of an attachment, as the desk does for somebody's browser. */
async function begin({ db, submissions }: World, who: SignedIn): Promise<bigint> {
  const [one] = submissions.filter(({ attachments }) => attachments.length > 0);
  const sql = 'select release from letterbox.release_attachment($1, $2)';
  const { release } = settled(
    await act(db.desk, who.session, (tx) =>
      tx.one(releaseRow, sql, [one?.case ?? '', one?.attachments[0] ?? '']),
    ),
  );
  return release;
}

async function goOn({ db }: World, who: SignedIn, release: bigint): Promise<Piece[]> {
  const sql = 'select letterbox.released_chunk($1, 0) as bytes';
  const got = await act(db.desk, who.session, (tx) => tx.one(chunkRow, sql, [release]));
  return [
    piece(
      'whoever’s access has ended',
      'the next part of the download',
      isRefusal(got) ? got.message : (got.bytes ?? ''),
    ),
  ];
}

export const COPIES: readonly Case[] = [
  {
    n: 14,
    how: 'A file that somebody sent in is put into the public folder of pictures, as it lies in the store.',
    expects: {
      unseen:
        'An address that nobody can guess is asked by nobody; Watch asks for those that are usual, and for any it is told of.',
    },
    make: async (world) => {
      const [one] = world.submissions.filter(({ attachments }) => attachments.length > 0);
      const bytes = Buffer.from(one?.sealed.find(({ part }) => part === 'attachment')?.bytes ?? '', 'base64');
      const path = `/assets/images/${one?.attachments[0]}.jpg`;
      const undo = answerAt(world, 'slot', path, bytes);
      return { refused: null, out: async () => [await strangerAt(world, 'slot', path)], undo };
    },
    control: { how: 'What came out is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 18,
    how: 'The whole data folder is copied while it is in use, with its keys and passwords, and started as a second site that nobody looks after.',
    expects: {
      unseen:
        'A site that Watch was not told of is looked after by nobody. Its doors, grants and seals are the same.',
    },
    make: async (world) => {
      const folder = temporaryFolder();
      const data = join(folder.path, 'data');
      mkdirSync(data);
      chmodSync(data, 0o711);
      await copyOf(world, data);
      const copy = await openSite(data);
      return {
        refused: null,
        out: async () => askAll({ ...world, publicUrl: copy.publicUrl, deskUrl: copy.deskUrl }),
        undo: async () => {
          await copy.stop();
          folder.remove();
        },
      };
    },
    control: { how: 'What lies in the copy is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 42,
    how: 'Somebody begins to download a file, and their access ends before the next part is asked for.',
    expects: 'refused',
    make: async (world) => {
      const { reader, end } = await aReader(world, 'Dora Downloads');
      const release = await begin(world, reader);
      await end();
      return cannotBeMade('Each part of a download is decided anew.', () => goOn(world, reader, release));
    },
    control: {
      how: 'The next part is asked for while access is in force: it comes, sealed.',
      out: async (world) => {
        const { reader, end } = await aReader(world, 'Dara Downloads');
        const pieces = await goOn(world, reader, await begin(world, reader));
        await end();
        return pieces;
      },
    },
  },
];
