/** The host: who founds it, what its operators can do, and that nothing of a body can ever be theirs. */
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { invitePerson, takeIn } from '../people/acts.ts';
import { type MembershipDocument, parsePeopleDocument } from '../people/documents.ts';
import { makeFounding, signMembership } from '../people/enrolment.ts';
import { verifyPeople } from '../people/person.ts';
import { findActor, freshSecret } from '../people/store.ts';
import {
  confirm,
  documentsIn,
  enrol,
  entriesOf,
  found,
  foundHost,
  leave,
  refusalOf,
  type SignedIn,
  settled,
} from '../people/testing.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { isHostId, newHostId, newId } from '../sealing/place.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { DOORS, type Door } from '../web/doors.ts';
import { createSite } from '../web/server.ts';
import { inviteBody } from './acts.ts';
import { findings } from './hosting.ts';
import { hostingRoutes } from './routes.ts';

let db: TestDatabase;
let operator: SignedIn;
beforeEach(async () => {
  db = await testDatabase();
  operator = await foundHost(db);
});

/** Founds a body by a link's secret. */
async function foundBy(secret: string, name: string) {
  const made = await makeFounding(name, { name: 'A Founder', email: 'founder@body.example' }, new Date());
  const method = { kind: 'passkey', credential: newId(), publicKey: Buffer.alloc(32), counter: 0 } as const;
  return takeIn(db.signin, 'found', secret, made, { ...method, transports: [], sealed: Buffer.alloc(8) });
}

describe('the host', () => {
  test('is one organisation of a site, whose first operator signs that it is a host', async () => {
    await expect(foundHost(db, 'Another Operator')).rejects.toThrow('founded-already');
    const documents = await documentsIn(db, operator.staff);
    expect(documents.map(({ text }) => JSON.parse(text))).toMatchObject([{ as: 'host', recovery: null }]);
    const { as, people } = await verifyPeople(documents, operator.staff.founding);
    expect(as).toBe('host');
    expect(people.get(operator.staff.person)?.capacities).toEqual(['operator']);
  });

  test('is not founded by a body’s link, nor a body by the host’s', async () => {
    const { secret, hash } = freshSecret();
    await db.admin.run('delete from letterbox.invitation');
    await db.admin.run('select letterbox.invite_host($1)', [hash]);
    expect(refusalOf(await foundBy(secret, 'A body'))).toBe('document-mismatch');
  });

  test('takes further operators in by two signatures, once there are two', async () => {
    const second = await enrol(db, operator, 'Second Operator', ['operator']);
    expect(settled(await confirm(db, operator, second, ['operator']))).toEqual({
      confirmed: true,
    });
    const third = await enrol(db, operator, 'Third Operator', ['operator']);
    expect(settled(await confirm(db, operator, third, ['operator']))).toEqual({ confirmed: false });
    expect(refusalOf(await inviteBody(db.desk, third.session, 'early'))).toBe('not-confirmed');
    expect(settled(await confirm(db, second, third, ['operator']))).toEqual({ confirmed: true });
    settled(await inviteBody(db.desk, third.session, 'by-the-third'));
    settled(await leave(db, operator, third));
    expect(refusalOf(await inviteBody(db.desk, third.session, 'late'))).toBe('signed-out');
  });

  test('never has people of a body, whatever is written', async () => {
    for (const capacities of [
      ['caseworker'],
      ['operator', 'keyholder'],
      ['operator', 'manager'],
      ['manager'],
      [],
    ]) {
      const colleague = { name: 'A Caseworker', email: 'a@host.example', capacities };
      expect(refusalOf(await invitePerson(db.desk, operator.session, colleague))).toBe('capacities');
    }
    const change = (sql: string) => db.admin.run(sql, [operator.staff.person]);
    for (const capacity of ['manager', 'caseworker', 'keyholder', 'data-protection-officer'])
      await expect(
        change(`update letterbox.person set capacities = array['${capacity}'] where id = $1`),
      ).rejects.toThrow('violates check constraint');
    await expect(change("update letterbox.person set kind = 'controller' where id = $1")).rejects.toThrow();
  });

  test('is believed by browsers to have operators only, whatever one of them signs', async () => {
    const second = await enrol(db, operator, 'Second Operator', ['operator']);
    const documents = await documentsIn(db, operator.staff);
    const { newest: after } = await verifyPeople(documents, operator.staff.founding);
    const told = async (capacities: MembershipDocument['capacities']) => {
      const about = { person: second.staff.person, enrolment: second.enrolment, after, capacities };
      const signed = await signMembership(operator.staff, about, new Date());
      const entry = { kind: 'membership', signer: operator.staff.person, position: 1_000_000 };
      const all = [...documents, { ...signed, ...entry, hash: await sha256Hex(signed.text) }];
      return (await verifyPeople(all, operator.staff.founding)).people.has(second.staff.person);
    };
    for (const capacities of [['manager'], ['operator', 'caseworker'], ['keyholder'], []] as const)
      expect(await told([...capacities]), capacities.join()).toBe(false);
    expect(await told(['operator']), 'control').toBe(true);
  });
});

