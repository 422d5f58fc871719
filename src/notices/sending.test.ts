/** A notice on a real database and over a real SMTP server: two agree, each gets one message, and nobody is lost. */
import { spawn } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { quarantineForm } from '../alarm/acts.ts';
import { ownAlarms } from '../alarm/store.ts';
import { aCase } from '../cases/testing.ts';
import { sealedMessageShape } from '../conversation/conversation.ts';
import { openMessages } from '../conversation/opening.ts';
import { comeBack, keepReply } from '../conversation/store.ts';
import { whatWaits } from '../grants/store.ts';
import { keysOf, letRead, openForm } from '../grants/testing.ts';
import { takeStep } from '../incidents/acts.ts';
import { incidentSteps } from '../incidents/store.ts';
import {
  aFoundedBody,
  entriesOf,
  join,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { parseAddress } from '../post/address.ts';
import { openNotify } from '../post/notify.ts';
import { openRelay, parseRelay, type Relay } from '../post/post.ts';
import { NOTIFY_KEY, NOTIFY_TEMPLATE, openNotifyService } from '../post/testing.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { generateIdentity, recipientOf } from '../sealing/keys.ts';
import { formId, newId, noticePlace, objectId, organisationId } from '../sealing/place.ts';
import { receiptAuthenticator } from '../sealing/receipt.ts';
import { sealJson } from '../sealing/seal.ts';
import { sealMessage } from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import {
  approveNotice,
  CONNECTIONS,
  keepFates,
  keepUndelivered,
  proposeNotice,
  sendMessages,
  steerNotice,
} from './acts.ts';
import { handedOver, isSettled, listHashOf, type Message, tallyOf } from './notice.ts';
import { noticeFound, noticeList } from './store.ts';
import {
  aWordedIncident,
  crowd,
  handed,
  listTo,
  openWildRelay,
  type Proposed,
  person,
  proposalOf,
  proposed,
  rowsOf,
  sendAll,
  type WildRelay,
  WORDING,
} from './testing.ts';

let db: TestDatabase;
let body: TestBody;
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
});

const SIX = ['Ana', 'Bo', 'Cy', 'Di', 'Ed', 'Fay'].map((name) => person(name));
const approve = (of: Pick<Proposed, 'notice' | 'list'>, by = body.second) =>
  approveNotice(db.desk, by.session, of.notice, of.list);
const agreedOn = async (addressees = SIX, more: Parameters<typeof proposed>[3] = {}) => {
  const of = await proposed(db.desk, body, addressees, more);
  settled(await approve(of));
  return of;
};
const send = (of: Pick<Proposed, 'notice'>, messages: readonly Message[], relay: Relay | null) =>
  sendMessages({ desk: db.desk, relay }, body.founder.session, of.notice, messages.map(handed));
const rows = (of: Pick<Proposed, 'notice'>) => rowsOf(db.desk, body.founder, of.notice);
const fate = async (
  of: Pick<Proposed, 'notice'>,
  what: Parameters<typeof keepFates>[3]['fate'],
  references: readonly string[],
) => settled(await keepFates(db.desk, body.founder.session, of.notice, { fate: what, references, why: '' }));

async function withRelay<T>(work: (relay: Relay, wild: WildRelay) => Promise<T>, answer = 1500): Promise<T> {
  const wild = await openWildRelay();
  const [address, from] = [parseRelay(wild.url), parseAddress('notices@example.com')];
  if (!address || !from) throw new Error('The relay has no address.');
  const relay = openRelay(address, from, { connect: 1000, answer }, CONNECTIONS);
  try {
    return await work(relay, wild);
  } finally {
    relay.close();
    void wild.close();
  }
}

