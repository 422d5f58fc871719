/**
 * `letterbox witness`: cosigns other people's registers (C2SP tlog-witness), on a machine of another house. It needs no
 * database and no Letterbox beside it; all it keeps lies in one folder:
 *
 *     witness.json   its name, its key, and of each log the last checkpoint that it cosigned
 *     refused/       checkpoints that a log signed, and that nobody showed to have grown from that. Two roots of one size are
 *                    proof against whoever runs it; anything else may be a wrong proof that somebody sent
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { openCheckpoint } from '../register/checkpoint.ts';
import { type Cosigner, cosignerText } from '../register/cosignature.ts';
import { parseVerifier } from '../register/note.ts';
import { type Answer, answerAsking, parseAsking, type Witnessed } from '../register/witness.ts';
import { writePrivate } from '../store/private-file.ts';
import { claim } from './claim.ts';
import type { Main } from './letterbox.ts';
import { serveUntilStopped } from './serving.ts';

const USAGE = `Usage:
  letterbox witness init NAME [--folder witness]     make its key; NAME as witness.example.org
  letterbox witness add VKEY [--folder witness]      look after a register, by its verifier key (log.vkey)
  letterbox witness [--folder witness] [--host 127.0.0.1] [--port 3003]`;

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      folder: { type: 'string', default: 'witness' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '3003' },
    },
  });
  const [what, argument = '', ...more] = positionals;
  if (more.length > 0 || (what !== undefined && argument === '')) {
    say(USAGE);
    return 2;
  }
  if (what === 'init') return init(values.folder, argument, say);
  if (what === 'add') return add(values.folder, argument, say);
  if (what !== undefined) {
    say(USAGE);
    return 2;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port cannot be "${values.port}": it must be a whole number from 0 to 65535.`);
  const witness = await startWitness(values.folder, { host: values.host, port });
  say(`Cosigns at ${witness.address}/add-checkpoint as ${witness.vkey}`);
  return serveUntilStopped([witness], say);
};

const keptShape = z.object({
  name: z.string(),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  logs: z.array(z.object({ vkey: z.string(), note: z.string().nullable() })),
});
type Kept = z.output<typeof keptShape>;

const fileIn = (folder: string): string => join(folder, 'witness.json');

/** @throws one line: without what it cosigned, a witness would sign a second history */
function readKept(folder: string): Kept {
  const file = fileIn(folder);
  if (!existsSync(file)) throw new Error(`There is no ${file}. Make it with letterbox witness init NAME.`);
  try {
    return keptShape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new Error(
      `${file} is damaged. Do not put an older one back: a witness that forgets is none. Begin anew, under another name.`,
    );
  }
}

const writeKept = (folder: string, kept: Kept): void => writePrivate(fileIn(folder), JSON.stringify(kept));

const cosignerOf = ({ name, seed }: Kept): Cosigner => ({ name, seed: Buffer.from(seed, 'hex') });

