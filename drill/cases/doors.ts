/** Mistakes at the doors: addresses passed on, headers that are believed, data behind the pages. */
import { REVIEWS } from '../../src/cli/watched.testing.ts';
import { type Case, cannotBeMade, type Piece } from '../case.ts';
import { ask, askAll, askDoors, everybodyReads } from '../probes.ts';
import { pagesOf, signedInByProxy } from '../proxies.ts';
import { aReader } from '../readers.ts';
import { STRANGER } from '../world.ts';

export const AT_THE_DOORS: readonly Case[] = [
  {
    n: 7,
    how: 'Everybody who gets to know a case’s address asks for it, and for everything below it.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('Whoever may not read is told that there is no such case.', () =>
        askAll(world, { only: ({ path }) => path.includes(':case') }),
      ),
    control: everybodyReads,
  },
  {
    n: 10,
    how: 'Everything that the public side answers is looked through after others have sent something in.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('The public side can insert cases and select none.', () =>
        askAll(world, { only: ({ site }) => site === 'slot' }),
      ),
    control: signedInByProxy,
  },
  {
    n: 24,
    how: 'The public side’s address is asked for the desk’s pages, with the desk’s and other host names.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('The desk is another listener; no host name leads there.', async () => {
        const pieces: Piece[] = [];
        for (const host of [new URL(world.deskUrl).host, 'desk.example.org', 'localhost'])
          for (const path of pagesOf(world))
            pieces.push(
              await ask('a stranger', `${world.direct.slot}${path}`, {
                headers: { 'x-forwarded-host': host, forwarded: `host=${host}` },
              }),
            );
        return pieces;
      }),
    control: signedInByProxy,
  },
  {
    n: 25,
    how: 'A stranger says in every customary header that they are the reader, or the machine itself.',
    expects: 'refused',
    make: async (world) => {
      const { name, staff } = world.body.ana;
      const claims = [
        'x-forwarded-user',
        'x-remote-user',
        'remote-user',
        'x-user',
        'x-authenticated-user',
        'x-forwarded-email',
        'x-auth-request-user',
      ];
      const headers = Object.fromEntries([
        ...claims.flatMap((claim) => [
          [claim, name],
          [`${claim}-id`, staff.person],
        ]),
        ...['x-forwarded-for', 'x-real-ip', 'client-ip'].map((claim) => [claim, '127.0.0.1']),
        ['authorization', `Bearer ${staff.person}`],
      ]);
      return cannotBeMade('Who somebody is, the database finds out from the session’s secret.', () =>
        askDoors(world, [STRANGER], { headers, only: ({ site }) => site === 'desk' }),
      );
    },
    control: signedInByProxy,
  },
  {
    n: 33,
    how: 'Everybody who must not read asks for the data behind the pages, as programs do.',
    expects: 'refused',
    make: async (world) =>
      cannotBeMade('Each door asks the database anew.', () =>
        askAll(world, {
          accept: 'application/json',
          only: ({ site }) => site === 'desk',
        }),
      ),
    control: everybodyReads,
  },
  {
    n: 34,
    how: 'Somebody who may read one form, and everybody who may read none, writes cases of the other into the address.',
    expects: 'refused',
    make: async (world) => {
      const { reader, end } = await aReader(world, 'Rhys Reads-One');
      const submissions = world.submissions.filter(({ form }) => form !== REVIEWS.form);
      const personas = [
        { as: 'whoever may read the other form', session: reader.session },
        ...(await world.unintended()),
      ];
      return {
        refused: 'A case of a form one may not read is not there.',
        out: () =>
          askDoors({ ...world, submissions }, personas, { only: ({ path }) => /:case|:form/.test(path) }),
        undo: end,
      };
    },
    control: everybodyReads,
  },
  {
    n: 36,
    how: 'All that every page and answer carries is searched, decoded and unpacked, not only what it shows.',
    expects: 'refused',
    make: async (world) => cannotBeMade('Nothing of a submission is in any of them.', () => askAll(world)),
    control: everybodyReads,
  },
];