describe('two people', () => {
  test('agree on one list: not the one who proposed it, not to another list, and nobody who does not work on incidents', async () => {
    const of = await proposed(db.desk, body, SIX);
    expect(refusalOf(await approve(of, body.founder))).toBe('same-person');
    expect(refusalOf(await approve({ ...of, list: 'cd'.repeat(32) }))).toBe('another-list');
    expect(refusalOf(await approve(of, body.ben))).toBe('missing');
    await withRelay(async (relay) =>
      expect(refusalOf(await send(of, of.messages, relay))).toBe('not-approved'),
    );
    settled(await approve(of));
    expect(refusalOf(await approve(of))).toBe('approved-already');
  });

  test('the second finds it among what waits for them, until somebody agreed', async () => {
    const waits = async (who: SignedIn) =>
      settled(await act(db.desk, who.session, whatWaits))
        .filter(({ what }) => what === 'agree')
        .map(({ proposal, name }) => [proposal, name]);
    const of = await proposed(db.desk, body, SIX);
    expect(await waits(body.second)).toEqual([[of.notice, body.founder.name]]);
    expect(await waits(body.founder), 'who proposed it').toEqual([]);
    expect(await waits(body.ben), 'who may not see it').toEqual([]);
    settled(await approve(of));
    expect(await waits(body.second)).toEqual([]);
  });

  test('each of these is a step, and the register holds the list’s hash and no name', async () => {
    const entries = await entriesOf(db, async () => {
      await agreedOn();
    });
    const said = entries.map(({ body: one }) => parseEntry(one)).map((one) => one && sentence(one));
    expect(said.filter((one) => one?.includes(': notice'))).toHaveLength(2);
    expect(JSON.stringify(entries)).not.toMatch(/Ana|people\.example/);
    const everything = await db.admin.rows(
      z.object({ t: z.string() }),
      'select m::text as t from letterbox.notice_message m union all select n::text from letterbox.notice n',
    );
    expect(JSON.stringify(everything)).not.toMatch(/Ana|people\.example/);
  });

  test('have to see the words that are the newest, and a messages’ list that fits', async () => {
    const { incident, step } = await aWordedIncident(db.desk, body.founder);
    const proposal = proposalOf(listTo(SIX), step);
    const propose = (more: Partial<typeof proposal>) =>
      proposeNotice(db.desk, body.founder.session, incident, { ...proposal, ...more });
    expect(refusalOf(await propose({ list: listHashOf(proposal.messages.toReversed()) }))).toBe(
      'another-list',
    );
    expect(refusalOf(await propose({ source: 'cases', forms: [] }))).toBe('another-list');
    expect(refusalOf(await propose({ step: step - 1 }))).toBe('worded-anew');
    settled(await propose({}));
    expect(refusalOf(await propose({ notice: crypto.randomUUID() }))).toBe('notice-already');
    expect(
      refusalOf(await takeStep(db.desk, body.founder.session, incident, { kind: 'worded', facts: WORDING })),
    ).toBe('notice-already');
    settled(await steerNotice(db.desk, body.second.session, proposal.notice, 'withdrawn', 'A wrong word'));
    settled(await takeStep(db.desk, body.founder.session, incident, { kind: 'worded', facts: WORDING }));
    const kinds = settled(await act(db.desk, body.founder.session, (tx) => incidentSteps(tx, incident))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['opened', 'worded', 'notice', 'notice', 'worded']);
  });

  test('nobody writes a step of a notice but the notice', async () => {
    const { incident } = await aWordedIncident(db.desk, body.founder);
    const facts = { text: 'x', notice: crypto.randomUUID(), what: 'approved' } as const;
    expect(
      refusalOf(await takeStep(db.desk, body.founder.session, incident, { kind: 'notice', facts })),
    ).toBe('document-mismatch');
  });
});