describe('an organisation’s id', () => {
  test('says what it is, in its row and in its founding document', async () => {
    const { founder } = await found(db, 'exampleshire');
    expect(isHostId(operator.staff.organisation)).toBe(true);
    expect(isHostId(founder.staff.organisation)).toBe(false);
    const write = (id: string, kind: string, slug: string) =>
      db.admin.run(
        `insert into letterbox.organisation (id, slug, name, kind, founded_at) values ($1, $2, 'A Body', $3, now())`,
        [id, slug, kind],
      );
    await expect(write(newHostId(), 'controller', 'a-body')).rejects.toThrow(/organisation_check1/);
    await expect(write(newId(), 'host', 'host')).rejects.toThrow(/organisation_check1/);
    expect(await write(newId(), 'controller', 'a-body'), 'control').toBe(1);

    for (const { staff } of [operator, founder]) {
      const [first] = await documentsIn(db, staff);
      const { organisation, ...founding } = JSON.parse(first?.text ?? '');
      const parsed = (id: string) => parsePeopleDocument(canonicalJson({ ...founding, organisation: id }));
      expect(parsed(organisation), 'control').not.toBeNull();
      expect(parsed(isHostId(organisation) ? newId() : newHostId())).toBeNull();
    }
  });
});

describe('a body', () => {
  test('is founded by an operator’s link, and both registers say so', async () => {
    const entries = await entriesOf(db, async () => {
      const { secret } = settled(await inviteBody(db.desk, operator.session, 'a-body'));
      settled(await foundBy(secret, 'A Body'));
    });
    const said = entries.map(({ kind, actor, body }) => ({ kind, actor, ...JSON.parse(body) }));
    expect(said).toMatchObject([
      { kind: 'body-invitation', actor: operator.staff.person, slug: 'a-body' },
      { kind: 'founding', invitedBy: operator.staff.person, host: 'Exampleshire Council' },
    ]);
    const [invited, founded] = entries
      .map(({ body }) => parseEntry(body))
      .map((entry) => entry && sentence(entry));
    expect(invited).toMatch(/made a link by which a-body can be founded\.$/);
    expect(founded).toMatch(/founded the organisation, by a link of an operator of Exampleshire Council\.$/);
    const alone = await entriesOf(db, () => found(db, 'exampleshire'));
    expect(alone[0]?.body).not.toMatch(/invitedBy|"host"/);
  });

  test('needs an address of its own, well-formed', async () => {
    await found(db, 'exampleshire');
    for (const slug of ['exampleshire', 'host'])
      expect(refusalOf(await inviteBody(db.desk, operator.session, slug))).toBe('slug-taken');
    for (const slug of ['', 'A Body', '../x', 'ä', 'x'.repeat(41)])
      expect(refusalOf(await inviteBody(db.desk, operator.session, slug))).toBe('slug');
  });

  test('is let in by operators only', async () => {
    const { founder } = await found(db, 'exampleshire');
    const entries = await entriesOf(db, async () =>
      expect(refusalOf(await inviteBody(db.desk, founder.session, 'another'))).toBe('missing'),
    );
    expect(entries.map(({ kind, actor }) => ({ kind, actor }))).toEqual([
      { kind: 'refusal', actor: founder.staff.person },
    ]);
  });
});

