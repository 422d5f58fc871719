/** Watch stands by itself: it opens no database, and looks after sites that are no Letterbox. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPostbox } from '../post/testing.ts';
import { testDatabase } from '../store/testing.ts';
import { main } from './watch.ts';
import { aWatchedSite } from './watched.testing.ts';

const LETTERBOX = join(import.meta.dirname, 'letterbox.ts');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'letterbox-alone-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The ports that a process is connected to, as the kernel has it. */
function connectedTo(pid: number | 'self'): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => inodes.has(columns[9] ?? ''))
      .map((columns) => Number.parseInt(columns[2]?.split(':')[1] ?? '0', 16)),
  );
}

const spoken = (child: ChildProcess, words: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes(words)) resolve(said);
      });
    child.once('exit', () => reject(new Error(`Watch ended: ${said}`)));
  });

test.runIf(process.platform === 'linux')(
  'goes round a site without a connection to its database',
  async () => {
    const db = await testDatabase();
    const site = await aWatchedSite(db);
    const databasePort = Number(new URL(db.adminUrl).port);
    site.config({ every: 2, rate: 1000 });
    const child = spawn(process.execPath, [LETTERBOX, 'watch', '--config', site.configPath], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const round = spoken(child, 'Went round');
      const seen = new Set<number>();
      for (let over = false; !over; ) {
        over = await Promise.race([round.then(() => true), wait(50, false)]);
        for (const port of connectedTo(child.pid ?? 0)) seen.add(port);
      }
      expect(await round).toContain('Nothing stands open');
      expect(seen).toContain(site.settings.deskPort);
      expect(seen).not.toContain(databasePort);
      expect(connectedTo('self'), 'control: this process has one').toContain(databasePort);
    } finally {
      child.kill('SIGTERM');
      await site.close();
    }
  },
  120_000,
);

test('looks after any address, tells of it by its own mail, once, and takes it back', async () => {
  const postbox = await openPostbox();
  let open = true;
  const server = createServer((_request, response) => {
    response.writeHead(open ? 200 : 404).end(open ? 'name,reason\nAna,why' : 'nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const url = `http://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}/complaints.csv`;
  const config = join(folder, 'watch.json');
  const run = async (...args: string[]) => {
    const said: string[] = [];
    const code = await main([...args, '--config', config], (line) => said.push(line));
    return { code, said: said.join('\n') };
  };
  const added = await run('add', url);
  expect(added).toMatchObject({ code: 1, said: expect.stringMatching(/A stranger gets 19 bytes there/) });
  const written = JSON.parse(readFileSync(config, 'utf8'));
  const mail = {
    relay: postbox.url,
    from: 'watch@body.example',
    to: ['ana@body.example', 'ben@body.example'],
  };
  writeFileSync(config, JSON.stringify({ ...written, mail }));
  expect(await run('--once')).toMatchObject({ code: 1, said: expect.stringMatching(/Red alarm from Watch/) });
  expect(await run('--once')).toMatchObject({ code: 1 });
  expect(postbox.mails().map(({ to }) => to)).toEqual([['ana@body.example'], ['ben@body.example']]);
  expect(postbox.mails()[0]?.raw).toContain('complaints.csv');
  open = false;
  expect(await run('--once')).toMatchObject({ code: 0, said: expect.stringMatching(/Nothing stands open/) });
  await postbox.close();
  await new Promise((resolve) => server.close(resolve));
});

test('a port that must be closed is told of while something listens there, whatever it speaks', async () => {
  const config = join(folder, 'watch.json');
  const server = createListener((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const url = `tcp://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}`;
  const said: string[] = [];
  const run = (...args: string[]) => main([...args, '--config', config], (line) => said.push(line));
  expect(await run('add', url)).toBe(1);
  expect(said.join()).toContain(`something listens at that port. ${url}`);
  expect(await run('--once')).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  expect(await run('--once')).toBe(0);
  for (const wrong of ['tcp://127.0.0.1', 'tcp://127.0.0.1:25/queue'])
    await expect(run('add', wrong)).rejects.toThrow(/as tcp:\/\/host:port/);
  await expect(run('add', url, '--text', 'why')).rejects.toThrow(/elsewhere/);
});

test('addresses at which nobody says anything do not hold up the others', async () => {
  const config = join(folder, 'watch.json');
  const silent = createListener(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const bound = silent.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  const elsewhere = Array.from({ length: 6 }, (_, n) => ({
    ...{ url: `http://127.0.0.1:${port}/${n}`, must: 'never answer' },
  }));
  writeFileSync(config, JSON.stringify({ elsewhere }));
  const began = performance.now();
  expect(await main(['--config', config, '--once'], () => undefined)).toBe(0);
  expect((performance.now() - began) / 1000).toBeLessThan(25);
  silent.close();
}, 60_000);

test('says in one line what is wrong with what it was told', async () => {
  const config = join(folder, 'watch.json');
  const run = (...args: string[]) => main([...args, '--config', config], () => undefined);
  await expect(run()).rejects.toThrow(/There is no .*watch\.json\. Make one with letterbox watch add/);
  await expect(run('add', 'ftp://example.org')).rejects.toThrow(/elsewhere/);
  await expect(run('join', 'https://desk.example/join/x')).rejects.toThrow(/Say where the public side is/);
  await expect(
    run('join', 'https://desk.example/join/x', '--public', 'https://letters.example'),
  ).rejects.toThrow(/no link to join by/);
  expect(await run('dance')).toBe(2);
});

test('a Watch beside a program ends with it, even when that was killed, and none runs twice with the same marks', async () => {
  mkdirSync(join(folder, 'watch'));
  const config = join(folder, 'watch', 'watch.json');
  writeFileSync(
    config,
    JSON.stringify({ elsewhere: [{ url: 'http://127.0.0.1:9/', must: 'never answer' }] }),
  );
  const script = join(folder, 'beside.mjs');
  const beside = JSON.stringify(join(import.meta.dirname, 'watch-beside.ts'));
  writeFileSync(
    script,
    `import { watchBeside } from ${beside}; watchBeside(${JSON.stringify(folder)}, console.log);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  await spoken(parent, 'Watching every');
  const claimed = `${config}.pid`;
  const [pid = ''] = readFileSync(claimed, 'utf8').split(' ');
  await expect(main(['--config', config, '--once'], () => undefined)).rejects.toThrow(
    `already runs on ${join(folder, 'watch')} (process ${pid}). Stop it first, or take another --config.`,
  );
  parent.kill('SIGKILL');
  await expect.poll(() => existsSync(claimed), { timeout: 20_000 }).toBe(false);
  expect(await main(['--config', config, '--once'], () => undefined)).toBe(0);
}, 60_000);
