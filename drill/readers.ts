/** People of the drill's body with sessions of this moment: one that is idle for 15 minutes ends. */
import { REVIEWS } from '../src/cli/watched.testing.ts';
import { end, handOver, letRead } from '../src/grants/testing.ts';
import { join, type SignedIn, settled, signIn, type TestBody } from '../src/people/testing.ts';
import type { World } from './world.ts';

export const again = (world: World, { name, staff }: SignedIn): Promise<SignedIn> =>
  signIn(world.db, name, staff);

/** The body with both managers signed in anew. */
export async function managers(world: World): Promise<TestBody> {
  const [founder, second] = [await again(world, world.body.founder), await again(world, world.body.second)];
  return { ...world.body, founder, second };
}

/** Somebody new who may read reviews and holds the key, until `end`. */
export async function aReader(
  world: World,
  name: string,
): Promise<{ readonly reader: SignedIn; end(): Promise<void> }> {
  const body = await managers(world);
  const { founder, second } = body;
  const reader = await join(world.db, founder, name, ['caseworker'], [founder, second]);
  const grant = await letRead(body, reader, { scopes: [REVIEWS] });
  settled(await handOver(body, await again(world, world.body.ana), grant));
  return {
    reader,
    end: async () => {
      settled(await end(body, founder, grant));
    },
  };
}