describe('what belongs to a body', () => {
  /** What the host has rows of; everything else that belongs to an organisation must refuse it. */
  const HOSTS = [
    ...['invitation', 'person', 'suspension', 'training', 'away', 'passkey', 'passphrase', 'session'],
    ...['signed_document', 'register_entry', 'register_log', 'register_leaf', 'register_checkpoint'],
    ...['register_cosignature', 'register_vouching'],
    ...['alarm', 'outbox', 'watch_beat', 'rehearsal'],
  ];

  test('refuses the host by the type of its column, each table there is', async () => {
    const sql = `select c.relname as name, a.atttypid = 'letterbox.body_id'::regtype as refuses
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organisation'
      where c.relnamespace = 'letterbox'::regnamespace and c.relkind = 'r' order by 1`;
    const rows = await db.admin.rows(z.object({ name: z.string(), refuses: z.boolean() }), sql);
    expect(rows.filter(({ refuses }) => !refuses).map(({ name }) => name)).toEqual([...HOSTS].sort());
  });

  /** A row of each table that is complete enough to be taken, were the organisation a body. */
  const ROWS: Readonly<Record<string, string>> = {
    published_form: `(organisation, form, version, definition, published_at) values ($1, 'review', 1, '{}', now())`,
    form_key: `(organisation, form, generation, recipient, document, made_at)
      values ($1, 'review', 1, 'age1', '', now())`,
    case_envelope: `values ($1, gen_random_uuid(), gen_random_uuid(), '', gen_random_uuid(), now())`,
    cases: `(organisation, id, form, version, generation, arrival, received_at, authenticator_hash, sealed_hash,
      answers, summary, case_key, receipt_key)
      values ($1, gen_random_uuid(), 'review', 1, 1, 'browser', now(), sha256(''), sha256(''), '', '', '', '')`,
    attachment_chunk: `(organisation, case_id, attachment, n, bytes, arrived_at)
      values ($1, gen_random_uuid(), gen_random_uuid(), 0, 'x', now())`,
    equality_answer: `(organisation, form, generation, received_on, sealed) values ($1, 'review', 1, now(), '')`,
  };

  test.each(Object.keys(ROWS))(
    'cannot be written for the host, not even by the superuser: %s',
    async (table) => {
      const { founder } = await found(db, 'exampleshire');
      const write = (organisation: string) =>
        db.admin.run(`insert into letterbox.${table} ${ROWS[table]}`, [organisation]);
      await expect(write(operator.staff.organisation)).rejects.toThrow(
        /value for domain .*body_id violates check constraint/,
      );
      expect(await write(founder.staff.organisation), 'control: of a body').toBe(1);
      await db.admin.run('delete from letterbox.invitation');
      const sql = `update letterbox.organisation set kind = 'host', slug = 'host' where id = $1`;
      const becomes = db.admin.run(sql, [founder.staff.organisation]);
      await expect(becomes, 'nor does a body become it').rejects.toThrow();
    },
  );
});

describe('the doors', () => {
  /** Every door of the desk, with nothing behind it: what is asked is who gets in. */
  async function doorsAlone(): Promise<FastifyInstance> {
    const app = await createSite({
      ...{ site: 'desk', assets: testAssets(), ready: async () => true, demonstration: () => false },
      whoIs: (cookies) => findActor(db.desk, cookies),
    });
    for (const { site, method, path: url, audience } of DOORS)
      if (site === 'desk' && !app.hasRoute({ method, url }))
        app.route({ method, url, config: { audience }, handler: async () => INSIDE });
    return app;
  }
  const INSIDE = 'inside';

  test('are to people of the other kind as if they were not there, every one', async () => {
    const app = await doorsAlone();
    const { founder } = await found(db, 'exampleshire');
    const asks = async (who: SignedIn, method: Door['method'], url: string) => {
      const headers = { cookie: `letterbox=${who.session}`, accept: 'text/html' };
      const { statusCode, body } = await app.inject({ method, url, headers });
      return { statusCode, body };
    };
    const others = { staff: operator, host: founder, colleague: null, auditor: null };
    for (const door of DOORS.filter(({ site }) => site === 'desk')) {
      if (door.audience === 'public' || door.audience === 'receipt') continue;
      const url = door.path.replaceAll(/:\w+/g, newId());
      const told = `${door.method} ${door.path}`;
      const other = others[door.audience];
      if (other) {
        const absent = await asks(other, door.method, '/no-such-page');
        expect(absent.statusCode).toBe(404);
        expect(await asks(other, door.method, url), told).toEqual(absent);
      }
      for (const who of [operator, founder].filter((each) => each !== other))
        expect((await asks(who, door.method, url)).body, `control: ${told}`).toBe(INSIDE);
    }
  });
});

