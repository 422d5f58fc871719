/** What the environment may set, with its defaults: the table in docs/operating.md, executable. */
import { resolve } from 'node:path';
import { z } from 'zod';

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

const shape = z.object({
  LETTERBOX_PUBLIC_PORT: port.default(3000),
  LETTERBOX_DESK_PORT: port.default(3001),
  LETTERBOX_HOST: z.string().default('127.0.0.1'),
  LETTERBOX_DATA: z.string().default('./data'),
  LETTERBOX_PUBLIC_URL: site.optional(),
  LETTERBOX_DESK_URL: site.optional(),
  LETTERBOX_TRUST_PROXY: z.stringbool().default(false),
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
  readonly databaseUrl: string | null;
  readonly roleUrls: Readonly<Partial<Record<'slot' | 'desk' | 'signin' | 'register' | 'alarm', string>>>;
};

/** What each kind of setting has to look like. */
const MUST: readonly (readonly [RegExp, string])[] = [
  [/_PORT$/, 'a whole number from 1 to 65535'],
  [/^LETTERBOX_.*_URL$/, 'an address without a path, as https://letters.example.org'],
  [/^DATABASE_URL/, 'an address as postgres://user:password@host:5432/database'],
  [/TRUST_PROXY$/, 'true or false'],
];

/** Reads the settings; an empty one counts as unset. @throws one line that names what is wrong */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const read = shape.safeParse(given);
  if (!read.success) {
    const name = String(read.error.issues[0]?.path[0]);
    const must = MUST.find(([names]) => names.test(name))?.[1] ?? 'something else';
    // An address of the database may hold a password.
    const value = name.startsWith('DATABASE_URL') ? 'what it is' : `"${given[name]}"`;
    throw new Error(`The setting ${name} cannot be ${value}: it must be ${must}.`);
  }
  if (read.data.LETTERBOX_PUBLIC_PORT === read.data.LETTERBOX_DESK_PORT)
    throw new Error(
      `LETTERBOX_PUBLIC_PORT and LETTERBOX_DESK_PORT are both ${read.data.LETTERBOX_DESK_PORT}: give each a port of its own.`,
    );
  const found = read.data;
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
