/** Mistakes with what notices mistakes, and with what is on its way to the browser. */
import { type Case, piece } from '../case.ts';
import { askDoors, openedByReader } from '../probes.ts';
import type { World } from '../world.ts';

/** The first script that the form's page names. */
async function scriptOf({ publicUrl }: World): Promise<string> {
  const page = await (await fetch(`${publicUrl}/exampleshire/review/fill`)).text();
  const path = /<script[^>]*\ssrc="([^"]+)"/.exec(page)?.[1];
  if (!path) throw new Error('The page names no script.');
  return new URL(path, publicUrl).pathname;
}

export const NOTICING: readonly Case[] = [
  {
    n: 17,
    how: 'Watch is stopped, and nobody says so. A dead man’s switch alarms once it has been silent for two of its rounds.',
    expects: { noticed: /^silence/ },
    make: async (world) => {
      await world.stopWatch();
      return {
        refused: null,
        out: async () =>
          askDoors(world, await world.unintended(), { only: ({ path }) => path.includes(':case') }),
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
      const { open } = world.fronts.slot;
      const answer = (await fetch(`${world.publicUrl}${path}`)).text();
      const other = `${await answer}\n/* and one line more */`;
      open.set(path, {
        ...{ name: '', site: 'slot', path, colour: 'red' },
        answer: (response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(other),
      });
      return {
        refused: null,
        out: async () => [
          piece('whoever swapped it', 'what they got of submissions that had come in before', ''),
        ],
        undo: async () => {
          open.delete(path);
        },
      };
    },
    control: {
      how: 'A script that is swapped gets what is typed after it: as a reader’s key does, what came before.',
      out: openedByReader,
    },
  },
];
