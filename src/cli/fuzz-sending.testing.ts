/** Sends what was planned to the real desk and the real public side, in process, and says what came back. */
import { tmpdir } from 'node:os';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { z } from 'zod';
import { alarmRoutes } from '../alarm/routes.ts';
import { casesRoutes } from '../cases/routes.ts';
import { formsRoutes } from '../forms/routes.ts';
import { publishedForm, publishedForms } from '../forms/store.ts';
import { grantsRoutes } from '../grants/routes.ts';
import { hostingRoutes } from '../hosting/routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { findActor } from '../people/store.ts';
import { registerRoutes } from '../register/routes.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { sha256Hex, signText } from '../sealing/signature.ts';
import type { TestDatabase } from '../store/testing.ts';
import { postCases } from '../submissions/acts.ts';
import { sealedOnArrival } from '../submissions/arrival.ts';
import { openIntake } from '../submissions/intake.ts';
import { submissionsRoutes } from '../submissions/routes.ts';
import { testAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import { CLOTHES, type Plan, spoil, type Twice, type Values, withTwice } from './fuzz-changes.testing.ts';
import type { Genuine, Json } from './fuzz-genuine.testing.ts';
import { HONEST, type Name, type World } from './fuzz-world.testing.ts';

export type Sites = {
  readonly desk: FastifyInstance;
  readonly slot: FastifyInstance;
  /** Defects, as both sites tell them. */
  readonly said: string[];
  close(): Promise<void>;
};

/** Both sites, put together as the programs do, without listening. */
export async function sitesOf(db: TestDatabase): Promise<Sites> {
  const said: string[] = [];
  const diagnostics = (line: string) => said.push(line);
  const common = { assets: testAssets(), ready: async () => true, demonstration: () => false, diagnostics };
  const desk = await createSite({ site: 'desk', ...common, whoIs: (cookies) => findActor(db.desk, cookies) });
  const party = { id: 'desk.test', origin: 'http://desk.test' };
  const { desk: asDesk, signin } = db;
  const onFounded = async () => undefined;
  await desk.register(
    peopleRoutes({ desk: asDesk, signin, party, opaqueSetup: '', deskUrl: 'http://desk.test', onFounded }),
  );
  const program = { version: '0.0.0', migrations: [] };
  await desk.register(hostingRoutes({ desk: asDesk, deskUrl: party.origin, data: tmpdir(), program }));
  await desk.register(grantsRoutes({ desk: asDesk }));
  await desk.register(casesRoutes({ desk: asDesk }));
  await desk.register(alarmRoutes({ desk: asDesk, deskUrl: party.origin }));
  await desk.register(registerRoutes({ desk: asDesk }));
  const slot = await createSite({ site: 'slot', ...common });
  const intake = openIntake((batch) => postCases(db.slot, batch));
  await slot.register(
    formsRoutes({
      publishedForm: (organisation, form) => publishedForm(db.slot, organisation, form),
      listForms: () => publishedForms(db.slot),
      ...sealedOnArrival({ database: db.slot, intake }),
    }),
  );
  await slot.register(submissionsRoutes({ database: db.slot, intake }));
  return {
    ...{ desk, slot, said },
    close: async () => {
      await desk.close();
      await slot.close();
    },
  };
}

/** Who sends what nobody may: a conspiring manager and his second account most of all. */
const SENDERS: readonly Name[] = [
  ...(['mallory', 'mallory', 'mallory', 'mallory', 'twin', 'twin', 'twin'] as const),
  ...([
    'ana',
    'ben',
    'cara',
    'noel',
    'kim',
    'ula',
    'una',
    'eve',
    'rob',
    'otto',
    'nobody',
    'gone',
    'sus',
  ] as const),
];

export type Answer = {
  readonly door: string;
  readonly sender: Name;
  readonly status: number;
  readonly refusal: string;
  readonly kind: 'accepted' | 'by signature' | 'by rule' | 'by shape' | 'signed out' | 'no such door';
};

type Document = { [key: string]: Json };

/** What a run remembers: a conspirator approves what they proposed a moment ago. */
export type Run = {
  readonly world: World;
  readonly sites: Sites;
  readonly values: Values;
  readonly newest: Map<Name, { readonly id: string; readonly hash: string; readonly text: string }>;
};

export async function send(run: Run, genuine: readonly Genuine[], plan: Plan): Promise<Answer> {
  const asked = genuine[plan.genuine % genuine.length];
  if (!asked) throw new Error('There is no genuine request.');
  const spoilt = plan.resigned || plan.document.length + plan.beside.length > 0 || plan.clothes > 0;
  // What is sent as it was made is sent by whoever made it; what is spoilt never by an honest person.
  const other = SENDERS[plan.sender % SENDERS.length] ?? 'nobody';
  const sender =
    !spoilt || (plan.sender % 2 === 0 && !HONEST.some((name) => name === asked.by)) ? asked.by : other;
  const { url, body, text } = await bodyOf(run, asked, plan, sender, spoilt);
  const answer = await run.sites.desk.inject(dressed(run, asked, plan, sender, url, body));
  const kind = kindOf(answer.statusCode, answer.body);
  if (kind === 'accepted' && asked.door === 'POST /access/propose' && text !== null) {
    const { id } = z.object({ id: z.string().catch('') }).parse(JSON.parse(text));
    run.newest.set(sender, { id, hash: await sha256Hex(text), text });
  }
  return { door: asked.door, sender, status: answer.statusCode, refusal: refusalIn(answer.body), kind };
}

export const refusalIn = (body: string): string => /"refusal":"([^"]*)"/.exec(body)?.[1] ?? '';

