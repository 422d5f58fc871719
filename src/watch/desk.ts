/** Watch's conversation with a desk, as one of its accounts: it signs in by itself, and again when its session is over. */
import { z } from 'zod';
import { type Account, get, post, type Session, signIn } from './account.ts';
import { type Asking, type Got, jsonIn } from './asking.ts';
import { doorShape } from './census.ts';
import type { Finding } from './judging.ts';

const dutyShape = z.object({
  slug: z.string(),
  forms: z.array(z.string()),
  quarantined: z.array(z.string()),
  canaries: z.array(z.object({ case: z.string(), form: z.string(), at: z.string(), arrived: z.boolean() })),
  doors: z.array(doorShape),
});
export type Duty = z.output<typeof dutyShape>;

export type Report = {
  readonly every: number;
  readonly took: number;
  readonly asked: number;
  readonly findings: readonly Finding[];
  readonly gone: readonly string[];
};

export type Desk = {
  readonly account: Account;
  /** Whoever Watch is there; null while it cannot sign in. */
  session(): Promise<Session>;
  duty(): Promise<Duty | null>;
  /** Each is true when the desk took it. */
  announce(form: string, cases: readonly string[]): Promise<boolean>;
  retire(cases: readonly string[]): Promise<boolean>;
  report(report: Report): Promise<boolean>;
  /** The rehearsal's id; null where the desk did not take it. */
  plant(plant: {
    site: 'slot' | 'desk';
    path: string;
    packing: string;
    bytes: Uint8Array;
  }): Promise<string | null>;
  /** Seconds from planting to now, as the desk counts them. */
  found(rehearsal: string): Promise<number | null>;
};

/** Sessions last twelve hours; Watch takes another well before. */
const LASTS = 10 * 60 * 60 * 1000;

export function openDesk(asking: Asking, url: string, account: Account): Desk {
  let session: Session = null;
  let since = 0;
  const current = async (): Promise<Session> => {
    if (session && Date.now() - since < LASTS) return session;
    session = await signIn(asking, url, account);
    since = Date.now();
    return session;
  };
  const asSomebody = async (work: (session: Session) => Promise<Got | null>): Promise<Got | null> => {
    const got = await work(await current());
    if (got?.status !== 401 && got?.status !== 303) return got;
    session = null;
    return work(await current());
  };
  const send = async (path: string, body: unknown): Promise<Got | null> => {
    const got = await asSomebody((as) => (as ? post(asking, url + path, body, as) : Promise.resolve(null)));
    return got && got.status < 300 ? got : null;
  };
  return {
    account,
    session: current,
    duty: async () => {
      const got = await asSomebody((as) =>
        as ? get(asking, `${url}/watch/duty`, as) : Promise.resolve(null),
      );
      const duty = dutyShape.safeParse(got && jsonIn(got));
      return duty.success ? duty.data : null;
    },
    announce: async (form, cases) => (await send('/watch/canaries', { form, cases })) !== null,
    retire: async (cases) => (await send('/watch/canaries/retired', { cases })) !== null,
    report: async ({ findings, gone, ...rest }) => {
      const told = findings.slice(0, 200).map(({ organisation: _, by: __, ...finding }) => finding);
      return (await send('/watch/report', { ...rest, findings: told, gone: gone.slice(0, 500) })) !== null;
    },
    plant: async ({ bytes, ...about }) => {
      const got = await send('/watch/rehearsals', { ...about, bytes: Buffer.from(bytes).toString('base64') });
      return z.object({ id: z.string() }).safeParse(got && jsonIn(got)).data?.id ?? null;
    },
    found: async (rehearsal) => {
      const got = await send(`/watch/rehearsals/${rehearsal}/found`, {});
      return z.object({ seconds: z.number() }).safeParse(got && jsonIn(got)).data?.seconds ?? null;
    },
  };
}
