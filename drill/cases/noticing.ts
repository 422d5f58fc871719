/** Mistakes with what notices mistakes, and with what is on its way to the browser. */
import { startProgram } from '../../bench/site.ts';
import { type Case, piece } from '../case.ts';
import { askAll, openedByReader } from '../probes.ts';
import { answerAt } from '../proxies.ts';
import type { World } from '../world.ts';

/** The first script that the form's page names. */
async function scriptOf({ publicUrl }: World): Promise<string> {
  const page = await (await fetch(`${publicUrl}/exampleshire/review/fill`)).text();
  const path = /<script[^>]*\ssrc="([^"]+)"/.exec(page)?.[1];
  if (!path) throw new Error('The page names no script.');
  return new URL(path, publicUrl).pathname;
}

/** Shifts the clock of a program by a year, before it runs. */
const A_YEAR_BACK = `data:text/javascript,${encodeURIComponent(`
  const Real = Date, back = 365 * 86400000;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length === 0 ? super(Real.now() - back) : super(...given); }
    static now() { return Real.now() - back; }
  };`)}`;

export const NOTICING: readonly Case[] = [
  {
    n: 31,
    how: 'The clock of the machine that runs the part which alarms goes a year back; the database, on another, goes right.',
    expects: { noticed: /clock/i },
    make: async (world) => {
      const wrong = startProgram(['alarm'], {
        ...{ NODE_OPTIONS: `--import=${A_YEAR_BACK}`, DATABASE_URL_ALARM: world.db.urlOf('alarm') },
        ...{ LETTERBOX_DATA: world.data, LETTERBOX_HOST: '127.0.0.1' },
        ...{ LETTERBOX_PUBLIC_URL: world.publicUrl, LETTERBOX_DESK_URL: world.deskUrl },
      });
      return {
        refused: null,
        out: () => askAll(world, { only: ({ path }) => path.includes(':case') }),
        undo: () => wrong.stop(),
      };
    },
    control: {
      how: 'What grants that had ended by the right clock kept closed is opened with a reader’s key.',
      out: openedByReader,
    },
  },
  {
    n: 17,
    how: 'Watch is stopped, and nobody says so. A dead man’s switch alarms once it has been silent for two of its rounds.',
    expects: { noticed: /^silence/ },
    make: async (world) => {
      await world.stopWatch();
      return {
        refused: null,
        out: () => askAll(world, { only: ({ path }) => path.includes(':case') }),
        undo: () => world.startWatch(),
      };
    },
    control: {
      how: 'What a watcher would have to find: ciphertext, opened with a reader’s key.',
      out: openedByReader,
    },
  },
  {
    n: 41,
    how: 'On its way to the browser, a script of the form is swapped for another that sends answers elsewhere.',
    expects: { noticed: /^configuration.*(script|other)/i },
    make: async (world) => {
      const path = await scriptOf(world);
      const script = await (await fetch(`${world.publicUrl}${path}`)).text();
      const other = `${script}\n/* and one line more */`;
      const undo = answerAt(world, 'slot', path, other, { 'content-type': 'text/javascript' });
      return {
        refused: null,
        out: async () => [
          piece('whoever swapped it', 'what they got of submissions that had come in before', ''),
        ],
        undo,
      };
    },
    control: {
      how: 'A script that is swapped gets what is typed after it: as a reader’s key does, what came before.',
      out: openedByReader,
    },
  },
];
