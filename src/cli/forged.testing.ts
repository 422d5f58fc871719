/** For tests: what somebody who owns the database writes into it, and what then comes of it at the doors and in browsers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { casesRoutes } from '../cases/routes.ts';
import { historyOf } from '../grants/history.ts';
import { objectionToRelease, releaseIn } from '../grants/history-releases.ts';
import { grantsRoutes } from '../grants/routes.ts';
import { provenIn, turnOf } from '../grants/testing.ts';
import { provenLive } from '../grants/verify.ts';
import { findActor } from '../people/store.ts';
import { documentsOf, type SignedIn, type TestBody } from '../people/testing.ts';
import { startSequencer } from '../register/jobs.ts';
import { registerRoutes } from '../register/routes.ts';
import { newId } from '../sealing/place.ts';
import { testAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import type { Main } from './letterbox.ts';

/** What browsers do for somebody: whether any believes a grant of theirs, and whether a turned key is sealed to them. */
export async function browsersDo(body: TestBody, reader: SignedIn, who: SignedIn) {
  const believed = provenLive(await provenIn(body), new Date().toISOString());
  const { envelopes } = await turnOf(body, reader);
  return {
    believe: believed.some(({ person }) => person === who.staff.person),
    sealTo: envelopes.some(({ person }) => person === who.staff.person),
  };
}

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'letterbox-forged-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export async function deskOf({ db }: TestBody) {
  const app = await createSite({
    ...{ site: 'desk', assets: testAssets(), ready: async () => true, demonstration: () => false },
    whoIs: (cookies) => findActor(db.desk, cookies),
  });
  for (const routes of [grantsRoutes, casesRoutes, registerRoutes])
    await app.register(routes({ desk: db.desk }));
  return (who: SignedIn, url: string) =>
    app.inject({ url, headers: { cookie: `letterbox=${who.session}`, accept: 'text/html' } });
}

/** What the register's reader is told, by the program, from the download, and by the browser, on the desk's pages. */
export async function toldOf(body: TestBody, programs: Readonly<Record<'verify' | 'access', Main>>) {
  const folder = scratch();
  await sequence(body, folder);
  const ask = await deskOf(body);
  const download = await ask(body.founder, '/register/download');
  expect(download.statusCode).toBe(200);
  const file = join(folder, `${newId()}.tar`);
  writeFileSync(file, download.rawPayload);
  const [verify, access] = [await run(programs.verify, file), await run(programs.access, file)];
  const lines = (await ask(body.founder, '/forms/review/access')).body;
  const live = new Set(provenLive(await provenIn(body), new Date().toISOString()).map(({ id }) => id));
  const shown = [...lines.matchAll(/data-grant="([^"]+)"/g)].map(([, id]) => id ?? '');
  return {
    ...{ verify, access },
    /** Lines that the access page shows and the browser marks (`<letterbox-lines>`). */
    marked: shown.filter((id) => !live.has(id)).length,
    /** Entries of the register's page that the browser marks (`<letterbox-releases>`). */
    releases: await releasesMarked(body, (await ask(body.founder, '/register')).body),
  };
}

const carried = z.object({ releases: z.array(z.object({ after: z.number(), entry: z.unknown() })) });

async function releasesMarked(body: TestBody, page: string): Promise<number> {
  const [, json = ''] =
    /<letterbox-releases>[\s\S]*?<script type="application\/json">(.*?)<\/script>/s.exec(page) ?? [];
  const history = await historyOf(await documentsOf(body), body.founder.staff.founding);
  return carried.parse(JSON.parse(json)).releases.filter(({ after, entry }) => {
    const found = releaseIn(entry);
    return !found || objectionToRelease(history, found, after + 0.5) !== null;
  }).length;
}

const count = z.object({ n: z.bigint() });
/** Gives every entry its place, and signs the newest checkpoint. */
export async function sequence({ db }: TestBody, dataDir: string): Promise<void> {
  const sequencer = startSequencer({ database: db.register, dataDir, everyMs: 3_600_000 });
  const waiting = `select count(*) as n from letterbox.register_entry e
    where not exists (select from letterbox.register_leaf l where l.entry = e.id)`;
  do await sequencer.tick();
  while ((await db.admin.one(count, waiting)).n > 0n);
  await sequencer.stop();
}

async function run(main: Main, ...args: string[]) {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line));
  return { code, said: lines.join('\n') };
}

export type Row = {
  readonly person: SignedIn;
  /** The documents that the row names, in hex; such as nobody ever signed where nothing is said. */
  readonly document?: string;
  readonly approval?: string;
  readonly proposer?: SignedIn;
  readonly approver?: SignedIn;
};

/** A row in the table of grants as the owner of the database writes it. */
export async function writeGrant(body: TestBody, row: Row): Promise<void> {
  const { organisation } = body.founder.staff;
  const { person, document = newId().replaceAll('-', '').repeat(2), approval = 'ab'.repeat(32) } = row;
  const { proposer = body.founder, approver = body.second } = row;
  const proposal = newId();
  await body.db.admin.run(
    `insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2, sha256(convert_to($2::uuid::text, 'UTF8')), $3, now(), now() + interval '1 year', now())`,
    [organisation, proposal, proposer.staff.person],
  );
  await body.db.admin.run(
    `insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose,
       document, proposer, approver, approval, approved_at, fulfilled_at)
     values ($1, letterbox.grant_line($4, $3, 'review', null), $2, $3, 'review', 1, now() - interval '1 hour', now() + interval '1 year',
       now() + interval '1 year', 'Review cases', decode($4, 'hex'), $5, $6, decode($7, 'hex'), now() - interval '1 hour', now())`,
    [
      ...[organisation, proposal, person.staff.person, document],
      ...[proposer.staff.person, approver.staff.person, approval],
    ],
  );
}