export function kindOf(status: number, body: string): Answer['kind'] {
  const refusal = refusalIn(body);
  if (status < 400) return 'accepted';
  if (status === 401) return 'signed out';
  if (refusal === 'status-404') return 'no such door';
  if (refusal === 'bad-signature' || body.includes('have not confirmed who signed')) return 'by signature';
  if ([400, 405, 413, 415].includes(status)) return 'by shape';
  return body.includes('What was signed does not fit this') ? 'by shape' : 'by rule';
}

async function bodyOf(run: Run, asked: Genuine, plan: Plan, sender: Name, spoilt: boolean) {
  const body = structuredClone(asked.body) as Document;
  if (!spoilt || typeof body.text !== 'string') {
    const twice = spoil(run.world, run.values, body, [...plan.document, ...plan.beside]);
    return { url: asked.url, body: withTwice(JSON.stringify(body), twice), text: null };
  }
  const document = JSON.parse(body.text) as Document;
  let url = asked.url;
  const staff = sender === 'nobody' ? null : run.world.people[sender].staff;
  if (plan.signer && staff) document.signer = staff.person;
  if (plan.newest && asked.door.startsWith('POST /proposals/'))
    url = aboutNewest(run, sender, plan.sender % 4 < 2, document, url);
  const twice = spoil(run.world, run.values, document, plan.document);
  if (plan.counted) await count(run, document);
  const text = written(document, twice, plan.canonical);
  body.text = text;
  if (plan.resigned && staff) body.signature = await signText(staff.signingKey, text);
  const again = spoil(run.world, run.values, body, plan.beside);
  return { url, body: withTwice(JSON.stringify(body), again), text };
}

function written(document: Document, twice: Twice, canonical: boolean): string {
  const plain = () => JSON.stringify(document);
  return withTwice(canonical ? canonicalJson(document) : plain(), twice);
}

/** Turns an approval or a withdrawal to what the sender, or the other account of theirs, proposed last. */
function aboutNewest({ newest }: Run, sender: Name, own: boolean, document: Document, url: string): string {
  const twin = sender === 'mallory' ? 'twin' : 'mallory';
  const [first, then]: readonly [Name, Name] = own ? [sender, twin] : [twin, sender];
  const found = newest.get(first) ?? newest.get(then);
  if (!found) return url;
  document.proposal = found.hash;
  return url.replace(/proposals\/[^/]+/, `proposals/${found.id}`);
}

const stateRow = z.object({ state: z.string() });
const peopleRow = z.object({ people: z.bigint().transform(Number), state: z.string() });

/** The state, and the number of readers, as they are now: where the terms make no sense, they stay as they were. */
async function count({ world }: Run, document: Document): Promise<void> {
  const { admin } = world.body.db;
  const organisation = String(document.organisation);
  document.at = new Date().toISOString();
  try {
    if (document.kind === 'grant') {
      const sql = 'select letterbox.hex_hash(letterbox.access_state_text($1, $2)) as state';
      document.state = (await admin.one(stateRow, sql, [organisation, JSON.stringify(document)])).state;
    } else if (document.kind === 'approval') {
      const sql = `with d as (select text::jsonb as d from letterbox.signed_document where encode(hash, 'hex') = $1)
        select d ->> 'state' as state, (select count(*) from (
            select r from jsonb_array_elements(d -> 'scopes') s, letterbox.readers_of((d ->> 'organisation')::uuid, s ->> 'form',
              (s ->> 'case')::uuid, (s ->> 'fromGeneration')::integer, greatest((d ->> 'from')::timestamptz, now())) r
            union select unnest(letterbox.people_in(d))) x) as people from d`;
      const { state, people } = await admin.one(peopleRow, sql, [String(document.proposal)]);
      Object.assign(document, { state, people });
    }
  } catch {
    // Terms that no database can read are sent as they are.
  }
}

const BOUNDARY = 'x-boundary-x';

function dressed(
  { world }: Run,
  asked: Genuine,
  plan: Plan,
  sender: Name,
  url: string,
  json: string,
): InjectOptions {
  const clothes = CLOTHES[plan.clothes % CLOTHES.length] ?? {};
  const as = clothes.as ?? (asked.form ? 'form' : 'json');
  const cookie = sender === 'nobody' ? {} : { cookie: `letterbox=${world.people[sender].session}` };
  const [type, payload] = wrapped(as, json);
  return {
    method: clothes.method ?? 'POST',
    url: `${clothes.path?.(url) ?? url}${clothes.query ?? ''}`,
    headers: { ...cookie, ...(type ? { 'content-type': type } : {}), ...clothes.headers },
    ...(payload === null || clothes.method === 'GET' || clothes.method === 'HEAD' ? {} : { payload }),
  };
}

function wrapped(as: string, json: string): readonly [type: string | null, payload: string | null] {
  switch (as) {
    case 'json':
      return ['application/json', json];
    case 'array':
      return ['application/json', `[${json}]`];
    case 'form':
      return ['application/x-www-form-urlencoded', formOf(json)];
    case 'text':
      return ['text/plain', json];
    case 'xml':
      return ['application/xml', `<public>${json}</public>`];
    case 'multipart':
      return [
        `multipart/form-data; boundary=${BOUNDARY}`,
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="text"\r\n\r\n${json}\r\n--${BOUNDARY}--\r\n`,
      ];
    default:
      return [null, null];
  }
}

function formOf(json: string): string {
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(JSON.parse(json));
  const flat = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, wellFormed(each)]),
  );
  return new URLSearchParams(flat).toString();
}
const wellFormed = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
