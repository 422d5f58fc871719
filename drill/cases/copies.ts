/** Mistakes with copies of everything: data on a site for trying things, uploads among pictures, an older node, a download under way. */
import { z } from 'zod';
import { type SignedIn, settled } from '../../src/people/testing.ts';
import { act } from '../../src/store/store.ts';
import { isRefusal } from '../../src/web/refusal.ts';
import { type Case, cannotBeMade, type Piece, piece } from '../case.ts';
import { aCopy, goBack } from '../copy.ts';
import { askAll, openedByReader, strangerAt } from '../probes.ts';
import { answerAt } from '../proxies.ts';
import { aReader } from '../readers.ts';
import type { World } from '../world.ts';

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

const goesBack = (n: number, how: string, takesOver: boolean): Case => ({
  n,
  how,
  expects: { noticed: /^register .*has cosigned/ },
  make: (world) => goBack(world, { witnessed: true, takesOver }),
  control: {
    how: 'It names no witness: what they could read then, they read again.',
    out: (world) => wentBack(world, takesOver),
  },
});

async function wentBack(world: World, takesOver: boolean): Promise<readonly Piece[]> {
  const { out, undo } = await goBack(world, { witnessed: false, takesOver });
  try {
    return await out();
  } finally {
    await undo();
  }
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
      const copy = await aCopy(world);
      const site = await copy.open();
      return {
        refused: null,
        out: async () => askAll({ ...world, ...site }),
        undo: copy.remove,
      };
    },
    control: { how: 'What lies in the copy is opened with a reader’s key.', out: openedByReader },
  },
  goesBack(
    29,
    'An image of the machine is started again, from before somebody’s access ended, and they sign in there.',
    false,
  ),
  goesBack(
    30,
    'The database is lost, a backup from before somebody’s access ended is put in its place, and they sign in as ever.',
    true,
  ),
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
