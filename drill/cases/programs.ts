/** Mistakes in the program: a page without a check, a desk without a sign-in, and both beside the right one. */
import { type Case, piece } from '../case.ts';
import { startPatched } from '../patched.ts';
import { ask, askDoors, everybodyReads } from '../probes.ts';
import { balancerOf } from '../proxies.ts';
import { type Persona, STRANGER, type World } from '../world.ts';

const OPEN_ROUTE = `app.get('/all-cases', async () => desk.rows(z.object({ id: z.string() }), 'select * from letterbox.cases'));\n  app.get('/', staff,`;

/** A desk that asks nobody to sign in. */
async function withoutSignIn(world: World): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { url, said, stop } = await startPatched(world, [
    'src/web/server.ts',
    'if (OPEN.includes(audience)) return;',
    'return;',
  ]);
  if (!url) throw new Error(`The copy did not start: ${said}`);
  return { url, stop };
}

const askDesk = (world: World, personas: readonly Persona[]) =>
  askDoors(world, personas, { only: ({ site }) => site === 'desk' });

export const IN_PROGRAMS: readonly Case[] = [
  {
    n: 32,
    how: 'A developer adds a page that lists all cases, and forgets to say for whom it is.',
    expects: 'refused',
    make: async (world) => {
      const { url, said, stop } = await startPatched(world, [
        'src/cases/routes.ts',
        "app.get('/', staff,",
        OPEN_ROUTE,
      ]);
      const refused = url === null && /declares no audience/.test(said);
      return {
        refused: refused ? 'The desk does not start: the page declares no audience.' : null,
        out: async () =>
          url ? [await ask('a stranger', `${url}/all-cases`)] : [piece('a stranger', 'what it said', said)],
        undo: stop,
      };
    },
    control: everybodyReads,
  },
  {
    n: 40,
    how: 'A switch in a copy of the program lets everybody past the sign-in of the desk, and the copy is started.',
    expects: 'refused',
    make: async (world) => {
      const { url, stop } = await withoutSignIn(world);
      return {
        refused: 'Past the sign-in, the database finds nobody behind the request, and hands nothing over.',
        out: () => askDesk({ ...world, deskUrl: url }, [STRANGER]),
        undo: stop,
      };
    },
    control: everybodyReads,
  },
  {
    n: 53,
    how: 'A second node with an older program, which asks nobody to sign in, answers every other request behind the same address.',
    expects: 'refused',
    make: async (world) => {
      const { url, stop } = await withoutSignIn(world);
      const balancer = await balancerOf([world.direct.desk, url]);
      const behind = { ...world, deskUrl: balancer.url };
      return {
        refused: 'Both ask the same database who is behind a request, and it finds nobody.',
        // A stranger once more: each node is asked for what the other was asked for the first time.
        out: async () => askDesk(behind, [...(await world.unintended()), STRANGER]),
        undo: async () => {
          await balancer.close();
          await stop();
        },
      };
    },
    control: everybodyReads,
  },
];
