/** What the environment may set, with its defaults: the table in docs/operating.md, executable. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseContact } from '../forms/security.ts';
import { type Address, parseAddress } from '../post/address.ts';
import { type Notify, parseNotify } from '../post/notify.ts';
import { parseRelay, type RelayAddress } from '../post/post.ts';
import { parseWebhook, type Webhook } from '../post/webhook.ts';
import { parseWitnesses, type Witness } from '../register/asking.ts';

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(65535));
// Paths, queries and a slash at the end would get in the way of the addresses made from it.
const site = z.url({ protocol: /^https?$/ }).transform((text, context) => {
  const { origin, pathname, search, hash } = new URL(text);
  if (pathname !== '/' || search !== '' || hash !== '') context.addIssue('more than an origin');
  return origin;
});
const postgres = z
  .string()
  .regex(/^postgres(ql)?:\/\//)
  .refine((text) => URL.canParse(text) && new URL(text).hostname !== '' && new URL(text).pathname.length > 1)
  .optional();

const parsedBy =
  <T>(parse: (text: string) => T | null) =>
  (text: string, context: z.RefinementCtx<string>): T => {
    const parsed = parse(text);
    if (parsed !== null) return parsed;
    context.addIssue('not of its shape');
    return z.NEVER;
  };

const shape = z.object({
  LETTERBOX_PUBLIC_PORT: port.default(3000),
  LETTERBOX_DESK_PORT: port.default(3001),
  LETTERBOX_HOST: z.string().default('127.0.0.1'),
  LETTERBOX_DATA: z.string().default('./data'),
  LETTERBOX_PUBLIC_URL: site.optional(),
  LETTERBOX_DESK_URL: site.optional(),
  LETTERBOX_TRUST_PROXY: z.stringbool().default(false),
  LETTERBOX_WATCH: z.stringbool().default(true),
  LETTERBOX_MAIL_RELAY: z.string().transform(parsedBy(parseRelay)).optional(),
  LETTERBOX_MAIL_FROM: z.string().transform(parsedBy(parseAddress)).optional(),
  LETTERBOX_SECURITY_CONTACT: z.string().transform(parsedBy(parseContact)).optional(),
  LETTERBOX_NOTIFY: z.string().transform(parsedBy(parseNotify)).optional(),
  LETTERBOX_WITNESSES: z.string().transform(parsedBy(parseWitnesses)).optional(),
  LETTERBOX_ALARM_WEBHOOK: z.string().transform(parsedBy(parseWebhook)).optional(),
  LETTERBOX_BACKUP_STAMP: z.string().optional(),
  LETTERBOX_BACKUP_MAX_AGE: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.int().min(1))
    .default(26),
  DATABASE_URL: postgres,
  DATABASE_URL_SLOT: postgres,
  DATABASE_URL_DESK: postgres,
  DATABASE_URL_SIGNIN: postgres,
  DATABASE_URL_REGISTER: postgres,
  DATABASE_URL_ALARM: postgres,
});

export type Settings = {
  readonly publicPort: number;
  readonly deskPort: number;
  readonly host: string;
  readonly data: string;
  readonly publicUrl: string;
  readonly deskUrl: string;
  readonly trustProxy: boolean;
  /** By which relay and as whom mail goes out; null: it stays in the outbox, which the desk shows. */
  readonly mail: { readonly relay: RelayAddress; readonly from: Address } | null;
  /** Whom `security.txt` names besides the forms for data problems. */
  readonly securityContact: string | null;
  /** By which service of GOV.UK Notify notices go out, before any relay. */
  readonly notify: Notify | null;
  readonly webhook: Webhook | null;
  /** Who elsewhere is asked to cosign the registers. */
  readonly witnesses: readonly Witness[];
  /** Where the age of the newest backup is looked up, if anywhere, and how old it may be, in hours. */
  readonly backups: { readonly stamp: string | null; readonly maxAge: number };
  /** Whether `start` runs a Watch that lies in the data folder beside itself. */
  readonly watch: boolean;
  readonly databaseUrl: string | null;
  readonly roleUrls: Readonly<Partial<Record<'slot' | 'desk' | 'signin' | 'register' | 'alarm', string>>>;
};

