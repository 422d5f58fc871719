/** Copies of the program in which a developer has changed something, started against the deployment's database. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../bench/site.ts';
import type { World } from './world.ts';

type Change = readonly [file: string, from: string, to: string];

export type Patched = {
  /** Where its desk serves; null where that ended by itself. */
  readonly url: string | null;
  readonly said: string;
  stop(): Promise<void>;
};

/** Starts the desk of a copy with this change in it. `stop` ends it and takes the copy away. */
export async function startPatched(world: World, change: Change): Promise<Patched> {
  const copy = patchedCopy(change);
  const { stop, ...desk } = await deskFrom(world, copy);
  return {
    ...desk,
    stop: async () => {
      await stop();
      rmSync(copy, { recursive: true, force: true });
    },
  };
}

/** The folder of a copy of the program in which one text is another. */
function patchedCopy([file, from, to]: Change): string {
  const root = new URL('..', import.meta.url).pathname;
  const copy = mkdtempSync(join(tmpdir(), 'letterbox-drill-'));
  for (const part of ['src', 'forms', 'build', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}.`);
  writeFileSync(path, text.replace(from, to));
  return copy;
}

async function deskFrom(world: World, folder: string): Promise<Patched> {
  const [port, publicPort] = [await freePort(), await freePort()];
  const data = mkdtempSync(join(folder, 'data-'));
  const child = spawn(process.execPath, [join(folder, 'src/cli/letterbox.ts'), 'desk'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      ...{
        LETTERBOX_DATA: data,
        LETTERBOX_DESK_PORT: String(port),
        LETTERBOX_PUBLIC_PORT: String(publicPort),
      },
      ...{ DATABASE_URL_DESK: world.db.urlOf('desk'), DATABASE_URL_SIGNIN: world.db.urlOf('signin') },
    },
  });
  let said = '';
  const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(false)));
  const serves = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Serving')) resolve(true);
      });
  });
  const url = (await Promise.race([serves, ended])) ? `http://127.0.0.1:${port}` : null;
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, said, stop };
}