describe('a notice into the conversation of a case', () => {
  /** Grace may read the form; somebody wrote in and gave no way to reach them. */
  async function anonymous() {
    const { founder, second } = body;
    const grace = await join(db, founder, 'Grace', ['data-protection-officer'], [founder, second]);
    await letRead(body, [grace]);
    await openForm(body, grace);
    const key = (await keysOf(body, grace)).find(({ form }) => form === 'review');
    if (!key) throw new Error('Grace holds no key.');
    const { draft } = await aCase(db, {
      slug: 'exampleshire',
      target: {
        ...{ organisation: organisationId(founder.staff.organisation), form: formId('review') },
        ...{ version: 1, generation: 1, recipient: await recipientOf(key.identity) },
      },
    });
    const of = await agreedOn([person('Somebody', { channel: 'conversation', to: draft.case })]);
    const write = async (by: SignedIn, text = of.messages[0]?.text ?? '') => {
      const [message] = of.messages;
      if (!message) throw new Error('There is no message.');
      const made = { id: objectId(message.key), text, by: by.staff.person, now: new Date() };
      const { sealed } = await sealMessage(draft, draft.caseRecipient, made);
      const written = { ...handedOver({ ...message, text }), channel: 'conversation' as const };
      const messages = [{ ...written, sealed: toBase64url(sealed) }];
      return sendMessages({ desk: db.desk, relay: null }, by.session, of.notice, messages);
    };
    return { grace, draft, of, write };
  }
  const kept = z.object({ n: z.bigint() });
  const written = async () =>
    (await db.admin.one(kept, 'select count(*) as n from letterbox.message where person is not null')).n;

  test('is found by its submitter, once, however often it was sent', async () => {
    const { grace, draft, of, write } = await anonymous();
    expect(settled(await write(grace)).results).toMatchObject([{ state: 'sent' }]);
    expect(settled(await write(grace)).results).toEqual([]);
    expect(await rows(of)).toMatchObject([{ state: 'sent', tries: 1 }]);
    expect(await written()).toBe(1n);
    const found = await comeBack(db.slot, await receiptAuthenticator(draft.receiptCode), 'browser');
    const messages = z.array(sealedMessageShape).parse(found?.messages);
    const [message] = await openMessages(draft.caseIdentity, draft, messages);
    expect(message?.text).toBe(of.messages[0]?.text);
  });

  test('is not sent by whoever may not read the case, and waits for somebody who may', async () => {
    const { grace, of, write } = await anonymous();
    expect(refusalOf(await write(body.founder))).toBe('missing');
    expect([await written(), (await rows(of))[0]?.state]).toEqual([0n, 'waiting']);
    settled(await write(grace));
    expect((await rows(of))[0]?.state).toBe('sent');
  });

  test('is not taken for sent where something else lies there under its name', async () => {
    const { grace, draft, of, write } = await anonymous();
    const other = { id: objectId(of.messages[0]?.key ?? ''), text: 'Else', by: null, now: new Date() };
    const message = await sealMessage(draft, draft.caseRecipient, other);
    await keepReply(db.slot, await receiptAuthenticator(draft.receiptCode), message, 'browser');
    expect(settled(await write(grace)).results).toMatchObject([{ state: 'refused' }]);
    expect([await written(), (await rows(of))[0]?.state]).toEqual([0n, 'refused']);
  });

  test('is halted where its words are not those that two agreed on', async () => {
    const { grace, write } = await anonymous();
    expect(settled(await write(grace, 'Something else')).outcome).toBe('halted');
    expect(await written()).toBe(0n);
  });
});

describe('the sealed list', () => {
  test('is handed only to those who may read all its forms, and each time is an entry', async () => {
    const { founder, second } = body;
    const grace = await join(db, founder, 'Grace', ['data-protection-officer'], [founder, second]);
    await letRead(body, [grace, body.ana]);
    await openForm(body, grace);
    const { incident, step } = await aWordedIncident(db.desk, founder);
    const forms = [{ form: 'review', generation: 1 }];
    const { recipient } = await generateIdentity();
    const place = noticePlace(grace.staff.organisation, objectId(newId()));
    const sealed = await sealJson(recipient, { ...place, at: new Date().toISOString() }, listTo(SIX));
    const of = proposalOf(listTo(SIX), step, { source: 'cases', forms, sealed: toBase64url(sealed) });
    const propose = (by: SignedIn, more: Partial<typeof of> = {}) =>
      proposeNotice(db.desk, by.session, incident, { ...of, ...more });
    // What is no sealed object is no list.
    expect(refusalOf(await propose(grace, { sealed: 'c2VhbGVk' }))).toBe('another-list');
    expect(refusalOf(await propose(founder)), 'who reads no case').toBe('missing');
    settled(await propose(grace));
    const ask = (by: SignedIn) => act(db.desk, by.session, (tx) => noticeList(tx, of.notice));
    const entries = await entriesOf(db, async () => {
      expect(new Uint8Array(settled(await ask(grace)))).toEqual(new Uint8Array(sealed));
    });
    expect(entries.map(({ kind }) => kind)).toEqual(['notice-list']);
    expect(refusalOf(await ask(second))).toBe('missing');
    expect(refusalOf(await ask(body.ben))).toBe('missing');
    expect(refusalOf(await approve(of)), 'nobody agrees to what they cannot see').toBe('missing');
    // Whoever reads the cases agrees, though they work on no incident; and does nothing else about it.
    settled(await approve(of, body.ana));
    expect(refusalOf(await steerNotice(db.desk, body.ana.session, of.notice, 'stopped', 'x'))).toBe(
      'not-minder',
    );
    settled(await quarantineForm(db.desk, second.session, 'review', 'Somebody rang'));
    expect(refusalOf(await ask(grace))).toBe('quarantined');
  });
});

