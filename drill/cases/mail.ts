/** Mistakes with the mails that tell people what happened to their data. */

import { approveNotice, steerNotice } from '../../src/notices/acts.ts';
import type { Addressee, Message } from '../../src/notices/notice.ts';
import { handed, type Proposed, person, proposed } from '../../src/notices/testing.ts';
import { settled, signIn } from '../../src/people/testing.ts';
import { parseAddress } from '../../src/post/address.ts';
import { type Case, type Piece, piece } from '../case.ts';
import type { World } from '../world.ts';

/** Two whom an incident affects. The first is called by a mark of what was sent in, so that a mail that goes astray is seen. */
function affected({ submissions }: World): readonly [Addressee, Addressee] {
  const mark = submissions[0]?.marks[0]?.mark ?? '';
  return [person(`Ana ${mark}`, { to: 'ana@people.example' }), person('Bo', { to: 'bo@people.example' })];
}

/** A notice that two agreed on. */
async function agreedOn(world: World, people: readonly Addressee[]): Promise<Proposed> {
  const { db, body } = world;
  const founder = await signIn(db, body.founder.name, body.founder.staff);
  const second = await signIn(db, body.second.name, body.second.staff);
  const of = await proposed(db.desk, { ...body, founder }, people);
  settled(await approveNotice(db.desk, second.session, of.notice, of.list));
  return of;
}

/** What a browser hands over to be sent, as a manager who is signed in. */
async function send({ db, body, deskUrl }: World, of: Proposed, messages: readonly Message[]): Promise<void> {
  const { session } = await signIn(db, body.founder.name, body.founder.staff);
  await fetch(`${deskUrl}/incidents/${of.incident}/notice/send`, {
    ...{ method: 'POST', body: JSON.stringify({ messages: messages.map(handed) }) },
    headers: { 'content-type': 'application/json', cookie: `letterbox=${session}` },
  });
}

/** What lies in the mailboxes of all others than the one whom a mail is about. */
function astray({ mail }: World, from: number, whose = 'ana@people.example'): Piece[] {
  return mail.taken
    .slice(from)
    .flatMap(({ to, raw }) =>
      to.filter((each) => each !== whose).map((each) => piece('whoever has another mailbox', each, raw)),
    );
}

/** Messages are handed over, and what came into others' mailboxes is looked at. */
async function mailed(
  world: World,
  people: readonly Addressee[],
  change: (messages: readonly Message[]) => readonly Message[],
) {
  const from = world.mail.taken.length;
  const of = await agreedOn(world, people);
  await send(world, of, change(of.messages));
  return { of, out: async () => astray(world, from) };
}

const stopped = async ({ db, body }: World, of: Proposed): Promise<void> => {
  const { session } = await signIn(db, body.second.name, body.second.staff);
  settled(await steerNotice(db.desk, session, of.notice, 'stopped', 'The drill is over'));
};

const NOT_OF_THE_LIST = /^incident.*not those of the list/;
const WRONG = 'eve@people.example';
const slipped = <T extends { readonly to: string }>(list: readonly T[]): T[] =>
  list.map((each, n) => ({ ...each, to: list[(n + 1) % list.length]?.to ?? '' }));

export const IN_MAILS: readonly Case[] = [
  {
    n: 55,
    how: 'A notice that two people agreed on is handed over with another address in it. What is sent has to meet what they agreed on.',
    expects: { noticed: NOT_OF_THE_LIST },
    make: async (world) => {
      const { of, out } = await mailed(world, affected(world), ([first, ...rest]) =>
        first ? [{ ...first, to: WRONG }, ...rest] : [],
      );
      return { refused: null, out, undo: () => stopped(world, of) };
    },
    control: {
      how: 'The wrong address stands in the list itself, and both people agree to it.',
      out: async (world) => {
        const [ana, bo] = affected(world);
        return (await mailed(world, [{ ...ana, to: WRONG }, bo], (all) => all)).out();
      },
    },
  },
  {
    n: 56,
    how: 'A second address is written behind the first, as one puts many into cc. No message has room for two.',
    expects: 'refused',
    make: async (world) => {
      const [ana, bo] = affected(world);
      const both = `${ana.to}, ${bo.to}`;
      const { of, out } = await mailed(world, [{ ...ana, to: both }, bo], (all) => all);
      const refused =
        parseAddress(both) === null ? 'Two addresses are none: nothing is sent to either.' : null;
      return { refused, out, undo: () => stopped(world, of) };
    },
    control: {
      how: 'The same message is handed to the relay for both, as a mail program does.',
      out: async (world) => {
        const from = world.mail.taken.length;
        const [ana, bo] = affected(world);
        await world.mail.by([ana.to, bo.to], `Dear ${ana.name}`);
        return astray(world, from);
      },
    },
  },
  {
    n: 57,
    how: 'What was sent is “recalled” by sending it all again; and the mails that staff got are passed on to a stranger.',
    expects: 'refused',
    make: async (world) => {
      const { of } = await mailed(world, affected(world), (all) => all);
      const from = world.mail.taken.length;
      await send(world, of, of.messages);
      const again = world.mail.taken.slice(from).filter(({ to }) => to[0]?.endsWith('@people.example'));
      const toStaff = world.mail.taken.filter(({ to }) => !to[0]?.endsWith('@people.example'));
      return {
        refused:
          again.length === 0 ? 'Nobody is sent it twice, and mails to staff say nothing of a case.' : null,
        out: async () => [...again, ...toStaff].map(({ to, raw }) => piece('a stranger', to.join(), raw)),
        undo: () => stopped(world, of),
      };
    },
    control: {
      how: 'A mail to staff that quotes what was sent in is passed on.',
      out: async (world) => {
        const [ana] = affected(world);
        const from = world.mail.taken.length;
        await world.mail.by(['amara@example.com'], `${ana.name} has written to us`);
        return world.mail.taken.slice(from).map(({ to, raw }) => piece('a stranger', to.join(), raw));
      },
    },
  },
  {
    n: 58,
    how: 'The addresses of a list that two people agreed on are moved down by one row before it is sent. It is refused whole.',
    expects: { noticed: NOT_OF_THE_LIST },
    make: async (world) => {
      const { of, out } = await mailed(world, affected(world), slipped);
      return { refused: null, out, undo: () => stopped(world, of) };
    },
    control: {
      how: 'The list was off by one before, and both people agree to it.',
      out: async (world) => (await mailed(world, slipped(affected(world)), (all) => all)).out(),
    },
  },
];
