/** What the environment may set, with its defaults: the table in docs/operating.md, executable. */
import { resolve } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const postgres = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
  .optional();

const shape = z.object({
  LETTERBOX_PUBLIC_PORT: port.default(3000),
  LETTERBOX_DESK_PORT: port.default(3001),
  LETTERBOX_HOST: z.string().default('127.0.0.1'),
  LETTERBOX_DATA: z.string().default('./data'),
  LETTERBOX_PUBLIC_URL: z.url().optional(),
  LETTERBOX_DESK_URL: z.url().optional(),
  LETTERBOX_TRUST_PROXY: z.stringbool().default(false),
  DATABASE_URL: postgres,
  DATABASE_URL_SLOT: postgres,
  DATABASE_URL_DESK: postgres,
  DATABASE_URL_SIGNIN: postgres,
  DATABASE_URL_REGISTER: postgres,
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
  readonly roleUrls: Readonly<Partial<Record<'slot' | 'desk' | 'signin' | 'register', string>>>;
};

/** Reads the settings; throws one line that names what is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const read = shape.safeParse(environment);
  if (!read.success) {
    const [problem] = read.error.issues;
    throw new Error(`The setting ${problem?.path.join('.')} is not usable: ${problem?.message}.`);
  }
  const found = read.data;
  const roles = {
    slot: found.DATABASE_URL_SLOT,
    desk: found.DATABASE_URL_DESK,
    signin: found.DATABASE_URL_SIGNIN,
    register: found.DATABASE_URL_REGISTER,
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