describe('sending', () => {
  test('each message goes to one address, says nothing of anybody else, and is known by its key', () =>
    withRelay(async (relay, wild) => {
      const of = await agreedOn();
      await sendAll(db.desk, relay, body.founder, of);
      expect(wild.taken).toHaveLength(6);
      for (const { id, to, raw } of wild.taken) {
        const message = of.messages.find(({ key }) => key === id);
        expect(to).toEqual([message?.to]);
        expect(raw).toContain(`Dear ${message?.name},`);
        expect(raw).not.toMatch(/^(cc|bcc):/im);
        const others = of.messages.filter(({ key }) => key !== id);
        for (const other of others) {
          expect(raw).not.toContain(other.to);
          expect(raw).not.toContain(other.reference);
          expect(raw).not.toMatch(new RegExp(`\\b${other.name}\\b`));
        }
      }
      expect((await rows(of)).every(({ state }) => state === 'sent')).toBe(true);
      // Once more changes nothing.
      await sendAll(db.desk, relay, body.founder, of);
      await send(of, of.messages, relay);
      expect(wild.taken).toHaveLength(6);
    }));

  test('a list off by one is refused whole: nothing of it leaves, now or later, and an alarm is raised', () =>
    withRelay(async (relay, wild) => {
      const of = await agreedOn();
      const slipped = of.messages.map((message, n) => ({
        ...message,
        to: of.messages[(n + 1) % of.messages.length]?.to ?? '',
      }));
      expect(settled(await send(of, slipped, relay))).toEqual({ outcome: 'halted', results: [] });
      expect(settled(await send(of, of.messages, relay)).outcome).toBe('stopped');
      expect(refusalOf(await steerNotice(db.desk, body.founder.session, of.notice, 'resumed', 'x'))).toBe(
        'halted',
      );
      expect(wild.taken).toEqual([]);
      const alarms = settled(await act(db.desk, body.second.session, ownAlarms));
      expect(alarms.map(({ seen }) => seen).join()).toContain(
        'not those of the list that two people agreed on',
      );
    }));

  test.each([
    ['an address', (message: Message) => ({ ...message, to: 'eve@evil.example' })],
    ['a word', (message: Message) => ({ ...message, text: `${message.text}.` })],
    ['a subject', (message: Message) => ({ ...message, subject: 'Hello' })],
    ['a blind', (message: Message) => ({ ...message, blind: 'ef'.repeat(32) })],
    ['a message of nobody', (message: Message) => ({ ...message, key: crypto.randomUUID() })],
  ])('one changed among good ones is as bad: %s', (_what, change) =>
    withRelay(async (relay, wild) => {
      const of = await agreedOn();
      const one = of.messages.map((message, n) => (n === 3 ? change(message) : message));
      expect(settled(await send(of, one, relay)).outcome).toBe('halted');
      expect(wild.taken).toEqual([]);
    }),
  );

  test('negative control: with the commitment of the slipped row in the list, it would go out', () =>
    withRelay(async (relay, wild) => {
      const slipped = SIX.map((each, n) => ({ ...each, to: SIX[(n + 1) % SIX.length]?.to ?? '' }));
      const of = await agreedOn(slipped);
      expect(settled(await send(of, of.messages, relay)).outcome).toBe('claimed');
      expect(wild.taken.find(({ raw }) => raw.includes('Dear Ana,'))?.to).toEqual(['bo@people.example']);
    }));

  test('stops when anybody says so, keeps to its pace, and says where no mail goes out', () =>
    withRelay(async (relay, wild) => {
      const people = Array.from({ length: 30 }, (_, n) => person(`Person ${n}`));
      const of = await agreedOn(people, { pace: 60 });
      expect(settled(await send(of, of.messages.slice(0, 20), relay)).results).toHaveLength(10);
      expect(settled(await send(of, of.messages.slice(20), relay)).results).toEqual([]);
      settled(await steerNotice(db.desk, body.second.session, of.notice, 'stopped', 'A wrong word'));
      expect(settled(await send(of, of.messages.slice(20), relay)).outcome).toBe('stopped');
      settled(await steerNotice(db.desk, body.second.session, of.notice, 'resumed', 'It was right'));
      await db.admin.run(
        `update letterbox.notice_message set claimed_at = claimed_at - interval '20 seconds'`,
      );
      expect(settled(await send(of, of.messages.slice(20), relay)).results).toHaveLength(10);
      expect(wild.taken).toHaveLength(20);
      expect(refusalOf(await send(of, of.messages, null))).toBe('no-relay');
      expect(refusalOf(await steerNotice(db.desk, body.founder.session, of.notice, 'withdrawn', 'x'))).toBe(
        'sent-some',
      );
    }));

  test('what Notify could not deliver comes back', async () => {
    const service = await openNotifyService();
    const notify = openNotify({ url: service.url, key: NOTIFY_KEY, template: NOTIFY_TEMPLATE });
    const of = await agreedOn();
    await sendAll(db.desk, notify, body.founder, of);
    expect(service.taken()).toHaveLength(6);
    service.fail(of.messages[2]?.key ?? '', 'permanent-failure');
    const back = settled(
      await keepUndelivered(db.desk, body.founder.session, of.notice, await rows(of), notify),
    );
    expect(back).toEqual([of.messages[2]?.reference]);
    expect((await rows(of))[2]).toMatchObject({ state: 'returned', why: 'There is no such address.' });
    await service.close();
  });
});