/** What each kind of setting has to look like. */
const MUST: readonly (readonly [RegExp, string])[] = [
  [/_PORT$/, 'a whole number from 1 to 65535'],
  [/MAX_AGE$/, 'a whole number of hours from 1 to 9999'],
  [/^LETTERBOX_.*_URL$/, 'an address without a path, as https://letters.example.org'],
  [/^DATABASE_URL/, 'an address as postgres://user:password@host:5432/database'],
  [/TRUST_PROXY$|_WATCH$/, 'true or false'],
  [/MAIL_RELAY$/, 'an address as smtp://user:password@mail.example.org:587, or smtps://…'],
  [/MAIL_FROM$/, 'one email address, as letterbox@example.org'],
  [/SECURITY_CONTACT$/, 'a contact as mailto:security@example.org, https://… or tel:+44…'],
  [/NOTIFY$/, 'an API key of GOV.UK Notify and the id of a template, with a space between'],
  [
    /WITNESSES$/,
    'addresses with their verifier keys, as https://witness.example.org#vkey, with commas between them and none twice',
  ],
  [/WEBHOOK$/, 'an https address with its secret, as https://example.org/hook#whsec_…'],
];

/** Reads the settings; an empty one counts as unset. @throws one line that names what is wrong */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const read = shape.safeParse(given);
  if (!read.success) {
    const name = String(read.error.issues[0]?.path[0]);
    const must = MUST.find(([names]) => names.test(name))?.[1] ?? 'something else';
    // These may hold a password.
    const value = /^DATABASE_URL|RELAY$|WEBHOOK$|NOTIFY$/.test(name) ? 'what it is' : `"${given[name]}"`;
    throw new Error(`The setting ${name} cannot be ${value}: it must be ${must}.`);
  }
  if (read.data.LETTERBOX_PUBLIC_PORT === read.data.LETTERBOX_DESK_PORT)
    throw new Error(
      `LETTERBOX_PUBLIC_PORT and LETTERBOX_DESK_PORT are both ${read.data.LETTERBOX_DESK_PORT}: give each a port of its own.`,
    );
  const found = read.data;
  const { LETTERBOX_MAIL_RELAY: relay, LETTERBOX_MAIL_FROM: from } = found;
  if ((relay === undefined) !== (from === undefined))
    throw new Error('LETTERBOX_MAIL_RELAY and LETTERBOX_MAIL_FROM belong together: set both, or neither.');
  const roles = {
    slot: found.DATABASE_URL_SLOT,
    desk: found.DATABASE_URL_DESK,
    signin: found.DATABASE_URL_SIGNIN,
    register: found.DATABASE_URL_REGISTER,
    alarm: found.DATABASE_URL_ALARM,
  };
  return {
    publicPort: found.LETTERBOX_PUBLIC_PORT,
    deskPort: found.LETTERBOX_DESK_PORT,
    host: found.LETTERBOX_HOST,
    data: resolve(found.LETTERBOX_DATA),
    publicUrl: found.LETTERBOX_PUBLIC_URL ?? `http://localhost:${found.LETTERBOX_PUBLIC_PORT}`,
    deskUrl: found.LETTERBOX_DESK_URL ?? `http://localhost:${found.LETTERBOX_DESK_PORT}`,
    trustProxy: found.LETTERBOX_TRUST_PROXY,
    mail: relay && from ? { relay, from } : null,
    securityContact: found.LETTERBOX_SECURITY_CONTACT ?? null,
    notify: found.LETTERBOX_NOTIFY ?? null,
    webhook: found.LETTERBOX_ALARM_WEBHOOK ?? null,
    witnesses: found.LETTERBOX_WITNESSES ?? [],
    backups: {
      stamp: found.LETTERBOX_BACKUP_STAMP ? resolve(found.LETTERBOX_BACKUP_STAMP) : null,
      maxAge: found.LETTERBOX_BACKUP_MAX_AGE,
    },
    watch: found.LETTERBOX_WATCH,
    databaseUrl: found.DATABASE_URL ?? null,
    roleUrls: Object.fromEntries(
      Object.entries(roles).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

/** The database address of one role, for a part that runs by itself. */
export function roleUrl(settings: Settings, role: keyof Settings['roleUrls']): string {
  const url = settings.roleUrls[role];
  if (!url) throw new Error(`Set DATABASE_URL_${role.toUpperCase()} to the database as letterbox_${role}.`);
  return url;
}
