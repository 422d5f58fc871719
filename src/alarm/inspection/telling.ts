/** Whether alarms would reach anybody: the mail relay, and a Watch that looks from outside. */
import { z } from 'zod';
import type { Relay } from '../../post/post.ts';
import type { Database } from '../../store/store.ts';
import type { Finding, Subject } from '../inspection.ts';

/** Mail relays do not like to be greeted every few seconds; one that failed is asked again at the next look. */
const PAUSE = 30_000;

/**
 * `relay` null: none is set, which is a finding where it is `expected`: not where all is on loopback, nor where a
 * webhook tells of alarms. `steady`: milliseconds that are never set back.
 */
export function mailSubject(
  relay: Pick<Relay, 'trouble'> | null,
  expected: boolean,
  steady: () => number = () => performance.now(),
): Subject {
  let askedAt = Number.NEGATIVE_INFINITY;
  let why: string | null = null;
  return {
    name: 'The mail relay',
    patience: 1,
    look: async () => {
      if (!relay) return expected ? [NONE] : [];
      if (why !== null || steady() - askedAt >= PAUSE) {
        why = await relay.trouble();
        askedAt = steady();
      }
      return why === null ? [] : [silent(why)];
    },
  };
}

const NONE: Finding = {
  ...{ key: 'mail', colour: 'amber', whom: 'site', address: 'LETTERBOX_MAIL_RELAY' },
  seen: 'No mail relay is set, so alarms are shown on the desk’s page Watch and reach nobody else. Set LETTERBOX_MAIL_RELAY and LETTERBOX_MAIL_FROM (docs/operating.md).',
};
const silent = (why: string): Finding => ({
  ...{ key: 'mail', colour: 'amber', whom: 'site', address: 'LETTERBOX_MAIL_RELAY' },
  seen: `${why} Alarms reach nobody but those who look at the desk’s page Watch. Mend the relay, or set another.`,
});

/** Bodies that no Watch has looked after for an hour, a day after they were founded. Not expected on loopback. */
export function watchSubject(database: Database, expected: boolean): Subject {
  return {
    name: 'Watch',
    patience: 1,
    look: async () => {
      if (!expected) return [];
      const { unwatched } = await database.one(
        z.object({ unwatched: z.array(z.string()) }),
        'select unwatched from letterbox.inspection()',
      );
      return unwatched.map((organisation) => ({
        ...{ key: 'unwatched', colour: 'amber', whom: { organisation }, address: null },
        seen: 'No Watch looks after this body, so nobody notices from outside what stands open. Invite one on the page Watch and let it run (docs/watch.md), best on another machine.',
      }));
    },
  };
}