describe('what is worked off', () => {
  test('each thing that people find out applies to what it can be true of, and the rest is left', () =>
    withRelay(async (relay) => {
      const of = await agreedOn([
        ...SIX.slice(0, 2),
        person('Gus', { to: 'refused@people.example' }),
        person('Hal', { channel: 'letter', to: 'Hal\n1 Long Street\nEX1 2MP' }),
        person('Ida', { channel: 'hand', to: '07700 900123' }),
      ]);
      await sendAll(db.desk, relay, body.founder, of);
      const [ana = '', bo = '', gus = '', hal = '', ida = ''] = of.messages.map(({ reference }) => reference);
      const all = [ana, bo, gus, hal, ida];
      expect((await rows(of)).map(({ state }) => state)).toEqual([
        'sent',
        'sent',
        'refused',
        'waiting',
        'waiting',
      ]);
      expect(await fate(of, 'posted', all)).toEqual([hal]);
      expect(await fate(of, 'returned', [ana])).toEqual([ana]);
      expect(await fate(of, 'did-go', all)).toEqual([]);
      expect(await fate(of, 'told', all)).toEqual([ana, gus, ida]);
      expect(await fate(of, 'replied', [bo, 'N00000-00000'])).toEqual([bo]);
      const now = await rows(of);
      expect(now.every(({ state }) => isSettled(state))).toBe(true);
      expect(tallyOf(now)).toMatchObject({ all: 5, settled: 5, replied: 1, states: { sent: 2, told: 3 } });
    }));
});

const ownSender = new URL('./sender.testing.ts', import.meta.url).pathname;

/** Sends in a process of its own, which is killed once so many mails are out. */
async function sendAndKill(of: Proposed, wild: WildRelay, after: number): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', ownSender], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const database = db.desk.pool.options.connectionString;
  const given = {
    database,
    session: body.founder.session,
    notice: of.notice,
    relay: wild.url,
    messages: of.messages.map(handed),
  };
  child.stdin.end(JSON.stringify(given));
  while (wild.taken.length < after && child.exitCode === null)
    await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  await ended;
}