describe('the operators’ pages', () => {
  let app: FastifyInstance;
  beforeEach(async () => {
    app = await createSite({
      ...{ site: 'desk', assets: testAssets(), ready: async () => true, demonstration: () => false },
      whoIs: (cookies) => findActor(db.desk, cookies),
    });
    const program = { version: '0.1.0', migrations: ['0001_base.sql'] };
    await app.register(hostingRoutes({ desk: db.desk, deskUrl: 'http://desk.test', data: '.', program }));
  });

  const asks = async (who: SignedIn, url: string, slug?: string) => {
    const headers = { cookie: `letterbox=${who.session}`, accept: 'text/html' };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject(
      slug === undefined
        ? { url, headers }
        : {
            method: 'POST',
            url,
            headers: { ...headers, ...form },
            payload: `slug=${encodeURIComponent(slug)}`,
          },
    );
    return { status: answer.statusCode, body: answer.body, text: answer.body.replace(/<[^>]*>|\s+/g, ' ') };
  };

  test('show the bodies and the health of the site, and nothing in a body', async () => {
    await found(db, 'exampleshire');
    settled(await inviteBody(db.desk, operator.session, 'not-yet'));
    const { status, text } = await asks(operator, '/host');
    expect(status).toBe(200);
    expect(text).toMatch(/Exampleshire.*\/exampleshire\/…/);
    expect(text).toMatch(/Not founded yet.*\/not-yet\/…/);
    expect(text).toMatch(
      /Database\s+In order.*Registers.*Schema.*Disk.*PostgreSQL.*Node.*Letterbox\s+In order\s+Version 0\.1\.0/,
    );
    expect(text).not.toContain('First Manager');
  });

  test('make a link that is shown once, or say what is wrong and keep what was typed', async () => {
    const taken = await asks(operator, '/host/bodies/invite', 'No Good!');
    expect([taken.status, taken.body]).toMatchObject([422, expect.stringContaining('value="no good!"')]);
    expect(taken.text).toContain('small letters, figures and dashes');
    const made = await asks(operator, '/host/bodies/invite', ' A-Body ');
    expect(made.status).toBe(201);
    const secret = /\/join\/([0-9a-f]{64})/.exec(made.body)?.[1] ?? '';
    settled(await foundBy(secret, 'A Body'));
    expect((await asks(operator, '/host')).body).not.toContain(secret);
  });

  test('are not there for people of a body', async () => {
    const { founder } = await found(db, 'exampleshire');
    const absent = await asks(founder, '/no-such-page');
    for (const url of ['/host', '/host/bodies/invite']) {
      const answer = await asks(founder, url);
      expect([answer.status, answer.text]).toEqual([404, absent.text]);
    }
    expect((await asks(founder, '/host/bodies/invite', 'mine')).status).toBe(404);
  });
});

describe('the health of a site', () => {
  const now = new Date('2026-11-02T12:00:00.000Z');
  const well = { postgres: '18.4', size: 5_000_000_000n, unplacedSince: null, migrations: ['0001_base.sql'] };
  const program = { version: '0.1.0', node: '24.0.0', migrations: ['0001_base.sql'], room: 9e9 };
  const wrong = (...about: Parameters<typeof findings>) =>
    findings(...about).flatMap(({ what, wrong: bad }) => (bad ? [what] : []));

  test('is in order, or says what is not', () => {
    expect(wrong(well, program, now)).toEqual([]);
    const justNow = new Date(now.getTime() - 5000);
    expect(wrong({ ...well, unplacedSince: justNow }, program, now)).toEqual([]);
    const longAgo = new Date(now.getTime() - 600_000);
    expect(wrong({ ...well, unplacedSince: longAgo }, program, now)).toEqual(['Registers']);
    expect(wrong({ ...well, migrations: [] }, program, now)).toEqual(['Schema']);
    const newer = [...well.migrations, '9999_newer.sql'];
    expect(wrong({ ...well, migrations: newer }, program, now)).toEqual(['Schema']);
    expect(wrong({ ...well, postgres: '15.9' }, program, now)).toEqual([]);
    expect(wrong({ ...well, postgres: '15.9' }, program, new Date('2028-01-01'))).toEqual(['PostgreSQL']);
    expect(wrong(well, { ...program, node: '22.1.0' }, new Date('2027-05-01'))).toEqual(['Node']);
    expect(wrong({ ...well, postgres: '99.1' }, { ...program, node: '99.0.0' }, now)).toEqual([]);
    expect(wrong(well, { ...program, room: 1e9 }, now)).toEqual(['Disk']);
    expect(wrong(well, { ...program, room: null }, now)).toEqual([]);
  });
});
