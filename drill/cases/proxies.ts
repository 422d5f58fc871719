/** Mistakes before the sites: what proxies keep and write down, and what lies beside the pages. */
import { HABITS } from '../../src/watch/habits.ts';
import { type Case, cannotBeMade, NOTHING_TO_UNDO, type Piece, piece } from '../case.ts';
import { openedByReader, strangerAt } from '../probes.ts';
import { answerAt, lookedAtFirst, pagesOf } from '../proxies.ts';
import { WITHDRAWN } from '../world.ts';

const debugging = (mark: string): Piece => piece('a stranger', '/debug', `{"last": "${mark}"}`);

export const BEFORE_THE_SITES: readonly Case[] = [
  {
    n: 20,
    how: 'A proxy that keeps what it is allowed to keep stands before the desk; a reader looks first, a stranger after.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('Every page says that it is not to be kept.', () =>
        lookedAtFirst(world, pagesOf(world), { obeys: true }),
      ),
    control: {
      how: 'The proxy keeps everything, whatever it is told.',
      out: (world) => lookedAtFirst(world, pagesOf(world), { obeys: false }),
    },
  },
  {
    n: 21,
    how: 'A reader is sent to a case’s address with .css behind it, through a proxy that keeps style sheets.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('There is no page at such an address.', () =>
        lookedAtFirst(
          world,
          pagesOf(world).flatMap((path) => [
            `${path}.css`,
            `${path}/x.css`,
            `${path};x.css`,
            `${path}%2fx.css`,
          ]),
          { obeys: false },
        ),
      ),
    control: {
      how: 'The site answers such an address as if the ending were not there.',
      out: (world) =>
        lookedAtFirst(
          world,
          pagesOf(world).map((path) => `${path}/x.css`),
          { obeys: false, by: (url) => url.replace(/\/x\.css$/, '') },
        ),
    },
  },
  {
    n: 22,
    how: 'A dump of the database’s cases is left in the web root.',
    expects: { noticed: /^loose/ },
    make: async (world) => {
      const { rows } = await world.db.admin.pool.query<{ line: string }>(
        'select row_to_json(c)::text as line from letterbox.cases c',
      );
      const undo = answerAt(world, 'slot', '/dump.sql', rows.map(({ line }) => line).join('\n'));
      return { refused: null, out: async () => [await strangerAt(world, 'slot', '/dump.sql')], undo };
    },
    control: { how: 'The dump’s ciphertext is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 26,
    how: 'Whatever debuggers and profilers are called is asked of both sites; then a page for debugging is switched on that shows what was sent in last: a canary.',
    expects: { noticed: /^readable/, quarantines: true },
    make: async (world) => {
      const canary = world.canaries().at(-1);
      const undo = answerAt(world, 'desk', '/debug', `{"last": "${canary?.marks[0]?.mark}"}`);
      const out = async () => {
        const pieces: Piece[] = [];
        for (const habit of HABITS)
          for (const site of ['slot', 'desk'] as const)
            pieces.push(await strangerAt(world, site, `/${habit}`));
        return pieces;
      };
      return { refused: null, out, undo };
    },
    control: {
      how: 'The page shows what one of the drill’s own submissions says.',
      out: async ({ submissions }) => [debugging(submissions[0]?.marks[0]?.mark ?? '')],
    },
  },
  {
    n: 27,
    how: 'A proxy before the public side writes down every address and every body while somebody sends something in.',
    expects: {
      unseen:
        'The log is the proxy’s; what it holds is sealed. Without JavaScript a body is readable to whatever stands between TLS and the program.',
    },
    make: async (world) => ({
      ...{ refused: null, undo: NOTHING_TO_UNDO },
      out: async () => [piece('whoever reads the proxy’s log', 'every address and body', world.recorded())],
    }),
    control: { how: 'What the log holds is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 62,
    how: 'A list is taken off the page that links to it, and its address goes on answering.',
    expects: { noticed: /^elsewhere/ },
    make: async (world) => ({
      refused: null,
      undo: answerAt(world, 'slot', WITHDRAWN, 'name,town'),
      out: async () => [await strangerAt(world, 'slot', WITHDRAWN)],
    }),
    control: {
      how: 'The list holds what somebody sent in.',
      out: async ({ submissions }) => [debugging(submissions[1]?.marks[0]?.mark ?? '')],
    },
  },
];