test(
  'a thousand people, over a relay as relays are, with a kill -9 in the middle: each gets one message, each failure is listed',
  { timeout: 240_000 },
  () =>
    withRelay(async (relay, wild) => {
      const of = await agreedOn(crowd(1000));
      await sendAndKill(of, wild, 300);
      // Ten minutes later nobody has said what became of those that were on their way.
      await db.admin.run(
        `update letterbox.notice_message set claimed_at = claimed_at - interval '11 minutes' where state = 'sending'`,
      );
      const uncertain = (await rows(of)).filter(({ state }) => state === 'unknown');
      // Pressed again as long as something waits; each time somebody is busy, or the relay too slow.
      for (let n = 0; n < 10 && (await rows(of)).some(({ state }) => state === 'waiting'); n += 1)
        await sendAllThrough(relay, of);
      const after = await rows(of);
      expect(after.some(({ state }) => state === 'waiting' || state === 'sending')).toBe(false);
      const unknown = after.filter(({ state }) => state === 'unknown');
      expect(unknown.length).toBeGreaterThanOrEqual(uncertain.length);
      // People look into the relay's log, and say of each what they found; what did not go out is sent again.
      for (let n = 0; n < 3; n += 1) {
        const log = new Set(wild.taken.map(({ id }) => id));
        const open = (await rows(of)).filter(({ state }) => state === 'unknown');
        const references = (went: boolean) =>
          open.filter(({ key }) => log.has(key) === went).map(({ reference }) => reference);
        await fate(of, 'did-go', references(true));
        // At the end the mailboxes that say nothing are left: these people are told in another way.
        if (n === 2) break;
        await fate(of, 'did-not-go', references(false));
        for (let m = 0; m < 10 && (await rows(of)).some(({ state }) => state === 'waiting'); m += 1)
          await sendAllThrough(relay, of);
      }
      const end = await rows(of);
      const times = Map.groupBy(wild.taken, ({ id }) => id);
      for (const { key, state, why } of end) {
        const taken = times.get(key)?.length ?? 0;
        if (state === 'sent') expect(taken).toBe(1);
        else expect({ state, taken, why: why !== null }).toEqual({ state, taken: 0, why: true });
        expect(['sent', 'refused', 'unknown']).toContain(state);
      }
      expect([...times.values()].every((each) => each.length === 1)).toBe(true);
      const refused = crowd(1000).filter(({ to }) => to.startsWith('refused')).length;
      expect(tallyOf(end).states.refused).toBe(refused);
      expect(refused).toBeGreaterThan(3);
      expect(await settledNotice(of)).toMatchObject({ haltedAt: null });
    }),
);

/** Hands all over that wait, and waits for those that were set aside. */
async function sendAllThrough(relay: Relay, of: Proposed): Promise<void> {
  await sendAll(db.desk, relay, body.founder, of);
  await expect
    .poll(async () => (await rows(of)).some(({ state }) => state === 'sending'), { timeout: 60_000 })
    .toBe(false);
}

test(
  'a mailbox of which the relay says nothing holds nobody up, and is known in the end',
  { timeout: 60_000 },
  () =>
    withRelay(async (relay) => {
      const of = await agreedOn([person('Ana', { to: 'kept-silent@people.example' }), ...SIX.slice(1)]);
      const { results } = settled(await send(of, of.messages, relay));
      const silent = of.messages.find(({ name }) => name === 'Ana')?.key;
      expect(results.map(({ key, state }) => [key === silent, state]).toSorted()).toEqual([
        ...SIX.slice(1).map(() => [false, 'sent']),
        [true, 'sending'],
      ]);
      await expect
        .poll(async () => (await rows(of)).find(({ key }) => key === silent)?.state, { timeout: 30_000 })
        .toBe('unknown');
    }, 6000),
);

const settledNotice = async (of: Proposed) =>
  settled(await act(db.desk, body.founder.session, (tx) => noticeFound(tx, of.notice)));