async function init(folder: string, name: string, say: (line: string) => void): Promise<number> {
  if (!/^[a-z0-9][a-z0-9./-]{0,99}$/.test(name))
    throw new Error(`A witness cannot be called "${name}". Take an address of yours, as witness.example.org`);
  if (existsSync(fileIn(folder))) throw new Error(`There is a witness in ${folder} already.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept: Kept = { name, seed: randomBytes(32).toString('hex'), logs: [] };
  writeKept(folder, kept);
  say('Its verifier key, for whoever runs a register and for whoever verifies one:');
  say(`  ${await cosignerText(cosignerOf(kept))}`);
  return 0;
}

function add(folder: string, vkey: string, say: (line: string) => void): number {
  const verifier = parseVerifier(vkey);
  const release = claim(folder, { elsewhere: 'take another --folder' });
  try {
    const kept = readKept(folder);
    // One origin is one log: a second key for it would let somebody else continue it.
    if (kept.logs.some((log) => parseVerifier(log.vkey).name === verifier.name))
      throw new Error(`This witness looks after ${verifier.name} already.`);
    writeKept(folder, { ...kept, logs: [...kept.logs, { vkey: vkey.trim(), note: null }] });
  } finally {
    release();
  }
  say(`From its next start on, this witness looks after ${verifier.name}.`);
  return 0;
}

export type RunningWitness = {
  readonly address: string;
  /** The verifier key of its cosignatures. */
  readonly vkey: string;
  close(): Promise<void>;
};

const LARGEST = 64 * 1024;

/** Serves `POST /add-checkpoint` from `folder`. @throws one line where that holds no witness, or one runs there already */
export async function startWitness(
  folder: string,
  at: { readonly host: string; readonly port: number },
): Promise<RunningWitness> {
  readKept(folder);
  const release = claim(folder, { elsewhere: 'take another --folder' });
  const app = Fastify({ bodyLimit: LARGEST, requestTimeout: 30_000, forceCloseConnections: true });
  try {
    const witnessing = await openWitnessing(folder);
    serve(app, witnessing);
    const address = await app.listen(at);
    return {
      ...{ address, vkey: await cosignerText(witnessing.cosigner) },
      close: async () => {
        await app.close();
        release();
      },
    };
  } catch (error) {
    await app.close();
    release();
    throw error;
  }
}

type Witnessing = { readonly cosigner: Cosigner; ask(body: string): Promise<Answer> };

/** Answers one request after the other, so that what is checked is still so when it is written. */
async function openWitnessing(folder: string): Promise<Witnessing> {
  let kept = readKept(folder);
  const cosigner = cosignerOf(kept);
  const logs = new Map<string, Witnessed>();
  for (const { vkey, note } of kept.logs) {
    const verifier = parseVerifier(vkey);
    logs.set(verifier.name, { verifier, last: note === null ? null : await openCheckpoint(note, verifier) });
  }
  const answer = async (body: string): Promise<Answer> => {
    const asked = parseAsking(body);
    const given = await answerAsking(asked, (origin) => logs.get(origin) ?? null, cosigner, new Date());
    const note = asked?.note ?? '';
    if (given.status !== 200) {
      if (given.signed) keepRefused(folder, note);
      return given;
    }
    const { origin } = given.seen;
    const next = kept.logs.map((log) => (parseVerifier(log.vkey).name === origin ? { ...log, note } : log));
    // If the power fails here, nothing was cosigned; once it is written, the same request gets 409 and asks anew.
    writeKept(folder, { ...kept, logs: next });
    kept = { ...kept, logs: next };
    const log = logs.get(origin);
    if (log) logs.set(origin, { ...log, last: given.seen });
    return given;
  };
  let working: Promise<unknown> = Promise.resolve();
  return {
    cosigner,
    ask: (body) => {
      const answered = working.then(() => answer(body));
      working = answered.catch(() => undefined);
      return answered;
    },
  };
}

const MOST_REFUSED = 1000;

/** Keeps what a log may have signed against itself, each once, as much as anybody could read. */
function keepRefused(folder: string, note: string): void {
  const refused = join(folder, 'refused');
  mkdirSync(refused, { recursive: true, mode: 0o700 });
  const file = join(refused, `${createHash('sha256').update(note).digest('hex').slice(0, 32)}.txt`);
  if (!existsSync(file) && readdirSync(refused).length < MOST_REFUSED) writePrivate(file, note);
}

function serve(app: FastifyInstance, { ask }: Witnessing): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  // A full disk, above all: what could not be written down is not cosigned.
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 503;
    const why =
      status === 503 ? 'The witness could not write it down. Ask again later.' : 'This was not taken.';
    return reply.status(status).type('text/plain; charset=utf-8').send(`${why}\n`);
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.post('/add-checkpoint', async (request, reply) => {
    const given = await ask(typeof request.body === 'string' ? request.body : '');
    reply.status(given.status).type('text/plain; charset=utf-8');
    if (given.status === 200) return given.cosignature;
    if (given.status === 409) return reply.type('text/x.tlog.size').send(`${given.size}\n`);
    return `${given.why}\n`;
  });
}
