/** The witness as a program: what it has cosigned, it remembers over restarts, full disks and two requests at once. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointText } from '../register/checkpoint.ts';
import { cosignatureOf, parseCosigner } from '../register/cosignature.ts';
import { consistencyProof, hashLeaf, rootOf } from '../register/merkle.ts';
import { publicKey, signNote, verifierText } from '../register/note.ts';
import { askingText } from '../register/witness.ts';
import { main, startWitness } from './witness.ts';

const origin = 'letterbox/test/log';
const seed = new Uint8Array(32).fill(7);
const leaves = Array.from({ length: 13 }, (_, n) => hashLeaf(Uint8Array.of(n)));
const forked = leaves.with(3, hashLeaf(Uint8Array.of(99)));
const noteOf = (tree: typeof leaves, size: number) =>
  signNote(checkpointText({ origin, size: BigInt(size), root: rootOf(tree.slice(0, size)) }), origin, seed);
async function asking(old: number, size: number, tree = leaves): Promise<string> {
  const proof = old > 0 ? consistencyProof(tree.slice(0, size), old) : [];
  return askingText({ old: BigInt(old), proof, note: await noteOf(tree, size) });
}

let folder: string;
let said: string[];
const say = (line: string) => void said.push(line);
const vkey = async () => verifierText(origin, await publicKey(seed));
const open = () => startWitness(folder, { host: '127.0.0.1', port: 0 });
beforeEach(async () => {
  [folder, said] = [mkdtempSync(join(tmpdir(), 'letterbox-witness-')), []];
  expect(await main(['init', 'witness.example.org', '--folder', folder], say)).toBe(0);
  expect(await main(['add', await vkey(), '--folder', folder], say)).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function post(address: string, body: string) {
  const answer = await fetch(`${address}/add-checkpoint`, { method: 'POST', body });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

test('cosigns, and after a restart goes on from what it cosigned', async () => {
  let witness = await open();
  const first = await post(witness.address, await asking(0, 5));
  expect(first.status).toBe(200);
  const note = (await noteOf(leaves, 5)) + first.text;
  expect(await cosignatureOf(note, parseCosigner(witness.vkey))).not.toBeNull();
  expect(said.join('\n')).toContain(witness.vkey);
  await witness.close();

  witness = await open();
  const stale = await post(witness.address, await asking(0, 8));
  expect(stale).toEqual({ status: 409, type: 'text/x.tlog.size', text: '5\n' });
  expect((await post(witness.address, await asking(5, 13))).status).toBe(200);
  await witness.close();
});

test('of two histories that come at once it cosigns one, and keeps the other as proof', async () => {
  const witness = await open();
  await post(witness.address, await asking(0, 5));
  const both = await Promise.all(
    [leaves, leaves.with(9, hashLeaf(Uint8Array.of(77)))].map(async (tree) =>
      post(witness.address, await asking(5, 13, tree)),
    ),
  );
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect((await post(witness.address, await asking(13, 13, forked))).status).toBe(409);
  expect((await post(witness.address, await asking(13, 13))).status).toBe(200);
  expect(readdirSync(join(folder, 'refused'))).toHaveLength(1);
  await witness.close();
});

test('what it cannot write down it does not cosign', async () => {
  const witness = await open();
  await post(witness.address, await asking(0, 5));
  mkdirSync(join(folder, 'witness.json.new', 'in the way'), { recursive: true });
  const refused = await post(witness.address, await asking(5, 8));
  expect(refused.status).toBe(503);
  expect(refused.text).not.toContain('—');
  rmSync(join(folder, 'witness.json.new'), { recursive: true, force: true });
  expect((await post(witness.address, await asking(5, 8, leaves))).status).toBe(200);
  await witness.close();
});

test('looks after a log once, is made once, and says what is wrong', async () => {
  await expect(main(['add', await vkey(), '--folder', folder], say)).rejects.toThrow('already');
  await expect(main(['init', 'other', '--folder', folder], say)).rejects.toThrow('already');
  await expect(main(['init', 'Two words', '--folder', join(folder, 'x')], say)).rejects.toThrow(
    'cannot be called',
  );
  await expect(startWitness(join(folder, 'none'), { host: '127.0.0.1', port: 0 })).rejects.toThrow(
    'witness init',
  );
  expect(await main(['add'], say)).toBe(2);
});
