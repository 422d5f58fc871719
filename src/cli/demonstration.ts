/**
 * The demonstration body: invented people whose passphrases and codes are public, founded, confirmed
 * and granted access through the same acts as a real body, and filled with invented submissions
 * through its own front door. Never anything but loopback.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as opaque from '@serenity-kit/opaque';
import { z } from 'zod';
import { ALL_CAPACITIES } from '../people/documents.ts';
import { codeOf, offerSecondFactor } from '../people/second-factor.ts';
import { administer } from '../store/admin.ts';
import type { Cluster } from '../store/cluster.ts';
import { writePrivate } from '../store/private-file.ts';
import type { Database } from '../store/store.ts';
import type { Account } from '../watch/account.ts';
import { NO_STATE, stateFile, writeConfig, writeState } from '../watch/config.ts';
import { foundBody, foundHost } from './demonstration-body.ts';
import { keptOpaqueSetup } from './desk.ts';
import { fillCases, progress } from './fill.ts';
import type { Settings } from './settings.ts';
import { watchConfigIn } from './watch-beside.ts';

const SLUG = 'exampleshire';
/** As many as there were in the incident. */
const CASES = 394;

const personShape = z.object({
  name: z.string(),
  email: z.string(),
  capacities: z.array(z.enum(ALL_CAPACITIES)),
  role: z.string(),
  passphrase: z.string(),
  totp: z.string(),
});
export type DemonstrationPerson = z.infer<typeof personShape>;
const fileShape = z.object({ complete: z.boolean(), people: z.array(personShape) });

export type Demonstration = {
  readonly howToSignIn: readonly string[];
  /** Each person with the code of this moment. */
  signInDetails(): (DemonstrationPerson & { readonly code: string })[];
  /** Fills the body up to its number of cases, through the public side at `publicUrl`. */
  fill(publicUrl: string, stop: AbortSignal): Promise<void>;
};

const PEOPLE = [
  {
    name: 'Amara Okafor',
    email: 'amara@example.org',
    capacities: ['manager'],
    role: 'Manager, founded the body',
  },
  { name: 'Ben Whitlow', email: 'ben@example.org', capacities: ['manager'], role: 'Manager' },
  {
    name: 'Carys Bevan',
    email: 'carys@example.org',
    capacities: ['caseworker'],
    role: 'Caseworker, reads both forms',
  },
  {
    name: 'Dev Malhotra',
    email: 'dev@example.org',
    capacities: ['caseworker'],
    role: 'Caseworker without access: give him some',
  },
  {
    name: 'Elin Rowe',
    email: 'elin@example.org',
    capacities: ['caseworker', 'keyholder'],
    role: 'Caseworker without access, keyholder',
  },
  {
    name: 'Farid Hassan',
    email: 'farid@example.org',
    capacities: ['caseworker', 'keyholder'],
    role: 'Caseworker without access, keyholder',
  },
  {
    name: 'Grace Lindqvist',
    email: 'grace@example.org',
    capacities: ['data-protection-officer'],
    role: 'Data protection officer without access',
  },
] as const;
const OPERATOR = {
  name: 'Hana Okoye',
  email: 'hana@example.com',
  capacities: ['operator'],
  role: 'Operator: sees that bodies are there, and nothing in them',
} as const;

/** Founds the body where it is not founded yet; what was cut short is set aside and begun anew. */
export async function prepareDemonstration(
  settings: Settings,
  { cluster, desk, signin }: { cluster: Cluster; desk: Database; signin: Database },
): Promise<Demonstration> {
  const file = join(settings.data, 'demonstration.json');
  const before = existsSync(file) ? fileShape.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  // The file may tell of another database than the one DATABASE_URL gives now.
  const there = before?.complete === true && (await isFounded(cluster.adminUrl));
  const people = before?.people ?? (await invent());
  if (!there) {
    await setAside(cluster.adminUrl);
    writePrivate(file, JSON.stringify({ complete: false, people }, null, 2));
    const opaqueSetup = await keptOpaqueSetup(settings.data);
    const on = {
      adminUrl: cluster.adminUrl,
      desk,
      signin,
      opaqueSetup,
      deskUrl: settings.deskUrl,
      slug: SLUG,
    };
    const operates = ({ capacities }: DemonstrationPerson) => capacities.includes('operator');
    const body = await foundBody(
      on,
      people.filter((person) => !operates(person)),
    );
    const hosts = [];
    for (const operator of people.filter(operates)) hosts.push(await foundHost(on, operator));
    letWatchLook(settings, [body, ...hosts.filter((account) => account !== null)]);
    writePrivate(file, JSON.stringify({ complete: true, people }, null, 2));
  }
  return {
    howToSignIn: [
      `Sign in at ${settings.deskUrl}/sign-in with a passphrase; ${settings.deskUrl}/demonstration shows`,
      'everybody’s passphrase and the code of the moment. To begin with:',
      `  ${people[2]?.name}: ${people[2]?.email}, passphrase "${people[2]?.passphrase}"`,
    ],
    signInDetails: () => people.map((person) => ({ ...person, code: codeOf(person.totp, new Date()) })),
    fill: (publicUrl, stop) => fillUp(cluster.adminUrl, publicUrl, stop),
  };
}

/** Watch goes round the demonstration by itself, and rehearses every ten minutes. */
function letWatchLook({ data, publicUrl, deskUrl }: Settings, accounts: readonly Account[]): void {
  const path = watchConfigIn(data);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeConfig(path, { public: publicUrl, desk: deskUrl, every: 20, rate: 60, rehearseEvery: 600 });
  writeState(stateFile(path), { ...NO_STATE, accounts: [...accounts] });
}

async function invent(): Promise<DemonstrationPerson[]> {
  await opaque.ready;
  return Promise.all(
    [...PEOPLE, OPERATOR].map(async (person) => ({
      ...person,
      capacities: [...person.capacities],
      passphrase: `${person.name.split(' ')[0]?.toLowerCase()} opens the letterbox`,
      totp: (await offerSecondFactor(person.email)).secret,
    })),
  );
}

async function isFounded(adminUrl: string): Promise<boolean> {
  const sql = 'select from letterbox.organisation where slug = $1 and demonstration';
  return (await administer(adminUrl, (client) => client.query(sql, [SLUG]))).rowCount === 1;
}

/** A founding that was cut short (a kill, a full disk) cannot be continued: it moves out of the way. */
async function setAside(adminUrl: string): Promise<void> {
  await administer(adminUrl, (client) =>
    client.query(
      "update letterbox.organisation set slug = 'set-aside-' || left(id::text, 13) where slug = $1",
      [SLUG],
    ),
  );
  await administer(adminUrl, (client) =>
    client.query('delete from letterbox.invitation where slug = $1', [SLUG]),
  );
}

async function fillUp(adminUrl: string, publicUrl: string, stop: AbortSignal): Promise<void> {
  const sql =
    'select count(*)::integer as n from letterbox.cases c join letterbox.organisation o on o.id = c.organisation where o.slug = $1 and not letterbox.is_canary(c.organisation, c.id)';
  const { rows } = await administer(adminUrl, (client) => client.query(sql, [SLUG]));
  const there = z.object({ n: z.number() }).parse(rows[0]).n;
  if (there >= CASES) return;
  await fillCases({
    publicUrl,
    organisation: SLUG,
    cases: CASES - there,
    from: there,
    onProgress: progress('Filling the demonstration'),
    stop,
  });
}
