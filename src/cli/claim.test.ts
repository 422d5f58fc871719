import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claim } from './claim.ts';

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'letterbox-claim-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

test('a claim is one file, and gone when it is given back', () => {
  const data = folder();
  const release = claim(data);
  expect(readdirSync(data)).toEqual(['running.pid']);
  release();
  expect(readdirSync(data)).toEqual([]);
});

test('a second program is told which one runs, and takes over once that one was killed', async () => {
  const data = folder();
  const script = `import(${JSON.stringify(join(import.meta.dirname, 'claim.ts'))}).then(({ claim }) => {
    claim(${JSON.stringify(data)}); console.log('claimed'); setInterval(() => 0, 1000); })`;
  const first = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => first.once('exit', resolve));
  await new Promise((resolve) => first.stdout.once('data', resolve));

  expect(() => claim(data)).toThrow(`Letterbox already runs on ${data} (process ${first.pid}).`);
  expect(readdirSync(data)).toEqual(['running.pid']);

  first.kill('SIGKILL');
  await ended;
  claim(data)();
  expect(readdirSync(data)).toEqual([]);
});

test('a number that another process has by now is no claim', () => {
  const data = folder();
  writeFileSync(join(data, 'running.pid'), `${process.ppid} 1`);
  const release = claim(data);
  expect(readFileSync(join(data, 'running.pid'), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  release();
});
