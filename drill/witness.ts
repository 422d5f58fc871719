/** A witness elsewhere: a process with a folder of its own, that knows nothing of the deployment but its register's key. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { freePort, type Program, startProgram, until } from '../bench/site.ts';
import { main as witness } from '../src/cli/witness.ts';
import type { Database } from '../src/store/store.ts';

export type Elsewhere = {
  /** As LETTERBOX_WITNESSES has it. */
  readonly setting: string;
  /** From now on it looks after the register with this key. */
  begin(vkey: string): Promise<void>;
  stop(): Promise<void>;
};

export async function aWitness(folder: string): Promise<Elsewhere> {
  const said: string[] = [];
  await witness(['init', 'witness.example.org', '--folder', folder], (line) => said.push(line.trim()));
  const port = await freePort();
  let program: Program | null = null;
  return {
    setting: `http://127.0.0.1:${port}#${said.at(-1)}`,
    begin: async (vkey) => {
      await witness(['add', vkey, '--folder', folder], () => undefined);
      const started = startProgram(['witness', '--folder', folder, '--port', String(port)], {});
      program = started;
      await until(async () => started.said().includes('Cosigns at'), started, 'The witness');
    },
    stop: async () => program?.stop(),
  };
}

const keyRow = z.object({ vkey: z.string() });

/** The key of this body's register, once it has one. */
export async function registerKey(database: Database, organisation: string): Promise<string> {
  for (;;) {
    const row = await database.maybe(
      keyRow,
      'select vkey from letterbox.register_log where organisation = $1',
      [organisation],
    );
    if (row) return row.vkey;
    await wait(50);
  }
}

const row = z.object({ done: z.boolean() });

/** Until every entry that there is now has been cosigned. */
export async function cosigned(database: Database, organisation: string): Promise<void> {
  const now = await database.one(
    z.object({ id: z.bigint() }),
    'select max(id) as id from letterbox.register_entry where organisation = $1',
    [organisation],
  );
  for (const until = Date.now() + 60_000; Date.now() < until; await wait(250)) {
    const { done } = await database.one(
      row,
      `select exists (select from letterbox.register_leaf l join letterbox.register_cosignature c
         on c.organisation = l.organisation and c.size > l.index where l.entry = $1) as done`,
      [now.id],
    );
    if (done) return;
  }
  throw new Error('The witness did not cosign the register.');
}
