/** What Watch is told (`watch.json`, written by people), and what it keeps for itself beside it (`watch.state.json`). */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { parseAddress } from '../post/address.ts';
import { parseRelay } from '../post/post.ts';
import { parseWebhook } from '../post/webhook.ts';
import { canaryShape } from './canary.ts';

/** Questions a second: 3,000, which are 500 addresses as six personas, take less than half a minute. */
export const USUAL_RATE = 104;

const site = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).pathname === '/' && new URL(text).search === '', 'without a path')
  .transform((text) => new URL(text).origin);

const elsewhere = z.discriminatedUnion('must', [
  /**
   * Whoever is not signed in gets nothing there: no answer, a refusal, or a page to sign in at. As `tcp://host:port`: there
   * is nobody to be connected to.
   */
  z.strictObject({
    url: z
      .url({ protocol: /^(https?|tcp)$/ })
      .refine(
        (text) => !text.startsWith('tcp:') || /^tcp:\/\/[^/?#@]+:\d+$/.test(text),
        'as tcp://host:port',
      ),
    must: z.literal('never answer'),
  }),
  z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    must: z.literal('never contain'),
    text: z.string().min(4).max(500),
  }),
]);
export type Elsewhere = z.output<typeof elsewhere>;

/**
 * For example
 *
 *     {"public": "https://letters.example.org", "desk": "https://desk.example.org", "every": 15,
 *      "elsewhere": [{"url": "https://share.example.org/forms.xlsx", "must": "never answer"}],
 *      "mail": {"relay": "smtps://watch:…@mail.example.org", "from": "watch@example.org", "to": ["ana@example.org"]}}
 *
 * Times are seconds; `rate` is questions a second. `others`: further addresses of the same site (another node behind a
 * balancer, another port), `expected`: paths that a proxy in front may answer.
 */
const configShape = z.strictObject({
  public: site.optional(),
  desk: site.optional(),
  every: z.number().min(2).max(3600).default(15),
  rate: z.number().min(1).max(2000).default(USUAL_RATE),
  rehearseEvery: z.number().min(10).max(2_592_000).default(21_600),
  canaries: z.number().int().min(1).max(10).default(3),
  canaryDays: z.number().min(0.0001).max(90).default(7),
  others: z.array(site).max(20).default([]),
  expected: z.array(z.string().startsWith('/')).max(100).default([]),
  elsewhere: z.array(elsewhere).max(1000).default([]),
  mail: z
    .strictObject({
      relay: z
        .string()
        .refine((text) => parseRelay(text) !== null, 'as smtps://user:password@mail.example.org'),
      from: z.string().refine((text) => parseAddress(text) !== null, 'one email address'),
      to: z
        .array(z.string().refine((text) => parseAddress(text) !== null, 'one email address each'))
        .min(1)
        .max(20),
    })
    .optional(),
  webhook: z
    .string()
    .refine((text) => parseWebhook(text) !== null, 'as https://example.org/hook#whsec_…')
    .optional(),
});
export type Config = z.output<typeof configShape>;

/** @throws one line that names the file and what is wrong in it */
export function readConfig(path: string): Config {
  if (!existsSync(path))
    throw new Error(`There is no ${path}. Make one with letterbox watch add or letterbox watch join.`);
  const read = configShape.safeParse(json(path));
  if (read.success) {
    if ((read.data.public === undefined) === (read.data.desk === undefined)) return read.data;
    throw new Error(`${path}: "public" and "desk" belong together: give both, or neither.`);
  }
  const [issue] = read.error.issues;
  throw new Error(
    `${path}: ${issue?.path.join('.') || 'the file'} is not as it must be (${issue?.message}).`,
  );
}

/** The file as it stands, for adding to it; empty where there is none. @throws one line */
export function rawConfig(path: string): Record<string, unknown> {
  return existsSync(path) ? z.record(z.string(), z.unknown()).parse(json(path)) : {};
}

export function writeConfig(path: string, config: Readonly<Record<string, unknown>>): void {
  writePrivate(path, `${JSON.stringify(config, null, 2)}\n`);
}

const accountShape = z.object({
  ...{ credential: z.string(), key: z.string(), organisation: z.string(), organisationName: z.string() },
  ...{ host: z.boolean(), person: z.string() },
});

const standingShape = z.object({
  ...{ key: z.string(), by: z.string(), firstSeen: z.string(), toldAt: z.string(), told: z.number() },
});
export type Standing = z.output<typeof standingShape>;

const stateShape = z.object({
  accounts: z.array(accountShape).default([]),
  canaries: z.array(canaryShape).default([]),
  /** What stands open, for telling of it by Watch's own mail. */
  standing: z.array(standingShape).default([]),
  rehearsedAt: z.string().nullable().default(null),
});
export type State = z.output<typeof stateShape>;

/** What Watch has kept before it ever ran. */
export const NO_STATE: State = stateShape.parse({});

export const stateFile = (config: string): string => config.replace(/(\.json)?$/, '.state.json');

/** @throws one line where the file is damaged: without its canaries Watch would plant others, and not know the old ones */
export function readState(path: string): State {
  if (!existsSync(path)) return NO_STATE;
  const read = stateShape.safeParse(json(path));
  if (read.success) return read.data;
  throw new Error(
    `${path} is damaged. Restore it from your backup, or move it away and let Watch join anew.`,
  );
}

/** Whole or not at all: it holds the marks, and the keys of Watch's accounts. */
export function writeState(path: string, state: State): void {
  writePrivate(path, JSON.stringify(state));
}

function json(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new Error(`${path} is not JSON.`);
  }
}

function writePrivate(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
